"""Mirroring: the same graph with the positions of an axis counted from the other end.

A stack that is climbed down becomes one that is climbed up; nothing else changes.

>>> from ..models import CATALOGUE
>>> from ..tracing import trace
>>> graph = mirrored(trace(CATALOGUE["rnn"], L="L"), "L")
>>> str(graph["layers.previous"].reads[0].relation), str(graph["final"].reads[0].relation)
('shift(-1)', 'first position')
"""

from __future__ import annotations

from dataclasses import replace

from ..graph import Equation, Graph, Read
from ..relations import Relation
from ..sizes import size
from .peeling import at

ENDS = {"last": Relation.head(), "head": Relation.last()}


def mirrored(graph: Graph, axis: str) -> Graph:
    """Count the positions along an axis from the other end.

    Raises
    ------
    ValueError
        For a relation along the axis that has no mirror image.
    """
    extent = graph.axes[axis].extent
    there = {f"{axis}_": extent - 1 - size(f"{axis}_")}

    def read(one: Read) -> Read:
        relation = one.relation.at(**there)
        if one.axis == axis:
            relation = ENDS.get(relation.kind) or relation.transpose()
        return replace(one, relation=relation)

    def changed(equation: Equation) -> Equation:
        return replace(
            equation,
            primitive=at(equation.primitive, there),
            reads=tuple(read(r) for r in equation.reads),
            domain=tuple(at(a, there) for a in equation.domain),
        )

    return replace(graph, equations={e.name: changed(e) for e in graph}, source=None)
