"""Sparse attention: windows, strides, blocks, marks and sinks, each read as a relation of its own.

References: Child et al. 2019, *Sparse Transformers*; Beltagy et al. 2020, *Longformer*; Zaheer et
al. 2020, *Big Bird*; Qiu et al. 2020, *Blockwise Self-Attention*; Ding et al. 2023, *LongNet*; Xiao
et al. 2024, *Efficient Streaming Language Models with Attention Sinks*.
"""

from __future__ import annotations

import functools

from ..graph import Axis
from ..operations import (
    einsum,
    elementwise,
    exp,
    gather,
    greatest,
    joint_softmax,
    layer,
    rearrange,
    root,
    stack,
    stop_gradient,
    total,
)
from ..primitives import Spread
from ..relations import Relation
from ..sizes import Poly, Sized, poly
from ..tables import lookup, numbers, positions
from ..tracing import Array, current, model
from .attention import self_attention
from .kernel_attention import joined, projected

SCALES = 3
"""How many segment lengths LongNet mixes."""

ABSENT = 1e9
"""What is subtracted from the largest score of heads that a position takes no part in."""


def lined(x: Array, axes: tuple[Axis, ...], *kept: int) -> Array:
    """Repeat an array along the axes that it does not have."""
    return current().apply("spread", Spread(axes, kept), x)


def summed(parts: list[Array]) -> Array:
    """Add arrays."""
    first, *others = parts
    for other in others:
        first = first + other
    return first


def over(q: Array, read: list[tuple[Array, Array]], lead: str = "") -> Array:
    """Attend to keys and values that were read by several ways, with one softmax over all."""
    scale = root(q.axes[-1].extent)
    return mixed([products(q, k, lead) / scale for k, _ in read], [v for _, v in read], lead)


def products(q: Array, k: Array, lead: str = "") -> Array:
    """Multiply queries and keys; what is read stands first.

    A name finds the first axis that has it, and rows may read rows.
    """
    return einsum(f"{lead} h e, j h e -> j {lead} h", q, k)


def mixed(scores: list[Array], values: list[Array], lead: str = "") -> Array:
    """Mix values that were read by several ways, with one softmax over all scores."""
    weights = joint_softmax(*scores)
    parts = (
        einsum(f"j {lead} h, j h e -> {lead} h e", w, v)
        for w, v in zip(weights, values, strict=True)
    )
    return summed(list(parts))


def several(x: Array, h: Sized, *relations: Relation) -> Array:
    """Self-attention over positions that several relations read, none of them twice."""
    q, k, v = projected(x, h)
    return joined(over(q, [(gather(k, r), gather(v, r)) for r in relations]))


def sparse(x: Array, h: Sized, L: Sized, *relations: Relation) -> Array:
    """Stack layers of attention over several relations."""
    return stack(layer(lambda x: several(x, h, *relations)), x, L)


@model("n d", k=2)
def dilated_windowed_attention(
    x: Array, *, w: Sized = "w", k: Sized = "k", h: Sized = 1, L: Sized = 1
) -> Array:
    """Every k-th position of w around each (w odd), as a head of Longformer with gaps (Sec. 3.1)."""
    return self_attention(x, Relation.window(w, centred=True, dilation=k), h, L)


