"""Pages as plain values, which stand beside a notebook's output and are read back by its book.

What is read back is data of somebody's notebook: it is checked, and nothing in it is run.

>>> page = (Inline(("work: ", Math("2*d"))),)
>>> record_of(page)
[{'cell': ['work: ', {'math': '2*d'}]}]
>>> page_from(record_of(page)) == page
True
>>> page_from([{"rows": 3}]) is None
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from ..embedding.content import Cell, Grid, Inline, Math
from ..tables.blocks import Heading, Lines, Verbatim
from .pages import Part


class Formula(msgspec.Struct, frozen=True):
    """A formula in Python syntax."""

    math: str


Words: TypeAlias = tuple[str | Formula, ...]


class Piece(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a page: a heading, lines, text as it is, a figure, or a table."""

    heading: str = ""
    lines: tuple[str, ...] = ()
    quiet: bool = False
    verbatim: str = ""
    cell: Words = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Words, ...], ...] = ()
    notes: tuple[str, ...] = ()


def record_of(page: Iterable[Part]) -> Any:
    """Return a page as lists, dictionaries and texts."""
    return msgspec.json.decode(msgspec.json.encode([_piece(part) for part in page]))


def page_from(record: Any) -> tuple[Part, ...] | None:
    """Return the page of a record; None if it is none."""
    try:
        pieces = msgspec.convert(record, list[Piece])
    except msgspec.ValidationError:
        return None
    if any(len(row) != len(p.header) for p in pieces for row in p.rows):
        return None
    return tuple(map(_part, pieces))


def _piece(part: Part) -> Piece:
    match part:
        case Heading(text):
            return Piece(heading=text)
        case Lines(texts, quiet):
            return Piece(lines=texts, quiet=quiet)
        case Verbatim(text):
            return Piece(verbatim=text)
        case Inline(cell):
            return Piece(cell=_words(cell))
        case Grid(header, rows, notes):
            cells = tuple(tuple(map(_words, row)) for row in rows)
            return Piece(header=header, rows=cells, notes=notes)


def _words(cell: Cell) -> Words:
    return tuple(Formula(str(p)) if isinstance(p, Math) else p for p in cell)


def _part(piece: Piece) -> Part:
    if piece.header:
        rows = tuple(tuple(map(_cell, row)) for row in piece.rows)
        return Grid(piece.header, rows, piece.notes)
    if piece.cell:
        return Inline(_cell(piece.cell))
    if piece.verbatim:
        return Verbatim(piece.verbatim)
    return Heading(piece.heading) if piece.heading else Lines(piece.lines, piece.quiet)


def _cell(words: Sequence[str | Formula]) -> Cell:
    return tuple(Math(w.math) if isinstance(w, Formula) else w for w in words)
