"""Results in notebooks that MyST-NB puts into pages: tables and mathematics, whatever is built.

MyST-NB takes the HTML of a result for web pages, and for LaTeX and text its Markdown, in which it
knows no tables. What stands beside the Markdown is made nodes of here instead. The entry point
``myst_nb.mime_renderers`` tells MyST-NB of it wherever workspan is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

from docutils import nodes

from ..embedding.content import Console, Grid, Inline
from ..notebooks.pages import Part
from ..notebooks.records import page_from
from ..tables.blocks import Heading, Lines, Verbatim
from .nodes import console, inline, table

MARKDOWN = "text/markdown"


@final
class Renderer:
    """What MyST-NB asks first, for each output of a notebook."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = ()

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the nodes of a result; None for what is none, which MyST-NB shows as ever."""
        beside = data.output_metadata.get(MARKDOWN)
        if inline or data.mime_type != MARKDOWN or not isinstance(beside, dict):
            return None
        page = page_from(beside.get("workspan"))
        return None if page is None else [node for part in page for node in nodes_of(part)]


def nodes_of(part: Part) -> list[nodes.Element]:
    """Return a part of a page as nodes."""
    match part:
        case Heading(text):
            return [nodes.paragraph("", "", nodes.strong(text, text))]
        case Lines(texts):
            lines = [nodes.line(text, text) for text in texts]
            return [nodes.line_block("", *lines)]
        case Verbatim(text):
            return [console(Console(text))]
        case Inline(cell):
            return [nodes.paragraph("", "", *inline(cell))]
        case Grid():
            return table(part)
