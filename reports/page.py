"""Pages: one file that opens offline, with no link to anything outside.

The comparison comes first; every cell leads to its derivation and to the sizes at which it was
measured and run. Pictures are inline SVG; its scripts are inline too, and the page reads well
without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from . import explorer
from .experiment_summary import SUMMARY, summary_rows
from .notation.markup import Markup, element
from .notation.style import CONES, DRAWING, PAGE, PLOT
from .pictures.draw import DrawingError, svg
from .pictures.unrolled import unrolled_svg
from .plotting.section import plots_section
from .scripts import digest_of, script
from .sections import Section, contents, section
from .tables.details import details
from .tables.html import crossover_tables, figure_table, table, verdict_table
from .tables.sheet import Sheet, comparison_sheet, counts_text, sheet_of

if TYPE_CHECKING:
    from ..analysis.experiments.judging import Outcome
    from ..analysis.figures import Analysis, Comparison, Verdict

HINT = (
    "Every formula was derived from the model's graph. proved: a certificate was verified against "
    "the graph's own recurrences; fitted: interpolated exactly, and checked at sizes that it was "
    "not fitted to. measured: counted on the graph unrolled at concrete sizes; run: read off plain "
    "code while it ran. Sizes are whole numbers of at least 1."
)

TIME = (
    "Every task begins as early as what it waits for allows; the critical path is bold. The title "
    "of a mark names its operations; the derivation of the span names them all."
)

SCRIPTS = ("status", "sorting", "filtering", "opening", *explorer.SCRIPTS)
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
    explored = explorer.explorer(comparison)
    body = [*_opening(sheet), *([] if explored is None else [explored])]
    if comparison.crossovers:
        tables = crossover_tables(comparison.crossovers)
        body.append(section("crossovers", "Who is cheaper where", *tables))
    if verdicts:
        body.append(section("claims", "Claims", verdict_table(verdicts)))
    if experiments:
        summary = table(SUMMARY, summary_rows(experiments), kind="stacked")
        body.append(section("experiments", "Experiments", summary))
    body.append(plots_section(comparison, sheet))
    return page(title, [*body, *_closing(sheet, comparison.analyses)])


def analyses_page(analyses: Sequence[Analysis], *, title: str) -> str:
    """Return the figures of some models, each by itself."""
    sheet = sheet_of(analyses)
    return page(title, [*_opening(sheet), *_closing(sheet, analyses)])


def page(title: str, body: Iterable[Markup | Section]) -> str:
    """Return a whole document; its policy allows its own style and script and nothing else."""
    style = PAGE + DRAWING + PLOT + CONES + explorer.EXPLORE
    program = script(SCRIPTS)
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
    parts = list(body)
    sections = [part for part in parts if isinstance(part, Section)]
    content = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", element("h1", title), element("p", HINT, class_="quiet")),
        *([contents(sections)] if len(sections) > 1 else []),
        element("main", *(p.shown() if isinstance(p, Section) else p for p in parts), id="content"),
        element("script", program),
    )
    return f"<!DOCTYPE html>\n{element('html', head, content, lang='en')}\n"


def _opening(sheet: Sheet) -> list[Markup | Section]:
    return [
        element("p", f"{counts_text(sheet)}.", class_="counts"),
        element("p", f"Setting: {sheet.setting}.", class_="quiet"),
        section("figures", "Figures", figure_table(sheet, linked=True)),
    ]


def _closing(sheet: Sheet, analyses: Sequence[Analysis]) -> list[Markup | Section]:
    return [
        section("graphs", "The graphs", *(_graph(a) for a in analyses)),
        section("cells", "Cell by cell", *details(sheet)),
    ]


def _graph(analysis: Analysis) -> Markup:
    """Draw what a model is, and below it what happens in time."""
    graph = analysis.graph
    try:
        drawing = Markup(svg(graph, standalone=False))
    except DrawingError as error:
        drawing = element("p", error)
    # What may be wider than the page is scrolled with the keyboard too.
    shown = element(
        "div", drawing, class_="wide", tabindex=0, role="group", aria_label=f"graph of {graph.name}"
    )
    folded = element("figure", shown, element("figcaption", graph.doc))
    in_time = element("div", _in_time(analysis), class_="wide")
    unrolled = element("figure", in_time, element("figcaption", TIME))
    return element("section", element("h3", graph.name), folded, unrolled)


def _in_time(analysis: Analysis) -> Markup:
    """Draw a model in time, at few positions if there would be too much to draw at more."""
    said = ""
    for sizes in ({}, {"n": 4}):
        try:
            return Markup(unrolled_svg(analysis.graph, analysis.setting, sizes, standalone=False))
        except ValueError as error:
            said = said or str(error)
    return element("p", said, class_="quiet")
