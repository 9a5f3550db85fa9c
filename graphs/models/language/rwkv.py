"""RWKV-4: a decayed average of values by their keys, in place of attention (Peng et al. 2023).

The average is carried as in its kernel: a sum of values and a sum of weights, both divided by the
largest weight so far, whose logarithm is carried as well.
"""

from __future__ import annotations

from typing import Any

from ...operations import (
    elementwise,
    exp,
    full,
    layer,
    layer_norm,
    linear,
    parameter,
    relu,
    scan,
    scope,
    shift,
    sigmoid,
    stack,
    zeros,
)
from ...sizes import Sized
from ...tables import lookup
from ...tracing import Array, model
from .parts import logits

LEAST = -1e38
"""The logarithm of no weight."""


def mixed(x: Array, before: Array, name: str) -> Array:
    """Mix each component with that of the position before, by a weight of its own."""
    share = parameter(f"time_mix_{name}", x.axes[-1].extent)
    return x * share + before * (1 - share)


def averages(k: Array, v: Array) -> Array:
    """Average values by the exponentials of their keys, older ones decayed, the newest one boosted."""
    d = k.axes[-1].extent
    decay, boost = -exp(parameter("time_decay", d)), parameter("time_first", d)

    def step(carry: Any, inputs: Any) -> tuple[Any, Array]:
        (total, weight, most), (k, v) = carry, inputs
        top = elementwise("maximum", most, k + boost)
        old, new = exp(most - top), exp(k + boost - top)
        y = (old * total + new * v) / (old * weight + new)
        top = elementwise("maximum", most + decay, k)
        old, new = exp(most + decay - top), exp(k - top)
        return (old * total + new * v, old * weight + new, top), y

    return scan(step, (zeros(d), zeros(d), full(LEAST, d)), (k, v))[1]


@layer
def time_mixing(x: Array) -> Array:
    """Mix positions by decayed averages, behind a gate."""
    d, before = x.axes[-1].extent, shift(x)
    k, v, r = (
        linear(mixed(x, before, name), d, name=name, bias=False)
        for name in ("key", "value", "receptance")
    )
    return linear(sigmoid(r) * averages(k, v), d, name="output", bias=False)


@layer
def channel_mixing(x: Array, f: Sized) -> Array:
    """Feed forward with a squared rectifier, behind a gate."""
    d, before = x.axes[-1].extent, shift(x)
    inner = relu(linear(mixed(x, before, "key"), f, name="key", bias=False))
    gate = sigmoid(linear(mixed(x, before, "receptance"), d, name="receptance", bias=False))
    return gate * linear(inner * inner, d, name="value", bias=False)


@model("n")
def rwkv4(tokens: Array, *, v: Sized = "v", d: Sized = "d", f: Sized = "f", L: Sized = 1) -> Array:
    """RWKV-4 with its logits, as transformers.RwkvForCausalLM; f is 4 d in the paper."""

    def block(x: Array) -> Array:
        normed = layer_norm(x, name="ln1")
        with scope("attention"):
            x = x + time_mixing(normed)
        normed = layer_norm(x, name="ln2")
        with scope("feed_forward"):
            return x + channel_mixing(normed, f=f)

    x = lookup(tokens, parameter("rwkv.embeddings.weight", v, d))
    x = stack(block, layer_norm(x, name="rwkv.pre_ln"), L, name="rwkv.blocks")
    return logits(layer_norm(x, name="rwkv.ln_out"), parameter("head.weight", v, d))
