"""Content as nodes of docutils, which every builder of Sphinx can write."""

from __future__ import annotations

from collections.abc import Sequence

from docutils import nodes

from ..embedding.content import Cell, Console, Grid, Math
from ..notation.mathematics import latex
from .formulas import FORMULA


def inline(cell: Cell) -> list[nodes.Node]:
    """Return words, and formulas as mathematics."""
    return [_math(part) if isinstance(part, Math) else nodes.Text(part) for part in cell]


def _math(text: str) -> nodes.Node:
    written = latex(text)
    return nodes.math(written, written, **{FORMULA: str(text)})


def table(grid: Grid, caption: Sequence[nodes.Node] = ()) -> list[nodes.Element]:
    """Return a table, and a paragraph with its notes."""
    columns = len(grid.header)
    head = nodes.thead("", _row([(name,) for name in grid.header]))
    body = nodes.tbody("", *(_row(row) for row in grid.rows))
    widths = [nodes.colspec(colwidth=100 // columns) for _ in range(columns)]
    group = nodes.tgroup("", *widths, head, body, cols=columns)
    title = [nodes.title("", "", *caption)] if caption else []
    whole = nodes.table("", *title, group, classes=["workspan", "colwidths-auto"])
    notes = " ".join(grid.notes)
    return [whole, *([nodes.paragraph(notes, notes, classes=["workspan-notes"])] if notes else [])]


def _row(cells: Sequence[Cell]) -> nodes.Element:
    entries = [nodes.entry("", nodes.paragraph("", "", *inline(cell))) for cell in cells]
    return nodes.row("", *entries)


def console(content: Console) -> nodes.Element:
    """Return a command and what it prints."""
    text = content.text.rstrip("\n")
    return nodes.literal_block(text, text, language="console", classes=["workspan"])


def figure(cell: Cell) -> nodes.Element:
    """Return one figure on a line of its own."""
    if len(cell) == 1 and isinstance(cell[0], Math):
        written = latex(cell[0])
        block = {FORMULA: str(cell[0]), "nowrap": False, "number": None, "label": None}
        return nodes.math_block(written, written, **block)
    return nodes.paragraph("", "", *inline(cell))
