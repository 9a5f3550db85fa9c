"""Pieces of the first layers of a stack, continued to any layer.

What is the same at each layer, or grows by a constant, is continued as it is. Where each layer adds
a piece, as far from the one before as that one is from its own, they are a flight of stairs.

>>> step = Piece(1, poly(0), poly(0), poly(0))
>>> course = [tuple(replace(step, high=poly(4 * c), cost=poly(c)) for c in range(k + 1)) for k in range(4)]
>>> [str(p) for p in along_layers(course, "L", "x")]
['c for 0 <= s <= 4*c, s = i - j, c = 0, ..., L_']
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...graphs.sizes import Poly, at_least, poly, power, size
from ..proofs.paths.pieces import COUNT, DISTANCE, Piece
from ..solving import UnsolvedError, continued, geometric

Pieces = tuple[Piece, ...]
C = size(COUNT)
SAMPLE = 1009
"""A value for all sizes, to put intervals in order."""


def along_layers(course: Sequence[Pieces], axis: str, name: str) -> Pieces:
    """Continue the pieces of the first layers to any layer.

    Raises
    ------
    UnsolvedError
        If neither the pieces settle nor they become flights.
    """
    symbol = size(f"{axis}_")
    if len({len(c) for c in course[1:]}) == 1:
        later = zip(*course[1:], strict=True)
        found = [_continued_piece(tail, symbol, axis, name) for tail in later]
    else:
        found = _flights(course[1:], symbol, axis, name)
    return _with_first(course[0], found, axis)


def _with_first(first: Pieces, found: Sequence[Piece], axis: str) -> Pieces:
    """Limit what does not hold at the first layer to the later ones, and the other way round."""
    start = [_each(piece.fixed({f"{axis}_": 0})) for piece in found]
    wanted = {_shape(p) for p in first}
    tails = [
        p if at_first <= wanted else p.limited(axis, (1, None))
        for p, at_first in zip(found, start, strict=True)
    ]
    held = {shape for at_first in start if at_first <= wanted for shape in at_first}
    heads = [p.limited(axis, (0, 0)) for p in first if _shape(p) not in held]
    return (*heads, *tails)


def _each(piece: Piece) -> set[tuple[object, ...]]:
    """Return the shapes of a piece, or of all pieces of a flight that are not empty."""
    if piece.last is None:
        return {_shape(piece)}
    number = piece.last.constant
    if number is None:
        return {_shape(piece)}
    singles = [piece.single(k) for k in range(int(number) + 1)]
    return {_shape(p) for p in singles if p.high is None or not at_least(p.low - 1, p.high)}


def _shape(piece: Piece) -> tuple[object, ...]:
    cost = piece.at(piece.low) if piece.high == piece.low else piece.cost
    return piece.side, piece.low, piece.high, cost, piece.last


def _continued_piece(tail: Sequence[Piece], symbol: Poly, axis: str, name: str) -> Piece:
    first = tail[0]
    if any(_kind(p) != _kind(first) for p in tail):
        raise UnsolvedError(f"{name}: its pieces do not settle along {axis}")
    grow = functools.partial(_grown, step=symbol - 1, what=f"{name} along {axis}")
    tail = [_sloped(p, tail[-1].slope) for p in tail]
    lasts = [p.last for p in tail if p.last is not None]
    return Piece(
        first.side,
        grow([p.low for p in tail]),
        None if first.high is None else grow([p.high or poly(0) for p in tail]),
        grow([p.cost for p in tail]),
        first.layers,
        grow(lasts) if lasts else None,
    )


def _sloped(piece: Piece, slope: Poly) -> Piece:
    """Write what a single distance costs as a cost with a slope."""
    if piece.high != piece.low or slope == 0:
        return piece
    return replace(piece, cost=piece.at(piece.low) + slope * (size(DISTANCE) - piece.low))


def _kind(piece: Piece) -> tuple[object, ...]:
    return piece.side, piece.layers, piece.high is None, piece.last is None


def _grown(values: Sequence[Poly], step: Poly, what: str) -> Poly:
    try:
        return continued([(v,) for v in values], step, what)[0]
    except UnsolvedError:
        last = len(values) - 1
        found = geometric(values, lambda ratio: power(ratio, step - last))
        if found is None:
            raise
        return found


# --- flights --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Pieces of one layer, each as far from the one before as that one from its own."""

    first: Piece
    length: int
    width: Poly | None = None
    rise: Poly | None = None

    def takes(self, piece: Piece) -> bool:
        """Whether a piece is the next one."""
        assert self.first.high is not None
        assert piece.high is not None
        if (piece.side, piece.low) != (self.first.side, self.first.low):
            return False
        if self.width is None or self.rise is None:
            return True
        steps = (
            self.first.high + self.length * self.width,
            self.first.cost + self.length * self.rise,
        )
        return (piece.high, piece.cost) == steps

    def with_next(self, piece: Piece) -> _Run:
        """Add a piece."""
        assert self.first.high is not None
        assert piece.high is not None
        if self.width is None:
            width, rise = piece.high - self.first.high, piece.cost - self.first.cost
            return _Run(self.first, 2, width, rise)
        return replace(self, length=self.length + 1)


