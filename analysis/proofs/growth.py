"""Certificates of growth: explicit constants between which a cost stays, and the checker.

That f is of order g in some sizes means that ``lower*g <= f <= upper*g`` from some start on, with
constants that are positive and do not depend on these sizes; the other sizes are fixed. The
certificate names the constants and the start. Both inequalities are checked for all sizes at once,
with a few laws of rounding and logarithms, x being at least one:

- ``ceil(x)`` is at least x and less than ``x + 1``, and at least one where x is positive;
- ``2**ceil(log2(x))`` is at least x and at most ``2*x``;
- ``ceil(log2(x))`` is at least ``k + 1`` where x is more than ``2**k``, and its p-th power is at
  most ``2**(p + 1)*p!*x``, because ``2*x > 2**y >= (y*log(2))**p/p!`` for y = ceil(log2(x));
- ``b**x`` is at least the sum of ``(x/2)**p/p!`` for b of at least 2, by the same series;
- ``ceil(log(x, b))`` is at most ``y = ceil(log2(x))`` and at least ``y/ceil(log2(b))``, and at least
  ``j + 1`` where x is more than ``b**j``.

>>> n, upper, lower = poly("n"), poly("8*d**2 + 4*d"), poly("4*d")
>>> check_growth(GrowthCertificate(poly("8*d**2*n + 4*d*n**2"), n**2, upper, lower, {"n": poly(1)}))
>>> check_growth(GrowthCertificate(poly("n + d"), n, poly(2), poly(1), {"n": poly("d")}))
>>> check_growth(GrowthCertificate(poly("n + d"), n, poly(2), poly(1), {"n": poly(1)}))
Traceback (most recent call last):
    ...
workspan.analysis.proofs.errors.ProofError: d + n may be more than 2 times n
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...graphs.sizes import Atom, Poly, Sized, at_least, ceil_log2, poly, size
from .cases import cleared
from .errors import ProofError
from .paths.pieces import Given
from .positions import lower_sizes, positive

DEPTH = 5
TERMS = 13
"""Terms of the exponential series that are used."""
LARGEST_LOG = 16
MOST_DIGITS = 3


@dataclass(frozen=True, slots=True)
class GrowthCertificate:
    """Everything that the checker needs to verify how fast a cost grows."""

    formula: Poly
    bound: Poly
    """What it is compared with."""
    upper: Poly
    """The formula is at most this times the bound; it holds none of the sizes that grow."""
    lower: Poly | None
    """The formula is at least this times the bound; None if nothing is claimed from below."""
    start: Mapping[str, Poly]
    """For each size that grows, from which value on; it holds none of them."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Other sizes that are at least this large (1 if not named)."""


def check_growth(certificate: GrowthCertificate) -> None:
    """Verify the constants, for all sizes from the start on.

    Raises
    ------
    ProofError
        If one of the inequalities is not certain.
    """
    formula, bound, growing = certificate.formula, certificate.bound, set(certificate.start)
    constants = [certificate.upper, *certificate.start.values()]
    constants += [] if certificate.lower is None else [certificate.lower]
    if not growing or any(growing & set(c.sizes) for c in constants):
        raise ProofError(f"expected constants that do not depend on {', '.join(sorted(growing))}")
    fixed = lower_sizes({s: v for s, v in certificate.least.items() if s not in growing})
    given: dict[str, Sized] = dict(fixed)
    for name, start in certificate.start.items():
        given[name] = start.substitute(fixed) + size(f"{name}_g_")
    for cost in (bound, formula, *constants):
        _check_defined(cost.substitute(given))
    if not is_certain(bound, given):
        raise ProofError(f"{bound} may be negative")
    if not is_certain(certificate.upper * bound - formula, given):
        raise ProofError(f"{formula} may be more than {certificate.upper} times {bound}")
    if certificate.lower is None:
        return
    if not is_positive(certificate.lower.substitute(given)):
        raise ProofError(f"{certificate.lower} may not be positive")
    if not is_certain(formula - certificate.lower * bound, given):
        raise ProofError(f"{formula} may be less than {certificate.lower} times {bound}")


def _check_defined(cost: Poly) -> None:
    """Nothing is divided by what may be zero, and what is rounded up is not negative."""
    under = {atom for monomial in cost.terms for atom, k in monomial if k < 0}
    for atom in sorted(under, key=lambda a: a.text):
        if not is_positive(Poly({((atom, 1),): 1})):
            raise ProofError(f"{atom.text} may be zero, and something is divided by it")
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "size":
            continue
        arguments = [Poly(a.terms) for a in atom.args]
        for argument in arguments:
            _check_defined(argument)
        fine = _is_defined(atom.kind, *arguments)
        if not fine:
            raise ProofError(f"{atom.text} may have no value, or a negative one")


def _is_defined(kind: str, *arguments: Poly) -> bool:
    match kind:
        case "ceil":
            return is_positive(arguments[0] + 1)
        case "reciprocal":
            return is_positive(arguments[0])
        case "ceil_log2":
            return _certain(arguments[0] - 1, DEPTH)
        case "ceil_log":
            return at_least(arguments[0], 2) and _certain(arguments[1] - 1, DEPTH)
    return True


def is_certain(cost: Poly, given: Given) -> bool:
    """Whether a cost is certain not to be negative."""
    return _certain(cost.substitute(given), DEPTH)


def is_positive(cost: Poly) -> bool:
    """Whether a cost is certain to be positive."""
    return positive(_whole(_logarithms_named(_bounded(cost, _rounding))), {})


