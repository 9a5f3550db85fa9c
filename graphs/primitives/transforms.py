"""Whole-sequence transforms: the discrete Fourier transform and sorting.

Operation counts are those of the textbook algorithm named in each rule, rounded up to whole rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, GraphError
from ..setting import Setting
from ..sizes import Poly, ceil_log2, poly
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site, View, find, hide


@dataclass(frozen=True, slots=True)
class Fourier(Primitive):
    """The discrete Fourier transform along the sequence or a feature axis (Cooley and Tukey 1965).

    A radix-2 transform has ceil(log2 n) rounds of n/2 butterflies with ten real operations each
    (a complex product is six, a complex sum two). Complex numbers have a last axis for their two
    parts; of real numbers only the real part is given or wanted.
    """

    along: Axis
    given: int = 1
    """How many parts the input has: 1, or 2 for complex numbers."""
    found: int = 1
    """How many parts the result has."""
    inverse: bool = False
    """Whether angles turn the other way, without a division by n."""

    name: ClassVar[str] = "fourier"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes but that of the two parts."""
        real = inputs[0][:-1] if self.given == 2 else inputs[0]
        return (*real, Axis("2", poly(2))) if self.found == 2 else real

    def _numbers(self, site: Site) -> Axes:
        axes = site.equation.features
        return axes[:-1] if self.found == 2 else axes

    def operations(self, site: Site, setting: Setting) -> Poly:
        """Five operations a round for each position and component."""
        return 5 * ceil_log2(self.along.extent) * site.size(self._numbers(site))

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Three scalar steps a round: a product, the sum inside it, the butterfly's sum."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        return 3 * ceil_log2(self.along.extent)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Transform along the last position axis, or along a feature axis."""
        xp, axes, (array,) = frame.xp, self._numbers(site), arrays
        number = array[..., 0] + 1j * array[..., 1] if self.given == 2 else array
        axis = number.ndim - len(axes)
        axis += -1 if self.along.is_position else find(axes, self.along.name)
        turned = xp.conj(number) if self.inverse else number
        result = xp.fft.fft(turned, None, axis)
        result = xp.conj(result) if self.inverse else result
        return xp.stack((result.real, result.imag), -1) if self.found == 2 else result.real

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Transform the adjoint back; of real parts alone, cos(2 pi j k / n) is symmetric."""
        inverse = not self.inverse if self.given + self.found > 2 else self.inverse
        back = Fourier(self.along, self.found, self.given, inverse)
        if self.along.is_position:
            return (m.like(adjoint, back, site),)
        return (m.apply(back, adjoint),)


@dataclass(frozen=True, slots=True)
class Sort(Primitive):
    """Sort along a feature or slot axis and keep the largest (Batcher 1968, bitonic network).

    A bitonic network over m keys has K(K+1)/2 rounds of m/2 comparators, K = ceil(log2 m).
    """

    axis: str
    keep: Poly

    name: ClassVar[str] = "sort"

    def features(self, *inputs: Axes) -> Axes:
        """Shorten the axis to what is kept."""
        return tuple(
            Axis(str(self.keep), self.keep) if a.name == self.axis else a for a in inputs[0]
        )

    def _keys(self, site: Site) -> Axis:
        return next(a for a in site.sources[0].features if a.name == self.axis)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One operation for each comparator."""
        keys = site.extent(self._keys(site))
        rest = site.size(tuple(a for a in site.sources[0].features if a.name != self.axis))
        if keys == 0:  # of what lies outside the sequence there is nothing to sort
            return poly(0)
        k = ceil_log2(keys)
        return keys * k * (k + 1) / 4 * rest

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One scalar step for each round."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        keys = site.extent(self._keys(site))
        k = poly(0) if keys == 0 else ceil_log2(keys)
        return k * (k + 1) / 2

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Sort downwards and cut."""
        axes = site.sources[0].features
        k = find(axes, self.axis)
        array = hide(frame, site, arrays[0], k, float("-inf"))
        ordered = frame.xp.sort(-array, k - len(axes))
        values = ordered if not isinstance(ordered, tuple) else ordered[0]
        keep = frame.whole(self.keep)
        place = values.ndim + k - len(axes)
        if keep > values.shape[place]:
            raise GraphError(
                f"expected to keep at most {values.shape[place]} of {self.axis}, got {keep}"
            )
        return -values[(slice(None),) * place + (slice(0, keep),)]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Return every adjoint to where its value came from."""
        return (m.apply(Unsort(self.axis), inputs[0], adjoint),)


@dataclass(frozen=True, slots=True)
class Unsort(View):
    """Values in falling order of their keys, put back where the keys stand; zeros elsewhere.

    The order was found when the keys were sorted, and moving values is free as everywhere. It is
    kept as the keys themselves.
    """

    axis: str

    name: ClassVar[str] = "unsort"

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of the keys."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Find each key's rank, and take the value of that rank."""
        xp, axes = frame.xp, site.sources[0].features
        k = find(axes, self.axis)
        keys = hide(frame, site, arrays[0], k, float("-inf"))
        keys, values = (xp.moveaxis(a, k - len(axes), -1) for a in (keys, arrays[1]))
        ranks = xp.argsort(xp.argsort(-keys, -1), -1)[..., None]
        own = ranks == xp.arange(values.shape[-1])
        found = xp.sum(xp.where(own, values[..., None, :], frame.constant(0.0)), -1)
        return xp.moveaxis(found, -1, k - len(axes))


@dataclass(frozen=True, slots=True)
class Ranked(Primitive):
    """Which of the keys (the first input) were kept when they were sorted (the second): numbers.

    Sorting moves the numbers of the keys along with them, and moving values is free as everywhere;
    but the numbers are values of their own.
    """

    axis: str

    name: ClassVar[str] = "ranked"

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of what was kept."""
        return inputs[1]

    def operations(self, site: Site, setting: Setting) -> Poly:
        """No operations beyond those of sorting."""
        return poly(0)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """No steps beyond those of sorting."""
        return poly(0)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Order the numbers of the keys by their values, and cut."""
        axes = site.sources[0].features
        k = find(axes, self.axis)
        keys = hide(frame, site, arrays[0], k, float("-inf"))
        place = keys.ndim + k - len(axes)
        keep = arrays[1].shape[arrays[1].ndim + k - len(axes)]
        order = frame.xp.argsort(-keys, place)
        return order[(slice(None),) * place + (slice(0, keep),)]

    def passes(self, place: int) -> bool:
        """No gradient passes through numbers."""
        return False

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Return nothing."""
        return None, None
