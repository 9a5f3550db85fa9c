"""Recurrent cells together with their Jacobians, differentiated by hand.

A cell maps a state [s] and an input [d] to the next state; its first components are its output.
Beside the next state it returns A = d next / d state [s, s] and B = d next / d input [s, d], so
that d output_i / d input_j is the first rows of A_i A_{i-1} ... A_{j+1} B_j.

>>> weights = {"weight_hh": np.array([[0.0, 1.0], [-1.0, 0.0]]), "weight_ih": np.eye(2)}
>>> blocks = by_distance(LINEAR, weights, np.ones((3, 2)), width=2)
>>> [norm.tolist() for norm in np.linalg.norm(blocks, ord=2, axis=(1, 2))]
[1.0, 1.0, 1.0]

References: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
networks*, Section 2; the cells are those of torch.nn, see `recurrent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = Mapping[str, Floats]
Step = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Cell:
    """A recurrent cell."""

    step: Callable[[Weights, Floats, Floats], Step]
    """From weights, input and state to the next state and its two Jacobians."""
    gates: int = 1
    """How many times the output's width each of its matrices is high; 0 if it has none."""
    states: int = 1
    """How many times the output's width the state is."""


def linear(weights: Weights, x: Floats, h: Floats) -> Step:
    """Step the linear cell U h + W x."""
    u, w = weights["weight_hh"], weights["weight_ih"]
    return u @ h + w @ x, u, w


def elementwise(weights: Weights, x: Floats, h: Floats) -> Step:
    """Step the elementwise linear recurrence a h + b, where the input is (a, b)."""
    a, b = np.split(x, 2)
    return a * h + b, np.diag(a), _gates(h, np.ones(len(h)))


def elman(weights: Weights, x: Floats, h: Floats) -> Step:
    """Step tanh(W x + U h + b): with D = diag(1 - h'^2), A = D U and B = D W."""
    u, w = weights["weight_hh"], weights["weight_ih"]
    new = np.tanh(_affine(weights, x, "ih") + _affine(weights, h, "hh"))
    slope = (1.0 - new * new)[:, None]
    return new, slope * u, slope * w


def lstm(weights: Weights, x: Floats, state: Floats) -> Step:
    """Step an LSTM, whose state is (h, c): c' = f c + i g and h' = o tanh(c')."""
    d = len(state) // 2
    h, c = state[:d], state[d:]
    z = _affine(weights, x, "ih") + _affine(weights, h, "hh")
    i, f, o = (_sigmoid(z[k * d : (k + 1) * d]) for k in (0, 1, 3))
    g = np.tanh(z[2 * d : 3 * d])
    new_c = f * c + i * g
    t = np.tanh(new_c)
    slope = o * (1.0 - t * t)
    zero = np.zeros(d)
    cell = _gates(i * (1.0 - i) * g, f * (1.0 - f) * c, i * (1.0 - g * g), zero)
    output = slope[:, None] * cell + _gates(zero, zero, zero, t * o * (1.0 - o))
    pre = np.concatenate([output, cell])
    carried = np.concatenate([np.diag(slope * f), np.diag(f)])
    a = np.concatenate([pre @ weights["weight_hh"], carried], axis=1)
    return np.concatenate([o * t, new_c]), a, pre @ weights["weight_ih"]


def gru(weights: Weights, x: Floats, h: Floats) -> Step:
    """Step a GRU: h' = (1 - z) n + z h with n = tanh(x_n + r h_n)."""
    (read_r, read_z, read_n), (kept_r, kept_z, kept_n) = (
        np.split(_affine(weights, value, end), 3) for value, end in ((x, "ih"), (h, "hh"))
    )
    r, z = _sigmoid(read_r + kept_r), _sigmoid(read_z + kept_z)
    n = np.tanh(read_n + r * kept_n)
    slope = (1.0 - z) * (1.0 - n * n)
    shared = _gates(slope * kept_n * r * (1.0 - r), (h - n) * z * (1.0 - z))
    by_input = np.concatenate([shared, np.diag(slope)], axis=1)
    by_state = np.concatenate([shared, np.diag(slope * r)], axis=1)
    a = np.diag(z) + by_state @ weights["weight_hh"]
    return (1.0 - z) * n + z * h, a, by_input @ weights["weight_ih"]


LINEAR = Cell(linear)
ELEMENTWISE = Cell(elementwise, gates=0)
ELMAN = Cell(elman)
LSTM = Cell(lstm, gates=4, states=2)
GRU = Cell(gru, gates=3)


def by_distance(cell: Cell, weights: Weights, x: Floats, *, width: int) -> Floats:
    """Return d output_i / d input_{i-k} for the last position i, as [k, width, d].

    Parameters
    ----------
    cell, weights
        The cell and its parameters.
    x
        Inputs [n, d].
    width
        The width of the output.
    """
    state = np.zeros(width * cell.states)
    steps: list[tuple[Floats, Floats]] = []
    for row in x:
        state, a, b = cell.step(weights, row, state)
        steps.append((a, b))
    rows = np.eye(width, len(state))
    blocks = []
    for a, b in reversed(steps):
        blocks.append(rows @ b)
        rows = rows @ a
    return np.stack(blocks)


def attention_by_distance(weights: Weights, x: Floats, *, heads: int) -> Floats:
    """Return d y_i / d x_{i-k} for the last position i of causal attention, as [k, d, d].

    For one head with weights p over values v, keys k and the query q of position i, moving x_j
    moves v_j, and the score of j by (W_k dx_j) . q / sqrt(e), which moves the output by p_j
    (v_j - y) times that. Moving x_i moves q as well, and with it the score of every k.
    """
    n, d = x.shape
    e = d // heads
    parts = [
        x @ w.T + b
        for w, b in zip(
            np.split(weights["in_proj_weight"], 3),
            np.split(weights["in_proj_bias"], 3),
            strict=True,
        )
    ]
    wq, wk, wv = (w.reshape(heads, e, d) for w in np.split(weights["in_proj_weight"], 3))
    q, k, v = (part.reshape(n, heads, e) for part in parts)
    scores = np.einsum("he,jhe->hj", q[-1], k) / np.sqrt(e)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    y = np.einsum("hj,jhe->he", p, v)
    moved = np.einsum("hed,he->hd", wk, q[-1]) / np.sqrt(e)
    centred = v.transpose(1, 0, 2) - y[:, None]
    blocks = np.einsum("hj,hed->jhed", p, wv) + np.einsum("hj,hje,hd->jhed", p, centred, moved)
    turned = np.einsum("hj,hje,jhf,hfd->hed", p, centred, k, wq) / np.sqrt(e)
    blocks[-1] += turned
    return np.asarray(weights["out_proj.weight"] @ blocks.reshape(n, d, d))[::-1]


def _affine(weights: Weights, value: Floats, end: str) -> Floats:
    return np.asarray(weights[f"weight_{end}"] @ value + weights[f"bias_{end}"])


def _gates(*columns: Floats) -> Floats:
    return np.concatenate([np.diag(column) for column in columns], axis=1)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))
