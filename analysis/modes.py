"""Modes: the same graph when the past is given, or when every output is the next input."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from ..graphs.backward import backpropagation, training
from ..graphs.graph import Equation, Graph, GraphError, Read
from ..graphs.primitives import Constant, Given, Shift
from ..graphs.relations import Relation
from ..graphs.sizes import at_least
from .causality import causal

PATHS = ("path_length", "mixing_hops")

TRAINED = ("work", "span", "parallelism", *PATHS, "workspace", "traffic")
"""Figures that training has, besides those that are the same in every mode."""


class ModeError(ValueError):
    """A model that has no such mode; the message says why."""


def in_mode(graph: Graph, mode: str) -> Graph:
    """Return the graph whose critical path is asked for in a mode.

    Raises
    ------
    ModeError
        If the model has no such mode.
    """
    if mode in {"encode", "prefill"}:
        return graph
    reason = causal(graph.looped)
    if reason is not None:
        raise ModeError(reason)
    return decoding(graph.looped) if mode == "decode" else generating(graph.looped)


def in_training(graph: Graph, figure: str) -> Graph:
    """Return the graph that a figure of training is read off.

    Work and depth are those of both passes. Paths are those of a gradient: from the outputs back
    to the inputs.

    Raises
    ------
    ModeError
        If an operation has no derivative rule, or no gradient reaches an input.
    """
    try:
        return backpropagation(graph) if figure in PATHS else training(graph)
    except GraphError as error:
        raise ModeError(str(error)) from None


def decoding(graph: Graph) -> Graph:
    """Return the graph of one more token: what earlier positions computed is given.

    So is what no position has a part in, such as a matrix that is computed from parameters.
    """
    along = _along(graph)
    due = {e.name for e in graph if e.has(along)}
    due |= {after for name in due for after in nx.descendants(graph.reduced, name)}
    kept: dict[str, Equation] = {}
    for equation in graph:
        if equation.name not in due:
            kept[equation.name] = replace(equation, primitive=Given(equation.features), reads=())
            continue
        reads = tuple(r for read in equation.reads for r in _given(graph, read, along))
        reads = () if all(r.boundary for r in reads) else reads
        kept[equation.name] = replace(equation, reads=reads)
    return replace(graph, equations=kept, source=None)


def _given(graph: Graph, read: Read, along: str) -> tuple[Read, ...]:
    """Return what is left of a read when earlier positions are given."""
    source = graph[read.source].sequence
    if source is not None and source.name != along:
        return ()
    if read.axis != along:
        return (read,)
    return (Read(read.source),) if _reads_itself(read.relation) else ()


def _reads_itself(relation: Relation) -> bool:
    """Whether every position is among those that it reads, or none is.

    Raises
    ------
    ModeError
        If that is not certain: the first positions read themselves among the first ones.
    """
    bounds = [b for b in (relation.back, relation.ahead) if b is not None]
    blocks = relation.kind in {"block", "block_prefix", "block_suffix"}
    if blocks or (relation.kind in {"offsets", "blocks"} and all(at_least(b, 0) for b in bounds)):
        return True
    if relation.kind == "marks" or (relation.kind == "sinks" and at_least(bounds[0], 1)):
        return False
    linear = relation.kind in {"offsets", "blocks", "within"}
    if linear and any(at_least(-1, b) for b in bounds):
        return False
    raise ModeError(f"whether a position that reads {relation} reads itself is not certain")


def generating(graph: Graph) -> Graph:
    """Return the graph in which the output at a position is the input at the next one."""
    along, output = _along(graph), graph[graph.outputs[0]]
    first = graph[graph.inputs[0]]
    if [a.extent for a in first.features] != [a.extent for a in output.features]:
        raise ModeError(
            f"expected an output that can be an input, got {output.name} with other axes than {first.name}"
        )
    start = Equation("start", Constant(first.features), (), first.features)
    reads = (Read(output.name, Relation.shift(1), along), Read("start", boundary=True))
    fed = replace(first, primitive=Shift(along, False), reads=reads)
    return replace(
        graph, equations={"start": start, **graph.equations, first.name: fed}, source=None
    )


def _along(graph: Graph) -> str:
    axis = graph[graph.outputs[0]].sequence
    if axis is None:
        raise ModeError(f"expected an output over a sequence, got {graph.outputs[0]}")
    return axis.name
