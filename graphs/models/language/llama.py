"""Llama and Mistral: causal Transformers with rotary positions, grouped heads and gated layers.

References: Touvron et al. 2023, *Llama 2*; Jiang et al. 2023, *Mistral 7B* (a sliding window).
"""

from __future__ import annotations

from ...operations import layer, parameter, rms_norm, scope, stack
from ...relations import Relation
from ...sizes import Sized, poly
from ...tables import angles, lookup
from ...tracing import Array, model
from .parts import gated, grouped, logits

EPSILON = 1e-6
"""What the norms add to the mean square."""


def decoder(
    tokens: Array, relation: Relation, v: Sized, d: Sized, h: Sized, g: Sized, f: Sized, L: Sized
) -> Array:
    """Read words by a relation, with an embedding and logits of their own."""
    x = lookup(tokens, parameter("model.embed_tokens.weight", v, d))
    turn = angles(tokens, poly(d) / poly(h))

    def block(x: Array) -> Array:
        normed = rms_norm(x, name="input_layernorm", epsilon=EPSILON)
        with scope("self_attn"):
            x = x + layer(grouped)(normed, relation=relation, h=h, g=g, turn=turn)
        normed = rms_norm(x, name="post_attention_layernorm", epsilon=EPSILON)
        with scope("mlp"):
            return x + layer(gated)(normed, f=f)

    x = stack(block, x, L, name="model.layers")
    x = rms_norm(x, name="model.norm", epsilon=EPSILON)
    return logits(x, parameter("lm_head.weight", v, d))


@model("n")
def llama(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    g: Sized = "g",
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """Llama with its logits, as transformers.LlamaForCausalLM."""
    return decoder(tokens, Relation.prefix(), v, d, h, g, f, L)


@model("n")
def mistral(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    g: Sized = "g",
    f: Sized = "f",
    w: Sized = "w",
    L: Sized = 1,
) -> Array:
    """Mistral with its logits, reading the last w positions, as transformers.MistralForCausalLM."""
    return decoder(tokens, Relation.window(w), v, d, h, g, f, L)
