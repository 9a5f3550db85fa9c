"""Attention through a latent, with keys and values made of it or with queries brought to it.

Reference: DeepSeek-AI 2024, *DeepSeek-V2*, equations 9 to 19 (queries uncompressed); section 2.1.2
for the second form, in which nothing but latents is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .errors import require_divides, require_one_of
from .operations import Array, contract, softmax, where
from .rotary import angles, rotated
from .slots import Slots, prefix
from .steps import enter

Layer = Mapping[str, Array]
Layers = Sequence[Layer]
Weigh = Callable[[slice, Slots, Array], Array]
"""From positions, what they read and scores by contents to weights."""


def latent_attention(
    x: Array, layers: Layers, *, heads: int, width: int, pairs: str = "dense"
) -> Array:
    """Attend causally on x [n, d], keys and values of all heads made of latents."""
    return _stack(x, layers, heads, width, pairs, absorbed=False)


def latent_attention_absorbed(
    x: Array, layers: Layers, *, heads: int, width: int, pairs: str = "dense"
) -> Array:
    """Attend causally on x [n, d], queries and what they find brought to the latents' space."""
    return _stack(x, layers, heads, width, pairs, absorbed=True)


def _stack(
    x: Array, layers: Layers, heads: int, width: int, pairs: str, *, absorbed: bool
) -> Array:
    require_one_of("pairs", pairs, ("dense", "masked"))
    n, d = x.shape
    require_divides("heads", heads, "d", d)
    turn, everything = angles(x, width), prefix(n)
    parts = [(slice(None), everything)]
    if pairs == "masked":
        parts = [(slice(i, i + 1), everything.of(i)) for i in range(n)]
    for layer in layers:
        given = enter(x)
        q = _plain(given, layer, "q_proj").reshape(n, heads, -1)
        far = rotated(_plain(given, layer, "q_rope").reshape(n, heads, -1), turn)
        latent, key = _plain(given, layer, "kv_down"), _plain(given, layer, "k_rope")
        mix = _absorbed if absorbed else _expanded
        read = mix(q, latent, layer, heads)
        place = _placed(far, rotated(key, turn), q.shape[2])
        found = np.concatenate([read(i, slots, place) for i, slots in parts])
        x = _plain(found.reshape(n, d), layer, "out_proj")
    return x


def _placed(far: Array, key: Array, width: int) -> Weigh:
    """Return what makes weights of scores by contents: with those by positions, and a softmax."""

    def weights(i: slice, slots: Slots, content: Array) -> Array:
        near = contract("ihe,ije->ihj", far[i], slots.read(key))
        scores = (content + near) / math.sqrt(width + key.shape[1])
        return softmax(where(slots.allowed[:, None, :], scores, -math.inf), axis=-1)

    return weights


def _expanded(
    q: Array, latent: Array, layer: Layer, heads: int
) -> Callable[[slice, Slots, Weigh], Array]:
    k, v = (_plain(latent, layer, f"{a}_up").reshape(len(latent), heads, -1) for a in "kv")

    def found(i: slice, slots: Slots, weigh: Weigh) -> Array:
        weights = weigh(i, slots, contract("ihe,ijhe->ihj", q[i], slots.read(k)))
        return contract("ihj,ijhe->ihe", weights, slots.read(v))

    return found


def _absorbed(
    q: Array, latent: Array, layer: Layer, heads: int
) -> Callable[[slice, Slots, Weigh], Array]:
    to_k, to_v = (layer[f"{a}_up.weight"].reshape(heads, -1, latent.shape[1]) for a in "kv")

    def found(i: slice, slots: Slots, weigh: Weigh) -> Array:
        read = slots.read(latent)
        asked = contract("ihe,her->ihr", q[i], to_k)
        weights = weigh(i, slots, contract("ihr,ijr->ihj", asked, read))
        return contract("ihr,her->ihe", contract("ihj,ijr->ihr", weights, read), to_v)

    return found


def _plain(x: Array, layer: Layer, name: str) -> Array:
    return contract("td,ed->te", x, layer[f"{name}.weight"])
