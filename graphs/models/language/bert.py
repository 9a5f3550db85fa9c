"""BERT: a Transformer that reads all positions, with its masked-word logits (Devlin et al. 2019)."""

from __future__ import annotations

from ...operations import gelu, layer, layer_norm, linear, parameter, rearrange, scope, stack
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
    with scope("bert.embeddings"):
        words = parameter("word_embeddings.weight", v, d)
        kinds = lookup(segments, parameter("token_type_embeddings.weight", 2, d))
        places = lookup(positions(tokens), parameter("position_embeddings.weight", c, d))
        x = layer_norm(lookup(tokens, words) + kinds + places, name="LayerNorm", epsilon=EPSILON)

    def block(x: Array) -> Array:
        with scope("attention"):
            x = layer_norm(attention(x, h=h) + x, name="output.LayerNorm", epsilon=EPSILON)
        return layer_norm(feed_forward(x, f=f) + x, name="output.LayerNorm", epsilon=EPSILON)

    x = stack(block, x, L, name="bert.encoder.layer")
    with scope("cls.predictions"):
        x = gelu(linear(x, d, name="transform.dense"), exact=True)
        x = layer_norm(x, name="transform.LayerNorm", epsilon=EPSILON)
        return logits(x, words) + parameter("bias", v)
