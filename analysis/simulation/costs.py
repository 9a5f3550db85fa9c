"""What a node costs: the levels that it goes through one after another, and what it holds.

In unit tensor and layer a node is one task of as many steps as its primitive's rule says. In unit
scalar and unbounded it is a chain of levels of scalar operations, a step each (:mod:`.levels`): as
many levels as the rule for depth says, with the operations of the rule for work.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Site
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ...graphs.slots import lineage
from ...graphs.unrolling import TooLargeError, whole
from ..measured.code import holds
from ..measured.graph import layered
from ..measured.slots import combinations, held, symbols
from ..measured.slots import spent as spent_on
from ..measured.span import weights, widest
from ..measured.work import Number, site_of, slot_axes, slot_widths
from .flat import LIMIT, Array, Flat
from .levels import SCALAR, Shapes, phased, spread

MOST = 2**39
"""Operations or scalars of one node at most: sums over all nodes are then exact in 64 bits."""


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
    if depth.unit in SCALAR:
        _check(flat, steps)
    for equation in flat.graph:
        layers = [range(whole(a.extent, sizes)) for a in layered(equation)]
        own = [steps[(equation.name, *layer)] for layer in itertools.product(*layers)]
        if not own:
            continue  # no layer, as of one less than one
        each = math.prod(flat.shape[equation.name]) // len(own)
        if depth.unit not in SCALAR:
            chains = [shapes.number(((1, k),) if k else ()) for k in own]
            both = one = np.repeat(chains, each)
        elif isinstance(equation.primitive, AssociativeScan):
            cost = equation.primitive.operations(site_at(flat, equation), setting)
            spent = bounded(cost.evaluate(**sizes))
            both, one = (
                np.repeat([shapes.number(spread(w, k)) for k in own], each) for w in (spent, 0)
            )
        else:
            both = one = _chains(flat, equation, (setting, depth), sizes, own, shapes)
        _place(flat, equation, found, both, one)
    return tuple(shapes.levels), found


def _check(flat: Flat, steps: Mapping[Any, int]) -> None:
    """Refuse more levels than nodes and edges are allowed."""
    total = 0
    for key, one in steps.items():
        name, layers = key[0], len(key) - 1
        total += one * math.prod(flat.shape[name][layers:]) * max(flat.rounds.get(name, 1), 1)
    if total > LIMIT:
        raise TooLargeError(
            f"expected at most {LIMIT:,} levels of operations to simulate, got {total:,}; "
            "pass smaller sizes, or unit tensor"
        )


def _chains(
    flat: Flat,
    equation: Equation,
    settings: tuple[Setting, Setting],
    sizes: Mapping[str, int],
    steps: Sequence[int],
    shapes: Shapes,
) -> Array:
    """Return the chain of levels of each position of an equation."""
    setting, depth = settings
    spent = operations(flat, equation, setting, sizes)
    deep = np.repeat(steps, len(spent) // len(steps))
    read, graph = site_at(flat, equation), flat.graph
    slots = slot_axes(equation, read.sources) if setting.pairs == "masked" else ()
    nested = any(axis.within is not None for axis in slots)
    if nested or not equation.primitive.phases(read, setting):
        return _evenly(spent, deep, shapes)
    here = list(slot_widths(graph, equation, slots, sizes)) if slots else [()] * len(spent)
    known: dict[Any, int] = {}
    found = np.empty(len(spent), dtype=np.int32)
    for layer, wide in enumerate(_widest(flat, equation, slots, depth, sizes)):
        for k in range(layer * len(here) // len(steps), (layer + 1) * len(here) // len(steps)):
            key = (here[k], wide, int(spent[k]))
            if key not in known:
                own, other = (
                    equation.primitive.phases(
                        site_of(equation, read.sources, dict(zip(slots, w, strict=False))), setting
                    )
                    for w in (here[k], wide)
                )
                value = functools.partial(_value, sizes)
                known[key] = shapes.number(phased(own, other, int(spent[k]), value, depth))
            found[k] = known[key]
    return found


def _widest(
    flat: Flat,
    equation: Equation,
    slots: Sequence[Axis],
    depth: Setting,
    sizes: Mapping[str, int],
) -> Iterator[tuple[int, ...]]:
    """Yield for each layer the widths by which steps are counted; none if all slots count."""
    axes = layered(equation)
    for layer in itertools.product(*(range(whole(a.extent, sizes)) for a in axes)):
        values = {**sizes, **{a.position: p for a, p in zip(axes, layer, strict=True)}}
        masked = slots if depth.pairs == "masked" else ()
        yield tuple(widest(flat.graph, axis, values) for axis in masked)


def _value(sizes: Mapping[str, int], cost: Poly) -> int:
    return bounded(cost.evaluate(**sizes))


def bounded(value: Number) -> int:
    """Return a number of operations or scalars of one node, rounded up.

    Raises
    ------
    TooLargeError
        If sums of them would not be exact in 64 bits.
    """
    if value > MOST:
        raise TooLargeError(
            f"expected at most {MOST:,} operations or scalars in a node, got {int(value):,}; "
            "pass smaller sizes"
        )
    return math.ceil(value)


def _evenly(spent: Array, deep: Array, shapes: Shapes) -> Array:
    """Share the operations of each position among its steps."""
    pairs, inverse = np.unique(np.stack([spent, deep]), axis=1, return_inverse=True)
    numbers = np.array([shapes.number(spread(w, k)) for w, k in pairs.T.tolist()])
    return numbers[inverse.reshape(-1)]


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


def site_at(flat: Flat, equation: Equation) -> Site:
    """Return an equation with what it reads."""
    return Site(equation, tuple(flat.graph[r.source] for r in equation.reads))


def operations(flat: Flat, equation: Equation, setting: Setting, sizes: Mapping[str, int]) -> Array:
    """Return the scalar operations of an equation at each of its positions.

    Where a rule's average is no whole number, operations are dealt out so that all positions
    together have the sum, rounded up.
    """
    graph, count = flat.graph, math.prod(flat.shape[equation.name])
    read = site_at(flat, equation)
    slots = slot_axes(equation, read.sources) if setting.pairs == "masked" else ()
    if not slots:
        one: Number = equation.primitive.operations(read, setting).evaluate(**sizes)
        return _dealt([one] * count) if one != int(one) else np.full(count, bounded(one))
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
        return np.array([bounded(c) for c in costs], dtype=np.int64)
    sums = [math.ceil(s) for s in itertools.accumulate(map(Fraction, costs), initial=Fraction(0))]
    return np.diff(np.array(sums, dtype=np.int64))


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
        found.append(spent_on(cost, combinations(graph, every, [own], values), sizes))
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
            found[flat.first[equation.name] : end] = bounded(whole(equation.scalars, sizes))
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
