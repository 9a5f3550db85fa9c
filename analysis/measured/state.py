"""The measured state: what lies on the frontier between two positions, and the least cut there.

Both are read off the graph unrolled for a sequence longer than the n positions that are over,
because what a model must keep is what later positions read.

References
----------
Menger's theorem as maximum flow (Ford and Fulkerson 1956) for the cut.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import networkx as nx

from ...graphs.graph import Axis, Graph, Read
from ...graphs.patterns import SPARSE
from ...graphs.primitives import View
from ...graphs.primitives.views import Source
from ...graphs.unrolling import LIMIT, Node, TooLargeError, lengthened, whole
from .graph import MeasureError, Unrolled, along, layered, limits, position_sizes, unrolled

SHORT = 8
"""Positions at which causality is tried, beyond the farthest bounded read."""


def length(graph: Graph) -> str:
    """Return the size that is the length of the output's sequence."""
    axis = along(graph)
    if len(axis.extent.sizes) != 1 or str(axis.extent) != axis.extent.sizes[0]:
        raise MeasureError(
            f"expected the length of {graph.name} to be a size such as n, got {axis.extent}; "
            f"trace it with {axis.name}={axis.name!r}"
        )
    return axis.extent.sizes[0]


def causal(graph: Graph, sizes: Mapping[str, int]) -> bool:
    """Return whether no output position depends on a later input position.

    Outputs that share no sequence have no past. It is tried on the unrolled graph, at a length
    beyond the farthest bounded read, so that a short sequence does not hide a look ahead.
    """
    sequences = {graph[name].sequence for name in graph.outputs}
    if len(sequences) > 1 or None in sequences:
        return False
    axis = along(graph)
    same = [x for x in graph.inputs if graph[x].sequence == axis]
    if not same:
        return False
    name = length(graph)
    n = min(sizes.get(name, SHORT), SHORT) + farthest(graph, sizes, axis) + 2
    longer = lengthened(graph, name, {**sizes, name: n})
    key = ("measured causal", tuple((s, longer.get(s)) for s in sorted(position_sizes(graph))))
    if key not in graph.memory:
        graph.memory[key] = _in_order(unrolled(graph, longer), same)
    found: bool = graph.memory[key]
    return found


def _in_order(seen: Unrolled, same: Sequence[str]) -> bool:
    """Return whether every output is known no earlier than the inputs that it depends on."""
    latest: dict[Node, int] = {}
    for node in seen.order:
        place = seen.place(node)
        if node[0] in same and place is not None:
            latest[node] = place[1]
        else:
            latest[node] = max((latest[p] for p in seen.digraph.pred[node]), default=-1)
    return all(latest[node] <= seen.time[node] for node in seen.outputs)


def feeds_itself(graph: Graph) -> bool:
    """Return whether an output can be the next input."""
    first, last = graph[graph.inputs[0]], graph[graph.outputs[0]]
    same = [a.extent for a in first.features] == [a.extent for a in last.features]
    return same and last.sequence is not None and first.sequence == last.sequence


def farthest(graph: Graph, sizes: Mapping[str, int], axis: Axis) -> int:
    """Return how far the farthest read with a bound reaches along a sequence."""
    reads = _reads(graph, sizes, axis)
    return max((d for read, values in reads for d in _distances(read, values)), default=0)


def _reads(
    graph: Graph, sizes: Mapping[str, int], axis: Axis
) -> Iterator[tuple[Read, dict[str, int]]]:
    for equation in graph:
        for read in equation.reads:
            if read.axis != axis.name:
                continue
            named = {s for cost in limits(read.relation) for s in cost.sizes}
            layers = tuple(a for a in layered(equation) if a.position in named)
            count = math.prod(whole(a.extent, sizes) for a in layers)
            if count > LIMIT:
                raise TooLargeError(f"expected at most {LIMIT:,} layers to try, got {count:,}")
            for spot in itertools.product(*(range(whole(a.extent, sizes)) for a in layers)):
                yield read, {**sizes, **{a.position: p for a, p in zip(layers, spot, strict=True)}}


