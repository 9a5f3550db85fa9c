"""Attention as programs for a small fast memory compute it: in tiles, and one key after another.

References: Dao et al. 2022, *FlashAttention*, Algorithm 1 (tiles of ceil(M/(4 d)) keys and of at most
d queries); Rabe and Staats 2021, *Self-attention does not need O(n^2) memory*, Section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Traffic:
    """What moves between slow and fast memory, and what is held in fast memory at once."""

    words: int = 0
    held: int = 0
    most: int = 0

    def load(self, x: Floats) -> Floats:
        """Read an array from slow memory, and hold it."""
        self.words += x.size
        return self.hold(np.array(x))

    def hold(self, x: Floats) -> Floats:
        """Hold an array that was computed."""
        self.held += x.size
        self.most = max(self.most, self.held)
        return x

    def store(self, place: Floats, x: Floats) -> None:
        """Write an array back to slow memory."""
        self.words += x.size
        place[...] = x

    def drop(self, *arrays: Floats) -> None:
        """Hold arrays no longer."""
        self.held -= sum(x.size for x in arrays)


def tiled_attention(
    random: np.random.Generator, n: int, d: int, M: int
) -> tuple[dict[str, int], float]:
    """Run FlashAttention's forward pass on one head with a fast memory of about M words.

    Counted are the words that move, the numbers in slow memory besides inputs and outputs, and the
    most that fast memory held.
    """
    q, k, v = random.normal(size=(3, n, d))
    columns = max(1, -(-M // (4 * d)))
    rows = min(columns, d)
    out, total, largest = np.zeros((n, d)), np.zeros(n), np.full(n, -np.inf)
    traffic = Traffic()
    for j in range(0, n, columns):
        keys, values = traffic.load(k[j : j + columns]), traffic.load(v[j : j + columns])
        for i in range(0, n, rows):
            tile = slice(i, i + rows)
            own = [traffic.load(x[tile]) for x in (q, out, total, largest)]
            scores = traffic.hold(own[0] @ keys.T / np.sqrt(d))
            found = _with_tile(scores, values, *own[1:])
            for place, x in zip((out, total, largest), found, strict=True):
                traffic.store(place[tile], x)
            traffic.drop(scores, *own)
        traffic.drop(keys, values)
    counts = {"words": traffic.words, "extra": total.size + largest.size, "fast": traffic.most}
    return counts, float(np.abs(out - plain_attention(q, k, v)).max())


def _with_tile(
    scores: Floats, values: Floats, out: Floats, total: Floats, largest: Floats
) -> tuple[Floats, Floats, Floats]:
    """Add a tile of keys to what is known of some queries."""
    most = np.maximum(largest, scores.max(axis=1))
    weights, old = np.exp(scores - most[:, None]), total * np.exp(largest - most)
    added = old + weights.sum(axis=1)
    mixed = (old[:, None] * out + weights @ values) / added[:, None]
    return mixed, added, most


def streamed_attention(random: np.random.Generator, n: int, d: int) -> tuple[dict[str, int], float]:
    """Attend with every query to one key after another.

    Counted are the numbers that are kept between two keys, and the bits of the two indices by which
    a query and a key are found.
    """
    q, k, v = random.normal(size=(3, n, d))
    out, numbers, last = np.zeros((n, d)), 0, (0, 0)
    for i in range(n):
        kept: tuple[Any, ...] = (0.0, -np.inf, np.zeros(d))
        for j in range(n):
            kept, last = _with_key(float(q[i] @ k[j]) / np.sqrt(d), v[j], *kept), (i, j)
            numbers = max(numbers, sum(np.size(part) for part in kept))
        out[i] = kept[2] / kept[0]
    counts = {"numbers": numbers, "bits": sum(index.bit_length() for index in last)}
    return counts, float(np.abs(out - plain_attention(q, k, v)).max())


def _with_key(
    score: float, value: Floats, total: float, largest: float, mixed: Floats
) -> tuple[float, float, Floats]:
    most = max(score, largest)
    weight, old = np.exp(score - most), np.exp(largest - most)
    return total * old + weight, most, mixed * old + weight * value


def plain_attention(q: Floats, k: Floats, v: Floats, allowed: Any = True) -> Floats:
    """Return softmax(q k^T / sqrt(d)) v, with all scores at once."""
    scores = np.where(allowed, q @ k.T / np.sqrt(q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    mixed: Floats = (weights / weights.sum(axis=1, keepdims=True)) @ v
    return mixed
