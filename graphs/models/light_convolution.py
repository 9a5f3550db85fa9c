"""Convolutions of few weights: one kernel for each of h heads, normalised by a softmax.

Reference: Wu et al. 2019, *Pay less attention with lightweight and dynamic convolutions*. Here they
are causal, as in its decoder.
"""

from __future__ import annotations

from ..operations import (
    einsum,
    gather,
    layer,
    linear,
    parameter,
    rearrange,
    sigmoid,
    softmax,
    split,
    stack,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tracing import Array, model
from .attention import heads


def mixed(x: Array, kernel: Array, h: Sized, k: Sized) -> Array:
    """Convolve the last k positions of each head with its own kernel [k, h]."""
    window = gather(heads(x, h), Relation.window(k))
    weights = softmax(kernel, kernel.axes[0])
    return rearrange(einsum("j h e, j h -> h e", window, weights), "h e -> (h e)")


def gated(x: Array) -> Array:
    """Return a linear map behind a gate."""
    value, gate = split(linear(x, 2 * x.axes[-1].extent, name="in_proj"), 2)
    return value * sigmoid(gate)


@model("n d")
def lightweight_convolution(x: Array, *, h: Sized = "h", k: Sized = "k", L: Sized = 1) -> Array:
    """Lightweight convolution between linear maps: a kernel for each head."""

    def block(x: Array) -> Array:
        y = mixed(gated(x), parameter("kernel", k, h), h, k)
        return linear(y, x.axes[-1].extent, name="out_proj")

    return stack(layer(block), x, L)


@model("n d")
def dynamic_convolution(x: Array, *, h: Sized = "h", k: Sized = "k", L: Sized = 1) -> Array:
    """Dynamic convolution between linear maps: a kernel for each head that a position chooses."""

    def block(x: Array) -> Array:
        y = gated(x)
        chosen = linear(y, poly(k) * poly(h), name="kernel", bias=False)
        y = mixed(y, rearrange(chosen, "(k h) -> k h", h=h), h, k)
        return linear(y, x.axes[-1].extent, name="out_proj")

    return stack(layer(block), x, L)
