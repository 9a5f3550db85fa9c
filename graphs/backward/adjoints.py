"""Reverse-mode differentiation of a graph.

Equations are visited from the outputs back. Every equation has one adjoint: the sum of what those
that read it pass back, by the rule in their primitive. A shift closes a cycle, so its adjoint is
another shift, the other way: position t gets what position t + 1 passes back, and the last
position gets what the value after the last step does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ..graph import Equation, Graph, GraphError, Read
from ..primitives import (
    AssociativeScan,
    Final,
    Given,
    Input,
    Seed,
    Shift,
    Site,
    Step,
)
from ..relations import Relation
from ..sizes import at_least
from ..tracer import Array, Tracer, recording
from .activity import active, reached
from .calculus import Differentiation, Piece, Product, slot_of
from .links import Links, is_step, links, order
from .mirroring import mirrored
from .peeling import peeled, unread
from .pieces import gathered, joined
from .products import contracted, through
from .recomputing import recomputed
from .sums import reduced


def training(graph: Graph) -> Graph:
    """Return forward and backward pass as one graph.

    Its inputs are those of the model and, for each output, the gradient of a loss with respect to
    it; its outputs are those of the model and the gradients of all parameters that one reaches (of
    the inputs, if the model has no parameters).

    Raises
    ------
    GraphError
        If an operation has no derivative rule; the message names it.
    """
    apart = peeled(graph, unread(graph, _wanted(graph)))
    return gradients(apart, _wanted(apart))


def _wanted(graph: Graph) -> tuple[str, ...]:
    """Return the parameters that a gradient reaches, or the inputs if there are no parameters."""
    found = tuple(e.name for e in graph.of("parameter")) or graph.inputs
    return reached(graph, found) or found


def backpropagation(graph: Graph) -> Graph:
    """Return the way back alone: from the gradients of the outputs to those of the inputs.

    What the forward pass computed is there already. Layers are counted from the last one, so that
    the way through them goes up. Paths through this graph are the ways that a gradient takes.

    Raises
    ------
    GraphError
        If an operation has no derivative rule, or no gradient reaches an input.
    """
    key = ("backpropagation",)
    if key not in graph.memory:
        both = gradients(graph, reached(graph, graph.inputs) or graph.inputs)
        given = {e.name: _given(e) for e in both}
        seeds = tuple(e.name for e in both.of("seed"))
        outputs, source = both.outputs[len(graph.outputs) :], graph.source
        back = replace(both, equations=alive(given, seeds, outputs), inputs=seeds, outputs=outputs)
        for axis in [a.name for a in back.axes.values() if a.kind == "layer"]:
            back = mirrored(back, axis)
        again = None if source is None else lambda **k: backpropagation(source(**k))
        graph.memory[key] = replace(back, source=again)
    found: Graph = graph.memory[key]
    return found


def _given(equation: Equation) -> Equation:
    """Take what the forward pass computed, and the gradient of the loss, as given."""
    if equation.phase == "forward":
        return replace(equation, primitive=Given(equation.features), reads=())
    if isinstance(equation.primitive, Seed):
        return replace(equation, primitive=Input(equation.features), reads=())
    return equation


def gradients(graph: Graph, wanted: Iterable[str]) -> Graph:
    """Return forward and backward pass, for the gradients of the equations that are named."""
    key = ("gradients", tuple(wanted))
    if key not in graph.memory:
        graph.memory[key] = _Reverse(graph, key[1]).graph()
    found: Graph = graph.memory[key]
    return found


@dataclass(eq=False)
class _Reverse:
    """One differentiation."""

    forward: Graph
    wanted: tuple[str, ...]
    tracer: Tracer = field(init=False)
    calculus: Differentiation = field(init=False)
    passed: dict[str, list[Any]] = field(default_factory=dict)
    """For each equation what was passed back to it so far."""
    silent: frozenset[str] = frozenset()
    """Shifts that turned out to get no adjoint."""
    active: set[str] = field(init=False)
    """Equations that a gradient passes."""
    links: Links = field(init=False)
    visited: set[str] = field(default_factory=set)
    pending: dict[str, Array] = field(default_factory=dict)
    """For each shift the equation that reads its adjoint, to be completed."""
    beyond: dict[str, Array] = field(default_factory=dict)
    """For each shift the adjoint of the value after the last step."""
    behind: dict[str, str] = field(default_factory=dict)
    """For each shift the equation of what it passes back, one step later."""
    adjoints: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tracer = Tracer(equations=dict(self.forward.equations))
        self.tracer.layers = [a for a in self.forward.axes.values() if a.kind == "layer"]
        self.calculus = Differentiation(self.tracer)
        self.active = active(self.forward, self.wanted)
        self.links = links(
            self.forward, lambda e: e.name in self.active and e.name not in self.silent
        )

    def graph(self) -> Graph:
        """Differentiate."""
        with recording(self.tracer):
            seeds = [self._seed(name) for name in self.forward.outputs]
            for name in order(self.forward):
                if name in self.active:
                    self._visit(self.forward[name])
        if self.pending:
            silent = self.silent.union(self.pending)
            return _Reverse(self.forward, self.wanted, silent=silent).graph()
        lost = [w for w in self.wanted if w not in self.adjoints]
        if lost:
            raise GraphError(f"expected a gradient to reach {lost[0]}, none does")
        equations = {
            n: e if n in self.forward.equations else replace(e, phase="backward")
            for n, e in self.tracer.equations.items()
        }
        known = {w: self.adjoints[w].equation.name for w in self.wanted}
        titles = _titles(known, equations)
        equations = recomputed(_renamed(equations, titles))
        found = (titles.get(name, name) for name in known.values())
        outputs = (*self.forward.outputs, *found)
        inputs = (*self.forward.inputs, *seeds)
        source, wanted = self.forward.source, self.wanted
        return replace(
            self.forward,
            equations=alive(equations, inputs, outputs),
            inputs=inputs,
            outputs=outputs,
            source=None if source is None else lambda **k: _again(source(**k), wanted),
        )

    def _seed(self, name: str) -> str:
        equation = self.forward[name]
        primitive, reads = Seed(equation.features), (Read(name),)
        seed = self.tracer.add(
            f"grad.{name}", primitive, reads, equation.positions, equation.features
        )
        self.passed.setdefault(name, []).append(seed)
        return seed.equation.name

    @contextmanager
    def _scope(self, name: str) -> Iterator[None]:
        """Prefix the names of what is added, whatever the scope outside."""
        before, self.tracer.scopes[:] = list(self.tracer.scopes), [name]
        try:
            yield
        finally:
            self.tracer.scopes[:] = before

    def _visit(self, equation: Equation) -> None:
        scope = f"grad.{equation.layer}" if equation.layer else "grad"
        with self._scope(scope):
            for shift in self.links.shifts.get(equation.name, ()):
                self._await(equation, shift)
            adjoint = self._accumulate(equation)
            self.visited.add(equation.name)
            if adjoint is None:
                return
            if isinstance(adjoint, Array):
                self.adjoints[equation.name] = adjoint
            if isinstance(equation.primitive, Shift):
                self._pass_shift(equation, adjoint)
            elif isinstance(equation.primitive, Final):
                self._pass_final(equation, adjoint)
            else:
                self._pass(equation, adjoint)

    def _pass(self, equation: Equation, adjoint: Any) -> None:
        if not any(r.source in self.active for r in equation.reads):
            return
        sources = tuple(self.forward[r.source] for r in equation.reads)
        site = Site(equation, sources)
        inputs = [Array(s, self.tracer) for s in sources]
        output = Array(equation, self.tracer)
        try:
            pulled = equation.primitive.pullback(self.calculus, site, inputs, output, adjoint)
            for read, part in zip(equation.reads, pulled, strict=True):
                if part is not None and read.source in self.active:
                    self._give(self.forward[read.source], part)
        except GraphError as error:
            raise GraphError(f"{equation.name}: {error}") from None

    # What is passed back to an equation

    def _give(self, target: Equation, part: Any) -> None:
        """Note what a reader passes back; products are contracted, positions summed over."""
        if isinstance(part, Product):
            slot = slot_of(target)
            if slot is not None:
                origin = self.forward[target.reads[0].source]
                if origin.name in self.active:
                    self._note(origin, through(self.calculus, target, origin, part))
                return
            part = contracted(self.calculus, target, part)
        if isinstance(part, Piece):
            self._note(target, Piece(reduced(self.calculus, target, part.adjoint), part.start))
        else:
            self._note(target, part)

    def _note(self, target: Equation, part: Any) -> None:
        if not isinstance(part, Piece):
            part = self.calculus.named(reduced(self.calculus, target, part), target.features)
        self.passed.setdefault(target.name, []).append(part)

    def _accumulate(self, equation: Equation) -> Any:
        """Add up what was passed back to an equation."""
        parts = self.passed.pop(equation.name, [])
        wholes = [p for p in parts if not isinstance(p, Piece)]
        pieces = gathered(self.calculus, [p for p in parts if isinstance(p, Piece)])
        if isinstance(equation.primitive, AssociativeScan):
            return {p.start: p.adjoint for p in pieces} or None
        wholes += joined(self.calculus, equation, pieces)
        total = None
        for part in wholes:
            total = self.calculus.plus(total, part)
        return total

    # Recurrences and stacks

    def _await(self, equation: Equation, shift: Equation) -> None:
        """Let an equation read the adjoint of the shift that carries it, before there is one."""
        if shift.name in self.visited and shift.name not in self.adjoints:
            return
        axis, step = shift.reads[0].axis or "", is_step(shift) and not self._is_open(shift)
        primitive = Shift(axis, step)
        waiting = self.tracer.add("next", primitive, (), shift.positions, equation.features)
        self._note(equation, waiting)
        if shift.name in self.visited:
            self._complete(waiting, shift)
        else:
            self.pending[shift.name] = waiting

    def _complete(self, waiting: Array, shift: Equation) -> None:
        """Read what comes from the step after; from the last one, what comes from its end."""
        carried, _ = shift.reads
        back = Read(self.behind[shift.name], carried.relation.transpose(), carried.axis)
        self.tracer.replace(waiting, reads=(back, self._beyond(shift)))

    def _is_open(self, shift: Equation) -> bool:
        """Whether a gradient enters a recurrence at its end or leaves it at its start.

        Neither is a step of the recurrence, so that its steps are counted apart.
        """
        return shift.name in self.links.ends or shift.reads[1].source in self.active

    def _beyond(self, shift: Equation) -> Read:
        """Read the adjoint of the value after the last step."""
        if shift.name not in self.beyond:
            total = None
            for final in self.links.ends.get(shift.name, ()):
                total = self.calculus.plus(total, self.adjoints.get(final.name))
            self.beyond[shift.name] = (
                self.calculus.zeros(shift.features) if total is None else total
            )
        return Read(self.beyond[shift.name].equation.name, boundary=True)

    def _pass_shift(self, shift: Equation, adjoint: Array) -> None:
        """Complete the shift that waits, and give the rest to the initial value."""
        carried, initial = shift.reads
        if is_step(shift) and self._is_open(shift):
            adjoint = self.calculus.apply(Step(), adjoint)
        self.behind[shift.name] = adjoint.equation.name
        if shift.name in self.pending:
            self._complete(self.pending.pop(shift.name), shift)
        if initial.source not in self.active:
            return
        distance = carried.relation.distance
        if distance is None or distance.constant not in {1, -1}:
            raise GraphError(f"{shift.name}: expected a shift by one, to differentiate its start")
        start = Relation.head() if distance.constant == 1 else Relation.last()
        positions = tuple(a for a in shift.positions if a.name != carried.axis)
        reads = (Read(adjoint.equation.name, start, carried.axis), self._beyond(shift))
        primitive = Final(carried.axis or "")
        given = self.tracer.add("final", primitive, reads, positions, shift.features)
        self._give(self.forward[initial.source], given)

    def _pass_final(self, final: Equation, adjoint: Array) -> None:
        """Give the adjoint to the last position, and to the initial value if there is no other.

        The adjoint of a final that ends a recurrence is read by that of the recurrence.
        """
        if final.name not in self.links.loose:
            return
        last, initial = final.reads
        source, axis = self.forward[last.source], self.forward.axes[last.axis or ""]
        if not source.has(axis.name):
            self._give(source, adjoint)
            return
        ending = Read(adjoint.equation.name, boundary=True)
        zeros = self.calculus.zeros(source.features, source.positions)
        beside = Relation.shift(-1 if last.relation.kind == "last" else 1)
        reads = (Read(zeros.equation.name, beside, axis.name), ending)
        primitive = Shift(axis.name, False)
        given = self.tracer.add("next", primitive, reads, source.positions, source.features)
        if source.name in self.active:
            self._give(source, given)
        if initial.source in self.active and not at_least(axis.extent, 1):
            reads = (Read(zeros.equation.name, Relation.head(), axis.name), ending)
            given = self.tracer.add(
                "final", Final(axis.name), reads, final.positions, source.features
            )
            self._give(self.forward[initial.source], given)


def _titles(known: Mapping[str, str], equations: Mapping[str, Equation]) -> dict[str, str]:
    """Return what gradients are called, after what they are gradients of."""
    counts = Counter(known.values())
    return {
        name: f"grad.{wanted}"
        for wanted, name in known.items()
        if counts[name] == 1 and f"grad.{wanted}" not in equations
    }


def _renamed(equations: Mapping[str, Equation], titles: Mapping[str, str]) -> dict[str, Equation]:
    def changed(equation: Equation) -> Equation:
        reads = tuple(replace(r, source=titles.get(r.source, r.source)) for r in equation.reads)
        return replace(equation, name=titles.get(equation.name, equation.name), reads=reads)

    return {titles.get(n, n): changed(e) for n, e in equations.items()}


def _again(graph: Graph, wanted: tuple[str, ...]) -> Graph:
    names = tuple(w for w in wanted if w in graph.equations)
    return gradients(graph, names) if len(names) == len(wanted) else training(graph)


def alive(
    equations: dict[str, Equation], inputs: Iterable[str], outputs: Iterable[str]
) -> dict[str, Equation]:
    """Drop what no output reads."""
    kept, pending = set(inputs), list(outputs)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        pending.extend(r.source for r in equations[name].reads)
    return {n: e for n, e in equations.items() if n in kept or n in seen}