def _distances(read: Read, values: Mapping[str, int]) -> Iterator[int]:
    for relation in (read.relation, *read.relation.parts):
        step = whole(relation.step, values)
        bounds = [b for b in (relation.back, relation.ahead) if b is not None]
        yield from (abs(whole(b, values)) * step for b in bounds)
        size = whole(relation.size, values)
        yield size
        if relation.kind in SPARSE:  # the next block that reads the last one ends so far ahead
            yield (size + step) * (2 + max((abs(whole(b, values)) for b in bounds), default=0))


def _over(graph: Graph, sizes: Mapping[str, int]) -> tuple[Unrolled, int] | None:
    """Return a longer sequence unrolled, and how many of its positions are over."""
    if not causal(graph, sizes):
        return None
    loop, name = graph.looped, length(graph)
    n = sizes[name]
    beyond = {**sizes, name: n + farthest(loop, sizes, along(loop)) + 2}
    return unrolled(loop, lengthened(loop, name, beyond)), n


def _frontier(seen: Unrolled, n: int) -> list[Node]:
    """Return the values known before position n, from inputs, that something known later reads."""
    time, readers = seen.time, seen.digraph.succ
    known = [node for node in seen.order if time[node] < n and node in seen.informed]
    return [node for node in known if any(time[reader] >= n for reader in readers[node])]


def state(graph: Graph, sizes: Mapping[str, int]) -> int | None:
    """Return the scalars that later positions read after n of them; None if not causal.

    A value that is only a view of others that are kept anyway is not counted again.
    """
    over = _over(graph, sizes)
    if over is None:
        return None
    seen, n = over
    scalars = _scalars(seen.graph, sizes)
    kept = set(_frontier(seen, n))
    return sum(scalars[node[0]] for node in kept if not _repeats(seen, node, kept))


def _repeats(seen: Unrolled, node: Node, kept: set[Node]) -> bool:
    """Whether a node is a view of values that are kept, or that need not be."""
    primitive = seen.graph[node[0]].primitive
    if not isinstance(primitive, View) or isinstance(primitive, Source):
        return False
    before = [p for p in seen.digraph.pred[node] if p in seen.informed]
    return all(p in kept or _repeats(seen, p, kept) for p in before)


def _scalars(graph: Graph, sizes: Mapping[str, int]) -> dict[str, int]:
    return {e.name: whole(e.scalars, sizes) for e in graph}


def state_bound(graph: Graph, sizes: Mapping[str, int]) -> int | None:
    """Return the least cut, in scalars, between the inputs that are over and all that comes later.

    Only values known before position n can be cut, inputs among them; so this is the least that an
    exact implementation of this graph carries when it may compute again what it dropped.
    """
    over = _over(graph, sizes)
    if over is None:
        return None
    seen, n = over
    network = _network(seen, n, _scalars(seen.graph, sizes))
    if "later" not in network or "inputs" not in network:
        return 0
    flow = nx.algorithms.flow.dinitz
    return int(nx.maximum_flow_value(network, "inputs", "later", flow_func=flow))


def _network(seen: Unrolled, n: int, scalars: Mapping[str, int]) -> Any:
    """Split every value that can be kept in two, joined by an edge as wide as its scalars."""
    network: Any = nx.DiGraph()
    inputs, time = set(seen.graph.inputs), seen.time
    needed: set[Node] = set(_frontier(seen, n))
    network.add_edges_from(((node, "after"), "later") for node in needed)
    for node in reversed(seen.order):
        if node not in needed:
            continue
        network.add_edge((node, "before"), (node, "after"), capacity=scalars[node[0]])
        if node[0] in inputs:
            network.add_edge("inputs", (node, "before"))
        for p in seen.digraph.pred[node]:
            if p in seen.informed and time[p] < n:
                needed.add(p)
                network.add_edge((p, "after"), (node, "before"))
    return network
