"""Algorithms that are no models compute what they should, and count what their papers say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.runs import algorithms
from workspan.analysis.runs.algorithms import ALGORITHMS, counted
from workspan.analysis.runs.errors import ArgumentError, UnknownNameError

SMALL = {
    "work-efficient scan": {"n": 8},
    "tiled attention": {"n": 12, "d": 3, "M": 24},
    "state space of any matrix": {"n": 9, "s": 3},
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_algorithm_computes_what_the_plain_one_does(name: str) -> None:
    """Law: at small sizes and several seeds the results are the same, and all counts are there."""
    at = SMALL.get(name, dict.fromkeys(ALGORITHMS[name].sizes, 4))
    for seed in range(3):
        assert set(counted(name, seed=seed, **at)) == set(ALGORITHMS[name].counts)


def test_what_computes_something_else_is_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """An algorithm whose result is off is an error that names it, and not a number."""

    def off(random: np.random.Generator, n: int) -> tuple[dict[str, int], float]:
        return {"combinations": 1}, 0.5

    wrong = algorithms.Algorithm(off, {"n": 9}, ("combinations",))
    monkeypatch.setattr(algorithms, "ALGORITHMS", {"off": wrong})
    with pytest.raises(ArgumentError, match=r"off at .* is 0.5 from"):
        counted("off", n=2)


@given(st.integers(0, 10))
def test_two_sweeps(k: int) -> None:
    """A balanced tree of n = 2^k leaves is swept twice: 2 (n - 1) combinations in 2 k levels."""
    found = counted("work-efficient scan", n=2**k)
    assert found == {"combinations": 2 * (2**k - 1), "levels": 2 * k}


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 80))
def test_words_of_tiles(n: int, d: int, M: int) -> None:
    """Keys and values move once; for each of their tiles queries, outputs and two sums move."""
    columns = -(-M // (4 * d))
    tiles = -(-n // columns)
    moved = 2 * n * d + tiles * (n * (d + 2 * (d + 2)))
    assert counted("tiled attention", n=n, d=d, M=M)["words"] == moved


def test_sizes_are_bounded() -> None:
    """A size that is missing, foreign or too large is an error that names it."""
    with pytest.raises(UnknownNameError, match="expected one of"):
        counted("sorting", n=2)
    for sizes in ({}, {"n": 2, "d": 2}, {"n": 5000}, {"n": 0}):
        with pytest.raises(ArgumentError, match="expected"):
            counted("work-efficient scan", **sizes)
    with pytest.raises(ArgumentError, match="power of two"):
        counted("work-efficient scan", n=6)
