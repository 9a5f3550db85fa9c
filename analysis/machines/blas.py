"""Models in NumPy as one writes them to be fast: products of matrices, which BLAS carries out.

The plain implementations of :mod:`..runs` count their operations and are slow; these are timed.
Each takes a function that draws weights of a shape, and sizes, and returns what is to be timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Drawn: TypeAlias = Callable[..., Floats]
Sizes: TypeAlias = Mapping[str, int]


def feed_forward(drawn: Drawn, at: Sizes) -> Callable[[], object]:
    """Two linear maps with max(., 0) between them."""
    n, d, f = at["n"], at["d"], at["f"]
    x, w1, b1, w2, b2 = drawn(n, d), drawn(f, d), drawn(f), drawn(d, f), drawn(d)
    return lambda: np.maximum(x @ w1.T + b1, 0) @ w2.T + b2


def attention(drawn: Drawn, at: Sizes) -> Callable[[], object]:
    """Self-attention with h heads."""
    n, d, h = at["n"], at["d"], at["h"]
    x, weights, biases = drawn(n, d), drawn(4, d, d), drawn(4, d)
    scale = np.float32((d / h) ** -0.5)

    def run() -> Floats:
        q, k, v = (
            (x @ weights[j].T + biases[j]).reshape(n, h, d // h).transpose(1, 0, 2)
            for j in range(3)
        )
        scores = q @ k.transpose(0, 2, 1) * scale
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
        return mixed.transpose(1, 0, 2).reshape(n, d) @ weights[3].T + biases[3]

    return run


def _recurrent(drawn: Drawn, at: Sizes, gates: int) -> tuple[Floats, ...]:
    n, d = at["n"], at["d"]
    m = gates * d
    return drawn(n, d), drawn(m, d), drawn(m), drawn(m, d), drawn(m)


def rnn(drawn: Drawn, at: Sizes) -> Callable[[], object]:
    """An Elman network."""
    x, w, b, u, c = _recurrent(drawn, at, 1)

    def run() -> Floats:
        read, out = x @ w.T + b, np.empty_like(x)
        h = np.zeros(at["d"], np.float32)
        for t in range(at["n"]):
            h = np.tanh(read[t] + (u @ h + c))
            out[t] = h
        return out

    return run


def lstm(drawn: Drawn, at: Sizes) -> Callable[[], object]:
    """An LSTM."""
    x, w, b, u, c = _recurrent(drawn, at, 4)

    def run() -> Floats:
        read, out = x @ w.T + b, np.empty_like(x)
        h = cell = np.zeros(at["d"], np.float32)
        for t in range(at["n"]):
            i, f, g, o = np.split(read[t] + (u @ h + c), 4)
            cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(cell)
            out[t] = h
        return out

    return run


def gru(drawn: Drawn, at: Sizes) -> Callable[[], object]:
    """A GRU as in torch.nn."""
    x, w, b, u, c = _recurrent(drawn, at, 3)

    def run() -> Floats:
        read, out = x @ w.T + b, np.empty_like(x)
        h = np.zeros(at["d"], np.float32)
        for t in range(at["n"]):
            xr, xz, xn = np.split(read[t], 3)
            hr, hz, hn = np.split(u @ h + c, 3)
            r, z = _sigmoid(xr + hr), _sigmoid(xz + hz)
            h = (1 - z) * np.tanh(xn + r * hn) + z * h
            out[t] = h
        return out

    return run


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


RUNS: Mapping[str, Callable[[Drawn, Sizes], Callable[[], object]]] = {
    "feed_forward": feed_forward,
    "attention": attention,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
}
"""By the name of the model in the catalogue."""
