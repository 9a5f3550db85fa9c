"""The convolution of whole sequences, by Fourier transforms of twice their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, GraphError
from ..setting import Setting
from ..sizes import Poly, ceil_log2, poly
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site


@dataclass(frozen=True, slots=True)
class LongConvolution(Primitive):
    """For each component the sum over j <= i of kernel[i - j] * x[j]: a causal convolution.

    Both sequences are padded to 2 n positions. Of real numbers a transform has half the operations
    of a complex one (Sorensen et al. 1987), 5/2 a round and position; there are three, and n complex
    products of six operations between them.
    """

    along: Axis
    reverse: bool = False
    """Whether what is summed is kernel[j - i] * x[j] over j >= i: who reads what."""

    name: ClassVar[str] = "long_convolution"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes, which both inputs must have."""
        left, right = ([a.extent for a in axes] for axes in inputs)
        if left != right:
            sides = (", ".join(str(a) for a in axes) for axes in inputs)
            raise GraphError(
                "expected a kernel of as many components, got ({}) and ({})".format(*sides)
            )
        return inputs[0]

    def operations(self, site: Site, setting: Setting) -> Poly:
        """Three transforms of 2 n positions and n products, for each position and component."""
        return (15 * (ceil_log2(self.along.extent) + 1) + 6) * site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Two transforms, one after the other, and a product between them."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 3)
        return 6 * (ceil_log2(self.along.extent) + 1) + 2

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Transform, multiply, transform back, cut."""
        fft, axis = frame.xp.fft, -1 - len(site.equation.features)
        size = frame.whole(self.along.extent)
        x, kernel = (fft.rfft(a, 2 * size, axis) for a in arrays)
        product = x * (frame.xp.conj(kernel) if self.reverse else kernel)
        found = fft.irfft(product, 2 * size, axis)
        return found[(..., slice(0, size), *(slice(None),) * (-1 - axis))]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Convolve the adjoint with the other input, the other way round."""
        x, kernel = inputs
        if self.reverse:
            return m.convolved(adjoint, kernel, self.along), m.convolved(
                x, adjoint, self.along, reverse=True
            )
        return tuple(m.convolved(adjoint, a, self.along, reverse=True) for a in (kernel, x))
