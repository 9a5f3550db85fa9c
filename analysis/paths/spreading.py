"""Pieces of shortest paths, before anything is proved: how they spread, and which are needed.

>>> stair = Piece(1, poly(0), poly("4*c_"), poly("c_"), last=poly("L"))
>>> [str(p) for p in shortest([stair, *spread(stair, Relation.window(5), poly(1))], {})]
['c for 0 <= s <= 4*c, s = i - j, c = 0, ..., L + 1']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...graphs.relations import Relation
from ...graphs.sizes import Poly, at_least, maximum, poly, size
from ..proofs.paths.flights import near
from ..proofs.paths.pieces import COUNT, Given, Piece, S, reach, targets
from ..solving import UnsolvedError

Pieces = tuple[Piece, ...]
MOST = 24
"""Pieces of one equation. Where nothing orders the sizes there is no end of them."""
SHIFTS = (0, 1, 2)
C = size(COUNT)


def shortest(pieces: Iterable[Piece], given: Given) -> Pieces:
    """Drop pieces that others cover at no more cost, and join flights.

    Raises
    ------
    UnsolvedError
        If too many are left.
    """
    kept: list[Piece] = []
    for piece in dict.fromkeys(_plain(q) for p in pieces for q in _sided(p)):
        if piece.last is None and is_empty(piece, given):
            continue
        if any(inside(piece, other, given) for other in kept):
            continue
        kept = [k for k in kept if not inside(k, piece, given)]
        joined = next((k for k in kept if _longer(k, piece) is not None), None)
        if joined is None:
            kept.append(piece)
        else:
            kept[kept.index(joined)] = _longer(joined, piece) or joined
    for piece in [k for k in kept if k.last is None and k.high != k.low]:
        others = [k for k in kept if k is not piece]
        if _is_covered(replace(piece, low=piece.low + 1), others, given):
            first = _plain(replace(piece, high=piece.low))
            kept = others if _is_covered(first, others, given) else [*others, first]
    kept = _ramps(kept, given)
    if len(kept) > MOST:
        raise UnsolvedError(f"more than {MOST} pieces, among them {kept[0]}, {kept[1]}")
    return tuple(sorted(kept, key=lambda p: (p.side, str(p.low), str(p.high), str(p.cost))))


def _ramps(pieces: Sequence[Piece], given: Given) -> list[Piece]:
    """Join pieces side by side whose costs lie on a line, as those of repeated shifts do."""
    found = list(pieces)
    for piece in pieces:
        for other in found:
            joined = _joined(other, piece, given) if other is not piece else None
            if joined is not None and piece in found:
                found.remove(piece)
                found[found.index(other)] = joined
                break
    return found


def _joined(a: Piece, b: Piece, given: Given) -> Piece | None:
    """Return two pieces as one, the second of which begins inside the first or right after it."""
    known = (a.side, a.layers, a.last) == (b.side, b.layers, None) and a.side != 0
    if not known or a.high is None or b.high is None:
        return None
    beside = at_least(b.low, a.low, given=given) and at_least(a.high + 1, b.low, given=given)
    if b.low == a.low or not beside or not at_least(b.high, a.high, given=given):
        return None
    line = b.cost
    if a.high == a.low and b.high == b.low:
        line = b.cost + (b.cost - a.cost) * (S - b.low)
    elif b.high == b.low:
        line = a.cost
    elif a.high == a.low:
        line = b.cost
    whole = replace(a, high=b.high, cost=line)
    same = all(
        whole.at(p.low) == p.at(p.low) and whole.at(p.high or p.low) == p.at(p.high or p.low)
        for p in (a, b)
    )
    return whole if same else None


def is_empty(piece: Piece, given: Given) -> bool:
    """Whether a piece has no distance."""
    return piece.high is not None and at_least(piece.low - 1, piece.high, given=given)


def contains(piece: Piece, side: int, distance: Poly, given: Given) -> bool:
    """Whether a piece certainly says something of a distance."""
    if piece.side not in (side, 0) and not (piece.side == -side and distance == 0):
        return False
    return at_least(distance, piece.low, given=given) and (
        piece.high is None or at_least(piece.high, distance, given=given)
    )


def _sided(piece: Piece) -> list[Piece]:
    """Write the input's own position as a piece of the side at or after it."""
    if piece.side >= 0 or piece.low != 0 or piece.last is not None:
        return [piece]
    here = replace(piece, side=1, low=poly(0), high=poly(0), cost=piece.at(poly(0)))
    return [here] if piece.high == 0 else [here, replace(piece, low=poly(1))]


def _plain(piece: Piece) -> Piece:
    """Write a flight that goes nowhere as its first piece, a single distance's cost without it."""
    ends = (piece.low, piece.low if piece.high is None else piece.high)
    if piece.last is not None and all(COUNT not in end.sizes for end in ends):
        return _plain(piece.single(0))
    if piece.high is not None and piece.high == piece.low:
        return replace(piece, cost=piece.at(piece.low))
    return piece


