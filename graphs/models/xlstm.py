"""Extended long short-term memory: exponential gates, with a matrix or with mixing (Beck et al. 2024).

All that is carried is divided by exp(m), m the largest logarithm of a gate's product so far.
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    einsum,
    elementwise,
    exp,
    layer,
    linear,
    parameter,
    rearrange,
    root,
    scan,
    sigmoid,
    softplus,
    stack,
    tanh,
    zeros_like,
)
from ..primitives import Spread
from ..sizes import Sized, poly
from ..tracing import Array, current, model
from .attention import heads


def scaled(new: Array, kept: Array, most: Array) -> tuple[Array, Array, Array]:
    """Return both gates from their logarithms, divided by the largest product so far, and that."""
    top = elementwise("maximum", kept + most, new)
    return exp(new - top), exp(kept + most - top), top


def each(x: Array, like: Array) -> Array:
    """Say that components are one for each head of another array."""
    return current().apply("spread", Spread(like.axes[:1], (0,)), x)


def matrices(x: Array, h: Sized) -> Array:
    """Add products of values and keys to a matrix for each head, and read it with queries."""
    d = x.axes[-1].extent
    q, k, v = (heads(linear(x, d, name=f"{p}_proj"), h) for p in "qkv")
    k = k / root(k.axes[-1].extent)
    new, kept = (each(linear(x, h, name=f"{p}_proj"), q) for p in "if")

    def step(carry: Any, inputs: Any) -> tuple[Any, Array]:
        (matrix, norm, most), (q, k, v, new, kept) = carry, inputs
        i, f, most = scaled(new, -softplus(-kept), most)
        k = einsum("h s, h -> h s", k, i)
        matrix = einsum("h s e, h -> h s e", matrix, f) + einsum("h s, h e -> h s e", k, v)
        norm = einsum("h s, h -> h s", norm, f) + k
        size = einsum("h s, h s -> h", q, norm)
        size = elementwise("maximum", elementwise("maximum", size, -size), exp(-most))
        y = einsum("h s, h s e -> h e", q, matrix) / size
        return (matrix, norm, most), y

    start = (zeros_like(einsum("h s, h e -> h s e", k, v)), zeros_like(k), zeros_like(new))
    y = rearrange(scan(step, start, (q, k, v, new, kept))[1], "h e -> (h e)")
    return linear(sigmoid(linear(x, d, name="o_proj")) * y, d, name="out_proj")


def cells(x: Array, h: Sized) -> Array:
    """Long short-term memory with exponential gates, whose cells mix inside each of h heads."""
    d = x.axes[-1].extent
    e = d / poly(h)
    given = tuple(linear(x, d, name=name) for name in "zifo")

    def mixed(x: Array, before: Array, name: str) -> Array:
        own = einsum("h s, h e s -> h e", heads(before, h), parameter(f"r{name}.weight", h, e, e))
        return x + rearrange(own, "h e -> (h e)")

    def step(carry: Any, inputs: Any) -> tuple[Any, Array]:
        before, cell, norm, most = carry
        z, i, f, o = (mixed(x, before, name) for name, x in zip("zifo", inputs, strict=True))
        i, f, most = scaled(i, -softplus(-f), most)
        cell, norm = f * cell + i * tanh(z), f * norm + i
        y = sigmoid(o) * (cell / norm)
        return (y, cell, norm, most), y

    zeros = zeros_like(given[0])
    return linear(scan(step, (zeros, zeros, zeros, zeros), given)[1], d, name="out_proj")


@model("n d")
def mlstm(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """The mLSTM cell of xLSTM between linear maps: a matrix for each head, no mixing of states."""
    return stack(layer(lambda x: matrices(x, h)), x, L)


@model("n d")
def slstm(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """The sLSTM cell of xLSTM before a linear map: states mix inside each of h heads."""
    return stack(layer(lambda x: cells(x, h)), x, L)
