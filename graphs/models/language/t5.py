"""T5: an encoder and a decoder with distances in buckets as biases (Raffel et al. 2020)."""

from __future__ import annotations

from ...operations import (
    einsum,
    layer,
    linear,
    parameter,
    rearrange,
    relu,
    rms_norm,
    root,
    scope,
    softmax,
    stack,
)
from ...relations import Relation
from ...sizes import Sized, poly
from ...tables import distances, lookup
from ...tracing import Array, model
from ..attention import heads, reach
from .parts import logits

BUCKETS = 32
"""In how many buckets distances fall."""
EPSILON = 1e-6
"""What the norms add to the mean square."""


@layer
def attention(
    x: Array, memory: Array, relation: Relation, h: Sized, e: Sized, bias: Array | None = None
) -> Array:
    """Attend with h heads of width e, whose scores are not scaled, a bias added to them."""
    q, k, v = (
        heads(linear(a, poly(h) * poly(e), name=name, bias=False), h)
        for a, name in ((x, "q"), (memory, "k"), (memory, "v"))
    )
    k, v = reach(k, q, relation), reach(v, q, relation)
    scores = einsum("h e, j h e -> h j", q, k)
    weights = softmax(scores if bias is None else scores + bias, scores.axes[-1])
    mixed = rearrange(einsum("h j, j h e -> h e", weights, v), "h e -> (h e)")
    return linear(mixed, x.axes[-1].extent, name="o", bias=False)


@layer
def feed_forward(x: Array, f: Sized) -> Array:
    """Two linear maps with a rectifier between them."""
    return linear(
        relu(linear(x, f, name="wi", bias=False)), x.axes[-1].extent, name="wo", bias=False
    )


def biases(tokens: Array, relation: Relation, h: Sized) -> Array:
    """One number for each head and bucket, for all layers."""
    table = parameter("relative_attention_bias.weight", BUCKETS, h)
    return rearrange(lookup(distances(tokens, relation, count=BUCKETS), table), "j h -> h j")


def normed(x: Array, name: str) -> Array:
    """Divide by the root mean square."""
    return rms_norm(x, name=name, epsilon=EPSILON)


@model("n", "m")
def t5(
    tokens: Array,
    source: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    e: Sized = "e",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """T5 with its logits, L layers on either side, as transformers.T5ForConditionalGeneration."""
    words = parameter("shared.weight", v, d)
    everywhere, before = Relation.all(), Relation.prefix()

    def encode(x: Array) -> Array:
        with scope("SelfAttention"):
            own = normed(x, "layer_norm")
            x = x + attention(own, own, everywhere, h, e, bias=around)
        with scope("DenseReluDense"):
            return x + feed_forward(normed(x, "layer_norm"), f=f)

    def decode(x: Array) -> Array:
        with scope("SelfAttention"):
            own = normed(x, "layer_norm")
            x = x + attention(own, own, before, h, e, bias=behind)
        with scope("EncDecAttention"):
            x = x + attention(normed(x, "layer_norm"), memory, everywhere, h, e)
        with scope("DenseReluDense"):
            return x + feed_forward(normed(x, "layer_norm"), f=f)

    with scope("encoder"):
        around = biases(source, everywhere, h)
        memory = normed(stack(encode, lookup(source, words), L, name="block"), "final_layer_norm")
    with scope("decoder"):
        behind = biases(tokens, before, h)
        x = normed(stack(decode, lookup(tokens, words), L, name="block"), "final_layer_norm")
    return logits(x / root(d), words)
