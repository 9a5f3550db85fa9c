"""The timetable of a graph: the moments of the schedule *in order*, and the loops around them.

The steps of :func:`graphs.schedule.steps` come one after another. An operation outside every loop
runs for all positions at once. A loop is a step whose body is scheduled in the same way, for one
position at a time.

>>> from ....graphs.models import CATALOGUE
>>> from ....graphs.tracing import trace
>>> for moment in timetable(trace(CATALOGUE["linear_recurrence"])).moments:
...     print(moment.kind, moment.name, moment.loops)
start  ()
enter n ()
run multiply (0,)
run add (0,)
end  ()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ....graphs.graph import Graph
from ....graphs.primitives import Input
from ....graphs.schedule import Step, steps
from .ways import computes, holds_values


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: of a loop's body it stands for that point in every iteration."""

    kind: str
    """start, run (an operation), enter (a loop) or end."""
    name: str = ""
    """The array that is computed, or the axis of the loop."""
    loops: tuple[int, ...] = ()
    """The loops around it, the outermost first."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop: where it stands among the moments."""

    axis: str
    reverse: bool
    enter: int
    """The moment at which it is entered."""
    last: int
    """The last moment of its body."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """All moments in order."""

    moments: tuple[Moment, ...]
    loops: tuple[Loop, ...]
    when: Mapping[str, int]
    """By array that holds values: the moment at which it is computed, or given."""
    inside: Mapping[str, tuple[int, ...]]
    """By equation: the loops around it, the outermost first."""

    @property
    def end(self) -> int:
        """The last moment of all."""
        return len(self.moments) - 1

    def at(self, moment: int, level: int) -> tuple[int, int]:
        """Return the first and the last moment of what happens then inside so many loops."""
        own = self.moments[moment].loops
        if len(own) == level:
            return moment, moment
        loop = self.loops[own[level]]
        return loop.enter, loop.last


def timetable(graph: Graph) -> Timetable:
    """Return the moments of the schedule in order.

    Raises
    ------
    GraphError
        If a cycle crosses no positive shift; the message names it.
    """
    key = ("timetable",)
    if key not in graph.memory:
        found = _Filling(graph)
        found.moments.append(Moment("start"))
        found.fill(None, frozenset(), ())
        found.moments.append(Moment("end"))
        loops = tuple(loop for _, loop in sorted(found.loops.items()))
        graph.memory[key] = Timetable(tuple(found.moments), loops, found.when, found.inside)
    table: Timetable = graph.memory[key]
    return table


@dataclass(eq=False, slots=True)
class _Filling:
    """A timetable that is being filled in."""

    graph: Graph
    moments: list[Moment] = field(default_factory=list)
    loops: dict[int, Loop] = field(default_factory=dict)
    when: dict[str, int] = field(default_factory=dict)
    inside: dict[str, tuple[int, ...]] = field(default_factory=dict)
    entered: int = 0

    def fill(
        self, names: Iterable[str] | None, fixed: frozenset[str], loops: tuple[int, ...]
    ) -> None:
        """Add the moments of one body."""
        for step in steps(self.graph, names, fixed):
            computed = any(computes(self.graph[name]) for name in step.names)
            if step.axis is None:
                self._run(step.names[0], loops)
            elif computed:
                self._loop(step, fixed, loops)
            else:  # views that show each other, and nothing runs
                self.inside.update(dict.fromkeys(step.names, loops))

    def _run(self, name: str, loops: tuple[int, ...]) -> None:
        self.inside[name] = loops
        primitive = self.graph[name].primitive
        if isinstance(primitive, Input):
            self.when[name] = 0
        elif holds_values(self.graph[name]):
            self.when[name] = len(self.moments)
            self.moments.append(Moment("run", name, loops))

    def _loop(self, step: Step, fixed: frozenset[str], loops: tuple[int, ...]) -> None:
        assert step.axis is not None
        own, enter = self.entered, len(self.moments)
        self.entered += 1
        self.moments.append(Moment("enter", step.axis, loops))
        self.fill(step.names, fixed | {step.axis}, (*loops, own))
        self.loops[own] = Loop(step.axis, step.reverse, enter, len(self.moments) - 1)
