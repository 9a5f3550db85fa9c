"""Recurrent layers whose matrices leave the loop, or whose loop leaps.

References: Bradbury et al. 2017, *Quasi-Recurrent Neural Networks*; Lei et al. 2018, *Simple
Recurrent Units for Highly Parallelizable Recurrence*; Feng et al. 2024, *Were RNNs All We Needed?*;
Chang et al. 2017, *Dilated Recurrent Neural Networks*.
"""

from __future__ import annotations

from ..operations import (
    einsum,
    gather,
    layer,
    linear,
    parameter,
    scan,
    sigmoid,
    split,
    stack,
    tanh,
    zeros,
)
from ..relations import Relation
from ..sizes import Sized, power
from ..tracing import Array, model
from .linear_recurrence import states
from .recurrent import gated_cell


@layer
def quasi_recurrent(x: Array, k: Sized, *, parallel: bool) -> Array:
    """Three causal convolutions, and fo-pooling: c' = f c + (1 - f) z, y = o c'."""
    d, window = x.axes[-1].extent, gather(x, Relation.window(k))
    z, f, o = split(einsum("k i, o i k -> o", window, parameter("conv.weight", 3 * d, d, k)), 3)
    forget = sigmoid(f)
    return sigmoid(o) * states(forget, (1 - forget) * tanh(z), parallel=parallel)


@model("n d")
def qrnn(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """QRNN with fo-pooling over convolutions of k positions (Bradbury et al. 2017, eq. 1 to 5)."""
    return stack(lambda x: quasi_recurrent(x, k, parallel=False), x, L)


@model("n d")
def qrnn_scan(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """QRNN whose fo-pooling, being linear in c, is an associative scan (Bradbury et al. 2017)."""
    return stack(lambda x: quasi_recurrent(x, k, parallel=True), x, L)


@layer
def minimal_gated(x: Array, *, parallel: bool) -> Array:
    """Carry (1 - z) h + z candidate; neither gate nor candidate reads h."""
    d = x.axes[-1].extent
    z = sigmoid(linear(x, d, name="linear_z"))
    return states(1 - z, z * linear(x, d, name="linear_h"), parallel=parallel)


@model("n d")
def min_gru(x: Array, *, L: Sized = 1) -> Array:
    """Minimal GRU, one step after another (Feng et al. 2024, Section 3.1)."""
    return stack(lambda x: minimal_gated(x, parallel=False), x, L)


@model("n d")
def min_gru_scan(x: Array, *, L: Sized = 1) -> Array:
    """Minimal GRU as an associative scan (Feng et al. 2024, Section 3.1)."""
    return stack(lambda x: minimal_gated(x, parallel=True), x, L)


@layer
def minimal_memory(x: Array, *, parallel: bool) -> Array:
    """Carry f/(f + i) c + i/(f + i) candidate; neither gates nor candidate read c."""
    d = x.axes[-1].extent
    f, i = (sigmoid(linear(x, d, name=f"linear_{gate}")) for gate in "fi")
    both = f + i
    return states(f / both, i / both * linear(x, d, name="linear_h"), parallel=parallel)


@model("n d")
def min_lstm(x: Array, *, L: Sized = 1) -> Array:
    """Minimal LSTM, one step after another (Feng et al. 2024, Section 3.2)."""
    return stack(lambda x: minimal_memory(x, parallel=False), x, L)


@model("n d")
def min_lstm_scan(x: Array, *, L: Sized = 1) -> Array:
    """Minimal LSTM as an associative scan (Feng et al. 2024, Section 3.2)."""
    return stack(lambda x: minimal_memory(x, parallel=True), x, L)


@layer
def simple_unit(x: Array) -> Array:
    """Gates that read the carry component by component, and a highway past it."""
    d = x.axes[-1].extent
    f_in, r_in = linear(x, d, name="linear_f"), linear(x, d, name="linear_r")
    value = linear(x, d, name="linear", bias=False)
    to_f, to_r = parameter("v_f", d), parameter("v_r", d)

    def step(c: Array, inputs: tuple[Array, ...]) -> tuple[Array, tuple[Array, Array]]:
        f_in, r_in, value = inputs
        f, r = sigmoid(f_in + to_f * c), sigmoid(r_in + to_r * c)
        c = f * c + (1 - f) * value
        return c, (c, r)

    c, r = scan(step, zeros(d), (f_in, r_in, value))[1]
    return r * c + (1 - r) * x


@model("n d")
def sru(x: Array, *, L: Sized = 1) -> Array:
    """Simple recurrent unit with a highway connection (Lei et al. 2018, eq. 1 to 4)."""
    return stack(simple_unit, x, L)


@model("n d")
def dilated_rnn(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """GRU layers, layer l of which carries over k**l positions (Chang et al. 2017, eq. 1 and 4)."""

    @layer
    def leaping(x: Array, l: Sized) -> Array:
        def step(h: Array, x: Array) -> tuple[Array, Array]:
            h = gated_cell(h, x)
            return h, h

        return scan(step, zeros(x.axes[-1].extent), x, distance=power(k, l))[1]

    return stack(leaping, x, L)
