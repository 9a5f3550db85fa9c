"""Mixtral: Mistral with a mixture of experts in each layer (Jiang et al. 2024, *Mixtral*)."""

from __future__ import annotations

from ...operations import layer, parameter, rms_norm, scope, stack
from ...relations import Relation
from ...sizes import Sized, poly
from ...tables import angles, lookup
from ...tracing import Array, model
from ..mixture import routed
from .parts import grouped, logits

EPSILON = 1e-5
"""What the norms add to the mean square."""


@model("n", E=4)
def mixtral(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    g: Sized = "g",
    f: Sized = "f",
    E: Sized = "E",
    k: Sized = 2,
    L: Sized = 1,
) -> Array:
    """Mixtral with its logits, k of E experts for each token, as transformers.MixtralForCausalLM."""
    turn = angles(tokens, poly(d) / poly(h), base=1e6)

    def block(x: Array) -> Array:
        normed = rms_norm(x, name="input_layernorm", epsilon=EPSILON)
        with scope("self_attn"):
            x = x + layer(grouped)(normed, relation=Relation.prefix(), h=h, g=g, turn=turn)
        normed = rms_norm(x, name="post_attention_layernorm", epsilon=EPSILON)
        with scope("mlp"):
            return x + layer(routed)(normed, f=f, experts=E, k=k)

    x = lookup(tokens, parameter("model.embed_tokens.weight", v, d))
    x = stack(block, x, L, name="model.layers")
    x = rms_norm(x, name="model.norm", epsilon=EPSILON)
    return logits(x, parameter("lm_head.weight", v, d))
