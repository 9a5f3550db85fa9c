"""Gradient against distance: Pascanu's bound, cells that keep a gradient, and the statistics."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.runs import cells
from workspan.analysis.runs.errors import ArgumentError, RunError, UnknownNameError
from workspan.analysis.runs.intervals import Interval
from workspan.analysis.runs.signal import (
    NAMES,
    Signal,
    bound,
    collect,
    draw,
    observe,
    orthogonal,
    summarise,
    tightest,
    with_singular_value,
)

seeds = st.integers(0, 10_000)
AT = {"n": 20, "d": 4, "h": 2}


def rate(found: Signal) -> Interval:
    """Return the rate, which is there."""
    assert found.rate is not None
    return found.rate


def norms_of(blocks: np.ndarray) -> np.ndarray:
    """Return spectral norms by distance."""
    return np.linalg.norm(blocks, ord=2, axis=(1, 2))


@given(st.floats(0.05, 3), st.integers(1, 6), st.integers(1, 40), st.floats(0, 4), seeds)
@settings(max_examples=100)
def test_pascanus_bound_holds_for_every_sample(
    s: float, d: int, n: int, scale: float, seed: int
) -> None:
    """Pascanu et al. 2013: for a tanh cell |d h_i / d x_j| <= s^(i - j) |W|, for every s."""
    random = np.random.default_rng(seed)
    weights = draw(cells.ELMAN, d, random)
    weights["weight_hh"] = with_singular_value(random.normal(size=(d, d)), s)
    norms = norms_of(
        cells.by_distance(cells.ELMAN, weights, scale * random.normal(size=(n, d)), width=d)
    )
    found = bound(norms, weights)
    assert found.largest_ratio <= 1 + 1e-9
    assert found.singular_value == pytest.approx(s)
    assert found.compared == n
    assert found.decays == (found.singular_value < 1)
    allowed = np.linalg.norm(weights["weight_ih"], ord=2) * s ** np.arange(n)
    assert (norms <= allowed * (1 + 1e-9)).all()


@given(st.floats(0.1, 3), st.integers(2, 4), seeds)
@settings(max_examples=30)
def test_a_norm_above_the_bound_is_seen(s: float, d: int, seed: int) -> None:
    """A gradient twice as large as allowed at one distance gives a ratio of two at least."""
    random = np.random.default_rng(seed)
    weights = draw(cells.ELMAN, d, random)
    weights["weight_hh"] = with_singular_value(random.normal(size=(d, d)), s)
    allowed = np.linalg.norm(weights["weight_ih"], ord=2) * s ** np.arange(12)
    assert bound(allowed, weights).largest_ratio == pytest.approx(1)
    allowed[7] *= 2
    assert bound(allowed, weights).largest_ratio == pytest.approx(2)


@given(st.integers(1, 8), st.integers(2, 60), seeds)
@settings(max_examples=30)
def test_an_orthogonal_linear_cell_keeps_the_norm(d: int, n: int, seed: int) -> None:
    """The counterexample: |Q^k W| = |W| at every distance k."""
    random = np.random.default_rng(seed)
    weights = {"weight_hh": orthogonal(d, random), "weight_ih": random.normal(size=(d, d))}
    blocks = cells.by_distance(cells.LINEAR, weights, random.normal(size=(n, d)), width=d)
    whole = np.linalg.norm(weights["weight_ih"], ord=2)
    assert np.allclose(norms_of(blocks), whole, rtol=1e-12)


def test_a_large_singular_value_is_not_decay() -> None:
    """For s >= 1 the bound says nothing: at zero a tanh cell with s = 2 doubles the gradient."""
    weights = {
        "weight_hh": 2 * np.eye(3),
        "weight_ih": np.eye(3),
        "bias_ih": np.zeros(3),
        "bias_hh": np.zeros(3),
    }
    norms = norms_of(cells.by_distance(cells.ELMAN, weights, np.zeros((10, 3)), width=3))
    assert np.allclose(norms, 2.0 ** np.arange(10))
    assert not bound(norms, weights).decays
    assert bound(norms, weights).largest_ratio == pytest.approx(1)


def test_default_cells_vanish_and_attention_does_not() -> None:
    """Drawn as torch.nn draws them, recurrent cells lose the gradient; attention keeps it."""
    for model in ("rnn", "lstm", "gru"):
        found = observe(model, AT, samples=24)
        assert found.vanishes
        assert found.trend == "vanishes"
        near, far = (found.distances[k].mean for k in (1, 19))
        assert near is not None
        assert far is not None
        assert far.high < near.low
    found = observe("causal_attention", AT, samples=24)
    assert found.vanishes is False
    assert 1.0 in rate(found)


def test_an_elementwise_recurrence_decays_by_the_mean_logarithm_of_its_factors() -> None:
    """|d h_i / d b_j| is the largest of d products of i - j normal factors.

    For d = 1 the logarithm of a standard normal's size has mean -(gamma + log 2)/2 (Euler's gamma),
    so the rate is 0.5298; samples have it within their interval of 99 %, which seed 0 does.
    """
    expected = math.exp(-(np.euler_gamma + math.log(2)) / 2)
    found = observe("linear_recurrence", {"n": 40, "d": 1}, samples=200)

    # The input is (a, b), so the norm joins both derivatives; each decays by the same products.
    assert expected in rate(found)


def test_rates_of_exact_decay_are_exact() -> None:
    """Norms c r^k have the rate r, whatever c and however few samples."""
    k = np.arange(15)
    norms = np.stack([c * 0.7**k for c in (1.0, 5.0, 1e-200)])
    found = summarise("exact", norms, at={})
    assert rate(found).low == pytest.approx(0.7)
    assert rate(found).high == pytest.approx(0.7)
    assert found.vanishes
    grows = summarise("exact", 1 / norms[:2], at={})
    assert (grows.vanishes, grows.trend) == (False, "grows")


def test_distance_zero_takes_no_part_in_the_rate() -> None:
    """The block at distance 0 has no recurrent step, so a large one changes nothing."""
    norms = np.stack([np.r_[100.0, 0.9 ** np.arange(1, 9)]] * 4)
    assert rate(summarise("exact", norms, at={})).estimate == pytest.approx(0.9)


def test_norms_of_zero_are_counted_and_give_no_rate() -> None:
    """Beyond a window the gradient is exactly zero: no logarithm of it is taken, none is hidden."""
    norms = np.stack([[1.0, 0.5, 0.25, 0.0, 0.0]] * 3)
    norms[0, 3] = 0.1
    found = summarise("window", norms, at={})
    assert [row.zeros for row in found.distances] == [0, 0, 0, 2, 3]
    assert found.distances[4].mean is None
    assert found.rate is None
    assert found.vanishes is None
    assert "zero" in found.trend


def test_samples_are_independent_of_how_many_there_are() -> None:
    """Sample k is drawn from (seed, k): the same seed gives the same result, another does not."""
    few, again, other = (observe("gru", AT, samples=4, seed=s) for s in (0, 0, 1))
    assert few == again
    assert few.rate != other.rate
    assert (few.samples, few.seed, few.norm[:13]) == (4, 0, "spectral norm")


def test_bounds_of_samples_add_up() -> None:
    """Together bounds have the worst ratio, the largest s and all comparisons."""
    weights = {"weight_hh": np.eye(2), "weight_ih": np.eye(2)}
    found = tightest([bound(np.full(3, c), weights) for c in (0.5, 0.25)])
    assert (found.compared, found.singular_value) == (6, 1.0)
    assert found.largest_ratio == pytest.approx(0.5)


def test_wrong_input_is_refused() -> None:
    """An unknown model, a sequence too short, a gradient that is not finite: one line each."""
    with pytest.raises(UnknownNameError, match="attention"):
        observe("transformer", AT)
    assert "causal_attention" in NAMES
    with pytest.raises(ArgumentError, match="got n=3"):
        observe("rnn", {"n": 3, "d": 2})
    for value in (np.nan, np.inf):
        blocks = np.ones((5, 2, 2))
        blocks[2, 0, 1] = value
        with pytest.raises(RunError, match="of wild, got NaN or infinity at distance 2"):
            collect("wild", partial(_given, blocks), at={}, samples=2)


def _given(blocks: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return blocks