@model("n d", c=4)
def block_local_attention(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """Attention inside blocks of c positions (Qiu et al. 2020, with its permutation the identity)."""
    return self_attention(x, Relation.block(c), h, L)


@model("n d", c=4)
def strided_sparse_attention(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """The last c positions, and every c-th before: both patterns in one head (Child et al. 2019)."""
    far = Relation(back=None, ahead=poly(-2), step=poly(c))
    return sparse(x, h, L, Relation.window(poly(c) + 1), far)


@model("n d", c=4, s=1)
def fixed_sparse_attention(
    x: Array, *, c: Sized = "c", s: Sized = "s", h: Sized = 1, L: Sized = 1
) -> Array:
    """One's block of c up to oneself, and the last s of all blocks before (Child et al. 2019)."""
    return sparse(x, h, L, Relation.block_prefix(c), Relation.marks(c, s))


@model("n d", s=2)
def sink_attention(
    x: Array, *, w: Sized = "w", s: Sized = "s", h: Sized = 1, L: Sized = 1
) -> Array:
    """The first s positions and the last w (Xiao et al. 2024)."""
    return sparse(x, h, L, Relation.window(w), Relation.sinks(s, w))


def own_heads(x: Array, residue: Array, a: Poly) -> Array:
    """Of all heads those whose number leaves a position's residue on division by a."""
    return lookup(numbers(x.axes[0].extent / a) * a + residue, x)


def dilated(q: Array, k: Array, v: Array, c: Sized, a: Poly) -> tuple[Array, Array, Array]:
    """Attend to every a-th position of segments of c a, with the heads at whose offset one is.

    For all heads: sums of values and of weights, divided by exp of the largest score, and that;
    heads at other offsets have sums of zero, and a score that is less than any.
    """
    place = positions(q)
    residue = place - elementwise("floor", place / a) * a
    q, k, v = (own_heads(x, residue, a) for x in (q, k, v))
    relation = Relation.blocks(poly(c) * a, dilation=a)
    scores = products(q, gather(k, relation)) / root(q.axes[-1].extent)
    top = stop_gradient(greatest(scores, scores.axes[0]))
    shown = exp(scores - lined(top, scores.axes, 1))
    above = einsum("j g, j g e -> g e", shown, gather(v, relation))
    mine = elementwise("equal", numbers(a), residue)
    axes = (*top.axes, *mine.axes)
    flags = lined(mine, axes, 1)
    whole = lined(above, (*axes, above.axes[-1]), 0, 2)
    found = rearrange(whole * lined(mine, whole.axes, 1), "g a e -> (g a) e")
    sums, tops = (lined(x, axes, 0) for x in (total(shown, shown.axes[0]), top))
    sums, tops = sums * flags, tops - (1 - flags) * ABSENT
    return found, rearrange(sums, "g a -> (g a)"), rearrange(tops, "g a -> (g a)")


def by_offsets(x: Array, h: Sized, c: Sized, k: Sized) -> Array:
    """Add what all scales find, by their sums of weights (equations 9 and 10)."""
    q, keys, v = projected(x, h)
    parts = [dilated(q, keys, v, c, poly(k) ** i) for i in range(SCALES)]
    top = functools.reduce(lambda a, b: elementwise("maximum", a, b), [t for _, _, t in parts])
    shares = [exp(t - top) for _, _, t in parts]
    above = summed(
        [einsum("h e, h -> h e", a, s) for (a, _, _), s in zip(parts, shares, strict=True)]
    )
    below = summed([b * s for (_, b, _), s in zip(parts, shares, strict=True)])
    return joined(above / lined(below, above.axes, 0))


@model("n d", c=4, k=2)
def longnet_by_heads(
    x: Array, *, c: Sized = "c", k: Sized = "k", h: Sized = "h", L: Sized = 1
) -> Array:
    """LongNet with head j at offset j: a position takes part in h/k**i heads at scale i (eq. 11)."""
    return stack(layer(lambda x: by_offsets(x, h, c, k)), x, L)


@model("n d", c=4, k=2)
def longnet(x: Array, *, c: Sized = "c", k: Sized = "k", h: Sized = 1, L: Sized = 1) -> Array:
    """Segments of c k**i positions, every k**i-th of them, i < 3, in one softmax (Ding et al. 2023).

    Every position takes part, at its own offset; causal variants mask what is ahead.
    """
    scales = [poly(k) ** i for i in range(SCALES)]
    return sparse(x, h, L, *(Relation.blocks(poly(c) * a, dilation=a) for a in scales))
