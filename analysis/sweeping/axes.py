"""Axes of sizes, and boxes of their product: enumerated by index, never written out.

>>> n, d = Axis("n", range(1, 1001)), Axis("d", (64, 128))
>>> points(n, d)
2000
>>> box_at(3, 2000, (n, d), most=100)
Box(start=3, stop=4, first=(1, 1), lengths=(1, 1))
>>> box_at(4, 2000, (n, d), most=100)
Box(start=4, stop=104, first=(2, 0), lengths=(50, 2))
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = range | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """The values that one size takes, in their order."""

    name: str
    values: Values

    def array(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return some of the values."""
        part = self.values[start:stop]
        if isinstance(part, range):
            return np.arange(part.start, part.stop, part.step, dtype=np.int64)
        return np.array(part, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Box:
    """Neighbouring points that are a box: so many values of each axis from the first ones on."""

    start: int
    stop: int
    first: tuple[int, ...]
    lengths: tuple[int, ...]

    def arrays(self, axes: tuple[Axis, ...]) -> dict[str, NDArray[np.int64]]:
        """Return the values of each axis, shaped so that they broadcast to the box."""
        found: dict[str, Any] = {}
        for i, axis in enumerate(axes):
            values = axis.array(self.first[i], self.first[i] + self.lengths[i])
            found[axis.name] = values.reshape(*(-1 if i == j else 1 for j in range(len(axes))))
        return found


def points(*axes: Axis) -> int:
    """Return how many points the product of some axes has."""
    return math.prod(len(axis.values) for axis in axes)


def box_at(start: int, stop: int, axes: tuple[Axis, ...], *, most: int) -> Box:
    """Return a large box that begins at an index and ends before another.

    Parameters
    ----------
    start, stop
        Indices into the product of the axes, the last axis changing fastest.
    axes
        What is enumerated.
    most
        The most points of the box.
    """
    digits = digits_of(start, axes)
    lengths = [1] * len(axes)
    inner = 1
    for i in reversed(range(len(axes))):
        length = len(axes[i].values)
        room = min(stop - start, most) // inner
        lengths[i] = max(1, min(length - digits[i], room))
        if digits[i] or lengths[i] < length:
            inner *= lengths[i]
            break
        inner *= length
    return Box(start, start + inner, digits, tuple(lengths))


def boxes(start: int, stop: int, axes: tuple[Axis, ...], *, most: int) -> Iterator[Box]:
    """Split a range of points into boxes.

    >>> [b.lengths for b in boxes(1, 8, (Axis("n", range(3)), Axis("d", range(3))), most=9)]
    [(1, 2), (1, 3), (1, 2)]
    """
    while start < stop:
        box = box_at(start, stop, axes, most=most)
        yield box
        start = box.stop


def digits_of(index: int, axes: tuple[Axis, ...]) -> tuple[int, ...]:
    """Return which value of each axis the point at an index has."""
    digits = []
    for axis in reversed(axes):
        index, digit = divmod(index, len(axis.values))
        digits.append(digit)
    return tuple(reversed(digits))
