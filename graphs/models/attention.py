"""Attention layers: Vaswani et al. 2017; Shazeer 2019 (one key/value head); Ainslie et al. 2023."""

from __future__ import annotations

from ..operations import (
    collect,
    einsum,
    gather,
    layer,
    linear,
    rearrange,
    root,
    scope,
    softmax,
    stack,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tracing import Array, model


def attend(q: Array, k: Array, v: Array, relation: Relation, pattern: str) -> Array:
    """Scaled dot-product attention over the positions that a relation allows.

    ``pattern`` labels the axes of queries, keys and values besides the slot axis ``j`` and the
    head's width ``e``, such as ``h, h``.
    """
    queries, keys = (side.strip() for side in pattern.split(","))
    k, v = reach(k, q, relation), reach(v, q, relation)
    scores = einsum(f"{queries} e, j {keys} e -> {queries} j", q, k) / root(q.axes[-1].extent)
    weights = softmax(scores, scores.axes[-1])
    return einsum(f"{queries} j, j {keys} e -> {queries} e", weights, v)


def reach(x: Array, reader: Array, relation: Relation) -> Array:
    """Read positions of one's own sequence by a relation, or the whole of another sequence."""
    return gather(x, relation) if x.sequence == reader.sequence else collect(x)


def heads(x: Array, count: Sized) -> Array:
    """Split the last axis into heads."""
    return rearrange(x, "(h e) -> h e", h=count)


def multi_head(x: Array, memory: Array, relation: Relation, h: Sized) -> Array:
    """Torch.nn.MultiheadAttention(d, h): queries from x, keys and values from memory."""
    d = x.axes[-1].extent
    q, k, v = (
        heads(linear(a, d, name=name), h)
        for a, name in ((x, "q_proj"), (memory, "k_proj"), (memory, "v_proj"))
    )
    mixed = attend(q, k, v, relation, "h, h")
    return linear(rearrange(mixed, "h e -> (h e)"), d, name="out_proj")


def self_attention(x: Array, relation: Relation, h: Sized, depth: Sized) -> Array:
    """Stack self-attention layers."""
    return stack(layer(lambda x: multi_head(x, x, relation, h)), x, depth)


@model("n d")
def attention(x: Array, *, h: Sized = 1, L: Sized = 1) -> Array:
    """Full self-attention, as torch.nn.MultiheadAttention(d, h)."""
    return self_attention(x, Relation.all(), h, L)


@model("n d")
def causal_attention(x: Array, *, h: Sized = 1, L: Sized = 1) -> Array:
    """Causal self-attention, as torch.nn.MultiheadAttention(d, h) with a causal mask."""
    return self_attention(x, Relation.prefix(), h, L)


@model("n d")
def windowed_attention(x: Array, *, w: Sized = "w", h: Sized = 1, L: Sized = 1) -> Array:
    """Self-attention over the w positions around each (w odd), as torch.nn.MultiheadAttention."""
    return self_attention(x, Relation.window(w, centred=True), h, L)


@model("n d")
def causal_windowed_attention(x: Array, *, w: Sized = "w", h: Sized = 1, L: Sized = 1) -> Array:
    """Self-attention over the last w positions, itself included, as torch.nn.MultiheadAttention."""
    return self_attention(x, Relation.window(w), h, L)


@model("n d", "m d")
def cross_attention(x: Array, memory: Array, *, h: Sized = 1) -> Array:
    """Attention from n positions to m others, as torch.nn.MultiheadAttention(d, h)."""
    return layer(multi_head)(x, memory, relation=Relation.all(), h=h)


def grouped(x: Array, h: Sized, g: Sized) -> Array:
    """Causal attention in which h query heads share g key and value heads."""
    d, h, g = x.axes[-1].extent, poly(h), poly(g)
    narrow = d * g / h
    q = rearrange(linear(x, d, name="q_proj"), "(g r e) -> g r e", g=g, r=h / g)
    k = rearrange(linear(x, narrow, name="k_proj"), "(g e) -> g e", g=g)
    v = rearrange(linear(x, narrow, name="v_proj"), "(g e) -> g e", g=g)
    mixed = attend(q, k, v, Relation.prefix(), "g r, g")
    return linear(rearrange(mixed, "g r e -> (g r e)"), d, name="out_proj")


@model("n d")
def multi_query_attention(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """Causal attention with one key/value head, as the attention of Shazeer 2019."""
    return stack(layer(lambda x: grouped(x, h, 1)), x, L)


@model("n d")
def grouped_query_attention(x: Array, *, h: Sized = "h", g: Sized = "g", L: Sized = 1) -> Array:
    """Causal attention with g key/value heads, as the attention of Ainslie et al. 2023."""
    return stack(layer(lambda x: grouped(x, h, g)), x, L)


def named(name: str, x: Array, memory: Array, relation: Relation, h: Sized) -> Array:
    """One attention layer with its parameters under a name."""
    with scope(name):
        return layer(multi_head)(x, memory, relation=relation, h=h)
