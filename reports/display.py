"""How results show themselves in a notebook: HTML, LaTeX and Markdown of any result."""

from __future__ import annotations

from typing import Any

from ..analysis.figures import Analysis, Comparison, Figure
from ..graphs.graph import Graph
from .notation.markup import Markup, element
from .tables.sheet import comparison_sheet, figure_sheet, sheet_of

LOUD = ".disagree { color: #b91c1c; font-weight: 700; } .quiet { opacity: 0.7; }"


def html_of(result: Any) -> str:
    """Return an HTML fragment.

    Parameters
    ----------
    result
        A Figure, an Analysis, a Comparison or a Graph.

    Raises
    ------
    TypeError
        For anything else.
    """
    from .notation.style import DRAWING
    from .pictures.draw import svg
    from .tables.details import story
    from .tables.html import figure_table

    match result:
        case Figure():
            table, note, style = figure_table(figure_sheet(result)), story(result), LOUD
        case Analysis():
            sheet = sheet_of([result])
            table, note, style = figure_table(sheet), f"Setting: {sheet.setting}.", LOUD
        case Comparison():
            sheet = comparison_sheet(result)
            table, note, style = figure_table(sheet), f"Setting: {sheet.setting}.", LOUD
        case Graph():
            table, note, style = Markup(svg(result, standalone=False)), result.doc, DRAWING
        case _:
            raise _unknown(result)
    return element("div", element("style", Markup(style)), table, element("p", note))


def latex_of(result: Any) -> str | None:
    """Return LaTeX: a formula or a table; None for a graph, which has a picture instead."""
    from .tables import latex

    match result:
        case Figure():
            return latex.figure_latex(result)
        case Analysis():
            return latex.analyses_latex([result])
        case Comparison():
            return latex.comparison_latex(result)
        case Graph():
            return None
    raise _unknown(result)


def markdown_of(result: Any) -> str:
    """Return Markdown: a line, a table, or a Mermaid drawing of a graph."""
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
    raise _unknown(result)


def register() -> None:
    """Give results the methods that notebooks look for: ``_repr_html_`` and its like.

    The classes know nothing of how they are shown, so that imports go one way.
    """
    for shown in (Figure, Analysis, Comparison, Graph):
        for name, function in _METHODS.items():
            setattr(shown, name, function)


_METHODS = {"_repr_html_": html_of, "_repr_latex_": latex_of, "_repr_markdown_": markdown_of}


def _unknown(result: object) -> TypeError:
    return TypeError(
        f"expected a Figure, Analysis, Comparison or Graph, got {type(result).__name__}"
    )
