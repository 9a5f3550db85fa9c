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

_LINE = r"(?<![^\r\n\ufeff])"
_MARKDOWN = re.compile(
    rf"{_LINE}[ \t>]*(?P<fence>`{{3,}}|~{{3,}})[^`\r\n]*(?=[\r\n]|\Z).*?"
    rf"(?:{_LINE}[ \t>]*(?P=fence)[`~]*[ \t]*(?=[\r\n]|\Z)|\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\r\n]{0,1000}?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL,
)
_LATEX = re.compile(
    r"\\begin\{(?P<name>[Vv]erbatim\*?|lstlisting|minted|comment)\}.*?(?:\\end\{(?P=name)\}|\Z)",
    re.DOTALL,
)
_TYPST = re.compile(r"(?P<fence>`{3,}).*?(?:(?P=fence)|\Z)|(?<!`)`(?!`)[^`]{0,1000}`", re.DOTALL)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LITERAL = re.compile(r"[ \t]*(?:(?!\.\.[ ])\S.*::|::|\.\. (?:code|code-block|sourcecode)::.*)\s*")


def markdown(text: str) -> Iterator[Span]:
    """Find fences and code spans."""
    return (m.span() for m in _MARKDOWN.finditer(text))


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
