r"""Where a document shows text as it is: code in it is no marker.

A manual of the markers can so print them without having them filled.

>>> text = "`<!-- workspan: table lstm -->` is a marker"
>>> [text[a:b] for a, b in markdown(text)]
['`<!-- workspan: table lstm -->`']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

_TICKS = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)[^\r\n]{0,1000}?(?<!`)(?P=ticks)(?!`)")
_OPENS = re.compile(
    r"\ufeff?(?:[ \t>]|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*"
    r"(?P<fence>`{3,}(?=[^`]*\Z)|~{3,}|:{3,})[ \t]*(?:\{(?P<name>[A-Za-z][^}]*)\})?"
)
_CLOSES = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,}|:{3,})\s*")
# fmt: off
CODE = frozenset((
    "code", "code-block", "code-cell", "sourcecode", "literalinclude", "parsed-literal", "prompt",
    "raw", "math", "eval-rst", "doctest", "testcode", "testoutput", "testsetup", "testcleanup",
    "ipython", "csv-table", "bibliography", "mermaid", "graphviz", "digraph", "graph", "plantuml",
    "dot", "d2", "python", "r", "julia", "bash", "sh", "zsh", "console", "shell", "rcpp", "stan",
    "sql", "ojs", "js", "javascript", "html", "css", "json", "yaml", "toml",
))
# fmt: on
"""Directives of MyST, and languages of Quarto's cells, whose fences hold no text."""
_LATEX = re.compile(
    r"\\begin\{(?P<name>[Vv]erbatim\*?|lstlisting|minted|comment)\}.*?(?:\\end\{(?P=name)\}|\Z)",
    re.DOTALL,
)
_TYPST = re.compile(r"(?P<fence>`{3,}).*?(?:(?P=fence)|\Z)|(?<!`)`(?!`)[^`]{0,1000}`", re.DOTALL)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LITERAL = re.compile(r"[ \t]*(?:(?!\.\.[ ])\S.*::|::|\.\. (?:code|code-block|sourcecode)::.*)\s*")


def markdown(text: str) -> Iterator[Span]:
    r"""Find fences of code and code spans; what is fenced by a directive such as a note is text.

    >>> text = "```{note}\nshown\n```\n```python\nhidden\n```\n"
    >>> [text[a:b] for a, b in markdown(text)]
    ['```python\nhidden\n```\n']
    """
    return (span for span, fenced in _markdown(text) if fenced is None)


def fenced(text: str, place: int) -> bool:
    """Return whether a place in Markdown is between the fences of a directive."""
    return any(a <= place < b for (a, b), within in _markdown(text) if within)


def _markdown(text: str) -> Iterator[tuple[Span, str | None]]:
    """Yield code without a fence, and lines of text with the fences that they stand in."""
    fences: list[str] = []
    code: tuple[int, str] | None = None
    for line in _LINES.finditer(text):
        closing = _CLOSES.fullmatch(line[0])
        if closing is not None:
            # What is outside is closed first, with all that it holds.
            k = next((k for k, f in enumerate(fences) if _ends(closing["fence"], f)), None)
            if k is not None:
                if code is not None:
                    yield (code[0], line.start()), None
                    code = None
                del fences[k:]
                continue
            if code is not None and _ends(closing["fence"], code[1]):
                yield (code[0], line.end()), None
                code = None
                continue
        if code is not None:
            continue
        opening = _OPENS.match(line[0].rstrip("\r\n"))
        if opening is not None and not _is_text(opening):
            code = line.start(), opening["fence"]
            continue
        if opening is not None and not opening["fence"].startswith(":"):
            fences.append(opening["fence"])
        for span in _TICKS.finditer(line[0]):
            if opening is None or span.start() >= opening.end():
                yield (line.start() + span.start(), line.start() + span.end()), None
        if fences:
            yield line.span(), fences[0]
    if code is not None:
        yield (code[0], len(text)), None


def _ends(closing: str, opening: str) -> bool:
    return closing.startswith(opening)


def _is_text(opening: re.Match[str]) -> bool:
    """Return whether what a fence holds is text: a directive, or a division by colons."""
    if opening["name"] is None:
        return opening["fence"].startswith(":")
    return opening["name"].split()[0].rstrip(",").lower() not in CODE


def latex(text: str) -> Iterator[Span]:
    """Find environments that print what is in them."""
    return (m.span() for m in _LATEX.finditer(text))


def typst(text: str) -> Iterator[Span]:
    """Find raw text."""
    return (m.span() for m in _TYPST.finditer(text))


def restructured(text: str) -> Iterator[Span]:
    """Find literal blocks: what is indented under a line that ends in two colons."""
    depth: int | None = None
    for line in _LINES.finditer(text):
        body = line[0]
        if not body.strip():
            continue
        own = len(body) - len(body.lstrip(" \t"))
        if depth is not None and own > depth:
            yield line.span()
            continue
        depth = own if _LITERAL.fullmatch(body) else None


def nothing(text: str) -> Iterator[Span]:
    """Find nothing: the format escapes what it shows."""
    return iter(())
