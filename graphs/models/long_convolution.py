"""Mixing by transforms: Hyena's implicit long convolutions, FNet's Fourier transforms.

References: Poli et al. 2023, *Hyena hierarchy*; Lee-Thorp et al. 2022, *FNet*.
"""

from __future__ import annotations

from ..operations import (
    einsum,
    elementwise,
    exp,
    fourier,
    gather,
    gelu,
    layer,
    layer_norm,
    linear,
    long_convolution,
    parameter,
    softplus,
    split,
    stack,
)
from ..relations import Relation
from ..sizes import Sized, poly
from ..tables import positions, sinusoids
from ..tracing import Array, model


def filters(x: Array, count: int, e: Sized, f: Sized) -> tuple[Array, ...]:
    """Return kernels by a network of positions, which decay along the sequence."""
    d = x.axes[-1].extent
    y = sinusoids(x, 2 * poly(e))
    for k in range(2):
        y = elementwise("sin", linear(y, f, name=f"filter.{k}"))
    y = linear(y, count * d, name="filter.out", bias=False)
    rates = softplus(parameter("filter.rates", count * d))
    return split(y * exp(-(rates * positions(x))), count)


def short(x: Array, k: Sized) -> Array:
    """Convolve each channel with the last k positions of its own."""
    d = x.axes[-1].extent
    window = gather(x, Relation.window(k))
    mixed = einsum("k i, i k -> i", window, parameter("short.weight", d, k))
    return mixed + parameter("short.bias", d)


@layer
def order_two(x: Array, k: Sized, e: Sized, f: Sized) -> Array:
    """Convolve and multiply, twice: an operator of order two."""
    d = x.axes[-1].extent
    *gates, y = split(short(linear(x, 3 * d, name="in_proj"), k), 3)
    for n, (gate, kernel) in enumerate(zip(gates, filters(x, 2, e, f), strict=True)):
        y = gate * (long_convolution(y, kernel) + parameter(f"skip.{n}", d) * y)
    return linear(y, d, name="out_proj")


@model("n d", e=4)
def hyena(x: Array, *, k: Sized = 3, e: Sized = "e", f: Sized = "f", L: Sized = 1) -> Array:
    """Hyena operator of order 2; filters by a network of f components from e waves."""
    return stack(lambda x: order_two(x, k=k, e=e, f=f), x, L)


@model("n d")
def fnet(x: Array, *, f: Sized = "f", L: Sized = 1) -> Array:
    """FNet's encoder: a Fourier transform of components and positions in place of attention."""

    def block(x: Array) -> Array:
        x = layer_norm(x + layer(transformed)(x), name="fourier.output", epsilon=1e-12)
        return layer_norm(x + wide(x, f=f), name="output", epsilon=1e-12)

    return stack(block, x, L)


def transformed(x: Array) -> Array:
    """Real part of the transform along components and positions."""
    return fourier(fourier(x, x.axes[-1], found=2), given=2)


@layer
def wide(x: Array, f: Sized) -> Array:
    """Two linear maps with a Gaussian error linear unit between them."""
    inner = gelu(linear(x, f, name="intermediate.dense"))
    return linear(inner, x.axes[-1].extent, name="output.dense")
