"""Chains: costs from below, each carried by something that is read.

A link of a chain is a cost of an equation, in its positions. It is supported where the equation's
weight is at least as much, or where a position is certain to be read whose own link costs at least
what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.patterns import SPARSE
from ...graphs.relations import Relation
from ...graphs.sizes import Poly, at_least, poly, size
from ..sites import axis_of
from .cases import exchanged
from .positions import Given, reader_position, shift_of

Reverse = frozenset[tuple[str, str]]
"""Pairs of equation and axis whose steps count from the end."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cost from below, valid from some step of each loop on."""

    cost: Poly
    start: Mapping[str, int]
    """By axis, the first step at which it is claimed (from the end if the loop is reversed)."""


class Support(NamedTuple):
    """What carries a cost: the link of an equation, or the weight of the equation itself."""

    equation: str
    link: Link | None


DEEPEST = 6
"""How many maxima of a cost are replaced one after another."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The chains of all equations."""

    chains: Mapping[str, tuple[Link, ...]]
    reverse: Reverse


def supported(
    graph: Graph, equation: Equation, link: Link, cell: Given, weight: Poly, carried: Carried
) -> bool:
    """Whether something that is read in this cell carries the cost of the link."""
    return support(graph, equation, link, cell, weight, carried) is not None


def support(
    graph: Graph, equation: Equation, link: Link, cell: Given, weight: Poly, carried: Carried
) -> tuple[Support, ...] | None:
    """Return what carries the cost of a link in a cell; None if nothing does.

    A maximum is one of its arguments: if something carries the cost in each of these cases, the
    cost is carried, whichever of them it is.
    """
    for found, cost in _costs(graph, equation, cell, weight, carried):
        if at_least(cost, link.cost, given=cell):
            return (found,)
    if not any(atom.kind == "max" for atom in link.cost.atoms):
        return None
    costs = _costs(graph, equation, cell, weight, carried)
    return _by_cases([(s, cost - link.cost) for s, cost in costs], link.cost, cell, DEEPEST)


def _costs(
    graph: Graph, equation: Equation, cell: Given, weight: Poly, carried: Carried
) -> Iterator[tuple[Support, Poly]]:
    """Yield what an equation certainly costs in a cell, by what it reads."""
    yield Support(equation.name, None), weight
    for read in equation.reads:
        for other, cost in _readable(graph, equation, read, cell, carried):
            yield Support(read.source, other), cost + weight


def _by_cases(
    left: list[tuple[Support, Poly]], cost: Poly, cell: Given, depth: int
) -> tuple[Support, ...] | None:
    """Return whose difference to a cost is not negative, in each case of its maxima."""
    found = next((name for name, rest in left if at_least(rest, 0, given=cell)), None)
    if found is not None:
        return (found,)
    atom = next((a for m in cost.terms for a, _ in m if a.kind == "max"), None)
    if atom is None or depth == 0:
        return None
    together: tuple[Support, ...] = ()
    for value in atom.args:
        case = [(name, exchanged(rest, atom, value)) for name, rest in left]
        more = _by_cases(case, exchanged(cost, atom, value), cell, depth - 1)
        if more is None:
            return None
        together += more
    return together


def _readable(
    graph: Graph, equation: Equation, read: Read, cell: Given, carried: Carried
) -> Iterator[tuple[Link, Poly]]:
    """Yield links, and what they cost at positions that are certainly read in a cell."""
    if not _takes_place(graph, equation, read, cell):
        return
    source = graph[read.source]
    axis = axis_of(graph, read.source, read.axis)
    ends: tuple[tuple[Poly, ...], ...] = ((),)
    if axis is not None:
        ends = _read_ends(read.relation, reader_position(equation, axis), axis.extent)
        ends = tuple(e for e in ends if all(_is_read(equation, read, axis, p, cell) for p in e))
    for link in carried.chains.get(read.source, ()):
        for end in dict.fromkeys(ends):
            at = {axis.position: end[0]} if axis is not None else {}
            if all(_started(source, a, link, at, cell, carried.reverse) for a in source.positions):
                yield link, link.cost.substitute(at)


def _is_read(equation: Equation, read: Read, axis: Axis, end: Poly, cell: Given) -> bool:
    """Whether an end of what is read is certain to be on the source's axis.

    The last window of a stride of s starts at most at ``n - size + s - 1``, since there are
    ``ceil((n - size)/s) + 1`` windows. So all of them start on the axis if they are not narrower
    than s.
    """
    inside = at_least(end, 0, given=cell) and at_least(axis.extent - 1, end, given=cell)
    relation, own = read.relation, equation.sequence
    if inside or relation.kind != "stride" or own is None:
        return inside
    starts = end == size(own.position) * relation.step and at_least(relation.size, relation.step)
    return starts and own.extent == relation.target_extent(axis.extent)


def _read_ends(relation: Relation, position: Poly, extent: Poly) -> tuple[tuple[Poly, ...], ...]:
    """Return positions of which each is read if it is on the axis, and those after it as well.

    Of what is read in steps, a bound that is cut to the sequence is not among what is read; nor is
    it where all that is read lies apart from the reader, which may read nothing at all.
    """
    if relation.kind in {"block", "block_prefix", "block_suffix"}:
        return ((position,),)
    around = all(b is None or at_least(b, 0) for b in (relation.back, relation.ahead))
    if relation.kind in SPARSE:
        return ((position,),) if relation.kind == "blocks" and around else ()
    if relation.kind != "offsets" or (around and relation.step == 1):
        low, high = relation.bounds(position, extent)
        return (low,), (high,)
    first, last = relation.back, relation.ahead
    ends: list[tuple[Poly, ...]] = []
    ends += [] if first is None else [(position - first * relation.step,)]
    ends += [] if last is None else [(position + last * relation.step,)]
    if around:
        ends.append((position,))
    elif relation.step == 1 and first is None:
        ends += [(poly(0), *end) for end in ends]
    elif relation.step == 1 and last is None:
        ends += [(extent - 1, *end) for end in ends]
    return tuple(ends)


def _takes_place(graph: Graph, equation: Equation, read: Read, cell: Given) -> bool:
    """Whether the read certainly happens in a cell, and not the other one of a shift."""
    shift = shift_of(equation)
    if shift is None:
        return True
    axis = axis_of(graph, shift.source, shift.axis)
    if axis is None:
        return not read.boundary
    low, _ = shift.relation.bounds(reader_position(equation, axis), axis.extent)
    if read.boundary:
        return at_least(-1, low, given=cell) or at_least(low, axis.extent, given=cell)
    return at_least(low, 0, given=cell) and at_least(axis.extent - 1, low, given=cell)


def _started(
    source: Equation,
    axis: Axis,
    link: Link,
    at: Mapping[str, Poly],
    cell: Given,
    reverse: Reverse,
) -> bool:
    first = link.start.get(axis.name, 0)
    if first == 0:
        return True
    position = at.get(axis.position, size(axis.position))
    return at_least(step_of(source, axis, position, reverse), first, given=cell)


def step_of(equation: Equation, axis: Axis, position: Poly, reverse: Reverse) -> Poly:
    """Return the number of the loop's step at a position."""
    return axis.extent - 1 - position if (equation.name, axis.name) in reverse else position
