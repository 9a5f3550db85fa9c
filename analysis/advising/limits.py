"""Hard limits of context: parameters that have a row for each position, found in the graph.

>>> from ..api import graph_of
>>> [h.line for h in hard_limits(graph_of("gpt2"))]
['transformer.wpe.weight has a row for each position: n <= c']
>>> [h.line for h in hard_limits(graph_of("linformer"))][:1]
['layers.0.E.weight has an axis as long as the sequence: n is fixed when it is learned']
>>> hard_limits(graph_of("llama"))
()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Equation, Graph, GraphError
from ...graphs.primitives import Lookup, Parameter, Position, View
from ...graphs.sizes import Poly
from ...graphs.unrolling import whole
from ..causality import on_inputs
from ..memory import once

FAR = 4
"""How many times the rows of a table a sequence is long when relative positions are tried."""


@dataclass(frozen=True, slots=True)
class HardLimit:
    """A parameter that gives out at some position."""

    parameter: str
    length: str
    """The size that is limited."""
    rows: Poly
    """The most positions."""
    line: str


@once
def hard_limits(graph: Graph) -> tuple[HardLimit, ...]:
    """Return the parameters with an axis for positions, and the tables looked up by them."""
    lengths = {s for a in graph.axes.values() if a.kind == "sequence" for s in a.extent.sizes}
    found = []
    for equation in graph.of("parameter"):
        for axis in equation.features:
            fixed = sorted(lengths & set(axis.extent.sizes))
            if fixed and axis.extent.sizes == (fixed[0],):
                line = (
                    f"{equation.name} has an axis as long as the sequence: "
                    f"{fixed[0]} is fixed when it is learned"
                )
                found.append(HardLimit(equation.name, fixed[0], axis.extent, line))
    for equation in _tables(graph):
        origin = _origin(graph, equation.reads[0].source)
        if not isinstance(origin.primitive, Position) or origin.sequence is None:
            continue
        table, length = graph[equation.reads[1].source], str(origin.sequence.extent)
        rows = table.features[0].extent
        line = f"{table.name} has a row for each position: {length} <= {rows}"
        found.append(HardLimit(table.name, length, rows, line))
    return tuple(found)


@once
def relative_tables(graph: Graph) -> tuple[str, ...]:
    """Say of each table that is looked up by a function of positions whether it ever gives out.

    That it does not is seen by computing the rows for a sequence much longer than the table; it is
    no proof.
    """
    lines = []
    for equation in _tables(graph):
        index = equation.reads[0].source
        if index in on_inputs(graph) or isinstance(_origin(graph, index).primitive, Position):
            continue
        lines.append(_tried(graph, equation, index))
    return tuple(lines)


def _tables(graph: Graph) -> list[Equation]:
    """Return the lookups whose table is a parameter."""
    return [
        e
        for e in graph
        if isinstance(e.primitive, Lookup)
        and isinstance(graph[e.reads[1].source].primitive, Parameter)
    ]


def _origin(graph: Graph, name: str) -> Equation:
    """Follow views of one array back to what computes it."""
    while isinstance(graph[name].primitive, View) and len(graph[name].reads) == 1:
        name = graph[name].reads[0].source
    return graph[name]


def _tried(graph: Graph, equation: Equation, index: str) -> str:
    table = graph[equation.reads[1].source]
    rows = table.features[0].extent.constant
    if rows is None:
        return f"{table.name} is looked up by a function of positions; its rows are {table.features[0].extent}"
    length = FAR * int(rows)
    alone = _only(graph, index)
    sizes: Mapping[str, int] = {**dict.fromkeys(alone.free_sizes, 2), **_lengths(alone, length)}
    try:
        (numbers,) = execute(alone, {}, random_parameters(alone, **sizes), **sizes)
    except GraphError as error:
        return f"{table.name} is looked up by a function of positions: {error}"
    most = int(np.max(numbers)) + 1
    return (
        f"{table.name} is looked up by distances: {most} of its {rows} rows at a length of {length}"
    )


def _lengths(graph: Graph, length: int) -> dict[str, int]:
    axes = [a for a in graph.axes.values() if a.kind == "sequence"]
    return {a.extent.sizes[0]: length for a in axes if len(a.extent.sizes) == 1}


def _only(graph: Graph, name: str) -> Graph:
    """Return what an equation is computed from, and nothing else."""
    needed: set[str] = set()
    pending = [name]
    while pending:
        here = pending.pop()
        if here not in needed:
            needed.add(here)
            pending.extend(r.source for r in graph[here].reads)
    equations = {n: e for n, e in graph.equations.items() if n in needed}
    return replace(graph, equations=equations, inputs=(), outputs=(name,), source=None)


def rows_at(limit: HardLimit, sizes: Mapping[str, int]) -> int | None:
    """Return the most positions at sizes; None if a size is not given."""
    if any(s not in sizes for s in limit.rows.sizes):
        return None
    return whole(limit.rows, sizes)
