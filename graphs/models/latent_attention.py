"""Attention through latents: compressed keys and values, and arrays of a few latent rows.

References: DeepSeek-AI 2024, *DeepSeek-V2*, equations 9 to 19 (queries uncompressed, as in its lite
version); Jaegle et al. 2021, *Perceiver IO*; Lee et al. 2019, *Set Transformer*.
"""

from __future__ import annotations

from ..operations import (
    collect,
    einsum,
    gather,
    layer,
    layer_norm,
    linear,
    parameter,
    rearrange,
    relu,
    root,
    scope,
    softmax,
    stack,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tables import angles, rotate
from ..tracing import Array, model
from .attention import heads


def compressed(x: Array, h: Sized, r: Sized, e: Sized) -> tuple[Array, Array, Array, Array]:
    """Queries of heads, and of positions; what is cached: a latent, and one key of positions."""
    d, turn = x.axes[-1].extent, angles(x, e)
    q = heads(linear(x, d, name="q_proj", bias=False), h)
    turned = heads(linear(x, poly(h) * e, name="q_rope", bias=False), h)
    latent = linear(x, r, name="kv_down", bias=False)
    key = linear(x, e, name="k_rope", bias=False)
    return q, rotate(turned, turn), latent, rotate(key, turn)


def weighted(content: Array, q: Array, key: Array, width: Sized) -> Array:
    """Weights of all earlier positions, from scores of contents and of positions."""
    near = einsum("h e, j e -> h j", q, gather(key, Relation.prefix()))
    scores = (content + near) / root(poly(width) + q.axes[-1].extent)
    return softmax(scores, scores.axes[-1])


@layer
def expanded(x: Array, h: Sized, r: Sized, e: Sized) -> Array:
    """Keys and values of all heads, made of the latent once for each position."""
    d = x.axes[-1].extent
    q, turned, latent, key = compressed(x, h, r, e)
    k, v = (heads(linear(latent, d, name=f"{a}_up", bias=False), h) for a in "kv")
    scores = einsum("h e, j h e -> h j", q, gather(k, Relation.prefix()))
    weights = weighted(scores, turned, key, q.axes[-1].extent)
    mixed = einsum("h j, j h e -> h e", weights, gather(v, Relation.prefix()))
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="out_proj", bias=False)


@layer
def absorbed(x: Array, h: Sized, r: Sized, e: Sized) -> Array:
    """Queries turned into the space of latents, so that nothing but latents is read."""
    d = x.axes[-1].extent
    q, turned, latent, key = compressed(x, h, r, e)
    up = (parameter(f"{a}_up.weight", d, r) for a in "kv")
    to_k, to_v = (rearrange(w, "(h e) r -> h e r", h=h) for w in up)
    read = gather(latent, Relation.prefix())
    scores = einsum("h r, j r -> h j", einsum("h e, h e r -> h r", q, to_k), read)
    weights = weighted(scores, turned, key, q.axes[-1].extent)
    mixed = einsum("h r, h e r -> h e", einsum("h j, j r -> h r", weights, read), to_v)
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="out_proj", bias=False)


@model("n d")
def latent_attention(
    x: Array, *, h: Sized = "h", r: Sized = "r", e: Sized = "e", L: Sized = 1
) -> Array:
    """Multi-head latent attention: rank r, and a rotary key of width e (DeepSeek-AI 2024)."""
    return stack(lambda x: expanded(x, h=h, r=r, e=e), x, L)


@model("n d")
def latent_attention_absorbed(
    x: Array, *, h: Sized = "h", r: Sized = "r", e: Sized = "e", L: Sized = 1
) -> Array:
    """Multi-head latent attention as it decodes: the latent is all that is kept (Section 2.1.2)."""
    return stack(lambda x: absorbed(x, h=h, r=r, e=e), x, L)


def between(x: Array, memory: Array, h: Sized, name: str) -> Array:
    """Attention from rows or positions to rows or positions: torch.nn.MultiheadAttention(d, h)."""
    d, lead = x.axes[-1].extent, "i" if len(x.axes) > 1 else ""
    with scope(name):
        q, k, v = (
            linear(a, d, name=f"{p}_proj") for p, a in zip("qkv", (x, memory, memory), strict=True)
        )
        k, v = (collect(a) if len(a.axes) == 1 else a for a in (k, v))
        q, k, v = (
            rearrange(a, f"{rows} (h e) -> {rows} h e", h=h)
            for rows, a in ((lead, q), ("j", k), ("j", v))
        )
        scores = einsum(f"{lead} h e, j h e -> j {lead} h", q, k) / root(q.axes[-1].extent)
        weights = softmax(scores, scores.axes[0])  # rows have names, and a name finds the first
        mixed = einsum(f"j {lead} h, j h e -> {lead} h e", weights, v)
        return linear(rearrange(mixed, f"{lead} h e -> {lead} (h e)"), d, name="out_proj")


@model("n d")
def perceiver(x: Array, *, m: Sized = "m", h: Sized = 1, L: Sized = 1) -> Array:
    """Perceiver IO without its feed-forward parts: m latents read, L layers, positions ask."""
    latents = parameter("latents", m, x.axes[-1].extent)
    read = layer(lambda x: between(latents, x, h, "encode"))(x)
    done = stack(layer(lambda z: between(z, z, h, "process")), read, L)
    return layer(lambda x, z: between(x, z, h, "decode"))(x, done)


def set_block(x: Array, memory: Array, h: Sized, name: str) -> Array:
    """MAB of Lee et al. 2019: attention and a row-wise map, each with a residual and a norm."""
    with scope(name):
        x = layer_norm(x + between(x, memory, h, "attn"), name="norm1")
        return layer_norm(x + relu(linear(x, x.axes[-1].extent)), name="norm2")


@model("n d")
def induced_set_attention(x: Array, *, m: Sized = "m", h: Sized = 1, L: Sized = 1) -> Array:
    """ISAB: m inducing points read all positions, and are read by all (Lee et al. 2019, eq. 10)."""

    @layer
    def block(x: Array) -> Array:
        points = parameter("inducing", m, x.axes[-1].extent)
        return set_block(x, set_block(points, x, h, "induce"), h, "read")

    return stack(block, x, L)
