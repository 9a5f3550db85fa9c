"""Jamba: Mamba layers with an attention layer among them, without experts (Lieber et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable

from ...operations import layer, parameter, rms_norm, scope, stack
from ...relations import Relation
from ...sizes import Sized
from ...tables import lookup
from ...tracing import Array, model
from .mamba import mixer
from .parts import gated, grouped, logits

EPSILON = 1e-6
"""What the norms add to the mean square."""


@model("n")
def jamba(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    g: Sized = "g",
    f: Sized = "f",
    s: Sized = "s",
    k: Sized = "k",
    r: Sized = "r",
    a: Sized = 1,
    b: Sized = 1,
    L: Sized = 1,
) -> Array:
    """L blocks of a Mamba layers, an attention layer and b more, as transformers.JambaForCausalLM."""

    def mixed(x: Array, name: str, mix: Callable[[Array], Array]) -> Array:
        normed = rms_norm(x, name="input_layernorm", epsilon=EPSILON)
        with scope(name):
            x = x + mix(normed)
        normed = rms_norm(x, name="pre_ff_layernorm", epsilon=EPSILON)
        with scope("feed_forward"):
            return x + layer(gated)(normed, f=f)

    def recurrent(x: Array) -> Array:
        return mixed(x, "mamba", lambda x: mixer(x, s=s, k=k, r=r, normed=True))

    def attentive(x: Array) -> Array:
        prefix = Relation.prefix()
        return mixed(x, "self_attn", lambda x: layer(grouped)(x, relation=prefix, h=h, g=g))

    def block(x: Array) -> Array:
        x = stack(recurrent, x, a, name="before")
        with scope("between"):
            x = attentive(x)
        return stack(recurrent, x, b, name="after")

    x = lookup(tokens, parameter("model.embed_tokens.weight", v, d))
    x = stack(block, x, L, name="model.layers")
    x = rms_norm(x, name="model.final_layernorm", epsilon=EPSILON)
    return logits(x, parameter("lm_head.weight", v, d))
