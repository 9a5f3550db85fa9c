"""Pages: one file that opens offline, with no link to anything outside.

The comparison comes first; every cell leads to its derivation and to the sizes at which it was
measured and run. Pictures are inline SVG; its scripts are inline too, and the page reads well
without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .experiment_summary import SUMMARY, summary_rows
from .notation.markup import Markup, element
from .notation.style import DRAWING, PAGE, PLOT
from .pictures.draw import DrawingError, svg
from .plot_section import plots_section
from .scripts import digest_of, script
from .tables.details import details
from .tables.html import crossover_tables, figure_table, table, verdict_table
from .tables.sheet import Sheet, comparison_sheet, counts_text, sheet_of

if TYPE_CHECKING:
    from ..analysis.experiments.judging import Outcome
    from ..analysis.figures import Analysis, Comparison, Verdict
    from ..graphs.graph import Graph

HINT = (
    "Every formula was derived from the model's graph. proved: a certificate was verified against "
    "the graph's own recurrences; fitted: interpolated exactly, and checked at sizes that it was "
    "not fitted to. measured: counted on the graph unrolled at concrete sizes; run: read off plain "
    "code while it ran. Sizes are whole numbers of at least 1."
)

SCRIPTS = ("status", "sorting", "filtering", "opening")
"""What a page runs, in this order."""


def comparison_page(
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
    *,
    title: str,
) -> str:
    """Return the report of a comparison."""
    sheet = comparison_sheet(comparison)
    body = _opening(sheet)
    if comparison.crossovers:
        tables = crossover_tables(comparison.crossovers)
        body.append(_section("crossovers", "Who is cheaper where", *tables))
    if verdicts:
        body.append(_section("claims", "Claims", verdict_table(verdicts)))
    if experiments:
        summary = table(SUMMARY, summary_rows(experiments))
        body.append(_section("experiments", "Experiments", summary))
    body.append(plots_section(comparison, sheet))
    return page(title, [*body, *_closing(sheet, comparison.analyses)])


def analyses_page(analyses: Sequence[Analysis], *, title: str) -> str:
    """Return the figures of some models, each by itself."""
    sheet = sheet_of(analyses)
    return page(title, [*_opening(sheet), *_closing(sheet, analyses)])


def page(title: str, body: Iterable[Markup]) -> str:
    """Return a whole document; its policy allows its own style and script and nothing else."""
    style, program = PAGE + DRAWING + PLOT, script(SCRIPTS)
    policy = (
        f"default-src 'none'; style-src {digest_of(style)}; script-src {digest_of(program)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )
    intro = (element("h1", title, id="top"), element("p", HINT, class_="quiet"))
    content = element("body", element("main", *intro, *body), element("script", program))
    return f"<!DOCTYPE html>\n{element('html', head, content, lang='en')}\n"


def _opening(sheet: Sheet) -> list[Markup]:
    return [
        element("p", f"{counts_text(sheet)}.", class_="counts"),
        element("p", f"Setting: {sheet.setting}.", class_="quiet"),
        _section("figures", "Figures", figure_table(sheet, linked=True)),
    ]


def _closing(sheet: Sheet, analyses: Sequence[Analysis]) -> list[Markup]:
    return [
        _section("graphs", "The graphs", *(_graph(a.graph) for a in analyses)),
        _section("cells", "Cell by cell", *details(sheet)),
    ]


def _section(name: str, title: str, *body: Markup) -> Markup:
    return element("section", element("h2", title), *body, id=name)


def _graph(graph: Graph) -> Markup:
    try:
        drawing = Markup(svg(graph, standalone=False))
    except DrawingError as error:
        drawing = element("p", error)
    caption = element("figcaption", graph.doc)
    return element("figure", element("div", drawing, class_="wide"), caption)