def inside(piece: Piece, other: Piece, given: Given) -> bool:
    """Whether ``other`` holds everything that ``piece`` says, at no more cost."""
    if piece.layers != other.layers:
        return False
    if other.last is None:
        return piece.last is None and _inside_one(piece, other, given)
    if piece.last is None:
        return any(_inside_one(piece, one, given) for one in near(other, None, given))
    return any(
        at_least(other.last, piece.last + k, given=given)
        and _inside_one(piece.single(C), other.single(C + k), given)
        for k in SHIFTS
    )


def _inside_one(piece: Piece, other: Piece, given: Given) -> bool:
    zero = piece.high is not None and piece.high == 0 and other.low == 0 and other.side != 0
    if piece.side != other.side and not (zero and piece.side != 0):
        return False
    if not at_least(piece.low, other.low, given=given):
        return False
    if other.high is not None and (
        piece.high is None or not at_least(other.high, piece.high, given=given)
    ):
        return False
    ends = [piece.low] if piece.high is None else [piece.low, piece.high]
    if piece.high is None and not at_least(piece.slope, other.slope, given=given):
        return False
    return all(at_least(piece.at(e), other.at(e), given=given) for e in ends)


def _is_covered(piece: Piece, others: Sequence[Piece], given: Given) -> bool:
    """Whether others, one after another, hold what a piece says, at no more cost."""
    rest, left = piece, [o for o in others if o.side == piece.side and o.layers == piece.layers]
    singles = [one for other in left for one in near(other, None, given)]
    while not is_empty(rest, given):
        if any(_inside_one(rest, one, given) for one in singles):
            return True
        step = next((one for one in singles if _reaches_on(one, rest, given)), None)
        if step is None or step.high is None:
            return False
        singles.remove(step)
        rest = replace(rest, low=step.high + 1)
    return True


def _reaches_on(one: Piece, rest: Piece, given: Given) -> bool:
    """Whether a piece holds the first distances of another, at no more cost."""
    return (
        one.high is not None
        and at_least(one.high, rest.low - 1, given=given)
        and _inside_one(replace(rest, high=one.high), one, given)
    )


def _longer(a: Piece, b: Piece) -> Piece | None:
    """Join two flights, or a flight and the piece after its last, if they are one flight."""
    for flight, other in ((a, b), (b, a)):
        if flight.last is None:
            continue
        if other.last is None and _alike(flight.single(flight.last + 1), other):
            return replace(flight, last=flight.last + 1)
        if other.last is None:
            continue
        for k in SHIFTS[1:]:
            if _alike(flight.single(C + k), other.single(C)) and at_least(flight.last + 1, k):
                return replace(flight, last=maximum(flight.last, other.last + k))
    return None


def _alike(a: Piece, b: Piece) -> bool:
    return replace(a, last=None) == replace(b, last=None)


def spread(piece: Piece, move: Relation, weight: Poly) -> list[Piece]:
    """Return the pieces at which a piece arrives through a relation."""
    if move.is_same:
        return [replace(piece, cost=piece.cost + weight)]
    if piece.last is not None:
        each = spread(replace(piece, last=None), move, weight)
        first = spread(piece.single(0), move, weight)
        own = [replace(p, last=piece.last) for p in each if p.side == piece.side]
        return [*own, *(p for p in first if p.side != piece.side)]
    back, ahead = reach(move)
    away = back if piece.side > 0 else ahead
    if move.distance is not None and away is not None:
        return _shifted(piece, away, weight)
    result = []
    for side, low, high in targets(piece, move, {}):
        nearest = piece.at(piece.low) + weight
        if piece.slope == 0 or side != piece.side or away is None:
            result.append(Piece(side, low, high, nearest, piece.layers))
            continue
        result.append(Piece(side, low, piece.low + away, nearest, piece.layers))
        result.append(
            Piece(side, piece.low + away, high, piece.at(S - away) + weight, piece.layers)
        )
    return result


def _shifted(piece: Piece, away: Poly, weight: Poly) -> list[Piece]:
    """Return a piece moved as a whole, away from the input or, if negative, toward and past it."""
    high = None if piece.high is None else piece.high + away
    low = piece.low + away
    if at_least(low, 0):
        return [Piece(piece.side, low, high, piece.at(S - away) + weight, piece.layers)]
    passed, first = (-away).constant, piece.low.constant
    if passed is None or first is None:
        raise UnsolvedError(f"a shift by {away} moves {piece} past its input")
    result = [Piece(piece.side, poly(0), high, piece.at(S - away) + weight, piece.layers)]
    for k in range(int(first), int(passed)):
        if piece.high is None or at_least(piece.high, k):
            beyond = poly(int(passed) - k)
            result.append(
                Piece(-piece.side, beyond, beyond, piece.at(poly(k)) + weight, piece.layers)
            )
    return result
