"""The associative scan: all prefixes of an associative operation, in ceil(log2 n) rounds.

Hillis and Steele 1986, *Data parallel algorithms*: in round r every position p >= 2**r combines
with p - 2**r. Ladner and Fischer 1980 give the same depth with less work for large n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, Equation, Graph
from ..setting import Setting
from ..sizes import Poly, ceil_log2, maximum, poly, power
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site, View


@dataclass(frozen=True, slots=True)
class AssociativeScan(Primitive):
    """Prefixes along the sequence of elements that consist of several arrays."""

    combine: Graph
    """The operation, traced: inputs are an earlier and a later element."""
    along: Axis
    """The sequence axis."""
    reverse: bool = False
    identity: tuple[float, ...] = ()
    """For each array of an element, the number that changes nothing."""

    name: ClassVar[str] = "associative_scan"

    def features(self, *inputs: Axes) -> Axes:
        """Return one axis that holds all arrays of an element."""
        total = poly(0)
        for axes in inputs:
            size = poly(1)
            for axis in axes:
                size = size * axis.extent
            total = total + size
        return (Axis("element", total),)

    @property
    def rounds(self) -> Poly:
        """How many rounds there are."""
        return ceil_log2(self.along.extent)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """Return the operations of one combination."""
        total = poly(0)
        for equation, inner in fragment_sites(self.combine):
            total = total + equation.primitive.operations(inner, setting)
        return total

    def times(self, site: Site) -> Poly:
        """Return n*K - 2**K + 1 combinations for K rounds, for each layer."""
        combinations = self.along.extent * self.rounds - power(2, self.rounds) + 1
        layers = poly(1)
        for axis in site.equation.positions:
            if axis.name != self.along.name:
                layers = layers * axis.extent
        return combinations * layers

    def each(self, setting: Setting) -> Poly:
        """Return the depth of one round."""
        if setting.unit == "layer":
            return poly(1)
        reached: dict[str, Poly] = {}
        deepest = poly(0)
        for equation, inner in fragment_sites(self.combine):
            before = poly(0)
            for read in equation.reads:
                before = maximum(before, reached[read.source])
            reached[equation.name] = before + equation.primitive.depth(inner, setting)
            deepest = maximum(deepest, reached[equation.name])
        return deepest

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Return the depth of all rounds."""
        return self.rounds * self.each(setting)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Run the rounds on whole arrays, the sequence being the last position axis."""
        xp = frame.xp
        depth = [len(s.features) for s in site.sources]
        parts = list(arrays)
        n = max(p.shape[p.ndim - 1 - k] for p, k in zip(parts, depth, strict=True))
        axes = [p.ndim - 1 - k for p, k in zip(parts, depth, strict=True)]
        if self.reverse:
            parts = [xp.flip(p, (a,)) for p, a in zip(parts, axes, strict=True)]
        distance = 1
        while distance < n:
            early = [_cut(p, a, 0, n - distance) for p, a in zip(parts, axes, strict=True)]
            late = [_cut(p, a, distance, n) for p, a in zip(parts, axes, strict=True)]
            joined = frame.fragment(self.combine, [*early, *late])
            parts = [
                xp.concatenate((_cut(p, a, 0, distance), j), axis=a)
                for p, a, j in zip(parts, axes, joined, strict=True)
            ]
            distance *= 2
        if self.reverse:
            parts = [xp.flip(p, (a,)) for p, a in zip(parts, axes, strict=True)]
        flat = [p.reshape(*p.shape[: a + 1], -1) for p, a in zip(parts, axes, strict=True)]
        return xp.concatenate(flat, axis=-1)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Scan the adjoints the other way round."""
        return m.scanned(adjoint, self, site, output)


def _cut(array: Any, axis: int, start: int, stop: int) -> Any:
    return array[(slice(None),) * axis + (slice(start, stop),)]


@dataclass(frozen=True, slots=True)
class Component(View):
    """One array of the elements that an associative scan carries."""

    axes: Axes
    offset: Poly

    name: ClassVar[str] = "component"

    def features(self, *inputs: Axes) -> Axes:
        """Return the array's own axes."""
        return self.axes

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Slice and reshape."""
        start = frame.whole(self.offset)
        sizes = [frame.whole(a.extent) for a in self.axes]
        width = 1
        for size in sizes:
            width *= size
        part = arrays[0][..., start : start + width]
        return part.reshape(*part.shape[:-1], *sizes)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """One array of the element's adjoint."""
        return (m.piece(adjoint, self.offset),)


def fragment_sites(fragment: Graph) -> list[tuple[Equation, Site]]:
    """Return the equations of a fragment with their sites, in order."""
    return [(e, Site(e, tuple(fragment[r.source] for r in e.reads))) for e in fragment]
