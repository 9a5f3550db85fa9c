"""Primitives that move values between positions: gather and shift, and the entry of a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..graph import Axis
from ..relations import Relation
from ..setting import Setting
from ..sizes import Poly, poly
from ..slots import plain, seen_through
from .base import (
    Axes,
    Calculus,
    Frame,
    Passing,
    Primitive,
    Pulled,
    Site,
    View,
    hide,
    summation,
)


@dataclass(frozen=True, slots=True)
class Gather(View):
    """Read other positions: the result has one more axis, with one slot for each position read."""

    relation: Relation
    slot: Axis | None
    """The new axis; None for a relation that reads a single position."""

    name: ClassVar[str] = "gather"

    def features(self, *inputs: Axes) -> Axes:
        """Put the slot axis before the others."""
        if self.slot is None:
            return inputs[0]
        return (self.slot, *(seen_through(a, self.slot) for a in inputs[0]))

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Execution has moved the values already, since only it knows where arrays are kept."""
        return arrays[0]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Each position gets the sum of what its readers pass back."""
        return (m.turned(adjoint, self, site),)


@dataclass(frozen=True, slots=True)
class Inside(View):
    """The same values, zeros in slots outside the sequence: what other positions may read."""

    name: ClassVar[str] = "inside"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Replace what is outside."""
        (array,) = arrays
        for k in range(len(site.equation.features)):
            array = hide(frame, site, array, k)
        return array

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Nothing passes to slots outside."""
        return (m.apply(self, m.spread(adjoint, site.sources[0].features)),)


@dataclass(frozen=True, slots=True)
class Turn(View):
    """What the readers of a position hold for it: a slot axis of readers for one of what is read.

    Position j of the result holds, for each i that reads j, the slot of i that stands for j: the
    transposed matrix, if all positions read all.
    """

    relation: Relation
    """What the readers read."""
    place: int
    """Which feature axis has their slots."""
    slot: Axis
    """The axis of readers that takes its place."""

    name: ClassVar[str] = "turn"

    def features(self, *inputs: Axes) -> Axes:
        """Put the axis of readers in the place of what they read; other slots are those of readers."""
        before, after = inputs[0][: self.place], inputs[0][self.place + 1 :]
        return (*plain(before), self.slot, *plain(after))

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Index readers and their slots together; zeros where nobody reads."""
        (array,) = arrays
        width = len(site.equation.features)
        along = array.ndim - width - 1
        array = frame.xp.moveaxis(array, along + 1 + self.place, along + 1)
        back = frame.relation(self.relation)
        extent = array.shape[along]
        own = site.equation.sequence
        place = None if own is None else frame.fixed.get(own.name)
        count = extent if own is None else frame.whole(own.extent)
        positions = np.arange(count) if place is None else np.array([place])
        reader, valid = frame.relation(back.transpose()).table(positions, extent)
        here = np.broadcast_to(positions[:, None], reader.shape)
        if back.kind in {"block", "block_prefix", "block_suffix"}:
            held = here % frame.whole(back.size)
        elif back.kind == "stride":
            held = here - reader * frame.whole(back.step)
        elif back.back is None or back.ahead is None:
            held = here
        else:
            held = (here - reader) // frame.whole(back.step) + frame.whole(back.back)
        held = np.where(valid, held, 0)
        picked = array[(slice(None),) * along + (reader, held)]
        spare = (1,) * (width - 1)
        shown = frame.mask_of(valid).reshape(*valid.shape, *spare)
        picked = frame.xp.where(shown, picked, frame.constant(0.0))
        turned = frame.xp.moveaxis(picked, along + 1, along + 1 + self.place)
        return turned if place is None else turned[(slice(None),) * along + (0,)]


