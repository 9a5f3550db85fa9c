"""Activity: the equations that a gradient passes on its way to what it is wanted of.

A gradient of x is computed where something depends on x, and where an output depends on it; an
operation that lets none pass, such as a step function or a stop, cuts both. Griewank and Walther
2008, *Evaluating Derivatives*, section 6.2 (active variables).

>>> from ..models import CATALOGUE
>>> from ..tracing import trace
>>> graph = trace(CATALOGUE["rnn"])
>>> sorted(set(graph.equations) - active(graph, ["layers.0.hh.weight"]))[:4]
['layers.0.add', 'layers.0.einsum', 'layers.0.enter', 'layers.0.hh.bias']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import networkx as nx

from ..graph import Equation, Graph, Read
from ..primitives import Final
from ..sizes import at_least


def active(graph: Graph, wanted: Iterable[str]) -> set[str]:
    """Return the equations that a gradient of what is wanted passes."""
    flow = _flow(graph)
    return _beyond(flow, wanted) & _beyond(flow.reverse(copy=False), graph.outputs)


def reached(graph: Graph, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that a gradient of an output reaches."""
    behind = _beyond(_flow(graph).reverse(copy=False), graph.outputs)
    return tuple(name for name in names if name in behind)


def _flow(graph: Graph) -> nx.DiGraph[str]:
    """Return who reads whom, without the reads that pass no gradient."""
    flow: nx.DiGraph[str] = nx.DiGraph()
    flow.add_nodes_from(graph.equations)
    flow.add_edges_from(_reads(graph))
    return flow


def _reads(graph: Graph) -> Iterator[tuple[str, str]]:
    for equation in graph:
        for place, read in enumerate(equation.reads):
            if equation.primitive.passes(place) and not _is_idle(graph, equation, read):
                yield read.source, equation.name


def _is_idle(graph: Graph, equation: Equation, read: Read) -> bool:
    """Whether a read is for an axis without positions only, and the axis always has some."""
    primitive = equation.primitive
    if not isinstance(primitive, Final) or not read.boundary:
        return False
    return at_least(graph.axes[primitive.axis].extent, 1)


def _beyond(flow: nx.DiGraph[str], names: Iterable[str]) -> set[str]:
    """Return the names and all that lies behind one of them, each visited once."""
    found = set(names)
    pending = list(found)
    while pending:
        new = [name for name in flow.successors(pending.pop()) if name not in found]
        found.update(new)
        pending.extend(new)
    return found
