"""Floors of workspace: amounts that no schedule without recomputation can avoid.

Moments that every order has, if each operation runs once, and at once for each position: at the
start all inputs are there, at the end all outputs. When an operation runs for one position, what it
computes and all that it reads are there. When the gradient of the loss is given, so is all that the
backward pass will read, since without recomputation none of it can be computed later, and so are
the outputs, which the loss is taken of.

A floor may be too low, never too high: what is not certain to be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ....graphs.graph import Axis, Equation, Graph, product
from ....graphs.primitives import AssociativeScan, Input, Inside, Lookup, Place, Shift, Turn, Unsort
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, ceil_div, minimum, poly, summed
from ..errors import ProofError
from .activations import ActivationsCertificate, check_activations
from .holding import shown
from .parts import Cut, components, disjoint
from .ways import Path, Way, computes, reads, ways

UNKNOWN = Turn | Place | Inside | Lookup | Unsort
"""Views of which it is not certain how much of an array they show at a position."""


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
    certain = (path for path in shown(graph) if _is_certain(graph, path))
    for base, paths in _by_base(certain).items():
        if base not in without:
            spread = [_spread(ways(graph, path), graph[base].positions) for path in paths]
            total = total + _disjoint(graph, setting, None, zip(paths, spread, strict=True))
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
    rounds = isinstance(equation.primitive, AssociativeScan)  # the first one reads in place
    for own in _by_base(iter(paths)).values():
        reached = [
            product(poly(1) if rounds else _reached(a, w, chosen) for a, w in _axes(graph, p))
            for p in own
        ]
        total = total + _disjoint(graph, setting, chosen, zip(own, reached, strict=True))
    return total


def _axes(graph: Graph, path: Path) -> Iterator[tuple[Axis, Way]]:
    found = ways(graph, path)
    return ((axis, found[axis.name]) for axis in graph[path.base].positions)


def _is_certain(graph: Graph, path: Path) -> bool:
    """Whether a path is there at every position: one through a shift is not at the ends."""
    return not any(isinstance(graph[name].primitive, Shift) for name in path.views)


def _reached(axis: Axis, way: Way, chosen: Relation | None) -> Poly:
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


def _disjoint(
    graph: Graph,
    setting: Setting,
    chosen: Relation | None,
    counted: Iterable[tuple[Path, Poly]],
) -> Poly:
    """Add up the parts of one array that paths show, if they certainly have nothing in common.

    Parameters
    ----------
    counted
        Paths with how many positions they show.
    """
    kept: list[tuple[Cut | None, Poly]] = []
    for path, positions in counted:
        found = _part(graph, path)
        if found is None:
            continue
        axes, cut = found
        count = positions * _rows(graph, axes, setting, chosen) * (1 if cut is None else cut.extent)
        if all(disjoint(cut, other) for other, _ in kept):
            kept.append((cut, count))
        elif len(kept) == 1 and at_least(count, kept[0][1]):
            kept = [(cut, count)]
    return summed(count for _, count in kept)


def _part(graph: Graph, path: Path) -> tuple[tuple[Axis, ...], Cut | None] | None:
    """Return the axes that a path shows in full, and the part of one more; None if unknown."""
    if any(isinstance(graph[name].primitive, UNKNOWN) for name in path.views):
        return None
    try:
        found = components(graph, path.base, path.hops[1:])
    except ProofError:
        return None
    if found is None or found.cut is None:
        return None if found is None else (graph[path.base].features, None)
    return graph[found.cut.view].features[:-1], found.cut


def _by_base(paths: Iterator[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.base, []).append(path)
    return found


def operations(graph: Graph) -> Iterator[str]:
    """Yield the names of all operations."""
    return (e.name for e in graph if computes(e))
