"""The linear recurrence h_t = a_t * h_{t-1} + b_t, as a loop and as an associative scan."""

from __future__ import annotations

from typing import Any

from ..operations import associative_scan, layer, scan, zeros
from ..tracing import Array, model


def states(decay: Array, drive: Array, *, parallel: bool = False) -> Array:
    """All states of h' = decay h + drive, one step after another or as prefixes."""
    if parallel:
        return associative_scan(
            lambda early, late: (late[0] * early[0], late[0] * early[1] + late[1]),
            (decay, drive),
            identity=(1.0, 0.0),
        )[1]

    def step(h: Array, inputs: Any) -> tuple[Array, Array]:
        decay, drive = inputs
        h = decay * h + drive
        return h, h

    return scan(step, zeros(*(a.extent for a in drive.axes)), (decay, drive))[1]


@model("n d", "n d")
@layer
def linear_recurrence(a: Array, b: Array) -> Array:
    """Elementwise linear recurrence, one step after another."""
    return states(a, b)


@model("n d", "n d")
@layer
def linear_recurrence_scan(a: Array, b: Array) -> Array:
    """The same recurrence as prefixes of composed affine maps (Blelloch 1990)."""
    return states(a, b, parallel=True)
