"""The order of evaluation: what must loop, along which axis, and what does not.

A strongly connected component must loop; everything outside one vectorises over positions (Allen
and Kennedy 1987). A loop runs along one axis; what is still a cycle with that axis fixed loops
again inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import networkx as nx

from .graph import Graph, GraphError, Read


@dataclass(frozen=True, slots=True)
class Step:
    """One equation that needs no loop, or a loop over a component."""

    names: tuple[str, ...]
    axis: str | None = None
    """The axis to loop along; None for a single equation outside every loop."""
    reverse: bool = False
    """Whether the loop runs from the last position to the first."""


def steps(
    graph: Graph, names: Iterable[str] | None = None, fixed: frozenset[str] = frozenset()
) -> list[Step]:
    """Order equations so that each comes after what it reads.

    Parameters
    ----------
    names
        The equations to order; all of them if None.
    fixed
        Position axes along which a loop outside already runs.

    Raises
    ------
    GraphError
        If a cycle crosses no positive shift; the message names it.
    """
    chosen = list(graph.equations) if names is None else list(names)
    key = ("steps", None if names is None else tuple(chosen), fixed)
    if key not in graph.memory:
        graph.memory[key] = _steps(graph, chosen, fixed)
    found: list[Step] = graph.memory[key]
    return found


def _steps(graph: Graph, chosen: list[str], fixed: frozenset[str]) -> list[Step]:
    order = {name: k for k, name in enumerate(chosen)}
    dependence: Any = nx.DiGraph()
    dependence.add_nodes_from(chosen)
    for name in chosen:
        for read in graph[name].reads:
            if read.source in order and not carried(read, fixed):
                dependence.add_edge(read.source, name)
    condensed = nx.condensation(dependence)
    result = []
    ordered = nx.lexicographical_topological_sort(
        condensed, key=lambda c: min(order[m] for m in condensed.nodes[c]["members"])
    )
    for component in ordered:
        members = sorted(condensed.nodes[component]["members"], key=order.__getitem__)
        if len(members) == 1 and not dependence.has_edge(members[0], members[0]):
            result.append(Step((members[0],)))
        else:
            result.append(_loop(graph, tuple(members), fixed, dependence))
    return result


def carried(read: Read, fixed: frozenset[str]) -> bool:
    """Whether the value comes from another iteration of a loop along a fixed axis."""
    shifts = read.relation.kind in {"offsets", "within"}
    return read.axis in fixed and shifts and not read.relation.reads_itself


def inside(graph: Graph, names: Iterable[str]) -> Iterator[tuple[str, Read]]:
    """All reads between the named equations, with the reader."""
    members = set(names)
    for name in members:
        for read in graph[name].reads:
            if read.source in members:
                yield name, read


def _loop(graph: Graph, names: tuple[str, ...], fixed: frozenset[str], dependence: Any) -> Step:
    for axis in graph[names[0]].positions:
        if axis.name in fixed or not all(graph[n].has(axis.name) for n in names):
            continue
        along = [r.relation for _, r in inside(graph, names) if r.axis == axis.name]
        if not any(not r.reads_itself for r in along):
            continue
        if all(r.causal for r in along):
            return Step(names, axis.name)
        if all(r.anticausal for r in along):
            return Step(names, axis.name, reverse=True)
    cycle = nx.find_cycle(dependence.subgraph(names))
    path = " -> ".join([edge[0] for edge in cycle] + [cycle[0][0]])
    raise GraphError(
        f"expected every cycle to cross a positive shift, but this one does not: {path}"
    )


def loop_axes(graph: Graph) -> dict[str, frozenset[str]]:
    """For each equation, the axes along which it must loop."""
    found: dict[str, frozenset[str]] = {}

    def visit(names: Iterable[str] | None, fixed: frozenset[str]) -> None:
        for step in steps(graph, names, fixed):
            for name in step.names:
                found[name] = fixed
            if step.axis is not None:
                visit(step.names, fixed | {step.axis})

    visit(None, frozenset())
    return found
