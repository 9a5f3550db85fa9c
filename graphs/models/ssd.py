"""State space duality: state spaces with one decay for each head, in three forms.

Dao and Gu 2024, *Transformers are SSMs*: a head's state of s rows and e = d/h columns decays as a
whole, all heads share one B and one C of s components, and the step sizes scale what is put in.
"""

from __future__ import annotations

from ..operations import einsum, exp, layer, linear, parameter, rearrange, softplus, stack
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .decays import attended, chunked, recurrent, totals
from .retention import Mix


def state_space(x: Array, h: Sized, s: Sized, mix: Mix) -> Array:
    """Mix positions by a state space whose step sizes, B and C depend on the input."""
    d = x.axes[-1].extent
    b, c = (linear(x, s, name=f"{name}_proj", bias=False) for name in "BC")
    step = softplus(linear(x, h, name="dt_proj"))
    u = rearrange(linear(x, d, name="in_proj", bias=False), "(h e) -> h e", h=h)
    decay = -exp(parameter("A_log", h)) * step
    y = mix(c, b, einsum("h e, h -> h e", u, step), decay)
    y = y + einsum("h e, h -> h e", u, parameter("D", h))
    return linear(rearrange(y, "h e -> (h e)"), d, name="out_proj", bias=False)


def quadratic(q: Array, k: Array, v: Array, a: Array) -> Array:
    """Attend with what has decayed since, by differences of sums."""
    return attended(q, k, v, totals(a), Relation.prefix())


def stacked(x: Array, h: Sized, s: Sized, depth: Sized, mix: Mix) -> Array:
    """Stack layers of state spaces."""
    return stack(layer(lambda x: state_space(x, h, s, mix)), x, depth)


@model("n d")
def ssd(x: Array, *, h: Sized = "h", s: Sized = "s", L: Sized = 1) -> Array:
    """State space of Mamba-2, without its convolution and gate, as a recurrence."""
    return stacked(x, h, s, L, recurrent)


@model("n d")
def ssd_quadratic(x: Array, *, h: Sized = "h", s: Sized = "s", L: Sized = 1) -> Array:
    """State space of Mamba-2 of all pairs of positions at once: its attention form."""
    return stacked(x, h, s, L, quadratic)


@model("n d", c=4)
def ssd_chunked(x: Array, *, h: Sized = "h", s: Sized = "s", c: Sized = "c", L: Sized = 1) -> Array:
    """State space of Mamba-2 of all pairs inside chunks of c, and a recurrence of chunks."""
    return stacked(x, h, s, L, lambda q, k, v, a: chunked(q, k, v, a, c))
