r"""Where a document shows text as it is: code in it is no marker.

A manual of the markers can so print them without having them filled.

>>> text = "`/* workspan: table lstm */` is a marker"
>>> [text[a:b] for a, b in typst(text)]
['`/* workspan: table lstm */`']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

# What is skipped has no name: an escaped sign and a comment open nothing.
_LATEX = re.compile(
    r"\\begin\{(?P<name>[BLV]?[Vv]erbatim\*?|lstlisting|minted|comment|alltt|filecontents\*?)\}"
    r".*?(?:\\end\{(?P=name)\}|\Z)"
    r"|\\(?:verb(?![A-Za-z])\*?|lstinline)(?P<sign>[^\w\s*{\[])[^\r\n]{0,1000}?(?P=sign)"
    r"|\\.|%[^\r\n]*",
    re.DOTALL,
)
_TYPST = re.compile(
    r"(?P<fence>`{3,}).*?(?:(?P=fence)|\Z)|(?<!`)(?P<tick>`)(?!`)[^`]{0,1000}`"
    r"|(?<!:)//[^\r\n]*|/\*.*?(?:\*/|\Z)|\\.",
    re.DOTALL,
)
_HTML = re.compile(
    r"<(?P<name>script|style|textarea|title|xmp)\b[^<>]*>.*?(?:</(?P=name)\b|\Z)"
    r"|<!--(?:-?>|.*?(?:-->|\Z))",
    re.DOTALL | re.IGNORECASE,
)
LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LITERAL = re.compile(r"[ \t]*(?:(?!\.\.[ ])\S.*::|::|\.\. (?:code|code-block|sourcecode)::.*)\s*")


def html(text: str) -> Iterator[Span]:
    """Find elements in which no comment is one."""
    return (m.span() for m in _HTML.finditer(text) if m.lastgroup)


def latex(text: str) -> Iterator[Span]:
    """Find environments and commands that print what is in them."""
    return (m.span() for m in _LATEX.finditer(text) if m.lastgroup)


def typst(text: str) -> Iterator[Span]:
    """Find raw text."""
    return (m.span() for m in _TYPST.finditer(text) if m.lastgroup)


def restructured(text: str) -> Iterator[Span]:
    """Find literal blocks: what is indented under a line that ends in two colons."""
    depth: int | None = None
    for line in LINES.finditer(text):
        body = line[0]
        if not body.strip():
            continue
        own = len(body) - len(body.lstrip(" \t"))
        if depth is not None and own > depth:
            yield line.span()
            continue
        depth = own if _LITERAL.fullmatch(body) else None
