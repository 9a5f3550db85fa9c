"""Peeling: the first layer of a stack written out before the rest of it.

No gradient passes the start of a stack that reads the data: what its first layer would pass back,
nobody wants. Written apart, it is not computed. The rest has one layer less.

>>> from ..models import CATALOGUE
>>> from ..tracing import trace
>>> graph = peeled(trace(CATALOGUE["rnn"], L="L"), ("L",))
>>> [str(a.extent) for a in graph["layers.ih.weight"].positions]
['L - 1']
>>> graph["layers.previous"].reads[1].source
'first.layers.tanh'
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..graph import Axis, Equation, Graph, Read
from ..primitives import Shift
from ..relations import Relation
from ..sizes import Poly, poly, size
from .activity import active

FIRST = "first."
"""What the names of a first layer start with."""


def unread(graph: Graph, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the layer axes of stacks past whose start no wanted gradient passes."""
    passing = active(graph, wanted)
    starts: dict[str, list[bool]] = {}
    for equation in graph:
        if isinstance(equation.primitive, Shift):
            carried, initial = equation.reads
            starts.setdefault(carried.axis or "", []).append(initial.source in passing)
    layers = [a.name for a in graph.axes.values() if a.kind == "layer"]
    return tuple(a for a in layers if not any(starts.get(a, [True])))


def peeled(graph: Graph, axes: Iterable[str]) -> Graph:
    """Write out the first layer of every stack along the axes that are named."""
    for name in axes:
        graph = _peeled(graph, graph.axes[name])
    return graph


def prefix(graph: Graph, axis: str) -> str:
    """Return what the names of the first layer along an axis start with: none of them is taken."""
    found, inside = FIRST, [e.name for e in graph if e.has(axis)]
    while any(found + name in graph.equations for name in inside):
        found += FIRST
    return found


def _peeled(graph: Graph, axis: Axis) -> Graph:
    equations: dict[str, Equation] = {}
    inside = {e.name for e in graph if e.has(axis.name)}
    start = prefix(graph, axis.name)
    shifts = {
        e.name: e.reads
        for e in graph
        if isinstance(e.primitive, Shift) and e.primitive.axis == axis.name
    }

    def first(name: str) -> str:
        """Name what stands for an equation in the first layer."""
        if name in shifts:
            return first(shifts[name][1].source)
        return start + name if name in inside else name

    for equation in graph:
        if equation.name in inside and equation.name not in shifts:
            equations[start + equation.name] = _first(equation, axis, first)
        equations[equation.name] = _rest(equation, axis, shifts, first)
    return replace(graph, equations=equations)


def _first(equation: Equation, axis: Axis, first: Any) -> Equation:
    here: Mapping[str, Any] = {axis.position: poly(0)}
    reads = tuple(
        replace(r, source=first(r.source), relation=r.relation.at(**here)) for r in equation.reads
    )
    domain = tuple(at(a, here) for a in equation.domain if a.name != axis.name)
    return replace(
        equation,
        name=first(equation.name),
        primitive=at(equation.primitive, here),
        reads=reads,
        domain=domain,
        layer=FIRST + equation.layer,
    )


def _rest(
    equation: Equation, axis: Axis, shifts: Mapping[str, tuple[Read, ...]], first: Any
) -> Equation:
    def boundary(read: Read) -> Read:
        """Start from the first layer instead of from its input."""
        along = equation.reads[0]
        starts = read.boundary and along.axis == axis.name
        return replace(read, source=first(along.source)) if starts else read

    reads = tuple(boundary(r) for r in equation.reads)
    if not equation.has(axis.name):
        return replace(equation, reads=reads)
    later: Mapping[str, Any] = {axis.position: size(axis.position) + 1}
    return replace(
        equation,
        primitive=at(equation.primitive, later),
        reads=tuple(replace(r, relation=r.relation.at(**later)) for r in reads),
        domain=tuple(
            replace(a, extent=a.extent - 1) if a.name == axis.name else at(a, later)
            for a in equation.domain
        ),
    )


def at(value: Any, sizes: Mapping[str, Any]) -> Any:
    """Replace sizes in whatever holds them: costs, relations, axes, primitives, tuples."""
    if isinstance(value, Poly):
        return value.substitute(sizes)
    if isinstance(value, Relation):
        return value.at(**sizes)
    if isinstance(value, tuple):
        return tuple(at(v, sizes) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Graph):
        changed = {f.name: at(getattr(value, f.name), sizes) for f in dataclasses.fields(value)}
        return replace(value, **changed)
    return value
