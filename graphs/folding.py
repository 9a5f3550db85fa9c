"""Folding: layers that are written out become one layer, over an axis whose length is a size.

Layers are recognised by their structure alone, whoever wrote them down. Whether a folded graph is
the one that it was folded from is for ``analysis.proofs.folding`` to check; nothing here needs to
be believed.

>>> from .models import CATALOGUE
>>> from .tracing import trace
>>> graph = trace(CATALOGUE["encoder"], L=12)
>>> folding = fold(graph)
>>> folding.axis, folding.depth, len(graph), len(folding.graph)
('K', 12, 793, 69)
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .graph import Axis, Equation, Graph, Read
from .layering import Layers, Listing, layered
from .primitives import Final, Shift
from .relations import Relation
from .sizes import size

FEWEST = 6
"""Layers from which on folding is worth it: a symbolic depth takes as long as about four layers."""


@dataclass(frozen=True, slots=True)
class Folding:
    """A graph in which one layer, over an axis, stands for layers that were written out."""

    graph: Graph
    """The equations outside of the layers, and those of one layer, which have the axis and the
    names of the first layer. What is carried from layer to layer is a shift along the axis; what is
    read of the last layer keeps its name."""
    axis: str
    """The layer axis; its length is the size of the same name."""
    depth: int
    """How many layers were written out: the value of that size."""
    layers: Mapping[str, tuple[str, ...]]
    """For each equation of the one layer those that it stands for, from the first layer on."""


def fold(graph: Graph, *, fewest: int = FEWEST) -> Folding | None:
    """Fold the layers of a graph that save most, if there are at least ``fewest``; else None."""
    found = []
    for order in (list, _late):
        listing = Listing.of(graph, order(graph))
        layers = layered(listing, fewest)
        if layers is not None:
            found.append((listing, layers))
        if layers is not None and 2 * layers.saved > len(graph):
            break
    if not found:
        return None
    return _Folder(graph, *max(found, key=lambda f: f[1].saved)).fold()


def _late(graph: Graph) -> list[Equation]:
    """Move weights, constants and the starts of recurrences to where they are first read.

    Who writes the weights of all layers before the layers, or steps through layers inside one step
    along the sequence, has them all in front.
    """
    written = {name: k for k, name in enumerate(graph.equations)}
    seen: set[str] = set()
    order: list[Equation] = []

    def given(equation: Equation) -> bool:
        return not equation.reads or any(
            written[r.source] > written[equation.name] for r in equation.reads
        )

    def put(equation: Equation) -> None:
        seen.add(equation.name)
        for read in equation.reads:
            if read.source not in seen and given(graph[read.source]):
                put(graph[read.source])
        order.append(equation)

    for equation in graph:
        if equation.name not in seen and (equation.name in graph.inputs or not given(equation)):
            put(equation)
    return [*order, *(e for e in graph if e.name not in seen)]


@dataclass
class _Folder:
    """Writes the folded graph."""

    graph: Graph
    listing: Listing
    layers: Layers
    carries: dict[tuple[int, int], Equation] = field(default_factory=dict)
    """By the equation that is carried and by what the first layer reads in its place."""
    finals: dict[int, Equation] = field(default_factory=dict)
    """By equation of the last layer: what is read of it from outside."""

    @functools.cached_property
    def axis(self) -> Axis:
        """A layer axis of a name that is not taken."""
        name = _free("K", {*self.graph.axes, *self.graph.free_sizes})
        return Axis(name, size(name), "layer")

    def fold(self) -> Folding:
        """Write one layer, with what it carries, and what is outside."""
        layers, equations = self.layers, self.listing.equations
        first = equations[layers.start : layers.start + layers.period]
        one = [self._in_layer(e, k) for k, e in enumerate(first, start=layers.start)]
        before = [self._outside(k) for k in range(layers.start)]
        after = [self._outside(k) for k in range(layers.stop, len(equations))]
        for k in self.listing.outputs:
            self._seen_from_outside(k)
        written = (*before, *self.carries.values(), *one, *self.finals.values(), *after)
        folded = replace(
            self.graph,
            equations={e.name: e for e in written},
            sizes={**self.graph.sizes, self.axis.name: layers.depth},
            source=None if self.graph.source is None else self._again,
        )
        stands = {
            e.name: tuple(x.name for x in equations[k : layers.stop : layers.period])
            for k, e in enumerate(first, start=layers.start)
        }
        return Folding(folded, self.axis.name, layers.depth, stands)

    def _again(self, **changes: Any) -> Graph:
        """Trace the model again, and fold as many layers if they are still there."""
        assert self.graph.source is not None
        graph = self.graph.source(**changes)
        found = fold(graph, fewest=self.layers.depth)
        if found is None or (found.axis, found.depth) != (self.axis.name, self.layers.depth):
            return graph
        return found.graph

    def _outside(self, k: int) -> Equation:
        """Return an equation that is in no layer."""
        equation = self.listing.equations[k]
        sources = map(self._seen_from_outside, self.listing.sources[k])
        return replace(equation, reads=_rewired(equation, sources))

    def _in_layer(self, equation: Equation, k: int) -> Equation:
        """Return an equation of the first layer for all layers, reading as in the second one."""
        then, now = (self.listing.sources[k + p] for p in (0, self.layers.period))
        reads = _rewired(equation, map(self._seen_from_inside, then, now))
        return replace(equation, reads=reads, domain=self._with_axis(equation))

    def _seen_from_outside(self, source: int) -> str:
        """Name a source; of a layer, it is the last one, and what is read of it keeps its name."""
        if source in self.layers.inside and source not in self.finals:
            one = self._first(source).name
            _, boundary = next(c.reads for c in self.carries.values() if c.reads[0].source == one)
            self.finals[source] = replace(
                self.listing.equations[source],
                primitive=Final(self.axis.name),
                reads=(Read(one, Relation.last(), self.axis.name), boundary),
            )
        return self.listing.equations[source].name

    def _seen_from_inside(self, then: int, now: int) -> str:
        """Name what the second layer reads at ``now``, and the first one at ``then``."""
        layers = self.layers
        if now not in layers.inside:
            return self.listing.equations[now].name
        if now >= layers.start + layers.period:
            return self._first(now).name
        if (now, then) not in self.carries:
            source, init = (self.listing.equations[place].name for place in (now, then))
            taken = {*self.graph.equations, *(e.name for e in self.carries.values())}
            self.carries[now, then] = replace(
                self.listing.equations[now],
                name=_free(f"{source}.previous", taken),
                primitive=Shift(self.axis.name, False),
                reads=(
                    Read(source, Relation.shift(1), self.axis.name),
                    Read(init, boundary=True),
                ),
                domain=self._with_axis(self.listing.equations[now]),
            )
        return self.carries[now, then].name

    def _first(self, place: int) -> Equation:
        """Return the equation of the first layer that stands for one of any layer."""
        return self.listing.equations[
            self.layers.start + (place - self.layers.start) % self.layers.period
        ]

    def _with_axis(self, equation: Equation) -> tuple[Axis, ...]:
        """Return a domain with the axis, which is the innermost of the layers."""
        outer = sum(a.kind == "layer" for a in equation.positions)
        return (*equation.domain[:outer], self.axis, *equation.domain[outer:])


def _free(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken."""
    numbered = (f"{name}{k}" for k in itertools.count(2))
    return next(n for n in itertools.chain((name,), numbered) if n not in taken)


def _rewired(equation: Equation, sources: Iterable[str]) -> tuple[Read, ...]:
    """Return the reads of an equation with other sources."""
    return tuple(
        replace(read, source=source) for read, source in zip(equation.reads, sources, strict=True)
    )
