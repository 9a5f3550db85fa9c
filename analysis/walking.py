"""Walking through a graph's equations in order: stacks for a few layers, which are then continued.

What is found of an equation is a tuple of pieces, in symbols of its layers. How an equation's pieces
follow from those that it reads, and how they are continued, the walker is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic

from ..graphs.graph import Axis, Equation, Graph, Read
from ..graphs.relations import Relation
from ..graphs.schedule import Step, steps
from ..graphs.sizes import Poly, poly
from .proofs.paths.reading import P
from .sites import axis_of
from .solving import STEPS, UnsolvedError


@dataclass
class Walk(Generic[P]):
    """Pieces of all equations, found in order."""

    graph: Graph
    solve: Callable[[Equation], tuple[P, ...]]
    """From an equation to its pieces; what it reads is asked of :meth:`reads`."""
    proceed: Callable[[Sequence[tuple[P, ...]], str, str], tuple[P, ...]]
    """From the pieces at the first layers, an axis and a name to the pieces at any layer."""
    recur: Callable[[Step, frozenset[str]], None] | None = None
    """What to do with a recurrence along a sequence."""
    found: dict[str, tuple[P, ...]] = field(default_factory=dict)
    """By equation."""
    at: dict[str, int] = field(default_factory=dict)
    """Layers that are being followed, by axis."""
    past: dict[str, dict[str, tuple[P, ...]]] = field(default_factory=dict)
    """By axis that is being followed, the pieces of its equations at the layer before."""
    members: dict[str, frozenset[str]] = field(default_factory=dict)

    def visit(self, names: Iterable[str] | None, fixed: frozenset[str] = frozenset()) -> None:
        """Follow equations in order.

        Raises
        ------
        UnsolvedError
            If there is a recurrence and nobody said what to do with it.
        """
        for step in steps(self.graph, names, fixed):
            if step.axis is None:
                self.found[step.names[0]] = self.solve(self.graph[step.names[0]])
            elif self.graph.axes[step.axis].kind == "layer":
                self._layers(step, step.axis, fixed)
            elif self.recur is not None:
                self.recur(step, fixed | {step.axis})
            else:
                raise UnsolvedError(f"{step.names[0]}: a recurrence along {step.axis}")

    def _layers(self, step: Step, axis: str, fixed: frozenset[str]) -> None:
        course: list[dict[str, tuple[P, ...]]] = []
        self.past[axis], self.members[axis] = {}, frozenset(step.names)
        for k in range(STEPS):
            self.at[axis] = k
            self.visit(step.names, fixed | {axis})
            self.past[axis] = {name: self.found[name] for name in step.names}
            course.append(self.past[axis])
        del self.at[axis], self.members[axis], self.past[axis]
        for name in step.names:
            self.found[name] = self.proceed([c[name] for c in course], axis, name)

    def reads(self, equation: Equation) -> Iterator[tuple[Read, tuple[P, ...]]]:
        """Yield what an equation reads, in the layers that are being followed."""
        for read in equation.reads:
            if not read.boundary or self._at_start(equation):
                yield read, self.read(equation, read)

    def read(self, equation: Equation, read: Read) -> tuple[P, ...]:
        """Return the pieces of one source, in the layers that are being followed."""
        here = {f"{axis}_": poly(k) for axis, k in self.at.items()}
        return tuple(piece.fixed(here) for piece in self._of(equation, read))

    def along(self, read: Read) -> Relation:
        """Return across which positions of a sequence something is read."""
        axis = axis_of(self.graph, read.source, read.axis)
        if axis is None or axis.kind != "sequence":
            return Relation.same()
        return read.relation.at(**{f"{k}_": v for k, v in self.at.items()})

    def _at_start(self, equation: Equation) -> bool:
        """Whether the initial value may be read: at the first layer, or anywhere along a sequence."""
        shift = next(r for r in equation.reads if not r.boundary)
        axis = axis_of(self.graph, shift.source, shift.axis)
        if axis is None or axis.kind != "layer":
            return axis is not None and equation.has(axis.name)
        return equation.has(axis.name) and self.at.get(axis.name, 1) == 0

    def _of(self, equation: Equation, read: Read) -> tuple[P, ...]:
        if read.source in self.members.get(read.axis or "", ()):
            return self.past[read.axis or ""].get(read.source, ())
        found = self.found.get(read.source, ())
        axis = axis_of(self.graph, read.source, read.axis)
        if axis is None or axis.kind != "layer" or equation.has(axis.name):
            return found
        return at_layer(found, axis, axis.extent - 1 if read.relation.kind == "last" else poly(0))


def at_layer(pieces: Iterable[P], axis: Axis, place: Poly) -> tuple[P, ...]:
    """Return the pieces at the last layer, or the first."""
    return tuple(
        piece.limited(axis.name, None).fixed({axis.position: place})
        for piece in pieces
        if piece.claimed(axis.name)[1] is None
    )
