"""Random patterns of attention as graphs: are they connected, and how long are their paths?

>>> few = RandomGraphs(kind="independent", degree=4, sizes=(64, 256, 1024), samples=8)
>>> found = taken(few)
>>> found.connected[-1], found.isolated[-1] > 0
(0.0, True)

References: Erdős and Rényi 1960, *On the evolution of random graphs*; Fenner and Frieze 1982, *On
the connectivity of random m-orientable graphs and digraphs*.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import msgspec
import networkx as nx
import numpy as np

KINDS = ("independent", "chosen", "chosen and one global")
"""Every edge for itself with probability degree/n; ``degree`` others chosen by every node; and with
one node that is joined to all others."""
MOST_EDGES = 400_000
MOST_PAIRS = 10**9
SOURCES = 8
"""Nodes of each sample from which shortest paths are taken."""


class RandomGraphs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which graphs are drawn, and how often."""

    kind: str = "independent"
    degree: int = 4
    sizes: tuple[int, ...] = (64, 256, 1024)
    samples: int = 32
    seed: int = 0
    tolerance: float = 0.05
    """How far the share of graphs may be from none or all at the largest size."""

    def __post_init__(self) -> None:
        """Refuse what does not exist or takes hours."""
        if self.kind not in KINDS:
            raise ValueError(
                f"expected kind to be one of {', '.join(KINDS)}, got {self.kind[:80]!r}"
            )
        if not 1 <= self.degree <= 64 or not 2 <= self.samples <= 1000 or self.seed < 0:
            raise ValueError(
                "expected degree from 1 to 64, samples from 2 to 1000 and seed >= 0, got "
                f"degree={self.degree}, samples={self.samples}, seed={self.seed}"
            )
        if len(self.sizes) < 2 or list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError(f"expected two or more growing sizes, got {list(self.sizes)[:20]}")
        if self.sizes[0] <= self.degree or self.sizes[-1] * self.degree > MOST_EDGES:
            raise ValueError(
                f"expected sizes above degree={self.degree} with at most {MOST_EDGES:,} edges, "
                f"got {list(self.sizes)[:20]}"
            )
        if self.samples * self.sizes[-1] ** 2 > MOST_PAIRS:
            raise ValueError(
                f"expected samples times the square of the largest size up to {MOST_PAIRS:,}, "
                f"got samples={self.samples}, sizes={list(self.sizes)[:20]}"
            )
        if not 0 < self.tolerance < 0.5:
            raise ValueError(f"expected tolerance between 0 and 0.5, got {self.tolerance}")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the samples of each size showed."""

    connected: tuple[float, ...]
    """Share of graphs that are connected."""
    isolated: tuple[float, ...]
    """Mean number of nodes without an edge."""
    largest: tuple[float, ...]
    """Mean share of nodes in the largest component."""
    paths: tuple[float, ...]
    """Mean length of a shortest path in the largest component."""
    diameters: tuple[int, ...]
    """The largest distance that was seen there, from the sources that were tried."""


@functools.lru_cache(maxsize=16)
def taken(what: RandomGraphs) -> Drawn:
    """Draw graphs of every size and look at them."""
    rows = [
        [
            look(drawn(what, n, np.random.default_rng([what.seed, n, k])))
            for k in range(what.samples)
        ]
        for n in what.sizes
    ]

    def mean(column: int) -> tuple[float, ...]:
        return tuple(float(np.mean([found[column] for found in row])) for row in rows)

    far = tuple(int(max(found[4] for found in row)) for row in rows)
    return Drawn(mean(0), mean(1), mean(2), mean(3), far)


def drawn(what: RandomGraphs, n: int, random: np.random.Generator) -> nx.Graph:
    """Draw one graph of n nodes."""
    graph = nx.empty_graph(n)
    if what.kind == "independent":
        pairs = np.argwhere(np.triu(random.random((n, n)) < what.degree / n, k=1))
        graph.add_edges_from(map(tuple, pairs.tolist()))
        return graph
    for node in range(n):
        chosen = random.choice(n - 1, size=what.degree, replace=False)
        graph.add_edges_from((node, int(c) + (c >= node)) for c in chosen)
    if what.kind.endswith("global"):
        graph.add_edges_from((0, node) for node in range(1, n))
    return graph


def look(graph: nx.Graph) -> tuple[float, float, float, float, int]:
    """Return whether it is connected, isolated nodes, largest share, mean path, largest distance."""
    nodes = graph.number_of_nodes()
    largest = max(nx.connected_components(graph), key=len)
    isolated = sum(degree == 0 for _, degree in graph.degree)
    lengths = [
        d
        for source in sorted(largest)[:SOURCES]
        for d in nx.single_source_shortest_path_length(graph, source).values()
        if d
    ]
    mean = float(np.mean(lengths)) if lengths else 0.0
    return (
        float(len(largest) == nodes),
        isolated,
        len(largest) / nodes,
        mean,
        max(lengths, default=0),
    )
