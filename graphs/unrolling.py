"""Unrolling: the graph at concrete sizes, one node for each equation and position.

>>> from .models import CATALOGUE
>>> from .tracing import trace
>>> unrolled = unroll(trace(CATALOGUE["rnn"]), n=3)
>>> ("x", 0) in unrolled, unrolled.nodes["x", 0]["equation"]
(True, 'x')
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import networkx as nx

from .graph import Axis, Equation, Graph, Read
from .primitives import AssociativeScan
from .sizes import Poly, SizeError, poly

Node: TypeAlias = tuple[Any, ...]
"""The equation's name and its positions, layers first."""

LIMIT = 4_000_000
"""Nodes and edges together that are unrolled without being asked twice (about 2 GB)."""

LARGEST = 10**15
"""The largest size; probes go a little beyond what a user may name."""


class TooLargeError(SizeError):
    """Sizes, or nodes and edges, beyond the limit; nothing was allocated."""


def unroll(graph: Graph, *, limit: int = LIMIT, **sizes: int) -> Any:
    """Write out the graph at concrete sizes.

    Parameters
    ----------
    graph
        A traced model.
    limit
        The most nodes and edges together.
    sizes
        Values for the sizes of position axes and of relations (``n=8, L=2``); sizes of features do
        not matter here.

    Returns
    -------
    networkx.DiGraph
        Nodes ``(equation, position, ...)`` with the attribute ``equation``. An associative scan is
        written out round by round: ``(equation, position, ..., "round", r)``.

    Raises
    ------
    TooLargeError
        If there would be more than ``limit`` nodes and edges; says how many, before allocating.
    SizeError
        If a size is missing or is no whole number of at least 1.
    """
    sizes = checked(sizes)
    nodes, edges = census(graph, sizes)
    if nodes + edges > limit:
        names = ", ".join(f"{k}={v}" for k, v in sizes.items())
        raise TooLargeError(
            f"expected at most {limit:,} nodes and edges, "
            f"got about {nodes:,} nodes and {edges:,} edges for {graph.name} at {names}; "
            f"pass smaller sizes, or limit={nodes + edges:,} to insist"
        )
    unrolled: Any = nx.DiGraph(name=graph.name, sizes=dict(sizes))
    for equation in graph:
        spots = list(places(equation, sizes))
        unrolled.add_nodes_from(((equation.name, *p) for p in spots), equation=equation.name)
        if isinstance(equation.primitive, AssociativeScan):
            _rounds(unrolled, graph, equation, spots, sizes)
            continue
        for spot in spots:
            target = (equation.name, *spot)
            unrolled.add_edges_from(
                (source, target) for source in sources(graph, equation, spot, sizes)
            )
    return unrolled


def checked(sizes: Mapping[str, Any]) -> dict[str, int]:
    """Return sizes as whole numbers of at least 1; an error names the one that is not."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SizeError(
                f"expected {name} to be a whole number of at least 1, got {name}={value}"
            )
        if value > LARGEST:
            raise TooLargeError(f"expected {name} to be at most {LARGEST:,}, got {name}={value}")
    return dict(sizes)


def census(graph: Graph, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Count nodes, and edges at most, without building anything."""
    nodes = edges = 0
    for equation in graph:
        count = whole(equation.count, sizes)
        nodes += count
        if isinstance(equation.primitive, AssociativeScan):
            rounds = (whole(equation.primitive.along.extent, sizes) - 1).bit_length()
            nodes += count * rounds
            edges += count * (len(equation.reads) + 2 * rounds)
            continue
        for read in equation.reads:
            axis = None if read.axis is None else graph.axes.get(read.axis)
            relation = read.relation.at(**{a.position: 0 for a in equation.positions})
            edges += count * (1 if axis is None else whole(relation.slots(axis.extent), sizes))
    return nodes, edges


def whole(cost: Poly, sizes: Mapping[str, int]) -> int:
    """Value of a cost, as a whole number."""
    missing = [s for s in cost.sizes if s not in sizes]
    if missing:
        raise SizeError(f"expected a value for {missing[0]}, as {missing[0]}=8")
    value = cost.evaluate(**sizes)
    if value != int(value):
        raise SizeError(f"expected {cost} to be whole, got {value} at {dict(sizes)}")
    return int(value)


