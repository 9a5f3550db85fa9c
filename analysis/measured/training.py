"""Measured activations: values of the forward pass that the backward pass reads, node by node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ...graphs.backward import training
from ...graphs.graph import Equation, Graph, GraphError
from ...graphs.primitives import Component, Constant, Parameter, Seed, Slice, Split
from ...graphs.primitives.base import View
from ...graphs.primitives.views import Source
from ...graphs.setting import Setting
from ...graphs.unrolling import Node, whole
from .graph import Unrolled, unrolled
from .slots import held

Span: TypeAlias = tuple[int, int]
"""First component and the one after the last, of a node's last axis."""


def activations(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    """Return the scalars that are saved for the backward pass; None if there is none."""
    try:
        trained = training(graph)
    except GraphError:
        return None
    seen = unrolled(trained, sizes)
    read: dict[Node, set[Span]] = defaultdict(set)
    visited: set[tuple[Node, Span | None]] = set()
    for node in seen.order:
        equation = trained[node[0]]
        if equation.phase == "forward" or isinstance(equation.primitive, Seed) or _shows(equation):
            continue
        for source in seen.digraph.predecessors(node):
            for base, span in _bases(trained, seen, source, None, sizes, visited):
                read[base].add(span)
    return sum(_size(trained, node, spans, setting, sizes) for node, spans in read.items())


def _bases(
    graph: Graph,
    seen: Unrolled,
    node: Node,
    span: Span | None,
    sizes: Mapping[str, int],
    visited: set[tuple[Node, Span | None]],
) -> Iterator[tuple[Node, Span]]:
    """Yield what a node shows of nodes of the forward pass that hold values."""
    if (node, span) in visited:
        return
    visited.add((node, span))
    equation = graph[node[0]]
    if isinstance(equation.primitive, Parameter | Constant):
        return
    if equation.phase != "forward" and not _shows(equation):
        return
    if not isinstance(equation.primitive, View) or isinstance(equation.primitive, Source):
        width = whole(equation.features[-1].extent, sizes) if equation.features else 1
        yield node, (0, width) if span is None else span
        return
    inner = _inner(equation, span, sizes)
    for source in seen.digraph.predecessors(node):
        yield from _bases(graph, seen, source, inner, sizes, visited)


def _shows(equation: Equation) -> bool:
    """Whether an equation of the backward pass is a view, and holds no value of its own."""
    view = isinstance(equation.primitive, View) and not isinstance(equation.primitive, Source)
    return view and equation.phase == "backward"


def _inner(view: Equation, span: Span | None, sizes: Mapping[str, int]) -> Span | None:
    primitive = view.primitive
    if isinstance(primitive, Split):
        width = whole(view.features[-1].extent, sizes)
        start = primitive.part * width
    elif isinstance(primitive, Slice):
        start, width = whole(primitive.start, sizes), whole(primitive.extent, sizes)
    elif isinstance(primitive, Component):
        start, width = whole(primitive.offset, sizes), whole(view.scalars, sizes)
    else:
        return (
            span
            if primitive.name in {"enter", "shift", "final", "gather", "inside", "stop"}
            else None
        )
    return (start, start + width) if span is None else (start + span[0], start + span[1])


def _size(
    graph: Graph, node: Node, spans: set[Span], setting: Setting, sizes: Mapping[str, int]
) -> int:
    """Count the scalars of a node that are read; of masked pairs, the allowed ones."""
    equation, total = graph[node[0]], 1
    places = dict(zip((a.name for a in equation.positions), node[1:], strict=True))
    masked = [a for a in equation.features if setting.pairs == "masked" and a.relation is not None]
    if masked:
        total = held(graph, equation, masked, places, sizes)
    for axis in equation.features:
        if axis in masked:
            continue
        if axis is equation.features[-1]:
            total *= len(set().union(*(range(a, b) for a, b in spans)))
        else:
            total *= whole(axis.extent, sizes)
    return total
