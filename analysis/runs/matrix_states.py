"""Layers whose state is a matrix for each head, one position after another or all pairs at once.

References: Yang et al. 2024, *Gated linear attention*, section 4; Dao and Gu 2024, *Transformers are
SSMs*, listing 1 (heads that share B and C) and equation 16 (pairs); Yang et al. 2024, *Parallelizing
linear Transformers with the delta rule*; Beck et al. 2024, *xLSTM*, equations 8 to 27 and appendix
A.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_divides, require_one_of
from .operations import (
    Array,
    contract,
    exp,
    larger,
    linear,
    maximum,
    mean,
    sigmoid,
    silu,
    softplus,
    sqrt,
    tanh,
    total,
    where,
    zeros,
)
from .slots import Slots, prefix
from .steps import associative_scan, enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def gla(x: Array, layers: Layers, *, heads: int) -> Array:
    """Run gated linear attention on x [n, d], its gates to the power of 1/16."""
    for layer in layers:
        given = enter(x)
        q, k, v, logs = gated(given, layer, heads)
        state, rows = zeros((*k.shape[1:], v.shape[2]), like=x), []
        for own, gate in zip(_outer(k, v), exp(logs), strict=True):
            state = gate[:, :, None] * recur(state) + own
            rows.append(state)
        x = gated_out(contract("nhs,nhse->nhe", q, np.stack(rows)), given, layer)
    return x


def ssd(x: Array, layers: Layers, *, heads: int) -> Array:
    """Run the state space of Mamba-2 on x [n, d], one position after another."""
    for layer in layers:
        b, c, u, drive, decay = _selective(enter(x), layer, heads)
        state, rows = zeros((heads, b.shape[1], drive.shape[2]), like=x), []
        new = b[:, None, :, None] * drive[:, :, None, :]
        for own, kept in zip(new, exp(decay), strict=True):
            state = kept[:, None, None] * recur(state) + own
            rows.append(state)
        y = contract("ns,nhse->nhe", c, np.stack(rows)) + u * layer["D"][:, None]
        x = _plain(y.reshape(x.shape), layer, "out_proj")
    return x


def ssd_quadratic(
    x: Array, layers: Layers, *, heads: int, pairs: str = "dense", looped: bool = False
) -> Array:
    """Run the same layers on all pairs of positions, by sums of the decays' logarithms."""
    for layer in layers:
        b, c, u, drive, decay = _selective(enter(x), layer, heads)
        since = _totals(decay, looped=looped)

        def mixed(
            i: slice,
            slots: Slots,
            b: Array = b,
            c: Array = c,
            drive: Array = drive,
            since: Array = since,
        ) -> Array:
            kept = exp(since[i, None] - slots.read(since))
            scores = contract("is,ijs->ij", c[i], slots.read(b))
            weights = where(slots.allowed[:, :, None], scores[:, :, None] * kept, 0.0)
            return contract("ijh,ijhe->ihe", weights, slots.read(drive))

        y = _over_pairs(len(x), mixed, pairs) + u * layer["D"][:, None]
        x = _plain(y.reshape(x.shape), layer, "out_proj")
    return x


def delta_net(x: Array, layers: Layers, *, heads: int) -> Array:
    """Correct the states of x [n, d] by the delta rule, keys and queries of unit length."""
    for layer in layers:
        given = enter(x)
        q, k, v = (_heads(silu(_plain(given, layer, f"{p}_proj")), heads) for p in "qkv")
        q, k = (a / sqrt(total(a * a, axis=-1) + 1e-6)[:, :, None] for a in (q, k))
        rates = sigmoid(_plain(given, layer, "b_proj"))
        state, rows = zeros((*k.shape[1:], v.shape[2]), like=x), []
        for key, value, rate in zip(k, v, rates, strict=True):
            state = recur(state)
            wrong = value - contract("hs,hse->he", key, state)
            state = state + key[:, :, None] * (wrong * rate[:, None])[:, None, :]
            rows.append(state)
        y = _unscaled(contract("nhs,nhse->nhe", q, np.stack(rows)))
        x = _plain(y.reshape(x.shape), layer, "o_proj")
    return x


def mlstm(x: Array, layers: Layers, *, heads: int) -> Array:
    """Run mLSTM on x [n, d], one position after another."""
    for layer in layers:
        q, k, v, new, kept, gate = exponential(enter(x), layer, heads)
        matrix, norm = (zeros(shape, like=x) for shape in ((*k.shape[1:], v.shape[2]), k.shape[1:]))
        most, rows = zeros((heads,), like=x), []
        for query, key, value, i, f in zip(q, k, v, new, kept, strict=True):
            matrix, norm, most = recur(matrix), recur(norm), recur(most)
            top = larger(f + most, i)
            i, f, most = exp(i - top), exp(f + most - top), top
            key = key * i[:, None]
            matrix = f[:, None, None] * matrix + key[:, :, None] * value[:, None, :]
            norm = f[:, None] * norm + key
            above, below = contract("hs,hse->he", query, matrix), contract("hs,hs->h", query, norm)
            rows.append(above / at_least(below, most)[:, None])
        y = np.stack(rows).reshape(x.shape)
        x = affine(gate * y, layer, "out_proj")
    return x


