"""Growth from times that are made up, with growth and noise that are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.runs.errors import ArgumentError, RunError
from workspan.analysis.runs.scaling import CLASSES, DRIFT, fit, fits, spaced

SIZES = spaced(64, 4096)
names = st.sampled_from(sorted(CLASSES))
positive = st.floats(1e-9, 1e3)


def times(name: str, c: float, share: float, sizes: Sequence[int] = SIZES) -> Any:
    """Return times of one class, with a share of the time at the largest size as overhead."""
    g = np.array([CLASSES[name](n) for n in sizes])
    return c * (g + share / (1 - share) * g[-1])


@given(names, positive, st.floats(0, 0.5), st.floats(0, 2), st.data())
@settings(max_examples=200)
def test_the_true_class_is_not_ruled_out_by_noise_within_its_bound(
    name: str, c: float, share: float, noise: float, data: Any
) -> None:
    """Law: whatever the noise does within its bound, at any size, the true class stays."""
    factors = st.lists(st.floats(1, 1 + noise), min_size=len(SIZES), max_size=len(SIZES))
    seen = times(name, c, share) * np.array(data.draw(factors))
    found = fit(SIZES, [seen.tolist()] * 4, noise=noise, drift=1.0)
    assert name in found.possible


@given(names, positive, st.sampled_from([0, 0.3]), st.floats(0, 1), st.integers(0, 2**32))
@settings(max_examples=300)
def test_the_true_class_is_not_ruled_out_by_noise_that_repeats_show(
    name: str, c: float, share: float, spread: float, seed: int
) -> None:
    """Law: with noise that only adds time, known from the repeats alone, the true class stays."""
    random = np.random.default_rng(seed)
    factors = np.exp(np.abs(random.normal(size=(8, len(SIZES)))) * spread)
    assert name in fit(SIZES, times(name, c, share) * factors).possible


@given(names, positive, st.floats(0, math.log(DRIFT)))
@settings(max_examples=100)
def test_the_true_class_is_not_ruled_out_by_slower_memory(
    name: str, c: float, slower: float
) -> None:
    """Law: an operation that gets dearer with the size, by a factor up to DRIFT, hides no class."""
    drift = np.exp(np.linspace(0, slower, len(SIZES)))
    assert name in fit(SIZES, [times(name, c, 0.0) * drift] * 4).possible


@pytest.mark.parametrize("name", CLASSES)
def test_clean_times_leave_one_class(name: str) -> None:
    """Without noise and drift the true class alone is left, and the slope is the class's."""
    found = fit(SIZES, [times(name, 1e-6, 0.0)] * 4, drift=1.0)
    assert found.possible == (name,)
    assert found.answer == f"{name} is the only class that is not ruled out"
    exponent = {"1": 0, "n": 1, "n^2": 2, "n^3": 3}.get(name)
    if exponent is not None:
        assert found.slope.estimate == pytest.approx(exponent, abs=1e-9)


@given(st.integers(0, 2**32), st.floats(1, 3))
@settings(max_examples=100)
def test_from_white_noise_nothing_can_be_told(seed: int, spread: float) -> None:
    """Law: times that are noise leave several classes or none, never one."""
    random = np.random.default_rng(seed)
    repeats = np.exp(random.normal(size=(8, len(SIZES))) * spread)
    found = fit(SIZES, repeats)
    assert len(found.possible) != 1
    assert found.answer.startswith("cannot tell")


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_noise_that_repeats_do_not_show_gives_no_class_either(seed: int) -> None:
    """Law: sizes whose times jump up and down, the same at each repeat, fit no class of growth."""
    random = np.random.default_rng(seed)
    jumps = np.where(np.arange(len(SIZES)) % 2, 10.0, 1.0) * np.exp(random.normal(size=len(SIZES)))
    jumps[-2:] = [20.0, 1.0]
    found = fit(SIZES, [jumps.tolist()] * 4)
    assert found.possible == ()
    assert "no single class" in found.answer


def test_a_mixture_on_the_way_leaves_no_lower_class() -> None:
    """Times n + n^2/300 are quadratic where n is large; a lower class cannot follow them up."""
    n = np.array(SIZES, dtype=float)
    found = fit(SIZES, [(n + n**2 / 300).tolist()] * 4, drift=1.0)
    assert not {"1", "log n", "n"} & set(found.possible)
    assert 1 < found.slope.low < found.slope.high < 2


def test_a_large_overhead_is_told() -> None:
    """An overhead of a third of the longest time leaves n among the classes and rules out 1."""
    found = fit(SIZES, [times("n", 1.0, 0.33)] * 4, drift=1.0)
    assert found.possible == ("n",)
    assert found.slope.high < 1


@given(st.lists(st.floats(0.1, 10), min_size=5, max_size=5), st.floats(1, 3), names)
@settings(max_examples=100)
def test_feasibility_is_that_of_a_search(middle: list[float], width: float, name: str) -> None:
    """Law: the linear inequalities are solvable exactly where a fine search finds a solution."""
    sizes = (2, 4, 8, 16, 32)
    g = np.array([CLASSES[name](n) for n in sizes])
    low, high = np.array(middle) / width, np.array(middle) * width
    found = fits(g.tolist(), low, high)
    c = np.geomspace(1e-4, 1e2, 1500)[:, None] / g[-1]
    a_low = np.maximum((low - c * g).max(axis=1), 0)
    a_high = np.minimum((high - c * g).min(axis=1), c[:, 0] * g[-1])
    if (a_low <= a_high).any():
        assert found
    if found:
        wide = 1.01  # the search steps by 1 %
        a_low = np.maximum((low / wide - c * g).max(axis=1), 0)
        a_high = np.minimum((high * wide - c * g).min(axis=1), wide * c[:, 0] * g[-1])
        assert (a_low <= a_high).any()


@pytest.mark.parametrize(
    ("sizes", "repeats", "word"),
    [
        ((8, 64), 4, "at least 5 increasing sizes"),
        ((8, 16, 16, 32, 64), 4, "increasing"),
        ((1, 2, 4, 8, 16), 4, "from 2 on"),
        ((8, 9, 10, 11, 12), 4, "8 times the smallest, got 8 to 12"),
        ((8, 16, 32, 64, 128), 3, "got repeats=3"),
    ],
)
def test_too_little_to_tell_is_refused(sizes: tuple[int, ...], repeats: int, word: str) -> None:
    """Two points, a narrow range or a single repeat are refused: no slope comes of them."""
    with pytest.raises(ArgumentError, match=word):
        fit(sizes, np.ones((repeats, len(sizes))))


def test_times_that_are_none_are_refused() -> None:
    """A table of the wrong shape, zero, negative and infinite times are errors."""
    with pytest.raises(ArgumentError, match=r"shape \(4, 3\)"):
        fit(SIZES, np.ones((4, 3)))
    for wrong in (0.0, -1.0, math.inf, math.nan):
        table = np.ones((4, len(SIZES)))
        table[2, 1] = wrong
        with pytest.raises(RunError, match="positive finite times"):
            fit(SIZES, table)
