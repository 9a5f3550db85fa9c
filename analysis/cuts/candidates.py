"""Candidates for the least cut: minimum cuts of the reduced graph at concrete sizes.

A node is an equation, twice if it is in layers: in the first one and in all later ones. What is
needed of an equation depends on what else is cut. So some of what is kept is taken as cut first,
then the rest is cut at the least cost with the needs that are left: around a cycle these are all
positions if the cycle is not cut, and few if it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx

from ...graphs.graph import Equation, Graph, Read
from ...graphs.primitives import Final
from ...graphs.schedule import loop_axes
from ..causality import on_inputs
from ..proofs.storage.state import frontier, sequence
from .needs import Cell, Cut, cells_of, closed, down, from_below, needs, price

MOST = 3
"""Recurrences of which every subset is tried."""


class Cutting:
    """Seeks cuts of one graph; what does not depend on sizes is found once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.kept = _whole(graph, frontier(graph))
        self.guesses = list(_first_guesses(graph))
        self.needs = {guess: needs(graph, guess) for guess in self.guesses}
        self.kept_needs = needs(graph, Cut(self.kept))

    def trivial(self) -> list[Cut]:
        """Return two cuts that are there anyway: all that is read later, and the inputs."""
        inputs = _whole(self.graph, self.graph.inputs)
        return [Cut(self.kept), *([Cut(inputs)] if self.kept else [])]

    def cuts(self, at: Mapping[str, int]) -> Iterator[Cut]:
        """Yield cuts that are cheap at these sizes."""
        for guess in self.guesses:
            cut = self._minimum(guess, at)
            if closed(self.graph, cut):
                yield cut

    def _minimum(self, guess: Cut, at: Mapping[str, int]) -> Cut:
        """Cut the reduced graph at what each cell costs, but what is taken is cut anyway.

        That costs only what is needed of it beyond what is kept.
        """
        needed = self.needs[guess]
        known: dict[Any, Any] = {}
        capacity: dict[Cell, Any] = {}
        for (name, part), need in needed.items():
            equation = self.graph[name]
            alike = (part, need, equation.scalars, equation.positions)
            if alike not in known:
                known[alike] = price(self.graph, (name, part), need, at)
            capacity[name, part] = known[alike]
        for cell in guess.whole & capacity.keys() & self.kept_needs.keys():
            capacity[cell] -= price(self.graph, cell, self.kept_needs[cell], at)
        origin = self._origins(capacity, guess, at)
        network: nx.DiGraph[Any] = nx.DiGraph()
        network.add_nodes_from(("inputs", "later"))
        inputs = set(_whole(self.graph, self.graph.inputs))
        for cell in (c for c in capacity if origin[c] == c):
            sources = [s for s in _sources(self.graph, cell, at) if s in origin]
            if cell in guess.oldest:
                network.add_edges_from(((origin[s], "after"), "later") for s in sources)
                continue
            network.add_edge((cell, "before"), (cell, "after"), capacity=capacity[cell])
            if cell in guess.whole or cell in inputs:
                network.add_edge("inputs", (cell, "before"))
                continue
            network.add_edges_from(((origin[s], "after"), (cell, "before")) for s in sources)
        for cell in self.kept & origin.keys() - guess.cells:
            network.add_edge((origin[cell], "after"), "later")
        _, (reached, _) = nx.minimum_cut(network, "inputs", "later")
        cut = {c for c in capacity if (c, "before") in reached and (c, "after") not in reached}
        return Cut(frozenset(cut) | guess.whole, guess.oldest)

    def _origins(
        self, capacity: Mapping[Cell, Any], guess: Cut, at: Mapping[str, int]
    ) -> dict[Cell, Cell]:
        """Return, for each cell, one that determines it and costs no more to cut; often itself."""
        origin: dict[Cell, Cell] = {}
        for cell in (c for e in self.graph for c in cells_of(self.graph, e.name) if c in capacity):
            found: set[Cell] = set()
            if cell not in guess.cells:
                found = {origin.get(s, s) for s in _sources(self.graph, cell, at)}
            first = min(found, default=cell)
            alone = len(found) == 1 and first in capacity and first not in guess.oldest
            origin[cell] = first if alone and capacity[first] <= capacity[cell] else cell
        return origin


def _whole(graph: Graph, names: Any) -> frozenset[Cell]:
    return frozenset(cell for name in names for cell in cells_of(graph, name))


def _first_guesses(graph: Graph) -> Iterator[Cut]:
    """Yield parts of what is kept: some of the recurrences, or all from some equation on."""
    kept, loops = list(frontier(graph)), loop_axes(graph)
    along = sequence(graph).name
    recurring: dict[str, set[str]] = {}
    for name in kept:
        if along in loops[name]:
            recurring.setdefault(graph[name].layer, set()).add(name)
    groups = [_whole(graph, names) for names in recurring.values()]
    chosen: list[tuple[frozenset[Cell], ...]] = [(), tuple(groups)]
    if len(groups) <= MOST:  # there are 2**len(groups) subsets
        sizes = range(len(groups) + 1)
        chosen = [c for k in sizes for c in itertools.combinations(groups, k)]
    guesses = [frozenset[Cell]().union(*c) for c in chosen]
    yield from (Cut(cells) for cells in dict.fromkeys(guesses))
    yield from (Cut(frozenset(), cells) for cells in dict.fromkeys(guesses) if cells)
    if len(kept) <= 4 * MOST:
        rest = (_whole(graph, kept[k:]) for k in range(1, len(kept)))
        yield from (Cut(cells) for cells in rest if cells not in guesses)


def _sources(graph: Graph, cell: Cell, at: Mapping[str, int]) -> Iterator[Cell]:
    """Yield the cells that a cell is computed from."""
    (name, part), dependent = cell, on_inputs(graph)
    for read in graph[name].reads:
        if read.source not in dependent:
            continue
        for source in cells_of(graph, read.source):
            if _reads(graph, read, part, source[1], graph[name], at):
                yield source


def _reads(
    graph: Graph, read: Read, part: str, source: str, reader: Equation, at: Mapping[str, int]
) -> bool:
    """Whether a part of the reader's layers reads a part of the source's."""
    if isinstance(reader.primitive, Final):
        axis = graph.axes.get(reader.primitive.axis)
        one = axis is not None and axis.extent.evaluate(**at) == 1
        return not read.boundary and source in {"", "first" if one else "later"}
    if from_below(graph, reader, read):
        return part != "later"
    if "" in {part, source}:
        return True
    return part == "later" if down(graph, read) else part == source
