"""The graph at concrete sizes as flat arrays: numbered nodes, and who reads whom.

It is the graph that :func:`..graphs.unrolling.unroll` writes out, built read by read instead of node
by node: a read is one table of positions, repeated wherever the reader stands.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> flat = flatten(trace(CATALOGUE["rnn"]), {"n": 3})
>>> flat.count, len(flat.sources), flat.node(flat.first["x"] + 2)
(32, 39, ('x', 2))
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import AssociativeScan
from ...graphs.relations import Relation
from ...graphs.sizes import poly
from ...graphs.unrolling import Node, TooLargeError, census, checked, whole
from ..measured.graph import limits, position_sizes

LIMIT = 12_000_000
"""Nodes and edges together that are laid out without being asked twice (about 1 GB)."""

Array = Any
"""A NumPy array of integers."""


@dataclass(frozen=True, eq=False, slots=True)
class Flat:
    """Nodes by number: of one equation after another, positions in order, then rounds of a scan."""

    graph: Graph
    sizes: Mapping[str, int]
    first: Mapping[str, int]
    """By equation, its first node."""
    shape: Mapping[str, tuple[int, ...]]
    """By equation, how many positions there are along each axis."""
    rounds: Mapping[str, int]
    """By associative scan, how many rounds it is written out in."""
    count: int
    start: Array
    """[count + 1]: where in ``sources`` those of a node begin."""
    sources: Array
    """What each node reads, in rising order."""

    def block(self, equation: str) -> slice:
        """Return the nodes of an equation's positions."""
        return slice(self.first[equation], self.first[equation] + math.prod(self.shape[equation]))

    def node(self, number: int) -> Node:
        """Return a node as unrolling names it."""
        name = self._name(number)
        shape, rest = self.shape[name], number - self.first[name]
        turn, place = divmod(rest, math.prod(shape))
        spot = tuple(int(k) for k in np.unravel_index(place, shape)) if shape else ()
        return (name, *spot) if turn == 0 else (name, *spot, "round", turn - 1)

    def _name(self, number: int) -> str:
        found = ""
        for name, first in self.first.items():
            if first > number:
                break
            found = name
        return found


def flatten(graph: Graph, sizes: Mapping[str, int], *, limit: int = LIMIT) -> Flat:
    """Lay out the graph at concrete sizes.

    Raises
    ------
    TooLargeError
        If there would be more than ``limit`` nodes and edges; nothing was allocated.
    SizeError
        If a size is missing or is no whole number of at least 1.
    """
    sizes = {k: v for k, v in checked(sizes).items() if k in position_sizes(graph)}
    nodes, edges = census(graph, sizes)
    if nodes + edges > limit:
        names = ", ".join(f"{k}={v}" for k, v in sizes.items())
        raise TooLargeError(
            f"expected at most {limit:,} nodes and edges to simulate, got about {nodes:,} nodes "
            f"and {edges:,} edges for {graph.name} at {names}; pass smaller sizes"
        )
    first, shape, rounds, count = {}, {}, {}, 0
    for equation in graph:
        first[equation.name] = count
        shape[equation.name] = tuple(whole(a.extent, sizes) for a in equation.positions)
        turns = _rounds(equation, sizes)
        if turns:
            rounds[equation.name] = turns
        count += math.prod(shape[equation.name]) * (1 + turns)
    building = Flat(graph, sizes, first, shape, rounds, count, np.zeros(1), np.zeros(0))
    pairs = [pair for equation in graph for pair in _edges(building, equation)]
    keys = np.concatenate([t * count + s for s, t in pairs]) if pairs else np.zeros(0, np.int64)
    keys.sort()  # numpy.unique hashes, which is slower by far
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    targets = keys // count
    start = np.searchsorted(targets, np.arange(count + 1))
    return Flat(graph, sizes, first, shape, rounds, count, start, keys - targets * count)


def _rounds(equation: Equation, sizes: Mapping[str, int]) -> int:
    if not isinstance(equation.primitive, AssociativeScan):
        return 0
    return (whole(equation.primitive.along.extent, sizes) - 1).bit_length()


def _edges(flat: Flat, equation: Equation) -> Iterator[tuple[Array, Array]]:
    """Yield sources and targets of an equation's reads."""
    name = equation.name
    if isinstance(equation.primitive, AssociativeScan):
        yield from _scan(flat, equation)
        return
    target = flat.first[name]
    reading = np.zeros(math.prod(flat.shape[name]), dtype=bool)
    for read in equation.reads:
        if not read.boundary:
            sources, spots = read_pairs(flat, equation, read)
            reading[spots] = True
            yield sources, spots + target
    for read in equation.reads:
        if read.boundary:
            sources, spots = read_pairs(flat, equation, read)
            begins = ~reading[spots]
            yield sources[begins], spots[begins] + target


