"""Convolutions along the sequence, as torch.nn.Conv1d(d, d, k) with zero padding."""

from __future__ import annotations

from ..operations import einsum, gather, layer, linear, parameter, stack
from ..relations import Relation
from ..sizes import Sized, power
from ..tracing import Array, model


@layer
def convolve(x: Array, relation: Relation, k: Sized) -> Array:
    """One contraction over the window and the channels."""
    d = x.axes[-1].extent
    mixed = einsum("k i, o i k -> o", gather(x, relation), parameter("weight", d, d, k))
    return mixed + parameter("bias", d)


@model("n d")
def convolution(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """Contiguous convolution, centred (k odd), as torch.nn.Conv1d(d, d, k, padding='same')."""
    return stack(lambda x: convolve(x, Relation.window(k, centred=True), k), x, L)


@model("n d")
def causal_convolution(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """Convolution over the last k positions, as torch.nn.Conv1d(d, d, k) padded on the left."""
    return stack(lambda x: convolve(x, Relation.window(k), k), x, L)


@model("n d")
def dilated_convolution(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """Causal convolutions, dilation k**l in layer l, as torch.nn.Conv1d(d, d, k, dilation=k**l)."""
    return stack(lambda x, l: convolve(x, Relation.window(k, dilation=power(k, l)), k), x, L)


@model("n d")
def separable_convolution(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """Depthwise then pointwise, as torch.nn.Conv1d(d, d, k, groups=d), torch.nn.Conv1d(d, d, 1)."""

    @layer
    def block(x: Array) -> Array:
        d = x.axes[-1].extent
        window = gather(x, Relation.window(k, centred=True))
        mixed = einsum("k i, i k -> i", window, parameter("depthwise.weight", d, k))
        return linear(mixed + parameter("depthwise.bias", d), d, name="pointwise")

    return stack(block, x, L)
