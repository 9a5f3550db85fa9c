"""Plain NumPy from the papers: layers whose state is a matrix, one position after another.

Each takes a sequence [n, d], the weights of one layer by name, and the number of heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

W = Mapping[str, Any]


def sigmoid(x: Any) -> Any:
    """Logistic function."""
    return 1 / (1 + np.exp(-x))


def silu(x: Any) -> Any:
    """X sigmoid(x)."""
    return x * sigmoid(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return np.log1p(np.exp(x))


def unscaled(x: Any, epsilon: float = 1e-5) -> Any:
    """Divide rows by their root mean squares."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon)


def centred(x: Any, epsilon: float) -> Any:
    """Subtract the means of rows and divide by their deviations."""
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)


def turned(x: Any, t: int) -> Any:
    """Rotate pairs of components (Su et al. 2021), as complex numbers."""
    half = x.shape[-1] // 2
    angles = t * 10000.0 ** (-np.arange(half) / half)
    z = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
    return np.concatenate([z.real, z.imag], axis=-1)


def retnet(x: Any, w: W, h: int) -> Any:
    """Sun et al. 2023, equations 6 to 8: S = gamma S + k^T v, o = q S."""
    n, d = x.shape
    out, state = np.zeros((n, d)), np.zeros((h, d // h, d // h))
    gamma = 1 - 2.0 ** (-5 - np.arange(h))
    for t in range(n):
        q, k, v = ((w[f"{p}_proj.weight"] @ x[t]).reshape(h, -1) for p in "qkv")
        q, k = turned(q, t), turned(k, t) / np.sqrt(d // h)
        state = gamma[:, None, None] * state + k[:, :, None] * v[:, None, :]
        o = unscaled(np.einsum("hs,hse->he", q, state)).reshape(-1)
        out[t] = w["out_proj.weight"] @ (silu(w["g_proj.weight"] @ x[t]) * o)
    return out


def ssd(x: Any, w: W, h: int) -> Any:
    """Dao and Gu 2024, listing 1, as its recurrence, with heads that share B and C."""
    n, d = x.shape
    out, state = np.zeros((n, d)), np.zeros((h, d // h, w["B_proj.weight"].shape[0]))
    for t in range(n):
        b, c = w["B_proj.weight"] @ x[t], w["C_proj.weight"] @ x[t]
        u = (w["in_proj.weight"] @ x[t]).reshape(h, -1)
        step = softplus(w["dt_proj.weight"] @ x[t] + w["dt_proj.bias"])
        decay = np.exp(-np.exp(w["A_log"]) * step)
        state = decay[:, None, None] * state + step[:, None, None] * u[:, :, None] * b
        y = state @ c + w["D"][:, None] * u
        out[t] = w["out_proj.weight"] @ y.reshape(-1)
    return out


def gla(x: Any, w: W, h: int) -> Any:
    """Yang et al. 2024, section 4: S = diag(a) S + k v^T with gates of low rank, to the 1/16."""
    n, d = x.shape
    s = w["q_proj.weight"].shape[0] // h
    out, state = np.zeros((n, d)), np.zeros((h, s, d // h))
    for t in range(n):
        q, k, v = ((w[f"{p}_proj.weight"] @ x[t]).reshape(h, -1) for p in "qkv")
        low = w["gk_proj.1.weight"] @ (w["gk_proj.0.weight"] @ x[t]) + w["gk_proj.1.bias"]
        gate = sigmoid(low).reshape(h, s) ** (1 / 16)
        state = gate[:, :, None] * state + k[:, :, None] * v[:, None, :]
        o = unscaled(np.einsum("hs,hse->he", q, state)).reshape(-1)
        out[t] = w["o_proj.weight"] @ (silu(w["g_proj.weight"] @ x[t]) * o)
    return out


def delta_net(x: Any, w: W, h: int) -> Any:
    """Yang et al. 2024: S = S (I - beta k k^T) + beta v k^T, written with whole matrices."""
    n, d = x.shape
    e = d // h
    out, state = np.zeros((n, d)), np.zeros((h, e, e))
    for t in range(n):
        q, k, v = (silu(w[f"{p}_proj.weight"] @ x[t]).reshape(h, -1) for p in "qkv")
        q, k = (a / np.sqrt((a * a).sum(-1, keepdims=True) + 1e-6) for a in (q, k))
        beta = sigmoid(w["b_proj.weight"] @ x[t])
        for i in range(h):
            keep = np.eye(e) - beta[i] * np.outer(k[i], k[i])
            state[i] = state[i] @ keep + beta[i] * np.outer(v[i], k[i])
        o = unscaled(np.stack([state[i] @ q[i] for i in range(h)])).reshape(-1)
        out[t] = w["o_proj.weight"] @ o
    return out


def mlstm(x: Any, w: W, h: int) -> Any:
    """Beck et al. 2024, equations 19 to 27, without the stabiliser, which changes no value."""
    n, d = x.shape
    e = d // h
    out, matrix, norm = np.zeros((n, d)), np.zeros((h, e, e)), np.zeros((h, e))
    for t in range(n):
        given = {p: w[f"{p}_proj.weight"] @ x[t] + w[f"{p}_proj.bias"] for p in "qkvifo"}
        q, k, v = (given[p].reshape(h, e) for p in "qkv")
        k = k / np.sqrt(e)
        i, f = np.exp(given["i"])[:, None], sigmoid(given["f"])[:, None]
        matrix = f[:, :, None] * matrix + i[:, :, None] * v[:, :, None] * k[:, None, :]
        norm = f * norm + i * k
        size = np.maximum(np.abs((norm * q).sum(-1)), 1)
        y = (np.einsum("hes,hs->he", matrix, q) / size[:, None]).reshape(-1)
        out[t] = w["out_proj.weight"] @ (sigmoid(given["o"]) * y) + w["out_proj.bias"]
    return out


def slstm(x: Any, w: W, h: int) -> Any:
    """Beck et al. 2024, equations 8 to 14, without the stabiliser, which changes no value."""
    n, d = x.shape
    out, y = np.zeros((n, d)), np.zeros(d)
    cell, norm = np.zeros(d), np.zeros(d)
    for t in range(n):
        z, i, f, o = (
            w[f"{g}.weight"] @ x[t]
            + w[f"{g}.bias"]
            + np.concatenate(
                [m @ part for m, part in zip(w[f"r{g}.weight"], y.reshape(h, -1), strict=True)]
            )
            for g in "zifo"
        )
        cell = sigmoid(f) * cell + np.exp(i) * np.tanh(z)
        norm = sigmoid(f) * norm + np.exp(i)
        y = sigmoid(o) * cell / norm
        out[t] = w["out_proj.weight"] @ y + w["out_proj.bias"]
    return out


def rg_lru(x: Any, w: W, h: int) -> Any:
    """De et al. 2024, equations 1 to 4."""
    out, state = np.zeros_like(x), np.zeros(x.shape[1])
    for t in range(len(x)):
        r = sigmoid(w["recurrent_gate.weight"] @ x[t] + w["recurrent_gate.bias"])
        i = sigmoid(w["input_gate.weight"] @ x[t] + w["input_gate.bias"])
        a = sigmoid(-w["recurrent_param"]) ** (8 * r)
        state = a * state + np.sqrt(1 - a**2) * (i * x[t])
        out[t] = state
    return out
