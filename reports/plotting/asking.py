"""What a plot is asked for: models, sizes, a setting, and what only some kinds of plots have."""

from __future__ import annotations

import difflib
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ...analysis.api import LARGEST, Model, graph_defaults, graph_of
from ...analysis.figures import NAMES
from ...graphs.misfits import misfit, nearest
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..commands.options import PLOTS, parse_figures

if TYPE_CHECKING:
    from ...graphs.graph import Graph

MACHINE, NUMBER = "a100", "bf16"


class PlotError(ValueError):
    """A plot that cannot be made; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What a plot is asked for."""

    models: Mapping[str, Graph]
    """By name."""
    at: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are named; usual ones for the others."""
    setting: Setting = field(default_factory=Setting)
    figure: str = "work"
    """What grows."""
    machine: str = MACHINE
    """Whose roofline: one that is shipped, or a TOML file."""
    number: str = NUMBER
    """Format of all words under the roofline."""

    def __post_init__(self) -> None:
        have = {"L", "h", *(s for graph in self.models.values() for s in graph.free_sizes)}
        for name, value in self.at.items():
            if name not in have:
                raise SizeError(f"expected sizes among {', '.join(sorted(have))}, got {name!r}")
            if value > LARGEST:
                raise SizeError(f"expected {name} to be at most {LARGEST:,}, got {name}={value}")

    def sizes(self, graph: Graph, usual: Mapping[str, int]) -> dict[str, int]:
        """Return a value for each size of a graph, at which there is such a model.

        Those that are not named are usual ones, or where these do not fit the model's own.

        Raises
        ------
        SizeError
            If none were found.
        """
        own = {s: v for s, v in self.at.items() if s in graph.free_sizes}
        defaults = graph_defaults(graph)

        def fitting(*known: Mapping[str, int]) -> dict[str, int]:
            chosen = ChainMap(own, *map(dict, known))
            return nearest(graph, {s: chosen.get(s, 4) for s in graph.free_sizes}, fixed=own)

        try:
            return fitting(usual, defaults)
        except SizeError:
            try:
                return fitting(defaults, usual)
            except SizeError:
                pass
            raise

    @cached_property
    def refusals(self) -> Callable[[str, Mapping[str, int]], str | None]:
        """Why there is no such model, by its name, at sizes; None if there is."""
        found: dict[tuple[str, tuple[int, ...]], str | None] = {}

        def refusal(model: str, at: Mapping[str, int]) -> str | None:
            graph = self.models[model]
            known = {**graph_defaults(graph), **at}
            sizes = {s: known.get(s, 4) for s in graph.free_sizes}
            key = (model, tuple(sizes.values()))
            if key not in found:
                found[key] = misfit(graph, sizes)
            return found[key]

        return refusal


def asked_of(
    kind: str,
    models: Mapping[str, Model],
    at: Sequence[Mapping[str, int]] = (),
    setting: Setting | None = None,
    *,
    figures: str | None = None,
    machine: str | None = None,
    number: str | None = None,
) -> Asked:
    """Return what a plot is asked for, from options as people give them.

    Parameters
    ----------
    models
        By name.
    at
        Sizes, one choice at most.
    figures, machine, number
        Names; None for the usual ones.

    Raises
    ------
    PlotError, OptionError, SizeError
        If there is no such kind or figure, or an option is of another kind.
    """
    expect_kind(kind)
    for name, value, own in (
        ("figures", figures, "growth"),
        ("machine", machine, "roofline"),
        ("number", number, "roofline"),
    ):
        if value is not None and kind != own:
            raise PlotError(f"expected --{name} of a plot of kind {own} only, got one of {kind}")
    if len(at) > 1:
        raise PlotError(f"expected --at once for a plot, got it {len(at)} times")
    chosen = parse_figures(figures or "work", NAMES)
    if len(chosen) > 1:
        raise PlotError(f"expected one figure for a plot, got {','.join(chosen)}")
    return Asked(
        {name: graph_of(model, at) for name, model in models.items()},
        dict(at[0]) if at else {},
        setting or Setting(),
        chosen[0],
        machine or MACHINE,
        number or NUMBER,
    )


def expect_kind(kind: str) -> None:
    """Raise if there is no such kind of plot."""
    if kind not in PLOTS:
        near = difflib.get_close_matches(kind, PLOTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PlotError(f"expected a kind of plot among {', '.join(PLOTS)}, got {kind!r}{hint}")
