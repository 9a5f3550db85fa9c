"""Recurrent layers as in torch.nn: Elman 1990, Hochreiter and Schmidhuber 1997, Cho et al. 2014."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..operations import concatenate, layer, linear, scan, sigmoid, split, stack, tanh, zeros
from ..sizes import Sized, poly
from ..tracing import Array, model

Cell = Callable[..., Array]


def elman(x: Array, width: Sized, *, reverse: bool = False) -> Array:
    """One direction of torch.nn.RNN: h = tanh((W x + b) + (U h + b'))."""
    suffix = "_reverse" if reverse else ""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = tanh(linear(x, width, name=f"ih{suffix}") + linear(h, width, name=f"hh{suffix}"))
        return h, h

    return scan(step, zeros(width), x, reverse=reverse)[1]


def memory_cell(carry: Any, x: Array, suffix: str = "") -> tuple[Array, Array]:
    """One step of torch.nn.LSTMCell, from any input."""
    h, c = carry
    width = 4 * h.axes[-1].extent
    gates = linear(x, width, name=f"ih{suffix}") + linear(h, width, name=f"hh{suffix}")
    i, f, g, o = split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def long_short_term(x: Array, width: Sized, *, reverse: bool = False) -> Array:
    """One direction of torch.nn.LSTM."""
    suffix = "_reverse" if reverse else ""

    def step(carry: Any, x: Array) -> tuple[Any, Array]:
        h, c = memory_cell(carry, x, suffix)
        return (h, c), h

    return scan(step, (zeros(width), zeros(width)), x, reverse=reverse)[1]


def gated_cell(h: Array, x: Array, suffix: str = "") -> Array:
    """One step of torch.nn.GRUCell, from any input."""
    width = h.axes[-1].extent
    xr, xz, xn = split(linear(x, 3 * width, name=f"ih{suffix}"), 3)
    hr, hz, hn = split(linear(h, 3 * width, name=f"hh{suffix}"), 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    candidate = tanh(xn + r * hn)
    return (1 - z) * candidate + z * h


def gated_unit(x: Array, width: Sized, *, reverse: bool = False) -> Array:
    """One direction of torch.nn.GRU."""
    suffix = "_reverse" if reverse else ""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = gated_cell(h, x, suffix)
        return h, h

    return scan(step, zeros(width), x, reverse=reverse)[1]


def stacked(cell: Cell, x: Array, depth: Sized) -> Array:
    """Apply layers of one direction, all of the input's width."""
    width = x.axes[-1].extent
    return stack(layer(lambda x: cell(x, width)), x, depth)


def bidirectional(cell: Cell, x: Array, depth: Sized) -> Array:
    """Apply layers of both directions: the first reads d components, the others 2 d."""
    width = x.axes[-1].extent

    @layer
    def both(x: Array) -> Array:
        return concatenate(cell(x, width), cell(x, width, reverse=True))

    first = stack(both, x, 1, name="first")
    return stack(both, first, poly(depth) - 1, name="rest")


@model("n d")
def rnn(x: Array, *, L: Sized = 1) -> Array:
    """Elman network, as torch.nn.RNN(d, d, num_layers=L)."""
    return stacked(elman, x, L)


@model("n d")
def lstm(x: Array, *, L: Sized = 1) -> Array:
    """Long short-term memory, as torch.nn.LSTM(d, d, num_layers=L)."""
    return stacked(long_short_term, x, L)


@model("n d")
def gru(x: Array, *, L: Sized = 1) -> Array:
    """Gated recurrent unit, as torch.nn.GRU(d, d, num_layers=L)."""
    return stacked(gated_unit, x, L)


@model("n d")
def bidirectional_rnn(x: Array, *, L: Sized = 1) -> Array:
    """Elman network in both directions, as torch.nn.RNN(d, d, num_layers=L, bidirectional=True)."""
    return bidirectional(elman, x, L)


@model("n d")
def bidirectional_lstm(x: Array, *, L: Sized = 1) -> Array:
    """LSTM in both directions, as torch.nn.LSTM(d, d, num_layers=L, bidirectional=True)."""
    return bidirectional(long_short_term, x, L)


@model("n d")
def bidirectional_gru(x: Array, *, L: Sized = 1) -> Array:
    """GRU in both directions, as torch.nn.GRU(d, d, num_layers=L, bidirectional=True)."""
    return bidirectional(gated_unit, x, L)
