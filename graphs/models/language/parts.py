"""What several language models share: logits, gated feed-forward layers, grouped attention.

Parameters have the names that they have in transformers, below the scope of their layer.
"""

from __future__ import annotations

from ...operations import einsum, linear, rearrange, silu
from ...relations import Relation
from ...sizes import Sized, poly
from ...tables import rotate
from ...tracing import Array
from ..attention import attend


def logits(x: Array, table: Array) -> Array:
    """Multiply by a table of one row for each word of the vocabulary."""
    return einsum("i, v i -> v", x, table)


def gated(x: Array, f: Sized) -> Array:
    """Feed forward through a gate: SwiGLU of Shazeer 2020, without biases."""
    gate = silu(linear(x, f, name="gate_proj", bias=False))
    up = linear(x, f, name="up_proj", bias=False)
    return linear(gate * up, x.axes[-1].extent, name="down_proj", bias=False)


def grouped(
    x: Array, relation: Relation, h: Sized, g: Sized, turn: tuple[Array, Array] | None = None
) -> Array:
    """Attend with h query heads over g key and value heads, without biases, turned by position."""
    d, h, g = x.axes[-1].extent, poly(h), poly(g)
    q = rearrange(linear(x, d, name="q_proj", bias=False), "(g r e) -> g r e", g=g, r=h / g)
    k, v = (
        rearrange(linear(x, d * g / h, name=name, bias=False), "(g e) -> g e", g=g)
        for name in ("k_proj", "v_proj")
    )
    if turn is not None:
        q, k = rotate(q, turn), rotate(k, turn)
    mixed = attend(q, k, v, relation, "g r, g")
    return linear(rearrange(mixed, "g r e -> (g r e)"), d, name="o_proj", bias=False)
