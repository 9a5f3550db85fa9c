"""Encoder and decoder blocks, as torch.nn.TransformerEncoderLayer and DecoderLayer (post-norm).

References: Vaswani et al. 2017, *Attention Is All You Need*; Ba et al. 2016, *Layer Normalization*.

A sublayer is entered; the residual sum and the norm around it lie outside, so the residual path is
free in unit layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .attention import attend_to
from .feed_forward import feed_forward
from .operations import Array, mean, sqrt
from .slots import another, everything, prefix

Layer = Mapping[str, Array]

EPSILON = 1e-5
"""What torch.nn.LayerNorm adds to the variance."""


def encoder(x: Array, layers: Sequence[Layer], *, heads: int) -> Array:
    """Apply self attention and a feed-forward network to x [n, d], in each layer."""
    slots = everything(len(x))
    for layer in layers:
        mixed = attend_to(x, x, _part(layer, "self_attn"), heads=heads, slots=slots)
        x = _norm(x + mixed, layer, "norm1")
        x = _norm(x + feed_forward(x, [layer]), layer, "norm2")
    return x


def decoder(
    x: Array, memory: Array, layers: Sequence[Layer], *, heads: int, pairs: str = "dense"
) -> Array:
    """Apply causal self attention, attention to memory [m, d] and feed-forward to x [n, d]."""
    past, all_memory = prefix(len(x)), another(len(x), len(memory))
    for layer in layers:
        own, other = _part(layer, "self_attn"), _part(layer, "multihead_attn")
        mixed = attend_to(x, x, own, heads=heads, slots=past, pairs=pairs)
        x = _norm(x + mixed, layer, "norm1")
        x = _norm(x + attend_to(x, memory, other, heads=heads, slots=all_memory), layer, "norm2")
        x = _norm(x + feed_forward(x, [layer]), layer, "norm3")
    return x


def layer_norm(x: Array, weight: Array, bias: Array) -> Array:
    """Shift and scale each position of x [n, d] to mean 0 and variance 1, then by parameters."""
    centred = x - mean(x, axis=-1)[:, None]
    variance = mean(centred * centred, axis=-1)
    scaled = centred / sqrt(variance + EPSILON)[:, None]
    return np.asarray(scaled * weight + bias)


def _norm(x: Array, layer: Layer, name: str) -> Array:
    return layer_norm(x, layer[f"{name}.weight"], layer[f"{name}.bias"])


def _part(layer: Layer, name: str) -> Layer:
    start = f"{name}."
    return {key.removeprefix(start): w for key, w in layer.items() if key.startswith(start)}
