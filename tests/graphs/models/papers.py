"""Attention as papers write it, in plain NumPy: one query after another, over a set of positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, Any]
Reads = Callable[[int, int], Iterable[int]]
"""Which positions one reads, from its number and the length."""


def affine(x: Any, p: Arrays, name: str) -> Any:
    """Apply a linear map to rows."""
    return x @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0.0)


def split(x: Any, h: int) -> Any:
    """Cut rows [n, d] into heads [n, h, d/h]."""
    return x.reshape(len(x), h, -1)


def softmax(scores: Any) -> Any:
    """Normalise the last axis."""
    shown = np.exp(scores - scores.max(-1, keepdims=True))
    return shown / shown.sum(-1, keepdims=True)


def attend(q: Any, k: Any, v: Any) -> Any:
    """Attend from one query [h, e] to keys and values [j, h, e]."""
    weights = softmax(np.einsum("he,jhe->hj", q, k) / np.sqrt(q.shape[-1]))
    return np.einsum("hj,jhe->he", weights, v).reshape(-1)


def qkv(x: Any, p: Arrays, h: int) -> list[Any]:
    """Return queries, keys and values of all heads."""
    return [split(affine(x, p, f"{name}_proj"), h) for name in "qkv"]


def sparse(x: Any, p: Arrays, h: int, reads: Reads) -> Any:
    """Self-attention in which each position reads a set of positions."""
    (q, k, v), n = qkv(x, p, h), len(x)
    chosen = [sorted(reads(i, n)) for i in range(n)]
    mixed = [attend(q[i], k[js], v[js]) for i, js in enumerate(chosen)]
    return affine(np.array(mixed), p, "out_proj")


def norm(x: Any, p: Arrays, name: str) -> Any:
    """Layer normalisation."""
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def full(x: Any, y: Any, p: Arrays, h: int, name: str = "") -> Any:
    """Let rows x attend to all rows y."""
    dot = f"{name}." if name else ""
    q = split(affine(x, p, f"{dot}q_proj"), h)
    k, v = (split(affine(y, p, f"{dot}{a}_proj"), h) for a in "kv")
    return affine(np.array([attend(one, k, v) for one in q]), p, f"{dot}out_proj")


def rotated(x: Any) -> Any:
    """Turn the two halves of rows [n, ..., e] by their position (Su et al. 2021)."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(half) / half)
    angles = angles.reshape(len(x), *[1] * (x.ndim - 2), half)
    left, right = x[..., :half], x[..., half:]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)


