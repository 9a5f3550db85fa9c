"""Finding peaks: which of many totals are the largest somewhere.

>>> from ...graphs.sizes import poly
>>> peak = peak_of([poly(text) for text in ("4*n", "n + d", "4*d", "3*n")], {})
>>> str(peak.formula), [str(total) for total in peak.above]
('max(4*d, 4*n)', ['d + n', '3*n'])
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...graphs.sizes import Poly, at_least
from ..proofs.positions import lower_sizes
from ..proofs.storage.peaks import Peak, Weighted, denominator, from_least, highest
from ..solving import UnsolvedError

MOST = 100
"""Terms of a maximum that are written down."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Totals as rows of whole coefficients, every size being its least value and a rest.

    A total whose row is not smaller anywhere is not smaller, whatever the rests are.
    """

    totals: tuple[Poly, ...]
    rows: Any
    given: Mapping[str, Any]

    @classmethod
    def of(cls, totals: Iterable[Poly], least: Mapping[str, int]) -> _Table:
        """Write totals down, those that are large at some sizes first."""
        ordered = tuple(sorted(dict.fromkeys(totals), key=_sample, reverse=True))
        factor = denominator(ordered)
        written = [from_least(total * factor, least).terms for total in ordered]
        columns = {m: k for k, m in enumerate(dict.fromkeys(m for w in written for m in w))}
        scale = math.lcm(*(Fraction(c).denominator for w in written for c in w.values()))
        rows = np.zeros((len(ordered), len(columns)), dtype=np.int64)
        for row, terms in zip(rows, written, strict=True):
            for monomial, c in terms.items():
                row[columns[monomial]] = int(c * scale)
        return cls(ordered, rows, lower_sizes(least))

    def undominated(self) -> dict[int, int | None]:
        """Return by total one that is not smaller, None for those of which there is none."""
        found: dict[int, int | None] = {}
        kept: list[int] = []
        for k in range(len(self.totals)):
            above = [j for j in kept if (self.rows[j] >= self.rows[k]).all()]
            above = above or [j for j in kept if self._certain(j, k)]
            found[k] = above[0] if above else None
            if not above:
                for j in [j for j in kept if (self.rows[k] >= self.rows[j]).all()]:
                    kept.remove(j)
                    found[j] = k
                kept.append(k)
        return found

    def _certain(self, larger: int, smaller: int) -> bool:
        """Whether the test that knows minima and logarithms says so."""
        pair = self.totals[larger], self.totals[smaller]
        if all(atom.kind == "size" for total in pair for atom in total.atoms):
            return False
        return at_least(*pair, given=self.given)

    def mean(self, k: int, others: Sequence[int]) -> Weighted | None:
        """Return two of the others with weights, whose mean is not smaller than a total."""
        if len(others) < 2:
            return None
        one, other = np.array(list(itertools.combinations(others, 2))).T
        slope = self.rows[one] - self.rows[other]
        missing = self.rows[k] - self.rows[other]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = missing / slope
        low = np.where(slope > 0, share, 0.0).max(axis=1).clip(0.0)
        high = np.where(slope < 0, share, 1.0).min(axis=1).clip(None, 1.0)
        likely = (low <= high + 1e-9) & ~((slope == 0) & (missing > 0)).any(axis=1)
        for pair in np.flatnonzero(likely):
            weight = _weight(slope[pair], missing[pair])
            if weight is not None:
                first, second = self.totals[one[pair]], self.totals[other[pair]]
                return (first, weight), (second, 1 - weight)
        return None


def peak_of(totals: Iterable[Poly], least: Mapping[str, int]) -> Peak:
    """Return the largest of some totals.

    Raises
    ------
    UnsolvedError
        If too many of them are the largest somewhere, as far as is certain.
    """
    table = _Table.of(totals, least)
    found = table.undominated()
    left = [k for k, above in found.items() if above is None]
    means: dict[Poly, Weighted] = {}
    for k in left[::-1]:
        mean = table.mean(k, [j for j in left if j != k])
        if mean is not None:
            left.remove(k)
            own = table.totals[k]
            means = {t: _replaced(old, own, mean) for t, old in means.items()} | {own: mean}
    if len(left) > MOST:
        raise UnsolvedError(f"more than {MOST} amounts of which none is certain to be the largest")
    terms = tuple(sorted((table.totals[k] for k in left), key=str))
    for k, above in found.items():
        if above is None:
            continue
        while found[above] is not None:
            above = found[above] or 0
        top = table.totals[above]
        means[table.totals[k]] = means.get(top, ((top, Fraction(1)),))
    return Peak(terms, highest(terms), means)


def _sample(cost: Poly) -> Fraction:
    """Return the value at some sizes, all of them different."""
    return Fraction(cost.evaluate(**{s: 64 + 7 * k for k, s in enumerate(cost.sizes)}))


def _weight(slope: Any, missing: Any) -> Fraction | None:
    """Return a share from 0 to 1 whose multiple of a slope is nowhere less than what is missing."""
    low, high = Fraction(0), Fraction(1)
    for rise, need in zip(slope.tolist(), missing.tolist(), strict=True):
        if rise > 0:
            low = max(low, Fraction(need, rise))
        elif rise < 0:
            high = min(high, Fraction(need, rise))
        elif need > 0:
            return None
    return low if low <= high else None


def _replaced(mean: Weighted, term: Poly, by: Weighted) -> Weighted:
    """Write a mean without one of its terms, which is itself below a mean."""
    weights = dict(mean)
    share = weights.pop(term, Fraction(0))
    for other, weight in by if share else ():
        weights[other] = weights.get(other, Fraction(0)) + share * weight
    return tuple(weights.items())
