"""Complex numbers as two arrays: sums, products and reciprocals by operations on real numbers.

A product is four products and two sums, six operations as :class:`.primitives.Fourier` counts them.

>>> from .operations import linear
>>> from .tracing import model, trace
>>> @model("n d")
... def squared(x):
...     z = Complex(linear(x, "d", name="left"), linear(x, "d", name="right"))
...     return (z * z).imag
...
>>> sum(e.name.startswith("multiply") for e in trace(squared))
2
"""

from __future__ import annotations

from dataclasses import dataclass

from .graph import Axis
from .operations import concatenate, einsum
from .primitives import Spread
from .sizes import poly
from .tracer import Array, current

__all__ = ["Complex"]


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex number for each component."""

    real: Array
    imag: Array

    def __add__(self, other: Complex | float) -> Complex:
        if isinstance(other, Complex):
            return Complex(self.real + other.real, self.imag + other.imag)
        return Complex(self.real + other, self.imag)

    def __sub__(self, other: Complex) -> Complex:
        return Complex(self.real - other.real, self.imag - other.imag)

    def __mul__(self, other: Complex | float) -> Complex:
        if not isinstance(other, Complex):
            return Complex(self.real * other, self.imag * other)
        real = self.real * other.real - self.imag * other.imag
        return Complex(real, self.real * other.imag + self.imag * other.real)

    def reciprocal(self) -> Complex:
        """Return 1/z: the conjugate divided by the squared size."""
        size = self.real * self.real + self.imag * self.imag
        return Complex(self.real / size, -self.imag / size)

    def summed(self, pattern: str, weights: Array) -> Complex:
        """Contract real weights with either part; the pattern is that of ``einsum``."""
        return Complex(einsum(pattern, weights, self.real), einsum(pattern, weights, self.imag))

    def parts(self) -> Array:
        """Return both parts on one last axis, as ``fourier`` takes them."""
        axes = (*self.real.axes, Axis("1", poly(1)))
        wide = Spread(axes, tuple(range(len(axes) - 1)))
        return concatenate(*(current().apply("spread", wide, a) for a in (self.real, self.imag)))
