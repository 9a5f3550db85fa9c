"""Formulas on grids of sizes: every value exact, products shared along the axes of the grid.

A grid is a box of sizes, one axis for each. A sum is evaluated from the outer axes to the inner
ones: what does not change along the last axis is added up once for the whole of it, so that

    8 L d^2 n + 4 L d n^2 = (8 L d^2) n + (4 L d) n^2

takes two products and a sum for each point of (L, d, n), whatever else is in the brackets.

Whole numbers are of 64 bits where a bound of every number on the way, taken in Python's integers
before anything is computed, shows that 62 bits hold it; they are Python's integers elsewhere.

>>> import numpy as np
>>> from .polynomials import poly
>>> n, d = np.array([[8], [9]]), np.array([[2, 10**9]])
>>> evaluate(program(poly("d*n/2")), {"n": n, "d": d}).above.tolist()
[[8, 4000000000], [9, 4500000000]]
>>> evaluate(program(poly("d**3")), {"d": d}).above.tolist()
[[8, 1000000000000000000000000000]]
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .atoms import LARGEST_BITS, SizeError
from .programs import Base, Call, Quotient, Size, Sum, program

__all__ = ["Ratio", "evaluate", "program"]

LARGEST = 1 << 62
"""Whole numbers of 64 bits stay below this, at every step."""

EXACT_FLOAT = 1 << 53

Whole: TypeAlias = NDArray[Any]
"""An array of int64, or of Python's integers (dtype object)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """The values of a formula on a grid: ``above``, or ``above/below`` where ``below`` is there."""

    above: Whole
    below: Whole | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Bounded:
    """Whole numbers, with a number that none of them exceeds in size."""

    values: Whole
    bound: int

    @property
    def last(self) -> int:
        """The innermost axis along which the values change; -1 for one number."""
        shape = self.values.shape
        return max((axis for axis, length in enumerate(shape) if length > 1), default=-1)


def evaluate(formula: Quotient, sizes: Mapping[str, Whole]) -> Ratio:
    """Evaluate a formula on a grid.

    Parameters
    ----------
    formula
        From :func:`program`.
    sizes
        Whole numbers for each size, as arrays of the same number of axes that broadcast.

    Raises
    ------
    SizeError
        If the formula has no value somewhere on the grid.
    """
    grid = _Grid(sizes)
    above = grid.total(formula.above)
    if formula.whole:
        return Ratio(_narrow(above))
    return _divided(above, _not_zero(grid.total(formula.below)))


class _Grid:
    """The sizes of one grid, and the bases that were evaluated there."""

    def __init__(self, sizes: Mapping[str, Whole]) -> None:
        self._sizes = sizes
        self._axes = max((a.ndim for a in sizes.values()), default=0)
        self._known: dict[Base, _Bounded] = {}

    def total(self, cost: Sum) -> _Bounded:
        """Return the values of a sum."""
        return self._nested([(t.coefficient, t.factors) for t in cost.terms])

    def _nested(self, terms: list[tuple[int, tuple[tuple[Base, int], ...]]]) -> _Bounded:
        """Add terms up, what changes along the innermost axis last."""
        last = max((self._base(b).last for _, factors in terms for b, _ in factors), default=-1)
        groups: dict[Any, list[Any]] = {}
        for coefficient, factors in terms:
            inner = tuple(p for p in factors if self._base(p[0]).last == last)
            outer = tuple(p for p in factors if self._base(p[0]).last != last)
            if last < 0:
                inner, outer = factors, ()
            groups.setdefault(inner, []).append((coefficient, outer))
        total = self._number(0)
        for inner, rest in groups.items():
            product = (
                self._nested(rest)
                if any(outer for _, outer in rest)
                else self._number(sum(c for c, _ in rest))
            )
            total = _plus(total, self._multiplied(product, inner))
        return total

    def _multiplied(self, outer: _Bounded, factors: tuple[tuple[Base, int], ...]) -> _Bounded:
        """Multiply by powers of bases, these first: they change along fewer axes."""
        inner = [self._base(base) for base, k in factors for _ in range(k)]
        return _times(outer, functools.reduce(_times, inner)) if inner else outer

    def _number(self, value: int) -> _Bounded:
        kind: Any = np.int64 if abs(value) < LARGEST else object
        return _Bounded(np.full((1,) * self._axes, value, dtype=kind), abs(value))

    def _base(self, base: Base) -> _Bounded:
        if base not in self._known:
            self._known[base] = self._size(base) if isinstance(base, Size) else self._call(base)
        return self._known[base]

    def _size(self, size: Size) -> _Bounded:
        if size.name not in self._sizes:
            raise SizeError(f"expected a value for {size.name}")
        values = self._sizes[size.name]
        bound = max(abs(int(values.max())), abs(int(values.min())))
        return _Bounded(values if bound < LARGEST else values.astype(object), bound)

    def _call(self, call: Call) -> _Bounded:
        args = [self.total(a) for a in call.args]
        return _narrowed(_CALLS[call.kind](*args))


