"""BERT: a Transformer that reads all positions, with its masked-word logits (Devlin et al. 2019)."""

from __future__ import annotations

from ...operations import (
    first,
    gelu,
    layer,
    layer_norm,
    linear,
    parameter,
    rearrange,
    scope,
    stack,
    tanh,
)
from ...relations import Relation
from ...sizes import Sized
from ...tables import lookup, positions
from ...tracing import Array, model
from ..attention import attend, heads
from .parts import logits

EPSILON = 1e-12
"""What BERT adds to the variance."""


@layer
def attention(x: Array, h: Sized) -> Array:
    """Attention to all positions."""
    d = x.axes[-1].extent
    q, k, v = (heads(linear(x, d, name=f"self.{name}"), h) for name in ("query", "key", "value"))
    mixed = attend(q, k, v, Relation.all(), "h, h")
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="output.dense")


@layer
def feed_forward(x: Array, f: Sized) -> Array:
    """Two linear maps with a Gaussian error linear unit between them."""
    inner = gelu(linear(x, f, name="intermediate.dense"), exact=True)
    return linear(inner, x.axes[-1].extent, name="output.dense")


def encoded(
    tokens: Array, segments: Array, c: Sized, h: Sized, f: Sized, L: Sized, words: Array
) -> Array:
    """Embed words, their kinds and places, and pass them through a stack of layers."""
    d = words.axes[-1].extent
    with scope("embeddings"):
        kinds = lookup(segments, parameter("token_type_embeddings.weight", 2, d))
        places = lookup(positions(tokens), parameter("position_embeddings.weight", c, d))
        x = layer_norm(lookup(tokens, words) + kinds + places, name="LayerNorm", epsilon=EPSILON)

    def block(x: Array) -> Array:
        with scope("attention"):
            x = layer_norm(attention(x, h=h) + x, name="output.LayerNorm", epsilon=EPSILON)
        return layer_norm(feed_forward(x, f=f) + x, name="output.LayerNorm", epsilon=EPSILON)

    return stack(block, x, L, name="encoder.layer")


@model("n", "n", c=64)
def bert(
    tokens: Array,
    segments: Array,
    *,
    v: Sized = "v",
    c: Sized = "c",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """BERT with its masked-word logits, as transformers.BertForMaskedLM; at most c positions."""
    with scope("bert"):
        words = parameter("embeddings.word_embeddings.weight", v, d)
        x = encoded(tokens, segments, c, h, f, L, words)
    with scope("cls.predictions"):
        x = gelu(linear(x, d, name="transform.dense"), exact=True)
        x = layer_norm(x, name="transform.LayerNorm", epsilon=EPSILON)
        return logits(x, words) + parameter("bias", v)


@model("n", "n", c=64)
def bert_pooled(
    tokens: Array,
    segments: Array,
    *,
    v: Sized = "v",
    c: Sized = "c",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """BERT with one vector for all positions, as the pooled output of transformers.BertModel."""
    words = parameter("embeddings.word_embeddings.weight", v, d)
    x = encoded(tokens, segments, c, h, f, L, words)
    return tanh(linear(first(x), d, name="pooler.dense"))
