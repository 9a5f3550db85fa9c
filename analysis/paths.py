"""Path lengths: the shortest paths of the unrolled graph, as formulas with a certificate.

From one input position, the distances at which an equation is reached and what that costs are
followed through the graph as intervals; loops are followed for a few steps and continued.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..graphs.graph import Equation, Graph, Read
from ..graphs.relations import Relation
from ..graphs.schedule import Step, steps
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, poly, power, size
from .proofs.paths import Checker, PathCertificate, costs
from .proofs.pieces import Piece, S, claimed, reach, targets
from .sites import axis_of
from .solving import STEPS, UnsolvedError, continued, geometric, prune

Pieces = tuple[Piece, ...]
FOLLOWED = 7
"""How many steps of a recurrence are followed: the first ones may be shorter than the rest."""


def certify_paths(graph: Graph, setting: Setting, *, hops: int | None = None) -> PathCertificate:
    """Find the pieces of all equations, from each input; nothing is verified here.

    Raises
    ------
    UnsolvedError, ProofError
        If a relation has no interval, or a loop no conjecture.
    """
    key = ("paths", setting if hops is None else hops)
    if key not in graph.memory:
        graph.memory[key] = _certify(graph, setting, hops)
    found: PathCertificate = graph.memory[key]
    return found


def _certify(graph: Graph, setting: Setting, hops: int | None) -> PathCertificate:
    least = {"L": 2} if any(_may_be_empty(a.extent) for a in graph.axes.values()) else {}
    found: dict[str, Mapping[str, Pieces]] = {}
    for name in graph.inputs:
        solver = Follower(graph, costs(graph, setting, hops), name, hops, least)
        solver.visit(None)
        found[name] = solver.pieces
    draft = PathCertificate(found, found, hops, least)
    cost = costs(graph, setting, hops)
    achieved = {name: _achieved(graph, cost, name, draft) for name in graph.inputs}
    return PathCertificate(found, achieved, hops, least)


def _achieved(
    graph: Graph, cost: Mapping[str, Poly], source: str, draft: PathCertificate
) -> Mapping[str, Pieces]:
    """Return the pieces that are left when what nothing carries is dropped, again and again."""
    left = dict(draft.pieces[source])
    changed = True
    while changed:
        changed = False
        checker = Checker(graph, cost, source, left, draft)
        for equation in graph:
            cells = list(checker.cells(equation))
            kept = tuple(
                p
                for p in left.get(equation.name, ())
                if all(checker.is_achieved(equation, p, c) for c in cells if claimed(p, c.layer))
            )
            changed |= kept != left.get(equation.name, ())
            left[equation.name] = kept
    return left


def _may_be_empty(extent: Poly) -> bool:
    return any(
        (value := (extent - size(s)).constant) is not None and value < 0 for s in extent.sizes
    )


@dataclass
class Follower:
    """Pieces, equation by equation, from one input."""

    graph: Graph
    cost: Mapping[str, Poly]
    source: str
    hops: int | None
    least: Mapping[str, int]
    pieces: dict[str, Pieces] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    """Layers that are being followed, by axis."""
    past: dict[str, list[dict[str, Pieces]]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)

    def visit(self, names: Iterable[str] | None, fixed: frozenset[str] = frozenset()) -> None:
        """Follow equations in order."""
        for step in steps(self.graph, names, fixed):
            if step.axis is None:
                self.pieces[step.names[0]] = self._solve(self.graph[step.names[0]])
            elif self.graph.axes[step.axis].kind == "layer":
                self._layers(step, step.axis, fixed)
            else:
                self._loop(step, fixed | {step.axis})

    # one equation

    def _solve(self, equation: Equation, skip: frozenset[str] = frozenset()) -> Pieces:
        weight = self.cost[equation.name]
        found = [Piece(1, poly(0), poly(0), weight)] if equation.name == self.source else []
        for read in equation.reads:
            if read.boundary and not self._at_start(equation):
                continue
            if read.source not in skip:
                found.extend(self._through(equation, read, weight))
        return self.shortest(found)

    def _at_start(self, equation: Equation) -> bool:
        shift = next(r for r in equation.reads if not r.boundary)
        axis = axis_of(self.graph, shift.source, shift.axis)
        if axis is None or axis.kind != "layer":
            return axis is not None and equation.has(axis.name)
        return equation.has(axis.name) and self.at.get(axis.name, 1) == 0

    def _through(self, equation: Equation, read: Read, weight: Poly) -> list[Piece]:
        axis = axis_of(self.graph, read.source, read.axis)
        pieces = self._found(read)
        if axis is not None and axis.kind == "layer" and not equation.has(axis.name):
            pieces = _last(
                pieces,
                axis.name,
                axis.extent - 1 if read.relation.kind == "last" else poly(0),
                self.least,
            )
        relation = (
            read.relation if axis is not None and axis.kind == "sequence" else Relation.same()
        )
        across = equation.sequence != self.graph[read.source].sequence
        result: list[Piece] = []
        for piece in (self._here(p) for p in pieces):
            if across or piece.side == 0:
                stays = relation.is_same or (relation.reads_itself and not across)
                extra = 1 if self.hops and not stays else 0
                result.append(Piece(0, poly(0), None, piece.at(piece.low) + weight + extra))
                continue
            if self.hops and not relation.is_same:
                if relation.reads_itself:
                    result.append(replace(piece, cost=piece.cost + weight))
                result.extend(spread(piece, self._relation(relation), weight + 1))
            else:
                result.extend(spread(piece, self._relation(relation), weight))
        return result

    def _relation(self, relation: Relation) -> Relation:
        return relation.at(**{f"{k}_": v for k, v in self.at.items()})

    def _here(self, piece: Piece) -> Piece:
        return piece.fixed({f"{k}_": poly(v) for k, v in self.at.items()})

    def _found(self, read: Read) -> Pieces:
        if read.axis in self.members and read.source in self.members[read.axis or ""]:
            before = self.at[read.axis or ""] - 1
            return self.past[read.axis or ""][before][read.source] if before >= 0 else ()
        return self.pieces.get(read.source, ())

    def shortest(self, pieces: Iterable[Piece]) -> Pieces:
        """Drop pieces that lie inside others that cost no more."""
        kept: list[Piece] = []
        for piece in dict.fromkeys(_plain(q) for p in pieces for q in _sided(p)):
            empty = piece.high is not None and at_least(piece.low - 1, piece.high)
            if empty or any(inside(piece, other) for other in kept):
                continue
            kept = [k for k in kept if not inside(k, piece)]
            kept.append(piece)
        if len(kept) > 8:
            raise UnsolvedError(f"more than 8 pieces: {', '.join(str(k) for k in kept)}")
        return tuple(sorted(kept, key=lambda p: (p.side, str(p.low), str(p.high), str(p.cost))))

    # layers

    def _layers(self, step: Step, axis: str, fixed: frozenset[str]) -> None:
        self.past[axis], self.members[axis] = [], frozenset(step.names)
        for k in range(STEPS):
            self.at[axis] = k
            self.visit(step.names, fixed | {axis})
            self.past[axis].append({name: self.pieces[name] for name in step.names})
        del self.at[axis], self.members[axis]
        course = self.past.pop(axis)
        for name in step.names:
            self.pieces[name] = _continued_layers([c[name] for c in course], axis, name)

    # recurrences

    def _loop(self, step: Step, fixed: frozenset[str]) -> None:
        """Follow a recurrence: what enters it, and what the carried values add step by step."""
        members = frozenset(step.names)
        axis = step.axis or ""
        self._outside(step, fixed, members, axis)
        entering = {name: self.pieces[name] for name in step.names}
        seeds = self._seeds(entering, reverse=step.reverse)
        found = {name: list(entering[name]) for name in step.names}
        for seed in seeds:
            for name, piece in self._carried(step, fixed, axis, seed).items():
                found[name].extend(piece)
        for name in step.names:
            self.pieces[name] = self.shortest(found[name])
        for _ in range(2):
            for inner in steps(self.graph, step.names, fixed):
                for name in inner.names:
                    self.pieces[name] = self.shortest(
                        (*self.pieces[name], *self._solve(self.graph[name]))
                    )

    def _outside(
        self, step: Step, fixed: frozenset[str], members: frozenset[str], axis: str
    ) -> None:
        """Solve the loop's equations as if nothing were carried."""
        for inner in steps(self.graph, step.names, fixed):
            for name in inner.names:
                equation = self.graph[name]
                carried = frozenset(
                    r.source
                    for r in equation.reads
                    if r.axis == axis and r.source in members and not r.boundary
                )
                self.pieces[name] = self._solve(equation, carried)

    def _seeds(self, entering: Mapping[str, Pieces], *, reverse: bool) -> list[Poly]:
        side = -1 if reverse else 1
        ends: list[Poly] = []
        for pieces in entering.values():
            for piece in pieces:
                if piece.side == side:
                    ends.extend([piece.low] if piece.high is None else [piece.high, piece.low])
                elif piece.side == -side and piece.low == 0:
                    ends.append(poly(0))
        return list(dict.fromkeys(ends))

    def _carried(
        self, step: Step, fixed: frozenset[str], axis: str, seed: Poly
    ) -> dict[str, list[Piece]]:
        """Follow the carried values from one distance on, and continue them."""
        side = -1 if step.reverse else 1
        course: list[dict[str, tuple[Poly, ...]]] = []
        order = [n for inner in steps(self.graph, step.names, fixed) for n in inner.names]
        for k in range(FOLLOWED):
            now: dict[str, tuple[Poly, ...]] = {}
            for name in order:
                now[name] = self._step_costs(
                    self.graph[name], axis, seed + k, side, course, now, frozenset(order)
                )
            course.append(now)
        result: dict[str, list[Piece]] = {}
        for name in order:
            history = [c[name] for c in course]
            if not history[-1]:
                continue
            tail = continued(history, S - seed, name)
            start = next(
                k
                for k in range(FOLLOWED)
                if set(history[k]) == {t.substitute({"s_": seed + k}) for t in tail}
            )
            result[name] = [Piece(side, seed + start, None, t) for t in tail]
            result[name] += [
                Piece(side, seed + k, seed + k, c) for k in range(start) for c in history[k]
            ]
        return result

    def _step_costs(
        self,
        equation: Equation,
        axis: str,
        distance: Poly,
        side: int,
        course: Sequence[Mapping[str, tuple[Poly, ...]]],
        now: Mapping[str, tuple[Poly, ...]],
        members: frozenset[str],
    ) -> tuple[Poly, ...]:
        weight = self.cost[equation.name]
        found: list[Poly] = []
        for read in equation.reads:
            if read.source in members and read.axis == axis:
                earlier = list(course[-1:]) if read.relation.distance is not None else list(course)
                extra = 1 if self.hops else 0
                found.extend(c + weight + extra for past in earlier for c in past[read.source])
                if read.relation.reads_itself:
                    found.extend(c + weight for c in now.get(read.source, ()))
            elif read.source in members:
                found.extend(c + weight for c in now[read.source])
            elif not read.boundary:
                found.extend(
                    p.at(distance)
                    for p in self._through(equation, read, weight)
                    if _contains(p, side, distance)
                )
        return prune(found, lambda a, b: at_least(b, a))


