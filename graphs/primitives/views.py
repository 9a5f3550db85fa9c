"""Sources of values and views of them: input, parameter, constant; rename, split, slice and so on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, GraphError, product
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Pulled, Site, View, settled


@dataclass(frozen=True, slots=True)
class Source(View):
    """Something that is given: an input, a parameter or a constant."""

    axes: Axes

    def features(self, *inputs: Axes) -> Axes:
        """Return the given axes."""
        return self.axes

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Inputs and parameters are given to execution, not computed by it."""
        raise GraphError(f"expected a value for {site.equation.name}")


@dataclass(frozen=True, slots=True)
class Input(Source):
    """An input array."""

    name: ClassVar[str] = "input"


@dataclass(frozen=True, slots=True)
class Seed(Source):
    """The gradient of a loss with respect to an output: given, once the output is known."""

    name: ClassVar[str] = "seed"

    def depth(self, site: Site, setting: Setting) -> Poly:
        """In unit layer, the loss is one step."""
        return poly(1 if setting.unit == "layer" else 0)


@dataclass(frozen=True, slots=True)
class Given(Source):
    """Values that were computed before, and are there."""

    name: ClassVar[str] = "given"


@dataclass(frozen=True, slots=True)
class Parameter(Source):
    """A weight: the same at every position of the sequence, one for each layer."""

    name: ClassVar[str] = "parameter"


@dataclass(frozen=True, slots=True)
class Constant(Source):
    """An array with one value everywhere."""

    value: float = 0.0

    name: ClassVar[str] = "constant"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Fill an array."""
        shape = [frame.whole(a.extent) for a in self.axes]
        return frame.constant(self.value) + frame.xp.zeros(shape, dtype=frame.constant(0.0).dtype)


@dataclass(frozen=True, slots=True)
class Rename(View):
    """Reorder, split and merge feature axes, in einops notation."""

    pattern: str
    """Such as ``(h e) -> h e``; slots that are merged with another axis hold zeros outside."""
    sizes: tuple[tuple[str, Poly], ...] = ()

    name: ClassVar[str] = "rename"

    def bind(self, axes: Axes) -> dict[str, Axis]:
        """Bind every label of the pattern to an axis."""
        groups = _groups(self.pattern.partition("->")[0])
        if len(groups) != len(axes):
            found = ", ".join(str(a) for a in axes)
            raise GraphError(
                f"expected {len(groups)} feature axes for {self.pattern!r}, got ({found})"
            )
        given, bound = dict(self.sizes), {}
        for group, axis in zip(groups, axes, strict=True):
            if len(group) == 1:
                bound[group[0]] = axis
                continue
            unknown = [g for g in group if g not in given]
            if len(unknown) > 1:
                raise GraphError(
                    f"expected a size for {unknown[0]} or {unknown[1]} of {self.pattern!r}"
                )
            known = product(given[g] for g in group if g in given)
            for g in group:
                bound[g] = Axis(
                    g, given[g] if g in given else divide(axis.extent, known, self.pattern)
                )
        return bound

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes on the right side."""
        bound = self.bind(inputs[0])
        result = []
        for group in _groups(self.pattern.partition("->")[2]):
            if len(group) == 1:
                result.append(bound[group[0]])
            else:
                extent = product(bound[g].extent for g in group)
                result.append(Axis(str(extent), extent))
        return tuple(result)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Reshape, transpose, reshape."""
        array = settled(frame, site, arrays[0])
        axes = site.sources[0].features
        bound = self.bind(axes)
        left, _, right = self.pattern.partition("->")
        names = [g for group in _groups(left) for g in group]
        wanted = [g for group in _groups(right) for g in group]
        lead = array.ndim - len(axes)
        sizes = {g: frame.whole(bound[g].extent) for g in names}
        spread = array.reshape(*array.shape[:lead], *(sizes[g] for g in names))
        order = [*range(lead), *(lead + names.index(g) for g in wanted)]
        moved = spread.permute(*order) if hasattr(spread, "permute") else spread.transpose(order)
        final = [frame.whole(a.extent) for a in site.equation.features]
        return moved.reshape(*moved.shape[:lead], *final)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Rearrange backwards."""
        left, _, right = self.pattern.partition("->")
        bound = self.bind(site.sources[0].features)
        sizes = tuple(sorted((g, a.extent) for g, a in bound.items()))
        return (m.apply(Rename(f"{right.strip()} -> {left.strip()}", sizes), adjoint),)


