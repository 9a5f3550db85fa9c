"""Pieces: the adjoints of parts of an array, put together to the adjoint of the whole."""

from __future__ import annotations

from collections.abc import Iterable

from ..graph import Axis, Equation, Read
from ..primitives import Concatenate
from ..sizes import Number, Poly, poly
from ..tracer import Array
from .calculus import Differentiation, Piece


def gathered(m: Differentiation, pieces: Iterable[Piece]) -> list[Piece]:
    """Add up the adjoints of the same part, and order the parts by where they start."""
    found: dict[tuple[Poly, Poly], Piece] = {}
    for piece in pieces:
        key = (piece.start, _extent(piece))
        before = found.get(key)
        total = m.plus(None if before is None else before.adjoint, piece.adjoint)
        found[key] = Piece(total, piece.start)
    return sorted(found.values(), key=_start)


def joined(m: Differentiation, whole: Equation, pieces: Iterable[Piece]) -> list[Array]:
    """Return arrays of the whole's width whose sum has the pieces at their places.

    There is one array if no two pieces overlap; they overlap where an array was split twice.
    """
    rows: list[list[Piece]] = []
    for piece in pieces:
        row = next((r for r in rows if _end(r[-1]) <= _start(piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return [_row(m, whole, row) for row in rows]


def _row(m: Differentiation, whole: Equation, pieces: list[Piece]) -> Array:
    """Put pieces side by side, zeros where nothing was passed back."""
    lead, end, found = whole.features[:-1], poly(0), []
    for piece in [*pieces, None]:
        start = whole.features[-1].extent if piece is None else piece.start
        gap = start - end
        if gap != 0:
            axes = (*lead, Axis(str(gap), gap))
            found.append(m.zeros(axes))
        if piece is not None:
            found.append(piece.adjoint)
            end = start + _extent(piece)
    if len(found) == 1:
        return m.named(found[0], whole.features)
    reads = [Read(a.equation.name) for a in found]
    positions = m.merged(*found)
    return m.tracer.add("concatenate", Concatenate(), reads, positions, whole.features)


def _extent(piece: Piece) -> Poly:
    extent: Poly = piece.adjoint.axes[-1].extent
    return extent


def _start(piece: Piece) -> Number:
    """Compare starts where all sizes are one: parts of one array keep their order."""
    return piece.start.evaluate(**dict.fromkeys(piece.start.sizes, 1))


def _end(piece: Piece) -> Number:
    end = piece.start + _extent(piece)
    return end.evaluate(**dict.fromkeys(end.sizes, 1))
