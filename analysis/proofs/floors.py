"""Floors of workspace: amounts that no schedule without recomputation can avoid.

Three moments that every order has. At the start all inputs are there, at the end all outputs. When
an operation computes one position, that position and all that it reads are there. When the
gradient of the loss is given, all that the backward pass will read is there, since without
recomputation nothing of it can be computed later; so are the outputs that the loss is taken of.

A floor may be too low, never too high: what is not certain to be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ...graphs.graph import Axis, Equation, Graph, product
from ...graphs.primitives import (
    Component,
    Concatenate,
    Enter,
    Final,
    Flip,
    Gather,
    Input,
    Rename,
    Shift,
    Slice,
    Split,
    Spread,
    Stop,
)
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, ceil_div, minimum, poly, summed
from .activations import ActivationsCertificate, check_activations
from .errors import ProofError
from .storage import shown
from .ways import Path, Way, computes, reads, ways

Part = tuple[Poly, Poly]
"""The first component of a last axis that is read, and how many are."""

PLAIN = Enter | Shift | Final | Gather | Stop
"""Views that show all components, in place."""
ORDERED = Rename | Spread | Flip | Concatenate
"""Views that show all components, in other places."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What is live at some moment in every order."""

    why: str
    """inputs, outputs, the name of an operation, or saved."""
    total: Poly
    saved: ActivationsCertificate | None = None
    """For ``saved``: what the backward pass reads."""


def check_floors(
    graph: Graph, setting: Setting, floors: tuple[Floor, ...], least: Mapping[str, int]
) -> None:
    """Verify that each floor is one.

    Raises
    ------
    ProofError
        For one that is higher or lower than what is certain; the message names it.
    """
    for floor in floors:
        if floor.why == "saved":
            if floor.saved is None or dict(floor.saved.least) != dict(least):
                raise ProofError("saved: expected a proof of what is saved, for the same sizes")
            check_activations(graph, setting, floor.saved)
        true = floor_of(graph, setting, floor.why, floor.saved)
        if floor.total != true:
            raise ProofError(f"{floor.why}: expected a floor of {true}, got {floor.total}")


def floor_of(
    graph: Graph, setting: Setting, why: str, saved: ActivationsCertificate | None = None
) -> Poly:
    """Return what is live at a moment that every order has."""
    if why == "inputs":
        given = (graph[n] for n in dict.fromkeys(graph.inputs))
        return summed(e.scalars * e.count for e in given if isinstance(e.primitive, Input))
    if why == "outputs":
        return _shown(graph, setting, without=frozenset())
    if why == "saved":
        assert saved is not None
        return _given_the_loss(graph, setting, saved)
    return _operation(graph, setting, graph[why])


def _given_the_loss(graph: Graph, setting: Setting, saved: ActivationsCertificate) -> Poly:
    """Add up the loss gradients, the outputs, and what is saved on the way to them."""
    seeds = graph.of("seed")
    before: set[str] = set()
    reduced: Any = nx.DiGraph(graph.reduced)
    for seed in seeds:
        before |= nx.ancestors(reduced, seed.name)
    kept = [s for s in saved.saved if s.name in before]
    others = frozenset(s.name for s in saved.saved) | {
        e.name for e in graph if e.phase != "forward"
    }
    total = summed(s.total for s in kept) + summed(s.scalars * s.count for s in seeds)
    return total + _shown(graph, setting, without=others)


def _shown(graph: Graph, setting: Setting, *, without: frozenset[str]) -> Poly:
    """Count what the outputs show, all their positions, but for some arrays."""
    total = poly(0)
    for base, paths in _by_base(shown(graph)).items():
        if base in without:
            continue
        whole = graph[base].positions
        counted = [
            (
                part,
                _spread(ways(graph, path), whole) * _components(graph, base, part, setting, None),
            )
            for path in paths
            if _is_certain(graph, path) and (part := part_of(graph, path)) is not None
        ]
        total = total + _disjoint(counted)
    return total


def _spread(found: Mapping[str, Way], positions: tuple[Axis, ...]) -> Poly:
    """Count the positions that all positions of an output show, at least."""
    return product(a.extent for a in positions if found[a.name] == Way("shift"))


