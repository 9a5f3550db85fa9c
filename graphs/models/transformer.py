"""Transformer blocks, normalised after each residual sum as torch.nn does by default."""

from __future__ import annotations

from ..operations import layer, layer_norm, linear, relu, stack
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .attention import named


@layer
def position_wise(x: Array, f: Sized) -> Array:
    """Two linear maps with a rectifier between them."""
    d = x.axes[-1].extent
    return linear(relu(linear(x, f, name="linear1")), d, name="linear2")


@model("n d")
def feed_forward(x: Array, *, f: Sized = "f", L: Sized = 1) -> Array:
    """Position-wise feed-forward layer, as torch.nn.Linear(d, f), ReLU, torch.nn.Linear(f, d)."""
    return stack(lambda x: position_wise(x, f), x, L)


@model("n d")
def encoder(x: Array, *, h: Sized = 1, f: Sized = "f", L: Sized = 1) -> Array:
    """Transformer encoder, as L layers of torch.nn.TransformerEncoderLayer(d, h, f)."""

    def block(x: Array) -> Array:
        x = layer_norm(x + named("self_attn", x, x, Relation.all(), h), name="norm1")
        return layer_norm(x + position_wise(x, f), name="norm2")

    return stack(block, x, L)


@model("n d", "m d")
def decoder(x: Array, memory: Array, *, h: Sized = 1, f: Sized = "f", L: Sized = 1) -> Array:
    """Transformer decoder, as L layers of torch.nn.TransformerDecoderLayer(d, h, f)."""

    def block(x: Array) -> Array:
        x = layer_norm(x + named("self_attn", x, x, Relation.prefix(), h), name="norm1")
        x = layer_norm(x + named("multihead_attn", x, memory, Relation.all(), h), name="norm2")
        return layer_norm(x + position_wise(x, f), name="norm3")

    return stack(block, x, L)
