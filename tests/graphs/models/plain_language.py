"""Plain NumPy from the papers: language models that no library at hand has.

Each takes token numbers, the weights of the model and those of each layer by name, and h heads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.graphs.models.plain_mixing import gelu
from tests.graphs.models.plain_states import W, centred, sigmoid, silu, unscaled


def normed(x: Any, w: W, name: str) -> Any:
    """Layer normalisation (Ba et al. 2016)."""
    return centred(x, 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def before(x: Any) -> Any:
    """Return the sequence one position later, from zero."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def memory(x: Any, w: W, h: int, mixed: Any, decay: Any) -> Any:
    """Peng et al. 2024, equations 4 to 10 and 15 to 20: matrices, a boost, a norm and a gate."""
    n, d = x.shape
    given = {p: mixed(p) @ w[f"attention.{p}.weight"].T for p in "rkvg"}
    r, k, v = (given[p].reshape(n, h, -1) for p in "rkv")
    w_t = np.exp(-np.exp(decay)).reshape(n, h, -1)
    u = w["attention.u"].reshape(h, -1)
    state, out = np.zeros((h, d // h, d // h)), np.zeros((n, d))
    for t in range(n):
        new = k[t][:, :, None] * v[t][:, None, :]
        y = np.einsum("hs,hse->he", r[t], state + u[:, :, None] * new)
        state = w_t[t][:, :, None] * state + new
        y = centred(y, 64e-5).reshape(-1)
        out[t] = y * w["attention.ln_x.weight"] + w["attention.ln_x.bias"]
    return (out * silu(given["g"])) @ w["attention.output.weight"].T


def channels(x: Any, w: W) -> Any:
    """Peng et al. 2023, equations 16 to 18: the squared rectifier behind a gate."""
    k, r = (
        x * w[f"feed_forward.time_mix_{p}"] + before(x) * (1 - w[f"feed_forward.time_mix_{p}"])
        for p in ("key", "receptance")
    )
    inner = np.maximum(k @ w["feed_forward.key.weight"].T, 0) ** 2
    gate = sigmoid(r @ w["feed_forward.receptance.weight"].T)
    return gate * (inner @ w["feed_forward.value.weight"].T)


def network(tokens: Any, whole: W, layers: list[W], mixing: Any) -> Any:
    """Mix positions and components between an embedding and logits."""
    x = normed(whole["embedding.weight"][tokens], whole, "ln0")
    for w in layers:
        x = x + mixing(normed(x, w, "ln1"), w)
        x = x + channels(normed(x, w, "ln2"), w)
    return normed(x, whole, "ln_out") @ whole["head.weight"].T


def rwkv5(tokens: Any, whole: W, layers: list[W], h: int) -> Any:
    """Peng et al. 2024, section 3: Eagle."""

    def mixing(x: Any, w: W) -> Any:
        def mixed(p: str) -> Any:
            share = w[f"attention.time_mix_{p}"]
            return x * share + before(x) * (1 - share)

        return memory(x, w, h, mixed, np.tile(w["attention.w"], (len(x), 1)))

    return network(tokens, whole, layers, mixing)


def rwkv6(tokens: Any, whole: W, layers: list[W], h: int) -> Any:
    """Peng et al. 2024, section 4: Finch, whose mixing and decays depend on the input."""

    def mixing(x: Any, w: W) -> Any:
        def bent(y: Any, p: str) -> Any:
            low = np.tanh(y @ w[f"attention.{p}_A.weight"].T)
            return w[f"attention.{p}_lambda"] + low @ w[f"attention.{p}_B.weight"].T

        def mixed(p: str) -> Any:
            away = before(x) - x
            return x + away * bent(x + away * w["attention.mu_x"], p)

        return memory(x, w, h, mixed, bent(mixed("w"), "decay"))

    return network(tokens, whole, layers, mixing)


def chinchilla(tokens: Any, whole: W, layers: list[W], h: int) -> Any:
    """Dai et al. 2019, section 3.3, pair by pair, inside a Transformer with root mean squares."""
    x = whole["embedding.weight"][tokens]
    n, d = x.shape
    angles = np.outer(np.arange(n), 10000.0 ** (-np.arange(d // 2) / (d // 2)))
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    for w in layers:
        y = unscaled(x) * w["norm1.weight"]
        q, k, v = ((y @ w[f"attention.{p}_proj.weight"].T).reshape(n, h, -1) for p in "qkv")
        r = (waves @ w["attention.r_proj.weight"].T).reshape(n, h, -1)
        content, distance = (
            q + w[f"attention.{p}_bias"].reshape(h, -1) for p in ("content", "distance")
        )
        mixed = np.zeros((n, h, d // h))
        for i in range(n):
            for a in range(h):
                scores = [
                    content[i, a] @ k[j, a] + distance[i, a] @ r[i - j, a] for j in range(i + 1)
                ]
                shares = np.exp(np.array(scores) / np.sqrt(d // h))
                mixed[i, a] = shares / shares.sum() @ v[: i + 1, a]
        x = x + mixed.reshape(n, d) @ w["attention.out_proj.weight"].T
        y = unscaled(x) * w["norm2.weight"]
        inner = gelu(y @ w["feed_forward.up_proj.weight"].T)
        x = x + inner @ w["feed_forward.down_proj.weight"].T
    return (unscaled(x) * whole["norm.weight"]) @ whole["embedding.weight"].T


def lstm_language_model(tokens: Any, whole: W, layers: list[W], h: int) -> Any:
    """Zaremba et al. 2014, section 3.1: one linear map of the input and the state for all gates."""
    x = whole["embedding.weight"][tokens]
    for w in layers:
        state, cell, out = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros_like(x)
        for t in range(len(x)):
            gates = w["ih.weight"] @ x[t] + w["hh.weight"] @ state + w["ih.bias"]
            i, f, g, o = np.split(gates, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            state = sigmoid(o) * np.tanh(cell)
            out[t] = state
        x = out
    return x @ whole["decoder.weight"].T + whole["decoder.bias"]