def _scan(flat: Flat, equation: Equation) -> Iterator[tuple[Array, Array]]:
    """Hillis and Steele's rounds: each position combines with the one 2**r before it."""
    scan, name = equation.primitive, equation.name
    assert isinstance(scan, AssociativeScan)
    shape, turns = flat.shape[name], flat.rounds.get(name, 0)
    count, first = math.prod(shape), flat.first[name]
    place = [a.name for a in equation.positions].index(scan.along.name)
    own = np.indices(shape)[place].reshape(-1)
    stride = math.prod(shape[place + 1 :])
    spots = np.arange(count)

    def nodes(turn: int) -> Array:
        return first + spots + (0 if turn == turns else count * (1 + turn))

    for read in equation.reads:
        sources, targets = read_pairs(flat, equation, Read(read.source))
        yield sources, nodes(0)[targets]
    for turn in range(1, turns + 1):
        before, after = nodes(turn - 1), nodes(turn)
        yield before, after
        step = (1 if scan.reverse else -1) * 2 ** (turn - 1)
        both = (own + step >= 0) & (own + step < shape[place])
        yield before[spots[both] + step * stride], after[both]


def read_pairs(flat: Flat, equation: Equation, read: Read) -> tuple[Array, Array]:
    """Return the sources of one read, as nodes, and the positions of the equation that read them."""
    shape = flat.shape[equation.name]
    spots = np.arange(math.prod(shape))
    here = dict(zip((a.name for a in equation.positions), np.indices(shape), strict=True))
    here = {name: index.reshape(-1) for name, index in here.items()}
    base, axes = np.full(len(spots), flat.first[read.source]), flat.graph[read.source].positions
    along, strides = next((a for a in axes if a.name == read.axis), None), {}
    for k, other in enumerate(axes):
        strides[other.name] = math.prod(flat.shape[read.source][k + 1 :])
        if other is not along:
            base = base + here[other.name] * strides[other.name]
    own = next((a for a in equation.positions if a.name == read.axis), None)
    if not len(spots) or (along is None and own is None):
        return base, spots
    axis = along or own
    assert axis is not None
    stands = own or equation.sequence
    found = [
        _read(flat, read, axis, stands, here, part) for part in _parts(equation, read, here, spots)
    ]
    readers, read_at = (np.concatenate(x) for x in zip(*found, strict=True))
    if along is None:  # the same at every position, if there is one to read
        some = np.unique(readers)
        return base[some], some
    return base[readers] + read_at * strides[along.name], readers


def _parts(
    equation: Equation, read: Read, here: Mapping[str, Array], spots: Array
) -> Iterator[tuple[Mapping[str, int], Array]]:
    """Divide positions by those coordinates on which the relation depends."""
    names = {s for bound in limits(read.relation) for s in bound.sizes}
    fixed = [a for a in equation.positions if a.position in names]
    values = [sorted(set(here[a.name].tolist())) for a in fixed]
    for chosen in itertools.product(*values):
        part = spots
        for axis, value in zip(fixed, chosen, strict=True):
            part = part[here[axis.name][part] == value]
        yield {a.position: v for a, v in zip(fixed, chosen, strict=True)}, part


def _read(
    flat: Flat,
    read: Read,
    axis: Axis,
    own: Axis | None,
    here: Mapping[str, Array],
    part: tuple[Mapping[str, int], Array],
) -> tuple[Array, Array]:
    """Return which of some positions read, and which positions along an axis they read."""
    given, spots = part
    relation = read.relation.at(**flat.sizes, **{k: poly(v) for k, v in given.items()})
    extent = whole(axis.extent, flat.sizes)
    at = np.zeros(len(spots), np.int64) if own is None else here[own.name][spots]
    length = 1 if own is None else whole(own.extent, flat.sizes)
    start, found = _table(relation, length, extent)
    widths = (start[1:] - start[:-1])[at]
    readers = np.repeat(spots, widths)
    offsets = np.arange(len(readers)) - np.repeat(np.cumsum(widths) - widths, widths)
    return readers, found[np.repeat(start[:-1][at], widths) + offsets]


def _table(relation: Relation, length: int, extent: int) -> tuple[Array, Array]:
    """Return what each of so many positions reads: where its positions begin, and positions."""
    if relation.kind == "chain":
        rows = [relation.sources(i, extent) for i in range(length)]
        start = np.cumsum([0, *(len(r) for r in rows)])
        return start, np.array([j for row in rows for j in row], dtype=np.int64)
    j, valid = relation.table(np.arange(length), extent)
    return np.concatenate(([0], np.cumsum(valid.sum(axis=1)))), j[valid]
