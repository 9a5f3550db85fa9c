"""What a node costs: the levels that it goes through one after another, and what it holds.

In unit tensor and layer a node is one task of as many steps as its primitive's rule says. In unit
scalar and unbounded it is a chain of levels of scalar operations, a step each: as many levels as the
rule for depth says, which share the operations of the rule for work evenly, earlier levels taking
the rest. Operations that are no more than the steps leave the last steps empty: they are waited for.

>>> spread(7, 3), spread(2, 4)
(((3, 1), (2, 1), (2, 1)), ((1, 1), (1, 1), (0, 2)))
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Site
from ...graphs.setting import Setting
from ...graphs.slots import lineage
from ...graphs.unrolling import whole
from ..measured.code import holds
from ..measured.graph import MeasureError, layered
from ..measured.slots import combinations, held, spent, symbols
from ..measured.span import weights
from ..measured.work import Number, site_of, slot_axes, slot_widths
from .flat import Array, Flat

Levels: TypeAlias = tuple[tuple[int, int], ...]
"""Of each level how many unit tasks it has, and how many steps each of these takes."""

SCALAR = frozenset({"scalar", "unbounded"})
"""Units in which a node is a chain of levels of scalar operations."""


def spread(operations: int, steps: int) -> Levels:
    """Share operations among the steps of a node, evenly."""
    if not steps and operations:
        raise MeasureError(
            f"expected a step for {operations} operations, their rule for depth gives none at these "
            "sizes; pass larger sizes"
        )
    if not steps:
        return ()
    each, rest = divmod(operations, steps)
    if each:
        return ((each + 1, 1),) * rest + ((each, 1),) * (steps - rest)
    return ((1, 1),) * rest + ((0, steps - rest),)


class Shapes:
    """The different chains of levels that occur, numbered."""

    def __init__(self) -> None:
        self.levels: list[Levels] = []
        self._known: dict[Levels, int] = {}

    def number(self, levels: Levels) -> int:
        """Return the number of a chain of levels."""
        if levels not in self._known:
            self._known[levels] = len(self.levels)
            self.levels.append(levels)
        return self._known[levels]


def shaped(flat: Flat, setting: Setting, depth: Setting, sizes: Mapping[str, int]) -> Any:
    """Return the different chains of levels, and the number of each node's.

    Parameters
    ----------
    setting, depth
        How operations are counted, and how steps are.
    """
    shapes = Shapes()
    found = np.full(flat.count, shapes.number(()), dtype=np.int32)
    steps = weights(flat.graph, depth, sizes)
    for equation in flat.graph:
        layers = [range(whole(a.extent, sizes)) for a in layered(equation)]
        own = [steps[(equation.name, *layer)] for layer in itertools.product(*layers)]
        count = math.prod(flat.shape[equation.name])
        deep = np.repeat(own, count // len(own))
        if depth.unit not in SCALAR:
            chains = [shapes.number(((1, k),) if k else ()) for k in own]
            numbers = np.repeat(chains, count // len(own))
            _place(flat, equation, found, numbers, numbers)
        elif isinstance(equation.primitive, AssociativeScan):
            each = _integers([equation.primitive.operations(_site(flat, equation), setting)], sizes)
            both, one = (
                np.repeat([shapes.number(spread(w, k)) for k in own], count // len(own))
                for w in (each[0], 0)
            )
            _place(flat, equation, found, both, one)
        else:
            spent_at = operations(flat, equation, setting, sizes)
            pairs, inverse = np.unique(np.stack([spent_at, deep]), axis=1, return_inverse=True)
            numbers = np.array([shapes.number(spread(w, k)) for w, k in pairs.T.tolist()])
            found[flat.block(equation.name)] = numbers[inverse.reshape(-1)]
    return tuple(shapes.levels), found


def _place(flat: Flat, equation: Equation, found: Array, both: Array, one: Array) -> None:
    """Give every round of a scan its levels: those of two operands, and of one that is kept."""
    turns = flat.rounds.get(equation.name, 0)
    if not isinstance(equation.primitive, AssociativeScan):
        found[flat.block(equation.name)] = both
        return
    first, count = flat.first[equation.name], len(both)
    for turn in range(1, turns + 1):
        begin = first + (0 if turn == turns else count * (1 + turn))
        reads = np.diff(flat.start[begin : begin + count + 1])
        found[begin : begin + count] = np.where(reads == 2, both, one)


def _site(flat: Flat, equation: Equation) -> Site:
    return Site(equation, tuple(flat.graph[r.source] for r in equation.reads))


def operations(flat: Flat, equation: Equation, setting: Setting, sizes: Mapping[str, int]) -> Array:
    """Return the scalar operations of an equation at each of its positions.

    Where a rule's average is no whole number, operations are dealt out so that all positions
    together have the sum, rounded up.
    """
    graph, count = flat.graph, math.prod(flat.shape[equation.name])
    read = _site(flat, equation)
    slots = slot_axes(equation, read.sources) if setting.pairs == "masked" else ()
    if not slots:
        one: Number = equation.primitive.operations(read, setting).evaluate(**sizes)
        return _dealt([one] * count) if one != int(one) else np.full(count, int(one))
    if any(axis.within is not None for axis in slots):
        return _dealt(_nested(graph, equation, read, setting, sizes))
    known: dict[tuple[int, ...], Number] = {}
    found = []
    for here in slot_widths(graph, equation, slots, sizes):
        if here not in known:
            at = site_of(equation, read.sources, dict(zip(slots, here, strict=True)))
            cost = equation.primitive.operations(at, setting).evaluate(**sizes)
            known[here] = max(0, cost)  # a sum over no term has -1 additions by its rule
        found.append(known[here])
    return _dealt(found)


def _dealt(costs: list[Number]) -> Array:
    """Round costs so that each beginning of the list has its sum, rounded up."""
    if all(c == int(c) for c in costs):
        return np.array([int(c) for c in costs], dtype=np.int64)
    sums = [math.ceil(s) for s in itertools.accumulate(map(Fraction, costs), initial=Fraction(0))]
    return np.diff(np.array(sums, dtype=np.int64))


def _integers(costs: Iterable[Any], sizes: Mapping[str, int]) -> list[int]:
    return [math.ceil(c.evaluate(**sizes)) for c in costs]


def _nested(
    graph: Graph, equation: Equation, read: Site, setting: Setting, sizes: Mapping[str, int]
) -> list[Number]:
    """Return operations where slots stand in others: by the combinations inside the sequence."""
    every = tuple(dict.fromkeys(a for s in slot_axes(equation, read.sources) for a in lineage(s)))
    numbers = symbols(every)
    site = Site(equation, read.sources, lambda a: numbers.get(a, a.extent))
    cost = equation.primitive.operations(site, setting)
    found = []
    for here in _places(equation, sizes):
        values = {**sizes, **{f"{name}_": k for name, k in here.items()}}
        own = 0 if equation.sequence is None else here[equation.sequence.name]
        found.append(spent(cost, combinations(graph, every, [own], values), sizes))
    return found


def _places(equation: Equation, sizes: Mapping[str, int]) -> Iterable[dict[str, int]]:
    ranges = [range(whole(a.extent, sizes)) for a in equation.positions]
    names = [a.name for a in equation.positions]
    for spot in itertools.product(*ranges):
        yield dict(zip(names, spot, strict=True))


def scalars(flat: Flat, setting: Setting, sizes: Mapping[str, int]) -> Array:
    """Return how many scalars each node holds: none for a view, a parameter or a constant."""
    found = np.zeros(flat.count, dtype=np.int64)
    for equation in flat.graph:
        if not holds(equation):
            continue
        count = math.prod(flat.shape[equation.name])
        end = flat.first[equation.name] + count * (1 + flat.rounds.get(equation.name, 0))
        masked = [a for a in equation.features if a.relation is not None]
        if setting.pairs == "masked" and masked:
            found[flat.block(equation.name)] = _held(flat, equation, masked, sizes)
        else:
            found[flat.first[equation.name] : end] = whole(equation.scalars, sizes)
    return found


def _held(flat: Flat, equation: Equation, masked: list[Axis], sizes: Mapping[str, int]) -> Array:
    """Count the scalars of allowed slots at each position."""
    rest = math.prod(whole(a.extent, sizes) for a in equation.features if a not in masked)
    graph = flat.graph
    if any(a.within is not None for a in masked):
        each = [held(graph, equation, masked, at, sizes) for at in _places(equation, sizes)]
    else:
        each = [math.prod(w) for w in slot_widths(graph, equation, tuple(masked), sizes)]
    return rest * np.array(each, dtype=np.int64)
