"""GPT-2: a causal Transformer with learned positions (Radford et al. 2019)."""

from __future__ import annotations

from ...operations import gelu, layer, layer_norm, linear, parameter, rearrange, scope, split, stack
from ...relations import Relation
from ...sizes import Sized
from ...tables import lookup, positions
from ...tracing import Array, model
from ..attention import attend, heads
from .parts import logits


@layer
def attention(x: Array, h: Sized) -> Array:
    """Causal attention whose queries, keys and values come from one contraction."""
    d = x.axes[-1].extent
    q, k, v = (heads(a, h) for a in split(linear(x, 3 * d, name="c_attn"), 3))
    mixed = attend(q, k, v, Relation.prefix(), "h, h")
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="c_proj")


@layer
def feed_forward(x: Array, f: Sized) -> Array:
    """Two linear maps with a Gaussian error linear unit between them."""
    return linear(gelu(linear(x, f, name="c_fc")), x.axes[-1].extent, name="c_proj")


@model("n", c=64)
def gpt2(
    tokens: Array,
    *,
    v: Sized = "v",
    c: Sized = "c",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """GPT-2 with its logits, as transformers.GPT2LMHeadModel; at most c positions."""
    words = parameter("transformer.wte.weight", v, d)
    places = parameter("transformer.wpe.weight", c, d)

    def block(x: Array) -> Array:
        normed = layer_norm(x, name="ln_1")
        with scope("attn"):
            x = attention(normed, h=h) + x
        normed = layer_norm(x, name="ln_2")
        with scope("mlp"):
            return x + feed_forward(normed, f=f)

    x = lookup(tokens, words) + lookup(positions(tokens), places)
    x = stack(block, x, L, name="transformer.h")
    return logits(layer_norm(x, name="transformer.ln_f"), words)
