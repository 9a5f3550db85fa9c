"""Routes: how paths go from one value to another inside one layer, and how they enter layers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import Final
from ...graphs.sizes import Poly, at_least, poly
from ..causality import on_inputs
from ..proofs.cuts.flows import from_below, layer_of, lower
from ..proofs.extents import whole_extents
from ..proofs.storage.state import reach, sequence


@dataclass(frozen=True, slots=True)
class Hop:
    """One read on a route."""

    reader: str
    read: int
    ahead: Poly = field(default_factory=lambda: poly(0))


Route = tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Where paths enter a stack of layers, and how one layer leads to the next."""

    source: str
    """The input that they come from."""
    below: Route
    """From the input to the first layer, the read of it included; empty if there are no layers."""
    entry: str
    """The value that a layer is given, or the input itself."""
    climb: Hop | None
    """The read of the layer below."""
    axis: Axis | None


class Routes:
    """Shortest routes inside one layer, through values that are wide enough."""

    def __init__(self, graph: Graph, width: Poly) -> None:
        self.graph, self.width, self.whole = graph, width, whole_extents(graph)
        self.along, self.dependent = sequence(graph), on_inputs(graph)

    def wide(self, name: str, width: Poly) -> bool:
        """Whether a value holds as many scalars."""
        room = self.graph[name].scalars.substitute(self.whole)
        return at_least(room, width.substitute(self.whole))

    def hops(self, name: str, ahead: Poly | None) -> Iterator[Hop]:
        """Yield the reads of a value at the same position, or so many positions ahead."""
        source = self.graph[name]
        for equation in self.graph:
            for k, read in enumerate(equation.reads):
                if read.source != name or read.boundary or isinstance(equation.primitive, Final):
                    continue
                if lower(self.graph, read) or layer_of(equation) != layer_of(source):
                    continue
                if read.axis != self.along.name:
                    if (ahead is None and read.relation.is_same) or (
                        ahead is None and equation.sequence is None and read.relation.back is None
                    ):
                        yield Hop(equation.name, k)
                    continue
                near, far = read.relation.ahead, reach(read)
                if ahead is None and near == 0:
                    yield Hop(equation.name, k)
                elif ahead is not None and (far is None or at_least(far, ahead)):
                    yield Hop(equation.name, k, ahead)

    def route(
        self,
        start: str,
        goals: Iterable[str],
        avoided: Iterable[str] = (),
        *,
        width: Poly | None = None,
        ahead: Poly | None = None,
    ) -> Route | None:
        """Return the shortest route to a goal; with ``ahead``, one hop of it goes so far ahead."""
        wide, targets = width or self.width, set(goals)
        closed = set(avoided) - targets
        first = (start, ahead is None)
        before: dict[tuple[str, bool], tuple[tuple[str, bool], Hop] | None] = {first: None}
        pending = deque([first])
        while pending:
            here = pending.popleft()
            if here[0] in targets and here[1] and here != first:
                return _traced(before, here)
            nexts = [(h, here[1]) for h in self.hops(here[0], None)]
            if not here[1]:
                nexts += [(h, True) for h in self.hops(here[0], ahead)]
            for hop, done in nexts:
                there = (hop.reader, done)
                if there not in before and hop.reader not in closed and self.wide(hop.reader, wide):
                    before[there] = (here, hop)
                    pending.append(there)
        return None


def _traced(
    before: dict[tuple[str, bool], tuple[tuple[str, bool], Hop] | None], at: tuple[str, bool]
) -> Route:
    hops: list[Hop] = []
    while (step := before[at]) is not None:
        at, hop = step
        hops.append(hop)
    return tuple(hops[::-1])


def visited(route: Route | None) -> set[str]:
    """Return the values that a route passes."""
    return {hop.reader for hop in route or ()}


def stacks(graph: Graph, source: str) -> Iterator[Stack]:
    """Yield how paths from an input may enter layers, or the input itself without layers."""
    routes = Routes(graph, poly(1))
    found = False
    for equation in graph:
        for k, read in enumerate(equation.reads):
            axis = layer_of(equation)
            if axis is None or layer_of(graph[read.source]) is not None:
                continue
            if not (from_below(graph, equation, read) or read.relation.is_same):
                continue
            below: Route | None = (
                () if read.source == source else routes.route(source, [read.source])
            )
            if below is None or read.source not in on_inputs(graph):
                continue
            climb = _climb(graph, equation)
            found = True
            yield Stack(source, (*below, Hop(equation.name, k)), equation.name, climb, axis)
    if not found:
        yield Stack(source, (), source, None, None)


def _climb(graph: Graph, equation: Equation) -> Hop | None:
    return next(
        (Hop(equation.name, k) for k, r in enumerate(equation.reads) if lower(graph, r)), None
    )
