"""The bridge to sympy: costs as expressions that people read, solve and print.

>>> from .sizes import poly
>>> to_sympy(poly("8*d**2*n + 4*d*n**2"))
8*d**2*n + 4*d*n**2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from .sizes import Atom, Poly

_BUILD: dict[str, Callable[..., Any]] = {
    "ceil_log2": lambda x: sympy.ceiling(sympy.log(x, 2)),
    "ceil_log": lambda b, x: sympy.ceiling(sympy.log(x) / sympy.log(b)),
    "ceil": sympy.ceiling,
    "min": sympy.Min,
    "max": sympy.Max,
    "power": sympy.Pow,
    "reciprocal": lambda x: 1 / x,
}


def symbol(name: str) -> Any:
    """Return the sympy symbol of a size: positive and whole."""
    return sympy.Symbol(name, positive=True, integer=True)


def to_sympy(cost: Poly) -> Any:
    """Return a cost as a sympy expression."""
    return sympy.Add(
        *(
            sympy.Mul(
                sympy.Rational(c.numerator, c.denominator),
                *(sympy.Pow(_atom(a), k) for a, k in monomial),
            )
            for monomial, c in cost.terms.items()
        )
    )


def _atom(atom: Atom) -> Any:
    if atom.kind == "size":
        return symbol(atom.args[0])
    return _BUILD[atom.kind](*(to_sympy(a) for a in atom.args))
