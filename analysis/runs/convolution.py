"""Convolutions over a sequence, as torch.nn.Conv1d with zero padding computes them.

`pairs` says what is computed at the borders: "dense" takes all k slots and reads zeros outside the
sequence, "masked" takes only the slots inside. The numbers are the same.

References: van den Oord et al. 2016, *WaveNet* (causal and dilated); Kalchbrenner et al. 2016,
*Neural Machine Translation in Linear Time*; Kaiser et al. 2018, *Depthwise Separable Convolutions
for Neural Machine Translation*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_odd, require_one_of
from .operations import Array, contract, linear, relu, sigmoid, tanh, zeros
from .slots import Slots, window
from .steps import enter

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def convolution(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Convolve x [n, d] with a centred kernel of odd width k, in each layer."""
    for layer in layers:
        slots = _centred(len(x), layer["weight"].shape[2])
        x = _convolve("irc,ocr->io", enter(x), layer["weight"], slots, pairs) + layer["bias"]
    return x


def causal_convolution(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Convolve x [n, d] so that position i reads i - k + 1 to i, in each layer."""
    return _causal(x, layers, [1] * len(layers), pairs)


def dilated_convolution(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Convolve x [n, d] causally, with dilation 1, k, k^2, ... from layer to layer."""
    dilations = [layer["weight"].shape[2] ** level for level, layer in enumerate(layers)]
    return _causal(x, layers, dilations, pairs)


def separable_convolution(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Convolve each channel of x [n, d] by itself (centred), then mix channels, in each layer."""
    for layer in layers:
        kernel = layer["depthwise.weight"]
        slots = _centred(len(x), kernel.shape[2])
        x = _convolve("irc,cr->ic", enter(x), kernel[:, 0], slots, pairs) + layer["depthwise.bias"]
        x = linear(x, layer["pointwise.weight"][:, :, 0], layer["pointwise.bias"])
    return x


def tcn(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Pass x [n, d] through blocks of two causal convolutions with dilation 2^l and a residual."""
    for level, layer in enumerate(layers):
        y = x
        for name in ("conv1", "conv2"):
            y = relu(_named(enter(y), layer, name, 2**level, pairs))
        x = relu(x + y)
    return x


def wavenet(x: Array, layers: Layers, *, pairs: str = "dense") -> Array:
    """Pass x [n, d] through gated causal convolutions with dilation 2^l, and sum their skips.

    The last layer has no residual: nothing would read it.
    """
    x = linear(x, layers[0]["causal.weight"], layers[0]["causal.bias"])
    skips = zeros(x.shape, like=x)
    for level, layer in enumerate(layers):
        x, skips = enter(x), enter(skips)
        shape, gate = (_named(x, layer, name, 2**level, pairs) for name in ("filter", "gate"))
        z = tanh(shape) * sigmoid(gate)
        skips = skips + linear(z, layer["skip.weight"], layer["skip.bias"])
        if level < len(layers) - 1:
            x = x + linear(z, layer["residual.weight"], layer["residual.bias"])
    return skips


def _named(x: Array, layer: Layer, name: str, dilation: int, pairs: str) -> Array:
    kernel = layer[f"{name}.weight"]
    slots = window(len(x), size=kernel.shape[2], left=kernel.shape[2] - 1, dilation=dilation)
    return _convolve("irc,ocr->io", x, kernel, slots, pairs) + layer[f"{name}.bias"]


def _causal(x: Array, layers: Layers, dilations: Sequence[int], pairs: str) -> Array:
    for layer, dilation in zip(layers, dilations, strict=True):
        k = layer["weight"].shape[2]
        slots = window(len(x), size=k, left=k - 1, dilation=dilation)
        x = _convolve("irc,ocr->io", enter(x), layer["weight"], slots, pairs) + layer["bias"]
    return x


def _centred(n: int, k: int) -> Slots:
    require_odd("k", k)
    return window(n, size=k, left=(k - 1) // 2)


def _convolve(pattern: str, x: Array, kernel: Array, slots: Slots, pairs: str) -> Array:
    """Contract the slots of each position with a kernel whose last axis is the slot."""
    require_one_of("pairs", pairs, ("dense", "masked"))
    if pairs == "dense":
        return contract(pattern, slots.read(x), kernel)
    rows = [
        contract(pattern, slots.of(i).read(x), kernel[..., slots.allowed[i]]) for i in range(len(x))
    ]
    return np.concatenate(rows)
