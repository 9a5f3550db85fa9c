"""What a command says of its results while a crate of them is made; otherwise nobody listens."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...analysis.digests import Digest


@dataclass(slots=True)
class Notes:
    """What was said of the results of one command."""

    digest: Digest | None = None
    """The one that a citation of the same results has."""
    style: str = "text"
    """The format of what is printed."""
    printed: bool = False
    """Whether what is printed has measurements in it."""
    written: bool = False
    """Whether files that are written have."""


LISTENING: ContextVar[Notes | None] = ContextVar("notes", default=None)


def note_digest(make: Callable[[], Digest]) -> None:
    """Say by which digest the results are cited; it is made only if somebody listens."""
    notes = LISTENING.get()
    if notes is not None:
        notes.digest = make()


def note_style(style: str) -> None:
    """Say in which format results are printed."""
    notes = LISTENING.get()
    if notes is not None:
        notes.style = style


def note_measured(*, printed: bool = True, written: bool = True) -> None:
    """Say that results are measurements, which are others in every run."""
    notes = LISTENING.get()
    if notes is not None:
        notes.printed, notes.written = printed, written
