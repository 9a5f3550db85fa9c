"""The schedule in order as code, for the measured witness: lines, and loops that run them again.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> code = code_of(trace(CATALOGUE["rnn"]), {"n": 2, "d": 5})
>>> [(code.lines[line][0].split(".")[-1], where) for line, _, where in code.events()][3:6]
[('n', ()), ('einsum_2', (0,)), ('add_2', (0,))]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ...graphs.graph import Equation, Graph
from ...graphs.primitives import Constant, Input, Parameter
from ...graphs.primitives.base import View
from ...graphs.primitives.views import Source
from ...graphs.schedule import steps
from ...graphs.unrolling import Node, whole

Where: TypeAlias = tuple[int, ...]
"""The iterations of the loops around something, the outermost first."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of the schedule."""

    axis: str
    reverse: bool
    extent: int


@dataclass(eq=False, slots=True)
class Code:
    """The schedule as lines, of which those of loops run again and again."""

    graph: Graph
    sizes: Mapping[str, int]
    loops: list[Loop] = field(default_factory=list)
    around: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By equation, the loops around it."""
    lines: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """What each line computes, or the axis of the loop that begins there; and the loops around."""
    line: dict[str, int] = field(default_factory=dict)
    """By array, the line that computes it."""
    span: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By loop, the line in which it begins and the last line of its body."""

    def write(self, names: Iterable[str] | None, around: tuple[int, ...]) -> None:
        """Write the lines of one body."""
        fixed = frozenset(self.loops[k].axis for k in around)
        for step in steps(self.graph, names, fixed):
            if step.axis is None or not any(computes(self.graph[n]) for n in step.names):
                for name in step.names:
                    self._write_one(name, around)
                continue
            own, begin = len(self.loops), len(self.lines)
            extent = whole(self.graph.axes[step.axis].extent, self.sizes)
            self.loops.append(Loop(step.axis, step.reverse, extent))
            self.lines.append((step.axis, around))
            self.write(step.names, (*around, own))
            self.span[own] = begin, len(self.lines) - 1

    def _write_one(self, name: str, around: tuple[int, ...]) -> None:
        self.around[name] = around
        if isinstance(self.graph[name].primitive, Input):
            self.line[name] = 0
        elif holds(self.graph[name]):
            self.line[name] = len(self.lines)
            self.lines.append((name, around))

    def events(self) -> Iterator[tuple[int, tuple[int, ...], Where]]:
        """Carry out all lines: yield each with the loops around it and their iterations."""
        yield from self._run(0, len(self.lines) - 1, ())

    def _run(
        self, first: int, last: int, where: Where
    ) -> Iterator[tuple[int, tuple[int, ...], Where]]:
        begins = {span[0]: own for own, span in self.span.items()}
        line = first
        while line <= last:
            yield line, self.lines[line][1], where
            if line in begins:
                _, end = self.span[begins[line]]
                for k in range(self.loops[begins[line]].extent):
                    yield from self._run(line + 1, end, (*where, k))
                line = end
            line += 1

    def at(self, line: int, level: int) -> tuple[int, int]:
        """Return the first and last line of what a line belongs to, inside so many loops."""
        around = self.lines[line][1]
        return (line, line) if len(around) == level else self.span[around[level]]

    def where(self, node: Node) -> Where:
        """Return the iterations in which a node is computed."""
        places = self.places(node)
        return tuple(self.iteration(own, places) for own in self.around[node[0]])

    def places(self, node: Node) -> dict[str, int]:
        """Return the positions of a node by axis."""
        return dict(
            zip((a.name for a in self.graph[node[0]].positions), node[1:], strict=False)
        )  # a node of a round of a scan says its round as well

    def iteration(self, own: int, places: Mapping[str, int]) -> int:
        """Return the iteration of a loop that computes a position."""
        loop = self.loops[own]
        place = places[loop.axis]
        return loop.extent - 1 - place if loop.reverse else place


def code_of(graph: Graph, sizes: Mapping[str, int]) -> Code:
    """Write the schedule in order as code: the first line gives the inputs, the last one ends."""
    code = Code(graph, sizes, lines=[("start", ())])
    code.write(None, ())
    code.lines.append(("end", ()))
    return code


def computes(equation: Equation) -> bool:
    """Whether something is computed, and not only shown or given."""
    return not isinstance(equation.primitive, View)


def holds(equation: Equation) -> bool:
    """Whether an equation holds values that count."""
    given = isinstance(equation.primitive, Source)
    return (computes(equation) or given) and not isinstance(
        equation.primitive, Parameter | Constant
    )
