"""Values by number: the row of a table, the number of a position, a geometric progression.

A lookup is a read whose address is a value: like every read it is free, and a table costs what it
holds in parameters. Written as a product with a one-hot vector it would be counted as work that no
implementation does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..graph import Axis, GraphError
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site, View, summation
from .views import Source


@dataclass(frozen=True, slots=True)
class Lookup(View):
    """Rows of a table (the second input), by whole numbers from 0 (the first)."""

    name: ClassVar[str] = "lookup"

    def features(self, *inputs: Axes) -> Axes:
        """Replace the table's first axis by those of the numbers."""
        numbers, table = inputs
        if not table:
            raise GraphError("expected a table with an axis to look up along, got a single number")
        return (*numbers, *table[1:])

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Take the rows: of one table, or of one for each layer or position."""
        numbers, table = arrays
        axes = site.sources[1].features
        lead = table.shape[: table.ndim - len(axes)]
        numbers = numbers.long() if hasattr(numbers, "long") else numbers.astype(int)
        count = table.shape[len(lead)]
        least, most = numbers.min(), numbers.max()
        if least < 0 or most >= count:
            wrong = least if least < 0 else most
            raise GraphError(
                f"expected numbers from 0 to {count - 1} to look up in "
                f"{site.sources[1].name}, got {wrong}"
            )
        rows = table.shape[len(lead) :]
        if all(size == 1 for size in lead):
            return table.reshape(*rows)[numbers]
        kept = len(site.sources[0].features)
        own = numbers.shape[numbers.ndim - kept :]
        common = np.broadcast_shapes(tuple(lead), tuple(numbers.shape[: numbers.ndim - kept]))
        tables = frame.xp.broadcast_to(table, (*common, *rows)).reshape(-1, *rows)
        numbers = frame.xp.broadcast_to(numbers, (*common, *own)).reshape(-1, *own)
        which = frame.xp.arange(len(tables)).reshape(-1, *[1] * kept)
        return tables[which, numbers].reshape(*common, *own, *rows[1:])

    def passes(self, place: int) -> bool:
        """Nothing passes to whole numbers."""
        return place == 1

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Add every position's adjoint to the row that it took; whole numbers have none.

        A table of one's own gets the adjoint of one's own rows alone.
        """
        deposit = Deposit(site.sources[1].features)
        if site.equation.sequence is None or site.sources[1].sequence is not None:
            return None, m.apply(deposit, inputs[0], adjoint)
        return None, m.apply(deposit, m.collected(inputs[0]), m.collected(adjoint))


@dataclass(frozen=True, slots=True)
class Deposit(Primitive):
    """Sums of rows (the second input) that have the same number (the first): a table."""

    axes: Axes

    name: ClassVar[str] = "deposit"

    def features(self, *inputs: Axes) -> Axes:
        """Return the table's axes."""
        return self.axes

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One addition for each component of each row."""
        return site.size(site.sources[1].features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Return the depth of a sum over all rows, which may have one number."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        return summation(site.extent(site.sources[1].features[0]), setting)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Add row by row, for each layer on its own."""
        numbers, rows = arrays
        lead = rows.shape[: rows.ndim - len(site.sources[1].features)]
        numbers = frame.xp.broadcast_to(numbers, (*lead, *numbers.shape[len(lead) :]))
        shape = [frame.whole(a.extent) for a in self.axes]
        tables = frame.xp.zeros((*lead, *shape), dtype=rows.dtype)
        for place in np.ndindex(*lead):
            tables[place] = self._table(frame, tables[place], numbers[place], rows[place])
        return tables

    def _table(self, frame: Frame, table: Any, numbers: Any, rows: Any) -> Any:
        shape = table.shape
        whole = numbers.long() if hasattr(numbers, "long") else numbers.astype(int)
        if hasattr(table, "index_add_"):
            return table.index_add_(0, whole.reshape(-1), rows.reshape(-1, *shape[1:]))
        frame.xp.add.at(table, whole.reshape(-1), rows.reshape(-1, *shape[1:]))
        return table


@dataclass(frozen=True, slots=True)
class Position(Source):
    """The number of each position, from 0."""

    name: ClassVar[str] = "position"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Count."""
        along = site.equation.sequence
        if along is None:
            raise GraphError(f"expected {site.equation.name} to have a sequence axis, it has none")
        return frame.xp.arange(frame.whole(along.extent), dtype=frame.constant(0.0).dtype)


@dataclass(frozen=True, slots=True)
class Range(Source):
    """The numbers 0, 1, 2, ... as components."""

    name: ClassVar[str] = "range"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Count."""
        (axis,) = self.axes
        return frame.xp.arange(frame.whole(axis.extent), dtype=frame.constant(0.0).dtype)


@dataclass(frozen=True, slots=True)
class Progression(Source):
    """m numbers that fall from 1 towards 1/base: base**(-i/m), i counting from 0."""

    base: float = 10000.0

    name: ClassVar[str] = "progression"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Raise to powers."""
        (axis,) = self.axes
        count = frame.whole(axis.extent)
        steps = frame.xp.arange(count, dtype=frame.constant(0.0).dtype)
        return frame.constant(self.base) ** (-steps / count)


def progression(extent: Any, base: float) -> Progression:
    """Return a progression of as many numbers as a size says."""
    return Progression((Axis(str(extent), extent),), base)
