"""The linear recurrence h_t = a_t * h_{t-1} + b_t, as a loop and as an associative scan."""

from __future__ import annotations

from typing import Any

from ..operations import associative_scan, layer, scan, zeros
from ..tracing import Array, model


@model("n d", "n d")
@layer
def linear_recurrence(a: Array, b: Array) -> Array:
    """Elementwise linear recurrence, one step after another."""

    def step(h: Array, x: Any) -> tuple[Array, Array]:
        a, b = x
        h = a * h + b
        return h, h

    return scan(step, zeros(a.axes[-1].extent), (a, b))[1]


@model("n d", "n d")
@layer
def linear_recurrence_scan(a: Array, b: Array) -> Array:
    """The same recurrence as prefixes of composed affine maps (Blelloch 1990)."""

    def combine(early: Any, late: Any) -> Any:
        (a1, b1), (a2, b2) = early, late
        return a2 * a1, a2 * b1 + b2

    return associative_scan(combine, (a, b), identity=(1.0, 0.0))[1]
