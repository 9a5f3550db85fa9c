"""Measured work and parameters: counted equation by equation and position by position."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Fourier, Gather, LongConvolution, Shift, Site
from ...graphs.primitives.base import dense
from ...graphs.relations import Relation
from ...graphs.schedule import loop_axes
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from ...graphs.slots import lineage
from ...graphs.unrolling import fits, whole
from .graph import layered, unrolled
from .slots import combinations, spent, symbols
from .state import causal, feeds_itself, length

Number: TypeAlias = int | Fraction

CROSSING = (AssociativeScan, Fourier, Gather, LongConvolution, Shift)
"""What reads or combines several positions by itself."""

ROWS = 256
"""Positions whose slots are tabulated at once."""


def params(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Return the number of scalars in parameters."""
    return sum(whole(e.count, sizes) * whole(e.scalars, sizes) for e in graph.of("parameter"))


def work(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Number | None:
    """Return the scalar operations in the setting's mode; None if the model has no such mode.

    encode and prefill: of all positions. decode: of one more. generate: of all, one after another,
    so that only allowed pairs are there to compute and an associative scan is a loop.
    """
    if setting.mode in {"encode", "prefill"}:
        return _all(graph, setting, sizes)
    if setting.mode == "decode":
        return decode_work(graph, setting, sizes)
    if not (causal(graph, sizes) and feeds_itself(graph)):
        return None
    return _all(graph.looped, setting.but(pairs="masked"), sizes)


def _all(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Number:
    return sum(work_by_equation(graph, setting, sizes).values())


def work_by_equation(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> dict[str, Number]:
    """Return the scalar operations by equation, of those that the scope counts."""
    counted = _mixing(graph) if setting.scope == "mixing" else list(graph)
    return {e.name: _equation(graph, e, setting, sizes) for e in counted}


def decode_work(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Number | None:
    """Return what the last position adds to the work on allowed pairs; None if not causal.

    None as well if there is no sequence of one position less: chunks would not divide it.
    """
    if not causal(graph, sizes):
        return None
    loop, name, masked = graph.looped, length(graph), setting.but(pairs="masked")
    n = sizes[name]
    if n > 1 and not fits(loop, {**sizes, name: n - 1}):
        return None
    before = _all(loop, masked, {**sizes, name: n - 1}) if n > 1 else 0
    return _all(loop, masked, sizes) - before


def _mixing(graph: Graph) -> list[Equation]:
    """Return the equations that take part in mixing positions."""
    loops = loop_axes(graph)

    def mixes(equation: Equation) -> bool:
        if isinstance(equation.primitive, CROSSING):
            return True
        axis = equation.sequence
        if axis is not None and axis.name in loops[equation.name]:
            return True
        beside = (equation, *(graph[r.source] for r in equation.reads))
        return any(a.kind == "slot" for e in beside for a in e.features)

    return [e for e in graph if mixes(e)]


def _equation(
    graph: Graph, equation: Equation, setting: Setting, sizes: Mapping[str, int]
) -> Number:
    sources = tuple(graph[r.source] for r in equation.reads)
    if isinstance(equation.primitive, AssociativeScan):
        each = equation.primitive.operations(Site(equation, sources), setting)
        return _combinations(graph, equation, sizes) * _number(each, sizes)
    if setting.pairs == "dense":
        one = equation.primitive.operations(Site(equation, sources), setting)
        return whole(equation.count, sizes) * _number(one, sizes)
    slots = slot_axes(equation, sources)
    if any(axis.within is not None for axis in slots):
        return _nested(graph, equation, sources, setting, sizes)
    total: Number = 0
    for widths, times in Counter(slot_widths(graph, equation, slots, sizes)).items():
        site = site_of(equation, sources, dict(zip(slots, widths, strict=True)))
        # A sum over no term has -1 additions by its rule, and none in truth.
        total += times * max(0, _number(equation.primitive.operations(site, setting), sizes))
    return total


def site_of(equation: Equation, sources: tuple[Equation, ...], widths: Mapping[Axis, int]) -> Site:
    """Return an equation where its slot axes have these widths, and all others their extent."""
    return Site(equation, sources, lambda a: poly(widths[a]) if a in widths else dense(a))


def _number(cost: Poly, sizes: Mapping[str, int]) -> Number:
    value: Number = cost.evaluate(**sizes)
    return value


def _combinations(graph: Graph, equation: Equation, sizes: Mapping[str, int]) -> int:
    """Count the nodes of a scan's rounds that read two others."""
    seen = unrolled(graph, sizes)
    own = [node for node in seen.order if node[0] == equation.name and seen.round(node)]
    return sum(seen.digraph.in_degree(node) == 2 for node in own)


def slot_axes(equation: Equation, sources: tuple[Equation, ...]) -> tuple[Axis, ...]:
    """Return the axes of slots that an equation has or reads."""
    found = (a for e in (equation, *sources) for a in e.features if a.relation is not None)
    return tuple(dict.fromkeys(found))


def _nested(
    graph: Graph,
    equation: Equation,
    sources: tuple[Equation, ...],
    setting: Setting,
    sizes: Mapping[str, int],
) -> Number:
    """Count where slots stand in others: by the combinations that lie inside the sequence."""
    layers, own = layered(equation), equation.sequence
    every = tuple(dict.fromkeys(a for s in slot_axes(equation, sources) for a in lineage(s)))
    widths = symbols(every)
    site = Site(equation, sources, lambda a: widths[a] if a in widths else dense(a))
    cost = equation.primitive.operations(site, setting)
    n = 1 if own is None else whole(own.extent, sizes)
    total: Number = 0
    for spot in itertools.product(*(range(whole(a.extent, sizes)) for a in layers)):
        values = {**sizes, **{a.position: p for a, p in zip(layers, spot, strict=True)}}
        for position in range(n):
            total += spent(cost, combinations(graph, every, [position], values), sizes)
    return total


def slot_widths(
    graph: Graph, equation: Equation, slots: tuple[Axis, ...], sizes: Mapping[str, int]
) -> Iterator[tuple[int, ...]]:
    """Yield for every position how many slots of each axis lie inside the sequence."""
    layers, own = layered(equation), equation.sequence
    n = 1 if own is None else whole(own.extent, sizes)
    known: dict[tuple[Relation, int], list[int]] = {}
    for spot in itertools.product(*(range(whole(a.extent, sizes)) for a in layers)):
        values = {**sizes, **{a.position: p for a, p in zip(layers, spot, strict=True)}}
        columns = []
        for axis in slots:
            assert axis.relation is not None
            assert axis.along is not None
            key = (axis.relation.at(**values), whole(graph.axes[axis.along].extent, sizes))
            if key not in known:
                known[key] = _inside(key[0], n, key[1])
            columns.append(known[key])
        yield from zip(*columns, strict=True) if columns else itertools.repeat((), n)


def _inside(relation: Relation, n: int, extent: int) -> list[int]:
    """Count the positions that each of n positions reads of a sequence."""
    found: list[int] = []
    for start in range(0, n, ROWS):
        _, valid = relation.table(np.arange(start, min(start + ROWS, n)), extent)
        found.extend(int(k) for k in valid.sum(axis=1))
    return found
