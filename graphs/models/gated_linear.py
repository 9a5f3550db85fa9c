"""Gated linear attention: each row of a head's state decays by a gate that depends on the input.

Yang et al. 2024, *Gated linear attention Transformers with hardware-efficient training*: a gate of
rank r, to the power 1/16; a norm of each head and an output gate. RWKV-6 (Peng et al. 2024, *Eagle
and Finch*) has such a state as well.
"""

from __future__ import annotations

from ..operations import layer, linear, rearrange, silu, softplus, stack
from ..sizes import Sized, poly
from ..tracing import Array, model
from .attention import heads
from .decays import chunked, recurrent
from .retention import Mix, normed

TEMPERATURE = 16.0
"""The root of the gates that is taken."""


def gated(x: Array, h: Sized, s: Sized, r: Sized, mix: Mix) -> Array:
    """Attend linearly, h heads of s rows, with decays of rank r."""
    d, inner = x.axes[-1].extent, poly(h) * poly(s)
    q, k = (heads(linear(x, inner, name=f"{name}_proj", bias=False), h) for name in "qk")
    v = heads(linear(x, d, name="v_proj", bias=False), h)
    low = linear(x, r, name="gk_proj.0", bias=False)
    decay = heads(-softplus(-linear(low, inner, name="gk_proj.1")) / TEMPERATURE, h)
    y = rearrange(normed(mix(q, k, v, decay)), "h e -> (h e)")
    gate = silu(linear(x, d, name="g_proj", bias=False))
    return linear(gate * y, d, name="o_proj", bias=False)


def stacked(x: Array, h: Sized, s: Sized, r: Sized, depth: Sized, mix: Mix) -> Array:
    """Stack layers of gated linear attention."""
    return stack(layer(lambda x: gated(x, h, s, r, mix)), x, depth)


@model("n d", r=2)
def gla(x: Array, *, h: Sized = "h", s: Sized = "s", r: Sized = "r", L: Sized = 1) -> Array:
    """Gated linear attention as a recurrence; heads have s rows."""
    return stacked(x, h, s, r, L, recurrent)


@model("n d", r=2, c=4)
def gla_chunked(
    x: Array, *, h: Sized = "h", s: Sized = "s", r: Sized = "r", c: Sized = "c", L: Sized = 1
) -> Array:
    """Gated linear attention of all pairs inside chunks of c, and a recurrence of chunks."""
    return stacked(x, h, s, r, L, lambda q, k, v, a: chunked(q, k, v, a, c))
