"""Retention: linear attention whose heads decay at fixed rates, in three forms.

Sun et al. 2023, *Retentive network*: head i of h decays by 1 - 2**(-5 - i) a position; queries and
keys are turned by rotary angles, and a norm of each head stands in place of the softmax.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..operations import (
    elementwise,
    layer,
    linear,
    mean,
    rearrange,
    root,
    silu,
    sqrt,
    stack,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tables import angles, numbers, positions, rotate
from ..tracing import Array, model
from .attention import heads
from .decays import attended, chunked, recurrent

Mix = Callable[[Array, Array, Array, Array], Array]
"""From queries, keys, values and the logarithms of decays at each position."""


def rates(h: Sized) -> Array:
    """Logarithms of the decays of all heads."""
    falling = elementwise("exp", (numbers(h) + 5.0) * -math.log(2.0))
    return elementwise("log", 1.0 - falling)


def normed(x: Array) -> Array:
    """Divide each head by its root mean square."""
    return x / sqrt(mean(x * x, x.axes[-1]) + 1e-5)


def retention(x: Array, h: Sized, mix: Mix) -> Array:
    """Multi-scale retention behind a gate."""
    d = x.axes[-1].extent
    turn = angles(x, poly(d) / poly(h))
    q, k, v = (heads(linear(x, d, name=f"{p}_proj", bias=False), h) for p in "qkv")
    y = normed(mix(rotate(q, turn), rotate(k, turn) / root(q.axes[-1].extent), v, rates(h)))
    gate = silu(linear(x, d, name="g_proj", bias=False))
    return linear(gate * rearrange(y, "h e -> (h e)"), d, name="out_proj", bias=False)


def parallel(q: Array, k: Array, v: Array, a: Array) -> Array:
    """Attend with what has decayed since, which distances alone decide."""
    return attended(q, k, v, a * positions(q), Relation.prefix())


def stacked(x: Array, h: Sized, depth: Sized, mix: Mix) -> Array:
    """Stack layers of retention."""
    return stack(layer(lambda x: retention(x, h, mix)), x, depth)


@model("n d")
def retnet(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """Retention of all pairs of positions at once: the parallel form."""
    return stacked(x, h, L, parallel)


@model("n d")
def retnet_recurrent(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """Retention as a recurrence."""
    return stacked(x, h, L, recurrent)


@model("n d", c=4)
def retnet_chunked(x: Array, *, h: Sized = "h", c: Sized = "c", L: Sized = 1) -> Array:
    """Retention of all pairs inside chunks of c positions, and a recurrence of chunks."""
    return stacked(x, h, L, lambda q, k, v, a: chunked(q, k, v, a, c))
