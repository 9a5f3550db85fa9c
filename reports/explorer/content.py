"""What the explorer knows: every figure of every model in every setting on offer, as plain data.

Formulas are programs (:mod:`workspan.graphs.programs`) in pools, so that each stands there once. A
table leads from a figure, a model and a setting to a formula with its domain, or to a reason; it has
only the axes of the setting on which anything in it depends, which is found by comparing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..commands.options import SIZES as ORDER
from ..pictures.curves import LENGTH
from ..pictures.curves import SIZES as SHOWN
from .pools import Pools, demands

if TYPE_CHECKING:
    from ...analysis.derivation import Derivation
    from ...analysis.figures import Comparison
    from ...graphs.graph import Graph
    from ...graphs.setting import Setting

AXES = ("mode", "unit", "reduction", "pairs", "mac")
"""The axes of a setting that can be chosen."""
LEFT_OUT = {"unit": ("unbounded",)}
"""What is not on offer, unless it is the report's own: deriving it takes as long as the others."""
LARGE = 40
"""Equations of a model; of one with more, little is derived that the report has not."""
FREED = ("L", "h")
"""Sizes that a model has, and that are 1 in a report which does not name them."""
STEPS = "steps"
"""What one processor takes, in the unit of the setting: T_1 of Brent's interval."""


@dataclass(frozen=True, slots=True)
class Content:
    """The data of a page's explorer."""

    data: Mapping[str, Any]
    growths: tuple[str, ...]
    """The Theta classes that formulas point at, to be written as mathematics."""


def content(comparison: Comparison) -> Content:
    """Derive everything that can be chosen; nothing is measured or run."""
    from ...analysis.api import UNITS
    from ...analysis.figures import TITLES

    base = comparison.analyses[0].setting
    choices = _choices(base)
    offer = _Offer(base, choices, frozenset(comparison.training))
    names = tuple(comparison.analyses[0].figures)
    pools = Pools()
    subjects = [_Subject.of(a.graph) for a in comparison.analyses]
    cells = {
        name: [_cells(name, subject, offer, pools) for subject in subjects]
        for name in (*names, *((STEPS,) if {"work", "span"} <= set(names) else ()))
    }
    models = [
        {"name": a.model, "demands": demands(subject.whole, pools)}
        for a, subject in zip(comparison.analyses, subjects, strict=True)
    ]
    data = {
        "sizes": _sizes(comparison, pools.sizes),
        "setting": base.as_dict(),
        "choices": choices,
        "figures": [{"name": n, "title": TITLES[n], "unit": UNITS[n]} for n in names],
        "models": models,
        "cells": cells,
        "formulas": pools.formulas.all,
        "programs": pools.programs.all,
    }
    return Content(data, tuple(pools.growths.all))


@dataclass(frozen=True, slots=True)
class _Subject:
    """A model as the report has it, and with the sizes that the report left at 1."""

    own: Graph
    whole: Graph
    at: Mapping[str, int]
    """Those sizes, which whatever is derived of the report's graph alone holds at."""

    @classmethod
    def of(cls, graph: Graph) -> _Subject:
        """Trace a model again with its layers and heads as sizes, if they are none."""
        from ...graphs.sizes import poly

        free = [name for name in FREED if graph.bound.get(name) == poly(1)]
        whole = graph.source(**{name: name for name in free}) if graph.source and free else graph
        return cls(graph, whole, dict.fromkeys(free, 1))


# --- settings -------------------------------------------------------------------------------------


def _choices(base: Setting) -> dict[str, list[Any]]:
    from ...graphs.setting import CHOICES

    return {
        axis: [
            value
            for value in CHOICES[axis]
            if value not in LEFT_OUT.get(axis, ()) or value == getattr(base, axis)
        ]
        for axis in AXES
    }


def _cells(name: str, subject: _Subject, offer: _Offer, pools: Pools) -> list[Any]:
    """Return the axes on which a figure depends, and its formulas, the last axis changing fastest."""
    lists = offer.choices.values()
    every = [offer.base.but(**dict(zip(AXES, c, strict=True))) for c in itertools.product(*lists)]
    own = subject.own
    found = {
        tuple(getattr(setting, axis) for axis in AXES): _cell(name, subject, setting, offer, pools)
        for setting in sorted(every, key=lambda setting: bool(offer.refusal(name, own, setting)))
    }
    return _reduced(found, offer.choices)


