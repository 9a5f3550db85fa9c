"""Attention in two levels: inside chunks of positions, then among what stands for each chunk.

Liu and Lapata 2019, *Hierarchical transformers for multi-document summarization*; Zhang et al. 2019,
*HIBERT*. What stands for a chunk is the mean of its positions, and each of them gets what the chunk
found among the others.
"""

from __future__ import annotations

from ..operations import chunk, mean, member, stack
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .attention import named


@model("n d", c=4)
def hierarchical_attention(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """Attention inside chunks of c positions and among the n/c chunks (Liu and Lapata 2019)."""

    def block(x: Array) -> Array:
        inside = named("inside", x, x, Relation.block(c), h)
        chunks = chunk(inside, c)
        pooled = mean(chunks, chunks.axes[0])
        among = named("among", pooled, pooled, Relation.all(), h)
        return inside + member(among, inside, c)

    return stack(block, x, L)