def mlstm_parallel(
    x: Array, layers: Layers, *, heads: int, pairs: str = "dense", looped: bool = False
) -> Array:
    """Run the same layers on all pairs of positions."""
    for layer in layers:
        q, k, v, new, kept, gate = exponential(enter(x), layer, heads)
        since = _totals(kept, looped=looped)

        def mixed(
            i: slice,
            slots: Slots,
            q: Array = q,
            k: Array = k,
            v: Array = v,
            new: Array = new,
            since: Array = since,
        ) -> Array:
            logs = remaining(i, slots, since, new)
            most = maximum(logs, axis=1)
            scores = contract("ihs,ijhs->ijh", q[i], slots.read(k)) * exp(logs - most[:, None])
            above = contract("ijh,ijhe->ihe", scores, slots.read(v))
            return np.asarray(above / at_least(total(scores, axis=1), most)[:, :, None])

        y = _over_pairs(len(x), mixed, pairs).reshape(x.shape)
        x = affine(gate * y, layer, "out_proj")
    return x


def slstm(x: Array, layers: Layers, *, heads: int) -> Array:
    """Run sLSTM on x [n, d], whose cells mix inside each head."""
    d = x.shape[1]
    for layer in layers:
        given = enter(x)
        read = [affine(given, layer, name) for name in "zifo"]
        y, cell, norm, most = (zeros((d,), like=x) for _ in range(4))
        rows = []
        for own in zip(*read, strict=True):
            y, cell, norm, most = recur(y), recur(cell), recur(norm), recur(most)
            before = y.reshape(heads, -1)
            z, i, f, o = (
                a + contract("hs,hes->he", before, layer[f"r{name}.weight"]).reshape(d)
                for a, name in zip(own, "zifo", strict=True)
            )
            f = -softplus(-f)
            top = larger(f + most, i)
            i, f, most = exp(i - top), exp(f + most - top), top
            cell, norm = f * cell + i * tanh(z), f * norm + i
            y = sigmoid(o) * (cell / norm)
            rows.append(y)
        x = affine(np.stack(rows), layer, "out_proj")
    return x


def gated(x: Array, layer: Layer, heads: int) -> tuple[Array, Array, Array, Array]:
    """Return queries, keys, values and the logarithms of gates of gated linear attention."""
    q, k, v = (_heads(_plain(x, layer, f"{p}_proj"), heads) for p in "qkv")
    low = affine(_plain(x, layer, "gk_proj.0"), layer, "gk_proj.1")
    return q, k, v, _heads(-softplus(-low) / 16.0, heads)


def gated_out(y: Array, x: Array, layer: Layer) -> Array:
    """Divide heads by their root mean squares, pass the gate, and mix."""
    y = _unscaled(y).reshape(x.shape)
    return _plain(silu(_plain(x, layer, "g_proj")) * y, layer, "o_proj")


def _selective(x: Array, layer: Layer, heads: int) -> tuple[Array, Array, Array, Array, Array]:
    b, c = (_plain(x, layer, f"{name}_proj") for name in "BC")
    step = softplus(affine(x, layer, "dt_proj"))
    u = _heads(_plain(x, layer, "in_proj"), heads)
    return b, c, u, u * step[:, :, None], -exp(layer["A_log"]) * step


def exponential(x: Array, layer: Layer, heads: int) -> tuple[Array, ...]:
    """Return queries, keys, values, the logarithms of both gates and the output gate of mLSTM."""
    q, k, v = (_heads(affine(x, layer, f"{p}_proj"), heads) for p in "qkv")
    new, kept = (affine(x, layer, f"{p}_proj") for p in "if")
    gate = sigmoid(affine(x, layer, "o_proj"))
    return q, k / math.sqrt(k.shape[2]), v, new, -softplus(-kept), gate


def _totals(x: Array, *, looped: bool) -> Array:
    """Return all sums of what has been so far, one after another or as a scan."""
    if not looped:
        return associative_scan(lambda early, late: (early[0] + late[0],), (x,))[0]
    sums = [zeros(x.shape[1:], like=x)]
    for own in x:
        sums.append(recur(sums[-1]) + own)
    return np.stack(sums[1:])


def remaining(i: slice, slots: Slots, since: Array, new: Array) -> Array:
    """Return the logarithms of what is left, at each position, of each that it may read."""
    logs = since[i, None] - slots.read(since) + slots.read(new)
    return where(slots.allowed[:, :, None], logs, -math.inf)


def at_least(below: Array, most: Array) -> Array:
    """Return the size of a sum that was divided by exp(most), or 1 divided by it if that is more."""
    return larger(larger(below, -below), exp(-most))


def _over_pairs(n: int, mixed: object, pairs: str) -> Array:
    require_one_of("pairs", pairs, ("dense", "masked"))
    assert callable(mixed)
    slots = prefix(n)
    if pairs == "dense":
        return np.asarray(mixed(slice(None), slots))
    return np.concatenate([mixed(slice(i, i + 1), slots.of(i)) for i in range(n)])


def _outer(k: Array, v: Array) -> Array:
    return k[:, :, :, None] * v[:, :, None, :]


def _unscaled(x: Array) -> Array:
    return x / sqrt(mean(x * x, axis=-1) + 1e-5)[..., None]


def _heads(x: Array, heads: int) -> Array:
    require_divides("heads", heads, "the width", x.shape[1])
    return x.reshape(len(x), heads, -1)


def _plain(x: Array, layer: Layer, name: str) -> Array:
    return contract("td,ed->te", x, layer[f"{name}.weight"])


def affine(x: Array, layer: Layer, name: str) -> Array:
    """Apply a linear map of a layer by its name."""
    return linear(x, layer[f"{name}.weight"], layer[f"{name}.bias"])
