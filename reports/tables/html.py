"""HTML tables: figures, crossovers and claims; formulas are MathML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..notation.markup import Markup, element, slug
from ..notation.mathematics import mathml, mathml_terms
from .duels import FIXED, duels_of
from .sheet import Row, Sheet, disagreements, domain_of, marks

if TYPE_CHECKING:
    from ...analysis.figures import Crossover, Figure, Verdict


def figure_table(sheet: Sheet, *, linked: bool = False) -> Markup:
    """Return the table of a sheet: figures in rows, models in columns.

    ``linked`` leads from each cell to its details on the same page.
    """
    names = [element("th", m or "formula", scope="col") for m in sheet.models]
    head = element("thead", element("tr", element("th", "figure", scope="col"), *names))
    rows = []
    for row in sheet.rows:
        unit = element("span", f" {row.unit}", class_="quiet") if row.unit else Markup("")
        cells = [_cell(row, k, sheet, linked) for k in range(len(sheet.models))]
        rows.append(element("tr", element("th", row.title, unit, scope="row"), *cells))
    whole = element("table", head, element("tbody", *rows), class_="sheet")
    return element("div", whole, class_="wide")


def _cell(row: Row, k: int, sheet: Sheet, linked: bool) -> Markup:
    figure, label = row.cells[k], sheet.models[k]
    if figure is None:
        return element("td", "", data_label=label)
    parts = [element("div", formula(figure))]
    if figure.formula is not None and figure.theta:
        growth = Markup(f"{element('span', 'Θ(')}{mathml(figure.theta)}{element('span', ')')}")
        told = domain(figure) if domain_of(figure) != "all sizes" else []
        parts.append(element("div", growth, *told, class_="quiet"))
    text = marks(figure) or ("details" if linked else "")
    marked = element("a", text, href=f"#{anchor(row, k)}") if linked else text
    parts.append(element("div", marked, class_=f"marks {figure.grade or ''}".strip()))
    parts += [element("div", line, class_="disagree") for line in disagreements(figure)]
    return element("td", *parts, data_label=label)


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
        parts += [table(header, rows)] if rows else []
        parts += [element("p", sentence) for sentence in duels.sentences]
    return parts


def _condition(text: str) -> str:
    return text if text in FIXED or not text else Markup(mathml(text))


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
        found = element("strong", verdict.verdict)
        rows.append((verdict.statement, found, reason, verdict.source))
    return table(("claim", "verdict", "why", "source"), rows)


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: bool = False
) -> Markup:
    """Return a table; ``numbers`` sets all columns but the first to the right."""
    head = element("thead", element("tr", *(element("th", h, scope="col") for h in header)))
    body = []
    for row in rows:
        kinds = [None, *["number" if numbers else None] * (len(row) - 1)]
        cells = [element("td", c, class_=kind) for c, kind in zip(row, kinds, strict=True)]
        body.append(element("tr", *cells))
    return element(
        "div", element("table", head, element("tbody", *body), class_="sortable"), class_="wide"
    )
