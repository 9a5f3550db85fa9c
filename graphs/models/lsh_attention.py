"""Attention among positions that hash alike: sorted by bucket, and cut into chunks.

References: Kitaev, Kaiser and Levskaya 2020, *Reformer* (one round of hashing, one head, both
directions).
"""

from __future__ import annotations

from ..graph import Axis
from ..operations import (
    arg_top_k,
    collect,
    concatenate,
    einsum,
    elementwise,
    gaussian,
    greatest,
    joint_softmax,
    layer,
    linear,
    rearrange,
    root,
    spread_out,
    sqrt,
    stack,
    total,
)
from ..primitives import Slice, Spread
from ..sizes import Poly, Sized, poly
from ..tables import lookup, numbers
from ..tracing import Array, current, model

OTHER_BUCKET, ITSELF = 1e9, 1e5
"""What is subtracted from the scores of other buckets, and of a position with itself."""


def buckets(x: Array, directions: Array) -> Array:
    """The largest of x R and - x R, for directions R: angular hashing (Section 2, equation 1)."""
    turned = einsum("j d, d b -> j b", x, directions)
    every = concatenate(turned, -turned)
    best = elementwise("equal", every, lined(greatest(every, every.axes[-1]), every.axes, 0))
    return total(best * numbers(every.axes[-1].extent), best.axes[-1])


def lined(x: Array, axes: tuple[Axis, ...], *kept: int) -> Array:
    """Repeat an array along the axes that it does not have."""
    return current().apply("spread", Spread(axes, kept), x)


def backwards(x: Array) -> Array:
    """The chunk before each, for chunks on the last axis; the last one for the first."""
    count = x.axes[-1].extent
    ends = ((count - 1, poly(1)), (poly(0), count - 1))
    return concatenate(*(current().apply("slice", Slice(a, b), x) for a, b in ends))


def before(x: Array) -> Array:
    """The chunk before each, for chunks on the first axis."""
    inner = " ".join(f"i{k}" for k in range(1, len(x.axes)))
    return rearrange(backwards(rearrange(x, f"a {inner} -> {inner} a")), f"{inner} a -> a {inner}")


def scored(q: Array, k: Array, own: tuple[Array, ...], read: tuple[Array, ...]) -> Array:
    """Scores of a chunk for each query of a chunk; what is read stands first."""
    scores = einsum("a s d, a t d -> t a s", q, k) / root(q.axes[-1].extent)
    pairs = [
        elementwise(
            "equal",
            lined(rearrange(theirs, "a t -> t a"), scores.axes, 0, 1),
            lined(mine, scores.axes, 1, 2),
        )
        for mine, theirs in zip(own, read, strict=True)
    ]
    alike, itself = pairs
    return scores - (1 - alike) * OTHER_BUCKET - itself * ITSELF


@layer
def hashed(x: Array, directions: Array, c: Poly) -> Array:
    """Sort by bucket and position, attend to one's chunk and the one before, and put back."""
    n, d = x.sequence.extent, x.axes[-1].extent
    shared, value = (linear(x, d, name=f"{name}_proj") for name in ("qk", "v"))
    q, v, own = collect(shared), collect(value), numbers(n)
    bucket = buckets(q, directions)
    _, order = arg_top_k(-(bucket * n + lined(own, bucket.axes, 0)), bucket.axes[0], n)
    _, back = arg_top_k(-order, order.axes[0], n)
    rows = [lookup(order, a) for a in (q, v, bucket, own)]
    q, v = (rearrange(a, "(a s) d -> a s d", s=c) for a in rows[:2])
    mine = tuple(rearrange(a, "(a s) -> a s", s=c) for a in rows[2:])
    k = q / lined(sqrt(einsum("a s d, a s d -> a s", q, q)), q.axes, 0, 1)
    scores = (scored(q, k, mine, mine), scored(q, before(k), mine, tuple(before(a) for a in mine)))
    near, far = joint_softmax(*scores)
    mixed = einsum("t a s, a t d -> a s d", near, v) + einsum(
        "t a s, a t d -> a s d", far, before(v)
    )
    found = lookup(back, rearrange(mixed, "a s d -> (a s) d"))
    return linear(spread_out(found, x), d, name="out_proj")


@model("n d", c=4, k=4)
def lsh_attention(x: Array, *, c: Sized = "c", k: Sized = "k", L: Sized = 1) -> Array:
    """Reformer: k buckets (k even), chunks of c positions, c dividing n (Kitaev et al. 2020)."""
    directions = gaussian(x.axes[-1].extent, poly(k) / 2)
    return stack(lambda x: hashed(x, directions=directions, c=poly(c)), x, L)
