"""Pieces: intervals of distances with affine costs, and what reading makes of them.

Everything here is about one input position j and readers at a distance from it; nothing knows of a
graph. Inequalities are certain for all sizes that are given.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ....graphs.relations import Relation
from ....graphs.sizes import Poly, Sized, at_least, poly, size
from ..errors import ProofError

DISTANCE = "s_"
S = size(DISTANCE)
COUNT = "c_"
NEXT = S + 1
Given = Mapping[str, Sized]
Span1 = tuple[int, int | None]


@dataclass(frozen=True)
class Piece:
    """Distances at which an equation is reached, and the cost of the shortest path."""

    side: int
    """1: the position is the input's or later; -1: earlier or the same; 0: on another sequence, or
    on none: reached from every input position."""
    low: Poly
    high: Poly | None
    """The interval of distances; None is unbounded."""
    cost: Poly
    """Affine in the distance ``s_``; may hold sizes and layer positions."""
    layers: tuple[tuple[str, Span1], ...] = ()
    """Layer axes with the first and the last layer for which it is claimed."""
    last: Poly | None = None
    """If given, it is a flight of stairs: one piece for each whole ``c_`` from 0 to ``last``."""

    def at(self, distance: Poly) -> Poly:
        """Return the cost at a distance."""
        if DISTANCE not in self.cost.sizes:
            return self.cost
        return self.cost.substitute({DISTANCE: distance})

    @functools.cached_property
    def slope(self) -> Poly:
        """Return the growth of the cost with the distance."""
        return self.at(NEXT) - self.cost

    def claimed(self, axis: str) -> Span1:
        """Return the first and the last layer for which the piece is claimed."""
        return dict(self.layers).get(axis, (0, None))

    def limited(self, axis: str, layers: Span1 | None) -> Piece:
        """Return the piece with another claim about layers; None for no claim."""
        rest = tuple(pair for pair in self.layers if pair[0] != axis)
        return replace(
            self, layers=rest if layers is None else tuple(sorted((*rest, (axis, layers))))
        )

    def fixed(self, values: Given) -> Piece:
        """Return the piece with sizes and layer positions replaced."""
        if not values:
            return self
        high, last = (None if x is None else x.substitute(values) for x in (self.high, self.last))
        low, cost = self.low.substitute(values), self.cost.substitute(values)
        return Piece(self.side, low, high, cost, self.layers, last)

    def single(self, count: Poly | int) -> Piece:
        """Return one piece of a flight."""
        return replace(self, last=None).fixed({COUNT: count})

    def __str__(self) -> str:
        if self.side == 0:
            return f"{self.cost} from everywhere"
        end = "" if self.high is None else f" <= {self.high}"
        where = "i - j" if self.side > 0 else "j - i"
        text = f"{self.cost} for {self.low} <= {DISTANCE}{end}, {DISTANCE} = {where}"
        each = "" if self.last is None else f", {COUNT} = 0, ..., {self.last}"
        return (text + each).replace(DISTANCE, "s").replace(COUNT, "c")


def continues(piece: Piece, source: Piece, weight: Poly) -> bool:
    """Whether a piece is another one, a weight later: what reading in place makes of it."""
    return (
        piece.side == source.side
        and piece.low == source.low
        and piece.high == source.high
        and piece.cost == source.cost + weight
    )


def arrives(source: Piece, relation: Relation, given: Given) -> bool:
    """Whether each reader reads, for each input position, one that has the piece's first cost.

    Where the source is on the input's sequence, that is the input's own position if all are read,
    and any where the cost is the same at all distances.
    """
    everywhere = relation.kind == "offsets" and relation.back is None and relation.ahead is None
    if source.side == 0:
        return (
            (everywhere and relation.step == 1)
            or relation.kind in {"last", "head"}
            or contains_itself(relation, given)
        )
    if source.low != 0:
        return False
    constant = source.high is None and source.slope == 0
    if relation.kind in {"last", "head"}:
        return constant and source.side == (1 if relation.kind == "last" else -1)
    return everywhere and relation.step == 1


def contains_itself(relation: Relation, given: Given) -> bool:
    """Whether every position certainly reads itself."""
    return relation.kind == "offsets" and all(
        bound is None or at_least(bound, 0, given=given)
        for bound in (relation.back, relation.ahead)
    )


def from_zero(found: Sequence[Piece], given: Given) -> Iterator[Piece]:
    """Yield pieces before the input, extended by its own position where that costs no more."""
    here = [p for p in found if p.side == 1 and p.low == 0]
    for piece in found:
        if (
            piece.side == -1
            and piece.low == 1
            and any(at_least(piece.at(poly(0)), h.at(poly(0)), given=given) for h in here)
        ):
            yield replace(piece, low=poly(0))


def cheapest(piece: Piece, given: Given) -> list[Poly]:
    """Return the least cost of a piece; nothing if it falls without end."""
    if at_least(piece.slope, 0, given=given):
        return [piece.at(piece.low)]
    return [] if piece.high is None else [piece.at(piece.high)]


def within(piece: Piece, cost: Poly, given: Given) -> bool:
    """Whether a piece costs at most so much at its first distance."""
    return at_least(cost, piece.at(piece.low), given=given)


def reach(relation: Relation) -> tuple[Poly | None, Poly | None]:
    """Return how far back and ahead a relation by offsets reads, in positions."""
    if relation.kind != "offsets":
        raise ProofError(f"expected a relation by offsets, got {relation}")
    back = None if relation.back is None else relation.back * relation.step
    ahead = None if relation.ahead is None else relation.ahead * relation.step
    return back, ahead


def targets(piece: Piece, move: Relation, given: Given) -> Iterator[tuple[int, Poly, Poly | None]]:
    """Yield the distances that a piece may spread to: on its own side, and on the other."""
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)
    low = poly(0)
    if toward is not None:
        low = piece.low - toward
        if not at_least(low, 0, given=given):
            low = poly(0)
    high = None if away is None or piece.high is None else piece.high + away
    if high is None or not at_least(-1, high, given=given):
        yield piece.side, low, high
    beyond = None if toward is None else toward - piece.low
    if beyond is None or not at_least(0, beyond, given=given):
        yield -piece.side, poly(1), beyond


def covers(usable: Sequence[Piece], low: Poly, high: Poly | None, given: Given) -> bool:
    """Whether pieces of one side, taken together, contain an interval."""
    if high is not None and at_least(low - 1, high, given=given):
        return True
    reached, left = [low - 1], list(usable)
    while left:
        step = next(
            (p for p in left if any(at_least(r + 1, p.low, given=given) for r in reached)), None
        )
        if step is None:
            return False
        left.remove(step)
        if step.high is None or (high is not None and at_least(step.high, high, given=given)):
            return True
        reached.append(step.high)
    return False


def cheap(own: Piece, piece: Piece, move: Relation, weight: Poly, side: int, given: Given) -> bool:
    """Whether ``own`` costs no more than the way through ``piece``, wherever that leads.

    The difference is affine in the distance of what is read and in the offset, so its least value
    is at a corner; where an interval is unbounded, it must not fall along it.
    """
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)
    same = 1 if side == piece.side else -1
    slope_s = piece.slope - same * own.slope
    slope_o = -same * own.slope
    distances = [piece.low] if piece.high is None else [piece.low, piece.high]
    if piece.high is None and not at_least(slope_s, 0, given=given):
        return False
    if away is None and not at_least(slope_o, 0, given=given):
        return False
    if toward is None and not at_least(-slope_o, 0, given=given):
        return False
    offsets = [x for x in (away, None if toward is None else -toward) if x is not None] or [poly(0)]
    return all(
        at_least(piece.at(s) + weight, own.at(same * (s + o)), given=given)
        for s in distances
        for o in offsets
    )


def reaches(piece: Piece, source: Piece, move: Relation, weight: Poly, given: Given) -> bool:
    """Whether reading at one fitting offset achieves a piece at all of its distances."""
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)

    first, end = piece.low, piece.high
    ends = [first] if end is None else [first, end]

    def allowed(nearest: Poly, farthest: Poly | None) -> bool:
        """Whether offsets away from the input, up to the farthest, are within the relation."""
        return (
            away is None or (farthest is not None and at_least(away, farthest, given=given))
        ) and (toward is None or at_least(nearest, -toward, given=given))

    def paid(distance: Poly) -> bool:
        if end is None:
            slope = distance.substitute({DISTANCE: NEXT}) - distance
            if not at_least(piece.slope, slope * source.slope, given=given):
                return False
        return all(
            at_least(
                piece.at(e), source.at(distance.substitute({DISTANCE: e})) + weight, given=given
            )
            for e in ends
        )

    def held(nearest: Poly, farthest: Poly | None) -> bool:
        return at_least(nearest, source.low, given=given) and (
            source.high is None
            or (farthest is not None and at_least(source.high, farthest, given=given))
        )

    zero, same = poly(0), piece.side == source.side
    if same and allowed(zero, zero) and held(first, end) and paid(S):
        return True
    start = source.low
    beyond = move.step == 1 and (same or start == 0) and at_least(first, start, given=given)
    last = None if end is None else end - start
    if beyond and paid(start) and allowed(first - start, last):
        return True
    if not same or away is None or not at_least(away, 0, given=given):
        return False  # away from the input may be outside the sequence
    if held(first - away, None if end is None else end - away) and paid(S - away):
        return True
    return _fills(piece, source, move, weight, away, given)


def _fills(
    piece: Piece, source: Piece, move: Relation, weight: Poly, away: Poly, given: Given
) -> bool:
    """Whether steps of a relation carry an interval of constant cost over the whole piece."""
    if (
        source.high is None
        or piece.high is None
        or source.slope != 0
        or not at_least(move.ahead or 0, 0, given=given)
    ):
        return False
    return (
        move.reads_itself
        and at_least(piece.low, source.low, given=given)
        and at_least(source.high + away, piece.high, given=given)
        and at_least(source.high - source.low + 1, move.step, given=given)
        and at_least(piece.at(piece.low), source.cost + weight, given=given)
        and at_least(piece.at(piece.high), source.cost + weight, given=given)
    )
