"""Looks: which positions and components of arrays one run of an operation reads, through views.

>>> from ....graphs.models import CATALOGUE
>>> from ....graphs.tracing import trace
>>> graph = trace(CATALOGUE["rnn"])
>>> for look in looks(graph, graph["layers.0.einsum_2"]):
...     print(look.base, look.window, [(axis, str(back)) for axis, back in look.steps])
layers.0.tanh ((1, None),) [('n', '1')]
layers.0.hh.weight ((0, None),) []
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ....graphs.graph import Axis, Equation, Graph
from ....graphs.primitives import Lookup, Place, Shift, Turn, Unsort
from ....graphs.relations import Relation
from ....graphs.sizes import Poly, at_least, maximum, minimum, poly
from ..errors import ProofError
from .activations import Need, holds
from .parts import Cut, components, cuts, disjoint
from .ranges import BLOCKS, Range, beyond, parted
from .timetable import Loop, timetable
from .ways import Hop, Path, along, distance_of


@dataclass(frozen=True, slots=True)
class Look:
    """What is read of one array in one iteration of the loops around an operation."""

    base: str
    ranges: Mapping[str, Range]
    """By position axis. Along the axis of a loop, one position stands for any."""
    steps: tuple[tuple[str, int], ...] = ()
    """By axis of a loop: how many steps before the current one; negative: after it."""
    cut: Cut | None = None
    """Which part of it; None for all of it."""
    window: tuple[tuple[int, int | None], ...] = ()
    """For each loop, the iterations in which it takes place, as in a slice: from one to before
    another; negative numbers count from the end, and None is the end."""


def looks(graph: Graph, equation: Equation) -> tuple[Look, ...]:
    """Return all that one run of an operation reads.

    Raises
    ------
    ProofError
        If how much that is has no rule; the message names the equation.
    """
    key = ("looks", equation.name)
    if key not in graph.memory:
        found: list[Look] = []
        for read in equation.reads:
            for path in along(graph, equation, read, exact=True):
                look = _Walk(graph, path).look()
                if look is not None and look not in found:
                    found.append(look)
        graph.memory[key] = tuple(found)
    known: tuple[Look, ...] = graph.memory[key]
    return known


def covers(outer: Look, inner: Look) -> bool:
    """Whether one look sees all that another one sees, where both take place."""
    if (outer.base, outer.steps) != (inner.base, inner.steps):
        return False
    chain, own = cuts(outer.cut), cuts(inner.cut)
    if own[: len(chain)] != chain:
        return False
    return holds(Need(outer.base, outer.ranges), Need(inner.base, inner.ranges))


def apart(one: Look, other: Look) -> bool:
    """Whether two looks at an array certainly have nothing in common."""
    if one.steps != other.steps and dict(one.steps).keys() == dict(other.steps).keys():
        return True
    return disjoint(one.cut, other.cut)


# --- from the reader to the array -----------------------------------------------------------------

Place_: TypeAlias = "Range | int"
"""Positions along an axis, or how many steps before the current one of a loop."""


class _Walk:
    """One path from an operation to an array."""

    def __init__(self, graph: Graph, path: Path) -> None:
        self.graph, self.path = graph, path
        table = timetable(graph)
        first = graph[path.hops[0].reader]
        self.loops: dict[str, Loop] = {
            table.loops[own].axis: table.loops[own] for own in table.inside[first.name]
        }
        self.here: dict[str, Place_] = {
            a.name: 0 if a.name in self.loops else Range(poly(0), a.extent - 1)
            for a in first.positions
        }
        self.begin = dict.fromkeys(self.loops, 0)
        self.until: dict[str, int | None] = dict.fromkeys(self.loops)
        self.never = False

    def look(self) -> Look | None:
        """Follow the path; None if it leads to nothing that is read."""
        hops = self.path.hops
        for k, hop in enumerate(hops):
            reader = self.graph[hop.reader]
            if isinstance(reader.primitive, Lookup) and hop.read == reader.reads[1]:
                return self._found(reader.name, hops[1:k])  # a row for each number
            self._check(reader)
            if hop.read.boundary:
                self._start(reader)
            source = self.graph[hop.read.source]
            self.here = {a.name: self._moved(reader, hop, a) for a in source.positions}
        if self.never:
            return None
        return self._found(self.path.base, hops[1:])

    def _found(self, base: str, views: tuple[Hop, ...]) -> Look | None:
        found = components(self.graph, base, views)
        if found is None:
            return None
        one = Range(poly(0), poly(0))
        return Look(
            base,
            {axis: one if isinstance(p, int) else p for axis, p in self.here.items()},
            tuple((axis, p) for axis, p in self.here.items() if isinstance(p, int)),
            found.cut,
            tuple((self.begin[axis], self.until[axis]) for axis in self.loops),
        )

    def _check(self, view: Equation) -> None:
        """Refuse views that show something else at each position of a loop, or by value."""
        looping = view.sequence is not None and isinstance(self.here[view.sequence.name], int)
        if isinstance(view.primitive, Unsort) or (
            looping and isinstance(view.primitive, Turn | Place)
        ):
            raise ProofError(f"{view.name}: how much of it is read has no rule")

    def _start(self, shift: Equation) -> None:
        """Restrict to where a shift reads its initial value."""
        assert isinstance(shift.primitive, Shift)
        near, axis = shift.reads[0].relation, shift.primitive.axis
        distance, extent = near.distance, self.graph.axes[axis].extent
        if distance is None:
            raise ProofError(f"{shift.name}: how often it starts again has no rule")
        place = self.here.get(axis)
        if isinstance(place, int):
            back = place + self._steps(shift, axis, distance)
            if back > 0:
                self._restrict(axis, until=back)
            elif back < 0:
                self._restrict(axis, begin=back)
            else:
                self.never = True
        elif place is not None and at_least(distance, 0):
            self.here[axis] = Range(place.first, minimum(place.last, distance - 1), place.step)
        elif place is not None:
            self.here[axis] = Range(maximum(place.first, extent + distance), place.last, place.step)

    def _steps(self, reader: Equation, axis: str, distance: Poly) -> int:
        """Return how many steps of a loop a distance is; negative if they are still to come."""
        steps = (-distance if self.loops[axis].reverse else distance).constant
        if steps is None:
            raise ProofError(f"{reader.name}: how many steps back it reads has no rule")
        return int(steps)

    def _restrict(self, axis: str, *, begin: int = 0, until: int | None = None) -> None:
        """Leave out iterations of a loop."""
        self.begin[axis] = max(self.begin[axis], begin, key=in_order)
        self.until[axis] = min(self.until[axis], until, key=in_order)

    def _moved(self, reader: Equation, hop: Hop, axis: Axis) -> Place_:
        """Return the positions of a source, along one axis, that are read."""
        if axis.name != hop.read.axis:
            return self.here[axis.name]
        relation, whole = hop.read.relation, Range(poly(0), axis.extent - 1)
        if relation.kind in {"last", "head"}:
            only = axis.extent - 1 if relation.kind == "last" else poly(0)
            return Range(only, only)
        if relation.kind == "offsets" and relation.back is None and relation.ahead is None:
            return whole
        if relation.kind == "first":
            return Range(poly(0), minimum(relation.size, axis.extent) - 1)
        own = reader.sequence
        every = own is not None and self.here.get(own.name) == Range(poly(0), own.extent - 1)
        if own is not None and every and parted(relation, own, axis):
            return whole
        place = self.here.get(axis.name)
        if place is None:
            raise ProofError(f"{reader.name}: how much {relation} reads altogether has no rule")
        if isinstance(place, int):
            return self._carried(reader, relation, axis, place)
        return _reached(reader, relation, axis, place)

    def _carried(self, reader: Equation, relation: Relation, axis: Axis, place: int) -> int:
        """Return how many steps back something is that is read some steps back."""
        distance = distance_of(relation)
        if distance is None or relation.kind == "within":
            raise ProofError(f"{reader.name}: how much it reads differs from step to step")
        back = place + self._steps(reader, axis.name, distance)
        if distance != 0 and back > 0:
            self._restrict(axis.name, begin=back)
        elif distance != 0 and back < 0:
            self._restrict(axis.name, until=back)
        return back


def in_order(point: int | None) -> tuple[int, int]:
    """Return where a point of a slice stands among others: those from the end come later."""
    return (2, 0) if point is None else (0, point) if point >= 0 else (1, point)


def _reached(reader: Equation, relation: Relation, axis: Axis, place: Range) -> Range:
    """Return the positions that some positions read altogether."""
    whole = Range(poly(0), axis.extent - 1)
    if place.step == 1 and relation.distance is not None:
        low, _ = relation.bounds(place.first, axis.extent)
        _, high = relation.bounds(place.last, axis.extent)
        return Range(maximum(low, 0), minimum(high, axis.extent - 1))
    itself = relation.kind in BLOCKS or (relation.kind == "offsets" and relation.reads_itself)
    found = whole if itself else beyond(relation, axis.extent)
    if place != whole or found is None:
        raise ProofError(f"{reader.name}: how much {relation} reads altogether has no rule")
    return found
