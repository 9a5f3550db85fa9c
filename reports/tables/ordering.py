"""By what tables are put in order: exact numbers, and values of a row at sizes that all share.

>>> exact(Fraction(7, 2)), exact(3), exact(None)
('7/2', '3', '')
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from .sheet import Row, taken

if TYPE_CHECKING:
    from ...analysis.figures import Figure, Number, Value

VERDICTS = ("proved", "confirmed", "conditional", "refuted", "out of reach")
"""From what holds to what is not known."""


def exact(number: Number | None) -> str:
    """Return a number as a whole number or a fraction, and nothing for none."""
    return "" if number is None else str(Fraction(number))


def value_of(value: Value) -> Number | None:
    """Return what the witnesses say, the one that counted before the formula."""
    found = (value.measured, value.derived, value.run)
    return next((n for n in found if n is not None), None)


def row_values(row: Row) -> tuple[Mapping[str, int], tuple[Number | None, ...]]:
    """Return a row's values at sizes that do not contradict each other.

    Every choice of sizes at which some cell was taken is tried, the last first; cells with further
    sizes (a window, a kernel) add them. The choice at which most cells have a value is taken.

    Returns
    -------
    tuple
        The sizes, none if no cell was taken anywhere, and a value for each cell.
    """
    starts = [v.at for c in row.cells if c is not None for v in reversed(taken(c))]
    found = [_values_at(row, start) for start in starts]
    none: tuple[Number | None, ...] = (None,) * len(row.cells)
    return max(found, key=lambda f: sum(v is not None for v in f[1]), default=({}, none))


def _values_at(
    row: Row, start: Mapping[str, int]
) -> tuple[Mapping[str, int], tuple[Number | None, ...]]:
    at = dict(start)
    values = []
    for figure in row.cells:
        value = None if figure is None else _fitting(figure, at)
        if value is not None:
            at.update(value.at)
        values.append(None if value is None else value_of(value))
    return at, tuple(values)


def _fitting(figure: Figure, at: Mapping[str, int]) -> Value | None:
    """Return the last value whose sizes agree with these, as far as they are the same ones."""
    fitting = [v for v in taken(figure) if all(at.get(k, s) == s for k, s in v.at.items())]
    return fitting[-1] if fitting else None
