"""What the explorer knows: every figure of every model in every setting on offer, as plain data.

Formulas are programs (:mod:`workspan.graphs.programs`) in pools, so that each stands there once. A
table leads from a figure, a model and a setting to a formula with its domain, or to a reason; it has
only the axes of the setting on which anything in it depends, which is found by comparing.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ..commands.options import SIZES as ORDER
from ..pictures.curves import LENGTH
from ..pictures.curves import SIZES as SHOWN

if TYPE_CHECKING:
    from ...analysis.derivation import Derivation
    from ...analysis.figures import Comparison
    from ...graphs.graph import Graph
    from ...graphs.programs import Quotient
    from ...graphs.setting import Setting
    from ...graphs.sizes import Poly

AXES = ("mode", "unit", "reduction", "pairs", "mac")
"""The axes of a setting that can be chosen."""
LEFT_OUT = {"unit": ("unbounded",)}
"""What is not on offer, unless it is the report's own: deriving it takes as long as the others."""
LARGE = 40
"""Equations of a model; of one with more, little is derived that the report has not."""
STEPS = "steps"
"""What one processor takes, in the unit of the setting: T_1 of Brent's interval."""
EXACT = 2**53
"""Whole numbers from here on are text: JSON's readers have no more digits."""


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
    cells = {
        name: [_cells(name, a.graph, offer, pools) for a in comparison.analyses]
        for name in (*names, *((STEPS,) if {"work", "span"} <= set(names) else ()))
    }
    models = [{"name": a.model, "demands": demands(a.graph, pools)} for a in comparison.analyses]
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


def _cells(name: str, graph: Graph, offer: _Offer, pools: Pools) -> list[Any]:
    """Return the axes on which a figure depends, and its formulas, the last axis changing fastest."""
    lists = offer.choices.values()
    every = [offer.base.but(**dict(zip(AXES, c, strict=True))) for c in itertools.product(*lists)]
    found = {
        tuple(getattr(setting, axis) for axis in AXES): _cell(name, graph, setting, offer, pools)
        for setting in sorted(every, key=lambda setting: bool(offer.refusal(name, graph, setting)))
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

    def refusal(self, name: str, graph: Graph, setting: Setting) -> str:
        """Return why a figure is not derived in a setting, if others do not tell it; or nothing."""
        if name in self.trained and setting == self.base.but(mode="train", unit="layer"):
            return ""
        changed = {axis for axis in AXES if getattr(setting, axis) != getattr(self.base, axis)}
        if setting.mode == "train" and changed and _is_stacked(graph):
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


def _cell(name: str, graph: Graph, setting: Setting, offer: _Offer, pools: Pools) -> int:
    from ...analysis.deriving import derive, told
    from ...analysis.simulation.bounds import work_of

    refusal = offer.refusal(name, graph, setting)
    if not refusal:
        rule = work_of if name == STEPS else functools.partial(derive, name)
        return pools.formula(rule(graph, setting))
    known = None if name == STEPS else told(name, graph, setting)
    return pools.reason(refusal) if known is None else pools.formula(known)


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


# --- pools ----------------------------------------------------------------------------------------


class _Pool:
    """Different things, each once, by number."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, made: Callable[[], Any]) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append(made())
        return self._numbers[key]


class Pools:
    """Programs, formulas and growths."""

    def __init__(self) -> None:
        self.programs, self.formulas, self.growths = _Pool(), _Pool(), _Pool()
        self.sizes: dict[str, None] = {}
        self._known: dict[Poly, int] = {}
        self._numbers: dict[int, tuple[int, Derivation]] = {}

    def program(self, cost: Poly) -> int:
        """Return the number of a formula's program.

        Raises
        ------
        SizeError
            If it has none.
        """
        from ...graphs.programs import program

        if cost not in self._known:
            quotient = program(cost)
            self._known[cost] = self.programs.number(quotient, lambda: plain(quotient))
            self.sizes.update(dict.fromkeys(cost.sizes))
        return self._known[cost]

    def formula(self, found: Derivation) -> int:
        """Return the number of a formula with its domain: program, grade, growth, least sizes."""
        if id(found) in self._numbers:
            return self._numbers[id(found)][0]
        number = self._formula(found)
        self._numbers[id(found)] = number, found  # held, so that no other gets its id
        return number

    def _formula(self, found: Derivation) -> int:
        from ...analysis.comparing.growth import theta
        from ...graphs.sizes import SizeError

        cost = found.formula
        if cost is None:
            return self.reason(found.reason or "no formula was found")
        try:
            number = self.program(cost)
        except SizeError as error:
            return self.reason(str(error))
        key = (number, found.grade, tuple(found.least.items()))
        self.sizes.update(dict.fromkeys(found.least))

        def made() -> list[Any]:
            text = theta(cost)
            growth = self.growths.number(text, lambda: text)
            least = {s: v for s, v in found.least.items() if v > 1}
            return [number, found.grade, growth, least]

        return self.formulas.number(key, made)

    def reason(self, text: str) -> int:
        """Return the number of a reason why there is no formula."""
        return self.formulas.number(text, lambda: text)


def plain(program: Quotient) -> Any:
    """Return a program as lists; whole numbers that JSON's readers would round are text."""
    return _exact(msgspec.to_builtins(program))


def _exact(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_exact(v) for v in value]
    return str(value) if isinstance(value, int) and abs(value) >= EXACT else value


def demands(graph: Graph, pools: Pools) -> list[list[Any]]:
    """Return what sizes must satisfy for a model to exist: a count is whole, or not negative."""
    from ...graphs.misfits import Whole, demands_of

    return [[d.refusal, pools.program(d.count), isinstance(d, Whole)] for d in demands_of(graph)]


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
