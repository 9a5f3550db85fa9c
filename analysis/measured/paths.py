"""Measured paths: the shortest way from every input position to every output position.

One pass over the unrolled graph in topological order carries, for a block of input positions at
once, the least distance to each node; sets of input positions are carried as the bits of an
integer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...graphs.graph import Equation, Graph
from ...graphs.primitives import AssociativeScan
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ...graphs.unrolling import LIMIT, Node, TooLargeError, read_nodes, whole
from .graph import Unrolled, unrolled
from .span import steps

Matrix: TypeAlias = NDArray[np.int64]
"""[input positions, output positions] of distances, with UNREACHABLE where there is no way."""

Edges: TypeAlias = Callable[[Node], tuple[list[Node], Any]]
"""From a node to what it reads and what each of these edges costs (a number or an array)."""

UNREACHABLE = -1
FAR = np.int64(2**60)
CELLS = 32_000_000
"""Distances that are held at once (256 MB)."""


def distances(
    graph: Graph, setting: Setting, sizes: Mapping[str, int]
) -> dict[str, list[list[int | None]]]:
    """Return the least distances, by input, as [input position][output position].

    None stands where there is no way.
    """
    return {name: _plain(matrix) for name, matrix in matrices(graph, setting, sizes).items()}


def _plain(matrix: Matrix) -> list[list[int | None]]:
    return [[None if d == UNREACHABLE else d for d in row] for row in matrix.tolist()]


def matrices(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> dict[str, Matrix]:
    """Return the least sums of the weights of nodes, from each input to the outputs."""
    seen = unrolled(graph, sizes)
    weight = steps(seen, setting, sizes)

    def edges(node: Node) -> tuple[list[Node], Any]:
        return list(seen.digraph.pred[node]), weight(node)

    return {name: _least(seen, name, edges) for name in graph.inputs}


def hops(graph: Graph, sizes: Mapping[str, int]) -> dict[str, Matrix]:
    """Return the least numbers of edges that cross positions, from each input to the outputs."""
    seen = unrolled(graph, sizes)
    edges = crossings(seen, sizes)
    return {name: _least(seen, name, edges) for name in graph.inputs}


def crossings(seen: Unrolled, sizes: Mapping[str, int]) -> Edges:
    """Return the edges, at a cost of one where they cross positions.

    An associative scan is one crossing, whatever its rounds: its result reads the elements.
    """
    graph = seen.graph
    scans = {e.name for e in graph if isinstance(e.primitive, AssociativeScan)}
    _limit(graph, scans, sizes)

    def edges(node: Node) -> tuple[list[Node], Any]:
        if node[0] not in scans:
            found = list(seen.digraph.pred[node])
        elif "round" in node:
            return [], 0
        else:
            equation = graph[node[0]]
            here = dict(zip((a.name for a in equation.positions), node[1:], strict=True))
            reads = (read_nodes(graph, equation, r, here, sizes) for r in equation.reads)
            found = [p for nodes in reads for p in nodes]
        costs = [_crosses(seen, p, node) for p in found]
        return found, np.array(costs, dtype=np.int64)[:, None] if any(costs) else 0

    return edges


def _crosses(seen: Unrolled, source: Node, target: Node) -> bool:
    """Whether a value leaves its position; one without a position is at hand everywhere."""
    place = seen.place(source)
    return place is not None and place != seen.place(target)


def _limit(graph: Graph, scans: set[str], sizes: Mapping[str, int]) -> None:
    direct = sum(whole(graph[s].count, sizes) * whole(_along(graph[s]), sizes) for s in scans)
    if direct > LIMIT:
        raise TooLargeError(
            f"expected at most {LIMIT:,} direct reads of associative scans, got {direct:,} for "
            f"{graph.name} at {dict(sizes)}; pass smaller sizes"
        )


def _along(equation: Equation) -> Poly:
    assert isinstance(equation.primitive, AssociativeScan)
    return equation.primitive.along.extent


def _least(seen: Unrolled, name: str, edges: Edges) -> Matrix:
    sources, targets = seen.nodes(name), seen.outputs
    block = max(1, min(len(sources), CELLS // max(len(seen.order), 1)))
    blocks = [_block(seen, sources[k : k + block], edges) for k in range(0, len(sources), block)]
    return np.concatenate(blocks).reshape(len(sources), len(targets))


def _block(seen: Unrolled, sources: list[Node], edges: Edges) -> Matrix:
    """Distances from a few sources; a row is dropped once everything that reads it is done."""
    width, starts = len(sources), {node: k for k, node in enumerate(sources)}
    rows: dict[Node, NDArray[np.int64]] = {}
    for node in seen.order:
        before, cost = edges(node)
        known = [p in rows for p in before]
        reached = [rows[p] for p, yes in zip(before, known, strict=True) if yes]
        if reached:
            if isinstance(cost, int):
                rows[node] = np.minimum(_minimum(reached) + cost, FAR)
            else:
                rows[node] = np.minimum((np.stack(reached) + cost[known]).min(axis=0), FAR)
        if node in starts:
            rows[node] = np.full(width, FAR)
            rows[node][starts[node]] = cost if isinstance(cost, int) else 0
    nowhere = np.full(width, FAR)
    found = np.stack([rows.get(t, nowhere) for t in seen.outputs], axis=1)
    return np.where(found >= FAR, UNREACHABLE, found)


def _minimum(rows: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    if len(rows) == 1:
        return rows[0]
    least: NDArray[np.int64] = np.stack(rows).min(axis=0)
    return least


def path_length(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    """Return the longest of the shortest ways between connected positions; None if none are."""
    return _longest(matrices(graph, setting, sizes))


def mixing_hops(graph: Graph, sizes: Mapping[str, int]) -> int | None:
    """Return the largest number of crossings that a connected pair of positions needs."""
    return _longest(hops(graph, sizes))


def _longest(found: Mapping[str, Matrix]) -> int | None:
    longest = max((int(m.max()) for m in found.values() if m.size), default=UNREACHABLE)
    return None if longest == UNREACHABLE else longest


def mean_path_length(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Fraction | None:
    """Return the mean of the shortest ways over all connected pairs of positions."""
    found = [m[m != UNREACHABLE] for m in matrices(graph, setting, sizes).values()]
    count = sum(m.size for m in found)
    return Fraction(sum(int(m.sum()) for m in found), count) if count else None


def path_by_distance(
    graph: Graph, setting: Setting, sizes: Mapping[str, int]
) -> dict[int, tuple[int, int]]:
    """Return the least and the largest path length of the pairs with i - j = distance.

    Only inputs over the output's own sequence have such a distance.
    """
    seen = unrolled(graph, sizes)
    places = [seen.place(node) for node in seen.outputs]
    found: dict[int, tuple[int, int]] = {}
    for name, matrix in matrices(graph, setting, sizes).items():
        axis = graph[name].sequence
        for j, i in np.argwhere(matrix != UNREACHABLE).tolist():
            place = places[i]
            if place is None or axis is None or place[0] != axis.name:
                continue
            d, gap = int(matrix[j, i]), place[1] - j
            low, high = found.get(gap, (d, d))
            found[gap] = (min(low, d), max(high, d))
    return dict(sorted(found.items()))


def reach(graph: Graph, sizes: Mapping[str, int]) -> dict[str, list[int]]:
    """Return for each input and output position the set of input positions, as bits of a number."""
    seen = unrolled(graph, sizes)
    return {name: reached_by(seen, name, seen.outputs) for name in graph.inputs}


def reached_by(seen: Unrolled, name: str, targets: list[Node]) -> list[int]:
    """Return for each target the positions of one input that reach it, as bits of a number."""
    starts = {node: 1 << k for k, node in enumerate(seen.nodes(name))}
    bits: dict[Node, int] = {}
    for node in seen.order:
        found = starts.get(node, 0)
        for p in seen.digraph.pred[node]:
            found |= bits[p]
        bits[node] = found
    return [bits[t] for t in targets]


def receptive_field(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Return the largest number of positions of one input that an output position depends on."""
    found = reach(graph, sizes).values()
    return max((bits.bit_count() for column in found for bits in column), default=0)
