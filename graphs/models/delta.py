"""The delta rule: a state of matrices that is corrected by what it gets wrong.

Schlag et al. 2021, *Linear Transformers are secretly fast weight programmers*; Yang et al. 2024,
*Parallelizing linear Transformers with the delta rule*: keys of unit length, one rate for each head.
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    chunk,
    einsum,
    gather,
    layer,
    linear,
    member,
    rearrange,
    scan,
    sigmoid,
    silu,
    sqrt,
    stack,
    substitute,
    total,
    zeros_like,
)
from ..relations import Relation
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
        state = state + einsum("h s, h e -> h s e", k, einsum("h e, h -> h e", wrong, rate))
        return state, state

    zeros = zeros_like(einsum("h s, h e -> h s e", k, v))
    states = scan(step, zeros, (k, v, rate))[1]
    return einsum("h s, h s e -> h e", q, states)


def chunked(q: Array, k: Array, v: Array, rate: Array, c: Sized) -> Array:
    """Correct the state once a chunk: what all its positions get wrong solves a triangular system.

    A position's correction is u - w S, S the state before its chunk. It is computed for the state
    from chunk to chunk, and again for what is attended to inside a chunk.
    """
    inside = Relation.block_prefix(c)
    near = gather(k, inside)
    scaled, values = (einsum("h e, h -> h e", a, rate) for a in (k, v))
    pairs = einsum("h s, j h s -> h j", scaled, near)
    w, u = substitute(pairs, scaled, c), substitute(pairs, values, c)
    keys, ws, us = chunk(k, c), chunk(w, c), chunk(u, c)

    def step(state: Array, inputs: Any) -> tuple[Array, Array]:
        keys, ws, us = inputs
        new = us - einsum("j h s, h s e -> j h e", ws, state)
        return state + einsum("j h s, j h e -> h s e", keys, new), state

    zeros = zeros_like(einsum("j h s, j h e -> h s e", keys, us))
    before = member(scan(step, zeros, (keys, ws, us))[1], q, c)
    new = u - einsum("h s, h s e -> h e", w, before)
    scores = einsum("h s, j h s -> h j", q, near)
    inner = einsum("h j, j h e -> h e", scores, gather(new, inside))
    return einsum("h s, h s e -> h e", q, before) + inner


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


@model("n d", c=4)
def delta_net_chunked(x: Array, *, h: Sized = "h", c: Sized = "c", L: Sized = 1) -> Array:
    """DeltaNet, without its short convolutions, in chunks of c positions."""
    return stack(
        layer(lambda x: delta(x, h, lambda q, k, v, rate: chunked(q, k, v, rate, c))), x, L
    )
