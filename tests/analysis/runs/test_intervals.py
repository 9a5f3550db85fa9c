"""Intervals: quantiles of published tables, exact slopes, and how often they cover the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.runs.errors import ArgumentError
from workspan.analysis.runs.intervals import Interval, bootstrap, slope, student_quantile

TABLE = {
    (1, 0.975): 12.706,
    (2, 0.975): 4.303,
    (3, 0.95): 2.353,
    (4, 0.995): 4.604,
    (5, 0.975): 2.571,
    (10, 0.9): 1.372,
    (10, 0.995): 3.169,
    (30, 0.975): 2.042,
    (120, 0.975): 1.980,
}
"""Abramowitz and Stegun 1964, Table 26.10: the two-sided levels written as quantiles."""


@pytest.mark.parametrize(("freedom", "p"), TABLE)
def test_quantiles_of_students_t(freedom: int, p: float) -> None:
    """Quantiles are those of the published table, to its three decimals."""
    assert round(student_quantile(p, freedom), 3) == TABLE[freedom, p]


def test_one_and_two_degrees_of_freedom_have_closed_forms() -> None:
    """For one degree t is Cauchy's, tan(pi (p - 1/2)); for two, (2p - 1)/sqrt(2 p (1 - p))."""
    for p in (0.6, 0.8, 0.95, 0.999):
        assert student_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-9)
        closed = (2 * p - 1) / math.sqrt(2 * p * (1 - p))
        assert student_quantile(p, 2) == pytest.approx(closed, rel=1e-9)


@given(st.floats(-5, 5), st.floats(-100, 100), st.integers(3, 12))
def test_a_line_has_its_slope(b: float, a: float, count: int) -> None:
    """Law: the slope of points on a line is the line's, and the interval is that point."""
    x = [math.sqrt(k) for k in range(count)]
    found = slope(x, [a + b * v for v in x])
    assert found.estimate == pytest.approx(b, abs=1e-9)
    assert found.high - found.low < 1e-6


def test_slope_intervals_cover_as_often_as_they_say() -> None:
    """Of intervals at 90 %, the true slope lies in about 90 % (within 4 standard errors)."""
    random, x = np.random.default_rng(0), np.arange(6.0)
    covered = [
        2.0 in slope(x.tolist(), (2 * x + random.normal(size=6)).tolist(), level=0.9)
        for _ in range(2000)
    ]
    assert abs(np.mean(covered) - 0.9) < 4 * math.sqrt(0.9 * 0.1 / 2000)


def test_bootstrap_intervals_cover_about_as_often_as_they_say() -> None:
    """At 32 samples a percentile interval of 95 % covers the mean in 88 to 98 % of draws."""
    random = np.random.default_rng(1)
    covered = [1.0 in bootstrap(random.exponential(size=32), seed=k) for k in range(400)]
    assert 0.88 < np.mean(covered) < 0.98


def test_the_same_seed_gives_the_same_interval() -> None:
    """Law: an interval depends on its samples and its seed alone."""
    samples = np.random.default_rng(2).normal(size=20)
    assert bootstrap(samples, seed=5) == bootstrap(samples, seed=5)
    assert bootstrap(samples, seed=5) != bootstrap(samples, seed=6)


def test_an_interval_is_printed_and_mapped() -> None:
    """An interval prints its ends, knows what it holds, and maps through increasing functions."""
    found = Interval(0.0, -1.0, 1.0).map(math.exp)
    assert str(found) == "1 [0.368, 2.72]"
    assert 2.0 in found
    assert 3.0 not in found


def test_too_little_is_refused() -> None:
    """One sample, two points, points at one x: an error each, with what was given."""
    with pytest.raises(ArgumentError, match="at least 2 samples, got 1"):
        bootstrap([1.0])
    with pytest.raises(ArgumentError, match="at least 3 points, got 2"):
        slope([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ArgumentError, match=r"x=1\.0"):
        slope([1.0] * 3, [0.0, 1.0, 2.0])
    with pytest.raises(ArgumentError, match=r"p=0\.5"):
        student_quantile(0.5, 3)
