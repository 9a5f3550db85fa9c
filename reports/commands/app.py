"""What all commands share: the app that they are commands of, formats, exit codes, printing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from ..tables.text import Printer

FINE, FAILED = 0, 1
"""Exit codes: all checks hold, or one does not."""


def format_of(*allowed: str) -> Parameter:
    """Return the option that says in which format to print."""
    return Parameter(name="--format", help=f"One of {', '.join(allowed)}.")


PLAIN = ("text", "json", "markdown")
RICH = ("text", "json", "markdown", "latex", "html")
DRAWN = ("svg", "dot", "mermaid", "json")


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


def put(style: str, makers: Any) -> None:
    """Print what the maker of a format makes."""
    made: str | Printer = makers[style]()
    if isinstance(made, str):
        sys.stdout.write(made if made.endswith("\n") else f"{made}\n")
    else:
        from ..tables.text import console

        made(console())
    sys.stdout.flush()
