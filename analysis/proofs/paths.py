"""Certificates of path lengths: where a position can be reached from, at which cost, and the checker.

For one input position j, every equation gets pieces: an interval of distances s between its
position i and j, on the side i = j + s or i = j - s, with a cost that is affine in s. Two things
make the pieces the shortest paths. They are *complete*: whatever is read, at whatever position its
own pieces allow, some piece of the reader costs no more. And they are *achieved*: at every
distance of a piece, something that is read at a position between i and j has a piece that costs
what is left. Both hold by induction because the unrolled graph has no cycles, and both are checked
at the corners of intervals, for all sizes at once.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, Sized, at_least, poly, size
from ..sites import axis_of, weights
from .errors import ProofError
from .potentials import bound_symbol, lower_sizes

DISTANCE = "s_"
S = size(DISTANCE)
NEXT = S + 1
Given = Mapping[str, Sized]
Span1 = tuple[int, int | None]


@dataclass(frozen=True)
class Piece:
    """Distances at which an equation is reached, and the cost of the shortest path."""

    side: int
    """1: the position is the input's or later; -1: earlier or the same; 0: on another sequence, or
    on none: reached from every input position."""
    low: Poly
    high: Poly | None
    """The interval of distances; None is unbounded."""
    cost: Poly
    """Affine in the distance ``s_``; may hold sizes and layer positions."""
    layers: tuple[tuple[str, Span1], ...] = ()
    """Layer axes with the first and the last layer for which it is claimed."""

    def at(self, distance: Poly) -> Poly:
        """Return the cost at a distance."""
        if DISTANCE not in self.cost.sizes:
            return self.cost
        return self.cost.substitute({DISTANCE: distance})

    @functools.cached_property
    def slope(self) -> Poly:
        """Return the growth of the cost with the distance."""
        return self.at(NEXT) - self.cost

    def claimed(self, axis: str) -> Span1:
        """Return the first and the last layer for which the piece is claimed."""
        return dict(self.layers).get(axis, (0, None))

    def limited(self, axis: str, layers: Span1 | None) -> Piece:
        """Return the piece with another claim about layers; None for no claim."""
        rest = tuple(pair for pair in self.layers if pair[0] != axis)
        return replace(self, layers=rest if layers is None else tuple(sorted((*rest, (axis, layers)))))

    def fixed(self, values: Given) -> Piece:
        """Return the piece with sizes and layer positions replaced."""
        if not values:
            return self
        high = None if self.high is None else self.high.substitute(values)
        return Piece(self.side, self.low.substitute(values), high, self.cost.substitute(values), self.layers)

    def __str__(self) -> str:
        if self.side == 0:
            return f"{self.cost} from everywhere"
        end = "" if self.high is None else f" <= {self.high}"
        where = "i - j" if self.side > 0 else "j - i"
        return f"{self.cost} for {self.low} <= {DISTANCE}{end}, {DISTANCE} = {where}".replace(DISTANCE, "s")


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
            _meet(name, pieces.get(name, ()), certificate.achieved[source].get(name, ()), certificate)


def _meet(name: str, below: Sequence[Piece], above: Sequence[Piece], certificate: PathCertificate) -> None:
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
            (b for ps in self.pieces.values() for p in ps for _, span in p.layers for b in span if b is not None),
            default=0,
        )
        spans: list[Span1] = [*((k, k) for k in range(last + 1)), (last + 1, None)]
        for choice in itertools.product(*([(a, s) for s in spans] for a in axes)):
            given = lower_sizes(self.certificate.least)
            for axis, (first, end) in choice:
                _place(given, axis, poly(first) if end is not None else first + size(f"{axis.name}_k_"))
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

    def _at_end(self, name: str, axis: Axis, place: Poly, layer: Mapping[str, Span1], cell: Cell) -> Iterator[Piece]:
        for piece in self.pieces.get(name, ()):
            first, end = piece.claimed(axis.name)
            rest = piece.limited(axis.name, None)
            if not claimed(rest, layer):
                continue
            floor = {**lower_sizes(self.certificate.least), **cell.given}
            if end is not None and at_least(place, end + 1, given=floor):
                continue
            if not at_least(place, first, given=floor) or end is not None:
                raise ProofError(f"{name}: which of its pieces hold at the end of {axis.name} depends on sizes")
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
            return cell.layer[axis.name][0] < int((shift.relation.distance or poly(0)).constant or 0)
        return not isinstance(equation.primitive, Final)

    def complete(self, equation: Equation, cell: Cell) -> None:
        """No path is cheaper than the pieces say."""
        own = self.own(equation, cell)
        weight = self.cost[equation.name]
        start = [p for p in own if p.side == 1 and p.low == 0 and _within(p, weight, cell.given)]
        if equation.name == self.source and not start:
            raise ProofError(f"{equation.name}: no piece starts at the input itself")
        for read, pieces in self.reads(equation, cell):
            for piece in pieces:
                for move, extra in self.moves(equation, read):
                    self._covered(equation, own, piece, move, weight + extra, cell, read)

    def moves(self, equation: Equation, read: Read) -> list[tuple[Relation, int]]:
        """Return along which offsets values come, and what that costs beyond the weight."""
        axis = axis_of(self.graph, read.source, read.axis)
        relation = read.relation if axis is not None and axis.kind == "sequence" else Relation.same()
        if relation.kind in {"last", "head"}:
            relation = Relation.all()
        if not self.certificate.hops or relation.is_same:
            return [(relation, 0)]
        stays = [(Relation.same(), 0)] if relation.reads_itself and equation.sequence == axis else []
        return [*stays, (relation, 1)]

    def _covered(
        self, equation: Equation, own: Sequence[Piece], piece: Piece, move: Relation, weight: Poly, cell: Cell, read: Read
    ) -> None:
        if move.is_same and any(continues(p, piece, weight) for p in own):
            return
        target_axis, source_axis = equation.sequence, self.graph[read.source].sequence
        across = piece.side == 0 or target_axis != source_axis
        if across:
            entry = [cost + weight for cost in _cheapest(piece, cell.given)]
            fine = bool(entry) and any(p.side == 0 and _within(p, entry[0], cell.given) for p in own)
        else:
            fine = all(self._spread(own, piece, move, weight, cell.given, *target) for target in targets(piece, move, cell.given))
        if not fine:
            raise ProofError(f"{equation.name}: a path through {read.source} ({piece}) may be cheaper than its pieces")

    def _spread(
        self, own: Sequence[Piece], piece: Piece, move: Relation, weight: Poly, given: Given, side: int, low: Poly, high: Poly | None
    ) -> bool:
        """Whether pieces cover an interval at no more than the cost of the way through ``piece``."""
        if side < 0 and low == 0:
            return self._spread(own, piece, move, weight, given, 1, poly(0), poly(0)) and self._spread(
                own, piece, move, weight, given, side, poly(1), high
            )
        good = [p for p in own if p.side == side and _cheap(p, piece, move, weight, side, given)]
        return covers(good, low, high, given)

    def achieved(self, equation: Equation, cell: Cell) -> None:
        """Every piece is the length of a path."""
        for piece in self.own(equation, cell):
            if not self.is_achieved(equation, piece, cell):
                raise ProofError(f"{equation.name}: no path has the length {piece}")

    def is_achieved(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
        """Whether something that is read carries the piece, whole or cut after its first distance."""
        if self._achieved(equation, piece, cell):
            return True
        point = replace(piece, high=piece.low)
        rest = replace(piece, low=piece.low + 1)
        return self._achieved(equation, point, cell) and self._achieved(equation, rest, cell)

    def _achieved(self, equation: Equation, piece: Piece, cell: Cell) -> bool:
        weight, given = self.cost[equation.name], cell.given
        if equation.name == self.source and piece.side == 1 and piece.high == 0 and at_least(piece.cost, weight, given=given):
            return True
        for read, found in self.reads(equation, cell):
            if read.boundary and (axis := axis_of(self.graph, *_shift(equation))) is not None and axis.kind != "layer":
                continue
            axis = axis_of(self.graph, read.source, read.axis)
            placed = axis is not None and axis.kind == "sequence"
            relation = read.relation if placed else Relation.same()
            if relation.is_same and any(continues(piece, source, weight) for source in found):
                return True
            for source in (*found, *_from_zero(found, given)):
                across = source.side == 0 or equation.sequence != self.graph[read.source].sequence
                if across and not (piece.side == 0 and arrives(source, relation, given)):
                    continue
                if not across and relation.kind != "offsets":
                    continue
                for move, extra in self.moves(equation, read):
                    if across and at_least(piece.cost, source.at(source.low) + weight + extra, given=given):
                        return True
                    if not across and _reaches(piece, source, move, weight + extra, given):
                        return True
        return False


def continues(piece: Piece, source: Piece, weight: Poly) -> bool:
    """Whether a piece is another one, a weight later: what reading in place makes of it."""
    return (
        piece.side == source.side
        and piece.low == source.low
        and piece.high == source.high
        and piece.cost == source.cost + weight
    )


def arrives(source: Piece, relation: Relation, given: Given) -> bool:
    """Whether each reader reads, for each input position, one that has the piece's first cost.

    Where the source is on the input's sequence, that is the input's own position if all are read,
    and any where the cost is the same at all distances.
    """
    everywhere = relation.kind == "offsets" and relation.back is None and relation.ahead is None
    if source.side == 0:
        return (everywhere and relation.step == 1) or relation.kind in {"last", "head"} or contains_itself(relation, given)
    if source.low != 0:
        return False
    constant = source.high is None and source.slope == 0
    if relation.kind in {"last", "head"}:
        return constant and source.side == (1 if relation.kind == "last" else -1)
    return everywhere and relation.step == 1


def contains_itself(relation: Relation, given: Given) -> bool:
    """Whether every position certainly reads itself."""
    return relation.kind == "offsets" and all(
        bound is None or at_least(bound, 0, given=given) for bound in (relation.back, relation.ahead)
    )


def _from_zero(found: Sequence[Piece], given: Given) -> Iterator[Piece]:
    """Yield pieces before the input, extended by the input's own position where that costs no more."""
    here = [p for p in found if p.side == 1 and p.low == 0]
    for piece in found:
        if piece.side == -1 and piece.low == 1 and any(at_least(piece.at(poly(0)), h.at(poly(0)), given=given) for h in here):
            yield replace(piece, low=poly(0))


