"""Measured workspace: allocation simulated, node by node, along the schedule in order.

Who reads what is seen on the unrolled graph. The schedule is carried out, every iteration of every
loop, and what is allocated and freed on the way is counted. A loop's code is the same in every
iteration: it frees the same things at the same places, and the values that it carries are there
before its first step as well, as copies.

>>> from ..graphs.models import CATALOGUE
>>> from ..graphs.tracing import trace
>>> workspace(trace(CATALOGUE["rnn"]), Setting(), {"n": 3, "d": 5})
40
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..graphs.graph import Equation, Graph, Read
from ..graphs.primitives import Constant, Final, Input, Parameter, Shift
from ..graphs.primitives.base import View
from ..graphs.primitives.views import Source
from ..graphs.schedule import steps
from ..graphs.setting import Setting
from ..graphs.unrolling import Node, read_nodes, whole
from .measured_graph import Unrolled, unrolled

Where: TypeAlias = tuple[int, ...]
"""The iterations of the loops around something, the outermost first."""

START, END = "start", "end"


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of the schedule."""

    axis: str
    reverse: bool
    extent: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something runs, in one iteration of the loops around it; or a loop begins."""

    name: str
    """An array, ``start``, ``end``, or the axis of a loop."""
    where: Where
    line: int
    """Where it stands in the code: the same in every iteration."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a view shows: a block of an array, and how one gets there."""

    name: str
    where: Where
    """For copies of initial values, iterations before the first one."""
    ends: frozenset[str] = frozenset()
    """Axes of which the last value is read, after all steps."""
    strange: frozenset[str] = frozenset()
    """Axes along which positions are read in another way than one shift carries them."""
    initial: frozenset[str] = frozenset()
    """Shifts whose initial values were read on the way."""
    copies: frozenset[str] = frozenset()
    """Shifts whose copies of initial values were read on the way."""


@dataclass(frozen=True, slots=True)
class Use:
    """A block is read at a line, in an iteration."""

    seen: Seen
    line: int
    where: Where
    loops: tuple[int, ...]


@dataclass(eq=False, slots=True)
class Code:
    """The schedule as code: lines, loops and what runs when."""

    graph: Graph
    sizes: Mapping[str, int]
    loops: list[Loop] = field(default_factory=list)
    around: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By equation, the loops around it."""
    lines: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """What stands in each line, and the loops around the line."""
    line: dict[str, int] = field(default_factory=dict)
    span: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The lines of each loop, with the one in which it begins."""

    def write(self, names: Iterable[str] | None, around: tuple[int, ...]) -> None:
        """Write the lines of one body."""
        fixed = frozenset(self.loops[k].axis for k in around)
        for step in steps(self.graph, names, fixed):
            if step.axis is None or all(is_view(self.graph[n]) for n in step.names):
                for name in step.names:
                    self.around[name] = around
                    if holds(self.graph[name]):
                        given = isinstance(self.graph[name].primitive, Input)
                        self.line[name] = 0 if given else len(self.lines)
                        self.lines += [] if given else [(name, around)]
                continue
            own, extent = len(self.loops), whole(self.graph.axes[step.axis].extent, self.sizes)
            self.loops.append(Loop(step.axis, step.reverse, extent))
            begin = len(self.lines)
            self.lines.append((step.axis, around))
            self.write(step.names, (*around, own))
            self.span[own] = begin, len(self.lines) - 1

    def run(self, first: int, last: int, where: Where) -> Iterator[Event]:
        """Carry out some lines, loops in all their iterations."""
        line = first
        while line <= last:
            name, around = self.lines[line]
            yield Event(name, where, line)
            inner = next((k for k, span in self.span.items() if span[0] == line), None)
            if inner is not None:
                _, end = self.span[inner]
                for k in range(self.loops[inner].extent):
                    yield from self.run(line + 1, end, (*where, k))
                line = end
            line += 1

    def where(self, node: Node) -> Where:
        """Return the iterations in which a node is computed."""
        equation = self.graph[node[0]]
        places = dict(zip((a.name for a in equation.positions), node[1:], strict=False))
        return tuple(self._iteration(k, places) for k in self.around[node[0]])

    def _iteration(self, loop: int, places: Mapping[str, int]) -> int:
        found = self.loops[loop]
        place = places[found.axis]
        return found.extent - 1 - place if found.reverse else place

    def at(self, line: int, level: int) -> tuple[int, int]:
        """Return the lines, inside so many loops, to which a line belongs."""
        around = self.lines[line][1]
        return (line, line) if len(around) == level else self.span[around[level]]


def is_view(equation: Equation) -> bool:
    """Whether an equation holds nothing of its own."""
    return isinstance(equation.primitive, View)


def holds(equation: Equation) -> bool:
    """Whether an equation holds values that count."""
    if isinstance(equation.primitive, Parameter | Constant):
        return False
    return not is_view(equation) or isinstance(equation.primitive, Source)


def workspace(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int:
    """Return the most scalars that are live at once."""
    simulation = _Simulation(graph, setting, sizes)
    return simulation.most()


class _Simulation:
    """One simulation."""

    def __init__(self, graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> None:
        self.graph, self.setting, self.sizes = graph, setting, sizes
        self.seen = unrolled(graph, sizes)
        self.code = Code(graph, sizes, lines=[(START, ())])
        self.code.write(None, ())
        self.code.lines.append((END, ()))
        self.shown: dict[Node, frozenset[Seen]] = {}
        self.blocks: defaultdict[str, defaultdict[Where, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self.uses: defaultdict[str, list[Use]] = defaultdict(list)

    def most(self) -> int:
        """Allocate and free, and watch."""
        for node in self.seen.order:
            self._compute(node)
        for name in dict.fromkeys(self.graph.outputs):
            for node in self.seen.nodes(name):
                self._use(self.shown[node], len(self.code.lines) - 1, (), ())
        held = {name: self._held(name, frozenset()) for name in self.blocks}
        ...
'''
