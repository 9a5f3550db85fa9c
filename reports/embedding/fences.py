r"""Where Markdown shows text as it is: fences, code spans, and code that is indented.

>>> text = "```{note}\nshown\n```\n```python\nhidden\n```\n"
>>> [text[a:b] for a, b in markdown(text)]
['```python\nhidden\n```\n']
>>> text = "- an item\n\n    of text\n\ntext\n\n    hidden\n"
>>> [text[a:b] for a, b in markdown(text)]
['    hidden\n']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .verbatim import LINES, Span

# What has no name is passed over: a comment that ends on its line, and an escaped sign.
_SIGNS = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`)[^\r\n]{0,1000}?(?<!`)(?P=ticks)(?!`)"
    r"|<!--(?:-?>|[^\r\n]*?-->)|(?P<comment><!--)|\\[\\`]"
)
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
_ITEM = re.compile(
    r" {0,3}(?:(?:[-*+:]|[0-9]{1,9}[.)])(?:[ \t]|\Z)|!!!|\?\?\?|===|\[\^[^\]\r\n]{1,99}\]:)"
)
"""What indented lines may belong to: items, definitions, admonitions, tabs, footnotes."""


def markdown(text: str) -> Iterator[Span]:
    """Find code; what is fenced by a directive such as a note is text."""
    return (span for span, fenced in _markdown(text) if fenced is None)


def fenced(text: str, place: int) -> bool:
    """Return whether a place in Markdown is between the fences of a directive."""
    return any(a <= place < b for (a, b), within in _markdown(text) if within)


@dataclass(slots=True)
class _Blocks:
    """What decides whether an indented line is code."""

    blank: bool = True
    """Whether the line before is empty."""
    listed: bool = False
    """Whether an item is open that indented lines may belong to."""
    code: bool = False

    def shows(self, body: str) -> bool:
        """Return whether the next line is code by its indentation."""
        if not body.strip():
            self.blank = True
            return False
        deep = body[:4].expandtabs(4).startswith("    ")
        self.code = deep and not self.listed and (self.code or self.blank)
        if not deep:
            item = _ITEM.match(body) is not None
            self.listed = item or (self.listed and (not self.blank or body[0] == " "))
        self.blank = False
        return self.code

    def interrupt(self) -> None:
        """Pass over a line that is no text."""
        self.blank = self.code = False


def _markdown(text: str) -> Iterator[tuple[Span, str | None]]:
    """Yield code without a fence, and lines of text with the fences that they stand in."""
    fences: list[str] = []
    code: tuple[int, str] | None = None
    blocks, comment = _Blocks(), False
    for line in LINES.finditer(text):
        body = line[0].rstrip("\r\n").removeprefix("\ufeff")
        closing = None if comment else _CLOSES.fullmatch(line[0])
        if closing is not None:
            blocks.interrupt()
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
        if comment:
            comment = "-->" not in body
            blocks.interrupt()
        elif blocks.shows(body):
            yield line.span(), None
            continue
        else:
            opening = _OPENS.match(line[0].rstrip("\r\n"))
            if opening is not None and not _is_text(opening):
                code = line.start(), opening["fence"]
                continue
            if opening is not None and not opening["fence"].startswith(":"):
                fences.append(opening["fence"])
            begin = line.start() + (0 if opening is None else opening.end())
            for span in _SIGNS.finditer(text, begin, line.end()):
                if span["ticks"]:
                    yield span.span(), None
                if span["comment"]:
                    comment = True
                    break
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
