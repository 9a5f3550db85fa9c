"""DeepSeek-V2: latent attention, and experts of which some are shared (DeepSeek-AI 2024).

Queries are compressed too, except in the lite version. Heads have e components of content, as many
of values, and t that are turned by position; the first a layers have no experts. Experts are chosen
for their scores alone, as in the lite version: the limit of a token's devices is left out, and so
is what stretches rotary angles beyond the trained length.
"""

from __future__ import annotations

from collections.abc import Callable

from ...operations import (
    einsum,
    gather,
    layer,
    linear,
    parameter,
    rearrange,
    rms_norm,
    scope,
    softmax,
    split,
    stack,
)
from ...primitives import Slice
from ...relations import Relation
from ...sizes import Sized, poly
from ...tables import angles, lookup, rotate
from ...tracing import Array, current, model
from ..latent_attention import weighted
from ..mixture import greedy, through
from .parts import gated, logits

EPSILON = 1e-6
"""What the norms add to the mean square."""

Angles = tuple[Array, Array]
Weigh = Callable[[Array], Array]
"""From scores by contents to weights, in which scores by positions take part."""

Mix = Callable[[Array, Array, Sized, Weigh], Array]
"""From queries and latents to what the heads find."""


def cut(x: Array, width: Sized) -> tuple[Array, Array]:
    """Cut the last axis in two, the first part of a given width."""
    first, whole = poly(width), x.axes[-1].extent
    parts = (Slice(poly(0), first), Slice(first, whole - first))
    left, right = (current().apply("slice", part, x) for part in parts)
    return left, right


def turned(x: Array, by: Angles) -> Array:
    """Turn neighbouring components against each other; the first of all pairs stand first then."""
    lead = " ".join(f"i{k}" for k in range(len(x.axes) - 1))
    return rotate(rearrange(x, f"{lead} (j z) -> {lead} (z j)", z=2), by)


def expanded(content: Array, latent: Array, e: Sized, weigh: Weigh) -> Array:
    """Keys and values of all heads are made of the latents of all positions, as it is trained."""
    h = content.axes[0].extent
    both = linear(latent, 2 * h * e, name="kv_b_proj", bias=False)
    k, v = split(rearrange(both, "(h w) -> h w", h=h), 2)
    weights = weigh(einsum("h e, j h e -> h j", content, gather(k, Relation.prefix())))
    return einsum("h j, j h e -> h e", weights, gather(v, Relation.prefix()))


def absorbed(content: Array, latent: Array, e: Sized, weigh: Weigh) -> Array:
    """Queries are brought to the space of latents, so that nothing else is kept (section 2.1.2)."""
    h = content.axes[0].extent
    both = parameter("kv_b_proj.weight", 2 * h * e, latent.axes[-1].extent)
    to_k, to_v = split(rearrange(both, "(h w) r -> h r w", h=h), 2)
    read = gather(latent, Relation.prefix())
    asked = einsum("h e, h r e -> h r", content, to_k)
    weights = weigh(einsum("h r, j r -> h j", asked, read))
    return einsum("h r, h r e -> h e", einsum("h j, j r -> h r", weights, read), to_v)


def attention(
    x: Array,
    h: Sized,
    e: Sized,
    t: Sized,
    r: Sized,
    q: Sized | None,
    turn: Angles,
    mix: Mix,
) -> Array:
    """Attend with keys and values that are made of a latent of r components (equations 37 to 47)."""
    inner, asked = poly(e) + t, x
    if q is not None:
        asked = linear(x, q, name="q_a_proj", bias=False)
        asked = rms_norm(asked, name="q_a_layernorm", epsilon=EPSILON)
    name = "q_proj" if q is None else "q_b_proj"
    query = rearrange(linear(asked, h * inner, name=name, bias=False), "(h w) -> h w", h=h)
    content, place = cut(query, e)
    latent, key = cut(linear(x, poly(r) + t, name="kv_a_proj_with_mqa", bias=False), r)
    latent = rms_norm(latent, name="kv_a_layernorm", epsilon=EPSILON)
    place, key = turned(place, turn), turned(key, turn)
    mixed = mix(content, latent, e, lambda scores: weighted(scores, place, key, e))
    found = rearrange(mixed, "h e -> (h e)")
    return linear(found, x.axes[-1].extent, name="o_proj", bias=False)


