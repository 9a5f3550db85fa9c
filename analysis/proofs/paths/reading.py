"""Reading: which pieces an equation reads, in which layer, and across which positions.

A piece says something of an equation at a position, in symbols of its layers. What a reader sees of
it are the same words at the layer that it reads.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.primitives import Final
from ....graphs.relations import Relation
from ....graphs.sizes import Poly, Sized, at_least, poly, size
from ...sites import axis_of
from ..errors import ProofError
from ..positions import bound_symbol, lower_sizes
from .pieces import Given, Span1

Own = TypeVar("Own", bound="Placed")


class Placed(Protocol):
    """What is said of an equation, for some of its layers."""

    @property
    def layers(self) -> tuple[tuple[str, Span1], ...]:
        """Layer axes with the first and the last layer for which it is claimed."""

    def claimed(self, axis: str) -> Span1:
        """Return the first and the last layer for which it is claimed."""

    def limited(self: Own, axis: str, layers: Span1 | None) -> Own:
        """Return the same with another claim about layers; None for no claim."""

    def fixed(self: Own, values: Given) -> Own:
        """Return the same with sizes and layer positions replaced."""


P = TypeVar("P", bound=Placed)


def claimed(piece: Placed, layer: Mapping[str, Span1]) -> bool:
    """Whether a piece is claimed for layers."""
    for axis, (first, end) in piece.layers:
        if axis not in layer:
            continue
        low, high = layer[axis]
        if low < first or (end is not None and (high is None or high > end)):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Cell:
    """A case of layer positions: which layer each axis is at, and what that says of sizes."""

    layer: Mapping[str, Span1]
    given: Given
    count: Poly | None = None
    """Which piece of a flight is looked at, if one is."""


@dataclass(frozen=True, slots=True)
class Reader(Generic[P]):
    """What the equations of a graph read of pieces."""

    graph: Graph
    pieces: Mapping[str, tuple[P, ...]]
    """By equation."""
    least: Mapping[str, int]
    hops: int | None
    """What an edge that crosses positions costs, beyond the weight of its reader."""

    def cells(self, equation: Equation) -> Iterator[Cell]:
        """Yield cases that cover all layers: each of the first ones, and all later ones."""
        axes = [a for a in equation.positions if a.kind == "layer"]
        if not axes:
            yield Cell({}, lower_sizes(self.least))
            return
        last = 1 + max(
            (
                b
                for ps in self.pieces.values()
                for p in ps
                for _, span in p.layers
                for b in span
                if b is not None
            ),
            default=0,
        )
        spans: list[Span1] = [*((k, k) for k in range(last + 1)), (last + 1, None)]
        for choice in itertools.product(*([(a, s) for s in spans] for a in axes)):
            given = lower_sizes(self.least)
            for axis, (first, end) in choice:
                _place(
                    given, axis, poly(first) if end is not None else first + size(f"{axis.name}_k_")
                )
            yield Cell({a.name: s for a, s in choice}, given)

    def read(self, equation: Equation, read: Read, cell: Cell) -> Iterator[P]:
        """Yield the pieces of what is read in a cell, in the reader's symbols."""
        axis = axis_of(self.graph, read.source, read.axis)
        values: dict[str, Sized] = {}
        layer = dict(cell.layer)
        if axis is not None and axis.kind == "layer":
            distance = read.relation.distance
            if distance is not None:
                back = int(distance.constant or 0)
                first, end = cell.layer[axis.name]
                if first < back:
                    return
                layer[axis.name] = (first - back, None if end is None else end - back)
                values[axis.position] = size(axis.position) - back
            else:
                place = axis.extent - 1 if read.relation.kind == "last" else poly(0)
                values[axis.position] = place
                yield from self._at_end(read.source, axis, place, layer, cell)
                return
        for piece in self.pieces.get(read.source, ()):
            if claimed(piece, layer):
                yield piece.fixed(values)

    def _at_end(
        self, name: str, axis: Axis, place: Poly, layer: Mapping[str, Span1], cell: Cell
    ) -> Iterator[P]:
        for piece in self.pieces.get(name, ()):
            first, end = piece.claimed(axis.name)
            rest = piece.limited(axis.name, None)
            if not claimed(rest, layer):
                continue
            floor = {**lower_sizes(self.least), **cell.given}
            if end is not None and at_least(place, end + 1, given=floor):
                continue
            if not at_least(place, first, given=floor) or end is not None:
                raise ProofError(
                    f"{name}: which of its pieces hold at the end of {axis.name} depends on sizes"
                )
            yield rest.fixed({axis.position: place})

    def reads(self, equation: Equation, cell: Cell) -> Iterator[tuple[Read, list[P]]]:
        """Yield what is read in a cell."""
        shift = next((r for r in equation.reads if not r.boundary), None)
        for read in equation.reads:
            if read.boundary and shift is not None and not self._starts(equation, shift, cell):
                continue
            yield read, list(self.read(equation, read, cell))

    def _starts(self, equation: Equation, shift: Read, cell: Cell) -> bool:
        """Whether the boundary may be read in a cell."""
        axis = axis_of(self.graph, shift.source, shift.axis)
        if axis is None:
            return False
        if axis.kind == "layer" and equation.has(axis.name):
            return cell.layer[axis.name][0] < int(
                (shift.relation.distance or poly(0)).constant or 0
            )
        return not isinstance(equation.primitive, Final)

    def moves(self, equation: Equation, read: Read) -> list[tuple[Relation, int]]:
        """Return along which offsets values come, and what that costs beyond the weight."""
        axis = axis_of(self.graph, read.source, read.axis)
        relation = (
            read.relation if axis is not None and axis.kind == "sequence" else Relation.same()
        )
        if relation.kind in {"last", "head"}:
            relation = Relation.all()
        if not self.hops or relation.is_same:
            return [(relation, 0)]
        stays = (
            [(Relation.same(), 0)] if relation.reads_itself and equation.sequence == axis else []
        )
        return [*stays, (relation, 1)]


def _place(given: dict[str, Sized], axis: Axis, position: Poly) -> None:
    given[axis.position] = position
    symbol = bound_symbol(axis)
    if symbol is not None:
        given[symbol] = position + 1 - (axis.extent - size(symbol)) + size(f"{axis.name}_r_")
