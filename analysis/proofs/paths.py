"""Certificates of paths: where a position can be reached from, at which cost, and the checker.

For one input position j, every equation gets pieces: an interval of distances s between its
position i and j, on the side i = j + s or i = j - s, with a cost that is affine in s. Two things
make the pieces the shortest paths. They are *complete*: whatever is read, at whatever position its
own pieces allow, some piece of the reader costs no more. And they are *achieved*: at every
distance of a piece, something that is read at a position between i and j has a piece that costs
what is left. Both hold by induction because the unrolled graph has no cycles, and both are checked
at the corners of intervals, for all sizes at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, Sized, at_least, poly, size
from ..sites import axis_of, weights
from .errors import ProofError
from .pieces import (
    Given,
    Piece,
    Span1,
    arrives,
    cheap,
    cheapest,
    claimed,
    contains_itself,
    continues,
    covers,
    from_zero,
    reaches,
    targets,
    within,
)
from .potentials import bound_symbol, lower_sizes


@dataclass(frozen=True, slots=True)
class PathCertificate:
    """The pieces of all equations, for each input, and the costs per edge that they are about."""

    pieces: Mapping[str, Mapping[str, tuple[Piece, ...]]]
    """By input, then by equation: no path is shorter than these say."""
    achieved: Mapping[str, Mapping[str, tuple[Piece, ...]]]
    """By input, then by equation: those of the pieces that are lengths of paths. Some are not: at
    the ends of the sequence a recurrence reads its initial value instead."""
    hops: int | None = None
    """What an edge that crosses positions costs while everything else is free: 1 counts crossings,
    0 only says what is reached. None if equations cost their weights."""
    least: Mapping[str, int] = field(default_factory=dict)


def costs(graph: Graph, setting: Setting, hops: int | None) -> dict[str, Poly]:
    """Return the cost of entering each equation."""
    return {e.name: poly(0) for e in graph} if hops is not None else weights(graph, setting)


def check_paths(graph: Graph, setting: Setting, certificate: PathCertificate) -> None:
    """Verify that the pieces are the shortest paths, for all sizes in the domain.

    Raises
    ------
    ProofError
        Naming the equation whose pieces are not certain to be complete or achieved.
    """
    if not set(certificate.pieces) == set(certificate.achieved) == set(graph.inputs):
        raise ProofError(f"expected pieces for each input of {graph.name}")
    cost = costs(graph, setting, certificate.hops)
    for source, pieces in certificate.pieces.items():
        below = Checker(graph, cost, source, pieces, certificate)
        above = Checker(graph, cost, source, certificate.achieved[source], certificate)
        for equation in graph:
            for cell in below.cells(equation):
                below.complete(equation, cell)
                above.achieved(equation, cell)
        for name in graph.outputs:
            _meet(
                name, pieces.get(name, ()), certificate.achieved[source].get(name, ()), certificate
            )


def _meet(
    name: str, below: Sequence[Piece], above: Sequence[Piece], certificate: PathCertificate
) -> None:
    """Bounds and lengths of paths are the same at an output."""
    given = lower_sizes(certificate.least)
    for piece in below:
        ends = [piece.low] if piece.high is None else [piece.low, piece.high]
        same = [
            p
            for p in above
            if p.side == piece.side
            and (piece.high is not None or at_least(piece.slope, p.slope, given=given))
            and all(at_least(piece.at(e), p.at(e), given=given) for e in ends)
        ]
        if not (same if piece.side == 0 else covers(same, piece.low, piece.high, given)):
            raise ProofError(f"{name}: no path is as short as {piece}")


@dataclass(frozen=True, slots=True)
class Cell:
    """A case of layer positions: which layer each axis is at, and what that says of sizes."""

    layer: Mapping[str, Span1]
    given: Given


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks the pieces of one input against what the equations read."""

    graph: Graph
    cost: Mapping[str, Poly]
    source: str
    pieces: Mapping[str, tuple[Piece, ...]]
    certificate: PathCertificate

    def cells(self, equation: Equation) -> Iterator[Cell]:
        """Yield cases that cover all layers: each of the first ones, and all later ones."""
        axes = [a for a in equation.positions if a.kind == "layer"]
        if not axes:
            yield Cell({}, lower_sizes(self.certificate.least))
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
            given = lower_sizes(self.certificate.least)
            for axis, (first, end) in choice:
                _place(
                    given, axis, poly(first) if end is not None else first + size(f"{axis.name}_k_")
                )
            yield Cell({a.name: s for a, s in choice}, given)

    def own(self, equation: Equation, cell: Cell) -> list[Piece]:
        """Return the pieces of an equation that are claimed in a cell."""
        return [p for p in self.pieces.get(equation.name, ()) if claimed(p, cell.layer)]

    def read(self, equation: Equation, read: Read, cell: Cell) -> Iterator[Piece]:
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
    ) -> Iterator[Piece]:
        for piece in self.pieces.get(name, ()):
            first, end = piece.claimed(axis.name)
            rest = piece.limited(axis.name, None)
            if not claimed(rest, layer):
                continue
            floor = {**lower_sizes(self.certificate.least), **cell.given}
            if end is not None and at_least(place, end + 1, given=floor):
                continue
            if not at_least(place, first, given=floor) or end is not None:
                raise ProofError(
                    f"{name}: which of its pieces hold at the end of {axis.name} depends on sizes"
                )
            yield rest.fixed({axis.position: place})

    def reads(self, equation: Equation, cell: Cell) -> Iterator[tuple[Read, list[Piece]]]:
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

    def complete(self, equation: Equation, cell: Cell) -> None:
        """No path is cheaper than the pieces say."""
        own = self.own(equation, cell)
        weight = self.cost[equation.name]
        start = [p for p in own if p.side == 1 and p.low == 0 and within(p, weight, cell.given)]
        if equation.name == self.source and not start:
            raise ProofError(f"{equation.name}: no piece starts at the input itself")
        for read, pieces in self.reads(equation, cell):
            for piece in pieces:
                for move, extra in self.moves(equation, read):
                    self._covered(equation, own, piece, move, weight + extra, cell, read)

    def moves(self, equation: Equation, read: Read) -> list[tuple[Relation, int]]:
        """Return along which offsets values come, and what that costs beyond the weight."""
        axis = axis_of(self.graph, read.source, read.axis)
        relation = (
            read.relation if axis is not None and axis.kind == "sequence" else Relation.same()
        )
        if relation.kind in {"last", "head"}:
            relation = Relation.all()
        if not self.certificate.hops or relation.is_same:
            return [(relation, 0)]
        stays = (
            [(Relation.same(), 0)] if relation.reads_itself and equation.sequence == axis else []
        )
        return [*stays, (relation, 1)]

    def _covered(
        self,
        equation: Equation,
        own: Sequence[Piece],
        piece: Piece,
        move: Relation,
        weight: Poly,
        cell: Cell,
        read: Read,
    ) -> None:
        if move.is_same and any(continues(p, piece, weight) for p in own):
            return
        target_axis, source_axis = equation.sequence, self.graph[read.source].sequence
        across = piece.side == 0 or target_axis != source_axis
        if across:
            entry = [cost + weight for cost in cheapest(piece, cell.given)]
            fine = bool(entry) and any(p.side == 0 and within(p, entry[0], cell.given) for p in own)
        else:
            fine = all(
                self._spread(own, piece, move, weight, cell.given, *target)
                for target in targets(piece, move, cell.given)
            )
        if not fine:
            raise ProofError(
                f"{equation.name}: a path through {read.source} ({piece}) may be cheaper "
                "than its pieces"
            )

    def _spread(
        self,
        own: Sequence[Piece],
        piece: Piece,
        move: Relation,
        weight: Poly,
        given: Given,
        side: int,
        low: Poly,
        high: Poly | None,
    ) -> bool:
        """Whether pieces cover an interval at no more than the way through ``piece`` costs."""
        if side < 0 and low == 0:
            return self._spread(
                own, piece, move, weight, given, 1, poly(0), poly(0)
            ) and self._spread(own, piece, move, weight, given, side, poly(1), high)
        good = [p for p in own if p.side == side and cheap(p, piece, move, weight, side, given)]
        return covers(good, low, high, given)

    def achieved(self, equation: Equation, cell: Cell) -> None:
        """Every piece is the length of a path."""
        for piece in self.own(equation, cell):
            if not self.is_achieved(equation, piece, cell):
                raise ProofError(f"{equation.name}: no path has the length {piece}")

    def is_achieved(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
        """Whether what is read carries the piece, whole or cut after its first distance."""
        if self._achieved(equation, piece, cell):
            return True
        point = replace(piece, high=piece.low)
        rest = replace(piece, low=piece.low + 1)
        return self._achieved(equation, point, cell) and self._achieved(equation, rest, cell)

    def _achieved(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
        weight, given = self.cost[equation.name], cell.given
        if (
            equation.name == self.source
            and piece.side == 1
            and piece.high == 0
            and at_least(piece.cost, weight, given=given)
        ):
            return True
        for read, found in self.reads(equation, cell):
            if (
                read.boundary
                and (axis := axis_of(self.graph, *_shift(equation))) is not None
                and axis.kind != "layer"
            ):
                continue
            axis = axis_of(self.graph, read.source, read.axis)
            placed = axis is not None and axis.kind == "sequence"
            relation = read.relation if placed else Relation.same()
            if relation.is_same and any(continues(piece, source, weight) for source in found):
                return True
            own = equation.sequence == self.graph[read.source].sequence
            for source in (*found, *from_zero(found, given)):
                everywhere = piece.side == 0 and arrives(source, relation, given)
                beside = own and piece.side != 0 and source.side != 0 and relation.kind == "offsets"
                for move, extra in self.moves(equation, read):
                    stays = move.is_same and not relation.is_same
                    in_place = source.side == 0 and contains_itself(relation, given)
                    if everywhere and (in_place or not stays):
                        cost = source.at(source.low) + weight + extra
                        if at_least(piece.cost, cost, given=given):
                            return True
                    if beside and reaches(piece, source, move, weight + extra, given):
                        return True
        return False


def _shift(equation: Equation) -> tuple[str, str | None]:
    read = next(r for r in equation.reads if not r.boundary)
    return read.source, read.axis


def _place(given: dict[str, Sized], axis: Axis, position: Poly) -> None:
    given[axis.position] = position
    symbol = bound_symbol(axis)
    if symbol is not None:
        given[symbol] = position + 1 - (axis.extent - size(symbol)) + size(f"{axis.name}_r_")
