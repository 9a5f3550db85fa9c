"""Causal linear attention, all pairs at once and position by position.

Reference: Katharopoulos et al. 2020, *Transformers are RNNs*, equations 8 and 9 (pairs) and 16 to 20
(positions), with elu(x) + 1 as the feature map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_divides, require_one_of
from .operations import Array, contract, exp, linear, relu, total, where, zeros
from .slots import Slots, prefix
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def linear_attention(x: Array, layers: Layers, *, heads: int, pairs: str = "dense") -> Array:
    """Weigh all pairs of positions of x [n, d] by products of features, in each layer."""
    require_one_of("pairs", pairs, ("dense", "masked"))
    for layer in layers:
        q, k, v = features(enter(x), layer, heads)
        slots = prefix(len(x))
        if pairs == "dense":
            mixed = _weighed(q, k, v, slots)
        else:
            rows = [_weighed(q[i : i + 1], k, v, slots.of(i)) for i in range(len(x))]
            mixed = np.concatenate(rows)
        x = linear(mixed.reshape(x.shape), layer["out_proj.weight"], layer["out_proj.bias"])
    return x


def linear_attention_recurrent(x: Array, layers: Layers, *, heads: int) -> Array:
    """Carry sums over the past of x [n, d] from position to position, in each layer."""
    for layer in layers:
        q, k, v = features(enter(x), layer, heads)
        products = k[:, :, :, None] * v[:, :, None, :]
        s, z = (zeros(a.shape[1:], like=a) for a in (products, k))
        rows = []
        for asked, product, key in zip(q, products, k, strict=True):
            s, z = recur(s) + product, recur(z) + key
            above, below = contract("hr,hre->he", asked, s), contract("hr,hr->h", asked, z)
            rows.append(above / below[:, None])
        mixed = np.stack(rows).reshape(x.shape)
        x = linear(mixed, layer["out_proj.weight"], layer["out_proj.bias"])
    return x


def _weighed(q: Array, k: Array, v: Array, slots: Slots) -> Array:
    weights = contract("ihe,ishe->ihs", q, slots.read(k))
    weights = where(slots.allowed[:, None, :], weights, 0.0)
    sums = total(weights, axis=-1)
    return np.asarray(contract("ihs,ishe->ihe", weights, slots.read(v)) / sums[:, :, None])


def features(x: Array, layer: Layer, heads: int) -> tuple[Array, Array, Array]:
    """Return the features of queries and keys, and values, of all heads."""
    n, d = x.shape
    require_divides("heads", heads, "d", d)
    q, k, v = (
        linear(x, layer[f"{name}_proj.weight"], layer[f"{name}_proj.bias"]) for name in "qkv"
    )
    q, k = (relu(a) + exp(-relu(-a)) for a in (q, k))
    return q.reshape(n, heads, -1), k.reshape(n, heads, -1), v.reshape(n, heads, -1)
