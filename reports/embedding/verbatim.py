r"""Where a document shows text as it is: code in it is no marker.

A manual of the markers can so print them without having them filled.

>>> text = "`<!-- workspan: table lstm -->` is a marker"
>>> [text[a:b] for a, b in markdown(text)]
['`<!-- workspan: table lstm -->`']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

_LINE = r"(?<![^\r\n\ufeff])"
# What is skipped has no name: an escaped sign and a comment open nothing.
_MARKDOWN = re.compile(
    rf"{_LINE}(?:[ \t>]|[-*+][ \t]|[0-9]{{1,9}}[.)][ \t])*(?P<fence>`{{3,}}|~{{3,}})[^`\r\n]*(?=[\r\n]|\Z).*?"
    rf"(?:{_LINE}[ \t>]*(?P=fence)[`~]*[ \t]*(?=[\r\n]|\Z)|\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\r\n]{0,1000}?(?<!`)(?P=ticks)(?!`)"
    r"|<!--(?:-?>|.*?(?:-->|\Z))|\\[\\`]",
    re.DOTALL,
)
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
_ITEM = re.compile(
    r" {0,3}(?:(?:[-*+:]|[0-9]{1,9}[.)])(?:[ \t]|\Z)|!!!|\?\?\?|===|\[\^[^\]\r\n]{1,99}\]:)"
)
"""What indented lines may belong to: items, definitions, admonitions, tabs, footnotes."""
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LITERAL = re.compile(r"[ \t]*(?:(?!\.\.[ ])\S.*::|::|\.\. (?:code|code-block|sourcecode)::.*)\s*")


def markdown(text: str) -> Iterator[Span]:
    """Find fences, code spans, and code that is indented and belongs to no list."""
    spans = [m.span() for m in _MARKDOWN.finditer(text) if m.lastgroup]
    return iter(sorted([*spans, *_indented(text, spans)]))


def _indented(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Find lines of four blanks or more after an empty line, outside of lists and other code."""
    blank, listed, code, k = True, False, False, 0
    for line in _LINES.finditer(text):
        while k < len(spans) and spans[k][1] <= line.start():
            k += 1
        body = line[0].rstrip("\r\n").removeprefix("\ufeff")
        if k < len(spans) and spans[k][0] < line.start():
            blank = code = False
        elif not body.strip():
            blank = True
        else:
            deep = body[:4].expandtabs(4).startswith("    ")
            code = deep and not listed and (code or blank)
            if not deep:
                own = _ITEM.match(body) is not None
                listed = own or (listed and (not blank or body[0] == " "))
            if code:
                yield line.span()
            blank = False


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
    for line in _LINES.finditer(text):
        body = line[0]
        if not body.strip():
            continue
        own = len(body) - len(body.lstrip(" \t"))
        if depth is not None and own > depth:
            yield line.span()
            continue
        depth = own if _LITERAL.fullmatch(body) else None