def _times(left: _Bounded, right: _Bounded) -> _Bounded:
    bound = left.bound * right.bound
    a, b = _both(left.values, right.values, bound)
    return _Bounded(a * b, bound)


def _plus(left: _Bounded, right: _Bounded) -> _Bounded:
    if not left.bound:
        return right
    bound = left.bound + right.bound
    a, b = _both(left.values, right.values, bound)
    # The left one is a sum or a product that nobody else holds.
    same = a.dtype != object and a.shape == np.broadcast_shapes(a.shape, b.shape)
    return _Bounded(np.add(a, b, out=a) if same else a + b, bound)


def _both(left: Whole, right: Whole, bound: int) -> tuple[Whole, Whole]:
    """Return both as Python's integers where a bound does not fit, or one of them is already."""
    if bound < LARGEST and left.dtype != object and right.dtype != object:
        return left, right
    return left.astype(object), right.astype(object)


def _narrowed(found: _Bounded) -> _Bounded:
    """Return Python's integers as such of 64 bits, where these hold them."""
    if found.values.dtype != object:
        return found
    bound = max(abs(int(found.values.max())), abs(int(found.values.min())))
    kind: Any = np.int64 if bound < LARGEST else object
    return _Bounded(found.values.astype(kind), bound)


def _narrow(found: _Bounded) -> Whole:
    return _narrowed(found).values


def _not_zero(below: _Bounded) -> _Bounded:
    if np.any(below.values == 0):
        raise SizeError("expected a divisor that is not zero, got 0")
    return below


def _divided(above: _Bounded, below: _Bounded) -> Ratio:
    top, bottom = _both(above.values, below.values, max(above.bound, below.bound))
    quotient, rest = top // bottom, top % bottom
    if not np.any(rest):
        return Ratio(_narrow(_Bounded(quotient, above.bound)))
    return Ratio(_narrow(_Bounded(top, above.bound)), _narrow(_Bounded(bottom, below.bound)))


# --- functions ------------------------------------------------------------------------------------


def _ceil(above: _Bounded, below: _Bounded) -> _Bounded:
    top, bottom = _both(above.values, _not_zero(below).values, above.bound)
    return _Bounded(-(-top // bottom), above.bound)


def _ceil_log2(above: _Bounded, below: _Bounded) -> _Bounded:
    x = _ceil(above, below)
    _at_least(x.values, 1, "an argument", "ceil(log2(.))")
    if x.bound <= EXACT_FLOAT and x.values.dtype != object:
        mantissa, exponent = np.frexp(x.values.astype(float))
        bits = exponent.astype(np.int64) - (mantissa == 0.5)
    else:
        bits = _each(lambda value: (int(value) - 1).bit_length(), x.values)
    return _Bounded(bits, max(x.bound, 1).bit_length() + 1)


def _ceil_log(base: _Bounded, above: _Bounded, below: _Bounded) -> _Bounded:
    x = _ceil(above, below)
    _at_least(base.values, 2, "a base", "ceil(log(.))")
    _at_least(x.values, 1, "an argument", "ceil(log(.))")
    b, y = np.broadcast_arrays(base.values.astype(object), x.values.astype(object))
    return _Bounded(_each(_steps_to, b, y), max(x.bound, 1).bit_length() + 1)


def _steps_to(base: int, x: int) -> int:
    steps, reach = 0, 1
    while reach < x:
        steps, reach = steps + 1, reach * base
    return steps


def _extreme(choose: Any) -> Callable[[_Bounded, _Bounded, _Bounded], _Bounded]:
    def chosen(left: _Bounded, right: _Bounded, below: _Bounded) -> _Bounded:
        _at_least(below.values, 1, "a divisor", "min and max")
        bound = max(left.bound, right.bound)
        return _Bounded(choose(*_both(left.values, right.values, bound)), bound)

    return chosen


def _power(base: _Bounded, exponent: _Bounded) -> _Bounded:
    _at_least(exponent.values, 0, "an exponent", "a power")
    bits = max(base.bound, 1).bit_length() * exponent.bound
    if bits > LARGEST_BITS:
        raise SizeError(f"expected powers of at most {LARGEST_BITS} bits, got {bits}")
    bound = max(base.bound, 1) ** exponent.bound
    a, k = _both(base.values, exponent.values, bound)
    return _Bounded(a**k, bound)


def _at_least(values: Whole, least: int, what: str, where: str) -> None:
    found = values.min()
    if found < least:
        raise SizeError(f"expected {what} of at least {least} for {where}, got {found}")


def _each(function: Callable[..., int], *arrays: Whole) -> Whole:
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays)).astype(np.int64)


_CALLS: Mapping[str, Callable[..., _Bounded]] = {
    "sum": lambda x: x,
    "ceil": _ceil,
    "ceil_log2": _ceil_log2,
    "ceil_log": _ceil_log,
    "min": _extreme(np.minimum),
    "max": _extreme(np.maximum),
    "power": _power,
}
