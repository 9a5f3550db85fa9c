"""Functions of costs that are kept as atoms where they are not numbers: logarithms, minima, powers.

>>> str(ceil_log2("n") + ceil_log2(8)), str(minimum("n", "n + 1")), str(minimum("n", "w"))
('ceil(log2(n)) + 3', 'n', 'min(n, w)')
"""

from __future__ import annotations

from collections.abc import Iterable

from .atoms import LARGEST_EXPONENT, SizeError
from .ordering import at_least, is_whole
from .polynomials import Poly, Sized, applied, called, poly


def ceil_log2(x: Sized) -> Poly:
    """The depth of a balanced tree over ``x`` leaves: the least k with 2**k >= x."""
    return applied("ceil_log2", x)


def ceil_log(base: Sized, x: Sized) -> Poly:
    """The least k with base**k >= x."""
    return applied("ceil_log", base, x)


def ceil_div(x: Sized, y: Sized) -> Poly:
    """The least integer k with k*y >= x."""
    return _ceiling(poly(x) / poly(y))


def _ceiling(cost: Poly) -> Poly:
    return cost if is_whole(cost) else applied("ceil", cost)


def minimum(x: Sized, y: Sized) -> Poly:
    """The smaller of two costs; decided at once where the sizes allow it (all sizes >= 1)."""
    x, y = poly(x), poly(y)
    if at_least(y, x):
        return x
    if at_least(x, y):
        return y
    return applied("min", *sorted((x, y), key=str))


def maximum(x: Sized, y: Sized) -> Poly:
    """The larger of two costs; decided at once where the sizes allow it (all sizes >= 1)."""
    x, y = poly(x), poly(y)
    if at_least(y, x):
        return y
    if at_least(x, y):
        return x
    return applied("max", *sorted((x, y), key=str))


def power(base: Sized, exponent: Sized) -> Poly:
    """``base**exponent`` with a symbolic exponent; sums in the exponent become products.

    >>> str(power(2, poly("l + 1")))
    '2*2**l'
    """
    base, exponent = poly(base), poly(exponent)
    if base == 1:
        return poly(1)
    for c in exponent.terms.values():
        if not -LARGEST_EXPONENT <= c <= LARGEST_EXPONENT:
            raise SizeError(f"expected an exponent of at most {LARGEST_EXPONENT}, got {c}")
    result = poly(1)
    for monomial, c in exponent.terms.items():
        if monomial and c.denominator == 1 and all(k > 0 for _, k in monomial):
            result = result * called("power", base, Poly({monomial: 1})) ** int(c)
        elif not monomial and c.denominator == 1:
            result = result * base ** int(c)
        else:
            return called("power", base, exponent)
    return result


def rebuilt(kind: str, args: Iterable[Poly]) -> Poly:
    """Return a function of new arguments, decided where they allow it."""
    costs = tuple(args)
    if kind == "min":
        return minimum(*costs)
    if kind == "max":
        return maximum(*costs)
    if kind == "power":
        return power(*costs)
    if kind == "reciprocal":
        return 1 / costs[0]
    if kind == "ceil":
        return _ceiling(*costs)
    return applied(kind, *costs)
