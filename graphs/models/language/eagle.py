"""RWKV-5 and RWKV-6: states of matrices whose newest term is boosted in place of decayed.

Peng et al. 2024, *Eagle and Finch*: RWKV-5 (Eagle) has one decay for each component; in RWKV-6
(Finch) decays, and how a position mixes with the one before, depend on the input by maps of rank r.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...operations import (
    einsum,
    exp,
    layer,
    layer_norm,
    linear,
    parameter,
    rearrange,
    scan,
    scope,
    shift,
    silu,
    stack,
    standardize,
    tanh,
    zeros_like,
)
from ...sizes import Sized, poly
from ...tables import lookup
from ...tracing import Array, model
from ..attention import heads
from ..decays import decayed
from .parts import logits
from .rwkv import channel_mixing, mixed

Mixed = Callable[[str], Array]
"""From a name to the mixture of a position and the one before."""


def states(r: Array, k: Array, v: Array, decay: Array, boost: Array) -> Array:
    """Read with r the state before, and what is new times a boost."""
    new = einsum("h s, h e -> h s e", k, v)

    def step(state: Array, inputs: Any) -> tuple[Array, Array]:
        new, rate = inputs if decay.equation.sequence else (*inputs, decay)
        return decayed(state, rate) + new, state

    inputs = (new, decay) if decay.equation.sequence else (new,)
    before = scan(step, zeros_like(new), inputs)[1]
    return einsum("h s, h s e -> h e", r, before + decayed(new, boost))


def time_mixing(x: Array, h: Sized, mix: Mixed, decay: Array) -> Array:
    """Mix positions by states of h matrices, behind a gate; the decay is -log(-log(.)) of itself."""
    d = x.axes[-1].extent
    r, k, v, g = (linear(mix(name), d, name=name, bias=False) for name in ("r", "k", "v", "g"))
    rates = heads(exp(-exp(decay)), h)
    y = states(heads(r, h), heads(k, h), heads(v, h), rates, heads(parameter("u", d), h))
    y = rearrange(standardize(y, epsilon=64e-5), "h e -> (h e)")
    y = y * parameter("ln_x.weight", d) + parameter("ln_x.bias", d)
    return linear(y * silu(g), d, name="output", bias=False)


@layer
def eagle(x: Array, h: Sized) -> Array:
    """Mix with the position before by weights, and decay by rates, that are parameters."""
    before = shift(x)
    decay = parameter("w", x.axes[-1].extent)
    return time_mixing(x, h, lambda name: mixed(x, before, name), decay)


@layer
def finch(x: Array, h: Sized, r: Sized) -> Array:
    """Mix with the position before by weights, and decay by rates, that depend on the input."""
    d, before = x.axes[-1].extent, shift(x)
    away = before - x
    near = x + away * parameter("mu_x", d)

    def bent(x: Array, name: str, rank: Sized) -> Array:
        low = tanh(linear(x, rank, name=f"{name}_A", bias=False))
        return parameter(f"{name}_lambda", d) + linear(low, d, name=f"{name}_B", bias=False)

    def mix(name: str) -> Array:
        return x + away * bent(near, name, r)

    return time_mixing(x, h, mix, bent(mix("w"), "decay", 2 * poly(r)))


def network(tokens: Array, v: Sized, d: Sized, f: Sized, L: Sized, mixing: Any) -> Array:
    """Mix positions, then components, between an embedding and logits of their own."""

    def block(x: Array) -> Array:
        normed = layer_norm(x, name="ln1")
        with scope("attention"):
            x = x + mixing(normed)
        normed = layer_norm(x, name="ln2")
        with scope("feed_forward"):
            return x + channel_mixing(normed, f=f)

    x = layer_norm(lookup(tokens, parameter("embedding.weight", v, d)), name="ln0")
    x = stack(block, x, L, name="blocks")
    return logits(layer_norm(x, name="ln_out"), parameter("head.weight", v, d))


@model("n")
def rwkv5(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """RWKV-5 (Eagle) with its logits; f is 3.5 d in the paper, heads have 64 components."""
    return network(tokens, v, d, f, L, lambda x: eagle(x, h=h))


@model("n", r=2)
def rwkv6(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    f: Sized = "f",
    r: Sized = "r",
    L: Sized = 1,
) -> Array:
    """RWKV-6 (Finch) with its logits; r is 32 in the paper, and twice that for decays."""
    return network(tokens, v, d, f, L, lambda x: finch(x, h=h, r=r))
