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

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, Union, cast

import numpy as np

Number: TypeAlias = int | Fraction
Sized: TypeAlias = Union["Poly", int, Fraction, str]
Monomial: TypeAlias = tuple[tuple["Atom", int], ...]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}\Z")


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
    least: int
    """A number that the function never falls below when all sizes are at least one."""


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


def _power(base: Number, exponent: Number) -> Number:
    if exponent == 1:
        return base
    if Fraction(exponent).denominator != 1:
        raise SizeError(f"expected a whole exponent, got {exponent}")
    if abs(Fraction(exponent)) > 4096:
        raise SizeError(f"expected an exponent of at most 4096, got {exponent}")
    return Fraction(base) ** int(exponent)


def _exact_log2_array(x: Any) -> Any:
    mantissa, exponent = np.frexp(np.asarray(x, dtype=float))
    return exponent - (mantissa == 0.5)


FUNCTIONS: dict[str, Function] = {
    "ceil_log2": Function(_ceil_log2, _exact_log2_array, lambda a: f"ceil(log2({a}))", 0),
    "ceil_log": Function(
        _ceil_log,
        lambda b, x: np.ceil(np.round(np.log(x) / np.log(b), 9)),
        lambda b, x: f"ceil(log({x}, {b}))",
        0,
    ),
    "ceil": Function(lambda x: -((-x) // 1), np.ceil, lambda a: f"ceil({a})", 0),
    "min": Function(min, np.minimum, lambda a, b: f"min({a}, {b})", 0),
    "max": Function(max, np.maximum, lambda a, b: f"max({a}, {b})", 0),
    "power": Function(_power, np.power, lambda b, e: f"{_wrap(b)}**{_wrap(e)}", 1),
    "reciprocal": Function(lambda x: 1 / Fraction(x), np.reciprocal, lambda a: f"1/({a})", 0),
}


def _wrap(text: str) -> str:
    return text if text.isalnum() else f"({text})"


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A size symbol, or a function of costs that is kept as it is.

    There is one object for each, so that equality is identity.
    """

    kind: str
    args: tuple[Any, ...]
    text: str

    def __reduce__(self) -> tuple[Any, ...]:
        return (_symbol, self.args) if self.kind == "size" else (_function, (self.kind, *self.args))


@functools.cache
def _symbol(name: str) -> Atom:
    return Atom("size", (name,), name)


@functools.cache
def _function(kind: str, *args: Poly) -> Atom:
    text = FUNCTIONS[kind].text(*(str(a) for a in args))
    return Atom(kind, args, text)


def _number(value: Number) -> Number:
    if type(value) is not int and value.denominator == 1:
        return value.numerator
    return value


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
            m: c if type(c) is int else _number(c) for m, c in terms.items() if c
        }
        self._hash: int | None = None
        self._sizes: tuple[str, ...] | None = None
        self._text: str | None = None

    def __add__(self, other: Sized) -> Poly:
        other = poly(other)
        if not other.terms:
            return self
        total = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return Poly(total)

    __radd__ = __add__

    def __neg__(self) -> Poly:
        return Poly({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Sized) -> Poly:
        other = poly(other)
        if not other.terms:
            return self
        total = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            total[monomial] = total.get(monomial, 0) - coefficient
        return Poly(total)

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
                monomial = _times(left, right)
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
        return self * _atom("reciprocal", other)

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
        if isinstance(other, int | Fraction):
            other = poly(other)
        return isinstance(other, Poly) and self.terms == other.terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __str__(self) -> str:
        if self._text is None:
            self._text = _text(self)
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
            names: set[str] = set()
            for atom in self.atoms:
                if atom.kind == "size":
                    names.add(atom.args[0])
                else:
                    names.update(*(a.sizes for a in atom.args))
            self._sizes = tuple(sorted(names))
        return self._sizes

    def substitute(self, values: Mapping[str, Sized]) -> Poly:
        """Replace sizes by costs, everywhere."""
        if values.keys().isdisjoint(self.sizes):
            return self
        new = {a: _replaced(a, values) for a in self.atoms if _mentions(a, values)}
        total: dict[Monomial, Number] = {}
        for monomial, coefficient in self.terms.items():
            rest = tuple(p for p in monomial if p[0] not in new)
            product = Poly({rest: coefficient})
            for atom, exponent in monomial:
                if atom in new:
                    product = product * new[atom] ** exponent
            _accumulate(total, product)
        return Poly(total)

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
        return _number(_evaluate(self, values))

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
    return Poly({(): cast("Number", value)})


def summed(costs: Iterable[Sized]) -> Poly:
    """Return the sum of many costs; faster than one after another.

    >>> str(summed(size("n") ** k for k in range(3)))
    'n**2 + n + 1'
    """
    total: dict[Monomial, Number] = {}
    for cost in costs:
        _accumulate(total, poly(cost))
    return Poly(total)


_ONE: dict[Monomial, Number] = {(): 1}
_SMALL = {k: Poly({(): k}) for k in range(-16, 65)}
"""Numbers that come up again and again."""


@functools.cache
def size(name: str) -> Poly:
    """Return the cost that consists of one size symbol."""
    if not NAME.match(name):
        raise SizeError(f"expected a size's name such as n or d_kv, got {name!r}")
    return Poly({((_symbol(name), 1),): 1})


def _atom(kind: str, *args: Poly) -> Poly:
    return Poly({((_function(kind, *args), 1),): 1})


def _apply(kind: str, *args: Sized) -> Poly:
    costs = tuple(poly(a) for a in args)
    numbers = [c.constant for c in costs]
    if all(x is not None for x in numbers):
        return poly(FUNCTIONS[kind].exact(*numbers))
    return _atom(kind, *costs)


def ceil_log2(x: Sized) -> Poly:
    """The depth of a balanced tree over ``x`` leaves: the least k with 2**k >= x."""
    return _apply("ceil_log2", x)


def ceil_log(base: Sized, x: Sized) -> Poly:
    """The least k with base**k >= x."""
    return _apply("ceil_log", base, x)


def ceil_div(x: Sized, y: Sized) -> Poly:
    """The least integer k with k*y >= x."""
    quotient = poly(x) / poly(y)
    whole = all(
        c.denominator == 1 and all(k > 0 and a.kind != "reciprocal" for a, k in m)
        for m, c in quotient.terms.items()
    )
    return quotient if whole else _apply("ceil", quotient)


def minimum(x: Sized, y: Sized) -> Poly:
    """The smaller of two costs; decided at once where the sizes allow it (all sizes >= 1)."""
    x, y = poly(x), poly(y)
    if at_least(y, x):
        return x
    if at_least(x, y):
        return y
    return _apply("min", *sorted((x, y), key=str))


def maximum(x: Sized, y: Sized) -> Poly:
    """The larger of two costs; decided at once where the sizes allow it (all sizes >= 1)."""
    x, y = poly(x), poly(y)
    if at_least(y, x):
        return y
    if at_least(x, y):
        return x
    return _apply("max", *sorted((x, y), key=str))


def power(base: Sized, exponent: Sized) -> Poly:
    """``base**exponent`` with a symbolic exponent; sums in the exponent become products.

    >>> str(power(2, size("l") + 1))
    '2*2**l'
    """
    base, exponent = poly(base), poly(exponent)
    if base == 1:
        return poly(1)
    result = poly(1)
    for monomial, c in exponent.terms.items():
        if monomial and c.denominator == 1 and all(k > 0 for _, k in monomial):
            result = result * _atom("power", base, Poly({monomial: 1})) ** int(c)
        elif not monomial and c.denominator == 1:
            result = result * base ** int(c)
        else:
            return _atom("power", base, exponent)
    return result


def _rebuilt(kind: str, args: Iterable[Poly]) -> Poly:
    costs = tuple(args)
    if kind == "min":
        return minimum(*costs)
    if kind == "max":
        return maximum(*costs)
    if kind == "power":
        return power(*costs)
    if kind == "reciprocal":
        return 1 / costs[0]
    return _apply(kind, *costs)


def _replaced(atom: Atom, values: Mapping[str, Sized]) -> Poly:
    if atom.kind == "size":
        name = atom.args[0]
        return poly(values[name]) if name in values else Poly({((atom, 1),): 1})
    return _rebuilt(atom.kind, (a.substitute(values) for a in atom.args))


def _accumulate(total: dict[Monomial, Number], cost: Poly) -> None:
    for monomial, c in cost.terms.items():
        total[monomial] = total.get(monomial, 0) + c


def _mentions(atom: Atom, names: Mapping[str, Any]) -> bool:
    if atom.kind == "size":
        return atom.args[0] in names
    return any(s in names for a in atom.args for s in a.sizes)


def _times(left: Monomial, right: Monomial) -> Monomial:
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
    return tuple(sorted(((a, k) for a, k in exponents.items() if k), key=lambda p: p[0].text))


def _evaluate(cost: Poly, values: Mapping[str, Any]) -> Number:
    total: Number = 0
    for monomial, coefficient in cost.terms.items():
        product: Number = coefficient
        for atom, k in monomial:
            product = product * _power(_atom_value(atom, values), k)
        total += product
    return total


def _atom_value(atom: Atom, values: Mapping[str, Any]) -> Number:
    if atom.kind == "size":
        value = values[atom.args[0]]
        return value if isinstance(value, Fraction) else int(value)
    return FUNCTIONS[atom.kind].exact(*(_evaluate(a, values) for a in atom.args))


def _text(cost: Poly) -> str:
    if not cost.terms:
        return "0"
    fractions = _by_denominator(cost)
    if fractions:
        return fractions
    parts = []
    for monomial, c in sorted(cost.terms.items(), key=lambda item: _rank(item[0])):
        sign = "-" if c < 0 else "+"
        parts.append(f"{sign} {_product(monomial, abs(Fraction(c)))}")
    text = " ".join(parts)
    return text[2:] if text.startswith("+ ") else "-" + text[2:]


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
    text = "*".join(above)
    if not below:
        return text
    return f"{text}/{below[0]}" if len(below) == 1 else f"{text}/({'*'.join(below)})"


def _factor(atom: Atom, k: int) -> str:
    if k == 1:
        return atom.text
    base = atom.text if atom.kind not in {"power", "reciprocal"} else f"({atom.text})"
    return f"{base}**{k}"


def _by_denominator(cost: Poly) -> str | None:
    """Write sums over one denominator as a quotient; None where there is no denominator."""
    found = sorted(
        {a for m in cost.terms for a, _ in m if a.kind == "reciprocal"}, key=lambda a: a.text
    )
    if not found:
        return None
    groups: dict[Monomial, dict[Monomial, Number]] = {}
    for monomial, c in cost.terms.items():
        under = tuple((a, k) for a, k in monomial if a.kind == "reciprocal")
        over = tuple((a, k) for a, k in monomial if a.kind != "reciprocal")
        groups.setdefault(under, {})[over] = c
    parts = []
    for under, over_terms in sorted(groups.items(), key=lambda g: [a.text for a, _ in g[0]]):
        numerator = str(Poly(over_terms))
        if not under:
            parts.append(numerator)
            continue
        denominator = "*".join(f"({a.args[0]})" + (f"**{k}" if k > 1 else "") for a, k in under)
        wrapped = f"({numerator})" if len(over_terms) > 1 else numerator
        bottom = denominator if len(under) == 1 else f"({denominator})"
        parts.append(f"{wrapped}/{bottom}")
    return " + ".join(parts)


def at_least(x: Sized, y: Sized = 0, *, given: Mapping[str, Sized] | None = None) -> bool:
    """Whether ``x >= y`` is certain for all sizes of at least one.

    A sufficient test, never a guess: after every size is written as one plus something that is not
    negative, no coefficient of ``x - y`` is negative. ``given`` replaces sizes first, which is how
    a region such as ``t <= n - 1`` is stated (``{"n": t + 1 + rest}``); names that end in ``_`` are
    quantities of at least zero instead of one.

    >>> n, w = size("n"), size("w")
    >>> at_least(n**2, n), at_least(n, w), at_least(n, w, given={"n": "w + rest_"})
    (True, False, True)
    """
    difference = poly(x) - y
    coefficients = difference.terms.values()
    if min(coefficients, default=0) >= 0:
        return True
    if max(coefficients) <= 0 and () in difference.terms:
        return False
    return _is_certain(difference, tuple(map(given.get, difference.sizes)) if given else ())


@functools.lru_cache(maxsize=1 << 16)
def _is_certain(difference: Poly, given: tuple[Sized | None, ...]) -> bool:
    """Whether a cost is certain not to be negative, its sizes having these values where not None."""
    pairs = zip(difference.sizes, given, strict=False)
    cost = difference.substitute({name: value for name, value in pairs if value is not None})
    return not _refuted(cost) and _certain(cost, 6)


class _Point(dict[str, int]):
    """A value for any size or quantity, allowed for its name, and the same in every run."""

    def __init__(self, spread: int) -> None:
        super().__init__()
        self.spread = spread

    def __missing__(self, name: str) -> int:
        scattered = sum(k * ord(letter) for k, letter in enumerate(name, start=1)) % self.spread
        self[name] = scattered + (0 if name.endswith("_") else 1)
        return self[name]


_POINTS = (_Point(1), _Point(5), _Point(17))


def _refuted(difference: Poly) -> bool:
    """Whether a cost is negative at one of a few points: most that is not certain fails there."""
    for point in _POINTS:
        try:
            if _evaluate(difference, point) < 0:
                return True
        except (SizeError, ArithmeticError):
            continue
    return False


def _certain(difference: Poly, depth: int) -> bool:
    if min(difference.terms.values(), default=0) >= 0:
        return True
    choice = _choice(difference)
    if choice is not None:
        atom, quantifier = choice
        return depth > 0 and quantifier(
            _certain(_swap(difference, atom, arg), depth - 1) for arg in atom.args
        )
    shifted = _shifted(difference)
    if min(shifted.terms.values(), default=0) >= 0:
        return True
    return depth > 0 and _certain_with_logarithms(difference, depth)


def _choice(difference: Poly) -> tuple[Atom, Callable[[Iterable[bool]], bool]] | None:
    """Return a min or max to replace by its arguments, and whether all of them must do or any.

    A min is one of its arguments, so it is enough that all of them do; where it is subtracted, it is
    enough that any of them does, because it is not larger. A max is the mirror image.
    """
    anyway: Atom | None = None
    for atom in sorted(difference.atoms, key=lambda a: a.text):
        if atom.kind not in {"min", "max"}:
            continue
        signs = {c > 0 for m, c in difference.terms.items() if dict(m).get(atom, 0) > 0}
        if signs == {atom.kind == "min"}:
            return atom, all
        anyway = anyway or atom
    if anyway is None:
        return None
    touching = [(m, c) for m, c in difference.terms.items() if dict(m).get(anyway)]
    one_sided = all((c > 0) == (anyway.kind == "max") for _, c in touching)
    return anyway, any if one_sided else all


def _certain_with_logarithms(difference: Poly, depth: int) -> bool:
    """Use ceil(log2 x) <= x - 1 where a logarithm appears with a negative coefficient."""
    for atom in sorted(difference.atoms, key=lambda a: a.text):
        if atom.kind != "ceil_log2":
            continue
        touching = [(m, c) for m, c in difference.terms.items() if dict(m).get(atom)]
        if all(dict(m)[atom] == 1 and c < 0 for m, c in touching):
            return _certain(_swap(difference, atom, atom.args[0] - 1), depth - 1)
    return False


def _swap(cost: Poly, atom: Atom, value: Poly) -> Poly:
    untouched: dict[Monomial, Number] = {}
    by_exponent: dict[int, dict[Monomial, Number]] = {}
    for monomial, c in cost.terms.items():
        k = next((k for a, k in monomial if a is atom), 0)
        rest = tuple((a, k) for a, k in monomial if a is not atom)
        (by_exponent.setdefault(k, {}) if k else untouched)[rest] = c
    total = Poly(untouched)
    for k, terms in by_exponent.items():
        total = total + Poly(terms) * value**k
    return total


def _shifted(cost: Poly) -> Poly:
    """Clear negative powers, then write every atom as its least value plus a remainder."""
    lowest: dict[Atom, int] = {}
    for monomial in cost.terms:
        for atom, k in monomial:
            lowest[atom] = min(lowest.get(atom, 0), k)
    negative = [(a, -k) for a, k in lowest.items() if k < 0]
    cleared = cost * Poly({_ordered(negative): 1}) if negative else cost
    for atom in sorted(cleared.atoms, key=lambda a: a.text):
        least = _least(atom)
        if least:
            cleared = _swap(cleared, atom, Poly({((atom, 1),): 1}) + least)
    return cleared


def _ordered(pairs: Iterable[tuple[Atom, int]]) -> Monomial:
    return tuple(sorted(pairs, key=lambda p: p[0].text))


def _least(atom: Atom) -> int:
    if atom.kind == "size":
        return 0 if atom.args[0].endswith("_") else 1
    return FUNCTIONS[atom.kind].least
