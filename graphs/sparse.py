"""Sparse relations: patterns whose readers have no slots of their own, so that gradients scatter.

What they mean is said where they are made, in :class:`.relations.Relation`; here is which positions
they are, at concrete sizes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .sizes import Poly, poly

if TYPE_CHECKING:
    from .relations import Relation

KINDS = frozenset({"blocks", "sinks", "marks", "scattered", "readers"})
"""Kinds of relations that are sparse."""


def table(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    """Return sources of positions [p, 1], slot by slot, and which of them are read."""
    rule = {
        "blocks": _blocks,
        "sinks": _sinks,
        "marks": _marks,
        "scattered": _scattered,
        "readers": _readers,
    }
    j, valid = rule[relation.kind](relation, i, extent)
    return np.broadcast_arrays(j, valid)


def _blocks(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    size, step, back = whole(relation.size), whole(relation.step), whole(relation.back or poly(0))
    start, count = i // size - back, back + whole(relation.ahead or poly(0)) + 1
    first = start * size + (i - start * size) % step
    j = first + step * np.arange(max(-(-count * size // step), 0))[None, :]
    return j, j < (start + count) * size


def _sinks(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    j = np.arange(whole(relation.size))[None, :]
    return j, j <= i - whole(relation.back or poly(0))


def _marks(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    step, size = whole(relation.step), whole(relation.size)
    slots = np.arange(-(-extent // step) * size)[None, :]
    j = (slots // size + 1) * step - size + slots % size
    return j, j // step < i // step


def _scattered(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    back, ahead = whole(relation.back or poly(0)), whole(relation.ahead or poly(0))
    size, seed = whole(relation.size), whole(relation.step)
    rows = [_drawn(int(p), extent, back, ahead, size, seed) for p in i[:, 0]]
    j = np.array([[*row, *[-1] * (size - len(row))] for row in rows], dtype=np.int64)
    return j, j >= 0


@functools.lru_cache(maxsize=1 << 14)
def _drawn(i: int, extent: int, back: int, ahead: int, size: int, seed: int) -> tuple[int, ...]:
    """Draw positions: the same for one position of sequences of one length."""
    far = [j for j in range(extent) if not i - back <= j <= i + ahead]
    generator = np.random.default_rng((seed, extent, i))
    return tuple(sorted(int(j) for j in generator.permutation(far)[:size]))


def _readers(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    every = np.arange(extent)
    read, shown = relation.parts[0].table(every, extent)
    reads = np.zeros((extent, extent), dtype=bool)
    for slot in range(read.shape[1]):
        reads[every[shown[:, slot]], read[shown[:, slot], slot]] = True
    return every[None, :], reads[:, i[:, 0]].T


def title(relation: Relation) -> str:
    """Return what a relation is called."""
    if relation.kind == "readers":
        return f"readers of {relation.parts[0]}"
    if relation.kind == "blocks":
        dilation = "" if relation.step == 1 else f", step {relation.step}"
        return f"blocks({relation.size}: {-(relation.back or poly(0))}..{relation.ahead}{dilation})"
    if relation.kind == "sinks":
        return f"first {relation.size}, {relation.back} behind"
    if relation.kind == "marks":
        return f"last {relation.size} of blocks of {relation.step}"
    return f"{relation.size} scattered"


def whole(value: Poly) -> int:
    """Return a number of positions; an error if it is none, or none yet."""
    number = value.constant
    if number is None:
        raise ValueError(f"expected concrete sizes, got {value}")
    if number.denominator != 1:
        raise ValueError(
            f"expected a whole number of positions, got {number} "
            "(use an odd size for a centred window)"
        )
    return int(number)
