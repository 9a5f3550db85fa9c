"""Causality, read off the relations: whether output i depends on inputs up to i only.

>>> from ..graphs.models import CATALOGUE
>>> from ..graphs.tracing import trace
>>> causal(trace(CATALOGUE["lstm"])) is None
True
>>> causal(trace(CATALOGUE["attention"]))
'not causal: layers.0.gather reads later positions (all)'
"""

from __future__ import annotations

from ..graphs.graph import Axis, Equation, Graph, Read
from .memory import once
from .sites import axis_of


@once
def causal(graph: Graph) -> str | None:
    """Return None if the model is causal, else why not; the reason names the first equation.

    Reading another sequence as a whole (cross-attention) is no obstacle: it is known beforehand.
    """
    along = output_sequence(graph)
    if along is None:
        return "not causal: the outputs do not share one sequence, so that no output has a past"
    dependent = on_inputs(graph)
    for equation in graph:
        for read in equation.reads:
            if read.source in dependent and not _in_order(graph, equation, read, along):
                if _in_parts(graph):
                    return f"no rule for what is carried where {equation.name} reads whole chunks"
                return f"not causal: {equation.name} reads later positions ({read.relation})"
    return None


def _in_parts(graph: Graph) -> bool:
    """Whether positions read parts of their own sequence, so that they may not read later ones."""
    return any(read.relation.kind == "part" for equation in graph for read in equation.reads)


@once
def output_sequence(graph: Graph) -> Axis | None:
    """Return the one sequence axis of all outputs; None if there is none, or several."""
    found = {graph[name].sequence for name in graph.outputs}
    return found.pop() if len(found) == 1 else None


@once
def on_inputs(graph: Graph) -> frozenset[str]:
    """Return the equations whose values depend on an input."""
    found, pending = set(graph.inputs), list(graph.inputs)
    while pending:
        new = set(graph.reduced.successors(pending.pop())) - found
        found |= new
        pending.extend(new)
    return frozenset(found)


def _in_order(graph: Graph, equation: Equation, read: Read, along: Axis) -> bool:
    if read.boundary or read.axis is None:
        return True
    source = axis_of(graph, read.source, read.axis)
    if source is None or source.kind != "sequence":
        return True
    coarser = equation.sequence is not None and equation.sequence != source
    return not coarser and (source != along or read.relation.causal)