def _contains(piece: Piece, side: int, distance: Poly) -> bool:
    if piece.side not in (side, 0) and not (piece.side == -side and distance == 0):
        return False
    return at_least(distance, piece.low) and (piece.high is None or at_least(piece.high, distance))


def _sided(piece: Piece) -> list[Piece]:
    """Write the input's own position as a piece of the side at or after it."""
    if piece.side >= 0 or piece.low != 0:
        return [piece]
    here = replace(piece, side=1, low=poly(0), high=poly(0), cost=piece.at(poly(0)))
    return [here] if piece.high == 0 else [here, replace(piece, low=poly(1))]


def _plain(piece: Piece) -> Piece:
    """Write the cost of a single distance without the distance."""
    if piece.high is not None and piece.high == piece.low:
        return replace(piece, cost=piece.at(piece.low))
    return piece


def inside(piece: Piece, other: Piece) -> bool:
    """Whether ``other`` holds everything that ``piece`` says, at no more cost."""
    if piece.layers != other.layers:
        return False
    zero = piece.high is not None and piece.high == 0 and other.low == 0 and other.side != 0
    if piece.side != other.side and not (zero and piece.side != 0):
        return False
    if not at_least(piece.low, other.low):
        return False
    if other.high is not None and (piece.high is None or not at_least(other.high, piece.high)):
        return False
    ends = [piece.low] if piece.high is None else [piece.low, piece.high]
    if piece.high is None and not at_least(piece.slope, other.slope):
        return False
    return all(at_least(piece.at(e), other.at(e)) for e in ends)


