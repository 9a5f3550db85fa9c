"""Cones: what a position's inputs reach in the unrolled graph, how soon, and the critical path.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.setting import Setting
>>> from ...graphs.tracing import trace
>>> from .span import timed
>>> found = timed(trace(CATALOGUE["rnn"]), Setting(unit="layer"), {"n": 3, "d": 2})
>>> cones = cones_of(found)
>>> [(reach.place, reach.steps) for reach in cones.reaches[:2]]
[(('n', 0), {('n', 0): 1, ('n', 1): 2, ('n', 2): 3}), (('n', 1), {('n', 1): 1, ('n', 2): 2})]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...graphs.unrolling import Node
from .span import Timed

Place: TypeAlias = tuple[str, int] | None
"""A sequence axis and a position along it; None for what has no position."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the inputs at one position reach."""

    place: Place
    steps: Mapping[Place, int]
    """For each place at which an output depends on them, the least steps on a way there."""


@dataclass(frozen=True, slots=True)
class Cones:
    """Which nodes depend on which positions."""

    reaches: tuple[Reach, ...]
    """One for each position that has an input, input by input."""
    bits: Mapping[Node, int]
    """For each node the places that it depends on: bit k for the k-th reach."""


def cones_of(found: Timed) -> Cones:
    """Follow the inputs of every position through the graph."""
    seen, members = found.seen, set(found.order)
    given = [n for name in seen.graph.inputs for n in seen.nodes(name) if n in members]
    made = [n for n in seen.outputs if n in members]
    places = list(dict.fromkeys(seen.place(n) for n in given))
    starts = {n: 1 << places.index(seen.place(n)) for n in given}
    bits: dict[Node, int] = {}
    for node in found.order:
        bits[node] = starts.get(node, 0)
        for before in found.digraph.pred[node]:
            bits[node] |= bits[before]
    reaches = []
    for place in places:
        least = _least(found, {n for n in given if seen.place(n) == place})
        steps: dict[Place, int] = {}
        for node in (n for n in made if n in least):
            there = seen.place(node)
            steps[there] = min(least[node], steps.get(there, least[node]))
        reaches.append(Reach(place, steps))
    return Cones(tuple(reaches), bits)


def _least(found: Timed, starts: set[Node]) -> dict[Node, int]:
    """Return the fewest steps on a way from any of the starts, for every node that has one."""
    least: dict[Node, int] = {}
    for node in found.order:
        ways = [least[p] for p in found.digraph.pred[node] if p in least]
        if node in starts:
            ways.append(0)
        if ways:
            least[node] = min(ways) + found.weight(node)
    return least


def critical_path(found: Timed) -> list[Node]:
    """Return one longest path, from its first node to its last.

    Where several are longest, it goes through what was made first.
    """
    finish = found.finish
    node = max(found.order, key=lambda n: finish[n])
    path = [node]
    while True:
        start = finish[node] - found.weight(node)
        before = [p for p in found.digraph.pred[node] if finish[p] == start]
        if not before:
            return path[::-1]
        node = before[0]
        path.append(node)
