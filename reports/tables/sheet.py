"""What a table says, before it has a format: rows of figures, columns of models, marks in cells.

A cell is a formula with its growth, its domain, its grade and its witnesses. A disagreement of
witnesses is part of the cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands.options import SIZES

if TYPE_CHECKING:
    from ...analysis.figures import Analysis, Comparison, Figure, Number, Value, Verdict

WITNESSES = ("derived", "measured", "run")
UNIT_TITLES = {
    "span": {
        "layer": "sequential operations",
        "tensor": "span in array operations",
        "scalar": "span at fan-in two",
        "unbounded": "span at any fan-in",
    },
    "path_length": {
        "layer": "path length in layers",
        "tensor": "path length in array operations",
    },
}
"""Figures that a comparison has in several units, with the title of each row."""

TRAINING_TITLES = {
    "work": "training work",
    "span": "sequential operations of training",
    "path_length": "gradient path in layers",
}
"""Figures of forward and backward pass together, with the title of each row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of several models."""

    key: str
    """Such as ``work`` or ``span-layer``, for anchors."""
    name: str
    """The name of the figure."""
    title: str
    cells: tuple[Figure | None, ...]

    @property
    def unit(self) -> str:
        """The unit of the figures, or nothing if none has one."""
        return next((f.unit for f in self.cells if f is not None and f.unit), "")

    @property
    def domain(self) -> str:
        """The domain that most formulas of the row share."""
        found = Counter(domain_of(f) for f in self.cells if f is not None and f.formula is not None)
        return found.most_common(1)[0][0] if found else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All figures of some models."""

    models: tuple[str, ...]
    rows: tuple[Row, ...]
    setting: str
    """The setting, in one line."""


def sheet_of(
    analyses: Sequence[Analysis],
    by_unit: Mapping[str, Mapping[str, Mapping[str, Figure]]] | None = None,
) -> Sheet:
    """Lay out analyses in the order of figures; figures by unit take the place of the one figure.

    Figures that no model has a row for are left out.
    """
    from ...analysis.figures import NAMES, TITLES

    rows: list[Row] = []
    for name in NAMES:
        units = (by_unit or {}).get(name)
        if units:
            rows += [
                _unit_row(name, unit, units[unit], analyses)
                for unit in UNIT_TITLES[name]
                if unit in units
            ]
            continue
        cells = tuple(a.figures.get(name) for a in analyses)
        if any(c is not None for c in cells):
            rows.append(Row(name, name, TITLES[name], cells))
    setting = analyses[0].setting.describe() if analyses else ""
    return Sheet(tuple(a.model for a in analyses), tuple(rows), setting)


def comparison_sheet(comparison: Comparison) -> Sheet:
    """Lay out a comparison."""
    sheet = sheet_of(
        comparison.analyses, {"span": comparison.spans, "path_length": comparison.paths}
    )
    training = tuple(
        Row(
            f"training-{name.replace('_', '-')}",
            name,
            TRAINING_TITLES[name],
            tuple(by_model.get(a.model) for a in comparison.analyses),
        )
        for name, by_model in comparison.training.items()
    )
    return Sheet(sheet.models, (*sheet.rows, *training), sheet.setting)


def figure_sheet(figure: Figure) -> Sheet:
    """Lay out a single figure."""
    row = Row(figure.name, figure.name, figure.title, (figure,))
    return Sheet(("",), (row,), figure.setting.describe())


def _unit_row(
    name: str, unit: str, by_model: Mapping[str, Figure], analyses: Sequence[Analysis]
) -> Row:
    cells = tuple(by_model.get(a.model) for a in analyses)
    return Row(f"{name.replace('_', '-')}-{unit}", name, UNIT_TITLES[name][unit], cells)


def formula_text(figure: Figure) -> str:
    """Return the formula, or why there is none."""
    if figure.formula is not None:
        return str(figure.formula)
    return f"none: {figure.reason}" if figure.reason else "none"


