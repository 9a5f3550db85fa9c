"""The unrolled graph that every measurement reads: nodes in order, where they are, when they are.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> seen = unrolled(trace(CATALOGUE["rnn"]), {"n": 3})
>>> seen.order[0], seen.place(("x", 2)), unrolled(seen.graph, {"n": 3}) is seen
(('x', 0), ('n', 2), True)
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import Shift
from ...graphs.relations import Relation
from ...graphs.sizes import Poly
from ...graphs.unrolling import Node, checked, unroll
from ..memory import once

KEPT = 1_000_000
"""Nodes and edges of unrolled graphs that are kept for the next measurement (about 500 MB)."""


class MeasureError(ValueError):
    """A figure that cannot be measured as asked; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class Unrolled:
    """A graph at concrete sizes."""

    graph: Graph
    sizes: Mapping[str, int]
    """The sizes that matter to positions."""
    digraph: Any
    """The ``networkx.DiGraph``; an edge runs from a node to one that reads it."""

    @functools.cached_property
    def weight(self) -> int:
        """How many nodes and edges there are."""
        return int(self.digraph.number_of_nodes() + self.digraph.number_of_edges())

    @functools.cached_property
    def order(self) -> list[Node]:
        """All nodes, each after what it reads."""
        return list(nx.topological_sort(self.digraph))

    @functools.cached_property
    def _slot(self) -> dict[str, tuple[str, int] | None]:
        """For each equation its sequence axis and where in a node its position stands."""
        found: dict[str, tuple[str, int] | None] = {}
        for equation in self.graph:
            names = [a.name for a in equation.positions]
            axis = equation.sequence
            found[equation.name] = None if axis is None else (axis.name, 1 + names.index(axis.name))
        return found

    def place(self, node: Node) -> tuple[str, int] | None:
        """Return the sequence axis and the position of a node; None if it has none."""
        slot = self._slot[node[0]]
        return None if slot is None else (slot[0], node[slot[1]])

    def round(self, node: Node) -> int | None:
        """Return the round of a node of an associative scan; None for all others."""
        found: int | None = self.digraph.nodes[node].get("round")
        return found

    @functools.cached_property
    def time(self) -> dict[Node, int]:
        """For each node the position from which on it is known, along the output's sequence.

        A node without a position there is known with the last of what it reads, and from before
        the start (-1) if it reads nothing of that sequence: weights, another sequence. What a
        recurrence over parts of the sequence carries is known where the next part begins.
        """
        axis, known = along(self.graph).name, {}
        carries = {
            e.name for e in self.graph if isinstance(e.primitive, Shift) and e.primitive.step
        }
        for node in self.order:
            place = self.place(node)
            if place is not None and place[0] == axis:
                known[node] = place[1]
            else:
                last = max((known[p] for p in self.digraph.pred[node]), default=-1)
                known[node] = last + (last >= 0 and node[0] in carries)
        return known

    @functools.cached_property
    def informed(self) -> set[Node]:
        """All nodes that depend on an input."""
        found: set[Node] = set()
        inputs = set(self.graph.inputs)
        for node in self.order:
            if node[0] in inputs or any(p in found for p in self.digraph.pred[node]):
                found.add(node)
        return found

    def nodes(self, equation: str) -> list[Node]:
        """Return the nodes of one equation in the order of positions, without rounds of a scan."""
        width = 1 + len(self.graph[equation].positions)
        return sorted(n for n in self.digraph if n[0] == equation and len(n) == width)

    @functools.cached_property
    def outputs(self) -> list[Node]:
        """The nodes of all outputs, one output after another."""
        return [n for name in dict.fromkeys(self.graph.outputs) for n in self.nodes(name)]


def along(graph: Graph) -> Axis:
    """Return the sequence axis of the first output, or of the first input if it has none."""
    found = graph[graph.outputs[0]].sequence or graph[graph.inputs[0]].sequence
    if found is None:
        raise MeasureError(f"expected {graph.name} to have a sequence, it has none")
    return found


def unrolled(graph: Graph, sizes: Mapping[str, int]) -> Unrolled:
    """Unroll a graph, or return the one of the last few that is the same.

    Raises
    ------
    TooLargeError
        If there would be more nodes and edges than ``graphs.unrolling.LIMIT``.
    """
    relevant = {k: v for k, v in sorted(checked(sizes).items()) if k in position_sizes(graph)}
    key = (id(graph), tuple(relevant.items()))
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    found = Unrolled(graph, relevant, unroll(graph, **relevant))
    _kept[key] = found  # it keeps the graph alive, so that no other one gets its id
    while len(_kept) > 1 and sum(seen.weight for seen in _kept.values()) > KEPT:
        _kept.popitem(last=False)
    return found


_kept: OrderedDict[tuple[Any, ...], Unrolled] = OrderedDict()


@once
def position_sizes(graph: Graph) -> frozenset[str]:
    """Return the sizes on which positions and relations depend, so not those of features alone."""
    return frozenset(s for cost in _bounds(graph) for s in cost.sizes)


def _bounds(graph: Graph) -> Iterator[Poly]:
    for equation in graph:
        yield from (a.extent for a in equation.positions)
        for read in equation.reads:
            yield from limits(read.relation)


def limits(relation: Relation) -> Iterator[Poly]:
    """Yield the costs by which a relation and its parts are bounded."""
    for part in (relation, *relation.parts):
        yield from (b for b in (part.back, part.ahead, part.step, part.size) if b is not None)


def layered(equation: Equation) -> tuple[Axis, ...]:
    """Return the layer axes of an equation."""
    return tuple(a for a in equation.positions if a.kind == "layer")
