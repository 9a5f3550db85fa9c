"""Which of two costs is larger for all sizes: a sufficient test, never a guess.

>>> from .sizes import maximum, size
>>> n, d = size("n"), size("d")
>>> at_least(maximum(n, d), n), at_least(n * d, n + d), at_least(2 * n * d, n + d)
(True, False, True)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from .atoms import Atom, Monomial, Number, SizeError, ordered
from .polynomials import Poly, Sized, poly, value_at


def at_least(x: Sized, y: Sized = 0, *, given: Mapping[str, Sized] | None = None) -> bool:
    """Whether ``x >= y`` is certain for all sizes of at least one.

    A sufficient test, never a guess: after every size is written as one plus something that is not
    negative, no coefficient of ``x - y`` is negative. ``given`` replaces sizes first, which is how
    a region such as ``t <= n - 1`` is stated (``{"n": t + 1 + rest}``); names that end in ``_`` are
    quantities of at least zero instead of one.

    >>> n, w = poly("n"), poly("w")
    >>> at_least(n**2, n), at_least(n, w), at_least(n, w, given={"n": "w + rest_"})
    (True, False, True)
    """
    if given:
        return _is_not_negative(poly(x) - y, given)
    return _is_at_least(poly(x), poly(y))


@functools.lru_cache(maxsize=1 << 16)
def _is_at_least(x: Poly, y: Poly) -> bool:
    """The same few questions are asked again and again: each is answered once."""
    return _is_not_negative(x - y, {})


def _is_not_negative(difference: Poly, given: Mapping[str, Sized]) -> bool:
    coefficients = difference.terms.values()
    if _is_plain(difference):
        return True
    if min(coefficients) < 0 and max(coefficients) <= 0 and () in difference.terms:
        return False
    return _is_certain(difference, tuple(map(given.get, difference.sizes)) if given else ())


@functools.lru_cache(maxsize=1 << 16)
def _is_certain(difference: Poly, given: tuple[Sized | None, ...]) -> bool:
    """Whether a cost is certain not to be negative, its sizes being these values where not None."""
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
            if value_at(difference, point) < 0:
                return True
        except (SizeError, ArithmeticError):
            continue
    return False


def least(atom: Atom) -> int | None:
    """Return a number that an atom never falls below; None if it may be negative.

    >>> [least(atom) for text in ("n", "min(n, d)", "min(n, 9 - d)") for atom in poly(text).atoms]
    [1, 0, None]
    """
    if atom.kind == "size":
        return 0 if atom.args[0].endswith("_") else 1
    return _least(atom)


@functools.lru_cache(maxsize=1 << 16)
def _least(atom: Atom) -> int | None:
    if atom.kind in {"ceil_log2", "ceil_log"}:
        return 0
    if atom.kind == "power":
        base, exponent = atom.args
        return 1 if at_least(base, 1) and at_least(exponent) else 0 if at_least(base) else None
    if atom.kind == "ceil":
        return _least_rounded(atom.args[0])
    enough = any if atom.kind == "max" else all
    return 0 if enough(at_least(arg) for arg in atom.args) else None


def _least_rounded(x: Poly) -> int | None:
    """Return what a cost, rounded up, never falls below."""
    shifted = _shifted(x)
    low = shifted.terms.get((), 0)
    if shifted.terms and _cleared(x) == x and low > 0 and _is_plain(shifted):
        return math.ceil(low)
    above = _cleared(x + 1)  # more than -1 is enough for 0
    part = math.lcm(*(c.denominator for c in above.terms.values()))
    return 0 if at_least(above, Fraction(1, part)) else None


def _is_plain(cost: Poly) -> bool:
    """Whether a cost is a sum of products that are not negative."""
    return min(cost.terms.values(), default=0) >= 0 and all(map(is_proper, cost.terms))


def is_proper(monomial: Monomial) -> bool:
    """Whether no factor can be negative."""
    return all(atom.kind == "size" or _least(atom) is not None for atom, _ in monomial)


def is_whole(cost: Poly) -> bool:
    """Whether a cost is certain to be a whole number."""
    return all(
        c.denominator == 1 and all(k > 0 and _is_whole_atom(a) for a, k in monomial)
        for monomial, c in cost.terms.items()
    )


def _is_whole_atom(atom: Atom) -> bool:
    if atom.kind in {"min", "max", "power"}:
        return all(is_whole(a) for a in atom.args)
    return atom.kind != "reciprocal"


def _certain(difference: Poly, depth: int) -> bool:
    if _is_plain(difference):
        return True
    choice = _choice(difference)
    if choice is not None:
        atom, quantifier = choice
        return depth > 0 and quantifier(
            _certain(_swap(difference, atom, arg), depth - 1) for arg in atom.args
        )
    if _is_plain(_shifted(difference)):
        return True
    return depth > 0 and _certain_with_logarithms(difference, depth)


def _choice(difference: Poly) -> tuple[Atom, Callable[[Iterable[bool]], bool]] | None:
    """Return a min or max to replace by its arguments, and whether all of them must do or any.

    A min is one of its arguments, so it is enough that all of them do; where it is subtracted
    (times what is not negative), it is enough that any of them does, because it is not larger. A
    max is the mirror image.
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
    one_sided = all(
        (c > 0) == (anyway.kind == "max") and _is_monotone(m, anyway) for m, c in touching
    )
    return anyway, any if one_sided else all


def _is_monotone(monomial: Monomial, atom: Atom) -> bool:
    """Whether a product grows with one of its factors."""
    k = dict(monomial)[atom]
    rest = tuple(pair for pair in monomial if pair[0] is not atom)
    return is_proper(rest) and (k == 1 or (k > 0 and all(at_least(a) for a in atom.args)))


def _certain_with_logarithms(difference: Poly, depth: int) -> bool:
    """Use ceil(log2 x) <= x - 1 (x if it may be broken) where a logarithm is subtracted."""
    for atom in sorted(difference.atoms, key=lambda a: a.text):
        if atom.kind != "ceil_log2":
            continue
        touching = [(m, c) for m, c in difference.terms.items() if dict(m).get(atom)]
        if all(dict(m)[atom] == 1 and c < 0 and _is_monotone(m, atom) for m, c in touching):
            (x,) = atom.args
            return _certain(_swap(difference, atom, x - 1 if is_whole(x) else x), depth - 1)
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


def _cleared(cost: Poly) -> Poly:
    """Multiply a cost by what it is divided by, which is positive."""
    lowest: dict[Atom, int] = {}
    for monomial in cost.terms:
        for atom, k in monomial:
            lowest[atom] = min(lowest.get(atom, 0), k)
    negative = [(a, -k) for a, k in lowest.items() if k < 0]
    return cost * Poly({ordered(negative): 1}) if negative else cost


def _shifted(cost: Poly) -> Poly:
    """Clear negative powers, then write every atom as its least value plus a remainder."""
    cleared = _cleared(cost)
    for atom in sorted(cleared.atoms, key=lambda a: a.text):
        bottom = least(atom)
        if bottom:
            cleared = _swap(cleared, atom, Poly({((atom, 1),): 1}) + bottom)
    return cleared