def experts(x: Array, i: Sized, E: Sized, s: Sized, k: Sized) -> Array:
    """The k of E gated layers of the highest shares, and one as wide as s that all tokens pass."""
    chosen = through(x, i, E, *greedy(softmax_of(x, E), k))
    with scope("shared_experts"):
        return chosen + gated(x, poly(s) * i)


def softmax_of(x: Array, count: Sized) -> Array:
    """Shares of all experts."""
    scores = linear(x, count, name="gate", bias=False)
    return softmax(scores, scores.axes[-1])


def decoder(
    tokens: Array,
    v: Sized,
    d: Sized,
    h: Sized,
    e: Sized,
    t: Sized,
    r: Sized,
    q: Sized | None,
    f: Sized,
    i: Sized,
    E: Sized,
    s: Sized,
    k: Sized,
    a: Sized,
    L: Sized,
    mix: Mix = expanded,
) -> Array:
    """Stack a layers without experts and L with them, between an embedding and logits."""
    turn = angles(tokens, t)

    def attended(x: Array) -> Array:
        normed = rms_norm(x, name="input_layernorm", epsilon=EPSILON)
        with scope("self_attn"):
            return x + layer(attention)(normed, h=h, e=e, t=t, r=r, q=q, turn=turn, mix=mix)

    def dense(x: Array) -> Array:
        x = attended(x)
        normed = rms_norm(x, name="post_attention_layernorm", epsilon=EPSILON)
        with scope("mlp"):
            return x + layer(gated)(normed, f=f)

    def sparse(x: Array) -> Array:
        x = attended(x)
        normed = rms_norm(x, name="post_attention_layernorm", epsilon=EPSILON)
        with scope("mlp"):
            return x + layer(experts)(normed, i=i, E=E, s=s, k=k)

    x = lookup(tokens, parameter("model.embed_tokens.weight", v, d))
    x = stack(dense, x, a, name="model.first")
    x = stack(sparse, x, L, name="model.layers")
    x = rms_norm(x, name="model.norm", epsilon=EPSILON)
    return logits(x, parameter("lm_head.weight", v, d))


@model("n", E=4)
def deepseek_v2(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    e: Sized = "e",
    t: Sized = "t",
    r: Sized = "r",
    q: Sized = "q",
    f: Sized = "f",
    i: Sized = "i",
    E: Sized = "E",
    s: Sized = 2,
    k: Sized = 2,
    a: Sized = 1,
    L: Sized = 1,
) -> Array:
    """DeepSeek-V2 with its logits, queries of rank q, as transformers.DeepseekV2ForCausalLM."""
    return decoder(tokens, v, d, h, e, t, r, q, f, i, E, s, k, a, L)


@model("n", E=4)
def deepseek_v2_absorbed(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    e: Sized = "e",
    t: Sized = "t",
    r: Sized = "r",
    q: Sized = "q",
    f: Sized = "f",
    i: Sized = "i",
    E: Sized = "E",
    s: Sized = 2,
    k: Sized = 2,
    a: Sized = 1,
    L: Sized = 1,
) -> Array:
    """DeepSeek-V2 as it decodes: of a position a latent and a rotary key are all that is kept."""
    return decoder(tokens, v, d, h, e, t, r, q, f, i, E, s, k, a, L, absorbed)


@model("n", E=4)
def deepseek_v2_lite(
    tokens: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = "h",
    e: Sized = "e",
    t: Sized = "t",
    r: Sized = "r",
    f: Sized = "f",
    i: Sized = "i",
    E: Sized = "E",
    s: Sized = 2,
    k: Sized = 2,
    a: Sized = 1,
    L: Sized = 1,
) -> Array:
    """DeepSeek-V2-Lite with its logits, queries as wide as they are, as the same class."""
    return decoder(tokens, v, d, h, e, t, r, None, f, i, E, s, k, a, L)
