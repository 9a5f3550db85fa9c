"""Finding peaks: which of many totals are the largest somewhere.

>>> from ..graphs.sizes import poly
>>> peak = peak_of([poly(text) for text in ("4*n", "n + d", "4*d", "3*n")], {})
>>> str(peak.formula), [str(total) for total in peak.means]
('max(4*d, 4*n)', ['d + n'])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from ..graphs.sizes import Poly, at_least
from .proofs.peaks import Peak, covers, from_least, highest
from .proofs.positions import lower_sizes
from .solving import UnsolvedError

MOST = 40
"""Terms of a maximum that are written down."""

Weighted = tuple[tuple[Poly, Fraction], ...]


def peak_of(totals: Iterable[Poly], least: Mapping[str, int]) -> Peak:
    """Return the largest of some totals.

    Raises
    ------
    UnsolvedError
        If too many of them are the largest somewhere, as far as is certain.
    """
    unique = dict.fromkeys(totals)
    written = {total: from_least(total, least) for total in unique}
    given = lower_sizes(least)

    def below(total: Poly, term: Poly) -> bool:
        return covers(written[term], written[total]) or at_least(term, total, given=given)

    kept = _undominated(sorted(unique, key=_sample, reverse=True), below)
    means: dict[Poly, Weighted] = {}
    for term in kept[::-1]:
        rest = [other for other in kept if other not in {term, *means}]
        found = _mean(term, rest, written)
        if found is not None:
            means = {t: _replaced(mean, term, found) for t, mean in means.items()} | {term: found}
    terms = sorted((term for term in kept if term not in means), key=str)
    if len(terms) > MOST:
        raise UnsolvedError(f"more than {MOST} amounts of which none is certain to be the largest")
    for total in unique:
        if total not in means and not any(below(total, term) for term in terms):
            means[total] = next(means[term] for term in kept if below(total, term))
    return Peak(tuple(terms), highest(terms), means)


def _sample(cost: Poly) -> Fraction:
    """Return the value at some sizes, all of them different."""
    return Fraction(cost.evaluate(**{s: 64 + 7 * k for k, s in enumerate(cost.sizes)}))


def _undominated(ordered: Iterable[Poly], below: Callable[[Poly, Poly], bool]) -> list[Poly]:
    """Drop what is certain not to be larger than something else."""
    kept: list[Poly] = []
    for total in ordered:
        if not any(below(total, other) for other in kept):
            kept = [other for other in kept if not below(other, total)]
            kept.append(total)
    return kept


def _mean(total: Poly, terms: Sequence[Poly], written: Mapping[Poly, Poly]) -> Weighted | None:
    """Return two terms with weights whose mean is at least a total."""
    for one, other in itertools.combinations(terms, 2):
        weight = _weight(written[total], written[one], written[other])
        if weight is not None:
            return (one, weight), (other, 1 - weight)
    return None


def _weight(total: Poly, one: Poly, other: Poly) -> Fraction | None:
    """Return how much of one, the rest being of the other, has no smaller coefficient than a total."""
    low, high = Fraction(0), Fraction(1)
    for monomial in {*total.terms, *one.terms, *other.terms}:
        base = other.terms.get(monomial, 0)
        slope, missing = one.terms.get(monomial, 0) - base, total.terms.get(monomial, 0) - base
        if slope > 0:
            low = max(low, Fraction(missing) / slope)
        elif slope < 0:
            high = min(high, Fraction(missing) / slope)
        elif missing > 0:
            return None
        if low > high:
            return None
    return low


def _replaced(mean: Weighted, term: Poly, by: Weighted) -> Weighted:
    """Write a mean without one of its terms, which is itself below a mean."""
    weights = dict(mean)
    share = weights.pop(term, Fraction(0))
    for other, weight in by if share else ():
        weights[other] = weights.get(other, Fraction(0)) + share * weight
    return tuple(weights.items())
