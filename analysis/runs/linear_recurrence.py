"""The elementwise linear recurrence h_t = a_t h_{t-1} + b_t, step by step and as a scan.

Its steps compose: (a1, b1) then (a2, b2) is (a2 a1, a2 b1 + b2), so a parallel prefix applies.

References: Blelloch 1990, *Prefix Sums and Their Applications*, Section 1.4; Martin and Cundy 2018,
*Parallelizing Linear Recurrent Neural Nets Over Sequence Length*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .operations import Array, zeros
from .steps import Elements, associative_scan, enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def linear_recurrence(a: Array, b: Array) -> Array:
    """Run the recurrence from h = 0 one position after another; a and b are [n, d]."""
    return carried(enter(a), enter(b))


def linear_recurrence_scan(a: Array, b: Array) -> Array:
    """Run the recurrence from h = 0 as an associative scan; a and b are [n, d]."""
    return scanned(enter(a), enter(b))


def carried(a: Array, b: Array) -> Array:
    """Return all states, one after another."""
    states = [zeros(b.shape[1:], like=b)]
    for a_t, b_t in zip(a, b, strict=True):
        states.append(a_t * recur(states[-1]) + b_t)
    return np.stack(states[1:])


def scanned(a: Array, b: Array) -> Array:
    """Return all states as prefixes of composed steps."""
    return associative_scan(_compose, (a, b))[1]


def gated(
    x: Array,
    layers: Layers,
    gates: Callable[[Array, Layer], tuple[Array, Array]],
    states: Callable[[Array, Array], Array],
) -> Array:
    """Run layers whose gates read positions and no state: what is kept, and what is added."""
    for layer in layers:
        x = states(*gates(enter(x), layer))
    return x


def _compose(earlier: Elements, later: Elements) -> Elements:
    (a1, b1), (a2, b2) = earlier, later
    return a2 * a1, a2 * b1 + b2