@dataclass(frozen=True, slots=True)
class Split(View):
    """One of several equal parts of the last axis."""

    part: int
    parts: int

    name: ClassVar[str] = "split"

    def features(self, *inputs: Axes) -> Axes:
        """Divide the last axis."""
        *rest, last = inputs[0]
        extent = divide(last.extent, poly(self.parts), "split")
        return (*rest, Axis(str(extent), extent))

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Slice."""
        array = settled(frame, site, arrays[0])
        width = array.shape[-1] // self.parts
        return array[..., self.part * width : (self.part + 1) * width]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """One part of the whole's adjoint."""
        return (m.piece(adjoint, self.part * site.equation.features[-1].extent),)


@dataclass(frozen=True, slots=True)
class Concatenate(View):
    """Several arrays, one after another along the last axis."""

    name: ClassVar[str] = "concatenate"

    def features(self, *inputs: Axes) -> Axes:
        """Add the last axes."""
        lead = inputs[0][:-1]
        for axes in inputs[1:]:
            if axes[:-1] != lead:
                raise GraphError(f"expected equal axes before the last, got {lead} and {axes[:-1]}")
        extent = sum((axes[-1].extent for axes in inputs), poly(0))
        return (*lead, Axis(str(extent), extent))

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Concatenate, after broadcasting the positions."""
        arrays = [settled(frame, site, a, source=k) for k, a in enumerate(arrays)]
        lead = [a.shape[:-1] for a in arrays]
        common = tuple(max(sizes) for sizes in zip(*lead, strict=True))
        wide = [frame.xp.broadcast_to(a, (*common, a.shape[-1])) for a in arrays]
        return frame.xp.concatenate(wide, axis=-1)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Cut the adjoint where the arrays meet."""
        start, found = poly(0), []
        for source in site.sources:
            extent = source.features[-1].extent
            found.append(m.apply(Slice(start, extent), adjoint))
            start = start + extent
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Slice(View):
    """A part of the last axis."""

    start: Poly
    extent: Poly

    name: ClassVar[str] = "slice"

    def features(self, *inputs: Axes) -> Axes:
        """Shorten the last axis."""
        return (*inputs[0][:-1], Axis(str(self.extent), self.extent))

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Slice."""
        start = frame.whole(self.start)
        return arrays[0][..., start : start + frame.whole(self.extent)]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """One part of the whole's adjoint."""
        return (m.piece(adjoint, self.start),)


@dataclass(frozen=True, slots=True)
class Stop(View):
    """The same value, through which no gradient passes."""

    name: ClassVar[str] = "stop"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Pass the value on."""
        (array,) = arrays
        return array.detach() if hasattr(array, "detach") else array

    def passes(self, place: int) -> bool:
        """No gradient passes."""
        return False

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Return nothing."""
        return (None,)


@dataclass(frozen=True, slots=True)
class Spread(View):
    """The same value along further axes."""

    axes: Axes
    kept: tuple[int, ...]
    """Which of the axes the input has, in order."""

    name: ClassVar[str] = "spread"

    def features(self, *inputs: Axes) -> Axes:
        """Return all axes."""
        return self.axes

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Broadcast."""
        (array,) = arrays
        lead = array.shape[: array.ndim - len(self.kept)]
        wide = [frame.whole(a.extent) for a in self.axes]
        narrow = [size if k in self.kept else 1 for k, size in enumerate(wide)]
        return frame.xp.broadcast_to(array.reshape(*lead, *narrow), (*lead, *wide))

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Sum what was spread."""
        return (m.unspread(adjoint, self.kept),)


@dataclass(frozen=True, slots=True)
class Flip(View):
    """The same values, backwards along one axis."""

    place: int

    name: ClassVar[str] = "flip"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Flip."""
        return frame.xp.flip(arrays[0], (self.place - len(site.equation.features),))

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Flip back."""
        return (m.apply(self, adjoint),)


def divide(whole: Poly, part: Poly, where: str) -> Poly:
    """Divide sizes; an error if both are numbers and it leaves a rest."""
    quotient = whole / part
    value = quotient.constant
    if value is not None and value.denominator != 1:
        rest = int(whole.constant or 0) % int(part.constant or 1)
        raise GraphError(f"expected {part} to divide {whole} in {where!r}, got a rest of {rest}")
    return quotient


def _groups(side: str) -> list[list[str]]:
    found = re.findall(r"\(([^()]*)\)|(\S+)", side)
    return [inner.split() if inner else [single] for inner, single in found]
