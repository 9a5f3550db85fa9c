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
- an associative scan works in place: its rounds need no more than its result;
- inputs are there from the start, outputs stay to the end; parameters and constants do not count,
  and views hold nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from ....graphs.graph import Equation, Graph, Read
from ....graphs.primitives import Shift
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, poly
from ..errors import ProofError
from .activations import Need, scalars
from .ranges import Range
from .timetable import Timetable, timetable
from .ways import Path, Way, along, begins, holds_values, reads, starts_alike, ways


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
    copied: Mapping[str, tuple[str, ...]]
    """By shift whose initial values are copied when their loop is entered: the arrays that take
    them."""


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
    whole: frozenset[str] = frozenset()
    while True:
        stored = {n: _stored(graph, table, n, found, setting, whole) for n, found in every.items()}
        shifts = {e.name: _carried(graph, table, e, stored) for e in graph.of("shift")}
        mixed = {
            n
            for found in shifts.values()
            if not all(found.values())
            for n, few in found.items()
            if few
        }
        if not mixed:
            break
        whole |= mixed
    copied = {n: tuple(found) for n, found in shifts.items() if found and all(found.values())}
    readings = {
        n: [r for r in found if not _is_copied(graph, r.path, copied)] for n, found in every.items()
    }
    for name in sorted(copied):
        for reading in _copying(graph, table, graph[name]):
            if not _is_copied(graph, reading.path, copied):
                readings[reading.path.base].append(reading)
    return Plan(table, stored, {n: tuple(found) for n, found in readings.items()}, copied)


def _readings(graph: Graph, table: Timetable) -> Iterator[Reading]:
    """Yield who reads what: operations, the gradient of the loss, and the end."""
    for equation in graph:
        if holds_values(equation):
            when = table.when[equation.name]
            for path in reads(graph, equation):
                yield Reading(path, ways(graph, path), when, table.inside[equation.name])
    for path in shown(graph):
        yield Reading(path, ways(graph, path), table.end, ())


def shown(graph: Graph) -> Iterator[Path]:
    """Yield the ways from outputs to the arrays that they show."""
    for name in dict.fromkeys(graph.outputs):
        yield from along(graph, graph[name], Read(name))


def _is_copied(graph: Graph, path: Path, copied: Container[str]) -> bool:
    """Whether what is read was copied before: as an initial value of a shift on the way."""
    return any(shift.name in copied for shift in begins(graph, path))


def _copying(graph: Graph, table: Timetable, shift: Equation) -> Iterator[Reading]:
    """Yield what is read when the initial values of a shift are copied."""
    loops = table.inside[shift.name]
    level = _level(table, shift)
    assert level is not None
    for read in shift.reads:
        if read.boundary:
            for path in along(graph, shift, replace(read, boundary=False)):
                enter = table.loops[loops[level]].enter
                yield Reading(path, ways(graph, path), enter, loops[:level])


def _level(table: Timetable, shift: Equation) -> int | None:
    """Return which of the loops around a shift runs along its axis; None if none does."""
    assert isinstance(shift.primitive, Shift)
    axes = [table.loops[own].axis for own in table.inside[shift.name]]
    return axes.index(shift.primitive.axis) if shift.primitive.axis in axes else None


def _carried(
    graph: Graph, table: Timetable, shift: Equation, stored: Mapping[str, Stored]
) -> dict[str, bool]:
    """Return the arrays that a shift carries around a loop: whether a few positions are held."""
    level, found = _level(table, shift), {}
    if level is None or not starts_alike(graph, shift):
        return {}
    own = table.inside[shift.name][level]
    for read in shift.reads:
        for path in () if read.boundary else along(graph, shift, read):
            held = stored[path.base]
            if own in table.inside[path.base]:
                found[path.base] = held.back is not None and held.level == level + 1
    return found


def _stored(
    graph: Graph,
    table: Timetable,
    name: str,
    readings: list[Reading],
    setting: Setting,
    whole: frozenset[str],
) -> Stored:
    loops = table.inside[name]
    left = [found for r in readings if (found := leaving(table, loops, r)) is not None]
    level = min((found.level for found in left), default=len(loops))
    nearest = [found for found in left if found.level == level]
    back: int | None = None
    after: int | None = None
    if nearest and name not in whole and all(found.kind != "all" for found in nearest):
        back = max(found.back for found in nearest)
        after = max((found.back + 1 for found in nearest if found.kind == "after"), default=None)
        level += 1
    one = {table.loops[own].axis for own in loops[:level]}
    ranges = {
        a.name: Range(poly(0), poly(0) if a.name in one else a.extent - 1)
        for a in graph[name].positions
    }
    return Stored(name, level, back, after, scalars(graph, Need(name, ranges), setting))


def leaving(table: Timetable, loops: tuple[int, ...], reading: Reading) -> Leaving | None:
    """Say how a reading leaves the iteration in which an array was computed; None if it does not.

    Parameters
    ----------
    loops
        Those around the array.

    Raises
    ------
    ProofError
        If something is read before it is computed.
    """
    for level, own in enumerate(loops):
        loop = table.loops[own]
        way = reading.ways[loop.axis]
        steps = (-way.distance if loop.reverse else way.distance).constant
        back = None if steps is None or way.kind == "many" else int(steps)
        if own not in reading.loops:
            ending = way.kind == "end" and way.end == ("head" if loop.reverse else "last")
            after = ending and back is not None and back >= 0
            return Leaving(level, "after", back or 0) if after else Leaving(level, "all")
        if way.kind != "shift" or back is None:
            return Leaving(level, "all")
        if back < 0:
            raise ProofError(f"{reading.path.base}: it is read before it is computed")
        if back > 0:
            return Leaving(level, "carried", back)
    return None
