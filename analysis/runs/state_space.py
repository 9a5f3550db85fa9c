"""Linear recurrences with states for each channel, or for all of them together.

References: Gu et al. 2022, *Efficiently modeling long sequences with structured state spaces*,
equation 3 (the bilinear rule, with Woodbury's identity for its inverse); Gu et al. 2022, *On the
parameterization and initialization of diagonal state space models*; Smith et al. 2023, *Simplified
state space layers*, equations 2 and 6; De et al. 2024, *Griffin*, equations 1 to 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .linear_recurrence import carried, gated, scanned
from .operations import Array, contract, exp, linear, sigmoid, softplus, sqrt, tanh_gelu, zeros
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def s4(x: Array, layers: Layers) -> Array:
    """Run S4 on x [n, d]: for each channel a diagonal matrix less one of rank one."""
    for layer in layers:
        given = enter(x)
        rate, p, q = -exp(layer["A_log"]), layer["P"], layer["Q"]
        twice = (2.0 / exp(layer["dt_log"]))[:, None]
        inverse = 1.0 / (twice - rate)
        scaled = inverse * p
        left = scaled / (1.0 + contract("is,is->i", q, scaled))[:, None]
        both, into = twice + rate, 2.0 * layer["B"]
        h, rows = zeros(rate.shape, like=x), []
        for own in given:
            h = recur(h)
            h = both * h - p * contract("is,is->i", q, h)[:, None] + into * own[:, None]
            h = inverse * h
            h = h - left * contract("is,is->i", q, h)[:, None]
            rows.append(h)
        x = _closed(contract("nis,is->ni", np.stack(rows), layer["C"]), given, layer)
    return x


def s4d(x: Array, layers: Layers) -> Array:
    """Run S4D on x [n, d]: for each channel states that decay on their own."""
    for layer in layers:
        given = enter(x)
        rate = -exp(layer["A_log"])
        step = rate * exp(layer["dt_log"])[:, None]
        decay, into = exp(step), (exp(step) - 1.0) / rate * layer["B"]
        h, rows = zeros(rate.shape, like=x), []
        for own in given[:, :, None] * into:
            h = decay * recur(h) + own
            rows.append(h)
        x = _closed(contract("nis,is->ni", np.stack(rows), layer["C"]), given, layer)
    return x


def s5_recurrent(x: Array, layers: Layers) -> Array:
    """Run S5 on x [n, d]: one state for all channels."""
    return _shared(x, layers, carried)


def s5(x: Array, layers: Layers) -> Array:
    """Run the same layers, their states as an associative scan."""
    return _shared(x, layers, scanned)


def rg_lru(x: Array, layers: Layers) -> Array:
    """Run the real-gated linear recurrent unit on x [n, d]."""
    return gated(x, layers, _gates, carried)


def rg_lru_scan(x: Array, layers: Layers) -> Array:
    """Run the same layers, their states as an associative scan."""
    return gated(x, layers, _gates, scanned)


def _shared(x: Array, layers: Layers, states: Callable[[Array, Array], Array]) -> Array:
    for layer in layers:
        given = enter(x)
        rate = -exp(layer["A_log"])
        step = rate * exp(layer["dt_log"])
        drive = contract("td,sd->ts", given, layer["B.weight"]) * ((exp(step) - 1.0) / rate)
        h = states(np.stack([exp(step)] * len(x)), drive)
        x = _closed(contract("ts,ds->td", h, layer["C.weight"]), given, layer)
    return x


def _gates(x: Array, layer: Layer) -> tuple[Array, Array]:
    gate, kept = (
        sigmoid(linear(x, layer[f"{name}.weight"], layer[f"{name}.bias"]))
        for name in ("input_gate", "recurrent_gate")
    )
    decay = exp(-8.0 * softplus(layer["recurrent_param"]) * kept)
    return decay, sqrt(1.0 - decay * decay) * (gate * x)


def _closed(y: Array, x: Array, layer: Layer) -> Array:
    """Add the input, and mix channels."""
    shown = tanh_gelu(y + layer["D"] * x)
    return linear(shown, layer["output.weight"], layer["output.bias"])
