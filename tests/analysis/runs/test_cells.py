"""Jacobians by hand against complex steps through cells that are written once more here.

A derivative by a complex step, Im f(x + i h)/h with h = 1e-200, loses nothing to cancellation
(Squire and Trapp 1998), so hand and step agree to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.runs import cells, shapes
from workspan.analysis.runs.attention import causal_attention
from workspan.analysis.runs.recurrent import gru, lstm, rnn
from workspan.analysis.runs.signal import uniform

Array = Any
H = 1e-200

small = st.integers(1, 5)
seeds = st.integers(0, 1000)


def logistic(x: Array) -> Array:
    """Return 1/(1 + exp(-x)), for complex numbers too."""
    return 1 / (1 + np.exp(-x))


def affine(w: Mapping[str, Array], x: Array, h: Array) -> tuple[Array, Array]:
    """Return both projections of torch.nn's recurrent cells."""
    return w["weight_ih"] @ x + w["bias_ih"], w["weight_hh"] @ h + w["bias_hh"]


def elman_states(w: Mapping[str, Array], x: Array, h: Array) -> Array:
    """Run the documented equations of torch.nn.RNN."""
    for row in x:
        a, b = affine(w, row, h)
        h = np.tanh(a + b)
    return h


def lstm_states(w: Mapping[str, Array], x: Array, h: Array) -> Array:
    """Run the documented equations of torch.nn.LSTM."""
    c = h * 0
    for row in x:
        a, b = affine(w, row, h)
        i, f, g, o = np.split(a + b, 4)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
    return h


def gru_states(w: Mapping[str, Array], x: Array, h: Array) -> Array:
    """Run the documented equations of torch.nn.GRU."""
    for row in x:
        (a_r, a_z, a_n), (b_r, b_z, b_n) = (np.split(y, 3) for y in affine(w, row, h))
        z = logistic(a_z + b_z)
        h = (1 - z) * np.tanh(a_n + logistic(a_r + b_r) * b_n) + z * h
    return h


def linear_states(w: Mapping[str, Array], x: Array, h: Array) -> Array:
    """Run h = U h + W x."""
    for row in x:
        h = w["weight_hh"] @ h + w["weight_ih"] @ row
    return h


def elementwise_states(w: Mapping[str, Array], x: Array, h: Array) -> Array:
    """Run h = a h + b on inputs (a, b)."""
    for row in x:
        a, b = np.split(row, 2)
        h = a * h + b
    return h


CELLS: Mapping[str, tuple[cells.Cell, Callable[..., Array]]] = {
    "rnn": (cells.ELMAN, elman_states),
    "lstm": (cells.LSTM, lstm_states),
    "gru": (cells.GRU, gru_states),
    "linear": (cells.LINEAR, linear_states),
    "elementwise": (cells.ELEMENTWISE, elementwise_states),
}


def stepped(function: Callable[[Array], Array], x: Array) -> Array:
    """Differentiate by complex steps: d f / d x_{n-1-k} as [k, out, in]."""
    blocks = []
    for j in reversed(range(len(x))):
        columns = []
        for c in range(x.shape[1]):
            moved = x.astype(complex)
            moved[j, c] += 1j * H
            columns.append(function(moved).imag / H)
        blocks.append(np.stack(columns, axis=1))
    return np.stack(blocks)


@given(st.sampled_from(sorted(CELLS)), small, small, seeds, st.sampled_from([0.3, 1.0, 3.0]))
@settings(max_examples=60)
def test_cells(name: str, n: int, d: int, seed: int, scale: float) -> None:
    """Law: every block of a cell's Jacobian is the complex step's, saturated or not."""
    cell, states = CELLS[name]
    random = np.random.default_rng(seed)
    of = shapes.recurrent(max(cell.gates, 1))({"d": d}, 0)
    weights = {key: scale * random.normal(size=shape) for key, shape in of.items()}
    x = random.normal(size=(n, d if cell.gates else 2 * d))
    found = cells.by_distance(cell, weights, x, width=d)
    expected = stepped(lambda y: states(weights, y, np.zeros(d)), x)
    assert np.allclose(found, expected, rtol=1e-10, atol=1e-13)


@given(st.integers(1, 6), st.sampled_from([(1, 1), (1, 3), (2, 4), (3, 6)]), seeds)
@settings(max_examples=40)
def test_attention(n: int, heads_and_width: tuple[int, int], seed: int) -> None:
    """Law: the closed form for attention is the complex step's, at distance 0 as well."""
    heads, d = heads_and_width
    random = np.random.default_rng(seed)
    weights = {key: random.normal(size=shape) for key, shape in shapes.attention({"d": d}).items()}
    x = random.normal(size=(n, d))

    def last(y: Array) -> Array:
        q, k, v = (
            (y @ w.T + b).reshape(n, heads, -1)
            for w, b in zip(
                np.split(weights["in_proj_weight"], 3),
                np.split(weights["in_proj_bias"], 3),
                strict=True,
            )
        )
        scores = np.exp(np.einsum("he,jhe->hj", q[-1], k) / np.sqrt(d // heads))
        mixed = np.einsum("hj,jhe->he", scores / scores.sum(axis=1, keepdims=True), v)
        return weights["out_proj.weight"] @ mixed.ravel() + weights["out_proj.bias"]

    assert np.allclose(last(x), causal_attention(x, [weights], heads=heads)[-1])
    found = cells.attention_by_distance(weights, x, heads=heads)
    assert np.allclose(found, stepped(last, x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "plain"), [("rnn", rnn), ("lstm", lstm), ("gru", gru)], ids=["rnn", "lstm", "gru"]
)
def test_states_are_those_of_the_plain_implementation(
    name: str, plain: Callable[..., Array]
) -> None:
    """The cells that are differentiated are the ones that work and span are counted on."""
    random = np.random.default_rng(0)
    cell, states = CELLS[name]
    weights = uniform(shapes.recurrent(cell.gates)({"d": 3}, 0), 3, random)
    x = random.normal(size=(5, 3))
    state = np.zeros(3 * cell.states)
    for row in x:
        state, _, _ = cell.step(weights, row, state)
    expected = plain(x, [weights])[-1]
    assert np.allclose(state[:3], expected, atol=1e-14)
    assert np.allclose(states(weights, x, np.zeros(3)), expected, atol=1e-14)
