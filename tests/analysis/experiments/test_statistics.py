"""Tests and intervals against brute force, tables, and their stated error rates."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.experiments import statistics
from workspan.analysis.runs.errors import ArgumentError

small = st.lists(st.integers(-5, 5), min_size=2, max_size=4)


def by_labels(left: list[int], right: list[int]) -> Fraction:
    """Try every assignment of labels, with exact differences of means."""
    values = [*left, *right]

    def difference(chosen: tuple[int, ...]) -> Fraction:
        others = [v for k, v in enumerate(values) if k not in chosen]
        return Fraction(sum(values[k] for k in chosen), len(chosen)) - Fraction(
            sum(others), len(others)
        )

    seen = difference(tuple(range(len(left))))
    groups = list(itertools.combinations(range(len(values)), len(left)))
    return Fraction(sum(difference(g) >= seen for g in groups), len(groups))


@given(small, small)
def test_permutation_is_that_of_all_labels(left: list[int], right: list[int]) -> None:
    """The exact p-value is the share of all labellings whose difference of means is as large."""
    assert statistics.greater(left, right) == pytest.approx(float(by_labels(left, right)))


def test_drawn_permutations_come_near_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many labellings, drawn ones give the value up to their error."""
    left, right = [1.0, 3.0, 4.0, 6.0, 9.0], [0.0, 2.0, 3.5, 5.0, 5.5]
    exact = statistics.greater(left, right)
    monkeypatch.setattr(statistics, "EXACT", 250)
    drawn = np.mean([statistics.greater(left, right, seed=k) for k in range(40)])
    assert drawn == pytest.approx(exact, abs=0.02)


def test_a_planted_difference_is_found_and_none_is_not() -> None:
    """Without a difference at most alpha of the tests confirm one; with one nearly all do."""
    random = np.random.default_rng(0)
    drawn = random.normal(size=(400, 2, 6))
    false = np.mean([statistics.greater(a, b) <= 0.05 for a, b in drawn])
    true = np.mean([statistics.greater(a + 3, b) <= 0.05 for a, b in drawn])
    # Three standard errors of a share of 0.05 among 400 are 0.033.
    assert false <= 0.05 + 0.033
    assert true > 0.95


def test_students_test_keeps_its_level_and_equivalence_needs_evidence() -> None:
    """One-sided tests err at their level, and few scattered numbers are no equivalence."""
    random = np.random.default_rng(1)
    drawn = random.normal(size=(1000, 6))
    assert np.mean([statistics.above(x, 0.0) <= 0.05 for x in drawn]) == pytest.approx(
        0.05, abs=0.021
    )
    # The mean lies on the border of what counts as the same: there alpha is the largest error.
    assert np.mean([statistics.within(x + 1, 0.0, 1.0) <= 0.05 for x in drawn]) <= 0.071
    assert statistics.within([-1.0, 1.0, -1.0, 1.0], 0.0, 0.1) > 0.05
    assert statistics.within([0.01, -0.01, 0.0, 0.02], 0.0, 0.1) < 0.05


def test_one_sample_value_of_the_table() -> None:
    """With 5 numbers a t of 2.132 has a one-sided value of 0.05 (Student's table, 4 degrees)."""
    base = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    error = base.std(ddof=1) / np.sqrt(5)
    assert statistics.above(base + 2.132 * error, 0.0) == pytest.approx(0.05, abs=1e-4)
    assert statistics.below(base - 2.132 * error, 0.0) == pytest.approx(0.05, abs=1e-4)
    found = statistics.mean(base, level=0.90)
    assert found.high == pytest.approx(2.132 * error, rel=1e-3)


def test_numbers_without_spread_decide_at_once() -> None:
    """A mean of equal numbers is above a threshold, or it is not."""
    assert statistics.above([1.0, 1.0], 0.5) == 0.0
    assert statistics.above([1.0, 1.0], 1.0) == 1.0


def test_welchs_interval_covers_at_its_level() -> None:
    """The interval of a difference covers the truth about as often as it says, or more often."""
    random = np.random.default_rng(2)
    draws = [(random.normal(2, 3, 6), random.normal(0, 1, 6)) for _ in range(500)]
    covered = np.mean([2.0 in statistics.difference(a, b, level=0.9) for a, b in draws])
    assert 0.86 <= covered <= 0.96


def test_wilson_is_the_root_of_its_equation() -> None:
    """Each end p solves (share - p)^2 = z^2 p (1 - p) / n, with z = 1.96 at level 0.95."""
    found = statistics.wilson(7, 20, level=0.95)
    for p in (found.low, found.high):
        assert (0.35 - p) ** 2 == pytest.approx(1.959964**2 * p * (1 - p) / 20, rel=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_rejects_as_stepping_down_does(values: list[float]) -> None:
    """A value is at most alpha exactly if Holm's procedure rejects it at alpha."""
    adjusted = statistics.holm(values)
    for alpha in (0.01, 0.05, 0.2):
        rejected, order = set(), sorted(range(len(values)), key=values.__getitem__)
        for rank, k in enumerate(order):
            if values[k] * (len(values) - rank) > alpha:
                break
            rejected.add(k)
        assert {k for k, p in enumerate(adjusted) if p <= alpha} == rejected


def test_too_few_numbers_are_refused() -> None:
    """A test of one number is an error that says so."""
    with pytest.raises(ArgumentError, match="at least 2"):
        statistics.above([1.0], 0.0)
    with pytest.raises(ArgumentError, match="at least 2"):
        statistics.greater([1.0], [1.0, 2.0])
