"""Flows for state bounds: families of paths from inputs to what later positions read.

A family's paths begin at input positions ``n - 1 - i``. There are three kinds:

- *staircase*: path i climbs at its position through the layers to one of them, there it enters a
  recurrence, which carries it to the last position. The one after it begins one position earlier,
  so the first C paths stop in the first layer, the next C in the second, and no two meet;
- *drift*: a path climbs by one layer and as many positions as a window reaches back, until the
  last positions of some layer are within reach of the next one;
- *leak*: every position climbs the same way, and in each layer as much ends as keys and values
  hold, until nothing is left.

Nothing here proves anything: the checker verifies what was put together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ...graphs.graph import Graph
from ...graphs.schedule import loop_axes
from ...graphs.sizes import Poly, maximum, minimum, poly, size
from ..proofs.cuts.flows import Arc, Flow, layer_of
from ..proofs.storage.state import frontier, reach, sequence
from .routes import Route, Routes, Stack, stacks, visited

MOST = 4
"""Recurrences of one layer, and kinds of values that later positions read, of which flows are sought."""
ORDERS = 24
"""Orders of staircases that are tried."""


class Paths:
    """Arcs, ends and beginnings, summed up family by family."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.arcs: dict[tuple[str, int, Poly], Poly] = {}
        self.ends: dict[str, Poly] = {}
        self.begins: dict[str, Poly] = {}
        self.names: dict[str, Poly] = {}

    def along(self, route: Route, amount: Poly) -> None:
        """Add a route; the amount is given by the position of its first source."""
        t = sequence(self.graph).position
        for hop in route:
            if hop.ahead != 0:
                amount = amount.substitute({t: size(t) - hop.ahead})
            key = (hop.reader, hop.read, hop.ahead)
            self.arcs[key] = self.arcs.get(key, poly(0)) + amount

    def end(self, name: str, amount: Poly) -> None:
        """Let so much end."""
        self.ends[name] = self.ends.get(name, poly(0)) + amount

    def begin(self, name: str, before: Poly) -> None:
        """Let so much begin before each position."""
        self.begins[name] = self.begins.get(name, poly(0)) + before

    def flow(self) -> Flow:
        """Return all of it."""
        arcs = tuple(Arc(*key, amount) for key, amount in self.arcs.items() if amount != 0)
        return Flow(arcs, self.ends, self.begins, self.names)

    def named(self, name: str, value: Poly) -> Poly:
        """Return a name for a quantity, unless it is a number."""
        if value.constant is not None:
            return value
        name = f"{name}{len(self.names)}_"
        self.names[name] = value
        return size(name)


def within(condition: Poly) -> Poly:
    """Return 1 where a whole number is not negative, else 0."""
    return minimum(1, maximum(0, condition + 1))


# --- families -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """The symbols that amounts are written in."""

    stack: Stack
    t: Poly
    n: Poly
    layer: Poly
    layers: Poly

    @property
    def later(self) -> Poly:
        """How many positions come after this one."""
        return self.n - 1 - self.t


def place(graph: Graph, stack: Stack) -> Place:
    """Return the symbols for a stack."""
    along = sequence(graph)
    layer = poly(0) if stack.axis is None else size(stack.axis.position)
    layers = poly(1) if stack.axis is None else stack.axis.extent
    return Place(stack, size(along.position), size(along.name), layer, layers)


def enter(paths: Paths, at: Place, amount: Poly) -> None:
    """Let an amount, by position and layer, come to every layer's entry."""
    stack = at.stack
    if stack.axis is None:
        return
    first = amount.substitute({stack.axis.position: poly(0)})
    paths.along(stack.below[:-1], first)
    paths.along(stack.below[-1:], amount)
    above = amount.substitute({stack.axis.position: size(stack.axis.position) + 1})
    if stack.climb is not None and above != 0:
        paths.along((stack.climb,), amount)


@dataclass(frozen=True, slots=True)
class Staircase:
    """Routes of a family that ends in one recurrence of each layer."""

    carrier: str
    into: Route
    """From the entry to the recurrence."""
    run: Route
    """From one position to the next."""
    over: Route
    """From the entry to what the next layer reads."""


