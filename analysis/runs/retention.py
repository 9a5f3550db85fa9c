"""Retention: linear attention whose heads decay at fixed rates, in pairs and as a recurrence.

Reference: Sun et al. 2023, *Retentive network*, equations 5 to 8: head i decays by 1 - 2^(-5 - i) a
position, queries and keys are turned by rotary angles (Su et al. 2021), heads are divided by their
root mean squares, and a gate closes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_divides, require_one_of
from .operations import (
    Array,
    contract,
    elementwise,
    exp,
    mean,
    silu,
    sqrt,
    where,
    zeros,
)
from .rotary import Turn, angles, numbers, rotated
from .slots import Slots, prefix
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def retnet(x: Array, layers: Layers, *, heads: int, pairs: str = "dense") -> Array:
    """Weigh all pairs of positions of x [n, d] by what has decayed between them."""
    require_one_of("pairs", pairs, ("dense", "masked"))
    n, turn = len(x), turns(x, heads)
    since = rates(heads, like=x) * numbers(n, like=x)[:, None]
    all_slots = prefix(n)
    rows = [(slice(i, i + 1), all_slots.of(i)) for i in range(n)]
    parts = [(slice(None), all_slots)] if pairs == "dense" else rows
    kept = [exp(since[i, None] - slots.read(since)) for i, slots in parts]
    for layer in layers:
        q, k, v, gate = read(enter(x), layer, heads, turn)
        found = [
            _weighed(q[i], k, v, left, slots) for (i, slots), left in zip(parts, kept, strict=True)
        ]
        x = closed(np.concatenate(found), gate, layer)
    return x


def retnet_recurrent(x: Array, layers: Layers, *, heads: int) -> Array:
    """Carry a matrix for each head from position to position of x [n, d]."""
    decay, turn = exp(rates(heads, like=x)), turns(x, heads)
    for layer in layers:
        q, k, v, gate = read(enter(x), layer, heads, turn)
        state, rows = zeros((heads, k.shape[2], v.shape[2]), like=x), []
        for new in k[:, :, :, None] * v[:, :, None, :]:
            state = decay[:, None, None] * recur(state) + new
            rows.append(state)
        x = closed(contract("nhs,nhse->nhe", q, np.stack(rows)), gate, layer)
    return x


def _weighed(q: Array, k: Array, v: Array, kept: Array, slots: Slots) -> Array:
    scores = contract("ihs,ijhs->ijh", q, slots.read(k)) * kept
    return contract("ijh,ijhe->ihe", where(slots.allowed[:, :, None], scores, 0.0), slots.read(v))


def rates(heads: int, *, like: Array) -> Array:
    """Return the logarithms of the heads' decays."""
    return elementwise("log", 1.0 - exp((numbers(heads, like=like) + 5.0) * -math.log(2.0)))


def turns(x: Array, heads: int) -> Turn:
    """Return the angles of all positions, for heads of pairs of components."""
    require_divides("2*heads", 2 * heads, "d", x.shape[1])
    return angles(x, x.shape[1] // heads)


def read(x: Array, layer: Layer, heads: int, turn: Turn) -> tuple[Array, Array, Array, Array]:
    """Return queries and keys, both turned, values and the gate."""
    q, k, v = (_plain(x, layer, f"{p}_proj").reshape(len(x), heads, -1) for p in "qkv")
    q, k = rotated(q, turn), rotated(k, turn) / math.sqrt(k.shape[2])
    return q, k, v, silu(_plain(x, layer, "g_proj"))


def closed(y: Array, gate: Array, layer: Layer) -> Array:
    """Divide heads by their root mean squares, pass the gate, and mix."""
    y = y / sqrt(mean(y * y, axis=-1) + 1e-5)[..., None]
    return _plain(gate * y.reshape(gate.shape), layer, "out_proj")


def _plain(x: Array, layer: Layer, name: str) -> Array:
    return contract("td,ed->te", x, layer[f"{name}.weight"])
