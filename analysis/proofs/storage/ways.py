"""Ways: through which views an operation reads the arrays that hold values, and how far back.

Views hold nothing: who reads one reads what it shows. Parameters and constants are left out, since
they are there anyway.

>>> from ....graphs.models import CATALOGUE
>>> from ....graphs.tracing import trace
>>> graph = trace(CATALOGUE["rnn"])
>>> for path in reads(graph, graph["layers.0.einsum_2"]):
...     print(path.base, {axis: str(found.distance) for axis, found in ways(graph, path).items()})
layers.0.tanh {'n': '1'}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.primitives import Concatenate, Constant, Final, Parameter, Shift
from ....graphs.primitives.base import View
from ....graphs.primitives.views import Source
from ....graphs.relations import Relation
from ....graphs.sizes import Poly
from ..errors import ProofError


@dataclass(frozen=True, slots=True)
class Hop:
    """One read on the way: who reads, and what."""

    reader: str
    read: Read


@dataclass(frozen=True, slots=True)
class Path:
    """The reads from an operation through views to an array that holds values."""

    hops: tuple[Hop, ...]
    """The operation's own read first."""

    @property
    def base(self) -> str:
        """The array that holds values."""
        return self.hops[-1].read.source

    @property
    def views(self) -> tuple[str, ...]:
        """The views that are passed, the one that the operation reads first."""
        return tuple(hop.reader for hop in self.hops[1:])


@dataclass(frozen=True, slots=True)
class Way:
    """Where along one axis those positions stand that one position reads."""

    kind: str
    """shift (one position, some distance back), end (one, some distance before the last or the
    first of all), or many."""
    distance: Poly = Poly({})  # noqa: RUF009 - a cost never changes
    """How far back from the position, or how far back from the end; negative: ahead."""
    end: str = ""
    """last or head, for an end."""
    relation: Relation | None = None
    """For many: the relation, if the positions are those that it reads from the position itself."""


MANY = Way("many")


def holds_values(equation: Equation) -> bool:
    """Whether an equation is an array of its own, neither a view nor there anyway."""
    if isinstance(equation.primitive, Parameter | Constant):
        return False
    return not isinstance(equation.primitive, View) or isinstance(equation.primitive, Source)


def computes(equation: Equation) -> bool:
    """Whether an equation is an operation: no view, and nothing that is given."""
    return not isinstance(equation.primitive, View)


def reads(graph: Graph, reader: Equation) -> tuple[Path, ...]:
    """Return all ways in which an equation reads arrays that hold values."""
    key = ("reads", reader.name)
    if key not in graph.memory:
        graph.memory[key] = tuple(p for read in reader.reads for p in along(graph, reader, read))
    found: tuple[Path, ...] = graph.memory[key]
    return found


def along(graph: Graph, reader: Equation, read: Read, *, exact: bool = False) -> Iterator[Path]:
    """Yield the ways that start with one read of an equation.

    Parameters
    ----------
    exact
        Whether all that is read matters, and not only when: then parameters are among the arrays
        (constants never are), and a cycle of views must not move values along another axis.

    Raises
    ------
    ProofError
        Where views put values side by side again and again, so that they stay for several steps,
        or, if ``exact``, move them farther in every step.
    """
    yield from _followed(graph, (Hop(reader.name, read),), exact)


def _followed(graph: Graph, hops: tuple[Hop, ...], exact: bool) -> Iterator[Path]:
    view = graph[hops[-1].read.source]
    if isinstance(view.primitive, Constant) or (
        isinstance(view.primitive, Parameter) and not exact
    ):
        return
    if holds_values(view) or isinstance(view.primitive, Parameter):
        yield Path(hops)
        return
    passed = [hop.reader for hop in hops[1:]]
    if view.name in passed:
        # A cycle of views brings nothing but what its shifts start from, which is read elsewhere.
        cycle = passed[passed.index(view.name) :]
        if any(isinstance(graph[name].primitive, Concatenate) for name in cycle):
            raise ProofError(f"{view.name}: how long values stay in a cycle of views has no rule")
        moved = {hop.read.axis for hop in hops[1 + passed.index(view.name) :]} - {None}
        if exact and len(moved) > 1:
            raise ProofError(f"{view.name}: how far a cycle of views moves values has no rule")
        return
    for read in view.reads:
        if not (read.boundary and isinstance(view.primitive, Final)):  # no axis is empty
            yield from _followed(graph, (*hops, Hop(view.name, read)), exact)


def ways(graph: Graph, path: Path) -> dict[str, Way]:
    """Return, for each position axis of the base, where those positions stand that are read."""
    first = graph[path.hops[0].reader]
    found = {axis.name: Way("shift") for axis in first.positions}
    for hop in path.hops:
        reader, source = graph[hop.reader], graph[hop.read.source]
        found = {a.name: _hopped(graph, reader, hop.read, a, found) for a in source.positions}
    return found


def _hopped(
    graph: Graph, reader: Equation, read: Read, axis: Axis, before: Mapping[str, Way]
) -> Way:
    """Return where positions along one axis of the source stand, seen from the first reader."""
    if axis.name != read.axis:
        return before.get(axis.name, MANY)
    relation = read.relation
    if relation.kind in {"last", "head"}:
        return Way("end", end=relation.kind)
    own = axis.name if reader.has(axis.name) else reader.sequence and reader.sequence.name
    here = before.get(own or "", MANY)
    distance = distance_of(relation)
    if distance is None or own != axis.name:
        known = here == Way("shift") or relation == Relation.all()
        return Way("many", relation=relation) if known else MANY
    if here.kind == "many" or (distance != 0 and not starts_alike(graph, reader)):
        return MANY
    return Way(here.kind, here.distance + distance, here.end)


def distance_of(relation: Relation) -> Poly | None:
    """Return how far back a relation reads, if it reads one position."""
    return relation.back if relation.kind == "within" else relation.distance


def starts_alike(graph: Graph, reader: Equation) -> bool:
    """Whether a reader is a shift that starts from the same values wherever it starts."""
    if not isinstance(reader.primitive, Shift):
        return False
    starts = [graph[r.source] for r in reader.reads if r.boundary]
    return not any(start.has(reader.primitive.axis) for start in starts)


def begins(graph: Graph, path: Path) -> list[Equation]:
    """Return the shifts whose initial values are read on the way, the nearest to the base last."""
    return [graph[hop.reader] for hop in path.hops if hop.read.boundary]
