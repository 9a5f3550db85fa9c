r"""Formulas of a page in the HTML that every front end lets through.

A notebook of somebody else, and one that a code host shows, is cleaned before it is shown: what is
not plain HTML goes, and its text stays. A power in MathML would then be a digit beside a letter,
and a fraction one number. Powers and indices of plain HTML are left as they are.

>>> from workspan.reports.notation.mathematics import mathml
>>> flat(mathml("8*d**2 - n/2")).replace(THIN, "_")
'8_<i>d</i><sup>2</sup> \u2212 <i>n</i>/2'
>>> flat(mathml("2*(n + 1)/(3*d)")).replace(THIN, "_")
'(2_(<i>n</i> + 1))/(3_<i>d</i>)'
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..notation.markup import Markup, escape

THIN = "\u2009"
"""Between factors, and between a function and what it is applied to."""
_MATH = re.compile(r"<math\b[^>]*>.*?</math>", re.DOTALL)
_APPLIED = "\u2061"
_SILENT = {"\u2062": THIN, _APPLIED: THIN, ",": ", "}
_TIGHT = {"(", ")", "\u2308", "\u2309", "/"}
_TIMES = {"\u2062", "\u00b7"}


def flat(markup: str) -> Markup:
    """Return markup whose MathML is plain HTML."""
    return Markup(_MATH.sub(lambda m: _written(ElementTree.fromstring(m[0])), markup))


def _written(node: ElementTree.Element) -> str:
    text = escape(node.text or "")
    match node.tag:
        case "mn" | "mtext":
            return text
        case "mi":
            return f"<i>{text}</i>" if len(node.text or "") == 1 else text
        case "msup" | "msub":
            base, other = node
            tag = node.tag[1:]
            written = _whole(base) if tag == "sup" else _written(base)
            return f"{written}<{tag}>{_written(other)}</{tag}>"
        case "mfrac":
            return "/".join(map(_whole, node))
        case "msqrt":
            return f"\u221a({_row(node)})"
        case "math" | "mrow":
            return _row(node)
    raise ValueError(f"expected an element of MathML that is known, got {node.tag}")


def _row(node: ElementTree.Element) -> str:
    product = any(part.tag == "mo" and part.text in _TIMES for part in node)
    written: list[str] = []
    for k, part in enumerate(node):
        if part.tag == "mo":
            applied = part.text == _APPLIED and _enclosed(node[k + 1])
            written.append("" if applied else _operator(part, first=k == 0))
        else:
            apart = product and part.tag == "mfrac"
            written.append(f"({_written(part)})" if apart else _written(part))
    return "".join(written)


def _operator(node: ElementTree.Element, *, first: bool) -> str:
    text, form = node.text or "", node.get("form")
    if text in _SILENT:
        return _SILENT[text]
    sign = escape(text)
    if text in _TIGHT or form == "prefix" or (first and form is None):
        return sign
    return f"{sign} " if first else f" {sign} "


def _whole(node: ElementTree.Element) -> str:
    """Return a part that something is done to as a whole."""
    several = node.tag == "mrow" and len(node) > 1
    compound = node.tag == "mfrac" or (several and not _enclosed(node))
    return f"({_written(node)})" if compound else _written(node)


def _enclosed(node: ElementTree.Element) -> bool:
    """Return whether parentheses, or what rounds up, stand around a part."""
    return len(node) > 0 and node[0].tag == "mo" and node[0].text in {"(", "\u2308"}
