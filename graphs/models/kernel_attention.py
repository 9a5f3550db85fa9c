"""Attention by kernels: what is summed over positions does not depend on who asks.

References: Katharopoulos et al. 2020, *Transformers are RNNs*; Choromanski et al. 2021,
*Rethinking Attention with Performers*; Yang et al. 2024, *Gated linear attention* (chunks).
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    chunk,
    collect,
    einsum,
    exp,
    gather,
    gaussian,
    layer,
    linear,
    member,
    rearrange,
    relu,
    root,
    scan,
    stack,
    total,
    zeros_like,
)
from ..primitives import Spread
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, current, model
from .attention import heads


def projected(x: Array, h: Sized) -> tuple[Array, ...]:
    """Queries, keys and values of all heads."""
    d = x.axes[-1].extent
    return tuple(heads(linear(x, d, name=f"{a}_proj"), h) for a in "qkv")


def joined(mixed: Array) -> Array:
    """Project what the heads found."""
    found = rearrange(mixed, "h e -> (h e)")
    return linear(found, found.axes[-1].extent, name="out_proj")


def positive(x: Array) -> Array:
    """The feature map elu(x) + 1: x + 1 above zero, exp(x) below."""
    return relu(x) + exp(-relu(-x))


@layer
def in_parallel(x: Array, h: Sized) -> Array:
    """All pairs of features at once, without a softmax (eq. 9, causal)."""
    q, k, v = projected(x, h)
    k, v = gather(positive(k), Relation.prefix()), gather(v, Relation.prefix())
    weights = einsum("h e, j h e -> h j", positive(q), k)
    sums = total(weights, weights.axes[-1])
    return joined(einsum("h j, j h e -> h e", weights, v) / sums)


@layer
def in_steps(x: Array, h: Sized) -> Array:
    """Sums over the past carried from position to position (eq. 16 to 20)."""
    q, k, v = projected(x, h)
    q, k = positive(q), positive(k)

    def step(carry: Any, inputs: Any) -> tuple[Any, tuple[Array, Array]]:
        (s, z), (product, k) = carry, inputs
        s, z = s + product, z + k
        return (s, z), (s, z)

    wide = (*k.axes, v.axes[-1])
    left, right = (
        current().apply("spread", Spread(wide, kept), a) for a, kept in ((k, (0, 1)), (v, (0, 2)))
    )
    products = left * right
    s, z = scan(step, (zeros_like(products), zeros_like(k)), (products, k))[1]
    return joined(einsum("h r, h r e -> h e", q, s) / einsum("h r, h r -> h", q, z))


@layer
def in_chunks(x: Array, h: Sized, c: Sized) -> Array:
    """All pairs inside chunks of c positions, and sums over the past carried from chunk to chunk."""
    q, k, v = projected(x, h)
    q, k = positive(q), positive(k)
    inside, keys = Relation.block_prefix(c), chunk(k, c)
    new = einsum("j h r, j h e -> h r e", keys, chunk(v, c))

    def step(carry: Any, inputs: Any) -> tuple[Any, tuple[Array, Array]]:
        (s, z), (product, k) = carry, inputs
        return (s + product, z + k), (s, z)

    start = zeros_like(new), zeros_like(k)
    s, z = scan(step, start, (new, total(keys, keys.axes[0])))[1]
    s, z = member(s, q, c), member(z, q, c)
    weights = einsum("h e, j h e -> h j", q, gather(k, inside))
    near = einsum("h j, j h e -> h e", weights, gather(v, inside))
    sums = total(weights, weights.axes[-1]) + einsum("h r, h r -> h", q, z)
    return joined((near + einsum("h r, h r e -> h e", q, s)) / sums)


@model("n d")
def linear_attention(x: Array, *, h: Sized = 1, L: Sized = 1) -> Array:
    """Causal linear attention, all pairs in parallel (Katharopoulos et al. 2020)."""
    return stack(lambda x: in_parallel(x, h=h), x, L)


@model("n d")
def linear_attention_recurrent(x: Array, *, h: Sized = 1, L: Sized = 1) -> Array:
    """Causal linear attention as a recurrent network (Katharopoulos et al. 2020, Section 3.4)."""
    return stack(lambda x: in_steps(x, h=h), x, L)


@model("n d", c=4)
def linear_attention_chunked(x: Array, *, h: Sized = 1, c: Sized = "c", L: Sized = 1) -> Array:
    """Causal linear attention in chunks of c positions (Yang et al. 2024, eq. 2, with its sums)."""
    return stack(lambda x: in_chunks(x, h=h, c=c), x, L)


def random_features(x: Array, directions: Array) -> Array:
    """FAVOR+: exp(w x - |x|^2 / 2) / sqrt(r) for r random directions w, x scaled by e**(-1/4)."""
    x = x / root(x.axes[-1].extent, 4)
    norm = einsum("h e, h e -> h", x, x) / 2
    spread = einsum("h e, r e -> r h", x, directions) - norm
    return exp(spread) / root(directions.axes[0].extent)


@layer
def by_random_features(x: Array, directions: Array, h: Sized) -> Array:
    """Sums over all positions, of features times values and of features."""
    q, k, v = projected(x, h)
    q, k = (random_features(a, directions) for a in (q, k))
    every = collect(k)
    s, z = einsum("j r h, j h e -> h r e", every, collect(v)), total(every, every.axes[0])
    return joined(einsum("r h, h r e -> h e", q, s) / einsum("r h, r h -> h", q, z))


@model("n d")
def performer(x: Array, *, r: Sized = "r", h: Sized = 1, L: Sized = 1) -> Array:
    """Bidirectional attention by r positive random features (Choromanski et al. 2021, Section 2)."""
    directions = gaussian(r, x.axes[-1].extent / h)
    return stack(lambda x: by_random_features(x, directions=directions, h=h), x, L)
