"""What a drawing shows: a graph with its views folded away, in boxes and arrows.

Views (renames, splits, parameters, constants, gathers, shifts) become labels of what reads them;
chains of operations that nothing else reads become one box. A cycle's carried read becomes an arrow
*over time* or *over layers*; what remains has no cycle, and its heaviest path is the critical path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import networkx as nx

from ..graphs.graph import Axis, Equation, Graph, Read
from ..graphs.primitives import Final, Input, Parameter, Site, View
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, poly
from .labels import label_of, relation_label

Carried: TypeAlias = Mapping[tuple[str, Read], str]
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
class Arrow:
    """One box reads another."""

    source: str
    target: str
    kind: str = "same"
    """same, gather, time or layer."""
    label: str = ""
    critical: bool = False

    @property
    def carried(self) -> bool:
        """Whether it closes a cycle."""
        return self.kind in {"time", "layer"}


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
            a for e in graph if _visible(e) for a in _trails(graph, carried, e.name, e.name)
        )
    )
    boxes = {e.name: _box(graph, e) for e in graph if _visible(e)}
    for k, output in enumerate(graph.outputs):
        name = f"output {k + 1}" if len(graph.outputs) > 1 else "output"
        boxes[f"->{name}"] = Box(f"->{name}", (), (name,), "output", "", poly(0))
        arrows += _trails(graph, carried, output, f"->{name}")
    arrows = [a for a in arrows if a.source in boxes]
    boxes, arrows = _chained(boxes, arrows)
    sample = {**dict.fromkeys(graph.free_sizes, 16), **graph.sizes}
    return _measured(Picture(graph.name, graph.doc, tuple(boxes.values()), tuple(arrows), sample))


def carried_reads(graph: Graph) -> Carried:
    """Find the reads that close cycles: over layers first, over time in what remains.

    Returns
    -------
    dict
        ``layer`` or ``time`` by reader and read.
    """
    found: dict[tuple[str, Read], str] = {}
    for kind, axis_kind in (("layer", "layer"), ("time", "sequence")):
        remaining: Any = nx.DiGraph()
        remaining.add_nodes_from(graph.equations)
        for equation in graph:
            remaining.add_edges_from(
                (r.source, equation.name) for r in equation.reads if (equation.name, r) not in found
            )
        component = {
            name: k
            for k, names in enumerate(nx.strongly_connected_components(remaining))
            for name in names
        }
        for equation in graph:
            for read in equation.reads:
                axis = graph.axes.get(read.axis or "")
                moves = (
                    axis is not None and axis.kind == axis_kind and not read.relation.reads_itself
                )
                if moves and component[read.source] == component[equation.name]:
                    found.setdefault((equation.name, read), kind)
    return found


def _visible(equation: Equation) -> bool:
    return isinstance(equation.primitive, Input) or not isinstance(equation.primitive, View)


def _trails(graph: Graph, carried: Carried, start: str, target: str) -> Iterator[Arrow]:
    """Arrows to a target from all visible equations that can be reached through folded ones."""
    same = ("same", "")
    pending = [(start, same)]
    if start == target:
        pending = [
            (r.source, _through(graph, graph[start], r, same, carried))
            for r in _shown(graph[start])
        ]
    seen: set[tuple[str, tuple[str, str]]] = set()
    for name, kind in pending:
        if (name, kind) in seen:
            continue
        seen.add((name, kind))
        equation = graph[name]
        if _visible(equation):
            yield Arrow(name, target, *kind)
            continue
        pending += [
            (r.source, _through(graph, equation, r, kind, carried)) for r in _shown(equation)
        ]


def _shown(equation: Equation) -> list[Read]:
    """Leave out what is read only if there is no layer at all."""
    if isinstance(equation.primitive, Final):
        return [r for r in equation.reads if not r.boundary]
    return list(equation.reads)


def _through(
    graph: Graph,
    equation: Equation,
    read: Read,
    kind: tuple[str, str],
    carried: Carried,
) -> tuple[str, str]:
    if kind[0] in {"time", "layer"}:
        return kind
    cycle = carried.get((equation.name, read))
    if cycle is not None:
        label = _cycle_label(cycle, read)
        return cycle, f"{label}, {kind[1]}" if kind[0] == "gather" else label
    axis = graph.axes.get(read.axis or "")
    if read.relation.is_same or axis is None or _is_end_of_stack(axis, read):
        return kind
    return "gather", relation_label(read.relation, axis.extent)


def _is_end_of_stack(axis: Axis, read: Read) -> bool:
    return axis.kind == "layer" and read.relation.kind in {"last", "head"}


def _cycle_label(cycle: str, read: Read) -> str:
    distance = read.relation.distance
    if distance is None or distance == 1:
        return cycle
    return f"{cycle}, reversed" if distance == -1 else f"{cycle}, distance {distance}"


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
