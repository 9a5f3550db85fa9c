"""Markers: comments of a document's own format, around what is derived.

>>> text = "Work: <!-- workspan: figure lstm work -->old<!-- /workspan -->."
>>> (region,) = regions(text, format_of(Path("a.md")))
>>> region.directive, text[region.start : region.end], region.line
('figure lstm work', 'old', 1)
>>> regions("<!-- /workspan -->", format_of(Path("a.md")))
Traceback (most recent call last):
    ...
workspan.reports.embedding.errors.EmbeddingError: line 1: expected an opening marker before ...
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import fences, verbatim
from .errors import EmbeddingError, at_line

MOST = 500
"""Markers in one document."""
LONGEST = 2000
"""Characters of one marker."""
_LINE = r"(?<![^\r\n\ufeff])[ \t]*"


@dataclass(frozen=True, slots=True)
class Comment:
    """How a comment is written, and what belongs between two of them."""

    start: str
    end: str
    """What ends it, or nothing if its line does."""
    pattern: re.Pattern[str]
    gap: str
    """Between a marker and a block."""
    inline: tuple[str, str] | None
    """Before and after a single figure, or None if it stands as a block."""


def _comment(
    start: str, end: str, gap: str, inline: tuple[str, str] | None, *, before: str = ""
) -> Comment:
    """Return a comment; ``before`` is what must come before it."""
    # Blanks at the end of a line belong to what is left alone.
    directive, told, finish = (
        (r"[^\r\n]*?", r"[^\r\n]*?", rf"(?P<end>{re.escape(end)}|(?=[\r\n]|\Z))")
        if end
        else (r"[^\r\n]*", r"(?:[ \t]*[^ \t\r\n]+)*", "(?P<end>)")
    )
    pattern = (
        rf"{before}(?P<mark>{re.escape(start)}[ \t]*"
        rf"(?:workspan:(?!:)(?P<directive>{directive})|/workspan(?![\w:])(?P<told>{told})){finish})"
    )
    return Comment(start, end, re.compile(pattern), gap, inline)


_PAIR = ("", "")
HTML = _comment("<!--", "-->", "\n\n", _PAIR)
MYST = _comment("%", "", "\n\n", None, before=_LINE)
REST = _comment("..", "", "\n\n", None, before=_LINE)
LATEX = _comment("%", "", "\n", ("\n", ""), before=r"(?<!\\)")
TYPST = _comment("/*", "*/", "\n\n", _PAIR)
TYPST_LINE = _comment("//", "", "\n\n", None, before=_LINE)


@dataclass(frozen=True, slots=True)
class Format:
    """A format of documents: its comments, where they are none, and who writes for it."""

    writer: str
    comments: tuple[Comment, ...]
    shown: Callable[[str], Iterator[verbatim.Span]]
    fenced: Callable[[str, int], bool] = lambda text, place: False
    """Whether a place is in text between fences."""


_MARKDOWN = Format("markdown", (HTML, MYST), fences.markdown, fences.fenced)
_HTML = Format("html", (HTML,), verbatim.html)
_REST = Format("rst", (REST,), verbatim.restructured)
_LATEX = Format("latex", (LATEX,), verbatim.latex)
FORMATS = {
    **dict.fromkeys((".md", ".markdown", ".qmd"), _MARKDOWN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _HTML),
    **dict.fromkeys((".rst",), _REST),
    **dict.fromkeys((".tex", ".ltx"), _LATEX),
    ".typ": Format("typst", (TYPST, TYPST_LINE), verbatim.typst),
    ".py": Format("python", (REST,), verbatim.restructured),
}
"""By the ending of a file's name."""


def format_of(path: Path) -> Format:
    """Return the format of a document.

    Raises
    ------
    EmbeddingError
        If its name has another ending.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise EmbeddingError(
            f"expected a document with one of the endings {', '.join(FORMATS)}, got {path.name}"
        )
    return found


@dataclass(frozen=True, slots=True)
class Region:
    """What stands between two markers."""

    directive: str
    """The text of the opening marker."""
    told: str
    """The text of the closing marker: digests, or nothing."""
    line: int
    start: int
    """Where the text between the markers starts."""
    end: int
    """Where it ends."""
    after: int
    """Where the closing marker ends."""
    indent: str | None
    """White space before the opening marker; None if other text comes before it."""
    comment: Comment


def regions(text: str, form: Format) -> list[Region]:
    """Find what stands between markers, in order.

    Raises
    ------
    EmbeddingError
        If markers are nested, are not closed, or are too many; the message names the line.
    """
    found: list[Region] = []
    opened: tuple[int, Comment, re.Match[str]] | None = None
    line, counted = 1, 0
    for comment, match in _marks(text, form):
        place = match.start("mark")
        line, counted = line + newlines(text, counted, place), place
        if comment.end and not match["end"]:
            raise at_line(line, f"expected a marker that ends in {comment.end} on its line")
        if len(match["mark"]) > LONGEST:
            raise at_line(line, f"expected a marker of at most {LONGEST:,} characters")
        if match["directive"] is not None:
            if opened is not None:
                raise at_line(line, f"expected /workspan for line {opened[0]} first, got a marker")
            if len(found) == MOST:
                raise at_line(line, f"expected at most {MOST} markers in a document, got more")
            opened = (line, comment, match)
            continue
        if opened is None:
            raise at_line(line, "expected an opening marker before /workspan, got none")
        first, own, opening = opened
        if own is not comment:
            raise at_line(line, f"expected /workspan in a comment {own.start}, as on line {first}")
        found.append(_region(text, first, comment, opening, match))
        opened = None
    if opened is not None:
        raise at_line(opened[0], "expected /workspan after the marker, got the end of the document")
    return found


def _region(
    text: str, line: int, comment: Comment, opening: re.Match[str], closing: re.Match[str]
) -> Region:
    place = opening.start("mark")
    before = text[max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1 : place]
    before = before.removeprefix("\ufeff")
    return Region(
        opening["directive"].strip(),
        closing["told"].strip(),
        line,
        opening.end("mark"),
        closing.start("mark"),
        closing.end("mark"),
        before if not before.strip(" \t") else None,
        comment,
    )


def _marks(text: str, form: Format) -> list[tuple[Comment, re.Match[str]]]:
    """Return the markers that are none of the text that the document shows as it is."""
    shown = list(form.shown(text))
    starts = [a for a, _ in shown]

    def hidden(place: int) -> bool:
        k = bisect.bisect_right(starts, place) - 1
        return k >= 0 and place < shown[k][1]

    marks = [(c, m) for c in form.comments for m in c.pattern.finditer(text)]
    return sorted(
        (pair for pair in marks if not hidden(pair[1].start("mark"))),
        key=lambda pair: pair[1].start("mark"),
    )


def newlines(text: str, start: int, end: int) -> int:
    """Count the ends of lines in a part of a text: feeds, returns, and both as one."""
    part = text[start:end]
    both = part.count("\r\n")
    # A line feed that belongs to a return before the part was counted with the return.
    split = part.startswith("\n") and text[start - 1 : start] == "\r"
    return part.count("\n") + part.count("\r") - both - split
