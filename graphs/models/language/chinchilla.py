"""Gopher and Chinchilla: a causal Transformer that sees distances by a projection of their own.

References: Rae et al. 2021, *Scaling language models*; Hoffmann et al. 2022, *Training
compute-optimal large language models*; the relative positions are those of Dai et al. 2019,
*Transformer-XL*, section 3.3.
"""

from __future__ import annotations

from ...operations import (
    backwards,
    einsum,
    gather,
    gelu,
    layer,
    linear,
    parameter,
    rearrange,
    rms_norm,
    root,
    scope,
    softmax,
    stack,
)
from ...relations import Relation
from ...sizes import Sized
from ...tables import lookup, sinusoids
from ...tracing import Array, model
from ..attention import heads
from .parts import logits


@layer
def attention(x: Array, waves: Array, h: Sized) -> Array:
    """Attend by contents and by distances, both with a bias in place of a position's own query."""
    d, prefix = x.axes[-1].extent, Relation.prefix()
    q, k, v = (heads(linear(x, d, name=f"{p}_proj", bias=False), h) for p in "qkv")
    far = heads(linear(waves, d, name="r_proj", bias=False), h)
    content = q + heads(parameter("content_bias", d), h)
    distance = q + heads(parameter("distance_bias", d), h)
    scores = einsum("h e, j h e -> h j", content, gather(k, prefix))
    scores = scores + einsum("h e, j h e -> h j", distance, backwards(far))
    weights = softmax(scores / root(q.axes[-1].extent), scores.axes[-1])
    mixed = einsum("h j, j h e -> h e", weights, gather(v, prefix))
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="out_proj", bias=False)


@layer
def feed_forward(x: Array, f: Sized) -> Array:
    """Two linear maps with a Gaussian error linear unit between them."""
    inner = gelu(linear(x, f, name="up_proj", bias=False))
    return linear(inner, x.axes[-1].extent, name="down_proj", bias=False)


@model("n")
def chinchilla(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """Chinchilla with its logits; f is 4 d in the paper, one table is for words in and out."""
    words, waves = parameter("embedding.weight", v, d), sinusoids(tokens, d)

    def block(x: Array) -> Array:
        normed = rms_norm(x, name="norm1")
        with scope("attention"):
            x = x + attention(normed, waves, h=h)
        normed = rms_norm(x, name="norm2")
        with scope("feed_forward"):
            return x + feed_forward(normed, f=f)

    x = stack(block, lookup(tokens, words), L)
    return logits(rms_norm(x, name="norm"), words)
