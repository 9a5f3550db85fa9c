"""Exact polynomials in sizes and atoms, as dictionaries from monomials to rational coefficients.

>>> (poly("n") + 1) ** 2 == poly("n**2 + 2*n + 1")
True
>>> poly("n*d/2").substitute({"n": 4})
poly('2*d')
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from numbers import Rational
from typing import Any, TypeAlias, Union, cast

import numpy as np

from .atoms import (
    FUNCTIONS,
    NAME,
    Atom,
    Monomial,
    Number,
    SizeError,
    exact_power,
    function,
    reduced,
    symbol,
    times,
)
from .writing import text

Sized: TypeAlias = Union["Poly", int, Fraction, str]


class Poly:
    """An exact polynomial (negative powers allowed) in sizes and atoms.

    Parameters
    ----------
    terms
        Coefficients by monomial; zero coefficients are dropped.
    """

    __slots__ = ("_hash", "_sizes", "_text", "terms")

    def __init__(self, terms: Mapping[Monomial, Number]) -> None:
        self.terms: dict[Monomial, Number] = {
            m: c if type(c) is int else reduced(c) for m, c in terms.items() if c
        }
        self._hash: int | None = None
        self._sizes: tuple[str, ...] | None = None
        self._text: str | None = None

    def __add__(self, other: Sized) -> Poly:
        other = poly(other)
        if not other.terms:
            return self
        total = self.terms.copy()
        _accumulate(total, other)
        return _made(total)

    __radd__ = __add__

    def __neg__(self) -> Poly:
        return _made({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Sized) -> Poly:
        other = poly(other)
        if not other.terms:
            return self
        total = self.terms.copy()
        _accumulate(total, other, sign=-1)
        return _made(total)

    def __rsub__(self, other: Sized) -> Poly:
        return poly(other) - self

    def __mul__(self, other: Sized) -> Poly:
        other = poly(other)
        if other.terms == _ONE:
            return self
        if self.terms == _ONE:
            return other
        total: dict[Monomial, Number] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = times(left, right)
                total[monomial] = total.get(monomial, 0) + a * b
        return Poly(total)

    __rmul__ = __mul__

    def __truediv__(self, other: Sized) -> Poly:
        other = poly(other)
        if not other.terms:
            raise SizeError("expected a divisor that is not zero")
        if len(other.terms) == 1:
            (monomial, c), *_ = other.terms.items()
            return self * Poly({tuple((a, -k) for a, k in monomial): Fraction(1, 1) / c})
        return self * called("reciprocal", other)

    def __rtruediv__(self, other: Sized) -> Poly:
        return poly(other) / self

    def __pow__(self, exponent: int) -> Poly:
        if exponent < 0:
            return 1 / self ** (-exponent)
        if exponent == 1:
            return self
        if len(self.terms) == 1:
            ((monomial, c),) = self.terms.items()
            return Poly({tuple((a, k * exponent) for a, k in monomial if exponent): c**exponent})
        result = poly(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        if type(other) is Poly:
            return self.terms == other.terms
        return isinstance(other, int | Fraction) and self.constant == other

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __str__(self) -> str:
        if self._text is None:
            self._text = text(self.terms)
        return self._text

    def __repr__(self) -> str:
        return f"poly({str(self)!r})"

    @property
    def constant(self) -> Number | None:
        """The value, if this cost is a number; else None."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def atoms(self) -> frozenset[Atom]:
        """The atoms that appear, outermost ones only."""
        return frozenset(a for monomial in self.terms for a, _ in monomial)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of all sizes that appear at any depth, sorted."""
        if self._sizes is None:
            names = {name for monomial in self.terms for a, _ in monomial for name in a.sizes}
            self._sizes = tuple(sorted(names))
        return self._sizes

    def substitute(self, values: Mapping[str, Sized]) -> Poly:
        """Replace sizes by costs, everywhere."""
        if values.keys().isdisjoint(self.sizes):
            return self
        new = {a: _replaced(a, values) for a in self.atoms if not values.keys().isdisjoint(a.sizes)}
        total: dict[Monomial, Number] = {}
        for monomial, coefficient in self.terms.items():
            factors = [(new[atom], k) for atom, k in monomial if atom in new]
            if not factors:
                _accumulate(total, _made({monomial: coefficient}))
                continue
            product = _made({tuple(p for p in monomial if p[0] not in new): coefficient})
            for value, exponent in factors:
                product = product * value**exponent
            _accumulate(total, product)
        return _made(total)

    def evaluate(self, **values: Any) -> Any:
        """Value at concrete sizes: exact on numbers, elementwise on NumPy arrays.

        Integer arrays give exact int64 values where 62 bits are enough, see :mod:`.arrays`.

        Raises
        ------
        SizeError
            If a size is missing; the message names it.
        """
        missing = [s for s in self.sizes if s not in values]
        if missing:
            raise SizeError(f"expected a value for {', '.join(missing)} in {self}")
        if any(isinstance(v, np.ndarray) for v in values.values()):
            from .arrays import evaluate_arrays

            return evaluate_arrays(self, values)
        return reduced(value_at(self, values))

    def sympy(self) -> Any:
        """The same formula as a sympy expression over positive integer symbols."""
        from .symbolic import to_sympy

        return to_sympy(self)


def poly(value: Sized) -> Poly:
    """Return ``value`` as a cost: a number, a size's name, or a formula in Python syntax.

    >>> poly("2*n*d + ceil(log2(n))").evaluate(n=8, d=1)
    19
    """
    if type(value) is Poly:
        return value
    if type(value) is int and value in _SMALL:
        return _SMALL[value]
    if isinstance(value, str):
        if NAME.match(value):
            return size(value)
        from .formulas import parse

        return parse(value)
    if not isinstance(value, Rational):
        raise SizeError(f"expected a size, a whole number or a formula, got {value!r}")
    return Poly({(): cast("Number", value)})


def summed(costs: Iterable[Sized]) -> Poly:
    """Return the sum of many costs; faster than one after another.

    >>> str(summed(size("n") ** k for k in range(3)))
    'n**2 + n + 1'
    """
    total: dict[Monomial, Number] = {}
    for cost in costs:
        _accumulate(total, poly(cost))
    return _made(total)


_ONE: dict[Monomial, Number] = {(): 1}


_SMALL = {k: Poly({(): k}) for k in range(-16, 65)}
"""Numbers that come up again and again."""


@functools.cache
def size(name: str) -> Poly:
    """Return the cost that consists of one size symbol."""
    if not NAME.match(name):
        raise SizeError(f"expected a size's name such as n or d_kv, got {name!r}")
    return Poly({((symbol(name), 1),): 1})


def called(kind: str, *args: Poly) -> Poly:
    """Return the cost that consists of one function of costs, kept as it is."""
    return Poly({((function(kind, *args), 1),): 1})


def applied(kind: str, *args: Sized) -> Poly:
    """Return a function of costs: its value on numbers, else kept as it is."""
    costs = tuple(poly(a) for a in args)
    numbers = [c.constant for c in costs]
    if all(x is not None for x in numbers):
        return poly(FUNCTIONS[kind].exact(*numbers))
    return called(kind, *costs)


def _replaced(atom: Atom, values: Mapping[str, Sized]) -> Poly:
    if atom.kind == "size":
        name = atom.args[0]
        return poly(values[name]) if name in values else Poly({((atom, 1),): 1})
    from .functions import rebuilt

    return rebuilt(atom.kind, (a.substitute(values) for a in atom.args))


def _made(terms: dict[Monomial, Number]) -> Poly:
    """Return a cost from coefficients that are known to be reduced and not zero."""
    cost = Poly.__new__(Poly)
    cost.terms = terms
    cost._hash = cost._sizes = cost._text = None
    return cost


def _accumulate(total: dict[Monomial, Number], cost: Poly, *, sign: int = 1) -> None:
    """Add a cost, or its negative, to coefficients that are reduced and not zero, as they stay."""
    for monomial, c in cost.terms.items():
        value = total.get(monomial, 0) + sign * c
        if value:
            total[monomial] = value if type(value) is int else reduced(value)
        else:
            del total[monomial]


def value_at(cost: Poly, values: Mapping[str, Any]) -> Number:
    """Return the exact value of a cost, with a value for every size."""
    total: Number = 0
    for monomial, coefficient in cost.terms.items():
        product: Number = coefficient
        for atom, k in monomial:
            product = product * exact_power(_atom_value(atom, values), k)
        total += product
    return total


def _atom_value(atom: Atom, values: Mapping[str, Any]) -> Number:
    if atom.kind == "size":
        value = values[atom.args[0]]
        return value if isinstance(value, Fraction) else int(value)
    return FUNCTIONS[atom.kind].exact(*(value_at(a, values) for a in atom.args))
