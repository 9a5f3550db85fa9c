"""Elementwise maps: one scalar function of the components at the same index.

Every function counts as one operation: the machine that is counted has them as instructions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import GraphError
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Frame, Primitive, Site


def _gelu(xp: Any, x: Any) -> Any:
    return 0.5 * x * (1 + xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


MAPS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda xp, a, b: a + b),
    "subtract": (2, lambda xp, a, b: a - b),
    "multiply": (2, lambda xp, a, b: a * b),
    "divide": (2, lambda xp, a, b: a / b),
    "maximum": (2, lambda xp, a, b: xp.maximum(a, b)),
    "negative": (1, lambda xp, a: -a),
    "reciprocal": (1, lambda xp, a: 1 / a),
    "exp": (1, lambda xp, a: xp.exp(a)),
    "log": (1, lambda xp, a: xp.log(a)),
    "sqrt": (1, lambda xp, a: xp.sqrt(a)),
    "tanh": (1, lambda xp, a: xp.tanh(a)),
    "sigmoid": (1, lambda xp, a: 1 / (1 + xp.exp(-a))),
    "relu": (1, lambda xp, a: xp.maximum(a, a * 0)),
    "softplus": (1, lambda xp, a: xp.logaddexp(a, a * 0)),
    "gelu": (1, _gelu),
    "sin": (1, lambda xp, a: xp.sin(a)),
    "cos": (1, lambda xp, a: xp.cos(a)),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number that depends on sizes: a cost to a power."""

    cost: Poly
    exponent: float = 1.0


@dataclass(frozen=True, slots=True)
class Map(Primitive):
    """A function of :data:`MAPS`, broadcast by the names of axes."""

    function: str
    """Its name in :data:`MAPS`."""
    constants: tuple[float | Scalar | None, ...] = ()
    """For each argument a number, or None where it is an array."""

    name: ClassVar[str] = "map"

    def __post_init__(self) -> None:
        if self.function not in MAPS:
            raise GraphError(
                f"expected an elementwise function of {', '.join(sorted(MAPS))}, got {self.function}"
            )

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of the widest input; the others' must be among them, in order."""
        widest = max(inputs, key=len)
        merged = list(widest)
        for axes in inputs:
            for axis, place in zip(axes, _places(axes, widest), strict=True):
                if axis.relation is not None and merged[place].relation is None:
                    merged[place] = axis
        return tuple(merged)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One operation for each component."""
        return site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One step, free in unit layer."""
        return poly(0 if setting.unit == "layer" else 1)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Apply the function, arrays broadcast to the result's axes."""
        result = site.equation.features
        aligned = iter(
            [_align(a, s.features, result) for a, s in zip(arrays, site.sources, strict=True)]
        )
        arguments = [
            next(aligned) if c is None else frame.constant(_value(frame, c)) for c in self.constants
        ]
        return MAPS[self.function][1](frame.xp, *arguments)


def _value(frame: Frame, constant: float | Scalar) -> float:
    if isinstance(constant, Scalar):
        return float(frame.whole(constant.cost) ** constant.exponent)
    return constant


def _places(axes: Axes, widest: Axes) -> list[int]:
    places: list[int] = []
    start = len(widest)
    for axis in reversed(axes):
        start = next(
            (
                k
                for k in range(start - 1, -1, -1)
                if (widest[k].name, widest[k].extent) == (axis.name, axis.extent)
            ),
            -1,
        )
        if start < 0:
            wide, narrow = (", ".join(str(a) for a in x) for x in (widest, axes))
            raise GraphError(f"expected the axes ({narrow}) to be among ({wide}), {axis} is not")
        places.append(start)
    return places[::-1]


def _align(array: Any, axes: Axes, result: Axes) -> Any:
    if len(axes) == len(result):
        return array
    places = set(_places(axes, result))
    lead = array.ndim - len(axes)
    sizes = iter(array.shape[lead:])
    return array.reshape(
        *array.shape[:lead], *(next(sizes) if k in places else 1 for k in range(len(result)))
    )
