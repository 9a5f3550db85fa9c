"""Extended long short-term memory with mixing: sLSTM, whose gates are exponential (Beck et al. 2024).

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
    scan,
    sigmoid,
    softplus,
    stack,
    tanh,
    zeros_like,
)
from ..sizes import Sized, poly
from ..tracing import Array, model
from .attention import heads


def scaled(new: Array, kept: Array, most: Array) -> tuple[Array, Array, Array]:
    """Return both gates from their logarithms, divided by the largest product so far, and that."""
    top = elementwise("maximum", kept + most, new)
    return exp(new - top), exp(kept + most - top), top


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
def slstm(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """The sLSTM cell of xLSTM before a linear map: states mix inside each of h heads."""
    return stack(layer(lambda x: cells(x, h)), x, L)
