"""Mamba-2: state spaces with one decay for each head (Dao and Gu 2024, *Transformers are SSMs*).

The state of each of h heads is a matrix of e = 2 d/h rows and s columns.
"""

from __future__ import annotations

from ...operations import (
    einsum,
    exp,
    layer,
    linear,
    parameter,
    rearrange,
    rms_norm,
    scope,
    silu,
    softplus,
    stack,
)
from ...sizes import Sized, poly
from ...tables import lookup
from ...tracing import Array, model
from ..decays import recurrent
from .mamba import EXPAND, convolved, parts
from .parts import logits


@layer
def mixer(x: Array, h: Sized, s: Sized, k: Sized) -> Array:
    """Mix positions by a convolution and a state space, behind a gate, which a norm takes in."""
    d, h, s = x.axes[-1].extent, poly(h), poly(s)
    inner = EXPAND * d
    z, u, step = parts(
        linear(x, 2 * inner + 2 * s + h, name="in_proj", bias=False), inner, inner + 2 * s, h
    )
    u, b, c = parts(convolved(u, k), inner, s, s)
    step = softplus(step + parameter("dt_bias", h))
    decay = -exp(parameter("A_log", h)) * step
    u = rearrange(u, "(h e) -> h e", h=h)
    y = recurrent(c, b, einsum("h e, h -> h e", u, step), decay)
    y = y + einsum("h e, h -> h e", u, parameter("D", h))
    y = rms_norm(rearrange(y, "h e -> (h e)") * silu(z), name="norm")
    return linear(y, d, name="out_proj", bias=False)


@model("n")
def mamba2(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    s: Sized = "s",
    k: Sized = "k",
    L: Sized = 1,
) -> Array:
    """Mamba-2 with its logits, as transformers.Mamba2ForCausalLM with one group."""
    words = parameter("backbone.embeddings.weight", v, d)

    def block(x: Array) -> Array:
        normed = rms_norm(x, name="norm")
        with scope("mixer"):
            return x + mixer(normed, h=h, s=s, k=k)

    x = stack(block, lookup(tokens, words), L, name="backbone.layers")
    return logits(rms_norm(x, name="backbone.norm_f"), words)