def spread(piece: Piece, move: Relation, weight: Poly) -> list[Piece]:
    """Return the pieces at which a piece arrives through a relation."""
    if move.is_same:
        return [replace(piece, cost=piece.cost + weight)]
    back, ahead = reach(move)
    away = back if piece.side > 0 else ahead
    if move.distance is not None and away is not None:
        return _shifted(piece, away, weight)
    result = []
    for side, low, high in targets(piece, move, {}):
        nearest = piece.at(piece.low) + weight
        if piece.slope == 0 or side != piece.side or away is None:
            result.append(Piece(side, low, high, nearest, piece.layers))
            continue
        result.append(Piece(side, low, piece.low + away, nearest, piece.layers))
        result.append(
            Piece(side, piece.low + away, high, piece.at(S - away) + weight, piece.layers)
        )
    return result


def _shifted(piece: Piece, away: Poly, weight: Poly) -> list[Piece]:
    """Return a piece moved as a whole, away from the input or, if negative, toward and past it."""
    high = None if piece.high is None else piece.high + away
    low = piece.low + away
    if at_least(low, 0):
        return [Piece(piece.side, low, high, piece.at(S - away) + weight, piece.layers)]
    passed, first = (-away).constant, piece.low.constant
    if passed is None or first is None:
        raise UnsolvedError(f"a shift by {away} moves {piece} past its input")
    result = [Piece(piece.side, poly(0), high, piece.at(S - away) + weight, piece.layers)]
    for k in range(int(first), int(passed)):
        if piece.high is None or at_least(piece.high, k):
            beyond = poly(int(passed) - k)
            result.append(
                Piece(-piece.side, beyond, beyond, piece.at(poly(k)) + weight, piece.layers)
            )
    return result


