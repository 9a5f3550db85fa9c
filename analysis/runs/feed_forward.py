"""The position-wise feed-forward network of Vaswani et al. 2017, Section 3.3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .operations import Array, linear, relu
from .steps import enter

Layer = Mapping[str, Array]


def feed_forward(x: Array, layers: Sequence[Layer]) -> Array:
    """Apply linear maps d to f and f to d with relu between them to x [n, d], in each layer."""
    for layer in layers:
        hidden = relu(linear(enter(x), layer["linear1.weight"], layer["linear1.bias"]))
        x = linear(hidden, layer["linear2.weight"], layer["linear2.bias"])
    return x
