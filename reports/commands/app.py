"""What all commands share: the app that they are commands of, formats, exit codes, printing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from ..tables.text import Printer

FINE, FAILED = 0, 1
"""Exit codes: all checks hold, or one does not."""


def format_of(*allowed: str) -> Parameter:
    """Return the option that says in which format to print."""
    return Parameter(name="--format", help=f"One of {', '.join(allowed)}.")


def named_format_of(*allowed: str) -> Parameter:
    """Return the same where a file may say the format by its name."""
    told = f"One of {', '.join(allowed)}; {allowed[0]} if --output does not say another."
    return Parameter(name="--format", help=told)


PLAIN = ("text", "json", "markdown")
RICH = ("text", "json", "csv", "markdown", "latex", "typst", "html", "pdf")
DRAWN = ("svg", "pdf", "dot", "mermaid", "json")
ENDINGS: Mapping[str, str] = {
    ".txt": "text",
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".tex": "latex",
    ".typ": "typst",
    ".html": "html",
    ".pdf": "pdf",
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
}
"""The format that the name of a file asks for."""
Output: TypeAlias = Annotated[
    Path | None,
    Parameter(
        name=["--output", "-o"], help="A file instead of the output; its ending says the format."
    ),
]


def _version() -> str:
    from workspan import __version__

    return __version__


app = App(
    name="workspan",
    help="Work, span and path lengths of sequence models, derived, measured and run.",
    version=_version,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)


def style_of(style: str | None, output: Path | None, allowed: tuple[str, ...]) -> str:
    """Return the format: as it is given, as the name of the file says, or the first of them.

    Raises
    ------
    OptionError
        If there is no such format, or it is no text and there is no file for it.
    """
    from .options import OptionError, parse_format

    if style is None and output is not None and output.suffix:
        style = ENDINGS.get(output.suffix.lower(), "")
        if style not in allowed:
            ways = ", ".join(e for e, s in ENDINGS.items() if s in allowed)
            raise OptionError(
                f"expected --output to end in one of {ways}, or --format as well, got {output}"
            )
    chosen = parse_format(allowed[0] if style is None else style, allowed)
    if chosen == "pdf":
        from ..typesetting import expect_typst

        if output is None:
            raise OptionError("expected --output such as -o table.pdf with --format pdf, got none")
        expect_typst()
    return chosen


def put(style: str, makers: Mapping[str, Callable[[], Any]], output: Path | None = None) -> None:
    """Print what the maker of a format makes, or write it to a file."""
    from .notes import note_style

    if output is None:
        note_style(style)
    made: str | bytes | Printer = makers[style]()
    if isinstance(made, str):
        made = made if made.endswith("\n") else f"{made}\n"
    if output is not None:
        from .files import write_bytes

        write_bytes(output, _written(made))
    elif isinstance(made, str):
        sys.stdout.write(made)
    elif not isinstance(made, bytes):
        from ..tables.text import console

        made(console())
    sys.stdout.flush()


def _written(made: str | bytes | Printer) -> bytes:
    if isinstance(made, bytes):
        return made
    if isinstance(made, str):
        return made.encode()
    from ..tables.text import text_of

    return text_of(made).encode()
