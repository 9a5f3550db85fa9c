"""Attention over few positions, which are read by several ways under one softmax.

References: Child et al. 2019, *Sparse Transformers*, Section 4.3; Qiu et al. 2020, *Blockwise
Self-Attention*; Xiao et al. 2024, *Attention sinks*; Ding et al. 2023, *LongNet*, Section 2.2 with
every position taking part in every dilation.

The softmax over several ways takes the largest score of each, then of all, and sums likewise. Where
pairs are left out, a way may have no positions: its largest score is -inf, and its sums are zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from .attention import attend_to
from .errors import require_divides, require_one_of
from .operations import Array, contract, exp, larger, linear, maximum, total, where, zeros
from .slots import Slots, behind, block, every, marks, sinks, window
from .steps import enter

Layer = Mapping[str, Array]
Layers = Sequence[Layer]

SCALES = 3
"""How many dilations LongNet has here."""


def block_local_attention(
    x: Array, layers: Layers, *, heads: int, size: int, pairs: str = "dense"
) -> Array:
    """Let positions of x [n, d] attend to their block, in each layer."""
    slots = block(len(x), size=size)
    for layer in layers:
        x = attend_to(x, x, layer, heads=heads, slots=slots, pairs=pairs)
    return x


def strided_sparse_attention(
    x: Array, layers: Layers, *, heads: int, stride: int, pairs: str = "dense"
) -> Array:
    """Let positions of x [n, d] attend to the last stride, and every stride-th before."""
    near = window(len(x), size=stride + 1, left=stride)
    return _stack(x, layers, heads, [near, behind(len(x), step=stride, first=2)], pairs)


def fixed_sparse_attention(
    x: Array, layers: Layers, *, heads: int, size: int, last: int, pairs: str = "dense"
) -> Array:
    """Let positions of x [n, d] attend to their block so far, and the last few of those before."""
    near = block(len(x), size=size, prefix=True)
    return _stack(x, layers, heads, [near, marks(len(x), size=size, last=last)], pairs)


def sink_attention(
    x: Array, layers: Layers, *, heads: int, width: int, first: int, pairs: str = "dense"
) -> Array:
    """Let positions of x [n, d] attend to a window and to the first few positions."""
    near = window(len(x), size=width, left=width - 1)
    return _stack(x, layers, heads, [near, sinks(len(x), count=first, beyond=width)], pairs)


def longnet(
    x: Array, layers: Layers, *, heads: int, size: int, factor: int, pairs: str = "dense"
) -> Array:
    """Let positions of x [n, d] attend to segments that grow by a factor, with gaps that do."""
    steps = [factor**i for i in range(SCALES)]
    return _stack(x, layers, heads, [every(len(x), size=size * a, step=a) for a in steps], pairs)


def _stack(x: Array, layers: Layers, heads: int, ways: list[Slots], pairs: str) -> Array:
    require_one_of("pairs", pairs, ("dense", "masked"))
    n, d = x.shape
    require_divides("heads", heads, "d", d)
    for layer in layers:
        given = enter(x)
        q, k, v = (
            linear(given, layer[f"{name}_proj.weight"], layer[f"{name}_proj.bias"]).reshape(
                n, heads, -1
            )
            for name in "qkv"
        )
        if pairs == "dense":
            mixed = _joint(q, k, v, ways)
        else:
            rows = [_joint(q[i : i + 1], k, v, [way.of(i) for way in ways]) for i in range(n)]
            mixed = np.concatenate(rows)
        x = linear(mixed.reshape(n, d), layer["out_proj.weight"], layer["out_proj.bias"])
    return x


def _joint(q: Array, k: Array, v: Array, ways: list[Slots]) -> Array:
    scores = [_scores(q, k, way) for way in ways]
    top = reduce(larger, [_largest(x) for x in scores])
    shown = [exp(x - top[:, :, None]) for x in scores]
    whole = reduce(np.add, [_summed(x) for x in shown])
    mixed = [_mixed(x / whole[:, :, None], v, way) for x, way in zip(shown, ways, strict=True)]
    return np.asarray(reduce(np.add, mixed))


def _scores(q: Array, k: Array, way: Slots) -> Array:
    allowed = way.allowed[:, None, :]
    if not allowed.size:
        return zeros((len(q), q.shape[1], 0), like=q)
    scores = contract("ihe,ishe->ihs", q, way.read(k)) / math.sqrt(q.shape[-1])
    return where(allowed, scores, -math.inf)


def _largest(x: Array) -> Array:
    return (
        maximum(x, axis=-1)
        if x.size
        else where(np.zeros(x.shape[:-1], dtype=np.bool_), zeros(x.shape[:-1], like=x), -math.inf)
    )


def _summed(x: Array) -> Array:
    return total(x, axis=-1) if x.size else zeros(x.shape[:-1], like=x)


def _mixed(weights: Array, v: Array, way: Slots) -> Array:
    if not weights.size:
        return zeros((len(weights), *v.shape[1:]), like=v)
    return contract("ihs,ishe->ihe", weights, way.read(v))
