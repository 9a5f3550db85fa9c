"""Atoms of a cost: size symbols, functions of costs kept as they are, and products of both.

There is one object for each atom, so that equality is identity.

>>> symbol("n") is symbol("n"), symbol("n").text
(True, 'n')
>>> n, d = ((symbol(name), 1) for name in "nd")
>>> [(atom.text, exponent) for atom, exponent in times((n,), times((d,), (n,)))]
[('d', 1), ('n', 2)]
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

Number: TypeAlias = int | Fraction
Monomial: TypeAlias = tuple[tuple["Atom", int], ...]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}\Z")


LARGEST_BITS = 1 << 20
"""The longest power that is carried out."""
LARGEST_EXPONENT = 4096


class SizeError(ValueError):
    """A size or a formula that makes no sense; the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that may appear in a cost: how it is evaluated and how it is written."""

    exact: Callable[..., Any]
    """Value on exact numbers."""
    array: Callable[..., Any]
    """Value on NumPy arrays, elementwise."""
    text: Callable[..., str]
    """Python syntax, from the texts of the arguments."""


def _ceil_log2(x: Number) -> int:
    if x < 1:
        raise SizeError(f"expected an argument of at least 1 for ceil(log2(.)), got {x}")
    return (-(-Fraction(x).numerator // Fraction(x).denominator) - 1).bit_length()


def _ceil_log(base: Number, x: Number) -> int:
    if base < 2 or x < 1:
        raise SizeError(
            f"expected a base of at least 2 and an argument of at least 1, got {base}, {x}"
        )
    steps, reach = 0, Fraction(1)
    while reach < x:
        steps, reach = steps + 1, reach * base
    return steps


def exact_power(base: Number, exponent: Number) -> Number:
    """Return a power with a whole exponent."""
    if exponent == 1:
        return base
    if type(base) is int and type(exponent) is int and 0 <= exponent <= 64:
        return base**exponent  # what nearly all terms are, without fractions
    if Fraction(exponent).denominator != 1:
        raise SizeError(f"expected a whole exponent, got {exponent}")
    if abs(Fraction(exponent)) > LARGEST_EXPONENT:
        raise SizeError(
            f"expected powers with exponents of at most {LARGEST_EXPONENT}, got {base}**{exponent}; "
            "name smaller sizes"
        )
    times = abs(int(exponent))
    if times > 64 and Fraction(base).numerator.bit_length() * times > LARGEST_BITS:
        raise SizeError(f"expected powers of at most {LARGEST_BITS} bits, got exponent {exponent}")
    return Fraction(base) ** int(exponent)


def _exact_log2_array(x: Any) -> Any:
    mantissa, exponent = np.frexp(np.asarray(x, dtype=float))
    return exponent - (mantissa == 0.5)


FUNCTIONS: dict[str, Function] = {
    "ceil_log2": Function(_ceil_log2, _exact_log2_array, lambda a: f"ceil(log2({a}))"),
    "ceil_log": Function(
        _ceil_log,
        lambda b, x: np.ceil(np.round(np.log(x) / np.log(b), 9)),
        lambda b, x: f"ceil(log({x}, {b}))",
    ),
    "ceil": Function(lambda x: -((-x) // 1), np.ceil, lambda a: f"ceil({a})"),
    "min": Function(min, np.minimum, lambda a, b: f"min({a}, {b})"),
    "max": Function(max, np.maximum, lambda a, b: f"max({a}, {b})"),
    "power": Function(exact_power, np.power, lambda b, e: f"{_wrap(b)}**{_wrap(e)}"),
    "reciprocal": Function(lambda x: 1 / Fraction(x), np.reciprocal, lambda a: f"1/({a})"),
}


def _wrap(text: str) -> str:
    return text if text.isalnum() else f"({text})"


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A size symbol, or a function of costs that is kept as it is.

    There is one object for each, which :func:`symbol` and :func:`function` return.
    """

    kind: str
    args: tuple[Any, ...]
    text: str
    sizes: tuple[str, ...]
    """The names of all sizes that appear in it at any depth, sorted."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (symbol, self.args) if self.kind == "size" else (function, (self.kind, *self.args))


@functools.cache
def symbol(name: str) -> Atom:
    """Return the atom of a size."""
    return Atom("size", (name,), name, (name,))


@functools.cache
def function(kind: str, *args: Any) -> Atom:
    """Return the atom of a function of costs."""
    text = FUNCTIONS[kind].text(*(str(a) for a in args))
    return Atom(kind, args, text, tuple(sorted({name for a in args for name in a.sizes})))


def reduced(value: Number) -> Number:
    """Return an int where the value is whole."""
    if type(value) is not int and value.denominator == 1:
        return value.numerator
    return value


def times(left: Monomial, right: Monomial) -> Monomial:
    """Return the product of two monomials."""
    if not left:
        return right
    if not right:
        return left
    return _joined(left, right)


@functools.lru_cache(maxsize=1 << 16)
def _joined(left: Monomial, right: Monomial) -> Monomial:
    exponents = dict(left)
    for atom, k in right:
        exponents[atom] = exponents.get(atom, 0) + k
    return ordered((a, k) for a, k in exponents.items() if k)


def ordered(pairs: Iterable[tuple[Atom, int]]) -> Monomial:
    """Return atoms with their exponents as the monomial that they are."""
    return tuple(sorted(pairs, key=lambda p: p[0].text))
