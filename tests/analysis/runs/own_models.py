"""Models as users write them: plain NumPy, in the styles that people use."""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(x: Any) -> Any:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def rnn(x: Any, parameters: Any) -> Any:
    """Run a stack of Elman networks, with arrays to write into and weights stacked over layers."""
    n, d = x.shape
    for w, b, u, c in zip(
        *(parameters[f"layers.{k}"] for k in ("ih.weight", "ih.bias", "hh.weight", "hh.bias")),
        strict=True,
    ):
        out, h = np.zeros((n, d)), np.zeros(d)
        for t in range(n):
            h = np.tanh((w @ x[t] + b) + (u @ h + c))
            out[t] = h
        x = out
    return x


def lstm(x: Any, layers: Any) -> Any:
    """Run a stack of LSTM layers, with a list of rows."""
    for w in layers:
        h = c = np.zeros_like(x[0])
        rows = []
        for row in x:
            gates = (w["ih.weight"] @ row + w["ih.bias"]) + (w["hh.weight"] @ h + w["hh.bias"])
            i, f, g, o = np.split(gates, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            rows.append(h)
        x = np.array(rows)
    return x


def causal_attention(x: Any, layers: Any, h: int) -> Any:
    """Attend causally, head by head, with a mask that is assigned."""
    for w in layers:
        n, d = x.shape
        e = d // h
        q, k, v = (x @ w[f"{p}_proj.weight"].T + w[f"{p}_proj.bias"] for p in "qkv")
        later, mixed = np.triu(np.ones((n, n)), 1) == 1, np.empty((n, d))
        for i in range(h):
            part = slice(i * e, (i + 1) * e)
            scores = q[:, part] @ k[:, part].T / np.sqrt(e)
            scores[later] = -np.inf
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            mixed[:, part] = weights @ v[:, part]
        x = mixed @ w["out_proj.weight"].T + w["out_proj.bias"]
    return x


def attention(x: Any, layers: Any, *, h: int) -> Any:
    """Attend to everything, by einsum over all heads."""
    for w in layers:
        n, d = x.shape
        q, k, v = (
            (np.einsum("nd,ed->ne", x, w[f"{p}_proj.weight"]) + w[f"{p}_proj.bias"]).reshape(
                n, h, -1
            )
            for p in "qkv"
        )
        scores = np.einsum("nhe,mhe->hnm", q, k) / np.sqrt(d // h)
        weights = np.exp(scores - np.max(scores, -1, keepdims=True))
        weights = weights / np.sum(weights, -1, keepdims=True)
        mixed = np.einsum("hnm,mhe->nhe", weights, v).reshape(n, d)
        x = mixed @ w["out_proj.weight"].T + w["out_proj.bias"]
    return x


def causal_convolution(x: Any, layers: Any, k: int) -> Any:
    """Convolve windows, padded on the left."""
    n, d = x.shape
    for w in layers:
        padded = np.concatenate([np.zeros((k - 1, d)), x])
        x = np.stack([np.einsum("ki,oik->o", padded[t : t + k], w["weight"]) for t in range(n)])
        x = x + w["bias"]
    return x


def linear_recurrence(a: Any, b: Any) -> Any:
    """Run a recurrence that has no weights."""
    h, out = np.zeros(a.shape[1]), np.zeros_like(a)
    for t in range(len(a)):
        h = a[t] * h + b[t]
        out[t] = h
    return out


GOOD = {
    f.__name__: f
    for f in (rnn, lstm, causal_attention, attention, causal_convolution, linear_recurrence)
}
"""Functions that compute what the model of the same name does."""


def short(x: Any, parameters: Any) -> Any:
    """Return the wrong shape."""
    return x[:, :1]


def not_a_number(x: Any, parameters: Any) -> Any:
    """Return NaN."""
    return x * np.nan


def raising(x: Any, parameters: Any) -> Any:
    """Raise."""
    raise ValueError("no\nluck")


def misnamed(x: Any, parameters: Any) -> Any:
    """Read a weight that is not there."""
    return x @ parameters["weight_ih"]


def branching(x: Any, parameters: Any) -> Any:
    """Look at a number."""
    return x if x[0, 0] > 0 else -x


def choosing(x: Any, parameters: Any) -> Any:
    """Look at all numbers."""
    return np.where(x > 0, x, 0.0)


def sorting(x: Any, parameters: Any) -> Any:
    """Order numbers."""
    return np.sort(x)


def summing(x: Any, parameters: Any) -> Any:
    """Use a function that has no rule."""
    return np.cumsum(x, axis=0)


def nothing(x: Any, parameters: Any) -> Any:
    """Return nothing."""


def leaving(x: Any, parameters: Any) -> Any:
    """Exit."""
    raise SystemExit(3)


def greedy(x: Any, y: Any, z: Any) -> Any:
    """Take other arguments."""
    return x


def escaping(x: Any, parameters: Any) -> Any:
    """Make plain numbers of what counts."""
    return np.array([[float(v) for v in row] for row in x])


WRONG = {
    short: r"to return an array of shape \(3, 2\), got \(3, 1\)",
    not_a_number: r"to return numbers, got NaN at \(0, 0\)",
    raising: "raised ValueError: no luck",
    misnamed: r"raised KeyError: 'weight_ih'; it has layers\.ih\.weight",
    branching: "not to look at the numbers that it computes, got >",
    choosing: "not to look at the numbers that it computes, got greater",
    sorting: r"not to look at the numbers that it computes, got numpy\.sort",
    summing: r"an operation with a counting rule, got numpy\.cumsum",
    nothing: r"to return an array of shape \(3, 2\), got \(\)",
    leaving: "raised SystemExit: 3",
    greedy: r"expected f\(x, parameters\) or f\(x, layers\)",
    escaping: "to keep what it computes in arrays like its inputs",
}
"""Functions that do not run as they should, and what is said of each."""
