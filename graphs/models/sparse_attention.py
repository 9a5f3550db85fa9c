"""Sparse attention: windows, strides, blocks, marks and sinks, each read as a relation of its own.

References: Child et al. 2019, *Sparse Transformers*; Beltagy et al. 2020, *Longformer*; Zaheer et
al. 2020, *Big Bird*; Qiu et al. 2020, *Blockwise Self-Attention*; Ding et al. 2023, *LongNet*; Xiao
et al. 2024, *Efficient Streaming Language Models with Attention Sinks*.
"""

from __future__ import annotations

from ..operations import einsum, gather, joint_softmax, layer, root, stack
from ..relations import Relation
from ..sizes import Sized, poly
from ..tracing import Array, model
from .attention import self_attention
from .kernel_attention import joined, projected

SCALES = 3
"""How many segment lengths LongNet mixes."""


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


@model("n d", c=4, k=2)
def longnet(x: Array, *, c: Sized = "c", k: Sized = "k", h: Sized = 1, L: Sized = 1) -> Array:
    """Segments of c k**i positions, every k**i-th of them, i < 3, in one softmax (Ding et al. 2023).

    Every position takes part, at its own offset; causal variants mask what is ahead.
    """
    scales = [poly(k) ** i for i in range(SCALES)]
    return sparse(x, h, L, *(Relation.blocks(poly(c) * a, dilation=a) for a in scales))
