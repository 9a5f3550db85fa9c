"""Which positions a relation reads, at concrete sizes or between which ends, and what it is called.

What they mean is said where they are made, in :class:`.relations.Relation`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .sizes import Poly, at_least, maximum, minimum, poly

if TYPE_CHECKING:
    from .relations import Relation

SPARSE = frozenset({"blocks", "sinks", "marks", "scattered", "readers"})
"""Kinds whose readers have no slots of their own, so that gradients are scattered."""

TURNED = {"block": "block", "block_prefix": "block_suffix", "block_suffix": "block_prefix"}
"""Relations inside one's block, and those of the readers."""


def bounds(relation: Relation, position: Poly, extent: Poly) -> tuple[Poly, Poly]:
    """Return the first and the last position that is read, as costs."""
    end = extent - 1
    if relation.distance is not None:
        return position - relation.distance, position - relation.distance
    if relation.kind in {"last", "head"}:
        return (end, end) if relation.kind == "last" else (poly(0), poly(0))
    if relation.kind == "first":
        return poly(0), minimum(relation.size - 1, end)
    if relation.kind == "stride":
        return position * relation.step, position * relation.step + relation.size - 1
    if relation.kind != "offsets":
        raise ValueError(f"expected a relation by offsets, got {relation}")
    low = poly(0) if relation.back is None else position - relation.back * relation.step
    high = end if relation.ahead is None else position + relation.ahead * relation.step
    if relation.back is not None and not at_least(0, relation.back):
        low = maximum(low, 0)
    if relation.ahead is not None and not at_least(0, relation.ahead):
        high = minimum(high, end)
    return low, high


def table(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    """Return sources of positions [p, 1], slot by slot, and which slots the pattern allows."""
    if relation.kind in {"last", "head"}:
        j = np.full_like(i, extent - 1 if relation.kind == "last" else 0)
        return j, np.ones_like(j, dtype=bool)
    if relation.kind == "part":
        return i // whole(relation.size), np.ones_like(i, dtype=bool)
    if relation.kind == "strided":
        j = i // whole(relation.step) - np.arange(whole(relation.slots(extent)))[None, :]
        return j, i - j * whole(relation.step) < whole(relation.size)
    if relation.kind in {"first", "stride", *TURNED}:
        return _run(relation, i)
    if relation.kind in {"offsets", "within"}:
        return _offsets(relation, i, extent)
    if relation.kind not in SPARSE:
        raise ValueError(f"expected one relation, got {relation}")
    rule = {
        "blocks": _blocks,
        "sinks": _sinks,
        "marks": _marks,
        "scattered": _scattered,
        "readers": _readers,
    }
    j, valid = rule[relation.kind](relation, i, extent)
    wide, shown = np.broadcast_arrays(j, valid)
    return wide, shown


def _run(relation: Relation, i: Any) -> tuple[Any, Any]:
    """As many positions as the size says, one after another."""
    size = whole(relation.size)
    start = {"first": 0 * i, "stride": i * whole(relation.step)}
    j = start.get(relation.kind, i // max(size, 1) * size) + np.arange(size)[None, :]
    if relation.kind in {"block_prefix", "block_suffix"}:
        return j, j <= i if relation.kind == "block_prefix" else j >= i
    return j, np.ones_like(j, dtype=bool)


def _offsets(relation: Relation, i: Any, extent: int) -> tuple[Any, Any]:
    outside = extent + int(i.max(initial=0)) + 1  # so far from everywhere, and farther, is nothing
    step = min(whole(relation.step), outside)
    if relation.back is not None and relation.ahead is not None:
        back, ahead = whole(relation.back), whole(relation.ahead)
        if back == -ahead:
            back = max(-outside, min(back, outside))
            ahead = -back
        j = i + step * np.arange(-back, ahead + 1)[None, :]
        if relation.kind == "within":
            return j, j // whole(relation.size) == i // whole(relation.size)
        return j, np.ones_like(j, dtype=bool)
    first = i % step if step > 1 else 0 * i
    j = first + step * np.arange(-(-extent // step))[None, :]
    valid = np.ones_like(j, dtype=bool)
    if relation.back is not None:
        valid = valid & (j >= i - step * whole(relation.back))
    if relation.ahead is not None:
        valid = valid & (j <= i + step * whole(relation.ahead))
    return j, valid


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
    return np.arange(extent)[None, :], _matrix(relation.parts[0], extent)[:, i[:, 0]].T


@functools.lru_cache(maxsize=64)
def _matrix(relation: Relation, extent: int) -> Any:
    """Who reads what, [readers, read]."""
    every, reads = np.arange(extent), np.zeros((extent, extent), dtype=bool)
    read, shown = relation.table(every, extent)
    for slot in range(read.shape[1]):
        reads[every[shown[:, slot]], read[shown[:, slot], slot]] = True
    return reads


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
    if relation.kind == "scattered":
        return f"{relation.size} scattered"
    if relation.kind == "chain":
        return " then ".join(str(p) for p in relation.parts)
    if relation.kind != "offsets":
        named = {"last": "last", "head": "first position"}
        return named.get(relation.kind, f"{relation.kind}({relation.size})")
    return _title_of_offsets(relation)


def _title_of_offsets(relation: Relation) -> str:
    back, ahead = relation.back, relation.ahead
    if relation.is_same:
        return "same"
    if relation.distance is not None:
        return f"shift({relation.distance})"
    every = "" if relation.step == 1 else f", step {relation.step}"
    if back is None and ahead is None:
        return f"all{every}"
    if back is None:
        return f"prefix{every}" if ahead == 0 else f"up to {ahead}{every}"
    if ahead is None:
        return f"suffix{every}" if back == 0 else f"from {-back}{every}"
    return f"window({-back}..{ahead}{every})"


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