def _certain(cost: Poly, depth: int) -> bool:
    if at_least(cost, 0):
        return True
    if depth == 0:
        return False
    choice = _choice(cost)
    if choice is not None:
        atom, every = choice
        found = (_certain(_with(cost, atom, Poly(a.terms)), depth - 1) for a in atom.args)
        return all(found) if every else any(found)
    return any(at_least(less, 0) for less in _lower_bounds(cost))


def _choice(cost: Poly) -> tuple[Atom, bool] | None:
    """Return a minimum or maximum, and whether both of its arguments have to do.

    It is one of them. Where a minimum is subtracted, or a maximum added, either is enough.
    """
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind in {"min", "max"}:
            touching = [(dict(m)[atom], c) for m, c in cost.terms.items() if atom in dict(m)]
            one_sided = all(k > 0 and (c > 0) == (atom.kind == "max") for k, c in touching)
            return atom, not one_sided
    return None


def _with(cost: Poly, atom: Atom, value: Poly) -> Poly:
    """Put a value for an atom."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        rest = Poly({tuple(p for p in monomial if p[0] is not atom): c})
        total = total + rest * value ** dict(monomial).get(atom, 0)
    return total


def _lower_bounds(cost: Poly) -> Iterator[Poly]:
    """Yield costs that are not larger, or positive multiples of such, by the laws above."""
    for rounding in (_rounding, _rounding_to_numbers):
        plain = _whole(_bounded(cost, rounding))
        for found in (plain, _logarithms_named(plain), _bounded(plain, _powers_of_logarithms)):
            yield found
            yield _bounded(found, _series)


def _whole(cost: Poly) -> Poly:
    """Multiply by everything that is divided by, if it is positive."""
    multiplied = cleared(cost) if _has_positive_divisors(cost) else None
    return cost if multiplied is None else _whole(multiplied)


def _has_positive_divisors(cost: Poly) -> bool:
    divisors = [Poly(a.args[0].terms) for a in cost.atoms if a.kind == "reciprocal"]
    return all(positive(_whole(divisor), {}) for divisor in divisors)


Law = Callable[[Atom, int, bool], Poly | None]
"""From an atom, its exponent, and whether its power is bounded from above, to a bound."""


def _bounded(cost: Poly, law: Law) -> Poly:
    """Replace powers of atoms by bounds, each on the side that its sign asks for.

    All atoms are at least zero, so a product is bounded by the product of bounds.
    """
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c)
        for atom, k in monomial:
            bound = law(atom, k, c < 0)
            product = product * (Poly({((atom, k),): 1}) if bound is None else bound)
        total = total + product
    return total


def _rounding(atom: Atom, k: int, above: bool) -> Poly | None:
    up = above == (k > 0)
    if atom.kind == "ceil":
        return (atom.args[0] + 1 if up else Poly(atom.args[0].terms)) ** k
    if atom.kind == "ceil_log":
        base, x = atom.args
        return (ceil_log2(x) if up else ceil_log2(x) / ceil_log2(base)) ** k
    doubled = _doubled(atom)
    return None if doubled is None else (2 * doubled if up else doubled) ** k


def _rounding_to_numbers(atom: Atom, k: int, above: bool) -> Poly | None:
    """Use that what is rounded up is at least some number, where that is more than what it was."""
    up = above == (k > 0)
    if atom.kind == "ceil" and not up and is_positive(Poly(atom.args[0].terms)):
        return poly(1)
    if atom.kind == "ceil_log" and not up:
        base, x = (Poly(a.terms) for a in atom.args)
        fine = (j + 1 for j in range(MOST_DIGITS, -1, -1) if _certain(x - base**j - 1, DEPTH))
        return poly(next(fine, 0)) ** k if k > 0 else None
    return _rounding(atom, k, above)


def _doubled(atom: Atom) -> Poly | None:
    """Return x for ``2**ceil(log2(x))``; None for anything else."""
    if atom.kind != "power" or atom.args[0] != 2:
        return None
    exponent = Poly(atom.args[1].terms)
    logs = [a for a in exponent.atoms if a.kind == "ceil_log2"]
    one = len(logs) == 1 and exponent == Poly({((logs[0], 1),): 1})
    return Poly(logs[0].args[0].terms) if one else None


def _powers_of_logarithms(atom: Atom, k: int, above: bool) -> Poly | None:
    if atom.kind != "ceil_log2" or not above or k < 1:
        return None
    return 2 ** (k + 1) * math.factorial(k) * Poly(atom.args[0].terms)


def _series(atom: Atom, k: int, above: bool) -> Poly | None:
    if atom.kind != "power" or above or k < 1 or not at_least(atom.args[0], 2):
        return None
    half = Poly(atom.args[1].terms) / 2
    return sum((half**p / math.factorial(p) for p in range(TERMS)), poly(0)) ** k


def _logarithms_named(cost: Poly) -> Poly:
    """Write logarithms as their least values and something more."""
    for k, atom in enumerate(sorted(cost.atoms, key=lambda a: a.text)):
        if atom.kind == "ceil_log2":
            least = _least_logarithm(Poly(atom.args[0].terms))
            cost = _with(cost, atom, least + size(f"log{k}_"))
    return cost


def _least_logarithm(x: Poly) -> int:
    """Return a number that the logarithm of something is certain to be at least."""
    fine = (k + 1 for k in range(LARGEST_LOG, -1, -1) if at_least(x, 2**k + 1))
    return next(fine, 0)
