"""Mixtures of experts: each token passes through k of E feed-forward layers.

References: Shazeer et al. 2017, *Outrageously large neural networks*; Fedus et al. 2022, *Switch
Transformers* (k = 1); Jiang et al. 2024, *Mixtral of experts* (gated layers, k = 2).
"""

from __future__ import annotations

from ..operations import arg_top_k, einsum, layer, linear, parameter, silu, softmax, split, stack
from ..sizes import Sized, poly
from ..tables import lookup
from ..tracing import Array, model


def greedy(scores: Array, k: Sized) -> tuple[Array, Array]:
    """Return the k highest scores, and whose they are."""
    return arg_top_k(scores, scores.axes[-1], k)


def through(x: Array, f: Sized, experts: Sized, weights: Array, chosen: Array) -> Array:
    """Pass through the gated layers that were chosen, and sum them by weight."""
    d = x.axes[-1].extent
    into = lookup(chosen, parameter("experts.gate_up_proj", experts, 2 * poly(f), d))
    out = lookup(chosen, parameter("experts.down_proj", experts, d, f))
    gate, up = split(einsum("i, k o i -> k o", x, into), 2)
    return einsum("k, k i -> i", weights, einsum("k f, k i f -> k i", silu(gate) * up, out))


def routed(x: Array, f: Sized, experts: Sized, k: Sized) -> Array:
    """Pass through the k gated layers of the highest scores, weighted by a softmax over these."""
    best, chosen = greedy(linear(x, experts, name="gate", bias=False), k)
    return through(x, f, experts, softmax(best, best.axes[-1]), chosen)


@model("n d", E=4)
def mixture_of_experts(
    x: Array, *, f: Sized = "f", E: Sized = "E", k: Sized = 2, L: Sized = 1
) -> Array:
    """Of E gated feed-forward layers the k that a router chooses for each token (Mixtral)."""
    return stack(layer(lambda x: routed(x, f, E, k)), x, L)