def _operation(graph: Graph, setting: Setting, equation: Equation) -> Poly:
    """Count one position of an operation and all that it reads."""
    paths = [p for p in reads(graph, equation) if _is_certain(graph, p)]
    relations = [w.relation for p in paths for w in ways(graph, p).values() if w.relation]
    chosen = next((r for r in relations if not _is_all(r)), None)
    total = _rows(graph, equation.features, setting, chosen)
    for base, own in _by_base(iter(paths)).items():
        counted = []
        for path in own:
            part = part_of(graph, path)
            if part is None:
                continue
            components = _components(graph, base, part, setting, chosen)
            reached = [_reached(graph, a, w, chosen) for a, w in _axes(graph, path)]
            counted.append((part, product(reached) * components))
        total = total + _disjoint(counted)
    return total


def _axes(graph: Graph, path: Path) -> Iterator[tuple[Axis, Way]]:
    found = ways(graph, path)
    return ((axis, found[axis.name]) for axis in graph[path.base].positions)


def _is_certain(graph: Graph, path: Path) -> bool:
    """Whether a path is there at every position: one through a shift is not at the ends."""
    return not any(isinstance(graph[name].primitive, Shift) for name in path.views)


def _reached(graph: Graph, axis: Axis, way: Way, chosen: Relation | None) -> Poly:
    """Count the positions along an axis that are read from the position that reads most."""
    relation = way.relation
    if relation is None or (relation != chosen and not _is_all(relation)):
        return poly(1)
    return widest(relation, axis.extent)


def widest(relation: Relation, extent: Poly) -> Poly:
    """Return how many positions a relation reads from where it reads most, at least."""
    if relation.kind in {"first", "block"}:
        return minimum(relation.size, extent)
    ends = (relation.back, relation.ahead)
    if relation.kind != "offsets" or not all(b is None or at_least(b, 0) for b in ends):
        return poly(1)
    inside = ceil_div(extent, relation.step)
    if relation.back is None or relation.ahead is None:
        return inside
    return minimum(relation.back + relation.ahead + 1, inside)


def _is_all(relation: Relation) -> bool:
    return relation.kind == "offsets" and relation.back is None and relation.ahead is None


def _rows(graph: Graph, axes: tuple[Axis, ...], setting: Setting, chosen: Relation | None) -> Poly:
    """Count components; of masked slots, those that the position that reads most has inside."""
    total = poly(1)
    for axis in axes:
        relation = axis.relation if axis.kind == "slot" and setting.pairs == "masked" else None
        if relation is None or _is_all(relation):
            total = total * axis.extent
        elif relation == chosen and axis.along is not None and axis.within is None:
            total = total * widest(relation, graph.axes[axis.along].extent)
    return total


def _components(
    graph: Graph, base: str, part: Part | str, setting: Setting, chosen: Relation | None
) -> Poly:
    features = graph[base].features
    if isinstance(part, str):
        return _rows(graph, features, setting, chosen)
    return _rows(graph, features[:-1], setting, chosen) * part[1]


def part_of(graph: Graph, path: Path) -> Part | str | None:
    """Return which part of its base's last axis a path shows: ``"all"``, or None if unknown."""
    part: Part | str = "all"
    ordered = True
    for name in reversed(path.views):
        view = graph[name]
        primitive = view.primitive
        if isinstance(primitive, Split | Slice | Component):
            if not ordered:
                return None
            start, extent = _cut(view)
            part = (start, extent) if isinstance(part, str) else (part[0] + start, extent)
        elif isinstance(primitive, ORDERED):
            ordered = False
        elif not isinstance(primitive, PLAIN):
            return None
    return part


def _cut(view: Equation) -> Part:
    primitive = view.primitive
    if isinstance(primitive, Split):
        extent = view.features[-1].extent
        return primitive.part * extent, extent
    if isinstance(primitive, Component):
        return primitive.offset, product(a.extent for a in primitive.axes)
    assert isinstance(primitive, Slice)
    return primitive.start, primitive.extent


def _disjoint(counted: list[tuple[Part | str, Poly]]) -> Poly:
    """Add up counts of parts that certainly have nothing in common; the larger ones first."""
    kept: list[tuple[Part | str, Poly]] = []
    for part, count in counted:
        apart = [_apart(part, other) for other, _ in kept]
        if all(apart):
            kept.append((part, count))
        elif len(kept) == 1 and at_least(count, kept[0][1]):
            kept = [(part, count)]
    return summed(count for _, count in kept)


def _apart(one: Part | str, other: Part | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return False
    return at_least(other[0], one[0] + one[1]) or at_least(one[0], other[0] + other[1])


def _by_base(paths: Iterator[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.base, []).append(path)
    return found


def operations(graph: Graph) -> Iterator[str]:
    """Yield the names of all operations."""
    return (e.name for e in graph if computes(e))
