"""The catalogue as people and programs read it."""

from __future__ import annotations

import inspect

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..graphs.models import CATALOGUE
from .notation.markup import code, markdown_escape
from .tables.records import SCHEMA, dumps
from .tables.text import Printer


def _rows() -> list[tuple[str, str, list[str]]]:
    """Name, first line of the docstring, and sizes that can be given, of every model."""
    rows = []
    for name, function in CATALOGUE.items():
        parameters = inspect.signature(function).parameters.values()
        options = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        rows.append((name, (inspect.getdoc(function) or "").partition("\n")[0], options))
    return rows


def catalogue_printer() -> Printer:
    """Print one line for each model."""

    def show(out: Console) -> None:
        grid = Table.grid(padding=(0, 2, 0, 0))
        for name, doc, options in _rows():
            sizes = f" (sizes {', '.join(options)})" if options else ""
            grid.add_row(Text(name, style="bold"), Text(doc) + Text(sizes, style="dim"))
        out.print(grid)

    return show


def catalogue_json() -> str:
    """Return the catalogue as JSON."""
    models = [
        {"model": name, "description": doc, "options": options} for name, doc, options in _rows()
    ]
    return dumps({"schema": SCHEMA, "models": models})


def catalogue_markdown() -> str:
    """Return the catalogue as a Markdown table."""
    lines = ["| model | description | sizes |", "| --- | --- | --- |"]
    lines += [f"| {code(n)} | {markdown_escape(d)} | {', '.join(o)} |" for n, d, o in _rows()]
    return "\n".join(lines) + "\n"
