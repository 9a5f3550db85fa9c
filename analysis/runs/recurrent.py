"""Recurrent networks, as torch.nn.RNN, LSTM and GRU compute them.

References: Elman 1990, *Finding Structure in Time*; Hochreiter and Schmidhuber 1997, *Long
Short-Term Memory* (with the forget gate of Gers et al. 2000); Cho et al. 2014 for the GRU, in the
variant of torch.nn, whose reset gate acts after the recurrent product; Schuster and Paliwal 1997,
*Bidirectional Recurrent Neural Networks*.

The first state is zero, and it takes part like any other: the product with it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .operations import Array, contract, linear, sigmoid, tanh, zeros
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]
Pass = Callable[[Array, Layer, str], Array]


def rnn(x: Array, layers: Layers) -> Array:
    """Run a stack of tanh recurrent layers on x [n, d]."""
    return _stack(_rnn, x, layers)


def lstm(x: Array, layers: Layers) -> Array:
    """Run a stack of LSTM layers on x [n, d]."""
    return _stack(_lstm, x, layers)


def gru(x: Array, layers: Layers) -> Array:
    """Run a stack of GRU layers on x [n, d]."""
    return _stack(_gru, x, layers)


def bidirectional_rnn(x: Array, layers: Layers) -> Array:
    """Run tanh recurrent layers in both directions on x [n, d], giving [n, 2d]."""
    return _both_ways(_rnn, x, layers)


def bidirectional_lstm(x: Array, layers: Layers) -> Array:
    """Run LSTM layers in both directions on x [n, d], giving [n, 2d]."""
    return _both_ways(_lstm, x, layers)


def bidirectional_gru(x: Array, layers: Layers) -> Array:
    """Run GRU layers in both directions on x [n, d], giving [n, 2d]."""
    return _both_ways(_gru, x, layers)


def _stack(one_pass: Pass, x: Array, layers: Layers) -> Array:
    for layer in layers:
        x = one_pass(enter(x), layer, "")
    return x


def _both_ways(one_pass: Pass, x: Array, layers: Layers) -> Array:
    for layer in layers:
        x = enter(x)
        forward = one_pass(x, layer, "")
        backward = one_pass(x[::-1], layer, "_reverse")[::-1]
        x = np.concatenate([forward, backward], axis=1)
    return x


def _read(x: Array, layer: Layer, end: str) -> Array:
    return linear(x, layer[f"weight_ih{end}"], layer[f"bias_ih{end}"])


def _remember(h: Array, layer: Layer, end: str) -> Array:
    return np.asarray(contract("d,gd->g", h, layer[f"weight_hh{end}"]) + layer[f"bias_hh{end}"])


def _rnn(x: Array, layer: Layer, end: str) -> Array:
    states = [_start(layer, end)]
    for read in _read(x, layer, end):
        h = recur(states[-1])
        states.append(tanh(read + _remember(h, layer, end)))
    return np.stack(states[1:])


def _lstm(x: Array, layer: Layer, end: str) -> Array:
    states, c = [_start(layer, end)], _start(layer, end)
    for read in _read(x, layer, end):
        h, c = recur(states[-1]), recur(c)
        i, f, g, o = np.split(read + _remember(h, layer, end), 4)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        states.append(sigmoid(o) * tanh(c))
    return np.stack(states[1:])


def _gru(x: Array, layer: Layer, end: str) -> Array:
    states = [_start(layer, end)]
    for read in _read(x, layer, end):
        h = recur(states[-1])
        (read_r, read_z, read_n), (r, z, n) = (
            np.split(gates, 3) for gates in (read, _remember(h, layer, end))
        )
        r, z = sigmoid(read_r + r), sigmoid(read_z + z)
        n = tanh(read_n + r * n)
        states.append((1.0 - z) * n + z * h)
    return np.stack(states[1:])


def _start(layer: Layer, end: str) -> Array:
    weight = layer[f"weight_hh{end}"]
    return zeros((weight.shape[1],), like=weight)
