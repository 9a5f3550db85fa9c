"""Recurrent layers whose matrices do not read the state, or whose states leap.

References: Bradbury et al. 2017, *Quasi-Recurrent Neural Networks*, equations 1 to 5 (fo-pooling);
Feng et al. 2024, *Were RNNs All We Needed?*, Section 3; Lei et al. 2018, *Simple Recurrent Units
for Highly Parallelizable Recurrence*, equations 1 to 4; Chang et al. 2017, *Dilated Recurrent
Neural Networks*, equation 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .counting import note_bound
from .errors import require_one_of
from .linear_recurrence import carried, gated, scanned
from .operations import Array, contract, linear, sigmoid, tanh, zeros
from .slots import window
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def qrnn(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Run a stack of quasi-recurrent layers on x [n, d], each with a kernel [3 d, d, k]."""
    for layer in layers:
        forget, candidate, output = _convolved(enter(x), layer["conv.weight"], pairs)
        x = output * carried(forget, (1.0 - forget) * candidate)
    return x


def qrnn_scan(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Run the same layers, their states as an associative scan."""
    for layer in layers:
        forget, candidate, output = _convolved(enter(x), layer["conv.weight"], pairs)
        x = output * scanned(forget, (1.0 - forget) * candidate)
    return x


def min_gru(x: Array, layers: Layers) -> Array:
    """Run a stack of minimal GRU layers on x [n, d]."""
    return gated(x, layers, _minimal_gates, carried)


def min_gru_scan(x: Array, layers: Layers) -> Array:
    """Run the same layers, their states as an associative scan."""
    return gated(x, layers, _minimal_gates, scanned)


def min_lstm(x: Array, layers: Layers) -> Array:
    """Run a stack of minimal LSTM layers on x [n, d]."""
    return gated(x, layers, _minimal_memory, carried)


def min_lstm_scan(x: Array, layers: Layers) -> Array:
    """Run the same layers, their states as an associative scan."""
    return gated(x, layers, _minimal_memory, scanned)


def sru(x: Array, layers: Layers) -> Array:
    """Run a stack of simple recurrent units on x [n, d]."""
    for layer in layers:
        x = enter(x)
        value = np.asarray(contract("td,ed->te", x, layer["linear.weight"]))
        read_f, read_r = (_affine(x, layer, f"linear_{gate}") for gate in "fr")
        c, rows = zeros(x.shape[1:], like=x), []
        for own, to_f, to_r, given in zip(value, read_f, read_r, x, strict=True):
            c = recur(c)
            f, r = sigmoid(to_f + layer["v_f"] * c), sigmoid(to_r + layer["v_r"] * c)
            c = f * c + (1.0 - f) * own
            rows.append(r * c + (1.0 - r) * given)
        x = np.stack(rows)
    return x


def dilated_rnn(x: Array, layers: Layers, *, base: int) -> Array:
    """Run GRU layers on x [n, d], layer l of which reads the state base**l positions before."""
    for level, layer in enumerate(layers):
        x, leap, start = enter(x), base**level, zeros(x.shape[1:], like=x)
        note_bound(leap)
        states: list[Array] = []
        for i, read in enumerate(_affine(x, layer, "ih")):
            h = recur(states[i - leap], leap) if i >= leap else start
            kept = contract("d,gd->g", h, layer["hh.weight"]) + layer["hh.bias"]
            (read_r, read_z, read_n), (r, z, n) = (np.split(g, 3) for g in (read, kept))
            r, z = sigmoid(read_r + r), sigmoid(read_z + z)
            n = tanh(read_n + r * n)
            states.append((1.0 - z) * n + z * h)
        x = np.stack(states)
    return x


def _convolved(x: Array, kernel: Array, pairs: str) -> tuple[Array, Array, Array]:
    require_one_of("pairs", pairs, ("dense", "masked"))
    k = kernel.shape[2]
    slots = window(len(x), size=k, left=k - 1)
    if pairs == "dense":
        mixed = contract("irc,ocr->io", slots.read(x), kernel)
    else:
        rows = (slots.of(i).read(x) for i in range(len(x)))
        kernels = (kernel[..., slots.allowed[i]] for i in range(len(x)))
        mixed = np.concatenate(
            [contract("irc,ocr->io", r, w) for r, w in zip(rows, kernels, strict=True)]
        )
    z, f, o = np.split(mixed, 3, axis=1)
    return sigmoid(f), tanh(z), sigmoid(o)


def _minimal_gates(x: Array, layer: Layer) -> tuple[Array, Array]:
    z = sigmoid(_affine(x, layer, "linear_z"))
    return 1.0 - z, z * _affine(x, layer, "linear_h")


def _minimal_memory(x: Array, layer: Layer) -> tuple[Array, Array]:
    f, i = (sigmoid(_affine(x, layer, f"linear_{gate}")) for gate in "fi")
    both = f + i
    return f / both, i / both * _affine(x, layer, "linear_h")


def _affine(x: Array, layer: Layer, name: str) -> Array:
    return linear(x, layer[f"{name}.weight"], layer[f"{name}.bias"])
