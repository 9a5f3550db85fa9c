"""Formulas at many sizes at once: exact where whole numbers of 64 bits hold the result.

On integer arrays a formula is evaluated in whole numbers, quotients being divided at the end, so
that a million sizes give the same numbers as one after another. It is evaluated in floating point
(the usual 53 bits) on other arrays, where a number in between could exceed 62 bits, and where the
formula divides by a sum.

>>> import numpy as np
>>> poly("n**2/2 + n/2").evaluate(n=np.array([3, 10**9]))
array([                 6, 500000000500000000])
>>> poly("n**2 + n").evaluate(n=np.array([3.0, 1e12])).dtype
dtype('float64')
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from .sizes import FUNCTIONS, Atom, Poly, SizeError, poly

Arrays: TypeAlias = Mapping[str, Any]

LARGEST = 1 << 62
"""Whole numbers stay below this, at every step."""

LARGEST_EXACT_FLOAT = 1 << 53


class _InexactError(Exception):
    """A formula that whole numbers of 64 bits do not hold."""


def evaluate_arrays(cost: Poly, values: Mapping[str, Any]) -> Any:
    """Return the values of a cost, elementwise; int64 where all of them are whole and exact.

    Parameters
    ----------
    cost
        A formula of sizes.
    values
        A number or an array for each size, of shapes that NumPy broadcasts.
    """
    arrays = {name: np.asarray(values[name]) for name in cost.sizes}
    if all(a.dtype.kind in "iu" and a.size for a in arrays.values()):
        whole = {name: a.astype(np.int64, copy=False) for name, a in arrays.items()}
        try:
            return _quotient(cost, whole)
        except _InexactError:
            pass
    return _floating(cost, {name: a.astype(float) for name, a in arrays.items()})


# --- whole numbers --------------------------------------------------------------------------------


def _quotient(cost: Poly, arrays: Arrays) -> Any:
    above, below = _fraction(cost)
    top = _whole(above, arrays)
    if below == 1:
        return top
    bottom = _whole(below, arrays)
    quotient, rest = np.divmod(top, bottom)
    if not np.any(rest):
        return quotient
    if max(_bound(above, arrays), _bound(below, arrays)) > LARGEST_EXACT_FLOAT:
        raise _InexactError
    return top / bottom


def _fraction(cost: Poly) -> tuple[Poly, Poly]:
    """Write a cost as a quotient of two that have whole coefficients and no negative powers."""
    below = poly(math.lcm(*(c.denominator for c in cost.terms.values())))
    lowest: dict[Atom, int] = {}
    for monomial in cost.terms:
        for atom, k in monomial:
            lowest[atom] = min(lowest.get(atom, 0), k)
    for atom, k in lowest.items():
        below = below * Poly({((atom, 1),): 1}) ** -k
    return cost * below, below


def _whole(cost: Poly, arrays: Arrays) -> Any:
    """Return the values of a cost with whole coefficients and no negative powers."""
    if _bound(cost, arrays) >= LARGEST:
        raise _InexactError
    total: Any = np.int64(0)
    for monomial, coefficient in cost.terms.items():
        product: Any = np.int64(int(coefficient))
        for atom, k in monomial:
            product = product * _atom(atom, arrays) ** k
        total = total + product
    return total


def _atom(atom: Atom, arrays: Arrays) -> Any:
    match atom.kind:
        case "size":
            return arrays[atom.args[0]]
        case "ceil":
            above, below = _fraction(atom.args[0])
            return -(-_whole(above, arrays) // _whole(below, arrays))
        case "ceil_log2":
            return FUNCTIONS["ceil_log2"].array(_integral(atom.args[0], arrays)).astype(np.int64)
        case "ceil_log":
            base, x = (_integral(a, arrays) for a in atom.args)
            return _steps_to(base, x)
        case "min" | "max" | "power":
            left, right = (_integral(a, arrays) for a in atom.args)
            return FUNCTIONS[atom.kind].array(left, right)
    raise _InexactError


def _integral(cost: Poly, arrays: Arrays) -> Any:
    found = _quotient(cost, arrays)
    if np.asarray(found).dtype.kind == "f":
        raise _InexactError
    return found


def _steps_to(base: Any, x: Any) -> Any:
    """Return the least k with base**k >= x."""
    if np.any(base < 2) or np.any(x < 1):
        raise SizeError("expected bases of at least 2 and arguments of at least 1 for ceil(log(.))")
    steps, reached = np.zeros_like(base * x), np.ones_like(base * x)
    while np.any(short := reached < x):
        steps, reached = steps + short, np.where(short, reached * base, reached)
    return steps


def _bound(cost: Poly, arrays: Arrays) -> int:
    """Return a number that no value in between exceeds."""
    total = 0
    for monomial, c in cost.terms.items():
        product = abs(int(c))
        for atom, k in monomial:
            product *= _atom_bound(atom, arrays) ** k
        total += product
    return total


def _atom_bound(atom: Atom, arrays: Arrays) -> int:
    if atom.kind == "size":
        values = arrays[atom.args[0]]
        return max(abs(int(values.max())), abs(int(values.min())))
    inner = [max(_bound(part, arrays) for part in _fraction(a)) for a in atom.args]
    match atom.kind:
        case "ceil_log2" if inner[0] <= LARGEST_EXACT_FLOAT:
            return 53
        case "ceil_log" if inner[0] * inner[1] < LARGEST:
            return 62
        case "ceil" | "min" | "max":
            return max(inner) + 1
        case "power" if inner[0] < 2 or inner[1] <= 62:
            return max(inner[0], 1) ** inner[1]
    raise _InexactError


# --- floating point -------------------------------------------------------------------------------


def _floating(cost: Poly, arrays: Arrays) -> Any:
    total: Any = 0.0
    for monomial, coefficient in cost.terms.items():
        product: Any = float(coefficient)
        for atom, k in monomial:
            product = product * _floating_atom(atom, arrays) ** k
        total = total + product
    return total


def _floating_atom(atom: Atom, arrays: Arrays) -> Any:
    if atom.kind == "size":
        return arrays[atom.args[0]]
    return FUNCTIONS[atom.kind].array(*(_floating(a, arrays) for a in atom.args))
