"""Attention with global rows, which everything reads and which read everything.

The rows are a small array beside the sequence, as in the extended construction of Big Bird. The last
layer has none of its own, since nothing would read them.

References: Beltagy et al. 2020, *Longformer* (global tokens have projections of their own); Zaheer
et al. 2020, *Big Bird*; Guo et al. 2019, *Star-Transformer*.
"""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Axis
from ..operations import (
    collect,
    einsum,
    gather,
    layer,
    layer_norm,
    mean,
    parameter,
    rearrange,
    relu,
    stack,
)
from ..primitives import Spread
from ..relations import Relation
from ..sizes import Sized, poly
from ..tracing import Array, current, model
from .sparse_attention import over


class Projection:
    """A linear map that several arrays share: positions, and rows beside them."""

    def __init__(self, name: str, width: Sized) -> None:
        self.weight = parameter(f"{name}.weight", width, width)
        self.bias = parameter(f"{name}.bias", width)

    def __call__(self, x: Array, h: Sized | None = None) -> Array:
        """Apply it to the last axis; split what comes out into heads, if there are any."""
        lead = "i" if len(x.axes) > 1 else ""
        found = einsum(f"{lead} a, b a -> {lead} b", x, self.weight) + self.bias
        return found if h is None else rearrange(found, f"{lead} (h e) -> {lead} h e", h=h)


def projections(names: str, width: Sized) -> list[Projection]:
    """Return one projection for each name."""
    return [Projection(name, width) for name in names.split()]


def with_globals(
    x: Array, rows: Array, h: Sized, relations: list[Relation], *, separate: bool
) -> tuple[Array, Array]:
    """Positions read what relations say, and all rows; rows read all positions, and each other."""
    width = x.axes[-1].extent
    to_q, to_k, to_v, out = projections("q_proj k_proj v_proj out_proj", width)
    ask, key, value = (
        projections("q_global k_global v_global", width) if separate else (to_q, to_k, to_v)
    )
    q, k, v = (f(x, h) for f in (to_q, to_k, to_v))
    near = [(gather(k, r), gather(v, r)) for r in relations]
    local = over(q, [*near, (to_k(rows, h), to_v(rows, h))])
    every = [(collect(key(x, h)), collect(value(x, h))), (key(rows, h), value(rows, h))]
    wide = over(ask(rows, h), every, "g")
    return out(rearrange(local, "h e -> (h e)")), out(rearrange(wide, "g h e -> g (h e)"))


def stacked(
    x: Array, g: Sized, h: Sized, L: Sized, relations: list[Relation], *, separate: bool
) -> Array:
    """Stack layers over positions and g global rows, which start as parameters."""
    rows = parameter("global", g, x.axes[-1].extent)

    @layer
    def one(x: Array, rows: Array) -> tuple[Array, Array]:
        return with_globals(x, rows, h, relations, separate=separate)

    return through(one, x, rows, L)


def through(
    one: Callable[[Array, Array], tuple[Array, Array]], x: Array, beside: Array, L: Sized
) -> Array:
    """Return the first of two arrays after L layers; what the last makes of the second is unread."""
    before = stack(lambda both: one(*both), (x, beside), poly(L) - 1)
    found: Array = stack(lambda both: one(*both), before, 1, name="last")[0]
    return found


@model("n d", g=1)
def global_windowed_attention(
    x: Array, *, w: Sized = "w", g: Sized = "g", h: Sized = 1, L: Sized = 1
) -> Array:
    """The w positions around each (w odd), and g global rows (Beltagy et al. 2020, Section 3.1)."""
    return stacked(x, g, h, L, [Relation.window(w, centred=True)], separate=True)


@model("n d", g=1, r=2)
def big_bird(
    x: Array, *, w: Sized = "w", r: Sized = "r", g: Sized = "g", h: Sized = 1, L: Sized = 1
) -> Array:
    """A window, r positions drawn once, and g global rows (Zaheer et al. 2020, blocks of one)."""
    near = Relation.window(w, centred=True)
    return stacked(x, g, h, L, [near, Relation.scattered(r, around=w)], separate=False)


def single(x: Array) -> Array:
    """Put an axis of one index before the others."""
    axes = (Axis("one", poly(1)), *x.axes)
    return current().apply("spread", Spread(axes, tuple(range(1, len(axes)))), x)


@model("n d")
def star_transformer(x: Array, *, h: Sized = 1, L: Sized = 1) -> Array:
    """Satellites read neighbours, their word and a relay; the relay reads all (Guo et al. 2019).

    The ends of the sequence are no neighbours of each other.
    """
    width, words = x.axes[-1].extent, x

    @layer
    def one(x: Array, relay: Array) -> tuple[Array, Array]:
        q, k, v, out = (Projection(f"ring.{a}_proj", width) for a in ("q", "k", "v", "out"))
        near = [gather(f(x, h), Relation.window(3, centred=True)) for f in (k, v)]
        beside = [[single(f(a, h)) for f in (k, v)] for a in (words, relay)]
        ways = [(a, b) for a, b in (near, *beside)]
        x = layer_norm(relu(out(rearrange(over(q(x, h), ways), "h e -> (h e)"))), name="norm_ring")
        q, k, v, out = (Projection(f"star.{a}_proj", width) for a in ("q", "k", "v", "out"))
        ways = [(single(k(relay, h)), single(v(relay, h))), (collect(k(x, h)), collect(v(x, h)))]
        found = rearrange(over(q(relay, h), ways), "h e -> (h e)")
        return x, layer_norm(relu(out(found)), name="norm_star")

    every = collect(x)
    return through(one, x, mean(every, every.axes[0]), L)
