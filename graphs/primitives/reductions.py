"""Reductions over one feature or slot axis, and the softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import GraphError
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Phase, Primitive, Pulled, Site, find, hide, summation

IDENTITY = {"sum": 0.0, "max": float("-inf")}


@dataclass(frozen=True, slots=True)
class Reduction(Primitive):
    """The sum or the maximum over one axis."""

    function: str
    axis: str

    name: ClassVar[str] = "reduction"

    def __post_init__(self) -> None:
        if self.function not in IDENTITY:
            raise GraphError(f"expected a reduction of {', '.join(IDENTITY)}, got {self.function}")

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes without the one that is reduced."""
        (axes,) = inputs
        k = find(axes, self.axis)
        return axes[:k] + axes[k + 1 :]

    def _terms(self, site: Site) -> Poly:
        axes = site.sources[0].features
        return site.extent(axes[find(axes, self.axis)])

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One operation less than there are terms."""
        return (self._terms(site) - 1) * site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Return the depth of the sum."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        return summation(self._terms(site), setting)

    def phases(self, site: Site, setting: Setting) -> tuple[Phase, ...]:
        """Sums, or maxima."""
        return (Phase(site.size(site.equation.features), self._terms(site)),)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Reduce; slots outside the sequence take no part."""
        axes = site.sources[0].features
        k = find(axes, self.axis)
        array = hide(frame, site, arrays[0], k, IDENTITY[self.function])
        reduce = frame.xp.sum if self.function == "sum" else frame.xp.amax
        return reduce(array, k - len(axes))

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Every term of a sum gets its adjoint; largest terms share it, equally as in PyTorch."""
        if self.function == "sum":
            return (m.spread(adjoint, site.sources[0].features),)
        largest = m.map("equal", inputs[0], output)
        share = m.over(adjoint, m.apply(Reduction("sum", self.axis), largest))
        return (m.times(largest, share),)


@dataclass(frozen=True, slots=True)
class Softmax(Primitive):
    """The softmax over one axis, computed stably: maximum, difference, exp, sum, quotient."""

    axis: str

    name: ClassVar[str] = "softmax"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        (axes,) = inputs
        find(axes, self.axis)
        return axes

    def _axis(self, site: Site) -> int:
        return find(site.equation.features, self.axis)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """Two reductions and three operations for each component."""
        axes, k = site.equation.features, self._axis(site)
        rows = site.size(axes[:k] + axes[k + 1 :])
        return (5 * site.extent(axes[k]) - 2) * rows

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Two sums and three steps."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        terms = site.extent(site.equation.features[self._axis(site)])
        return 2 * summation(terms, setting) + 3

    def phases(self, site: Site, setting: Setting) -> tuple[Phase, ...]:
        """Maxima, differences, exponentials, sums, quotients."""
        axes, k = site.equation.features, self._axis(site)
        rows, terms = site.size(axes[:k] + axes[k + 1 :]), site.extent(axes[k])
        reduced, each = Phase(rows, terms), Phase(rows * terms)
        return reduced, each, each, reduced, each

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Compute it; slots outside the sequence get weight zero."""
        k = self._axis(site)
        back = k - len(site.equation.features)
        array = hide(frame, site, arrays[0], k, float("-inf"))
        top = frame.xp.amax(array, back)
        some = top != float("-inf")  # of no slots at all, every weight is zero
        top = frame.xp.where(some, top, frame.constant(0.0))
        spread = (
            frame.xp.exp(array - frame.xp.expand_dims(top, back))
            if hasattr(frame.xp, "expand_dims")
            else (frame.xp.exp(array - top.unsqueeze(back)))
        )
        total = frame.xp.where(some, frame.xp.sum(spread, back), frame.constant(1.0))
        total = (
            frame.xp.expand_dims(total, back)
            if hasattr(frame.xp, "expand_dims")
            else total.unsqueeze(back)
        )
        return spread / total

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Return y * g - y * sum(y * g)."""
        weighted = m.times(adjoint, output)
        inner = m.apply(Reduction("sum", self.axis), weighted)
        return (m.map("subtract", weighted, m.times(output, inner)),)
