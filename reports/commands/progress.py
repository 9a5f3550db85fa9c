"""Progress on a terminal, on standard error, so that output can be piped."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(start: str) -> Iterator[Callable[[str], None] | None]:
    """Show what is being done while it is done.

    Yields
    ------
    callable or None
        Takes a new text; None if standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(start)) as status:
        yield lambda text: status.update(escape(text))
