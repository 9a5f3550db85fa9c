"""Attention among positions that hash alike: sorted by bucket, and cut into chunks, in rounds.

References: Kitaev, Kaiser and Levskaya 2020, *Reformer*, section 2 and its appendix (one head, both
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
    exp,
    gaussian,
    greatest,
    layer,
    linear,
    rearrange,
    root,
    spread_out,
    sqrt,
    stack,
    stop_gradient,
    total,
)
from ..primitives import Slice
from ..sizes import Poly, Sized, poly
from ..tables import lookup, numbers
from ..tracing import Array, current, model
from .sparse_attention import lined

OTHER_BUCKET, ITSELF = 1e9, 1e5
"""What is subtracted from the scores of other buckets, and of a position with itself."""

# An axis is found by its name, and the first that has it is taken: what is reduced stands first.


def buckets(x: Array, directions: Array) -> Array:
    """The largest of x R and - x R, for directions R of each round: angular hashing (section 2)."""
    turned = einsum("j d, r d b -> j r b", x, directions)
    every = rearrange(concatenate(turned, -turned), "j r b -> b j r")
    best = elementwise("equal", every, lined(greatest(every, every.axes[0]), every.axes, 1, 2))
    count = every.axes[0]
    return total(best * lined(numbers(count.extent), every.axes, 0), count)


def backwards(x: Array) -> Array:
    """The chunk before each, for chunks on the last axis; the last one for the first."""
    count = x.axes[-1].extent
    ends = ((count - 1, poly(1)), (poly(0), count - 1))
    return concatenate(*(current().apply("slice", Slice(a, b), x) for a, b in ends))


def before(x: Array) -> Array:
    """The chunk before each, for chunks on the first axis."""
    inner = " ".join(f"i{k}" for k in range(1, len(x.axes)))
    return rearrange(backwards(rearrange(x, f"a {inner} -> {inner} a")), f"{inner} a -> a {inner}")


def same(mine: Array, theirs: Array, axes: tuple[Axis, ...]) -> Array:
    """Whether numbers [a s r] of a chunk are those [a t r] of what it reads, as [t a s r]."""
    theirs = lined(rearrange(theirs, "a t r -> t a r"), axes, 0, 1, 3)
    return elementwise("equal", theirs, lined(mine, axes, 1, 2, 3))


def rounds(mine: Array, theirs: Array, axes: tuple[Axis, ...]) -> Array:
    """In how many rounds positions hash alike, from all their buckets z [a s r z]; at least once."""
    wide = (mine.axes[-1], *axes)
    theirs = lined(rearrange(theirs, "a t r z -> z t a r"), wide, 0, 1, 2, 4)
    found = elementwise(
        "equal", theirs, lined(rearrange(mine, "a s r z -> z a s r"), wide, 0, 2, 3, 4)
    )
    return elementwise("maximum", total(found, wide[0]), 1.0)


def scored(q: Array, k: Array, own: tuple[Array, ...], read: tuple[Array, ...]) -> Array:
    """Scores of a chunk for each query of a chunk; what is read stands first.

    What is read in several rounds counts once: its score is divided among them (appendix A).
    """
    scores = einsum("a s r d, a t r d -> t a s r", q, k) / root(q.axes[-1].extent)
    alike, itself = (same(own[i], read[i], scores.axes) for i in range(2))
    scores = scores - (1 - alike) * OTHER_BUCKET - itself * ITSELF
    return scores - elementwise("log", rounds(own[2], read[2], scores.axes))


def attended(
    scores: tuple[Array, Array], values: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    """Sums of values and of weights, both divided by exp of the largest score, and that."""
    tops = [stop_gradient(greatest(x, x.axes[0])) for x in scores]
    top = elementwise("maximum", *tops)
    shown = [exp(x - lined(top, x.axes, 1, 2, 3)) for x in scores]
    near, far = (
        einsum("t a s r, a t r d -> a s r d", x, v) for x, v in zip(shown, values, strict=True)
    )
    sums = [total(x, x.axes[0]) for x in shown]
    return near + far, sums[0] + sums[1], top


def united(above: Array, below: Array, top: Array) -> Array:
    """Mix what rounds found, by their sums of weights (equation 5)."""
    top = rearrange(top, "n r -> r n")
    most = greatest(top, top.axes[0])
    share = exp(top - lined(most, top.axes, 1))
    whole = total(share * rearrange(below, "n r -> r n"), top.axes[0])
    mixed = einsum("r n, n r d -> n d", share, above)
    return mixed / lined(whole, mixed.axes, 0)


@layer
def hashed(x: Array, directions: Array, c: Poly, r: Poly) -> Array:
    """Sort by bucket and position, attend to one's chunk and the one before, and put back."""
    n, d = x.sequence.extent, x.axes[-1].extent
    shared, value = (linear(x, d, name=f"{name}_proj") for name in ("qk", "v"))
    q, v = collect(shared), collect(value)
    k = q / lined(sqrt(einsum("j d, j d -> j", q, q)), q.axes, 0)
    bucket = buckets(q, directions)
    own = lined(numbers(n), bucket.axes, 0)
    _, order = arg_top_k(-(bucket * n + own), bucket.axes[0], n)
    _, back = arg_top_k(-order, order.axes[0], n)
    q, k, v = (rearrange(lookup(order, a), "(a s) r d -> a s r d", s=c) for a in (q, k, v))
    every = rearrange(lookup(order, bucket), "(a s) r z -> a s r z", s=c)
    in_order = lookup(flat(order, r), rearrange(bucket, "n r -> (n r)"))
    mine = (*(rearrange(a, "(a s) r -> a s r", s=c) for a in (in_order, order)), every)
    past = tuple(before(a) for a in mine)
    scores = (scored(q, k, mine, mine), scored(q, before(k), mine, past))
    found = [
        lookup(flat(back, r), rearrange(a, f"a s r {rest} -> (a s r) {rest}"))
        for a, rest in zip(attended(scores, (v, before(v))), ("d", "", ""), strict=True)
    ]
    return linear(spread_out(united(*found), x), d, name="out_proj")


def flat(places: Array, r: Poly) -> Array:
    """Numbers of a table of all positions in all rounds, from those of positions in each."""
    return places * r + lined(numbers(r), places.axes, 1)


@model("n d", c=4, k=4)
def lsh_attention(x: Array, *, c: Sized = "c", k: Sized = "k", r: Sized = 1, L: Sized = 1) -> Array:
    """Reformer: r rounds of k buckets (k even), chunks of c, c dividing n (Kitaev et al. 2020)."""
    directions = gaussian(r, x.axes[-1].extent, poly(k) / 2)
    return stack(lambda x: hashed(x, directions=directions, c=poly(c), r=poly(r)), x, L)
