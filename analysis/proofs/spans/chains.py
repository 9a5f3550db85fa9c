"""Chains: costs from below, each carried by something that is read.

A link of a chain is a cost of an equation, in its positions. It is supported where the equation's
weight is at least as much, or where a position is certain to be read whose own link costs at least
what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.patterns import SPARSE
from ....graphs.relations import Relation
from ....graphs.sizes import Poly, at_least, poly, size
from ...sites import axis_of
from ..cases import exchanged
from ..positions import Given, reader_position, shift_of

Reverse = frozenset[tuple[str, str]]
"""Pairs of equation and axis whose steps count from the end."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cost from below, valid from some step of each loop on."""

    cost: Poly
    start: Mapping[str, int]
    """By axis, the first step at which it is claimed (from the end if the loop is reversed)."""


Chains = Mapping[str, tuple[Link, ...]]
"""The links of all equations."""


class End(NamedTuple):
    """A position that is certainly read in a cell."""

    at: Mapping[str, Poly]
    """By symbol; nothing if the source has no positions along what is read."""
    steps: Mapping[str, Poly]
    """By axis of the source, the step of its loop there, with what the cell says."""


class Support(NamedTuple):
    """What carries a cost: the link of an equation, or the weight of the equation itself."""

    equation: str
    link: Link | None


DEEPEST = 6
"""How many maxima of a cost are replaced one after another."""


class Offer(NamedTuple):
    """What an equation certainly costs in a cell, because of what it reads there."""

    support: Support
    cost: Poly
    inside: Poly
    """The cost, with what the cell says of sizes and positions."""


class Cell:
    """A region of an equation's positions, and what is offered there.

    What a link offers depends on nothing but the link, so that it is found out once.
    """

    def __init__(
        self, graph: Graph, equation: Equation, given: Given, weight: Poly, reverse: Reverse
    ) -> None:
        self.graph, self.equation, self.given = graph, equation, given
        self.weight, self.reverse = weight, reverse
        own = Support(equation.name, None)
        self._own = Offer(own, weight, weight.substitute(given))
        self._ends = [self._read(read) for read in equation.reads]
        self._known: dict[tuple[int, int], tuple[Link, tuple[Offer, ...]]] = {}

    def support(self, cost: Poly, chains: Chains) -> tuple[Support, ...] | None:
        """Return what carries a cost; None if nothing does.

        A maximum is one of its arguments: if something carries the cost in each of these cases,
        the cost is carried, whichever of them it is.
        """
        wanted = cost.substitute(self.given)
        for offer in self._offers(chains):
            if at_least(offer.inside, wanted):
                return (offer.support,)
        if not any(atom.kind == "max" for atom in cost.atoms):
            return None
        left = [(offer.support, offer.cost - cost) for offer in self._offers(chains)]
        return _by_cases(left, cost, self.given, DEEPEST)

    def _offers(self, chains: Chains) -> Iterator[Offer]:
        yield self._own
        for k, read in enumerate(self.equation.reads):
            for link in chains.get(read.source, ()) if self._ends[k] else ():
                known = self._known.get((k, id(link)))
                if known is None:  # the link is kept as well, so that its identity stays its own
                    known = self._known[k, id(link)] = link, tuple(self._of(k, link))
                yield from known[1]

    def _of(self, k: int, link: Link) -> Iterator[Offer]:
        """Yield what a link costs at positions that are certainly read."""
        starts = [(axis, first) for axis, first in link.start.items() if first]
        for end in self._ends[k]:
            if all(at_least(end.steps[axis], first) for axis, first in starts if axis in end.steps):
                cost = link.cost.substitute(end.at) + self.weight
                support = Support(self.equation.reads[k].source, link)
                yield Offer(support, cost, cost.substitute(self.given))

    def _read(self, read: Read) -> tuple[End, ...]:
        """Return positions of which each is certainly read; none if the read may not take place."""
        if not _takes_place(self.graph, self.equation, read, self.given):
            return ()
        axis = axis_of(self.graph, read.source, read.axis)
        if axis is None:
            return (self._end(read, {}),)
        ends = _read_ends(read.relation, reader_position(self.equation, axis), axis.extent)
        certain = [
            end[0]
            for end in ends
            if all(_is_read(self.equation, read, axis, p, self.given) for p in end)
        ]
        return tuple(self._end(read, {axis.position: end}) for end in dict.fromkeys(certain))

    def _end(self, read: Read, at: Mapping[str, Poly]) -> End:
        source = self.graph[read.source]
        steps = {
            axis.name: step_of(
                source, axis, at.get(axis.position, size(axis.position)), self.reverse
            ).substitute(self.given)
            for axis in source.positions
        }
        return End(at, steps)


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


def step_of(equation: Equation, axis: Axis, position: Poly, reverse: Reverse) -> Poly:
    """Return the number of the loop's step at a position."""
    return axis.extent - 1 - position if (equation.name, axis.name) in reverse else position
