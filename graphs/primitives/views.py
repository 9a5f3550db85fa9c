"""Sources of values and views of them: input, parameter, constant, rename, split, concatenate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, GraphError, product
from ..sizes import Poly, poly
from .base import Axes, Frame, Site, View


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
        (array,) = arrays
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
        width = arrays[0].shape[-1] // self.parts
        return arrays[0][..., self.part * width : (self.part + 1) * width]


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
        lead = [a.shape[:-1] for a in arrays]
        common = tuple(max(sizes) for sizes in zip(*lead, strict=True))
        wide = [frame.xp.broadcast_to(a, (*common, a.shape[-1])) for a in arrays]
        return frame.xp.concatenate(wide, axis=-1)


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