def _flights(course: Sequence[Pieces], symbol: Poly, axis: str, name: str) -> list[Piece]:
    """Continue what settles, and make flights of the rest."""
    unsettled = UnsolvedError(f"{name}: its pieces do not settle along {axis}")
    steady = [[p for p in pieces if not _is_step(p)] for pieces in course]
    runs = [_runs([p for p in pieces if _is_step(p)]) for pieces in course]
    if len({len(s) for s in steady}) != 1 or len({len(r) for r in runs}) != 1:
        raise unsettled
    found = [_continued_piece(tail, symbol, axis, name) for tail in zip(*steady, strict=True)]
    for tail in zip(*runs, strict=True):
        first = _continued_piece([run.first for run in tail], symbol, axis, name)
        lengths = _grown([poly(r.length) for r in tail], symbol - 1, f"{name} along {axis}")
        width, rise = tail[-1].width, tail[-1].rise
        if any(r.width not in {None, width} or r.rise not in {None, rise} for r in tail):
            raise unsettled
        if width is None or rise is None or first.high is None:
            found.append(first)
            continue
        flight = replace(
            first, high=first.high + C * width, cost=first.cost + C * rise, last=lengths - 1
        )
        found.append(_from_nothing(flight, width, rise))
    return found


def _is_step(piece: Piece) -> bool:
    return (
        piece.side != 0
        and piece.high is not None
        and piece.last is None
        and not piece.layers
        and DISTANCE not in piece.cost.sizes
    )


def _runs(pieces: Sequence[Piece]) -> list[_Run]:
    """Cut pieces, in the order in which they end, into runs with equal steps."""
    runs: list[_Run] = []
    for piece in sorted(pieces, key=_place):
        if runs and runs[-1].takes(piece):
            runs[-1] = runs[-1].with_next(piece)
        else:
            runs.append(_Run(piece, 1))
    return runs


def _place(piece: Piece) -> tuple[object, ...]:
    """Order intervals by where they end, at a sample of sizes."""
    ends = [piece.low, piece.high or poly(0)]
    return piece.side, *(end.evaluate(**dict.fromkeys(end.sizes, SAMPLE)) for end in ends)


def _from_nothing(flight: Piece, width: Poly, rise: Poly) -> Piece:
    """Begin a flight with a piece of no distance, if that is what comes before its first."""
    assert flight.high is not None
    assert flight.last is not None
    if flight.single(0).high != flight.low - 1 + width:
        return flight
    return replace(flight, high=flight.high - width, cost=flight.cost - rise, last=flight.last + 1)
