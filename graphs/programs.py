"""Formulas as plain data that other processes and files hold: whole coefficients, whole bases.

A formula becomes a quotient of two sums of products. What is multiplied, a *base*, is a size or a
function that is a whole number wherever it is defined, so that nothing but one last division can
leave the whole numbers.

>>> from .polynomials import poly
>>> half = program(poly("n**2/2 + n/2"))
>>> [t.coefficient for t in half.above.terms], [t.coefficient for t in half.below.terms]
([1, 1], [2])
>>> msgspec.json.decode(msgspec.json.encode(half), type=Quotient) == half
True
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import msgspec

from .atoms import Atom, SizeError
from .polynomials import Poly


class Size(msgspec.Struct, frozen=True, tag="size", array_like=True):
    """A size by its name."""

    name: str


class Call(msgspec.Struct, frozen=True, tag="call", array_like=True):
    """A function of sums.

    ``sum`` is its one argument; ``ceil`` and ``ceil_log2`` take a quotient (two sums);
    ``ceil_log`` a base and a quotient; ``min`` and ``max`` two sums and what both are divided by
    elsewhere, which must be positive; ``power`` a base and an exponent.
    """

    kind: str
    args: tuple[Sum, ...]


Base: TypeAlias = Size | Call


class Term(msgspec.Struct, frozen=True, array_like=True):
    """A product: a coefficient, and bases with positive exponents."""

    coefficient: int
    factors: tuple[tuple[Base, int], ...] = ()


class Sum(msgspec.Struct, frozen=True, array_like=True):
    """A sum of products."""

    terms: tuple[Term, ...]


class Quotient(msgspec.Struct, frozen=True, array_like=True):
    """A formula: one sum over another."""

    above: Sum
    below: Sum

    @property
    def whole(self) -> bool:
        """Whether nothing is divided."""
        return self.below == ONE


ONE = Sum((Term(1),))


def program(cost: Poly) -> Quotient:
    """Write a formula as plain data.

    Raises
    ------
    SizeError
        For a power whose exponent is a quotient.
    """
    products = [(Fraction(c), _factors(monomial)) for monomial, c in cost.terms.items()]
    common = math.lcm(*(c.denominator for c, _ in products))
    lowest: Counter[Base] = Counter()
    for _, factors in products:
        for base, k in factors.items():
            lowest[base] = min(lowest[base], k)
    below = {base: -k for base, k in lowest.items() if k < 0}
    above = [
        _term(int(c * common), {b: factors[b] + below.get(b, 0) for b in {**factors, **below}})
        for c, factors in products
    ]
    return Quotient(Sum(tuple(above)), Sum((_term(common, below),)))


def _term(coefficient: int, factors: dict[Base, int]) -> Term:
    return Term(coefficient, tuple((base, k) for base, k in factors.items() if k))


def _factors(monomial: tuple[tuple[Atom, int], ...]) -> Counter[Base]:
    found: Counter[Base] = Counter()
    for atom, exponent in monomial:
        for base, k in _bases(atom):
            found[base] += k * exponent
    return found


def _bases(atom: Atom) -> Iterator[tuple[Base, int]]:
    """Write an atom as a product of whole bases, with exponents 1 and -1."""
    if atom.kind == "size":
        yield Size(atom.args[0]), 1
        return
    args = [program(argument) for argument in atom.args]
    match atom.kind, args:
        case "reciprocal", [x]:
            yield from _over(x.below, x.above)
        case "ceil" | "ceil_log2", [x]:
            yield Call(atom.kind, (x.above, x.below)), 1
        case "ceil_log", [b, x] if b.whole:
            yield Call("ceil_log", (b.above, x.above, x.below)), 1
        case "min" | "max", [x, y]:
            # min(a/b, c/d) = min(a d, c b)/(b d), for positive b d.
            below = _times(x.below, y.below)
            sides = _times(x.above, y.below), _times(y.above, x.below)
            yield Call(atom.kind, (*sides, below)), 1
            yield from _over(ONE, below)
        case "power", [x, k] if k.whole:
            yield Call("power", (x.above, k.above)), 1
            if not x.whole:
                yield Call("power", (x.below, k.above)), -1
        case _:
            raise SizeError(
                f"expected whole bases of logarithms and whole exponents in {atom.text}"
            )


def _over(above: Sum, below: Sum) -> Iterator[tuple[Base, int]]:
    if above != ONE:
        yield Call("sum", (above,)), 1
    if below != ONE:
        yield Call("sum", (below,)), -1


def _times(left: Sum, right: Sum) -> Sum:
    if left == ONE:
        return right
    if right == ONE:
        return left
    terms = []
    for a in left.terms:
        for b in right.terms:
            factors: Counter[Base] = Counter()
            for base, k in (*a.factors, *b.factors):
                factors[base] += k
            terms.append(_term(a.coefficient * b.coefficient, factors))
    return Sum(tuple(terms))
