"""CSV for other programs: a row for each figure, model and choice of sizes.

Formulas are text in Python syntax. Numbers are exact: whole ones have all of their digits, and a
fraction is written as one, such as ``7/3``. What was not taken is empty. Who is cheaper where is in
JSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ...analysis.figures import Value
from ...graphs.setting import CHOICES
from ..commands.options import SIZES
from .sheet import Sheet, comparison_sheet, sheet_of, taken

if TYPE_CHECKING:
    from ...analysis.figures import Analysis, Comparison, Figure, Number

FIGURE = ("model", "figure", "title")
SETTING = tuple(f"setting_{axis}" for axis in CHOICES)
FORMULA = ("formula", "domain", "growth")
WITNESSES = ("derived", "measured", "run")
TOLD = ("unit", "grade", "agree", "source", "reason")
"""Columns have the names that they have in a sweep."""


def analyses_csv(analyses: Sequence[Analysis]) -> str:
    """Return the figures of some models."""
    return _csv(sheet_of(analyses))


def comparison_csv(comparison: Comparison) -> str:
    """Return the figures of a comparison; who is cheaper where is no part of it."""
    return _csv(comparison_sheet(comparison))


def _csv(sheet: Sheet) -> str:
    cells = [
        (model, row, figure)
        for row in sheet.rows
        for model, figure in zip(sheet.models, row.cells, strict=True)
        if figure is not None
    ]
    used = {s for _, _, f in cells for v in taken(f) for s in v.at}
    sizes = [s for s in SIZES if s in used] + sorted(used - set(SIZES))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*FIGURE, *sizes, *SETTING, *FORMULA, *WITNESSES, *TOLD])
    for model, row, figure in cells:
        for value in taken(figure) or [Value({})]:
            writer.writerow([model, row.name, row.title, *_fields(figure, value, sizes)])
    return stream.getvalue()


def _fields(figure: Figure, value: Value, sizes: Sequence[str]) -> Iterator[object]:
    known = figure.formula is not None
    yield from (value.at.get(s, "") for s in sizes)
    yield from figure.setting.as_dict().values()
    yield from (figure.formula, figure.domain, figure.theta) if known else ("", "", "")
    yield from (exact_text(getattr(value, w)) for w in WITNESSES)
    agree = "" if value.agree is None else str(value.agree).lower()
    yield from (figure.unit, figure.grade or "", agree, value.source, figure.reason)


def exact_text(value: Number | None) -> str:
    """Return a number with nothing left off.

    >>> exact_text(Fraction(7, 3)), exact_text(10**20)
    ('7/3', '100000000000000000000')
    """
    if value is None:
        return ""
    return str(value) if isinstance(value, int | Fraction) else repr(value)
