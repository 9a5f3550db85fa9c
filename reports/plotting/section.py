"""The plots of a report: one section of its page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...analysis.api import points_of
from ...graphs.sizes import SizeError
from ..notation.markup import Markup, element
from ..pictures.plots import Plot, inline
from ..sections import Section, section
from ..tables.sheet import Sheet
from .asking import Asked, PlotError
from .making import grown, plot

if TYPE_CHECKING:
    from ...analysis.figures import Comparison

BROAD = 720
"""A picture wider than this has the whole width of paper, so that its words are read."""
BELONGS: Mapping[str, tuple[str, ...]] = {
    "roofline": ("work", "traffic"),
    "profile": ("span", "parallelism"),
    "memory": ("state", "activations", "workspace"),
    "gradient": ("path_length",),
}
"""A comparison that has one of the figures is shown with the kind of plot."""


def plots_section(comparison: Comparison, sheet: Sheet) -> Section:
    """Return the plots of a comparison: every figure over its size, and the other kinds of plots."""
    asked = {c.name for a in comparison.analyses for c in a.figures.values()}
    kinds = [kind for kind, names in BELONGS.items() if not asked.isdisjoint(names)]
    rest = [_made(comparison, kind) for kind in kinds]
    head = [element("h3", "Roofline, parallelism, memory, gradient")] if rest else []
    growths = [element("h3", "Growth"), *map(_figure, _grown(comparison, sheet))]
    return section("plots", "Plots", *growths, *head, *rest)


def _made(comparison: Comparison, kind: str) -> Markup:
    try:
        return _figure(plot(kind, _asked(comparison, kind)))
    except PlotError as error:
        return element("p", f"{kind.capitalize()}: {error}.")


def _grown(comparison: Comparison, sheet: Sheet) -> Iterator[Plot]:
    asked = _asked(comparison)
    for row in sheet.rows:
        with contextlib.suppress(PlotError):  # a figure that is the same for all n and d
            yield grown(row, asked)


def _asked(comparison: Comparison, kind: str = "growth") -> Asked:
    """Ask about the models of a comparison; gradients are counted as its table counts them."""
    models = {a.model: a.graph for a in comparison.analyses}
    setting = comparison.analyses[0].setting
    if kind == "gradient":
        trained = comparison.training.get("path_length", {}).values()
        setting = next((figure.setting for figure in trained), setting)
    return Asked(models, _sizes(comparison), setting)


def _sizes(comparison: Comparison) -> dict[str, int]:
    """Return the first sizes that were named, those at which witnesses were taken; none if usual."""
    found: dict[str, int] = {}
    for analysis in comparison.analyses:
        taken = [dict(v.at) for f in analysis.figures.values() for v in f.values]
        try:
            usual = points_of(analysis.graph, ())
        except SizeError:
            usual = []
        if taken and taken[0] not in usual:
            found |= taken[0]
    return found


def _figure(drawn: Plot) -> Markup:
    notes = [element("div", note) for note in drawn.notes]
    caption = element("figcaption", element("b", drawn.title), *notes)
    kind = "plot broad" if drawn.width > BROAD else "plot"
    return element("figure", element("div", inline(drawn), class_="wide"), caption, class_=kind)
