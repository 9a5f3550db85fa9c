"""How results show themselves in a notebook, and in the books and papers made of notebooks.

A front end takes one of what a result offers. Jupyter, Quarto's and MyST-NB's web pages take HTML;
Quarto takes Markdown for everything else, and MyST-NB what stands beside the Markdown, which it
makes tables of. A graph is a picture.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..analysis.figures import Analysis, Comparison, Figure, Verdict, Verdicts
from ..graphs.graph import Graph
from .notation.markup import Markup, element, join
from .notation.style import SHOWN
from .tables.sheet import comparison_sheet, figure_sheet, sheet_of

if TYPE_CHECKING:
    from .notebooks.pages import Part

TABLES = {
    "figures": ("Figure", "Analysis", "Comparison", "Verdict", "Verdicts"),
    "advising.ranking": ("Advice",),
    "machines.predicting": ("Prediction",),
    "simulation.simulating": ("Simulation",),
}
"""The results that are text and tables, by the module of the analysis that has them."""


def html_of(result: Any) -> str:
    """Return an HTML fragment, whose style is for nothing but the fragment.

    Parameters
    ----------
    result
        A Figure, an Analysis, a Comparison, a Verdict or what ``check`` found, an Advice, a
        Prediction, a Simulation or a Graph.

    Raises
    ------
    TypeError
        For anything else.
    """
    from .notebooks.flat import flat
    from .notebooks.texts import html
    from .tables.details import story
    from .tables.html import figure_table, verdict_table

    match result:
        case Graph():
            return element("div", Markup(svg_of(result).partition("?>")[2].strip()))
        case Figure():
            parts = [figure_table(figure_sheet(result)), element("p", story(result))]
        case Analysis() | Comparison():
            sheet = sheet_of([result]) if isinstance(result, Analysis) else comparison_sheet(result)
            parts = [figure_table(sheet), element("p", f"Setting: {sheet.setting}.")]
        case Verdict():
            parts = [verdict_table([result])]
        case Verdicts():
            parts = [verdict_table(result)]
        case _:
            parts = [html(part) for part in _page(result)]
    # Quarto would make another table of it, without what is marked in its cells.
    shown = flat(join(parts)).replace("<table", '<table data-quarto-disable-processing="true"')
    return element("div", element("style", Markup(SHOWN)), Markup(shown), class_="workspan-shown")


def latex_of(result: Any) -> str | None:
    """Return LaTeX: a formula or tables; None for a graph, which has a picture instead."""
    from .notebooks import texts
    from .tables import latex

    match result:
        case Graph():
            return None
        case Figure():
            return latex.figure_latex(result)
        case Analysis():
            return latex.analyses_latex([result])
        case Comparison():
            return latex.comparison_latex(result)
    return texts.latex(_page(result))


def markdown_of(result: Any) -> str:
    """Return Markdown: a line, a table, or a Mermaid drawing of a graph."""
    from .notebooks import texts
    from .pictures.diagrams import mermaid
    from .tables import markdown

    match result:
        case Figure():
            return markdown.figure_markdown(result)
        case Analysis():
            return markdown.analyses_markdown([result])
        case Comparison():
            return markdown.comparison_markdown(result)
        case Graph():
            return f"```mermaid\n{mermaid(result)}```\n"
    return texts.markdown(_page(result))


def svg_of(graph: Graph) -> str:
    """Return the picture of a graph, on paper of its own."""
    from .notation.style import backed
    from .pictures.draw import svg

    return backed(svg(graph))


def register() -> None:
    """Give results the methods that notebooks look for: ``_repr_html_`` and its like.

    The classes know nothing of how they are shown, so that imports go one way. Those whose module
    was not imported get them when this is called again.
    """
    home = __name__.rpartition(".reports.")[0] + ".analysis"
    for module, names in TABLES.items():
        found = sys.modules.get(f"{home}.{module}")
        for name in names if found is not None else ():
            shown = getattr(found, name)
            shown._repr_html_ = html_of
            shown._repr_markdown_ = _repr_markdown
            shown._repr_mimebundle_ = _repr_mimebundle
            shown._repr_pretty_ = _repr_pretty
    Figure._repr_latex_ = _repr_latex  # type: ignore[attr-defined]
    Graph._repr_svg_ = _repr_svg  # type: ignore[attr-defined]
    Graph._repr_pdf_ = _repr_pdf  # type: ignore[attr-defined]
    Graph._repr_pretty_ = _repr_pretty  # type: ignore[attr-defined]


def _repr_latex(figure: Figure) -> str | None:
    """Return a formula, which all front ends take for mathematics; nothing else is LaTeX here."""
    return None if figure.formula is None else latex_of(figure)


def _repr_svg(graph: Graph) -> str | None:
    """Return the picture of a graph; None if it is too large for one."""
    from .pictures.draw import DrawingError

    try:
        return svg_of(graph)
    except DrawingError:
        return None


def _repr_pdf(graph: Graph) -> bytes | None:
    """Return the same for print, where Typst is installed."""
    from .typesetting import TypesettingError, picture_pdf

    drawing = _repr_svg(graph)
    try:
        return None if drawing is None else picture_pdf(drawing, graph.name)
    except TypesettingError:
        return None


def _repr_markdown(result: Any) -> str:
    """Return Markdown without headings, which would be those of the document around it."""
    from .notebooks.texts import markdown

    return markdown(_page(result))


def _repr_pretty(result: Any, printer: Any, cycle: bool) -> None:
    """Print what stands in a terminal, and where a front end takes nothing else."""
    if isinstance(result, Graph):
        printer.text(f"dependence graph of {result.name}, {len(result.equations)} equations")
        return
    from .notebooks.texts import markdown

    printer.text(markdown(_page(result), dollars=False).strip())


def _repr_mimebundle(
    result: Any, include: object = None, exclude: object = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the same, and beside it what a book makes its own tables of."""
    from .notebooks.records import record_of
    from .notebooks.texts import markdown

    page = _page(result)
    beside = {"text/markdown": {"workspan": record_of(page)}}
    return {"text/markdown": markdown(page)}, beside


def _page(result: Any) -> tuple[Part, ...]:
    from .notebooks.pages import page_of

    return page_of(result)
