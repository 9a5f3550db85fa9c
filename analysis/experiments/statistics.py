"""Tests and intervals for a few independent numbers, one for each seed.

>>> greater([4.0, 5.0, 6.0], [1.0, 2.0, 3.0])
0.05
>>> holm([0.01, 0.04, 0.03])
(0.03, 0.06, 0.06)
>>> str(wilson(10, 10, level=0.95))
'1 [0.722, 1]'

References: Fisher 1935, *The Design of Experiments* (permutation); Phipson and Smyth 2010,
*Permutation P-values Should Never Be Zero*; Student 1908; Welch 1947; Schuirmann 1987 (two
one-sided tests of equivalence); Wilson 1927; Holm 1979.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..runs.errors import ArgumentError
from ..runs.intervals import Interval, student, student_quantile

Numbers: TypeAlias = Sequence[float] | NDArray[np.float64]

EXACT = 20_000
"""Up to so many regroupings are all tried; of more, as many are drawn."""
ROUNDING = 1e-12
"""Sums in another order are equal up to this."""


def greater(left: Numbers, right: Numbers, *, seed: int = 0) -> float:
    """Return the p-value of "the left numbers are larger" by permutation of who is left.

    The statistic is the sum of the left numbers, which orders regroupings as the difference of
    means does. All regroupings are tried if they are few, and then the value is exact; otherwise
    it is that of Phipson and Smyth for regroupings drawn with the seed.
    """
    _enough("numbers on each side", min(len(left), len(right)), 2)
    values = np.array([*left, *right], dtype=np.float64)
    seen, size, total = float(np.sum(left)), len(left), len(values)
    least = seen - ROUNDING * max(1.0, float(np.abs(values).sum()))
    count = math.comb(total, size)
    if count <= EXACT:
        chosen = np.array(list(itertools.combinations(range(total), size)))
        return int((values[chosen].sum(1) >= least).sum()) / count
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.tile(values, (EXACT, 1)), axis=1)[:, :size].sum(1)
    return (1 + int((drawn >= least).sum())) / (1 + EXACT)


def above(numbers: Numbers, threshold: float) -> float:
    """Return the p-value of "the mean is above the threshold", by Student's t.

    Numbers that are all the same have no spread: the value is 0 if they are above, and 1 if not.
    """
    _enough("numbers", len(numbers), 2)
    values = np.asarray(numbers, dtype=np.float64) - threshold
    mean, error = float(values.mean()), _error(values)
    if error == 0:
        return 0.0 if mean > 0 else 1.0
    t = mean / error
    within = student(abs(t), len(values) - 1)
    return 1 - within if t > 0 else within


def below(numbers: Numbers, threshold: float) -> float:
    """Return the p-value of "the mean is below the threshold"."""
    return above([-x for x in numbers], -threshold)


def within(numbers: Numbers, centre: float, margin: float) -> float:
    """Return the p-value of "the mean is nearer to the centre than the margin", by two tests.

    It is the larger of the values of the two one-sided tests (Schuirmann 1987): failing to see a
    difference would confirm nothing.
    """
    return max(above(numbers, centre - margin), below(numbers, centre + margin))


def mean(numbers: Numbers, *, level: float) -> Interval:
    """Return the mean with Student's interval."""
    _enough("numbers", len(numbers), 2)
    values = np.asarray(numbers, dtype=np.float64)
    half = student_quantile((1 + level) / 2, len(values) - 1) * _error(values)
    estimate = float(values.mean())
    return Interval(estimate, estimate - half, estimate + half, level)


def difference(left: Numbers, right: Numbers, *, level: float) -> Interval:
    """Return the difference of two means with Welch's interval, degrees of freedom rounded down."""
    _enough("numbers on each side", min(len(left), len(right)), 2)
    sides = [np.asarray(side, dtype=np.float64) for side in (left, right)]
    parts = [_error(side) ** 2 for side in sides]
    estimate = float(sides[0].mean() - sides[1].mean())
    if sum(parts) == 0:
        return Interval(estimate, estimate, estimate, level)
    shares = sum(p * p / (len(s) - 1) for p, s in zip(parts, sides, strict=True))
    freedom = max(1, int(sum(parts) ** 2 / shares))
    half = student_quantile((1 + level) / 2, freedom) * math.sqrt(sum(parts))
    return Interval(estimate, estimate - half, estimate + half, level)


def wilson(successes: int, trials: int, *, level: float) -> Interval:
    """Return a share with Wilson's score interval."""
    _enough("trials", trials, 1)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    spread = share * (1 - share) / trials + z * z / (4 * trials * trials)
    half = z * math.sqrt(spread) / (1 + z * z / trials)
    # At the ends the interval touches 0 or 1, up to rounding.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Interval(share, low, high, level)


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for being several (Holm 1979), in the order given."""
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, k in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[k]))
        adjusted[k] = largest
    return tuple(adjusted)


def _error(values: NDArray[np.float64]) -> float:
    """Return the standard error of the mean; numbers that are equal have none, up to rounding."""
    spread = float(values.std(ddof=1))
    if spread <= ROUNDING * float(np.abs(values).max(initial=0.0)):
        return 0.0
    return spread / math.sqrt(len(values))


def _enough(what: str, count: int, least: int) -> None:
    if count < least:
        raise ArgumentError(f"expected at least {least} {what}, got {count}")
