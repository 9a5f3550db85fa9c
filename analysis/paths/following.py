"""Following shortest paths from one input through the graph, equation by equation.

What reads carries intervals of distances on; loops are followed for a few steps and continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...graphs.graph import Equation, Graph, Read
from ...graphs.schedule import Step, steps
from ...graphs.sizes import Poly, at_least, poly
from ..proofs.paths.pieces import Given, Piece, S
from ..solving import UnsolvedError, continued, prune
from ..walking import Walk
from .continuing import along_layers
from .spreading import contains, shortest, spread

Pieces = tuple[Piece, ...]
FOLLOWED = 7
"""How many steps of a recurrence are followed: the first ones may be shorter than the rest."""

LONGER = 2
"""How many times as many are followed where these are not enough."""


@dataclass
class Follower:
    """Pieces, equation by equation, from one input."""

    graph: Graph
    cost: Mapping[str, Poly]
    source: str
    hops: int | None
    given: Given
    """What is known of sizes."""

    def __post_init__(self) -> None:
        self.walk: Walk[Piece] = Walk(self.graph, self._solve, along_layers, self._loop)
        self.known: dict[Pieces, Pieces] = {}

    def follow(self) -> Mapping[str, Pieces]:
        """Return the pieces of all equations."""
        self.walk.visit(None)
        return self.walk.found

    def _solve(self, equation: Equation, skip: frozenset[str] = frozenset()) -> Pieces:
        weight = self.cost[equation.name]
        found = [Piece(1, poly(0), poly(0), weight)] if equation.name == self.source else []
        for read, pieces in self.walk.reads(equation):
            if read.source not in skip:
                found.extend(self._through(equation, read, pieces))
        return self._shortest(found)

    def _shortest(self, found: Iterable[Piece]) -> Pieces:
        """Return the pieces that are needed; many equations and steps ask for the same."""
        key = tuple(dict.fromkeys(found))
        if key not in self.known:
            self.known[key] = shortest(key, self.given)
        return self.known[key]

    def _through(self, equation: Equation, read: Read, pieces: Pieces) -> list[Piece]:
        """Return where pieces arrive that an equation reads."""
        weight, relation = self.cost[equation.name], self.walk.along(read)
        across = equation.sequence != self.graph[read.source].sequence
        result: list[Piece] = []
        for piece in pieces:
            if across or piece.side == 0:
                stays = relation.is_same or (relation.reads_itself and not across)
                extra = 1 if self.hops and not stays else 0
                first = piece if piece.last is None else piece.single(0)
                result.append(Piece(0, poly(0), None, first.at(first.low) + weight + extra))
                continue
            if self.hops and not relation.is_same:
                if relation.reads_itself:
                    result.append(replace(piece, cost=piece.cost + weight))
                result.extend(spread(piece, relation, weight + 1))
            else:
                result.extend(spread(piece, relation, weight))
        return result

    # recurrences

    def _loop(self, step: Step, fixed: frozenset[str]) -> None:
        """Follow a recurrence: what enters it, and what the carried values add step by step."""
        members = frozenset(step.names)
        axis = step.axis or ""
        inside = next((s for s in steps(self.graph, step.names, fixed) if s.axis is not None), None)
        if inside is not None:
            raise UnsolvedError(f"{inside.names[0]}: a loop along {inside.axis} inside {axis}")
        self._outside(step, fixed, members, axis)
        entering = {name: self.walk.found[name] for name in step.names}
        flight = next((p for ps in entering.values() for p in ps if p.last is not None), None)
        if flight is not None:
            raise UnsolvedError(f"{step.names[0]}: a recurrence that is reached by {flight}")
        seeds = self._seeds(entering, reverse=step.reverse)
        found = {name: list(entering[name]) for name in step.names}
        for seed in seeds:
            for name, piece in self._carried(step, fixed, axis, seed).items():
                found[name].extend(piece)
        for name in step.names:
            self.walk.found[name] = self._shortest(found[name])
        for _ in range(2):
            for inner in steps(self.graph, step.names, fixed):
                for name in inner.names:
                    self.walk.found[name] = self._shortest(
                        (*self.walk.found[name], *self._solve(self.graph[name]))
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
                self.walk.found[name] = self._solve(equation, carried)

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
        course: list[dict[str, tuple[Poly, ...]]] = []
        for _ in range(LONGER):
            self._further(step, fixed, axis, seed, course)
            try:
                return self._continued(course, seed, -1 if step.reverse else 1)
            except UnsolvedError as error:
                reason = error
        raise reason

    def _further(
        self,
        step: Step,
        fixed: frozenset[str],
        axis: str,
        seed: Poly,
        course: list[dict[str, tuple[Poly, ...]]],
    ) -> None:
        """Follow the carried values for some more steps."""
        side = -1 if step.reverse else 1
        order = [n for inner in steps(self.graph, step.names, fixed) for n in inner.names]
        for k in range(len(course), len(course) + FOLLOWED):
            now: dict[str, tuple[Poly, ...]] = {}
            for name in order:
                now[name] = self._step_costs(
                    self.graph[name], axis, seed + k, side, course, now, frozenset(order)
                )
            course.append(now)

    def _continued(
        self, course: Sequence[Mapping[str, tuple[Poly, ...]]], seed: Poly, side: int
    ) -> dict[str, list[Piece]]:
        result: dict[str, list[Piece]] = {}
        for name in course[-1]:
            history = [c[name] for c in course]
            if not history[-1]:
                continue
            tail = continued(history, S - seed, name, apart=True)
            start = next(
                k
                for k in range(len(course))
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
                outside = self._through(equation, read, self.walk.read(equation, read))
                found.extend(
                    p.at(distance) for p in outside if contains(p, side, distance, self.given)
                )
        return prune(found, lambda a, b: at_least(b, a, given=self.given))