def _shift(equation: Equation) -> tuple[str, str | None]:
    read = next(r for r in equation.reads if not r.boundary)
    return read.source, read.axis


def _place(given: dict[str, Sized], axis: Axis, position: Poly) -> None:
    given[axis.position] = position
    symbol = bound_symbol(axis)
    if symbol is not None:
        given[symbol] = position + 1 - (axis.extent - size(symbol)) + size(f"{axis.name}_r_")


def claimed(piece: Piece, layer: Mapping[str, Span1]) -> bool:
    """Whether a piece is claimed for layers."""
    for axis, (first, end) in piece.layers:
        if axis not in layer:
            continue
        low, high = layer[axis]
        if low < first or (end is not None and (high is None or high > end)):
            return False
    return True


def _cheapest(piece: Piece, given: Given) -> list[Poly]:
    if at_least(piece.slope, 0, given=given):
        return [piece.at(piece.low)]
    return [] if piece.high is None else [piece.at(piece.high)]


def _within(piece: Piece, cost: Poly, given: Given) -> bool:
    return at_least(cost, piece.at(piece.low), given=given)


def reach(relation: Relation) -> tuple[Poly | None, Poly | None]:
    """Return how far back and ahead a relation by offsets reads, in positions."""
    if relation.kind != "offsets":
        raise ProofError(f"expected a relation by offsets, got {relation}")
    back = None if relation.back is None else relation.back * relation.step
    ahead = None if relation.ahead is None else relation.ahead * relation.step
    return back, ahead


