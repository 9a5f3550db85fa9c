"""Attention with segments and a memory of what earlier segments were.

References: Dai et al. 2019, *Transformer-XL* (here without its relative positions); Rae et al.
2020, *Compressive Transformers*.
"""

from __future__ import annotations

from ..operations import (
    chunk,
    einsum,
    gather,
    layer,
    member,
    parameter,
    rearrange,
    shift,
    stack,
    stop_gradient,
)
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .global_attention import Projection, projections
from .sparse_attention import over


def remembered(x: Array, c: Sized, h: Sized, maps: list[Projection]) -> list[tuple[Array, Array]]:
    """Keys and values of one's segment up to oneself, and of the one before: no gradient there."""
    before, now = Relation.blocks(c, back=1, ahead=-1), Relation.block_prefix(c)
    past = stop_gradient(x)
    own, memory = ([gather(f(a, h), r) for f in maps] for a, r in ((x, now), (past, before)))
    return [(own[0], own[1]), (memory[0], memory[1])]


@layer
def with_memory(x: Array, c: Sized, h: Sized) -> Array:
    """Read one's segment and the one before."""
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", x.axes[-1].extent)
    mixed = over(to_q(x, h), remembered(x, c, h, [to_k, to_v]))
    return out(rearrange(mixed, "h e -> (h e)"))


@model("n d", c=4)
def transformer_xl(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """Segments of c positions, each with the one before as its memory (Dai et al. 2019)."""
    return stack(lambda x: with_memory(x, c=c, h=h), x, L)


def squeezed(x: Array, c: Sized, k: Sized) -> Array:
    """Segments of c positions as c/k rows each: a convolution of width and stride k (Section 3.2)."""
    d = x.axes[-1].extent
    rows = rearrange(chunk(x, c), "(a k) i -> a k i", k=k)
    mixed = einsum("a k i, o i k -> a o", rows, parameter("compress.weight", d, d, k))
    return mixed + parameter("compress.bias", d)


@layer
def with_compressed_memory(x: Array, c: Sized, k: Sized, h: Sized) -> Array:
    """Read one's segment, the one before, and in rows of k positions the one before that."""
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", x.axes[-1].extent)
    old = shift(squeezed(stop_gradient(x), c, k), 2)
    older = [member(f(old, h), x, c) for f in (to_k, to_v)]
    mixed = over(to_q(x, h), [*remembered(x, c, h, [to_k, to_v]), (older[0], older[1])])
    return out(rearrange(mixed, "h e -> (h e)"))


@model("n d", c=4, k=2)
def compressive_transformer(
    x: Array, *, c: Sized = "c", k: Sized = "k", h: Sized = 1, L: Sized = 1
) -> Array:
    """Segments of c with a memory of one, and of the next in c/k rows (Rae et al. 2020).

    c divides n, k divides c, and what is before the start of a compressed memory is zeros.
    """
    return stack(lambda x: with_compressed_memory(x, c=c, k=k, h=h), x, L)