def add_staircase(
    paths: Paths, at: Place, routes: Staircase, start: Poly, each: Poly, width: Poly
) -> Poly:
    """Add the paths from the one numbered ``start`` on, ``each`` of them for one layer.

    Returns the number of the path after the last.
    """
    i, after = at.later, start + at.layers * each
    start, each = paths.named("start", start), paths.named("each", each)
    last = start + at.layers * each

    def between(low: Poly, high: Poly) -> Poly:
        return width * within(i - low) * within(high - 1 - i)

    lowest = start + at.layer * each
    enter(paths, at, between(lowest, last))
    paths.along(routes.over, between(lowest + each, last))
    paths.along(routes.into, between(lowest, lowest + each))
    inside = width * maximum(0, minimum(lowest + each, at.n) - maximum(lowest, i))
    paths.along(routes.run, inside * within(i - 1))
    paths.end(routes.carrier, inside * within(-i))
    begun = maximum(0, minimum(last, at.n) - maximum(start, at.n - at.t))
    paths.begin(at.stack.source, width * begun)
    return after


def add_drift(
    paths: Paths, at: Place, window: tuple[Route, Route], name: str, ahead: Poly, width: Poly
) -> Poly:
    """Add the paths that climb through windows; the routes lead to the window, and on from it."""
    i, last = at.later, at.layers * ahead
    to, on = window
    amount = width * within(minimum(last, at.n) - 1 - i - at.layer * ahead)
    enter(paths, at, amount)
    paths.along(to, amount)
    paths.along(on, amount * within(i - ahead))
    paths.end(name, amount * within(ahead - 1 - i))
    begun = maximum(0, minimum(last, at.n) - (at.n - at.t))
    paths.begin(at.stack.source, width * begun)
    return last


def add_leak(
    paths: Paths,
    at: Place,
    ends: tuple[tuple[str, Route, Poly], ...],
    over: Route,
    begun: Poly,
) -> None:
    """Add paths that leave some of what they carry in every layer, the same at all positions."""
    room = sum((each for _, _, each in ends), poly(0))

    def left(layer: Poly) -> Poly:
        return maximum(0, begun - layer * room)

    enter(paths, at, left(at.layer))
    paths.along(over, left(at.layer + 1))
    for name, route, each in ends:
        own = (left(at.layer) - left(at.layer + 1)) * (each / room)
        paths.along(route, own)
        paths.end(name, own)
    paths.begin(at.stack.source, begun * at.t)


# --- the search -----------------------------------------------------------------------------------


def flows(graph: Graph) -> Iterator[Flow]:
    """Yield flows that may be the largest ones."""
    along = sequence(graph)
    inputs = [name for name in graph.inputs if graph[name].sequence == along]
    others = [name for name in graph.inputs if graph[name].sequence not in (None, along)]
    for name in inputs:
        for stack in stacks(graph, name):
            for paths in _families(graph, stack):
                if others:
                    yield from _with_others(graph, paths, others)
                yield paths.flow()
    if others:
        yield from _with_others(graph, Paths(graph), others)
    yield Paths(graph).flow()


def _families(graph: Graph, stack: Stack) -> Iterator[Paths]:
    """Yield flows from one input through one stack."""
    width = graph[stack.source].scalars
    yield from _leaks(graph, stack, width)
    yield from _staircases(graph, stack, width)


def _seen(graph: Graph, stack: Stack) -> list[str]:
    """Return what later positions read in these layers."""
    return [n for n in frontier(graph) if layer_of(graph[n]) == stack.axis]


def _output(graph: Graph, stack: Stack) -> list[str]:
    climb = stack.climb
    return [] if climb is None else [graph[climb.reader].reads[climb.read].source]


def _staircases(graph: Graph, stack: Stack, width: Poly) -> Iterator[Paths]:
    """Yield drifts, staircases, and the one before the others."""
    routes, at, one = Routes(graph, width), place(graph, stack), poly(1)
    loops, along = loop_axes(graph), sequence(graph)
    carriers = [n for n in _seen(graph, stack) if along.name in loops[n] and routes.wide(n, width)]
    runs = {
        name: route
        for name in carriers
        if (route := routes.route(name, [name], set(carriers) - {name}, ahead=one)) is not None
    }
    drifts: list[tuple[str, Poly, tuple[Route, Route]] | None] = [None]
    for name in _seen(graph, stack):
        bounded = [r for read in frontier(graph)[name] for r in [reach(read)] if r is not None]
        if name in carriers or not bounded:
            continue
        ahead = bounded[0]
        to = () if name == stack.entry else routes.route(stack.entry, [name], carriers)
        on = routes.route(name, _output(graph, stack), carriers, ahead=ahead)
        if to is not None and (on is not None or stack.axis is None):
            drifts.insert(0, (name, ahead, (to, on or ())))
    for drift in drifts:
        sizes = range(min(len(runs), MOST), -1, -1)
        orders = itertools.chain.from_iterable(itertools.permutations(runs, k) for k in sizes)
        for order in itertools.islice(orders, ORDERS):
            paths = _chained(graph, routes, at, drift, [(n, runs[n]) for n in order])
            if paths is not None:
                yield paths


