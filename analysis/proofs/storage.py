"""Storage in the schedule *in order*: how much an array holds, and around which loops.

The rules of the schedule:

- outside loops an array is allocated, whole, when it is computed, and freed after the last moment
  that reads it; a loop that reads it is over before it is freed;
- what is computed in a loop and read outside of it is allocated whole when the loop is entered,
  unless it is read after the last step only: then its last positions are left;
- what is carried from step to step is kept for as many steps as it is read back. Its initial values
  are copied there when the loop is entered, if they are the same wherever the loop begins;
- what is carried in any other way (from a varying distance, or from several positions at once) is
  held whole;
- all else that a loop computes holds one position, and every iteration frees the same things at the
  same moments;
- inputs are there from the start, outputs stay to the end; parameters and constants do not count,
  and views hold nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...graphs.graph import Equation, Graph
from ...graphs.primitives import Shift
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from .activations import Need, Range, scalars
from .errors import ProofError
from .timetable import Loop, Timetable, timetable
from .ways import Hop, Path, Way, along, begins, computes, holds_values, reads, starts_alike, ways


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody reads an array."""

    path: Path
    ways: Mapping[str, Way]
    moment: int
    """When; the moment of entering a loop for the initial values that are copied then."""
    loops: tuple[int, ...]
    """The loops around that moment."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How a reading leaves the iteration in which the array was computed."""

    level: int
    """The first loop around the array, counted from the outermost, whose iteration is left."""
    kind: str
    """carried (read some steps later), after (the last positions are read after the loop), or all
    (any position may be read)."""
    back: int = 0
    """How many steps later, or before the last one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How an array is held."""

    name: str
    level: int
    """Within how many of the loops around it: in a body at this level it comes and goes."""
    back: int | None
    """In a body that carries it: how many earlier positions are still held; None if not carried."""
    left: int | None
    """How many positions are left after that loop; None if nothing reads them."""
    scalars: Poly
    """What is held of it, for one position of the loops around it up to the level."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is held, and who reads it when."""

    table: Timetable
    stored: Mapping[str, Stored]
    readings: Mapping[str, tuple[Reading, ...]]
    """By array."""
    copied: frozenset[str]
    """Shifts whose initial values are copied when their loop is entered."""


def plan(graph: Graph, setting: Setting) -> Plan:
    """Apply the rules.

    Raises
    ------
    ProofError
        If how much an array holds has no rule; the message names it.
    """
    key = ("plan", setting.pairs)
    if key not in graph.memory:
        graph.memory[key] = _plan(graph, setting)
    found: Plan = graph.memory[key]
    return found


def _plan(graph: Graph, setting: Setting) -> Plan:
    table = timetable(graph)
    every: dict[str, list[Reading]] = {e.name: [] for e in graph if holds_values(e)}
    for reading in _readings(graph, table):
        every[reading.path.base].append(reading)
    stored = {n: _stored(graph, table, graph[n], found, setting) for n, found in every.items()}
    copied = frozenset(e.name for e in graph.of("shift") if _is_copied(graph, table, e, stored))
    readings = {n: [r for r in found if not _through(graph, r, copied)] for n, found in every.items()}
    for name in sorted(copied):
        for reading in _copying(graph, table, graph[name]):
            if not _through(graph, reading, copied):
                readings[reading.path.base].append(reading)
    return Plan(table, stored, {n: tuple(found) for n, found in readings.items()}, copied)


def _readings(graph: Graph, table: Timetable) -> Iterator[Reading]:
    """Yield who reads what: operations, the gradient of the loss, and the end."""
    for equation in graph:
        if holds_values(equation):
            when = table.when[equation.name]
            for path in reads(graph, equation):
                yield Reading(path, ways(graph, path), when, table.inside[equation.name])
    for path in output_paths(graph):
        yield Reading(path, ways(graph, path), table.end, ())


def output_paths(graph: Graph) -> Iterator[Path]:
    """Yield the ways from outputs to the arrays that they show."""
    from ...graphs.graph import Read

    for name in dict.fromkeys(graph.outputs):
        yield from along(graph, graph[name], Read(name))


def _through(graph: Graph, reading: Reading, copied: frozenset[str]) -> bool:
    """Whether what is read was copied before: an initial value of a shift on the way."""
    return any(shift.name in copied for shift in begins(graph, reading.path))


def _copying(graph: Graph, table: Timetable, shift: Equation) -> Iterator[Reading]:
    """Yield what is read when initial values of a shift are copied."""
    loops = table.inside[shift.name]
    level = next(k for k, own in enumerate(loops) if _is_along(table, own, shift))
    for read in shift.reads:
        if read.boundary:
            for path in along(graph, shift, read):
                inner = Path((Hop(shift.name, read), *path.hops[1:]))
                enter = table.loops[loops[level]].enter
                # The copy is no initial value of the shift itself any more, but of those behind it.
                yield Reading(
                    Path((Hop(shift.name, _plain(read)), *inner.hops[1:])),
                    ways(graph, inner),
                    enter,
                    loops[:level],
                )
