"""What is put between markers, before it has a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final


@final
class Math(str):
    """A formula or a condition in Python syntax, to be written as the format writes formulas."""

    __slots__ = ()


Cell: TypeAlias = tuple[str, ...]
"""Words, and formulas as :class:`Math`, one after the other."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: a row for each figure, a column for each model, and notes under it."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Console:
    """A command and what it prints."""

    text: str


@dataclass(frozen=True, slots=True)
class Inline:
    """One figure, within a line."""

    cell: Cell
    name: str = ""
    """Of a substitution, where the format has them."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a file beside the document."""

    file: str
    alt: str


Content: TypeAlias = Grid | Console | Inline | Image
