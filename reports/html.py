"""HTML: one file that opens offline, with no script and no link to anything outside.

The comparison comes first; every cell leads to its derivation and to the sizes at which it was
measured and run. Formulas are MathML, pictures inline SVG.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .draw import STYLE as DRAWING_STYLE
from .draw import DrawingError, svg
from .duels import FIXED, duels_of
from .markup import Markup, element, join, slug
from .notation import mathml, mathml_terms
from .plots import plot, sizes_text
from .sheet import (
    Row,
    Sheet,
    at_text,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    figure_sheet,
    marks,
    number_text,
    sheet_of,
    taken,
    witness_mark,
)
from .style import STYLE

if TYPE_CHECKING:
    from ..analysis.figures import Analysis, Comparison, Crossover, Figure, Verdict
    from ..graphs.graph import Graph

HINT = (
    "Every formula was derived from the model's graph. proved: a certificate was verified against "
    "the graph's own recurrences; fitted: interpolated exactly, and checked at sizes that it was "
    "not fitted to. measured: counted on the graph unrolled at concrete sizes; run: read off plain "
    "code while it ran. Sizes are whole numbers of at least 1."
)


def comparison_page(comparison: Comparison, verdicts: Sequence[Verdict] = (), *, title: str) -> str:
    """Return the report of a comparison as a page."""
    sheet = comparison_sheet(comparison)
    body = [
        element("p", counts_text(sheet) + ".", class_="counts"),
        element("p", f"Setting: {sheet.setting}.", class_="quiet"),
        table(sheet, linked=True),
        _section("crossovers", "Who is cheaper where", *crossover_tables(comparison.crossovers))
        if comparison.crossovers
        else Markup(""),
        _section("claims", "Claims", verdict_table(verdicts)) if verdicts else Markup(""),
        _section("plots", "Growth", *_plots(sheet, comparison)),
        _section("graphs", "The graphs", *(_graph(a.graph) for a in comparison.analyses)),
        _section("cells", "Cell by cell", *_cells(sheet)),
    ]
    return page(title, body)


def analyses_page(analyses: Sequence[Analysis], *, title: str) -> str:
    """Return some analyses as a page."""
    sheet = sheet_of(analyses)
    body = [
        element("p", f"Setting: {sheet.setting}.", class_="quiet"),
        table(sheet, linked=True),
        _section("graphs", "The graphs", *(_graph(a.graph) for a in analyses)),
        _section("cells", "Cell by cell", *_cells(sheet)),
    ]
    return page(title, body)


def page(title: str, body: Iterable[Markup]) -> str:
    """Return a whole document."""
    style = STYLE + DRAWING_STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; style-src 'sha256-{digest}'",
        ),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )
    content = element(
        "main", element("h1", title, id="top"), element("p", HINT, class_="quiet"), *body
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', content), lang='en')}\n"


def table(sheet: Sheet, *, linked: bool = False) -> Markup:
    """Return the table of a sheet: figures in rows, models in columns."""
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
    parts = [element("div", _formula(figure))]
    if figure.formula is not None and figure.theta:
        growth = Markup(f"{element('span', 'Θ(')}{mathml(figure.theta)}{element('span', ')')}")
        domain = _domain(figure) if domain_of(figure) != "all sizes" else []
        parts.append(element("div", growth, *domain, class_="quiet"))
    marked = (
        element("a", marks(figure) or "details", href=f"#{_anchor(row, k)}")
        if linked
        else marks(figure)
    )
    parts.append(element("div", marked, class_=f"marks {figure.grade or ''}".strip()))
    parts += [element("div", line, class_="disagree") for line in disagreements(figure)]
    return element("td", *parts, data_label=label)


def _formula(figure: Figure) -> Markup:
    if figure.formula is None:
        return element(
            "span", f"none: {figure.reason}" if figure.reason else "none", class_="quiet"
        )
    return Markup(mathml_terms(str(figure.formula)))


def _domain(figure: Figure) -> list[Markup]:
    return [Markup(f" for {mathml(domain_of(figure))}")]


def _anchor(row: Row, k: int) -> str:
    return f"{slug(row.key)}-{k + 1}"


def _cells(sheet: Sheet) -> list[Markup]:
    """All cells, one part for each model."""
    parts = []
    for k, model in enumerate(sheet.models):
        found = [(row, row.cells[k]) for row in sheet.rows]
        details = [_details(row, k, model, f) for row, f in found if f is not None]
        parts.append(element("section", element("h3", model), *details))
    return parts


def _details(row: Row, k: int, model: str, figure: Figure) -> Markup:
    unit = f" ({figure.unit})" if figure.unit else ""
    parts = [
        element("h4", f"{model}: {row.title}{unit}"),
        element("p", _formula(figure), *(_domain(figure) if figure.formula is not None else [])),
        element("p", _story(figure), class_="quiet"),
        *(element("p", line, class_="disagree") for line in disagreements(figure)),
    ]
    if figure.growth:
        grows = [Markup(f"{mathml(s)}: Θ({mathml(g)})") for s, g in sorted(figure.growth.items())]
        parts.append(
            element("p", "With the other sizes fixed, it grows in ", join(grows, ", "), ".")
        )
    if figure.by_primitive:
        rows = [(p, Markup(mathml_terms(str(f)))) for p, f in sorted(figure.by_primitive.items())]
        parts.append(_table(("primitive", "share"), rows))
    if figure.steps:
        parts.append(element("ol", *(element("li", step) for step in figure.steps)))
    if figure.held_out:
        listed = "; ".join(at_text(at) for at in figure.held_out)
        parts.append(element("p", f"Checked at sizes that it was not fitted to: {listed}."))
    if taken(figure):
        parts.append(_values(figure))
    parts.append(element("p", element("a", "back to the table", href="#top")))
    return element("article", *parts, id=_anchor(row, k))


def _story(figure: Figure) -> str:
    said = {
        "=": "agrees",
        "!=": "DISAGREES",
        "only": "has nothing to be compared with",
        "": "was not taken",
    }
    witnesses = [f"{w}: {said[witness_mark(figure, w)]}" for w in ("measured", "run")]
    return (
        "; ".join([figure.grade or "no formula", *witnesses])
        + f". Setting: {figure.setting.describe()}."
    )


def _values(figure: Figure) -> Markup:
    rows = [
        (at_text(v.at), *(number_text(n) or "not taken" for n in (v.derived, v.measured, v.run)))
        for v in taken(figure)
    ]
    return _table(("sizes", "derived", "measured", "run"), rows, numbers=True)


def crossover_tables(crossovers: Sequence[Crossover]) -> list[Markup]:
    """Return who is cheaper where."""
    parts = []
    for duels in duels_of(crossovers):
        header = ("less", "than", *(f"{c}: exactly when" for c in duels.counted))
        rows = [(left, right, *(_condition(c) for c in conds)) for left, right, conds in duels.rows]
        parts.append(element("h3", f"Less {duels.figure}"))
        parts += [_table(header, rows)] if rows else []
        parts += [element("p", sentence) for sentence in duels.sentences]
    return parts


def _condition(text: str) -> str:
    return text if text in FIXED or not text else Markup(mathml(text))


def verdict_table(verdicts: Sequence[Verdict]) -> Markup:
    """Return checked claims."""
    rows = [
        (
            v.statement,
            element("strong", v.verdict),
            v.reason,
            join([element("div", e) for e in v.evidence]),
            v.source,
        )
        for v in verdicts
    ]
    return _table(("claim", "verdict", "reason", "evidence", "source"), rows)


def figure_fragment(figure: Figure) -> Markup:
    """Return one figure for a notebook."""
    return element("div", _table_style(), table(figure_sheet(figure)), element("p", _story(figure)))


def sheet_fragment(sheet: Sheet) -> Markup:
    """Return a table for a notebook."""
    return element("div", _table_style(), table(sheet), element("p", f"Setting: {sheet.setting}."))


def graph_fragment(graph: Graph) -> Markup:
    """Return a drawing for a notebook."""
    return element(
        "div", element("style", Markup(DRAWING_STYLE)), Markup(svg(graph, standalone=False))
    )


def _table_style() -> Markup:
    return element(
        "style", Markup(".disagree { color: #b91c1c; font-weight: 700; } .quiet { opacity: 0.7; }")
    )


def _plots(sheet: Sheet, comparison: Comparison) -> list[Markup]:
    parts = [
        element(
            "p", f"Sizes that do not vary: {sizes_text()}; n=1024 where d varies.", class_="quiet"
        )
    ]
    for row in sheet.rows:
        found = plot(row, sheet.models, comparison)
        if found is not None:
            notes = [element("div", line) for line in found.crossings]
            caption = element("figcaption", f"{row.title} over {found.along}", *notes)
            parts.append(
                element("figure", element("div", found.svg, class_="wide"), caption, class_="plot")
            )
    return parts


def _graph(graph: Graph) -> Markup:
    try:
        drawing = Markup(svg(graph, standalone=False))
    except DrawingError as error:
        drawing = element("p", error)
    return element(
        "figure", element("div", drawing, class_="wide"), element("figcaption", graph.doc)
    )


def _section(name: str, title: str, *body: Markup) -> Markup:
    return element("section", element("h2", title), *body, id=name)


def _table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: bool = False
) -> Markup:
    head = element("thead", element("tr", *(element("th", h, scope="col") for h in header)))
    body = [
        element(
            "tr",
            *(
                element("td", c, class_="number" if numbers and k else None)
                for k, c in enumerate(row)
            ),
        )
        for row in rows
    ]
    return element("div", element("table", head, element("tbody", *body)), class_="wide")
