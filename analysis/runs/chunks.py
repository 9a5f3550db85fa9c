"""Linear attention in chunks: all pairs inside a chunk, and a state that is carried between chunks.

References: Yang et al. 2024, *Gated linear attention*, section 2 (the form) and 4 (gates); Sun et al.
2023, *Retentive network*, equation 7; Beck et al. 2025, *Tiled flash linear attention* (mLSTM).

Chunks are a sequence of their own: reading a chunk's positions, or from a position what a chunk has,
is a hop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from . import matrix_states, retention
from .errors import require_divides, require_one_of
from .hops import hop
from .kernel_attention import features
from .operations import (
    Array,
    contract,
    exp,
    is_counted,
    larger,
    linear,
    maximum,
    total,
    where,
    zeros,
)
from .rotary import numbers
from .slots import Slots, block
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]
Near = Callable[[slice, Slots], list[Array]]
"""From positions and what they read to what they find there."""


def linear_attention_chunked(
    x: Array, layers: Layers, *, heads: int, size: int, pairs: str = "dense"
) -> Array:
    """Carry sums over the past of x [n, d] from chunk to chunk, in each layer."""
    for layer in layers:
        q, k, v = features(enter(x), layer, heads)
        keys = parts(k, size)
        new, sums = contract("mjhr,mjhe->mhre", keys, parts(v, size)), total(keys, axis=1)
        s, z = (zeros(a.shape[1:], like=x) for a in (new, sums))
        before = []
        for product, key in zip(new, sums, strict=True):
            s, z = recur(s), recur(z)
            before.append((s, z))
            s, z = s + product, z + key
        s, z = (member(np.stack(a), size) for a in zip(*before, strict=True))

        def near(i: slice, slots: Slots, q: Array = q, k: Array = k, v: Array = v) -> list[Array]:
            weights = contract("ihe,ijhe->ihj", q[i], slots.read(k))
            weights = where(slots.allowed[:, None, :], weights, 0.0)
            return [contract("ihj,ijhe->ihe", weights, slots.read(v)), total(weights, axis=-1)]

        above, below = _joined(inside(len(x), size, pairs, near))
        above, below = (
            above + contract("ihr,ihre->ihe", q, s),
            below + contract("ihr,ihr->ih", q, z),
        )
        mixed = (above / below[:, :, None]).reshape(x.shape)
        x = linear(mixed, layer["out_proj.weight"], layer["out_proj.bias"])
    return x


def retnet_chunked(
    x: Array, layers: Layers, *, heads: int, size: int, pairs: str = "dense"
) -> Array:
    """Carry the states of retention from chunk to chunk of x [n, d], heads decaying at own rates."""
    n, logs, turn = len(x), retention.rates(heads, like=x), retention.turns(x, heads)
    first = np.repeat(numbers(n // size, like=x), size)
    since = logs * (numbers(n, like=x) - first * float(size) + 1.0)[:, None]
    whole = logs * float(size)
    left = exp(whole - parts(since, size))
    kept = inside(n, size, pairs, lambda i, slots: [exp(since[i, None] - slots.read(since))])
    decay, reached = exp(whole), exp(since)[:, :, None]
    for layer in layers:
        q, k, v, gate = retention.read(enter(x), layer, heads, turn)
        values = parts(v, size) * left[:, :, :, None]
        new = contract("mjhs,mjhe->mhse", parts(k, size), values)
        before = _carried(new, [decay[:, None, None]] * len(new), size)

        def near(i: slice, slots: Slots, q: Array = q, k: Array = k, v: Array = v) -> list[Array]:
            scores = contract("ihs,ijhs->ijh", q[i], slots.read(k)) * kept[i.start or 0][0]
            scores = where(slots.allowed[:, :, None], scores, 0.0)
            return [contract("ijh,ijhe->ihe", scores, slots.read(v))]

        (y,) = _joined(inside(n, size, pairs, near))
        y = y + contract("ihs,ihse->ihe", q, before) * reached
        x = retention.closed(y, gate, layer)
    return x


def gla_chunked(x: Array, layers: Layers, *, heads: int, size: int, pairs: str = "dense") -> Array:
    """Carry the states of gated linear attention from chunk to chunk of x [n, d]."""
    for layer in layers:
        given = enter(x)
        q, k, v, logs = matrix_states.gated(given, layer, heads)
        since, whole = _elapsed(logs, size, pairs)
        keys = parts(k, size) * exp(whole[:, None] - parts(since, size))
        new = contract("mjhs,mjhe->mhse", keys, parts(v, size))
        before = _carried(new, exp(whole)[..., None], size)
        q = q * exp(since)

        def near(
            i: slice,
            slots: Slots,
            q: Array = q,
            k: Array = k,
            v: Array = v,
            since: Array = since,
        ) -> list[Array]:
            read = slots.read(k) * exp(-slots.read(since))
            scores = contract("ihs,ijhs->ihj", q[i], read)
            scores = where(slots.allowed[:, None, :], scores, 0.0)
            return [contract("ihj,ijhe->ihe", scores, slots.read(v))]

        (y,) = _joined(inside(len(x), size, pairs, near))
        y = y + contract("ihs,ihse->ihe", q, before)
        x = matrix_states.gated_out(y, given, layer)
    return x


def mlstm_chunked(
    x: Array, layers: Layers, *, heads: int, size: int, pairs: str = "dense"
) -> Array:
    """Carry the matrices of mLSTM from chunk to chunk of x [n, d], divided by their largest gate."""
    for layer in layers:
        q, k, v, new, kept, gate = matrix_states.exponential(enter(x), layer, heads)
        since, whole = _elapsed(kept, size, pairs)
        left = whole[:, None] - parts(since, size) + parts(new, size)
        top = maximum(left, axis=1)
        keys = parts(k, size) * exp(left - top[:, None])[..., None]
        products, sums = contract("mjhs,mjhe->mhse", keys, parts(v, size)), total(keys, axis=1)
        carry = [zeros(a.shape[1:], like=x) for a in (products, sums, top)]
        rows = []
        for product, key, own, rest in zip(products, sums, top, whole, strict=True):
            matrix, norm, most = (recur(a) for a in carry)
            rows.append((matrix, norm, most))
            after = larger(rest + most, own)
            i, f = exp(own - after), exp(rest + most - after)
            matrix = f[:, None, None] * matrix + i[:, None, None] * product
            carry = [matrix, f[:, None] * norm + i[:, None] * key, after]
        matrix, norm, old = (member(np.stack(a), size) for a in zip(*rows, strict=True))
        reached = old + since

        def near(
            i: slice,
            slots: Slots,
            q: Array = q,
            k: Array = k,
            v: Array = v,
            new: Array = new,
            since: Array = since,
            reached: Array = reached,
        ) -> list[Array]:
            logs = matrix_states.remaining(i, slots, since, new)
            most = larger(reached[i], maximum(logs, axis=1))
            weights = contract("ihs,ijhs->ijh", q[i], slots.read(k)) * exp(logs - most[:, None])
            found = contract("ijh,ijhe->ihe", weights, slots.read(v))
            return [found, total(weights, axis=1), most]

        above, below, most = _joined(inside(len(x), size, pairs, near))
        far = exp(reached - most)
        above = contract("ihs,ihse->ihe", q, matrix) * far[:, :, None] + above
        below = contract("ihs,ihs->ih", q, norm) * far + below
        y = (above / matrix_states.at_least(below, most)[:, :, None]).reshape(x.shape)
        x = matrix_states.affine(gate * y, layer, "out_proj")
    return x


def _elapsed(logs: Array, size: int, pairs: str) -> tuple[Array, Array]:
    """Return the logarithms of what decays from a chunk's start to a position, and to its end."""

    def since(i: slice, slots: Slots) -> list[Array]:
        allowed = slots.allowed.reshape(*slots.allowed.shape, *[1] * (logs.ndim - 1))
        return [total(where(allowed, slots.read(logs), 0.0), axis=1)]

    (found,) = _joined(inside(len(logs), size, pairs, since))
    return found, total(parts(logs, size), axis=1)


