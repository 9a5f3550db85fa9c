"""What comes from outside is bounded before it is multiplied out: terms, exponents, sizes to try.

>>> from ...graphs.sizes import poly
>>> str(replaced(poly("a**2"), {"a": poly("n + d")}))
'd**2 + 2*d*n + n**2'
>>> many = poly("n + d + h + w + s + k")
>>> replaced(poly("a**16*b**16"), {"a": many, "b": many + 1})
Traceback (most recent call last):
    ...
workspan.graphs.atoms.SizeError: expected a formula with at most 4,000 terms once a, b are replaced
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

from ...graphs.sizes import Poly, Sized, SizeError, poly

MOST_TERMS = 400
"""Terms of a formula that a claim states."""
LARGEST_PRODUCT = 4_000
"""Terms of a formula in which names were replaced, as they are bounded before that is done."""


def stated(text: str | Poly) -> Poly:
    """Read a formula of a claim.

    Raises
    ------
    SizeError
        If it is none, or has too many terms once it is multiplied out.
    """
    cost = poly(text)
    if len(cost.terms) > MOST_TERMS:
        raise SizeError(
            f"expected a formula with at most {MOST_TERMS} terms once it is multiplied out, "
            f"got {len(cost.terms)}"
        )
    return cost


def replaced(cost: Poly, values: Mapping[str, Sized]) -> Poly:
    """Replace names by formulas, unless that would have too many terms.

    Raises
    ------
    SizeError
        If it would.
    """
    found = {name: poly(value) for name, value in values.items() if name in cost.sizes}
    if _terms(cost, {name: len(value.terms) for name, value in found.items()}) > LARGEST_PRODUCT:
        names = ", ".join(found)
        raise SizeError(
            f"expected a formula with at most {LARGEST_PRODUCT:,} terms once {names} are replaced"
        )
    return cost.substitute(found)


def _terms(cost: Poly, counts: Mapping[str, int]) -> int:
    """Bound the terms that a formula has once names are replaced, at any depth."""
    total = 0
    for monomial in cost.terms:
        product = 1
        for atom, k in monomial:
            if atom.kind == "size":
                count = counts.get(atom.args[0], 1)
                product *= comb(count + k - 1, k) if k > 1 else count
            else:
                product *= max(1, *(_inside(a, counts) for a in atom.args))
        total += product
    return total


def _inside(argument: Poly, counts: Mapping[str, int]) -> int:
    """Return 1 for an argument of a function that stays small, else what is too much."""
    return 1 if _terms(argument, counts) <= LARGEST_PRODUCT else LARGEST_PRODUCT + 1