@dataclass(frozen=True, slots=True)
class _Offer:
    """The settings on offer, and which of them are not derived for want of time."""

    base: Setting
    """The report's own."""
    choices: Mapping[str, Sequence[Any]]
    trained: frozenset[str]
    """The figures of training that the report has."""

    def refusal(self, name: str, graph: Graph, setting: Setting, *, freed: bool = False) -> str:
        """Return why a figure is not derived in a setting, if others do not tell it; or nothing.

        ``freed`` says that the graph is not the report's own.
        """
        stacked = _is_stacked(graph)
        reported = self.base.but(mode="train", unit="layer")
        if name in self.trained and setting == reported and not (freed and stacked):
            return ""
        changed = {axis for axis in AXES if getattr(setting, axis) != getattr(self.base, axis)}
        if setting.mode == "train" and changed and stacked:
            return "not derived for this page: training of as many layers as a size says"
        if len(graph.equations) > LARGE and changed - {"mac"}:
            return (
                f"not derived for this page, as the model has {len(graph.equations)} equations: "
                f"{', '.join(axis for axis in AXES if axis in changed)} other than the report's"
            )
        return ""


def _is_stacked(graph: Graph) -> bool:
    """Whether the number of layers is a size."""
    return any(a.kind == "layer" and a.extent.sizes for a in graph.axes.values())


def _cell(name: str, subject: _Subject, setting: Setting, offer: _Offer, pools: Pools) -> int:
    """Return the number of a formula for all layers and heads, else for those of the report."""
    freed = subject.whole is not subject.own
    whole = _derived(name, subject.whole, setting, offer, freed=freed)
    if not freed or not (isinstance(whole, str) or whole.formula is None):
        return _numbered(whole, pools)
    own = _derived(name, subject.own, setting, offer)
    if isinstance(own, str) or own.formula is None:
        return _numbered(own, pools)
    return pools.formula(own, only=subject.at)


def _derived(
    name: str, graph: Graph, setting: Setting, offer: _Offer, *, freed: bool = False
) -> Derivation | str:
    """Derive a figure, or say why it is not derived."""
    from ...analysis.deriving import derive, told
    from ...analysis.simulation.bounds import work_of

    refusal = offer.refusal(name, graph, setting, freed=freed)
    if not refusal:
        return work_of(graph, setting) if name == STEPS else derive(name, graph, setting)
    known = None if name == STEPS else told(name, graph, setting)
    return refusal if known is None else known


def _numbered(found: Derivation | str, pools: Pools) -> int:
    return pools.reason(found) if isinstance(found, str) else pools.formula(found)


def _reduced(
    found: Mapping[tuple[Any, ...], int], choices: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """Leave out the axes along which nothing changes."""
    axes, lists = list(choices), [list(values) for values in choices.values()]
    for axis in AXES:
        k = axes.index(axis)
        first = {(*key[:k], *key[k + 1 :]): v for key, v in found.items() if key[k] == lists[k][0]}
        if all(first[*key[:k], *key[k + 1 :]] == value for key, value in found.items()):
            found = first
            del axes[k], lists[k]
    return [axes, [found[key] for key in itertools.product(*lists)]]


# --- sizes ----------------------------------------------------------------------------------------


def _sizes(comparison: Comparison, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the sizes of all formulas, the length first, with what they are at the beginning."""
    from ...analysis.api import points_of

    at: dict[str, int] = {}
    for analysis in comparison.analyses:
        given = [v.at for f in analysis.figures.values() for v in f.values[:1]][:1]
        usual = points_of(analysis.graph, ())[:1]
        asked = given != usual
        for name, value in (given or usual)[0].items():
            shown = value if asked else {"n": LENGTH, **SHOWN}.get(name, value)
            at.setdefault(name, shown)
    ordered = sorted(names, key=lambda s: (ORDER.index(s) if s in ORDER else len(ORDER), s))
    return [{"name": name, "value": at.get(name, 1)} for name in ordered]
