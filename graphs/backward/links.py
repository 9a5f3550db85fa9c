"""Links: which value after the last step belongs to which recurrence.

What is carried along an axis is read by a shift, from step to step, and by finals, after the last
step. The adjoint of a final is what the recurrence of adjoints starts from, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import networkx as nx

from ..graph import Equation, Graph, GraphError
from ..primitives import Final, Shift
from ..sizes import poly


@dataclass(frozen=True, slots=True)
class Links:
    """Shifts and finals of a graph, each final once."""

    shifts: Mapping[str, tuple[Equation, ...]]
    """By equation, the shifts that carry its values."""
    ends: Mapping[str, tuple[Equation, ...]]
    """By shift, the finals that read the value after its last step."""
    loose: frozenset[str]
    """Finals of values that no shift carries, such as the last component of a sequence."""


def links(graph: Graph, carries: Callable[[Equation], bool]) -> Links:
    """Assign every final to the first shift that carries the same values from the same start.

    Parameters
    ----------
    carries
        Whether a gradient passes a shift.
    """
    shifts: dict[str, list[Equation]] = {}
    first: dict[object, str] = {}
    for equation in graph:
        if isinstance(equation.primitive, Shift) and carries(equation):
            carried, initial = equation.reads
            shifts.setdefault(carried.source, []).append(equation)
            first.setdefault(
                (carried.source, initial.source, carried.axis, carried.relation.distance),
                equation.name,
            )
    ends: dict[str, list[Equation]] = {}
    loose = []
    for equation in graph:
        if isinstance(equation.primitive, Final):
            last, initial = equation.reads
            distance = poly(1 if last.relation.kind == "last" else -1)
            own = first.get((last.source, initial.source, last.axis, distance))
            if own is None:
                loose.append(equation.name)
            else:
                ends.setdefault(own, []).append(equation)
    return Links(
        {name: tuple(found) for name, found in shifts.items()},
        {name: tuple(found) for name, found in ends.items()},
        frozenset(loose),
    )


def is_step(equation: Equation) -> bool:
    """Whether an equation is a step of a recurrence."""
    return isinstance(equation.primitive, Shift) and equation.primitive.step


def order(graph: Graph) -> list[str]:
    """Return equations so that each comes after all that read it, what shifts carry apart.

    Raises
    ------
    GraphError
        If a cycle crosses no shift; the message names it.
    """
    readers: nx.DiGraph[str] = nx.DiGraph()
    readers.add_nodes_from(graph.equations)
    for equation in graph:
        for read in equation.reads:
            if read.boundary or not isinstance(equation.primitive, Shift):
                readers.add_edge(read.source, equation.name)
    if not nx.is_directed_acyclic_graph(readers):
        cycle = " -> ".join(edge[0] for edge in nx.find_cycle(readers))
        raise GraphError(f"expected every cycle to cross a shift, to differentiate: {cycle}")
    place = {name: k for k, name in enumerate(graph.equations)}
    ordered = list(nx.lexicographical_topological_sort(readers, key=place.__getitem__))
    return ordered[::-1]