def _chained(
    graph: Graph,
    routes: Routes,
    at: Place,
    drift: tuple[str, Poly, tuple[Route, Route]] | None,
    runs: list[tuple[str, Route]],
) -> Paths | None:
    """Put a drift and staircases one after another; each stays clear of the runs after it."""
    if drift is None and not runs:
        return None
    paths, start, stack = Paths(graph), poly(0), at.stack
    if drift is not None:
        name, ahead, window = drift
        start = add_drift(paths, at, window, name, ahead, routes.width)
    for k, (name, run) in enumerate(runs):
        after = set().union(
            *(visited(r) for _, r in runs[k + 1 :]), *([n] for n, _ in runs[k + 1 :])
        )
        into = routes.route(stack.entry, [name], after)
        over = routes.route(stack.entry, _output(graph, stack), after | {name})
        over = over or routes.route(stack.entry, _output(graph, stack), after)
        if into is None or (over is None and stack.axis is not None):
            return None
        each = graph[name].scalars / routes.width
        found = Staircase(name, into, run, over or ())
        start = add_staircase(paths, at, found, start, each, routes.width)
    return paths


def _leaks(graph: Graph, stack: Stack, width: Poly) -> Iterator[Paths]:
    """Yield flows that end at keys and values: in one of the first layer, or in all layers."""
    at, routes = place(graph, stack), Routes(graph, width)
    endless = [n for n in _seen(graph, stack) if any(reach(r) is None for r in frontier(graph)[n])]
    for name in endless:
        into = routes.route(stack.entry, [name])
        if into is not None:
            paths = Paths(graph)
            first = width * within(-at.layer)
            enter(paths, at, first)
            paths.along(into, first)
            paths.end(name, first)
            paths.begin(stack.source, width * at.t)
            yield paths
    yield from _spread(graph, at, endless, width)


def _spread(graph: Graph, at: Place, endless: list[str], width: Poly) -> Iterator[Paths]:
    """Yield flows that leave something in every layer, as far as what climbs is wide enough."""
    stack, routes = at.stack, Routes(graph, poly(1))
    if not 0 < len(endless) <= MOST:
        return
    ends = []
    for name in endless:
        into = routes.route(stack.entry, [name])
        if into is None:
            return
        ends.append((name, into, graph[name].scalars))
    passed = set().union(*(visited(route) for _, route, _ in ends))
    wide = {n for _, route, _ in ends for n in visited(route) if routes.wide(n, width)}
    over = routes.route(stack.entry, _output(graph, stack), (passed - wide) | set(endless))
    room = sum((each for _, _, each in ends), poly(0))
    begun = minimum(width, room * at.layers)
    if over is not None:
        narrow = {graph[n].scalars for n in visited(over) if not routes.wide(n, width)}
        for each in sorted(narrow, key=str):
            begun = minimum(begun, room + each)
    paths = Paths(graph)
    add_leak(paths, at, tuple(ends), over or (), begun)
    yield paths


def _with_others(graph: Graph, paths: Paths, others: list[str]) -> Iterator[Flow]:
    """Add what comes from other sequences, each as a whole to what is read of it."""
    combined = Paths(graph)
    combined.arcs, combined.ends = dict(paths.arcs), dict(paths.ends)
    combined.begins, combined.names = dict(paths.begins), dict(paths.names)
    for name in others:
        if not _whole_sequence(graph, combined, name):
            return
    yield combined.flow()


def _whole_sequence(graph: Graph, paths: Paths, name: str) -> bool:
    """Let all of an input of another sequence end in the first layer that reads it."""
    width, axis = graph[name].scalars, graph[name].sequence
    routes = Routes(graph, width)
    goals = [n for n in frontier(graph) if graph[n].sequence != sequence(graph)]
    for stack in stacks(graph, name):
        route = routes.route(stack.entry, goals)
        if route is None or axis is None:
            continue
        first = poly(1) if stack.axis is None else within(-size(stack.axis.position))
        hops, amount = (*stack.below, *route), width
        for hop in hops:
            reader = graph[hop.reader]
            own = amount * (axis.extent if reader.sequence is None else 1)
            layered = first if layer_of(reader) is not None else poly(1)
            key = (hop.reader, hop.read, hop.ahead)
            paths.arcs[key] = paths.arcs.get(key, poly(0)) + own * layered
        goal = graph[hops[-1].reader]
        whole = axis.extent if goal.sequence is None else poly(1)
        layered = first if layer_of(goal) is not None else poly(1)
        paths.end(goal.name, width * whole * layered)
        paths.begin(name, width * size(axis.position))
        return True
    return False
