"""What a drawing shows: a graph with its views folded away, in boxes and arrows.

Views (renames, splits, parameters, constants, gathers, shifts) become labels of what reads them;
chains of operations that nothing else reads become one box. A cycle's carried read becomes an arrow
*over time* or *over layers*; what remains has no cycle, and its heaviest path is the critical path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import networkx as nx

from ...graphs.graph import Equation, Graph
from ...graphs.primitives import Input, Parameter, Site
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from .folding import Arrow, carried_reads, trails, visible
from .labels import label_of

ZERO = poly(0)
TENSOR = Setting(unit="tensor")


@dataclass(frozen=True, slots=True)
class Box:
    """One or more operations in a chain."""

    name: str
    """The name of the last equation."""
    equations: tuple[str, ...]
    lines: tuple[str, ...]
    kind: str
    """input, output, or the primitive of the last equation."""
    layer: str
    weight: Poly
    """Steps that the chain takes."""
    depth: Poly = ZERO
    """Steps on the longest path to the end of the box."""
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The boxes and arrows of a model, boxes in the order of depth."""

    name: str
    doc: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    sample: Mapping[str, int]
    """Sizes at which depths are compared."""

    def steps(self, box: Box) -> int:
        """The depth of a box at the sample sizes."""
        return int(box.depth.evaluate(**self.sample))

    def of(self, kind: str) -> tuple[Arrow, ...]:
        """All arrows of one kind."""
        return tuple(a for a in self.arrows if a.kind == kind)

    @property
    def summary(self) -> str:
        """Which paradigm it is, in words."""
        parts = ["a cycle over time: recurrence" if self.of("time") else "no cycle over time"]
        if self.of("layer"):
            parts.append("a cycle over layers: a stack")
        labels = sorted({a.label for a in self.of("gather")})
        if labels:
            parts.append(f"reads other positions: {', '.join(labels)}")
        return "; ".join(parts)


def picture_of(graph: Graph) -> Picture:
    """Fold a graph into boxes and arrows, with the critical path in array operations marked."""
    carried = carried_reads(graph)
    arrows = list(
        dict.fromkeys(
            a for e in graph if visible(e) for a in trails(graph, carried, e.name, e.name)
        )
    )
    boxes = {e.name: _box(graph, e) for e in graph if visible(e)}
    for k, output in enumerate(graph.outputs):
        name = f"output {k + 1}" if len(graph.outputs) > 1 else "output"
        boxes[f"->{name}"] = Box(f"->{name}", (), (name,), "output", "", poly(0))
        arrows += trails(graph, carried, output, f"->{name}")
    arrows = [a for a in arrows if a.source in boxes]
    boxes, arrows = _chained(boxes, arrows)
    sample = {**dict.fromkeys(graph.free_sizes, 16), **graph.sizes}
    return _measured(Picture(graph.name, graph.doc, tuple(boxes.values()), tuple(arrows), sample))


def _box(graph: Graph, equation: Equation) -> Box:
    if isinstance(equation.primitive, Input):
        return Box(
            equation.name, (equation.name,), (equation.name,), "input", equation.layer, poly(0)
        )
    site = Site(equation, tuple(graph[r.source] for r in equation.reads))
    weight = equation.primitive.depth(site, TENSOR)
    weights = [r.source for r in equation.reads if isinstance(graph[r.source].primitive, Parameter)]
    line = label_of(equation, [w.removeprefix(f"{equation.layer}.") for w in weights])
    return Box(
        equation.name, (equation.name,), (line,), equation.primitive.name, equation.layer, weight
    )


def _chained(boxes: Mapping[str, Box], arrows: list[Arrow]) -> tuple[dict[str, Box], list[Arrow]]:
    """Merge a box into the only one that reads it, where that one reads nothing else."""
    sources: dict[str, set[str]] = {name: set() for name in boxes}
    readers: dict[str, set[str]] = {name: set() for name in boxes}
    plain = {(a.source, a.target) for a in arrows if a.kind == "same"}
    plain -= {(a.source, a.target) for a in arrows if a.kind != "same"}
    for arrow in arrows:
        sources[arrow.target].add(arrow.source)
        readers[arrow.source].add(arrow.target)
    merged = dict(boxes)
    into: dict[str, str] = {}
    for name, box in boxes.items():
        before = next(iter(sources[name])) if len(sources[name]) == 1 else None
        if before is None or (before, name) not in plain or readers[before] != {name}:
            continue
        first = merged.get(before, boxes[before])
        if {"input", "output"} & {box.kind, first.kind} or box.layer != first.layer:
            continue
        del merged[before]
        into[before] = name
        merged[name] = replace(
            box,
            equations=(*first.equations, *box.equations),
            lines=(*first.lines, *box.lines),
            weight=first.weight + box.weight,
        )
    renamed = [
        replace(a, source=_last(into, a.source), target=_last(into, a.target)) for a in arrows
    ]
    kept = [a for a in dict.fromkeys(renamed) if a.source != a.target or a.carried]
    return merged, kept


def _last(into: Mapping[str, str], name: str) -> str:
    while name in into:
        name = into[name]
    return name


def _measured(picture: Picture) -> Picture:
    """Add depths, mark the critical path, and order boxes by depth."""
    forward: Any = nx.DiGraph()
    forward.add_nodes_from(b.name for b in picture.boxes)
    forward.add_edges_from((a.source, a.target) for a in picture.arrows if not a.carried)
    boxes = {b.name: b for b in picture.boxes}
    rank = {b.name: k for k, b in enumerate(picture.boxes)}
    before: dict[str, str] = {}

    def number(cost: Poly) -> int:
        return int(cost.evaluate(**picture.sample))

    order = list(nx.lexicographical_topological_sort(forward, key=rank.__getitem__))
    for name in order:
        reads = sorted(forward.predecessors(name), key=rank.__getitem__)
        if reads:
            before[name] = max(reads, key=lambda r: number(boxes[r].depth))
        reached = boxes[before[name]].depth if reads else poly(0)
        boxes[name] = replace(boxes[name], depth=reached + boxes[name].weight)
    path = _path(
        before, max(order, key=lambda n: (number(boxes[n].depth), boxes[n].kind == "output"))
    )
    steps = set(pairwise(path))
    place = {name: k for k, name in enumerate(order)}
    ordered = sorted(boxes.values(), key=lambda b: (number(b.depth), place[b.name]))
    return replace(
        picture,
        boxes=tuple(replace(b, critical=b.name in path) for b in ordered),
        arrows=tuple(
            replace(a, critical=not a.carried and (a.source, a.target) in steps)
            for a in picture.arrows
        ),
    )


def _path(before: Mapping[str, str], end: str) -> list[str]:
    path = [end]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]
