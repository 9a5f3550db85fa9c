"""Linear attention with decays: the state S = diag(exp(a)) S + k v^T, read as q S, in three forms.

The state of each of h heads has s rows and e columns. Keys and queries have the axes ``h s``, or
``s`` if all heads share them; the logarithms a of the decays have ``h s``, or ``h`` if all rows of
a head share one. What all models with such a state have in common stands here once.

References: Katharopoulos et al. 2020 (no decay); Sun et al. 2023, *Retentive network* (the three
forms); Yang et al. 2024, *Gated linear attention*; Dao and Gu 2024, *Transformers are SSMs*.
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    associative_scan,
    chunk,
    einsum,
    exp,
    gather,
    member,
    scan,
    total,
    zeros_like,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tables import positions
from ..tracing import Array


def labels(x: Array) -> str:
    """Return the labels of keys, queries or decays: ``h s``, or the one that is not shared."""
    return "h s" if len(x.axes) == 2 else "s"


def decayed(state: Array, decay: Array) -> Array:
    """Multiply each row of a state, or all rows of a head, by its decay."""
    return einsum(f"h s e, {'h s' if len(decay.axes) == 2 else 'h'} -> h s e", state, decay)


def recurrent(q: Array, k: Array, v: Array, a: Array) -> Array:
    """One state after another."""

    def step(state: Array, inputs: Any) -> tuple[Array, Array]:
        new, decay = inputs
        state = decayed(state, decay) + new
        return state, state

    new = einsum(f"{labels(k)}, h e -> h s e", k, v)
    states = scan(step, zeros_like(new), (new, exp(a)))[1]
    return einsum(f"{labels(q)}, h s e -> h e", q, states)


def totals(a: Array) -> Array:
    """All sums of what has been so far."""
    return associative_scan(lambda early, late: early + late, a, identity=(0.0,))


def attended(q: Array, k: Array, v: Array, a: Array, relation: Relation) -> Array:
    """Attend without a softmax; from one position to another, decays by a's difference."""
    if len(a.axes) == 2:
        return by_rows(q * exp(a), k, v, a, relation)
    k, v, past = gather(k, relation), gather(v, relation), gather(a, relation)
    kept, own = exp(a - past), "h j" if len(q.axes) == 2 else "j"
    scores = einsum(f"{labels(q)}, j {labels(q)} -> {own}", q, k)
    scores = einsum(f"{own}, j h -> h j", scores, kept)
    return einsum("j h e, h j -> h e", v, scores)


def by_rows(decayed: Array, k: Array, v: Array, a: Array, relation: Relation) -> Array:
    """Attend with queries whose rows have decayed already, to keys whose rows have not yet."""
    k, v, past = gather(k, relation), gather(v, relation), gather(a, relation)
    scores = einsum("h s, j h s -> h j", decayed, k * exp(-past))
    return einsum("j h e, h j -> h e", v, scores)


def elapsed(q: Array, chunks: Array, a: Array, c: Sized) -> tuple[Array, Array]:
    """Return the logarithms of what decays from a chunk's start to a position, and to its end."""
    if a.equation.sequence is None:  # each position decays by the same
        count = positions(q) - member(positions(chunks), q, c) * poly(c) + 1.0
        return a * count, a * poly(c)
    past, steps = gather(a, Relation.block_prefix(c)), chunk(a, c)
    return total(past, past.axes[0]), total(steps, steps.axes[0])


def chunked(q: Array, k: Array, v: Array, a: Array, c: Sized) -> Array:
    """Attend inside chunks of c positions, and carry the state from chunk to chunk."""
    inside = Relation.block_prefix(c)
    keys, values = chunk(k, c), chunk(v, c)
    since, whole = elapsed(q, keys, a, c)
    left = exp(whole - chunk(since, c))
    if len(a.axes) == 2:
        q = q * exp(since)
        near = by_rows(q, k, v, since, inside)
        new = einsum("j h s, j h e -> h s e", keys * left, values)
    else:
        near = attended(q, k, v, since, inside)
        values = einsum("j h e, j h -> j h e", values, left)
        new = einsum(f"j {labels(k)}, j h e -> h s e", keys, values)

    def step(state: Array, inputs: Any) -> tuple[Array, Array]:
        new, decay = inputs
        return decayed(state, decay) + new, state

    before = member(scan(step, zeros_like(new), (new, exp(whole)))[1], q, c)
    if len(a.axes) == 2:
        return near + einsum("h s, h s e -> h e", q, before)
    far = einsum(f"{labels(q)}, h s e -> h e", q, before)
    return near + einsum("h e, h -> h e", far, exp(since))