def _last(pieces: Pieces, axis: str, place: Poly, least: Mapping[str, int]) -> Pieces:
    """Return the pieces at the last layer."""
    return tuple(
        piece.limited(axis, None).fixed({f"{axis}_": place})
        for piece in pieces
        if piece.claimed(axis)[1] is None
    )


def _continued_layers(course: Sequence[Pieces], axis: str, name: str) -> Pieces:
    """Continue the pieces of the first layers to any layer."""
    if len({len(c) for c in course[1:]}) != 1:
        raise UnsolvedError(f"{name}: its pieces do not settle along {axis}")
    symbol = size(f"{axis}_")
    later = zip(*course[1:], strict=True)
    found = [_continued_piece(tail, symbol, axis, name) for tail in later]
    heads: list[Piece] = []
    for piece in course[0]:
        match = next(
            (k for k, t in enumerate(found) if _same(piece, t.fixed({f"{axis}_": 0}))), None
        )
        if match is None:
            heads.append(piece.limited(axis, (0, 0)))
    matched = [any(_same(p, t.fixed({f"{axis}_": 0})) for p in course[0]) for t in found]
    tails = [t if m else t.limited(axis, (1, None)) for t, m in zip(found, matched, strict=True)]
    return (*heads, *tails)


def _same(a: Piece, b: Piece) -> bool:
    a, b = _plain(a), _plain(b)
    return (a.side, a.low, a.high, a.cost) == (b.side, b.low, b.high, b.cost)


def _continued_piece(tail: Sequence[Piece], symbol: Poly, axis: str, name: str) -> Piece:
    first = tail[0]
    if any(
        p.side != first.side or p.layers != first.layers or (p.high is None) != (first.high is None)
        for p in tail
    ):
        raise UnsolvedError(f"{name}: its pieces do not settle along {axis}")
    what = f"{name} along {axis}"
    grow = functools.partial(_grown, step=symbol - 1, what=what)
    high = None if first.high is None else grow([p.high for p in tail if p.high is not None])
    return Piece(
        first.side, grow([p.low for p in tail]), high, grow([p.cost for p in tail]), first.layers
    )


def _grown(values: Sequence[Poly], step: Poly, what: str) -> Poly:
    try:
        return continued([(v,) for v in values], step, what)[0]
    except UnsolvedError:
        last = len(values) - 1
        found = geometric(values, lambda ratio: power(ratio, step - last))
        if found is None:
            raise
        return found
