"""Mamba: selective state spaces, as a loop and as an associative scan (Gu and Dao 2023).

The state of each of 2 d channels has s components, h' = exp(Δ A) h + Δ B x; Δ, B and C depend on x.
"""

from __future__ import annotations

from ...operations import (
    einsum,
    exp,
    gather,
    layer,
    linear,
    parameter,
    rms_norm,
    scope,
    silu,
    softplus,
    split,
    stack,
)
from ...primitives import Slice, Spread
from ...relations import Relation
from ...sizes import Poly, Sized, poly
from ...tables import lookup
from ...tracing import Array, current, model
from ..linear_recurrence import states
from .parts import logits

EXPAND = 2
"""How much wider than the model the mixer is."""


def parts(x: Array, *widths: Poly) -> list[Array]:
    """Cut the last axis into parts of these widths."""
    found, start = [], poly(0)
    for width in widths:
        found.append(current().apply("slice", Slice(start, width), x))
        start = start + width
    return found


def convolved(x: Array, k: Sized) -> Array:
    """Convolve each channel with the last k positions of its own."""
    inner = x.axes[-1].extent
    window = gather(x, Relation.window(k))
    mixed = einsum("k i, i k -> i", window, parameter("conv1d.weight", inner, k))
    return silu(mixed + parameter("conv1d.bias", inner))


@layer
def mixer(
    x: Array, s: Sized, k: Sized, r: Sized, *, parallel: bool = False, normed: bool = False
) -> Array:
    """Mix positions by a convolution and a selective state space, behind a gate.

    ``normed`` divides Δ, B and C by their root mean squares, as Jamba does.
    """
    d, s, r = x.axes[-1].extent, poly(s), poly(r)
    inner = EXPAND * d
    u, gate = split(linear(x, 2 * inner, name="in_proj", bias=False), 2)
    u = convolved(u, k)
    step, b, c = parts(linear(u, r + 2 * s, name="x_proj", bias=False), r, s, s)
    if normed:
        step, b, c = (
            rms_norm(a, name=f"{name}_layernorm", epsilon=1e-6)
            for a, name in ((step, "dt"), (b, "b"), (c, "c"))
        )
    step = softplus(linear(step, inner, name="dt_proj"))
    a = -exp(parameter("A_log", inner, s))
    wide = current().apply("spread", Spread(a.axes, (0,)), step)
    h = states(exp(a * step), wide * b * u, parallel=parallel)
    y = einsum("i s, s -> i", h, c) + u * parameter("D", inner)
    return linear(y * silu(gate), d, name="out_proj", bias=False)


def network(
    tokens: Array, v: Sized, d: Sized, s: Sized, k: Sized, r: Sized, L: Sized, *, parallel: bool
) -> Array:
    """Mixers with residual sums around them, between an embedding and the same as logits."""
    words = parameter("backbone.embeddings.weight", v, d)

    def block(x: Array) -> Array:
        normed = rms_norm(x, name="norm")
        with scope("mixer"):
            return x + mixer(normed, s=s, k=k, r=r, parallel=parallel)

    x = stack(block, lookup(tokens, words), L, name="backbone.layers")
    return logits(rms_norm(x, name="backbone.norm_f"), words)


@model("n")
def mamba(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    s: Sized = "s",
    k: Sized = "k",
    r: Sized = "r",
    L: Sized = 1,
) -> Array:
    """Mamba with its logits, as transformers.MambaForCausalLM; r is the rank of the step sizes."""
    return network(tokens, v, d, s, k, r, L, parallel=False)


@model("n")
def mamba_scan(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    s: Sized = "s",
    k: Sized = "k",
    r: Sized = "r",
    L: Sized = 1,
) -> Array:
    """Mamba with its states as an associative scan, as it is trained."""
    return network(tokens, v, d, s, k, r, L, parallel=True)
