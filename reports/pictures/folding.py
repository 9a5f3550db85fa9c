"""Folding views away: what an equation reads through renames, splits, gathers and shifts.

A read that closes a cycle is *carried*, over layers or over time. Any other read that moves along
an axis is a gather.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final, Input, View
from .labels import relation_label

Carried: TypeAlias = Mapping[tuple[str, Read], str]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One box reads another."""

    source: str
    target: str
    kind: str = "same"
    """same, gather, time or layer."""
    label: str = ""
    critical: bool = False

    @property
    def carried(self) -> bool:
        """Whether it closes a cycle."""
        return self.kind in {"time", "layer"}


def carried_reads(graph: Graph) -> Carried:
    """Find the reads that close cycles: over layers first, over time in what remains.

    Returns
    -------
    dict
        ``layer`` or ``time`` by reader and read.
    """
    found: dict[tuple[str, Read], str] = {}
    for kind, axis_kind in (("layer", "layer"), ("time", "sequence")):
        remaining: Any = nx.DiGraph()
        remaining.add_nodes_from(graph.equations)
        for equation in graph:
            remaining.add_edges_from(
                (r.source, equation.name) for r in equation.reads if (equation.name, r) not in found
            )
        component = {
            name: k
            for k, names in enumerate(nx.strongly_connected_components(remaining))
            for name in names
        }
        for equation in graph:
            for read in equation.reads:
                axis = graph.axes.get(read.axis or "")
                moves = (
                    axis is not None and axis.kind == axis_kind and not read.relation.reads_itself
                )
                if moves and component[read.source] == component[equation.name]:
                    found.setdefault((equation.name, read), kind)
    return found


def visible(equation: Equation) -> bool:
    """Whether an equation has a box of its own: inputs, and all that computes."""
    return isinstance(equation.primitive, Input) or not isinstance(equation.primitive, View)


def trails(graph: Graph, carried: Carried, start: str, target: str) -> Iterator[Arrow]:
    """Arrows to a target from all visible equations that can be reached through folded ones."""
    same = ("same", "")
    pending = [(start, same)]
    if start == target:
        pending = [
            (r.source, _through(graph, graph[start], r, same, carried))
            for r in _shown(graph[start])
        ]
    seen: set[tuple[str, tuple[str, str]]] = set()
    for name, kind in pending:
        if (name, kind) in seen:
            continue
        seen.add((name, kind))
        equation = graph[name]
        if visible(equation):
            yield Arrow(name, target, *kind)
            continue
        pending += [
            (r.source, _through(graph, equation, r, kind, carried)) for r in _shown(equation)
        ]


def _shown(equation: Equation) -> list[Read]:
    """Leave out what is read only if there is no layer at all."""
    if isinstance(equation.primitive, Final):
        return [r for r in equation.reads if not r.boundary]
    return list(equation.reads)


def _through(
    graph: Graph,
    equation: Equation,
    read: Read,
    kind: tuple[str, str],
    carried: Carried,
) -> tuple[str, str]:
    if kind[0] in {"time", "layer"}:
        return kind
    cycle = carried.get((equation.name, read))
    if cycle is not None:
        label = _cycle_label(cycle, read)
        return cycle, f"{label}, {kind[1]}" if kind[0] == "gather" else label
    axis = graph.axes.get(read.axis or "")
    if read.relation.is_same or axis is None or _is_end_of_stack(axis, read):
        return kind
    return "gather", relation_label(read.relation, axis.extent)


def _is_end_of_stack(axis: Axis, read: Read) -> bool:
    return axis.kind == "layer" and read.relation.kind in {"last", "head"}


def _cycle_label(cycle: str, read: Read) -> str:
    distance = read.relation.distance
    if distance is None or distance == 1:
        return cycle
    return f"{cycle}, reversed" if distance == -1 else f"{cycle}, distance {distance}"