def domain_of(figure: Figure) -> str:
    """Return the sizes for which the formula holds, beyond that each is at least one."""
    parts = [p.strip() for p in figure.domain.split(" and ")]
    told = [p for p in parts if p not in {"", "always"} and not re.fullmatch(r"\w+ >= 1", p)]
    return " and ".join(told) if told else "all sizes"


def taken(figure: Figure) -> list[Value]:
    """Return the values at which any witness spoke."""
    return [v for v in figure.values if any(getattr(v, w) is not None for w in WITNESSES)]


def growth_text(figure: Figure) -> str:
    """Return the Theta class, or nothing if there is no formula."""
    return f"Theta({figure.theta})" if figure.theta and figure.formula is not None else ""


def witness_mark(figure: Figure, witness: str) -> str:
    """Say what a witness found: ``=``, ``!=``, ``only`` (nothing to compare with), or nothing."""
    taken = [v for v in figure.values if getattr(v, witness) is not None]
    if not taken:
        return ""
    others = [(getattr(v, witness), _others(v, witness)) for v in taken]
    if not any(rest for _, rest in others):
        return "only"
    return "=" if all(own == other for own, rest in others for other in rest) else "!="


def _others(value: Value, witness: str) -> list[Number]:
    found = [getattr(value, w) for w in WITNESSES if w != witness]
    return [v for v in found if v is not None]


def marks(figure: Figure) -> str:
    """Return the grade and the witnesses, such as ``proved, measured =, run =``."""
    parts = [figure.grade] if figure.grade else []
    for witness in ("measured", "run"):
        mark = witness_mark(figure, witness)
        if mark:
            parts.append(f"{witness} {mark}")
    return ", ".join(parts)


def short_marks(figure: Figure) -> str:
    """Return the same in letters: ``proved m= r=``."""
    return marks(figure).replace("measured ", "m").replace("run ", "r").replace(",", "")


def disagreements(figure: Figure) -> list[str]:
    """Return one line for each size at which witnesses differ."""
    return [
        f"WITNESSES DISAGREE at {at_text(v.at)}: "
        + ", ".join(
            f"{w} {number_text(getattr(v, w))}" for w in WITNESSES if getattr(v, w) is not None
        )
        for v in figure.values
        if v.agree is False
    ]


def at_text(at: Mapping[str, int]) -> str:
    """Return sizes as on the command line, the length first: ``n=64, d=32``."""
    names = sorted(at, key=lambda k: (SIZES.index(k) if k in SIZES else len(SIZES), k))
    return ", ".join(f"{k}={at[k]}" for k in names)


def number_text(value: Number | None) -> str:
    """Return a number for reading: whole numbers with separators, others to six digits."""
    from fractions import Fraction

    if value is None:
        return ""
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    if isinstance(value, Fraction) and exact.denominator < 1000:
        return f"{exact.numerator:,}/{exact.denominator:,}"
    return f"{float(value):.6g}"


def counts_text(sheet: Sheet) -> str:
    """Say how many cells are proved, fitted, measured and run."""
    cells = [f for row in sheet.rows for f in row.cells if f is not None]
    counts = {
        "proved": sum(f.grade == "proved" for f in cells),
        "fitted": sum(f.grade == "fitted" for f in cells),
        "measured": sum(witness_mark(f, "measured") != "" for f in cells),
        "run": sum(witness_mark(f, "run") != "" for f in cells),
    }
    loud = sum(f.agree is False for f in cells)
    told = ", ".join(f"{n} {name}" for name, n in counts.items())
    return f"{len(cells)} cells: {told}" + (f"; WITNESSES DISAGREE IN {loud}" if loud else "")


def source_text(verdict: Verdict) -> str:
    """Name the source of a claim; one that was written down from memory says so."""
    return verdict.source if verdict.verified else f"{verdict.source} (citation not verified)"


def reason_text(verdict: Verdict) -> str:
    """Say why, and what holds instead."""
    return (
        f"{verdict.reason}; instead: {verdict.corrected}" if verdict.corrected else verdict.reason
    )
