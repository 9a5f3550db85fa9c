"""Flights of stairs: pieces of one form, one for each number of times that a window is crossed.

Where c windows of W positions reach c*W far at c times the cost, the shortest path over a distance
costs as many windows as it takes, ``ceil(distance/W)``. No single piece says so, because its cost
is affine; a flight has one piece ``0 <= s <= c_*W`` for each count c_ from 0 to the last. What is
checked of a piece is checked of all of them at once, with the count as a symbol.

>>> stairs = Piece(1, poly(0), poly("4*c_"), poly("3*c_ + 1"), last=poly("L"))
>>> str(stairs.single(2))
'7 for 0 <= s <= 8, s = i - j'
>>> str(height(stairs, poly("n - 1"), {}))
'3*min(L, ceil(n/4 - 1/4)) + 1'
>>> [str(count) for count, _ in counts(poly("L_"), {"L_": poly("1 + L_k_")})]
['0', '1', 'c_k_ + 2']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ....graphs.sizes import Poly, Sized, at_least, ceil_div, maximum, minimum, poly, size
from ..errors import ProofError
from .pieces import COUNT, DISTANCE, Given, Piece

MOST_COUNTS = 32
NEIGHBOURS = range(-2, 3)
ABOVE, REST = size(f"{COUNT}k_"), size(f"{COUNT}r_")


def singles(piece: Piece, given: Given) -> Iterator[tuple[Piece, Given, Poly | None]]:
    """Yield a piece, or cases that cover all pieces of a flight, with what each says of sizes.

    The last piece is a case of its own: what holds one step farther does not hold for it.
    """
    if piece.last is None:
        yield piece, given, None
        return
    yield piece.single(piece.last), given, piece.last
    for count, known in counts(piece.last - 1, given):
        yield piece.single(count), known, count


def counts(last: Poly, given: Given) -> Iterator[tuple[Poly, Given]]:
    """Yield cases that together cover all whole ``0 <= c_ <= last``, with what each says of sizes.

    The last count grows with some size t by a number for each. There are the counts that the least
    t allows, and there are all others, for which t is as large as it takes.

    Raises
    ------
    ProofError
        If the last count does not grow like that, or is no whole number.
    """
    inside = last.substitute(given)
    if any(c.denominator != 1 for c in inside.terms.values()):
        raise ProofError(f"no rule for counts up to {last}")
    number = inside.constant
    if number is not None:
        if number > MOST_COUNTS:
            raise ProofError(f"no rule for more than {MOST_COUNTS} counts, got {last}")
        yield from ((poly(k), given) for k in range(int(number) + 1))
        return
    name, slope = _growing(inside, given)
    least = poly(0 if name.endswith("_") else 1)
    first = inside.substitute({name: least})
    yield from counts(first, given)
    value = least + (1 + ABOVE + REST) / slope  # since slope*(t - least) >= c_ - first
    known: dict[str, Sized] = {k: poly(v).substitute({name: value}) for k, v in given.items()}
    known[name] = value
    yield first + 1 + ABOVE, known


def _growing(inside: Poly, given: Given) -> tuple[str, Poly]:
    """Return a size with which a count grows, and how many counts each makes."""
    for name in inside.sizes:
        slope = inside.substitute({name: size(name) + 1}) - inside
        if slope.constant is not None and at_least(slope, 1) and name not in given:
            return name, slope
    raise ProofError(f"no rule for counts up to {inside}")


def near(piece: Piece, count: Poly | None, given: Given) -> Iterator[Piece]:
    """Yield a piece, or those of a flight at its ends and around a count.

    Only those that are certain to be in the flight.
    """
    if piece.last is None:
        yield piece
        return
    beside = () if count is None else (count + k for k in NEIGHBOURS)
    for choice in dict.fromkeys((poly(0), poly(1), piece.last, piece.last - 1, *beside)):
        if at_least(choice, 0, given=given) and at_least(piece.last, choice, given=given):
            yield piece.single(choice)


def stairs(piece: Piece, given: Given) -> tuple[Poly, Poly, Poly]:
    """Return the end of the first piece of a flight, and how far and how high one step goes.

    Raises
    ------
    ProofError
        If it is no flight whose steps certainly go farther and never lower, from one beginning.
    """
    if piece.last is None or piece.high is None or piece.side == 0:
        raise ProofError(f"{piece}: expected a flight")
    first = piece.single(0)
    second = piece.single(1)
    assert first.high is not None
    assert second.high is not None
    width, rise = second.high - first.high, second.cost - first.cost
    even = piece.high == first.high + size(COUNT) * width
    steady = piece.cost == first.cost + size(COUNT) * rise
    fixed = COUNT not in piece.low.sizes and DISTANCE not in piece.cost.sizes
    if not (even and steady and fixed):
        raise ProofError(f"{piece}: its steps are not alike")
    if not (at_least(width, 1, given=given) and at_least(rise, 0, given=given)):
        raise ProofError(f"{piece}: its steps may go nowhere")
    return first.high, width, rise


def height(piece: Piece, distance: Poly, given: Given) -> Poly:
    """Return the least cost that a piece says of a distance; beyond a flight, that of its end.

    The fewest steps that reach a distance are ``ceil((distance - first)/width)``, at least none.
    """
    if piece.last is None:
        return piece.at(distance)
    first, width, rise = stairs(piece, given)
    beyond = maximum(_inside(distance, piece.single(piece.last).high) - first, 0)
    needed = beyond if width == 1 else ceil_div(beyond, width)
    return piece.single(0).cost + rise * minimum(piece.last, needed)


def least_heights(piece: Piece, distance: Poly, given: Given) -> Iterator[Poly]:
    """Yield costs that a piece does not say less than of a distance."""
    yield height(piece, distance, given)
    if piece.last is not None and at_least(piece.last, 1, given=given):
        first, _, _ = stairs(piece, given)
        if at_least(distance, first + 1, given=given):  # the first step does not go so far
            yield piece.single(1).cost


def _inside(distance: Poly, end: Poly | None) -> Poly:
    """Return x for ``min(x, end)``: beyond its end a flight costs what it costs there."""
    for atom in distance.atoms:
        if atom.kind == "min" and end in atom.args and distance == Poly({((atom, 1),): 1}):
            return next((Poly(a.terms) for a in atom.args if a != end), distance)
    return distance


def whole(piece: Piece, distance: Poly, given: Given) -> Piece:
    """Return a piece from above: a flight as one piece, at the cost of a distance.

    It is no less than what the flight says of all distances up to that one.
    """
    if piece.last is None:
        return piece
    cost = height(piece, distance, given)
    return replace(piece.single(piece.last), cost=cost)


def straight(piece: Piece, distance: Poly, given: Given) -> tuple[Poly, Poly, Poly]:
    """Return two costs of which the smaller is no more than a flight's at a distance.

    The first is that of its end. The second rises without steps; to need no quotient it is
    multiplied by the width of a step, which comes third.
    """
    first, width, rise = stairs(piece, given)
    start, last = piece.single(0).cost, piece.last or poly(0)
    return start + rise * last, start * width + rise * (distance - first), width
