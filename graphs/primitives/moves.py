"""Primitives that move values between positions: gather and shift, and the entry of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis
from ..relations import Relation
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Frame, Site, View


@dataclass(frozen=True, slots=True)
class Gather(View):
    """Read other positions: the result has one more axis, with one slot for each position read."""

    relation: Relation
    slot: Axis | None
    """The new axis; None for a relation that reads a single position."""

    name: ClassVar[str] = "gather"

    def features(self, *inputs: Axes) -> Axes:
        """Put the slot axis before the others."""
        return inputs[0] if self.slot is None else (self.slot, *inputs[0])

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Execution has moved the values already, since only it knows where arrays are kept."""
        return arrays[0]


@dataclass(frozen=True, slots=True)
class Shift(View):
    """Read the position one step earlier along an axis, or the initial value at the start."""

    axis: str
    step: bool
    """Whether it is a step of a recurrence (and not of a stack, or of a plain shift)."""

    name: ClassVar[str] = "shift"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def depth(self, site: Site, setting: Setting) -> Poly:
        """In unit layer, each step of a recurrence is one step."""
        return poly(1 if setting.unit == "layer" and self.step else 0)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Execution has moved the values already."""
        return arrays[0]


@dataclass(frozen=True, slots=True)
class Final(View):
    """The value after the last step along an axis, or the initial value if there is no step."""

    axis: str

    name: ClassVar[str] = "final"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Execution has moved the values already."""
        return arrays[0]


@dataclass(frozen=True, slots=True)
class Enter(View):
    """The entry of a layer: one step in unit layer, nothing in the others."""

    name: ClassVar[str] = "enter"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One step in unit layer."""
        return poly(1 if setting.unit == "layer" else 0)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Pass the value on."""
        return arrays[0]
