"""Attention with segments and a memory of what earlier segments were.

References: Dai et al. 2019, *Transformer-XL* (here without its relative positions); Rae et al.
2020, *Compressive Transformers*.
"""

from __future__ import annotations

from ..operations import gather, layer, rearrange, stack, stop_gradient
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .global_attention import projections
from .sparse_attention import over


@layer
def with_memory(x: Array, c: Sized, h: Sized) -> Array:
    """Read one's segment up to oneself, and the segment before, through which no gradient passes."""
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", x.axes[-1].extent)
    before, now = Relation.blocks(c, back=1, ahead=-1), Relation.block_prefix(c)
    own = tuple(gather(f(x, h), now) for f in (to_k, to_v))
    memory = tuple(gather(f(stop_gradient(x), h), before) for f in (to_k, to_v))
    mixed = over(to_q(x, h), [(own[0], own[1]), (memory[0], memory[1])])
    return out(rearrange(mixed, "h e -> (h e)"))


@model("n d", c=4)
def transformer_xl(x: Array, *, c: Sized = "c", h: Sized = 1, L: Sized = 1) -> Array:
    """Segments of c positions, each with the one before as its memory (Dai et al. 2019)."""
    return stack(lambda x: with_memory(x, c=c, h=h), x, L)
