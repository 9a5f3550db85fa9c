"""The two witnesses that are taken at concrete sizes: measured on the unrolled graph, and run."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..graphs.graph import Graph
from ..graphs.models import CATALOGUE
from ..graphs.setting import Setting
from ..graphs.tracing import sizes_of
from ..graphs.unrolling import TooLargeError
from .deriving import derive
from .figures import Number
from .measured.graph import along
from .measured.measure import measure
from .measured.state import farthest
from .runs import PLAIN, decode_work, length_of, run, state

LARGEST_RUN = 3_000_000
"""Operations that are carried out on counting scalars (a few seconds)."""


RUN = {
    *("params", "work", "span", "parallelism", "path_length", "receptive_field"),
    *("mixing_hops", "state", "decode_work"),
}
"""Figures that plain code shows while it runs."""

STATIC = {"params", "state", "state_bound", "decode_work", "activations"}


def measured(name: str, graph: Graph, setting: Setting, at: Mapping[str, int]) -> Number | None:
    """Measure a figure on the unrolled graph; None if it has none there or is too large."""
    try:
        if name in STATIC or setting.mode in {"encode", "prefill"}:
            return measure(name, graph, setting, at)
        if setting.mode == "train" and name != "parallelism":
            return measure(name, graph, setting, at)
        return _in_other_mode(name, graph, setting, at)
    except TooLargeError:
        return None


def _in_other_mode(
    name: str, graph: Graph, setting: Setting, at: Mapping[str, int]
) -> Number | None:
    """Measure the span of decoding and generating, and the work of each token once."""
    if name not in {"work", "span", "parallelism"}:
        return None
    if setting.mode == "train":
        work, depth = (measure(f, graph, setting.but(unit="scalar"), at) for f in ("work", "span"))
        return None if work is None or not depth else Fraction(work) / depth
    if name == "span":
        return measure("span", graph, setting, at)
    span = measure("span", graph, setting.but(unit="scalar"), at)
    once = setting.but(mode="encode", pairs="masked")
    decoding = setting.mode == "decode"
    total = (
        measure("decode_work", graph, once, at)
        if decoding
        else measure("work", graph.looped, once, at)
    )
    if name == "work" or total is None or span is None:
        return None if span is None else total
    return Fraction(total) / span if span else None


def ran(name: str, graph: Graph, setting: Setting, at: Mapping[str, int]) -> Number | None:
    """Read a figure off plain code that ran; None if nothing runs for it in this setting."""
    known = graph.name in PLAIN and graph.model is CATALOGUE.get(graph.name)
    if not known or setting.mode != "encode" or setting.scope == "mixing":
        return None
    if name not in RUN:
        return None
    cost = derive("work", graph, setting).formula
    if cost is None or cost.evaluate(**_carried_out(name, graph, at)) > LARGEST_RUN:
        return None
    sizes = tuple(sorted(_named(graph, at).items()))
    if name == "state":
        return _kept(graph.name, sizes)
    if name == "decode_work":
        return _one_more(graph.name, sizes, setting.mac)
    result = _result(graph.name, sizes, setting.pairs, setting.reduction, setting.mac)
    return _read(name, result, setting)


def _named(graph: Graph, at: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes by the names that the model has for them, where it was traced at others.

    A size that the graph does not have, such as a factor from layer to layer of a single layer,
    is one that makes no difference to it.
    """
    own = set() if graph.model is None else set(sizes_of(graph.model))
    bound = {
        name: cost.evaluate(**{**dict.fromkeys(cost.sizes, 1), **at})
        for name, cost in graph.bound.items()
    }
    return {"h": 1, **{s: v for s, v in at.items() if s in own}, **bound}


def _carried_out(name: str, graph: Graph, at: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes of the run: what a state is kept for lies beyond the positions asked for."""
    length = length_of(graph.name)
    if name != "state" or length not in at:
        return dict(at)
    return {**at, length: at[length] + farthest(graph, at, along(graph)) + 2}


def _read(name: str, result: Any, setting: Setting) -> Number | None:
    if name in {"params", "work", "receptive_field", "mixing_hops"}:
        value: int | None = getattr(result, name)
        return value
    if name == "parallelism":
        return Fraction(result.work, result.span["scalar"]) if result.span["scalar"] else None
    if name == "path_length" and setting.unit == "scalar":
        return None  # scalars inside one equation may be closer than the equation is deep
    found: Mapping[str, int] = result.span if name == "span" else result.path_length
    return found.get(setting.unit)


@functools.lru_cache(maxsize=64)
def _result(
    name: str, at: tuple[tuple[str, int], ...], pairs: str, reduction: str, mac: int
) -> Any:
    return run(name, sizes=dict(at), pairs=pairs, reduction=reduction, mac=mac)


@functools.lru_cache(maxsize=64)
def _kept(name: str, at: tuple[tuple[str, int], ...]) -> int | None:
    return state(name, sizes=dict(at))


@functools.lru_cache(maxsize=64)
def _one_more(name: str, at: tuple[tuple[str, int], ...], mac: int) -> int | None:
    return decode_work(name, sizes=dict(at), mac=mac)
