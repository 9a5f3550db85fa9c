"""Pages of headings, paragraphs and tables, printed to a terminal or as Markdown.

>>> page = [Heading("Who fits"), Table(("model", "bytes"), (("lstm", "4 kB"),)), Lines(("a note",))]
>>> print(markdown_of(page))
## Who fits
<BLANKLINE>
| model | bytes |
| --- | --- |
| lstm | 4 kB |
<BLANKLINE>
a note
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .markup import markdown_escape

if TYPE_CHECKING:
    from rich.console import Console

    from .text import Printer


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, each on a line of its own."""

    texts: tuple[str, ...]
    quiet: bool = False
    """Whether they are an aside."""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text whose columns matter."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    """Columns that are aligned on the right."""
    whole: frozenset[int] = frozenset()
    """Columns whose cells stay on one line."""


Block: TypeAlias = Heading | Lines | Verbatim | Table


def printer_of(blocks: Iterable[Block]) -> Printer:
    """Return what prints a page to a terminal."""
    made = tuple(blocks)

    def show(out: Console) -> None:
        for block in made:
            _show(out, block)

    return show


def _show(out: Console, block: Block) -> None:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    if isinstance(block, Heading):
        out.print()
        out.print(Text(block.text, style="bold"))
    elif isinstance(block, Lines):
        for text in block.texts:
            style = "dim" if block.quiet else ""
            out.print(Padding(Text(text, style=style), (0, 0, 0, block.indent)))
    elif isinstance(block, Verbatim):
        out.print(Text(block.text))
    else:
        grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for k, name in enumerate(block.header):
            side: Literal["left", "right"] = "right" if k in block.numbers else "left"
            grid.add_column(name, justify=side, overflow="fold", no_wrap=k in block.whole)
        for row in block.rows:
            grid.add_row(*(Text(cell) for cell in row))
        out.print(grid)


def markdown_of(blocks: Iterable[Block]) -> str:
    """Return a page as Markdown."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {markdown_escape(block.text)}"
    if isinstance(block, Lines):
        return "  \n".join(markdown_escape(text) for text in block.texts)
    if isinstance(block, Verbatim):
        return f"```text\n{block.text}\n```"
    return "\n".join(_pipes(block))


def _pipes(block: Table) -> Sequence[str]:
    marks = ["---:" if k in block.numbers else "---" for k in range(len(block.header))]
    lines = [block.header, marks, *([markdown_escape(c) for c in row] for row in block.rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]
