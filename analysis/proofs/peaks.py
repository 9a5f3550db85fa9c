"""Peaks: the largest of many totals, and the checker that none of them is larger.

A total is not larger than some terms if it is not larger than one of them, or than a mean of them:
a mean is never above the largest of what it is taken of. Between two terms that no one dominates,
while one thing is freed and another one grows, there are often such totals.

>>> from ...graphs.sizes import poly
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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ...graphs.sizes import Poly, at_least, maximum, poly, size, summed
from .errors import ProofError
from .positions import lower_sizes


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest of some totals."""

    terms: tuple[Poly, ...]
    """Totals of which one is the largest, whatever the sizes are."""
    formula: Poly
    """Their maximum."""
    means: Mapping[Poly, tuple[tuple[Poly, Fraction], ...]] = field(default_factory=dict)
    """For totals that no single term dominates: terms and their weights."""


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
    given = lower_sizes(least)
    terms = {term: from_least(term, least) for term in peak.terms}
    for total in found:
        tried = dict(terms)
        if total in peak.means:
            mean = _mean(what, peak, peak.means[total])
            tried = {mean: from_least(mean, least)}
        own = from_least(total, least)
        if not any(covers(written, own) for written in tried.values()) and not any(
            at_least(cost, total, given=given) for cost in tried
        ):
            raise ProofError(f"{what}: {total} may be more than {peak.formula}")


def _mean(what: str, peak: Peak, weighted: tuple[tuple[Poly, Fraction], ...]) -> Poly:
    weights = [weight for _, weight in weighted]
    if sum(weights) != 1 or min(weights) < 0 or any(t not in peak.terms for t, _ in weighted):
        raise ProofError(f"{what}: expected a mean of its terms, with weights that sum to one")
    return summed(weight * term for term, weight in weighted)


def highest(terms: Iterable[Poly]) -> Poly:
    """Return the largest of some costs, as one cost."""
    first, *rest = terms
    for term in rest:
        first = maximum(first, term)
    return first


def from_least(cost: Poly, least: Mapping[str, int]) -> Poly:
    """Write every size as its least value and a rest that is not negative."""
    return cost.substitute({s: poly(least.get(s, 1)) + size(f"{s}_s_") for s in cost.sizes})


def covers(larger: Poly, smaller: Poly) -> bool:
    """Whether no coefficient of the difference is negative, both written by :func:`from_least`."""
    own = larger.terms
    if any(c > own.get(m, 0) for m, c in smaller.terms.items()):
        return False
    return all(c >= 0 or m in smaller.terms for m, c in own.items())