def fits(graph: Graph, sizes: Mapping[str, int]) -> bool:
    """Whether every axis of positions has a whole number of them, as chunks that divide it do."""
    extents = (axis.extent for axis in graph.axes.values())
    found = (e.evaluate(**{s: sizes[s] for s in e.sizes}) for e in extents)
    return all(value == int(value) for value in found)


def lengthened(graph: Graph, name: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return sizes with the least value of one, from what it is on, that fits a graph.

    Raises
    ------
    SizeError
        If none does that is less than twice as large.
    """
    for value in range(sizes[name], 2 * sizes[name] + 1):
        if fits(graph, {**sizes, name: value}):
            return {**sizes, name: value}
    raise SizeError(f"expected {name} to fit parts of its axis, got {name}={sizes[name]}")


def places(equation: Equation, sizes: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
    """All positions of an equation."""
    return itertools.product(*(range(whole(a.extent, sizes)) for a in equation.positions))


def sources(
    graph: Graph, equation: Equation, spot: tuple[int, ...], sizes: Mapping[str, int]
) -> list[Node]:
    """The nodes that an equation reads at one position."""
    here = dict(zip((a.name for a in equation.positions), spot, strict=True))
    found: list[Node] = []
    for read in equation.reads:
        if not read.boundary:
            found.extend(read_nodes(graph, equation, read, here, sizes))
    if not found:
        for read in equation.reads:
            if read.boundary:
                found.extend(read_nodes(graph, equation, read, here, sizes))
    return found


def read_nodes(
    graph: Graph, equation: Equation, read: Read, here: Mapping[str, int], sizes: Mapping[str, int]
) -> Iterator[Node]:
    """The nodes that one read reaches from one position."""
    axes = graph[read.source].positions
    if read.axis is not None and all(a.name != read.axis for a in axes):
        own = (a for a in equation.positions if a.name == read.axis)  # the same at every position
        if any(not _along(equation, a, read, here, sizes) for a in own):
            return iter(())
    choices = [_along(equation, axis, read, here, sizes) for axis in axes]
    return ((read.source, *combination) for combination in itertools.product(*choices))


def _along(
    equation: Equation, axis: Axis, read: Read, here: Mapping[str, int], sizes: Mapping[str, int]
) -> tuple[int, ...]:
    if axis.name != read.axis:
        return (here[axis.name],)
    own = (
        axis.name if axis.name in here else (equation.sequence.name if equation.sequence else None)
    )
    position = here[own] if own is not None and own in here else 0
    values: dict[str, Any] = {**sizes, **{f"{k}_": poly(v) for k, v in here.items()}}
    return read.relation.at(**values).sources(position, whole(axis.extent, sizes))


def _rounds(
    unrolled: Any,
    graph: Graph,
    equation: Equation,
    spots: list[tuple[int, ...]],
    sizes: Mapping[str, int],
) -> None:
    """Hillis and Steele's rounds: each position combines with the one 2**r before it."""
    scan = equation.primitive
    assert isinstance(scan, AssociativeScan)
    n = whole(scan.along.extent, sizes)
    rounds = (n - 1).bit_length()
    place = [a.name for a in equation.positions].index(scan.along.name)

    def node(spot: tuple[int, ...], r: int) -> Node:
        return (equation.name, *spot) if r == rounds else (equation.name, *spot, "round", r)

    for spot in spots:
        here = dict(zip((a.name for a in equation.positions), spot, strict=True))
        unrolled.add_node(node(spot, 0), equation=equation.name, round=0)
        for read in equation.reads:
            same = Read(read.source)
            unrolled.add_edges_from(
                (s, node(spot, 0)) for s in read_nodes(graph, equation, same, here, sizes)
            )
        for r in range(1, rounds + 1):
            unrolled.add_node(node(spot, r), equation=equation.name, round=r)
            unrolled.add_edge(node(spot, r - 1), node(spot, r))
            other = spot[place] + (1 if scan.reverse else -1) * 2 ** (r - 1)
            if 0 <= other < n:
                unrolled.add_edge(
                    node((*spot[:place], other, *spot[place + 1 :]), r - 1), node(spot, r)
                )
