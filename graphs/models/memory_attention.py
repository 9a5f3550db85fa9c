"""Attention with segments and a memory of what earlier segments were.

References: Dai et al. 2019, *Transformer-XL*, section 3; Rae et al. 2020, *Compressive
Transformers* (here without relative positions).
"""

from __future__ import annotations

from ..operations import (
    chunk,
    einsum,
    elementwise,
    gather,
    layer,
    linear,
    member,
    parameter,
    rearrange,
    root,
    shift,
    stack,
    stop_gradient,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tables import lookup, positions, waves
from ..tracing import Array, model
from .global_attention import Projection, projections
from .sparse_attention import mixed, over, products


def remembered(x: Array, c: Sized, h: Sized, maps: list[Projection]) -> list[tuple[Array, Array]]:
    """Keys and values of one's segment up to oneself, and of the one before: no gradient there."""
    given = (x, stop_gradient(x))
    own, memory = (
        [gather(f(a, h), r) for f in maps] for a, r in zip(given, segments(c), strict=True)
    )
    return [(own[0], own[1]), (memory[0], memory[1])]


def segments(c: Sized) -> tuple[Relation, Relation]:
    """One's segment up to oneself, and the one before."""
    return Relation.block_prefix(c), Relation.blocks(c, back=1, ahead=-1)


@layer
def with_memory(x: Array, c: Sized, h: Sized) -> Array:
    """Read one's segment and the one before, by contents and by distances (section 3.3).

    A distance is projected once for all pairs that are so far apart, as appendix B does by a shift.
    """
    d = x.axes[-1].extent
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", d)
    q, read = to_q(x, h), remembered(x, c, h, [to_k, to_v])
    content, distance = (
        q + rearrange(parameter(f"{name}_bias", d), "(h e) -> h e", h=h)
        for name in ("content", "distance")
    )
    far = linear(waves(2 * poly(c), d), d, name="r_proj", bias=False)
    far = rearrange(far, "r (h e) -> r h e", h=h)
    apart = [lookup(before(x, r, c), far) for r in segments(c)]
    scores = [
        (products(content, k) + products(distance, a)) / root(q.axes[-1].extent)
        for (k, _), a in zip(read, apart, strict=True)
    ]
    return out(rearrange(mixed(scores, [v for _, v in read]), "h e -> (h e)"))


def before(x: Array, relation: Relation, c: Sized) -> Array:
    """How far behind a position those are that it reads; what it does not read is as near or far."""
    own = positions(x)
    apart = elementwise("maximum", own - gather(own, relation), 0.0)
    return elementwise("minimum", apart, 2 * poly(c) - 1)


@model("n d", c=4)
def transformer_xl(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """Segments of c positions, each with the one before as its memory (Dai et al. 2019)."""
    return stack(lambda x: with_memory(x, c=c, h=h), x, L)


def squeezed(x: Array, c: Sized, k: Sized) -> Array:
    """Segments of c positions as c/k rows each: a convolution of width and stride k (Section 3.2)."""
    d = x.axes[-1].extent
    rows = rearrange(chunk(x, c), "(a k) i -> a k i", k=k)
    found = einsum("a k i, o i k -> a o", rows, parameter("compress.weight", d, d, k))
    return found + parameter("compress.bias", d)


@layer
def with_compressed_memory(x: Array, c: Sized, k: Sized, h: Sized) -> Array:
    """Read one's segment, the one before, and in rows of k positions the one before that."""
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", x.axes[-1].extent)
    old = shift(squeezed(stop_gradient(x), c, k), 2)
    older = [member(f(old, h), x, c) for f in (to_k, to_v)]
    found = over(to_q(x, h), [*remembered(x, c, h, [to_k, to_v]), (older[0], older[1])])
    return out(rearrange(found, "h e -> (h e)"))


@model("n d", c=4, k=2)
def compressive_transformer(
    x: Array, *, c: Sized = "c", k: Sized = "k", h: Sized = 1, L: Sized = 1
) -> Array:
    """Segments of c with a memory of one, and of the next in c/k rows (Rae et al. 2020).

    c divides n, k divides c, and what is before the start of a compressed memory is zeros.
    """
    return stack(lambda x: with_compressed_memory(x, c=c, k=k, h=h), x, L)
