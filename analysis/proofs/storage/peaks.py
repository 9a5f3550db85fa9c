"""Peaks: the largest of many totals, and the checker that none of them is larger.

A total is not larger than some terms if it is not larger than one of them, or than a mean of them:
a mean is never above the largest of what it is taken of. Between two terms that no one dominates,
while one thing is freed and another one grows, there are often such totals.

>>> from ....graphs.sizes import poly
>>> x, y, between = poly("4*n"), poly("4*d"), poly("n + d")
>>> half = Fraction(1, 2)
>>> peak = Peak((x, y), highest((x, y)), {between: ((x, half), (y, half))})
>>> check_peak("it", (x, y, between), peak, {})
>>> check_peak("it", (x, y, poly("n*d")), peak, {})
Traceback (most recent call last):
    ...
workspan.analysis.proofs.errors.ProofError: it: d*n may be more than max(4*d, 4*n)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from ....graphs.graph import product
from ....graphs.polynomials import called
from ....graphs.sizes import Atom, Poly, at_least, poly, size, summed
from ..errors import ProofError
from ..positions import lower_sizes

Weighted: TypeAlias = tuple[tuple[Poly, Fraction], ...]
"""Terms of a mean, with their weights."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest of some totals."""

    terms: tuple[Poly, ...]
    """Totals of which one is the largest, whatever the sizes are."""
    formula: Poly
    """Their maximum."""
    above: Mapping[Poly, Weighted] = field(default_factory=dict)
    """For every other total, a mean of terms that is not smaller."""


def check_peak(what: str, totals: Iterable[Poly], peak: Peak, least: Mapping[str, int]) -> None:
    """Verify that a formula is the largest of some totals, for all sizes from ``least`` on.

    Raises
    ------
    ProofError
        If a term is no total, or a total may be larger; the message says which.
    """
    found = dict.fromkeys(totals)
    for term in peak.terms:
        if term not in found:
            raise ProofError(f"{what}: {term} is none of the totals")
    if not peak.terms or peak.formula != highest(peak.terms):
        raise ProofError(f"{what}: expected the largest of its terms, got {peak.formula}")
    factor, given = denominator(found), lower_sizes(least)
    for total in found:
        if total in peak.terms:
            continue
        mean = _mean(what, peak, peak.above.get(total, ()))
        difference = (mean - total) * factor
        if not positive(from_least(difference, least)) and not at_least(mean, total, given=given):
            raise ProofError(f"{what}: {total} may be more than {peak.formula}")


def _mean(what: str, peak: Peak, weighted: Weighted) -> Poly:
    weights = [weight for _, weight in weighted]
    if any(w < 0 for w in weights) or any(term not in peak.terms for term, _ in weighted):
        raise ProofError(f"{what}: expected weights of its terms that are not negative")
    if weights and sum(weights) != 1:
        raise ProofError(f"{what}: expected weights that sum to one, got {sum(weights)}")
    return summed(weight * term for term, weight in weighted)


def highest(terms: Sequence[Poly]) -> Poly:
    """Return the largest of some costs of which no one is certain to be the largest, as one cost.

    It is written as a balanced tree: what reads off a maximum goes down both of its sides.
    """
    if len(terms) == 1:
        return terms[0]
    half = (len(terms) + 1) // 2
    return called("max", *sorted((highest(terms[:half]), highest(terms[half:])), key=str))


def from_least(cost: Poly, least: Mapping[str, int]) -> Poly:
    """Write every size as its least value and a rest that is not negative."""
    return cost.substitute({s: poly(least.get(s, 1)) + size(f"{s}_s_") for s in cost.sizes})


def positive(cost: Poly) -> bool:
    """Whether no coefficient is negative."""
    return min(cost.terms.values(), default=0) >= 0


def denominator(costs: Iterable[Poly]) -> Poly:
    """Return a product of sizes that clears all their negative powers."""
    lowest: dict[Atom, int] = {}
    for cost in costs:
        for monomial in cost.terms:
            for atom, k in monomial:
                if k < 0 and atom.kind == "size":
                    lowest[atom] = min(lowest.get(atom, 0), k)
    return product(size(atom.text) ** -k for atom, k in lowest.items())
