"""HTML tables: figures, crossovers and claims; formulas are MathML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..notation.markup import Markup, element, slug
from ..notation.mathematics import mathml, mathml_terms
from .duels import FIXED, duels_of
from .ordering import VERDICTS, exact, row_values
from .sheet import Row, Sheet, at_text, disagreements, domain_of, marks

if TYPE_CHECKING:
    from ...analysis.figures import Crossover, Figure, Number, Verdict


@dataclass(frozen=True, slots=True)
class Keyed:
    """A cell with what it is sorted by: a whole number, a fraction, words, or nothing."""

    content: object
    key: str


def figure_table(sheet: Sheet, *, linked: bool = False) -> Markup:
    """Return the table of a sheet: figures in rows, models in columns.

    ``linked`` leads from each cell to its details on the same page.
    """
    by_row = "" if linked else None
    names = [element("th", m or "formula", scope="col", data_model=by_row) for m in sheet.models]
    head = element("thead", element("tr", element("th", "figure", scope="col"), *names))
    rows = [_row(row, sheet, linked) for row in sheet.rows]
    told = (
        [
            element(
                "caption",
                "Figures in rows, models in columns; marks lead to what stands behind a cell.",
            )
        ]
        if linked
        else []
    )
    kind = "sheet stacked sortable" if linked else "sheet"
    whole = element("table", *told, head, element("tbody", *rows), class_=kind)
    return element("div", whole, class_="wide")


def _row(row: Row, sheet: Sheet, linked: bool) -> Markup:
    unit = element("span", f" {row.unit}", class_="quiet") if row.unit else Markup("")
    at, values = row_values(row)
    cells = [_cell(row, k, sheet, value, linked) for k, value in enumerate(values)]
    told = at_text(at) if linked and at else None
    return element("tr", element("th", row.title, unit, scope="row"), *cells, data_at=told)


def _cell(row: Row, k: int, sheet: Sheet, value: Number | None, linked: bool) -> Markup:
    figure, label = row.cells[k], sheet.models[k]
    key = exact(value) if linked else None
    if figure is None:
        return element("td", "", data_label=label, data_sort=key)
    parts = [element("div", formula(figure))]
    if figure.formula is not None and figure.theta:
        growth = Markup(f"{element('span', 'Θ(')}{mathml(figure.theta)}{element('span', ')')}")
        told = domain(figure) if domain_of(figure) != "all sizes" else []
        parts.append(element("div", growth, *told, class_="quiet"))
    text = marks(figure) or ("details" if linked else "")
    marked = element("a", text, href=f"#{anchor(row, k)}") if linked else text
    parts.append(element("div", marked, class_=f"marks {figure.grade or ''}".strip()))
    parts += [element("div", line, class_="disagree") for line in disagreements(figure)]
    return element("td", *parts, data_label=label, data_sort=key)


def anchor(row: Row, k: int) -> str:
    """Return the id of a cell's details."""
    return f"{slug(row.key)}-{k + 1}"


def formula(figure: Figure) -> Markup:
    """Return the formula, or why there is none."""
    if figure.formula is not None:
        return Markup(mathml_terms(str(figure.formula)))
    text = f"none: {figure.reason}" if figure.reason else "none"
    return element("span", text, class_="quiet")


def domain(figure: Figure) -> list[Markup]:
    """Return the sizes for which a formula holds, as the end of a sentence."""
    return [Markup(f" for {mathml(domain_of(figure))}")]


def crossover_tables(crossovers: Sequence[Crossover]) -> list[Markup]:
    """Return who is cheaper where."""
    parts = []
    for duels in duels_of(crossovers):
        header = ("less", "than", *(f"{c}: exactly when" for c in duels.counted))
        rows = [(left, right, *(_condition(c) for c in conds)) for left, right, conds in duels.rows]
        parts.append(element("h3", f"Less {duels.figure}"))
        parts += [table(header, rows, kind="stacked")] if rows else []
        parts += [element("p", sentence) for sentence in duels.sentences]
    return parts


def _condition(text: str) -> Keyed:
    return Keyed(text if text in FIXED or not text else Markup(mathml(text)), text)


def verdict_table(verdicts: Sequence[Verdict]) -> Markup:
    """Return checked claims, with their evidence folded away."""
    rows = []
    for verdict in verdicts:
        listed = [element("li", line) for line in verdict.evidence]
        evidence = (
            element("details", element("summary", "evidence"), element("ul", *listed))
            if listed
            else Markup("")
        )
        reason = element("div", element("div", verdict.reason), evidence)
        rank = VERDICTS.index(verdict.verdict) if verdict.verdict in VERDICTS else len(VERDICTS)
        found = Keyed(element("strong", verdict.verdict, data_kind=verdict.verdict), str(rank))
        rows.append((verdict.statement, found, Keyed(reason, verdict.reason), verdict.source))
    header = ("claim", "verdict", "why", "source")
    return table(header, rows, caption="Claims that were checked", kind="stacked filtered")


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: bool = False,
    caption: str = "",
    kind: str = "",
) -> Markup:
    """Return a table that can be sorted.

    Parameters
    ----------
    header, rows
        Columns and cells; a cell may be :class:`Keyed`.
    numbers
        Whether all columns but the first are set to the right.
    caption, kind
        What stands above it, and a class of its own.
    """
    told = [element("caption", caption)] if caption else []
    head = element("thead", element("tr", *(element("th", h, scope="col") for h in header)))
    body = []
    for row in rows:
        labels = header if kind else [None] * len(row)
        cells = [
            _td(cell, "number" if numbers and k else None, label)
            for k, (cell, label) in enumerate(zip(row, labels, strict=True))
        ]
        body.append(element("tr", *cells))
    style = f"sortable {kind}".strip()
    whole = element("table", *told, head, element("tbody", *body), class_=style)
    return element("div", whole, class_="wide")


def _td(cell: object, style: str | None, label: str | None) -> Markup:
    content, key = (cell.content, cell.key) if isinstance(cell, Keyed) else (cell, None)
    return element("td", content, class_=style, data_sort=key, data_label=label)