@dataclass(frozen=True, slots=True)
class Backwards(View):
    """What a position reads of all positions so far, in the other order: the first slot for itself."""

    name: ClassVar[str] = "backwards"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes: as many slots are inside the sequence as before."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Index slot i - j of position i for slot j; slots outside the sequence stay."""
        (array,) = arrays
        width = len(site.equation.features)
        own = site.equation.sequence
        place = None if own is None else frame.fixed.get(own.name)
        slots = np.arange(array.shape[array.ndim - width])
        if place is not None:
            order = np.where(slots <= place, place - slots, slots)
            return array[(..., order, *(slice(None),) * (width - 1))]
        i = np.arange(array.shape[array.ndim - width - 1])[:, None]
        order = np.where(slots <= i, i - slots, slots)
        return array[(slice(None),) * (array.ndim - width - 1) + (i, order)]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Turn the order again."""
        return (m.apply(self, adjoint),)


@dataclass(frozen=True, slots=True)
class Scatter(Primitive):
    """What the readers of a position pass back, added up where their slots stand for it.

    The transpose of a sparse gather. Each value of each slot is added once, and as many readers as
    there are positions may have the same source.
    """

    relation: Relation
    """What the readers read."""

    name: ClassVar[str] = "scatter"

    def features(self, *inputs: Axes) -> Axes:
        """Drop the slots, which stand first."""
        return plain(inputs[0][1:])

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One addition for each value that is passed back."""
        return site.size(site.sources[0].features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Return the depth of a sum over all readers that there may be."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        along = site.equation.sequence
        return poly(1) if along is None else summation(along.extent, setting)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Multiply by the matrix of who reads what by which slot."""
        (array,) = arrays
        width = len(site.sources[0].features)
        along = array.ndim - width - 1
        extent, slots = array.shape[along], array.shape[along + 1]
        read, valid = frame.relation(self.relation).table(np.arange(extent), extent)
        own = site.equation.sequence
        place = None if own is None else frame.fixed.get(own.name)
        targets = np.arange(extent) if place is None else np.array([place])
        shown = (read[None] == targets[:, None, None]) & valid[None]
        matrix = frame.xp.where(
            frame.mask_of(shown.reshape(len(targets), -1)),
            frame.constant(1.0),
            frame.constant(0.0),
        )
        rest = math.prod(array.shape[along + 2 :])
        rows = array.reshape(*array.shape[:along], extent * slots, rest)
        found = matrix @ rows
        return found.reshape(
            *array.shape[:along],
            *(targets.shape if place is None else ()),
            *array.shape[along + 2 :],
        )


@dataclass(frozen=True, slots=True)
class Place(View):
    """Each position takes its own slot of an axis: collect, undone.

    Where there are fewer slots than positions, all others take the last one.
    """

    place: int
    """Which feature axis becomes the sequence."""

    name: ClassVar[str] = "place"

    def features(self, *inputs: Axes) -> Axes:
        """Drop the axis."""
        return inputs[0][: self.place] + inputs[0][self.place + 1 :]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Move the axis in front of the features, in the place of the sequence."""
        (array,) = arrays
        width = len(site.sources[0].features)
        lead = array.ndim - width
        moved = frame.xp.moveaxis(array, lead + self.place, lead)
        own = site.equation.sequence
        length = moved.shape[lead] if own is None else frame.whole(own.extent)
        if length != moved.shape[lead]:
            taken = np.minimum(np.arange(length), moved.shape[lead] - 1)
            moved = moved[(slice(None),) * lead + (taken,)]
        return moved.reshape(*moved.shape[: lead - 1], *moved.shape[lead:])

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Read what all positions pass back."""
        return (m.collected(adjoint),)


@dataclass(frozen=True, slots=True)
class Member(View):
    """What the part that a position is in holds for it: stretches of positions, undone.

    A coarser axis has one position for each part of ``size`` positions; see ``Relation.part``.
    """

    size: Poly
    place: int | None = None
    """Which feature axis has a slot for each member of the part, of which a position takes its own;
    None if all members take the same."""

    name: ClassVar[str] = "member"

    def features(self, *inputs: Axes) -> Axes:
        """Drop the axis of the members; other slots are those of the part."""
        if self.place is None:
            return inputs[0]
        return plain(inputs[0][: self.place] + inputs[0][self.place + 1 :])

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Take one's own slot; execution has found the parts already."""
        (array,) = arrays
        if self.place is None:
            return array
        along = array.ndim - len(site.sources[0].features) - 1
        moved = frame.xp.moveaxis(array, along + 1 + self.place, along + 1)
        own = np.arange(moved.shape[along])
        return moved[(slice(None),) * along + (own, own % frame.whole(self.size))]

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Each part gets the sum of what its members pass back."""
        return (m.parted(adjoint, self, site),)


@dataclass(frozen=True, slots=True)
class Shift(Passing):
    """Read the position one step earlier along an axis, or the initial value at the start."""

    axis: str
    step: bool
    """Whether it is a step of a recurrence (and not of a stack, or of a plain shift)."""

    name: ClassVar[str] = "shift"

    def depth(self, site: Site, setting: Setting) -> Poly:
        """In unit layer, each step of a recurrence is one step."""
        return poly(1 if setting.unit == "layer" and self.step else 0)


@dataclass(frozen=True, slots=True)
class Step(Passing):
    """The same value, one step of a recurrence later: what a shift of adjoints reads."""

    name: ClassVar[str] = "step"

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One step in unit layer."""
        return poly(1 if setting.unit == "layer" else 0)


@dataclass(frozen=True, slots=True)
class Final(Passing):
    """The value after the last step along an axis, or the initial value if there is no step."""

    axis: str

    name: ClassVar[str] = "final"


@dataclass(frozen=True, slots=True)
class Enter(Passing):
    """The entry of a layer: one step in unit layer, nothing in the others."""

    name: ClassVar[str] = "enter"

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One step in unit layer."""
        return poly(1 if setting.unit == "layer" else 0)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Going back through a layer is one step as well."""
        return (m.apply(self, adjoint),)
