r"""How content is written in each format of documents.

>>> WRITERS["markdown"].write(Inline((Math("16*d**2*n"), " flop")))
'`16*d**2*n` flop'
>>> WRITERS["latex"].write(Inline((Math("16*d**2*n"), " flop")))
'$16 d^{2} n$ flop'
>>> WRITERS["rst"].write(Inline((Math("16*d**2*n"),), "lstm-work"))
'.. |lstm-work| replace:: ``16*d**2*n``'
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, final

from ..notation.markup import (
    Markup,
    code,
    element,
    escape,
    markdown_escape,
    printable,
)
from ..notation.mathematics import latex, mathml_terms, typst_text
from ..tables.html import table
from ..tables.latex import LATEX
from ..tables.markdown import pipe_table
from ..tables.typeset import Rows, Typesetter
from ..tables.typst import TYPST
from .content import Cell, Console, Content, Grid, Image, Inline, Math
from .errors import EmbeddingError


class Writer(ABC):
    """One format: how it writes words, formulas, and the four kinds of content."""

    substitution: ClassVar[str] = ""
    """How a figure gets a name that stands for it, where the format has that."""

    def __init__(self, *forbidden: str) -> None:
        self.forbidden = forbidden
        """What must not appear where the text stands."""

    def write(self, content: Content) -> str:
        """Return content without an end of line after it; lines are parted by line feeds.

        Raises
        ------
        EmbeddingError
            If something is written that must not appear.
        """
        match content:
            case Grid():
                written = self.grid(content).rstrip("\n")
            case Console():
                written = self.console(content.text.rstrip("\n"))
            case Image():
                written = self.image(content)
            case Inline(cell, name):
                written = self.cell(cell)
                if name and self.substitution:
                    written = self.substitution.format(name=name, figure=written)
        wrong = next((text for text in self.forbidden if text in written), None)
        if wrong is not None:
            raise EmbeddingError(f"expected text without {wrong} here, got {written[:60]!r}")
        return written

    def cell(self, cell: Cell) -> str:
        """Return the parts of a cell, one after the other."""
        return "".join(self.math(p) if isinstance(p, Math) else self.words(p) for p in cell)

    @abstractmethod
    def words(self, text: str) -> str:
        """Escape text."""

    @abstractmethod
    def math(self, text: str) -> str:
        """Write a formula."""

    @abstractmethod
    def grid(self, grid: Grid) -> str:
        """Write a table."""

    @abstractmethod
    def console(self, text: str) -> str:
        """Write text whose columns matter."""

    @abstractmethod
    def image(self, image: Image) -> str:
        """Refer to a picture."""


@final
class _Markdown(Writer):
    def __init__(self, *forbidden: str, fence: str = "```", dollars: bool = False) -> None:
        super().__init__(*forbidden)
        self.fence = fence
        self.dollars = dollars
        """Whether formulas are mathematics between dollar signs, and not code."""

    def words(self, text: str) -> str:
        return markdown_escape(text).replace("\\(", "(").replace("\\)", ")")

    def math(self, text: str) -> str:
        return f"${latex(text)}$" if self.dollars else code(text)

    def grid(self, grid: Grid) -> str:
        rows = [[self.cell(c) for c in row] for row in grid.rows]
        written = pipe_table([self.words(h) for h in grid.header], rows)
        return "\n".join([written, *map(self.words, grid.notes)])

    def console(self, text: str) -> str:
        return f"{self.fence}console\n{text}\n{self.fence}"

    def image(self, image: Image) -> str:
        return f"![{self.words(image.alt)}]({image.file})"


@final
class _Rest(Writer):
    substitution = ".. |{name}| replace:: {figure}"

    def words(self, text: str) -> str:
        return re.sub(r"([\\*`|]|_(?!\w))", r"\\\1", printable(text))

    def math(self, text: str) -> str:
        return f"``{text}``"

    def grid(self, grid: Grid) -> str:
        lines = [".. list-table::", "   :header-rows: 1", ""]
        header = [(name,) for name in grid.header]
        for row in (header, *grid.rows):
            cells = [self.cell(c) for c in row]
            lines += [f"   {'*' if k == 0 else ' '} - {c}".rstrip() for k, c in enumerate(cells)]
        return "\n".join([*lines, "", *map(self.words, grid.notes)])

    def console(self, text: str) -> str:
        body = "\n".join(f"   {line}".rstrip() for line in text.split("\n"))
        return f".. code-block:: console\n\n{body}"

    def image(self, image: Image) -> str:
        return f".. image:: {image.file}\n   :alt: {self.words(image.alt)}"


class _Paper(Writer):
    """As tables for papers are written."""

    notation: ClassVar[Typesetter]

    def words(self, text: str) -> str:
        return self.notation.text(text)

    def math(self, text: str) -> str:
        return self.notation.math(text)

    def grid(self, grid: Grid) -> str:
        rows = Rows(tuple(tuple(map(self.cell, row)) for row in grid.rows))
        table = self.notation.table(grid.header, [rows], [1] * len(grid.header))
        return f"{table}\n{self.notation.paragraph(list(map(self.words, grid.notes)))}"


@final
class _Latex(_Paper):
    notation = LATEX

    def console(self, text: str) -> str:
        # TeX's verbatim knows no lines drawn with characters.
        plain = text.replace("\u2500", "-")
        return f"\\begin{{verbatim}}\n{plain}\n\\end{{verbatim}}"

    def image(self, image: Image) -> str:
        name = image.file.removesuffix(".svg")
        command = "includegraphics" if name == image.file else "includesvg"
        return f"\\noindent\\{command}[width=\\linewidth]{{{name}}}"


@final
class _Typst(_Paper):
    notation = TYPST

    def console(self, text: str) -> str:
        return f"```console\n{text}\n```"

    def image(self, image: Image) -> str:
        return f'#image("{image.file}", alt: {typst_text(image.alt)})'


@final
class _HTML(Writer):
    def words(self, text: str) -> str:
        return escape(text)

    def math(self, text: str) -> str:
        return mathml_terms(text)

    def grid(self, grid: Grid) -> str:
        rows = [[Markup(self.cell(c)) for c in row] for row in grid.rows]
        return "\n".join([table(grid.header, rows), *(element("p", n) for n in grid.notes)])

    def console(self, text: str) -> str:
        return element("pre", text)

    def image(self, image: Image) -> str:
        return element("img", src=image.file, alt=image.alt).removesuffix("</img>")


WRITERS: Mapping[str, Writer] = {
    "markdown": _Markdown(),
    # What stands in a fence does not end it.
    "markdown in a fence": _Markdown(fence="~~~"),
    "markdown with mathematics": _Markdown(dollars=True),
    "rst": _Rest(),
    # In a docstring a backslash means something, and quotes end it.
    "python": _Rest("\\", '"""', "'''"),
    "latex": _Latex(),
    "typst": _Typst(),
    "html": _HTML(),
}