def targets(piece: Piece, move: Relation, given: Given) -> Iterator[tuple[int, Poly, Poly | None]]:
    """Yield the distances that a piece may spread to: on its own side, and on the other."""
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)
    low = poly(0)
    if toward is not None:
        low = piece.low - toward
        if not at_least(low, 0, given=given):
            low = poly(0)
    high = None if away is None or piece.high is None else piece.high + away
    if high is None or not at_least(-1, high, given=given):
        yield piece.side, low, high
    beyond = None if toward is None else toward - piece.low
    if beyond is None or not at_least(0, beyond, given=given):
        yield -piece.side, poly(1), beyond


def covers(usable: Sequence[Piece], low: Poly, high: Poly | None, given: Given) -> bool:
    """Whether pieces of one side, taken together, contain an interval."""
    if high is not None and at_least(low - 1, high, given=given):
        return True
    reached, left = low - 1, list(usable)
    while left:
        step = next((p for p in left if at_least(reached + 1, p.low, given=given)), None)
        if step is None:
            return False
        left.remove(step)
        if step.high is None or (high is not None and at_least(step.high, high, given=given)):
            return True
        if at_least(step.high, reached, given=given):
            reached = step.high
    return False


def _cheap(own: Piece, piece: Piece, move: Relation, weight: Poly, side: int, given: Given) -> bool:
    """Whether ``own`` costs no more than the way through ``piece``, at all distances that it spreads to.

    The difference is affine in the distance of what is read and in the offset, so its least value
    is at a corner; where an interval is unbounded, it must not fall along it.
    """
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)
    same = 1 if side == piece.side else -1
    slope_s = piece.slope - same * own.slope
    slope_o = -same * own.slope
    distances = [piece.low] if piece.high is None else [piece.low, piece.high]
    if piece.high is None and not at_least(slope_s, 0, given=given):
        return False
    if away is None and not at_least(slope_o, 0, given=given):
        return False
    if toward is None and not at_least(-slope_o, 0, given=given):
        return False
    offsets = [x for x in (away, None if toward is None else -toward) if x is not None] or [poly(0)]
    return all(
        at_least(piece.at(s) + weight, own.at(same * (s + o)), given=given) for s in distances for o in offsets
    )


