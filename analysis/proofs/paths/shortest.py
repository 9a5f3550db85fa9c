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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ....graphs.graph import Equation, Graph, Read
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, poly
from ...sites import axis_of, weights
from ..errors import ProofError
from ..positions import lower_sizes
from .flights import near, singles
from .pieces import (
    Given,
    Piece,
    arrives,
    cheap,
    cheapest,
    contains_itself,
    continues,
    covers,
    from_zero,
    reaches,
    targets,
    within,
)
from .reading import Cell, Reader, claimed


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
        below = checker(graph, cost, source, pieces, certificate)
        above = checker(graph, cost, source, certificate.achieved[source], certificate)
        for equation in graph:
            for cell in below.reader.cells(equation):
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
    floor = lower_sizes(certificate.least)
    for piece, given, count in (s for p in below for s in singles(p, floor)):
        ends = [piece.low] if piece.high is None else [piece.low, piece.high]
        same = [
            p
            for p in (q for a in above for q in near(a, count, given))
            if p.side == piece.side
            and (piece.high is not None or at_least(piece.slope, p.slope, given=given))
            and all(at_least(piece.at(e), p.at(e), given=given) for e in ends)
        ]
        if not (same if piece.side == 0 else covers(same, piece.low, piece.high, given)):
            raise ProofError(f"{name}: no path is as short as {piece}")


def checker(
    graph: Graph,
    cost: Mapping[str, Poly],
    source: str,
    pieces: Mapping[str, tuple[Piece, ...]],
    certificate: PathCertificate,
) -> Checker:
    """Return a checker of pieces from one input."""
    reader = Reader(graph, pieces, certificate.least, certificate.hops)
    return Checker(graph, cost, source, reader)


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks the pieces of one input against what the equations read."""

    graph: Graph
    cost: Mapping[str, Poly]
    source: str
    reader: Reader[Piece]

    def own(self, equation: Equation, cell: Cell) -> list[Piece]:
        """Return the pieces of an equation that are claimed in a cell, of flights a few."""
        found = (p for p in self.reader.pieces.get(equation.name, ()) if claimed(p, cell.layer))
        return [q for p in found for q in near(p, cell.count, cell.given)]

    def each(self, piece: Piece, cell: Cell) -> Iterator[tuple[Piece, Cell]]:
        """Yield a piece, or cases that cover all pieces of a flight that have any distance."""
        for single, given, count in singles(piece, cell.given):
            end = single.high
            if count is None or end is None or not at_least(single.low - 1, end, given=given):
                yield single, Cell(cell.layer, given, count)

    def complete(self, equation: Equation, cell: Cell) -> None:
        """No path is cheaper than the pieces say."""
        own = self.own(equation, cell)
        weight = self.cost[equation.name]
        start = [p for p in own if p.side == 1 and p.low == 0 and within(p, weight, cell.given)]
        if equation.name == self.source and not start:
            raise ProofError(f"{equation.name}: no piece starts at the input itself")
        for read, pieces in self.reader.reads(equation, cell):
            for piece, case in (each for p in pieces for each in self.each(p, cell)):
                above = own if case.count is None else self.own(equation, case)
                for move, extra in self.reader.moves(equation, read):
                    self._covered(equation, above, piece, move, weight + extra, case, read)

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
        across = piece.side == 0 or equation.sequence != self.graph[read.source].sequence
        if across:
            entry = [cost + weight for cost in cheapest(piece, cell.given)]
            fine = bool(entry) and any(p.side == 0 and within(p, entry[0], cell.given) for p in own)
        else:
            fine = self._whole_or_cut_covered(own, piece, move, weight, cell.given)
        if not fine:
            raise ProofError(
                f"{equation.name}: a path through {read.source} ({piece}) may be cheaper "
                "than its pieces"
            )

    def _whole_or_cut_covered(
        self, own: Sequence[Piece], piece: Piece, move: Relation, weight: Poly, given: Given
    ) -> bool:
        """Whether pieces cover wherever a piece leads, whole or cut after its first distance."""
        if move.is_same and any(continues(p, piece, weight) for p in own):
            return True
        if self._leads_inside(own, piece, move, weight, given):
            return True
        point, rest = replace(piece, high=piece.low), replace(piece, low=piece.low + 1)
        return all(self._leads_inside(own, p, move, weight, given) for p in (point, rest))

    def _leads_inside(
        self, own: Sequence[Piece], piece: Piece, move: Relation, weight: Poly, given: Given
    ) -> bool:
        return all(
            self._spread(own, piece, move, weight, given, *target)
            for target in targets(piece, move, given)
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
        for piece in self.reader.pieces.get(equation.name, ()):
            if claimed(piece, cell.layer) and not self.is_achieved(equation, piece, cell):
                raise ProofError(f"{equation.name}: no path has the length {piece}")

    def is_achieved(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
        """Whether what is read carries the piece, whole or cut after its first distance."""
        return all(self._whole_or_cut(equation, *each) for each in self.each(piece, cell))

    def _whole_or_cut(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
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
        for read, pieces in self.reader.reads(equation, cell):
            found = [q for p in pieces for q in near(p, cell.count, given)]
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
                for move, extra in self.reader.moves(equation, read):
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
