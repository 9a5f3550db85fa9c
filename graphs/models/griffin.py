"""The real-gated linear recurrent unit (De et al. 2024, *Griffin*)."""

from __future__ import annotations

from ..operations import elementwise, exp, gelu, layer, linear, parameter, sigmoid, softplus, sqrt, stack
from ..relations import Relation
from ..sizes import Sized
from ..tracing import Array, model
from .language.mamba import recurrence

RATE = 8.0
"""By how much gates sharpen decays."""


def unit(x: Array, *, parallel: bool) -> Array:
    """h = a h + sqrt(1 - a**2) (i x), where a decay a and a gate i depend on the input."""
    d = x.axes[-1].extent
    gate, kept = (sigmoid(linear(x, d, name=name)) for name in ("input_gate", "recurrent_gate"))
    decay = exp(-RATE * softplus(parameter("recurrent_param", d)) * kept)
    drive = sqrt(1.0 - decay * decay) * (gate * x)
    return recurrence(decay, drive, parallel=parallel)
