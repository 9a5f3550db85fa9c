"""Intervals: how far a mean or a slope may be off, from a few independent samples.

>>> round(student_quantile(0.975, 4), 3)
2.776
>>> found = slope([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0])
>>> round(found.estimate, 9), found.low <= found.estimate <= found.high
(2.0, True)

References: Abramowitz and Stegun 1964, *Handbook of Mathematical Functions*, 26.7.3 and 26.7.4
(Student's t); Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError

Floats = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval that covers the truth at the stated level."""

    estimate: float
    low: float
    high: float
    level: float = LEVEL

    def map(self, function: Callable[[float], float]) -> Interval:
        """Apply an increasing function to the estimate and to both ends."""
        return Interval(
            function(self.estimate), function(self.low), function(self.high), self.level
        )

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.estimate:.3g} [{self.low:.3g}, {self.high:.3g}]"


def bootstrap(
    samples: Sequence[float] | Floats, *, seed: int = 0, level: float = LEVEL
) -> Interval:
    """Return the mean of independent samples with the percentile interval of resampled means.

    Parameters
    ----------
    samples
        At least two independent numbers.
    seed
        Seed of the resampling.
    level
        The probability that the interval is meant to cover.
    """
    values = np.asarray(samples, dtype=np.float64)
    _enough("samples", values.size, 2)
    random = np.random.default_rng(seed)
    chosen = random.integers(0, values.size, size=(RESAMPLES, values.size))
    means = values[chosen].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values.mean()), float(low), float(high), level)


def slope(x: Sequence[float], y: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Return the least-squares slope of y over x with Student's interval of its standard error."""
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    _enough("points", xs.size, 3)
    centred = xs - xs.mean()
    spread = float(centred @ centred)
    if spread == 0.0:
        raise ArgumentError(f"expected points at several x, got all at x={xs[0]}")
    b = float(centred @ ys) / spread
    left = ys - ys.mean() - b * centred
    error = math.sqrt(float(left @ left) / (xs.size - 2) / spread)
    half = student_quantile((1 + level) / 2, xs.size - 2) * error
    return Interval(b, b - half, b + half, level)


def student_quantile(p: float, freedom: int) -> float:
    """Return the p-quantile (p above 1/2) of Student's t with whole degrees of freedom."""
    if not 0.5 < p < 1:
        raise ArgumentError(f"expected p between 1/2 and 1, got p={p}")
    _enough("degrees of freedom", freedom, 1)
    low, high = 0.0, 1.0
    while student(high, freedom) < p:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if student(middle, freedom) < p else (low, middle)
    return high


def student(t: float, freedom: int) -> float:
    """Return P(T <= t) for t >= 0, by the finite sums that exist for whole degrees of freedom.

    With theta = atan(t / sqrt(f)), P(|T| <= t) is sin(theta) times a sum of products over even
    powers of cos(theta) for even f, and for odd f 2/pi times (theta + sin(theta) times such a sum
    over odd powers).
    """
    theta = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(theta), math.cos(theta)
    odd = freedom % 2
    term = cosine if odd else 1.0
    series = 0.0
    for k in range(1 + odd, freedom, 2):
        series += term
        term *= cosine * cosine * k / (k + 1)
    within = 2 / math.pi * (theta + sine * series) if odd else sine * series
    return 0.5 + within / 2


def _enough(what: str, count: int, least: int) -> None:
    if count < least:
        raise ArgumentError(f"expected at least {least} {what}, got {count}")
