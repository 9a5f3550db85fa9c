r"""Escaping and elements: the only place where text from outside meets HTML, SVG or Typst.

>>> element("p", "a < b ", element("b", "c"), class_="x & y")
'<p class="x &amp; y">a &lt; b <b>c</b></p>'
>>> print(typst_escape("1. $5 is *much*"))
1\. \$5 is \*much\*
"""

from __future__ import annotations

import re
from typing import final

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
BREAK = "\u200b"
"""Where a line may break within a word; a character that is written nowhere else."""
_LONG_WORD, _LONGEST_WORD = 14, 24


@final
class Markup(str):
    """Text that is markup already and is not escaped again."""

    __slots__ = ()


def escape(text: object) -> str:
    """Escape text for HTML and XML; characters that XML cannot hold become a replacement."""
    clean = _NOT_XML.sub("\ufffd", str(text))
    return "".join(_HTML.get(c, c) for c in clean)


def printable(text: object) -> str:
    """Return text on one line, control characters as spaces."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def typst_escape(text: object) -> str:
    """Escape text for Typst; control characters become spaces."""
    escaped = re.sub(r"([\\#$*_<>@\[\]~`\"'/=+-])", r"\\\1", printable(text))
    # A number and a dot at the start of a line begin a list; three dots are one sign.
    return re.sub(r"(?<=\d)\.(?=\s|$)|\.(?=\.)", r"\\.", escaped)


def breakable(text: object) -> list[str]:
    """Split text where its words may break: names at underscores, long words at their signs.

    >>> breakable("causal_attention is O(n), not O(log(n)*d**2*n)")
    ['causal_', 'attention is O(n), not O(', 'log(', 'n)*', 'd**', '2*', 'n)']
    """
    words = printable(text).replace("_", f"_{BREAK}").split(" ")
    return " ".join(_softened(w) if len(w) > _LONG_WORD else w for w in words).split(BREAK)


def _softened(word: str) -> str:
    signs = re.sub(r"(\*+|[/(=]|\.(?=[^\W\d]))(?=\w)", rf"\1{BREAK}", word)
    return re.sub(rf"[^{BREAK}]{{{_LONGEST_WORD}}}(?=[^{BREAK}])", rf"\g<0>{BREAK}", signs)


def markdown_escape(text: object) -> str:
    """Escape text for a cell of a Markdown table."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$]|&(?=#?\w+;))", r"\\\1", printable(text))


def code(text: object) -> str:
    """Return a Markdown code span that holds the text, fit for a table cell."""
    clean = printable(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", clean)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; children are escaped unless they are :class:`Markup`.

    Attributes whose value is None are left out, and numbers have at most one decimal; ``class_``
    stands for ``class`` and an underscore for a hyphen.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{name}{written} />" if name in _VOID else f"<{name}{written}></{name}>")
    inner = "".join(c if isinstance(c, Markup) else escape(c) for c in children)
    return Markup(f"<{name}{written}>{inner}</{name}>")


def _attribute(value: object) -> str:
    return spot(value) if isinstance(value, float) else escape(value)


def spot(*coordinates: float) -> str:
    """Write coordinates with at most one decimal, for attributes and paths.

    >>> spot(1.0, 2.26)
    '1 2.3'
    """
    return " ".join(f"{c:.1f}".removesuffix(".0") for c in coordinates)


_VOID = {"meta", "br", "input", "hr", "path", "rect", "line", "circle", "polygon", "link", "col"}


def join(parts: object, separator: str = "") -> Markup:
    """Join markup."""
    assert isinstance(parts, list | tuple)
    return Markup(separator.join(parts))


def slug(text: object) -> str:
    """Return text fit for an id: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", str(text)).strip("-") or "x"
