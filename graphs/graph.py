"""The graph: equations over domains, and which positions they read.

A model is a system of recurrence equations. A node is an equation, an edge says *reads*, and the
edge's relation says which positions. Karp, Miller and Winograd 1967, *The organization of
computations for uniform recurrence equations*.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import networkx as nx

from .relations import Relation
from .sizes import Poly, poly

if TYPE_CHECKING:
    from .primitives import Primitive


class GraphError(ValueError):
    """A graph that cannot be computed; the message names the equations."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a domain."""

    name: str
    """Its label; the position along it is the size symbol ``name_``."""
    extent: Poly
    """How many indices it has."""
    kind: str = "feature"
    """sequence, layer (both are position axes), feature, or slot (one index for each position
    that a relation reads)."""
    relation: Relation | None = None
    """For a slot axis: the relation whose positions it ranges over."""
    along: str | None = None
    """For a slot axis: the position axis that it reads along."""
    within: Axis | None = None
    """For a slot axis whose relation starts from a position that was itself read: the slot axis
    that this position stands in."""

    @property
    def is_position(self) -> bool:
        """Whether it indexes positions, not components."""
        return self.kind in {"sequence", "layer"}

    @property
    def position(self) -> str:
        """The symbol of a position along this axis, from 0 to extent - 1."""
        return f"{self.name}_"

    def __str__(self) -> str:
        return self.name if str(self.extent) == self.name else f"{self.name}={self.extent}"


@dataclass(frozen=True, slots=True)
class Read:
    """An edge: the source and, along one position axis, the positions that are read."""

    source: str
    relation: Relation = field(default_factory=Relation.same)
    axis: str | None = None
    """The source's position axis that the relation is about; all other axes are read in place."""
    boundary: bool = False
    """Read only where the other read has no position to read (the start of a recurrence)."""


@dataclass(frozen=True)
class Equation:
    """One array: its domain and how it is computed from others."""

    name: str
    primitive: Primitive
    reads: tuple[Read, ...]
    domain: tuple[Axis, ...]
    """Position axes first, then feature and slot axes."""
    layer: str = ""
    """The layer that it belongs to."""
    phase: str = "forward"
    """forward, backward, or again (computed a second time, for the backward pass)."""
    kept: bool | Poly = True
    """Whether the backward pass may have the values kept; if not, it computes them again. For a
    shift a number c: it has them at every c-th position, from which it computes the others."""

    @functools.cached_property
    def positions(self) -> tuple[Axis, ...]:
        """The position axes, layers before the sequence."""
        return tuple(a for a in self.domain if a.is_position)

    @functools.cached_property
    def features(self) -> tuple[Axis, ...]:
        """The feature and slot axes."""
        return tuple(a for a in self.domain if not a.is_position)

    @functools.cached_property
    def sequence(self) -> Axis | None:
        """The sequence axis, if there is one."""
        return next((a for a in self.domain if a.kind == "sequence"), None)

    @functools.cached_property
    def scalars(self) -> Poly:
        """How many scalars one position holds."""
        return product(a.extent for a in self.features)

    @functools.cached_property
    def count(self) -> Poly:
        """How many positions there are."""
        return product(a.extent for a in self.positions)

    def has(self, axis: str) -> bool:
        """Whether the axis is one of the position axes."""
        return any(a.name == axis for a in self.positions)


WHOLE = frozenset({"associative_scan", "long_convolution"})
"""Primitives over a whole sequence that can be written for one position after another."""


def product(costs: Any) -> Poly:
    """Return the product of costs; 1 for none."""
    return functools.reduce(lambda a, b: a * b, costs, poly(1))


@dataclass(frozen=True)
class Graph:
    """A model as a reduced dependence graph.

    Notes
    -----
    ``graph.reduced`` is the ``networkx.MultiDiGraph``; an edge runs from the source to the
    equation that reads it.
    """

    name: str
    equations: Mapping[str, Equation]
    """By name, in an order in which they were written."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: Mapping[str, int]
    """Values for sizes when a user gives none."""
    source: Callable[..., Graph] | None = field(default=None, compare=False, repr=False)
    """Traces the model again: ``source(loop=True)`` writes associative scans as loops,
    ``source(stacked="L")`` stacks it, and other keywords bind sizes."""
    model: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    """The function that was traced."""
    bound: Mapping[str, Poly] = field(default_factory=dict, compare=False, repr=False)
    """What the sizes of that function stand for here: symbols or numbers."""
    doc: str = ""
    stackable: bool = False
    """Whether the output can be an input again, so that layers of it can be stacked."""

    @functools.cached_property
    def reduced(self) -> Any:
        """The reduced dependence graph, a ``networkx.MultiDiGraph``."""
        graph = nx.MultiDiGraph(name=self.name)
        for equation in self.equations.values():
            graph.add_node(equation.name, equation=equation)
        for equation in self.equations.values():
            for read in equation.reads:
                graph.add_edge(
                    read.source,
                    equation.name,
                    relation=read.relation,
                    axis=read.axis,
                    boundary=read.boundary,
                )
        return graph

    @functools.cached_property
    def memory(self) -> dict[Any, Any]:
        """What was found out about this graph, for whoever asks again."""
        return {}

    @functools.cached_property
    def looped(self) -> Graph:
        """The same model position by position: scans as loops, convolutions of whole sequences too."""
        if not any(e.primitive.name in WHOLE for e in self.equations.values()):
            return self
        if self.source is None:
            raise GraphError(f"expected a traced model to write {self.name} as a loop")
        return self.source(loop=True)

    def __getitem__(self, name: str) -> Equation:
        return self.equations[name]

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations.values())

    def __len__(self) -> int:
        return len(self.equations)

    def of(self, primitive: str) -> tuple[Equation, ...]:
        """All equations of one primitive, such as ``parameter``."""
        return tuple(e for e in self if e.primitive.name == primitive)

    @functools.cached_property
    def free_sizes(self) -> tuple[str, ...]:
        """The sizes that the graph is symbolic in, sorted."""
        names: set[str] = set()
        for equation in self:
            for axis in equation.domain:
                names.update(axis.extent.sizes)
            for read in equation.reads:
                for r in (read.relation, *read.relation.parts):
                    for bound in (r.back, r.ahead, r.step, r.size):
                        names.update(() if bound is None else bound.sizes)
        return tuple(sorted(n for n in names if not n.endswith("_")))

    @functools.cached_property
    def axes(self) -> Mapping[str, Axis]:
        """All position axes by name."""
        return {a.name: a for e in self for a in e.positions}