def latent_attention(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """DeepSeek-AI 2024, equations 9 to 19, queries uncompressed."""
    n, h, d = len(x), at["h"], x.shape[1]
    latent = affine(x, p, "kv_down")
    q = np.concatenate(
        [split(affine(x, p, "q_proj"), h), rotated(split(affine(x, p, "q_rope"), h))], axis=-1
    )
    shared = np.repeat(rotated(affine(x, p, "k_rope"))[:, None], h, axis=1)
    k = np.concatenate([split(affine(latent, p, "k_up"), h), shared], axis=-1)
    v = split(affine(latent, p, "v_up"), h)
    rows = []
    for i in range(n):
        scores = np.einsum("he,jhe->hj", q[i], k[: i + 1]) / np.sqrt(d // h + at["e"])
        rows.append(np.einsum("hj,jhe->he", softmax(scores), v[: i + 1]).reshape(-1))
    return affine(np.array(rows), p, "out_proj")


def linear_attention(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Katharopoulos et al. 2020, equations 8 and 9, with elu(x) + 1 as the feature map."""
    q, k, v = qkv(x, p, at["h"])
    q, k = (np.where(a > 0, a + 1, np.exp(np.minimum(a, 0))) for a in (q, k))
    rows = []
    for i in range(len(x)):
        weights = np.einsum("he,jhe->hj", q[i], k[: i + 1])
        found = np.einsum("hj,jhe->he", weights, v[: i + 1]) / weights.sum(1)[:, None]
        rows.append(found.reshape(-1))
    return affine(np.array(rows), p, "out_proj")


def linformer(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Wang et al. 2020, equation 7, one projection for all heads."""
    q, k, v = qkv(x, p, at["h"])
    k, v = (np.einsum("rj,jhe->rhe", p[f"{name}.weight"], a) for name, a in (("E", k), ("F", v)))
    return affine(np.array([attend(one, k, v) for one in q]), p, "out_proj")


def nystrom_attention(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Xiong et al. 2021, equations 11 to 14, head by head."""
    (q, k, v), m = qkv(x, p, at["h"]), at["m"]
    heads = []
    for q1, k1, v1 in zip(*(a.swapaxes(0, 1) for a in (q, k, v)), strict=True):
        few_q, few_k = (a.reshape(m, -1, a.shape[-1]).mean(1) for a in (q1, k1))
        f, a, b = (
            softmax(s @ t.T / np.sqrt(q1.shape[-1]))
            for s, t in ((q1, few_k), (few_q, few_k), (few_q, k1))
        )
        z, one = a.T / (abs(a).sum(0).max() * abs(a).sum(1).max()), np.eye(m)
        for _ in range(6):
            az = a @ z
            z = z @ (13 * one - az @ (15 * one - az @ (7 * one - az))) / 4
        heads.append(f @ z @ (b @ v1))
    return affine(np.concatenate(heads, axis=1), p, "out_proj")


def perceiver(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Jaegle et al. 2021: latents read, process themselves, and are read."""
    z = full(p["latents"], x, p, at["h"], "encode")
    for level in range(at["L"]):
        z = full(z, z, p, at["h"], f"layers.{level}.process")
    return full(x, z, p, at["h"], "decode")


def induced_set_attention(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Lee et al. 2019, equations 6, 7, 9 and 10."""

    def block(x: Any, y: Any, name: str) -> Any:
        h = norm(x + full(x, y, p, at["h"], f"{name}.attn"), p, f"{name}.norm1")
        return norm(h + np.maximum(affine(h, p, f"{name}.linear"), 0), p, f"{name}.norm2")

    return block(x, block(p["inducing"], x, "induce"), "read")


def with_globals(
    x: Any, p: Arrays, at: Mapping[str, int], reads: Reads, wide: str, rows: Any
) -> tuple[Any, Any]:
    """One layer over global rows and positions, as one sequence whose first tokens are global."""
    h, g, both = at["h"], len(rows), np.concatenate([rows, x])
    q, k, v = qkv(both, p, h)
    local = []
    for i in range(len(x)):
        js = [*range(g), *(g + j for j in sorted(reads(i, len(x))))]
        local.append(attend(q[g + i], k[js], v[js]))
    out = affine(np.array(local), p, "out_proj")
    if f"q_{wide}.weight" not in p:  # nothing reads the rows after the last layer
        return out, rows
    ask, key, value = (split(affine(both, p, f"{a}_{wide}"), h) for a in "qkv")
    found = np.array([attend(ask[i], key, value) for i in range(g)])
    return out, affine(found, p, "out_proj")


def longnet_by_heads(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Ding et al. 2023, equations 5 to 11: one head of one position after another."""
    (q, k, v), h, rows = qkv(x, p, at["h"]), at["h"], np.zeros_like(x)
    for i in range(len(x)):
        for j in range(h):
            above: Any = 0.0
            below: Any = 0.0
            for r in (1, at["k"], at["k"] ** 2):
                if i % r != j % r:
                    continue
                size = at["c"] * r
                js = [t for t in range(len(x)) if t // size == i // size and t % r == j % r]
                shown = np.exp(k[js, j] @ q[i, j] / np.sqrt(q.shape[2]))
                above, below = above + shown @ v[js, j], below + shown.sum()
            rows[i].reshape(h, -1)[j] = above / below
    return affine(rows, p, "out_proj")


def transformer_xl(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Dai et al. 2019, section 3.3: the four terms of each score, one pair after another."""
    (q, k, v), c, d = qkv(x, p, at["h"]), at["c"], x.shape[1]
    u, w = (split(p[f"{name}_bias"][None], at["h"])[0] for name in ("content", "distance"))
    rows = []
    for i in range(len(x)):
        js = [j for j in range(i + 1) if j // c >= i // c - 1]
        angles = np.array([i - j for j in js])[:, None] * 10000.0 ** (-np.arange(d // 2) * 2 / d)
        waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        far = split(waves @ p["r_proj.weight"].T, at["h"])
        scores = sum(
            np.einsum("he,jhe->hj", a, b)
            for a, b in ((q[i], k[js]), (q[i], far), (u, k[js]), (w, far))
        )
        weights = softmax(scores / np.sqrt(d // at["h"]))
        rows.append(np.einsum("hj,jhe->he", weights, v[js]).reshape(-1))
    return affine(np.array(rows), p, "out_proj")


def star_layer(words: Any, x: Any, relay: Any, p: Arrays, h: int) -> tuple[Any, Any]:
    """One layer of algorithm 1 of Guo et al. 2019, on a chain instead of a ring."""

    def heads(a: Any, name: str) -> Any:
        return split(affine(a, p, name), h)

    rows, n = [], len(x)
    for i in range(n):
        context = np.concatenate([x[max(i - 1, 0) : i + 2], words[i : i + 1], relay[None]])
        q = heads(x[i : i + 1], "ring.q_proj")[0]
        rows.append(attend(q, heads(context, "ring.k_proj"), heads(context, "ring.v_proj")))
    x = norm(np.maximum(affine(np.array(rows), p, "ring.out_proj"), 0), p, "norm_ring")
    if "star.q_proj.weight" not in p:  # nothing reads the relay after the last layer
        return x, relay
    context = np.concatenate([relay[None], x])
    q = heads(relay[None], "star.q_proj")[0]
    found = attend(q, heads(context, "star.k_proj"), heads(context, "star.v_proj"))[None]
    return x, norm(np.maximum(affine(found, p, "star.out_proj"), 0), p, "norm_star")[0]


def lsh_attention(x: Any, p: Arrays, at: Mapping[str, int], directions: Any) -> Any:
    """Kitaev et al. 2020, Section 2 and its appendix: one softmax for each query over all rounds."""
    n, c = len(x), at["c"]
    q, v = affine(x, p, "qk_proj"), affine(x, p, "v_proj")
    turned = np.einsum("jd,rdb->rjb", q, directions)
    bucket = np.concatenate([turned, -turned], axis=2).argmax(2)
    read: list[list[Any]] = [[] for _ in range(n)]
    for own in bucket:
        order = np.lexsort((np.arange(n), own))
        for place, i in enumerate(order):
            chunk = place // c
            near = order[chunk * c : (chunk + 1) * c]
            near = np.concatenate([near, order[np.arange((chunk - 1) * c, chunk * c) % n]])
            read[i].extend(near[own[near] == own[i]])  # twice the same if there is but one chunk
    rows = np.zeros_like(x)
    for i in range(n):
        js = np.array(read[i])
        scores = q[js] / np.linalg.norm(q[js], axis=1)[:, None] @ q[i] / np.sqrt(q.shape[1])
        alike = (bucket[:, js] == bucket[:, i, None]).sum(0)
        rows[i] = softmax(scores - 1e5 * (js == i) - np.log(alike)) @ v[js]
    return affine(rows, p, "out_proj")


def hierarchical_attention(x: Any, p: Arrays, at: Mapping[str, int]) -> Any:
    """Attention inside chunks, then among their means, each of which goes back to its chunk."""
    c, h = at["c"], at["h"]
    chunks = [full(rows, rows, p, h, "inside") for rows in np.split(x, len(x) // c)]
    means = np.array([rows.mean(0) for rows in chunks])
    found = full(means, means, p, h, "among")
    return np.concatenate([rows + one for rows, one in zip(chunks, found, strict=True)])