def _carried(new: Array, decays: Sequence[Array] | Array, size: int) -> Array:
    """Return at each position the state before its chunk."""
    state, before = zeros(new.shape[1:], like=new), []
    for own, decay in zip(new, decays, strict=True):
        before.append(recur(state))
        state = decay * before[-1] + own
    return member(np.stack(before), size)


def parts(x: Array, size: int) -> Array:
    """Cut positions [n, ...] into chunks [n/size, size, ...]."""
    require_divides("chunks", size, "n", len(x))
    return _hopped(x.reshape(-1, size, *x.shape[1:]))


def member(x: Array, size: int) -> Array:
    """Read what chunks have [n/size, ...] at their positions [n, ...]."""
    return np.repeat(_hopped(x), size, axis=0)


def _hopped(x: Array) -> Array:
    return np.asarray(np.frompyfunc(hop, 1, 1)(x), dtype=object) if is_counted(x) else x


def inside(n: int, size: int, pairs: str, near: Near) -> list[list[Array]]:
    """Attend inside chunks to all slots, or to the allowed ones of one position after another."""
    require_one_of("pairs", pairs, ("dense", "masked"))
    slots = block(n, size=size, prefix=True)
    if pairs == "dense":
        return [near(slice(None), slots)]
    return [near(slice(i, i + 1), slots.of(i)) for i in range(n)]


def _joined(rows: list[list[Array]]) -> list[Array]:
    return [np.concatenate(column) for column in zip(*rows, strict=True)]
