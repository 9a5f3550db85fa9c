"""Attention, as torch.nn.MultiheadAttention computes it, and its variants.

References: Vaswani et al. 2017, *Attention Is All You Need*; Shazeer 2019, *Fast Transformer
Decoding* (multi-query); Ainslie et al. 2023, *GQA* (grouped-query); Beltagy et al. 2020,
*Longformer* (windows).

Where not every slot is allowed, `pairs` says what is computed: "dense" takes all slots and throws
the others away, "masked" takes the allowed ones only. The numbers are the same. Dependence should
be read from "masked": in "dense" a score that is thrown away, or a weight that is always zero,
still counts as read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_divides, require_odd, require_one_of
from .operations import Array, contract, linear, softmax, where
from .slots import Slots, another, everything, prefix, window
from .steps import enter

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def attention(x: Array, layers: Layers, *, heads: int) -> Array:
    """Let every position of x [n, d] attend to all, in each layer."""
    return _stack(x, layers, heads, everything(len(x)), "dense")


def causal_attention(x: Array, layers: Layers, *, heads: int, pairs: str = "dense") -> Array:
    """Let position i of x [n, d] attend to positions 0 to i, in each layer."""
    return _stack(x, layers, heads, prefix(len(x)), pairs)


def windowed_attention(
    x: Array, layers: Layers, *, heads: int, window: int, pairs: str = "dense"
) -> Array:
    """Let position i of x [n, d] attend to j with |i - j| <= (window - 1)/2, in each layer."""
    require_odd("window", window)
    return _stack(x, layers, heads, _window(len(x), window, (window - 1) // 2), pairs)


def dilated_windowed_attention(
    x: Array, layers: Layers, *, heads: int, window: int, dilation: int, pairs: str = "dense"
) -> Array:
    """Let position i of x [n, d] attend to the window of odd width around it, with gaps."""
    require_odd("window", window)
    slots = _window(len(x), window, (window - 1) // 2, dilation)
    return _stack(x, layers, heads, slots, pairs)


def causal_windowed_attention(
    x: Array, layers: Layers, *, heads: int, window: int, pairs: str = "dense"
) -> Array:
    """Let position i of x [n, d] attend to j with i - window < j <= i, in each layer."""
    return _stack(x, layers, heads, _window(len(x), window, window - 1), pairs)


def multi_query_attention(x: Array, layers: Layers, *, heads: int, pairs: str = "dense") -> Array:
    """Attend causally with many query heads over one key and value head, on x [n, d]."""
    return grouped_query_attention(x, layers, heads=heads, groups=1, pairs=pairs)


def grouped_query_attention(
    x: Array, layers: Layers, *, heads: int, groups: int, pairs: str = "dense"
) -> Array:
    """Attend causally, heads/groups query heads in a row to one key and value head, on x [n, d]."""
    require_divides("groups", groups, "heads", heads)
    for layer in layers:
        x = enter(x)
        q, k, v = (
            linear(x, layer[f"{name}.weight"], layer[f"{name}.bias"])
            for name in ("q_proj", "k_proj", "v_proj")
        )
        x = attend(q, k, v, layer, heads, groups, prefix(len(x)), pairs)
    return x


def cross_attention(x: Array, memory: Array, layers: Layers, *, heads: int) -> Array:
    """Let every position of x [n, d] attend to all of memory [m, d], in one layer."""
    require_one_of("the number of layers", len(layers), (1,))
    return attend_to(x, memory, layers[0], heads=heads, slots=another(len(x), len(memory)))


def attend_to(
    x: Array, memory: Array, layer: Layer, *, heads: int, slots: Slots, pairs: str = "dense"
) -> Array:
    """Apply one attention layer of torch.nn.MultiheadAttention from x [n, d] to memory [m, d]."""
    x, memory = enter(x), enter(memory)
    weights = np.split(layer["in_proj_weight"], 3)
    biases = np.split(layer["in_proj_bias"], 3)
    q, k, v = map(linear, (x, memory, memory), weights, biases)
    return attend(q, k, v, layer, heads, heads, slots, pairs)


def attend(
    q: Array,
    k: Array,
    v: Array,
    layer: Layer,
    heads: int,
    groups: int,
    slots: Slots,
    pairs: str,
) -> Array:
    """Mix values by the softmax of scaled scores and project the heads out.

    Shapes: q [n, d], k and v [m, groups·e] with e = d/heads, slots [n, s]; the result is [n, d].
    """
    require_one_of("pairs", pairs, ("dense", "masked"))
    n, d = q.shape
    require_divides("heads", heads, "d", d)
    q = q.reshape(n, groups, heads // groups, d // heads)
    k, v = (y.reshape(len(y), groups, d // heads) for y in (k, v))
    if pairs == "dense":
        mixed = _mix(q, k, v, slots)
    else:
        mixed = np.concatenate([_mix(q[i : i + 1], k, v, slots.of(i)) for i in range(n)])
    return linear(mixed.reshape(n, d), layer["out_proj.weight"], layer["out_proj.bias"])


def _mix(q: Array, k: Array, v: Array, slots: Slots) -> Array:
    scale = 1.0 / math.sqrt(q.shape[-1])
    scores = contract("igre,isge->igrs", q, slots.read(k)) * scale
    allowed = slots.allowed[:, None, None, :]
    weights = softmax(where(allowed, scores, -math.inf), axis=-1)
    return contract("igrs,isge->igre", weights, slots.read(v))


def _stack(x: Array, layers: Layers, heads: int, slots: Slots, pairs: str) -> Array:
    for layer in layers:
        x = attend_to(x, x, layer, heads=heads, slots=slots, pairs=pairs)
    return x


def _window(n: int, size: int, left: int, dilation: int = 1) -> Slots:
    return window(n, size=size, left=left, dilation=dilation)
