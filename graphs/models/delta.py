"""The delta rule: a state of matrices that is corrected by what it gets wrong.

Schlag et al. 2021, *Linear Transformers are secretly fast weight programmers*; Yang et al. 2024,
*Parallelizing linear Transformers with the delta rule*: keys of unit length, one rate for each head.
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    einsum,
    layer,
    linear,
    rearrange,
    scan,
    sigmoid,
    silu,
    sqrt,
    stack,
    total,
    zeros_like,
)
from ..sizes import Sized
from ..tracing import Array, model
from .attention import heads
from .retention import Mix, normed


def unit(x: Array) -> Array:
    """Divide each head by its length."""
    return x / sqrt(total(x * x, x.axes[-1]) + 1e-6)


def recurrent(q: Array, k: Array, v: Array, rate: Array) -> Array:
    """Correct one state after another."""

    def step(state: Array, inputs: Any) -> tuple[Array, Array]:
        k, v, rate = inputs
        wrong = v - einsum("h s, h s e -> h e", k, state)
        state = state + einsum("h s, h e -> h s e", k, einsum("h, h e -> h e", rate, wrong))
        return state, state

    zeros = zeros_like(einsum("h s, h e -> h s e", k, v))
    states = scan(step, zeros, (k, v, rate))[1]
    return einsum("h s, h s e -> h e", q, states)


def delta(x: Array, h: Sized, mix: Mix) -> Array:
    """Attend linearly by a state that the delta rule corrects, and divide heads by their norms."""
    d = x.axes[-1].extent
    q, k, v = (heads(silu(linear(x, d, name=f"{p}_proj", bias=False)), h) for p in "qkv")
    rate = sigmoid(linear(x, h, name="b_proj", bias=False))
    y = rearrange(normed(mix(unit(q), unit(k), v, rate)), "h e -> (h e)")
    return linear(y, d, name="o_proj", bias=False)


@model("n d")
def delta_net(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """DeltaNet, without its short convolutions, as a recurrence."""
    return stack(layer(lambda x: delta(x, h, recurrent)), x, L)
