"""Costs as text in Python syntax: the largest terms first, one denominator under many terms.

>>> from .sizes import poly
>>> str(poly("n + 3*n**2/2")), str(poly("1/(n + 1) + d/(n + 1)"))
('3*n**2/2 + n', '(d + 1)/(n + 1)')
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from .atoms import Atom, Monomial, Number

Terms: TypeAlias = Mapping[Monomial, Number]


def text(terms: Terms) -> str:
    """Return the sum of these terms, none of them zero, in Python syntax."""
    if not terms:
        return "0"
    fractions = _by_denominator(terms)
    if fractions:
        return fractions
    parts = []
    for monomial, c in sorted(terms.items(), key=lambda item: _rank(item[0])):
        sign = "-" if c < 0 else "+"
        parts.append(f"{sign} {_product(monomial, abs(Fraction(c)))}")
    joined = " ".join(parts)
    return joined[2:] if joined.startswith("+ ") else "-" + joined[2:]


def _rank(monomial: Monomial) -> tuple[Any, ...]:
    degree = sum(k * (64 if a.kind == "power" else 1) for a, k in monomial if a.kind != "ceil_log2")
    return (-degree, -sum(k for _, k in monomial), [(a.text, -k) for a, k in monomial])


def _product(monomial: Monomial, c: Number) -> str:
    above = [_factor(a, k) for a, k in monomial if k > 0]
    below = [_factor(a, -k) for a, k in monomial if k < 0]
    c = Fraction(c)
    if c.numerator != 1 or not above:
        above.insert(0, str(c.numerator))
    if c.denominator != 1:
        below.insert(0, str(c.denominator))
    over = "*".join(above)
    if not below:
        return over
    return f"{over}/{below[0]}" if len(below) == 1 else f"{over}/({'*'.join(below)})"


def _factor(atom: Atom, k: int) -> str:
    if k == 1:
        return atom.text
    base = atom.text if atom.kind not in {"power", "reciprocal"} else f"({atom.text})"
    return f"{base}**{k}"


def _by_denominator(terms: Terms) -> str | None:
    """Write sums over one denominator as a quotient; None where there is no denominator."""
    found = sorted({a for m in terms for a, _ in m if a.kind == "reciprocal"}, key=lambda a: a.text)
    if not found:
        return None
    groups: dict[Monomial, dict[Monomial, Number]] = {}
    for monomial, c in terms.items():
        under = tuple((a, k) for a, k in monomial if a.kind == "reciprocal")
        over = tuple((a, k) for a, k in monomial if a.kind != "reciprocal")
        groups.setdefault(under, {})[over] = c
    parts = []
    for under, over_terms in sorted(groups.items(), key=lambda g: [a.text for a, _ in g[0]]):
        numerator = text(over_terms)
        if not under:
            parts.append(numerator)
            continue
        denominator = "*".join(f"({a.args[0]})" + (f"**{k}" if k > 1 else "") for a, k in under)
        wrapped = f"({numerator})" if len(over_terms) > 1 else numerator
        bottom = denominator if len(under) == 1 else f"({denominator})"
        parts.append(f"{wrapped}/{bottom}")
    return " + ".join(parts)
