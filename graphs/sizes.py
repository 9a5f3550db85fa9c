"""Sizes and exact costs: polynomials in size symbols, with atoms such as ``ceil(log2(n))``.

A cost is a dictionary from monomials to rational coefficients. Nothing is rounded, and two costs
are equal exactly when they print the same.

>>> n, d = size("n"), size("d")
>>> (n + d) * (n - d) == n**2 - d**2
True
>>> str(4 * n**2 * d + 8 * n * d**2)
'8*d**2*n + 4*d*n**2'
>>> str(ceil_log2(n) + ceil_log2(8))
'ceil(log2(n)) + 3'
>>> (4 * n * d + n * ceil_log2(n)).evaluate(n=5, d=3)
75

Notes
-----
Plain dictionaries of exponents carry the arithmetic, because symbolic algebra spends most of its
time on generality that sums of monomials do not need; :meth:`Poly.sympy` hands over to sympy where
people look at a formula or solve one.
"""

from __future__ import annotations

from .atoms import FUNCTIONS, NAME, Atom, Function, Monomial, Number, SizeError
from .functions import ceil_div, ceil_log, ceil_log2, maximum, minimum, power
from .ordering import at_least, is_proper, least
from .polynomials import Poly, Sized, poly, size, summed

__all__ = [
    "FUNCTIONS",
    "NAME",
    "Atom",
    "Function",
    "Monomial",
    "Number",
    "Poly",
    "SizeError",
    "Sized",
    "at_least",
    "ceil_div",
    "ceil_log",
    "ceil_log2",
    "is_proper",
    "least",
    "maximum",
    "minimum",
    "poly",
    "power",
    "size",
    "summed",
]
