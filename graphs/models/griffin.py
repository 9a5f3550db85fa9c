"""The real-gated linear recurrent unit (De et al. 2024, *Griffin*)."""

from __future__ import annotations

from ..operations import exp, layer, linear, parameter, sigmoid, softplus, sqrt, stack
from ..sizes import Sized
from ..tracing import Array, model
from .linear_recurrence import states

RATE = 8.0
"""By how much gates sharpen decays."""


@layer
def unit(x: Array, *, parallel: bool = False) -> Array:
    """Recur as h = a h + sqrt(1 - a**2) (i x); the decay a and the gate i depend on the input."""
    d = x.axes[-1].extent
    gate, kept = (sigmoid(linear(x, d, name=name)) for name in ("input_gate", "recurrent_gate"))
    decay = exp(-RATE * softplus(parameter("recurrent_param", d)) * kept)
    drive = sqrt(1.0 - decay * decay) * (gate * x)
    return states(decay, drive, parallel=parallel)


@model("n d")
def rg_lru(x: Array, *, L: Sized = 1) -> Array:
    """Real-gated linear recurrent unit, one state after another."""
    return stack(unit, x, L)


@model("n d")
def rg_lru_scan(x: Array, *, L: Sized = 1) -> Array:
    """Real-gated linear recurrent unit, all states as prefixes."""
    return stack(lambda x: unit(x, parallel=True), x, L)
