"""The mLSTM of xLSTM, a matrix for each head behind exponential gates, in three forms.

What is carried, or weighs a pair, is divided by exp(m), m the largest logarithm of a product of
gates so far; the sum of weights is taken as at least exp(-m), which is 1 before the division.

References: Beck et al. 2024, *xLSTM*, equations 19 to 27 (recurrent) and appendix A.3 (all pairs);
Beck et al. 2025, *Tiled flash linear attention* (chunks).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..operations import (
    chunk,
    einsum,
    elementwise,
    exp,
    gather,
    greatest,
    layer,
    linear,
    member,
    rearrange,
    root,
    scan,
    sigmoid,
    softplus,
    stack,
    total,
    zeros_like,
)
from ..primitives import Spread
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, current, model
from .attention import heads
from .decays import decayed, elapsed, totals
from .xlstm import scaled

Mix = Callable[[Array, Array, Array, Array, Array], Array]
"""From queries, keys, values and the logarithms of input and forget gates at each position."""


def each(x: Array, like: Array) -> Array:
    """Say that components are one for each head of another array."""
    return current().apply("spread", Spread(like.axes[:1], (0,)), x)


def larger(a: Array, b: Array) -> Array:
    """Return the larger of two numbers."""
    return elementwise("maximum", a, b)


def divided(above: Array, below: Array, most: Array) -> Array:
    """Divide by the size of a sum that was divided by exp(most), or by 1 if that is larger."""
    return above / larger(larger(below, -below), exp(-most))


def recurrent(q: Array, k: Array, v: Array, new: Array, kept: Array) -> Array:
    """Add products of values and keys to a matrix for each head, and read it with queries."""

    def step(carry: Any, inputs: Any) -> tuple[Any, Array]:
        (matrix, norm, most), (q, k, v, new, kept) = carry, inputs
        i, f, most = scaled(new, kept, most)
        k = einsum("h s, h -> h s", k, i)
        matrix = decayed(matrix, f) + einsum("h s, h e -> h s e", k, v)
        norm = einsum("h s, h -> h s", norm, f) + k
        y = divided(read(q, matrix), einsum("h s, h s -> h", q, norm), most)
        return (matrix, norm, most), y

    start = (zeros_like(einsum("h s, h e -> h s e", k, v)), zeros_like(k), zeros_like(new))
    return scan(step, start, (q, k, v, new, kept))[1]


def read(q: Array, matrix: Array) -> Array:
    """Read the matrix of each head with its query."""
    return einsum("h s, h s e -> h e", q, matrix)


def gates(since: Array, new: Array, relation: Relation) -> Array:
    """Logarithms of what is left of each position that is read: its gate, and what decayed since."""
    return since - gather(since, relation) + gather(new, relation)


def weighed(q: Array, k: Array, logs: Array, most: Array, relation: Relation) -> Array:
    """Scores of the positions that are read, times their gates divided by exp(most)."""
    scores = einsum("h s, j h s -> h j", q, gather(k, relation))
    return einsum("h j, j h -> h j", scores, exp(logs - most))


def parallel(q: Array, k: Array, v: Array, new: Array, kept: Array) -> Array:
    """All pairs of positions at once."""
    prefix = Relation.prefix()
    logs = gates(totals(kept), new, prefix)
    most = greatest(logs, logs.axes[0])
    weights = weighed(q, k, logs, most, prefix)
    mixed = einsum("h j, j h e -> h e", weights, gather(v, prefix))
    return divided(mixed, total(weights, weights.axes[-1]), most)


def chunked(q: Array, k: Array, v: Array, new: Array, kept: Array, c: Sized) -> Array:
    """All pairs inside chunks of c positions, and a matrix that is carried from chunk to chunk."""
    inside, keys = Relation.block_prefix(c), chunk(k, c)
    since, whole = elapsed(q, keys, kept, c)
    left = whole - chunk(since, c) + chunk(new, c)
    top = greatest(left, left.axes[0])
    keys = einsum("j h s, j h -> j h s", keys, exp(left - top))
    products = einsum("j h s, j h e -> h s e", keys, chunk(v, c))

    def step(carry: Any, inputs: Any) -> tuple[Any, Any]:
        (matrix, norm, most), (product, key, top, whole) = carry, inputs
        i, f, after = scaled(top, whole, most)
        matrix = decayed(matrix, f) + decayed(product, i)
        norm = einsum("h s, h -> h s", norm, f) + einsum("h s, h -> h s", key, i)
        return (matrix, norm, after), carry

    sums = total(keys, keys.axes[0])
    start = (zeros_like(products), zeros_like(sums), zeros_like(top))
    before = scan(step, start, (products, sums, top, whole))[1]
    matrix, norm, old = (member(a, q, c) for a in before)
    logs = gates(since, new, inside)
    reached = old + since
    most = larger(reached, greatest(logs, logs.axes[0]))
    weights, far = weighed(q, k, logs, most, inside), exp(reached - most)
    above = einsum("h e, h -> h e", read(q, matrix), far)
    above = above + einsum("h j, j h e -> h e", weights, gather(v, inside))
    below = einsum("h s, h s -> h", q, norm) * far + total(weights, weights.axes[-1])
    return divided(above, below, most)


def matrices(x: Array, h: Sized, mix: Mix) -> Array:
    """Mix positions by matrices between linear maps, behind an output gate."""
    d = x.axes[-1].extent
    q, k, v = (heads(linear(x, d, name=f"{p}_proj"), h) for p in "qkv")
    k = k / root(k.axes[-1].extent)
    new, kept = (each(linear(x, h, name=f"{p}_proj"), q) for p in "if")
    y = rearrange(mix(q, k, v, new, -softplus(-kept)), "h e -> (h e)")
    return linear(sigmoid(linear(x, d, name="o_proj")) * y, d, name="out_proj")


def stacked(x: Array, h: Sized, depth: Sized, mix: Mix) -> Array:
    """Stack layers of mLSTM."""
    return stack(layer(lambda x: matrices(x, h, mix)), x, depth)


@model("n d")
def mlstm(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """The mLSTM cell of xLSTM between linear maps: a matrix for each head, no mixing of states."""
    return stacked(x, h, L, recurrent)


@model("n d")
def mlstm_parallel(x: Array, *, h: Sized = "h", L: Sized = 1) -> Array:
    """The mLSTM of xLSTM of all pairs of positions at once (Beck et al. 2024, appendix A.3)."""
    return stacked(x, h, L, parallel)


@model("n d", c=4)
def mlstm_chunked(x: Array, *, h: Sized = "h", c: Sized = "c", L: Sized = 1) -> Array:
    """The mLSTM of xLSTM of all pairs inside chunks of c positions, and a recurrence of chunks."""
    return stacked(x, h, L, lambda q, k, v, i, f: chunked(q, k, v, i, f, c))
