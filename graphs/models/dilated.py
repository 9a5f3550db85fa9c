"""Stacks of dilated causal convolutions: residual blocks, gates and skips.

References: van den Oord et al. 2016, *WaveNet*; Kalchbrenner et al. 2016, *Neural machine
translation in linear time* (ByteNet); Bai et al. 2018, *An empirical evaluation of generic
convolutional and recurrent networks* (TCN).
"""

from __future__ import annotations

from ..operations import (
    einsum,
    everywhere,
    gather,
    layer,
    layer_norm,
    linear,
    parameter,
    relu,
    sigmoid,
    stack,
    tanh,
    zeros_like,
)
from ..relations import Relation
from ..sizes import Poly, Sized, poly, power
from ..tracing import Array, model


def convolved(x: Array, k: Sized, dilation: Sized, out: Sized, name: str) -> Array:
    """Convolve the last k positions at a dilation, from all channels to ``out``."""
    window = gather(x, Relation.window(k, dilation=dilation))
    weight = parameter(f"{name}.weight", out, x.axes[-1].extent, k)
    return einsum("k i, o i k -> o", window, weight) + parameter(f"{name}.bias", out)


@model("n d")
def tcn(x: Array, *, k: Sized = "k", L: Sized = 1) -> Array:
    """Temporal convolutional network: blocks of two convolutions, dilation 2**l in block l."""

    def block(x: Array, l: Poly) -> Array:
        d, dilation = x.axes[-1].extent, power(2, l)
        y = relu(layer(convolved)(x, k=k, dilation=dilation, out=d, name="conv1"))
        y = relu(layer(convolved)(y, k=k, dilation=dilation, out=d, name="conv2"))
        return relu(x + y)

    return stack(block, x, L)


@model("n d")
def wavenet(x: Array, *, k: Sized = 2, L: Sized = 1) -> Array:
    """WaveNet's stack: gated convolutions, dilation 2**l in layer l, and the sum of their skips.

    The last layer stands apart, since nothing reads its residual.
    """

    @layer
    def block(carried: Array, skipped: Array, l: Poly) -> tuple[Array, Array]:
        d, dilation = carried.axes[-1].extent, power(2, l)
        shape = tanh(convolved(carried, k, dilation, d, "filter"))
        gated = shape * sigmoid(convolved(carried, k, dilation, d, "gate"))
        return carried + linear(gated, d, name="residual"), skipped + linear(gated, d, name="skip")

    first = linear(x, x.axes[-1].extent, name="causal")
    none = everywhere(zeros_like(x), x)
    before = stack(lambda both, l: block(*both, l), (first, none), poly(L) - 1)
    _, skips = stack(lambda both: block(*both, poly(L) - 1), before, 1, name="last")
    return skips


@model("n d")
def bytenet(x: Array, *, k: Sized = "k", f: Sized = "f", L: Sized = 1) -> Array:
    """ByteNet's decoder: residual blocks of f channels, half of d there, dilation 2**l in block l."""

    @layer
    def block(x: Array, l: Poly) -> Array:
        d = x.axes[-1].extent
        y = linear(relu(layer_norm(x, name="norm1")), f, name="reduce")
        y = relu(layer_norm(y, name="norm2"))
        y = convolved(y, k, power(2, l), f, "conv")
        return x + linear(relu(layer_norm(y, name="norm3")), d, name="expand")

    return stack(block, x, L)