def _reaches(piece: Piece, source: Piece, move: Relation, weight: Poly, given: Given) -> bool:
    """Whether reading at one fitting offset achieves a piece at all of its distances."""
    back, ahead = reach(move)
    away, toward = (back, ahead) if piece.side > 0 else (ahead, back)

    first, end = piece.low, piece.high
    ends = [first] if end is None else [first, end]

    def allowed(nearest: Poly, farthest: Poly | None) -> bool:
        """Whether offsets away from the input, up to the farthest, are within the relation."""
        return (away is None or (farthest is not None and at_least(away, farthest, given=given))) and (
            toward is None or at_least(nearest, -toward, given=given)
        )

    def paid(distance: Poly) -> bool:
        if end is None:
            slope = distance.substitute({DISTANCE: NEXT}) - distance
            if not at_least(piece.slope, slope * source.slope, given=given):
                return False
        return all(
            at_least(piece.at(e), source.at(distance.substitute({DISTANCE: e})) + weight, given=given) for e in ends
        )

    def held(nearest: Poly, farthest: Poly | None) -> bool:
        return at_least(nearest, source.low, given=given) and (
            source.high is None or (farthest is not None and at_least(source.high, farthest, given=given))
        )

    zero, same = poly(0), piece.side == source.side
    if same and allowed(zero, zero) and held(first, end) and paid(S):
        return True
    start = source.low
    if move.step == 1 and (same or start == 0) and at_least(first, start, given=given) and paid(start):
        if allowed(first - start, None if end is None else end - start):
            return True
    if not same or away is None or not at_least(away, 0, given=given):
        return False  # away from the input may be outside the sequence
    if held(first - away, None if end is None else end - away) and paid(S - away):
        return True
    return _fills(piece, source, move, weight, away, given)


def _fills(piece: Piece, source: Piece, move: Relation, weight: Poly, away: Poly, given: Given) -> bool:
    """Whether steps of a relation carry an interval of constant cost over the whole piece."""
    if source.high is None or piece.high is None or source.slope != 0 or not at_least(move.ahead or 0, 0, given=given):
        return False
    return (
        move.reads_itself
        and at_least(piece.low, source.low, given=given)
        and at_least(source.high + away, piece.high, given=given)
        and at_least(source.high - source.low + 1, move.step, given=given)
        and at_least(piece.at(piece.low), source.cost + weight, given=given)
        and at_least(piece.at(piece.high), source.cost + weight, given=given)
    )
