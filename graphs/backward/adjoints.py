"""Reverse-mode differentiation of a graph.

Equations are visited from the outputs back. Every equation has one adjoint: the sum of what those
that read it pass back, by the rule in their primitive. A shift closes a cycle, so its adjoint is
another shift, the other way: position t gets what position t + 1 passes back, and the last
position gets what the value after the last step does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import networkx as nx

from ..graph import Axis, Equation, Graph, GraphError, Read
from ..primitives import (
    AssociativeScan,
    Concatenate,
    Constant,
    Contraction,
    Final,
    Flip,
    Given,
    Input,
    Seed,
    Shift,
    Site,
    Spread,
)
from ..relations import Relation
from ..sizes import poly
from ..tracer import Array, Tracer, recording
from .calculus import Differentiation, Piece, Product, slot_of
from .mirroring import mirrored
from .peeling import peeled, unread
from .recomputing import recomputed


def training(graph: Graph) -> Graph:
    """Return forward and backward pass as one graph.

    Its inputs are those of the model and, for each output, the gradient of a loss with respect to
    it; its outputs are those of the model and the gradients of all parameters (of all inputs, if
    the model has no parameters).

    Raises
    ------
    GraphError
        If an operation has no derivative rule; the message names it.
    """
    parameters = tuple(e.name for e in graph.of("parameter"))
    wanted = parameters or graph.inputs
    apart = peeled(graph, unread(graph, wanted))
    return gradients(apart, tuple(e.name for e in apart.of("parameter")) or graph.inputs)


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
        both = gradients(graph, graph.inputs)
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
    pending: dict[str, Array] = field(default_factory=dict)
    """For each shift the equation that reads its adjoint, to be completed."""
    adjoints: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tracer = Tracer(equations=dict(self.forward.equations))
        self.tracer.layers = [a for a in self.forward.axes.values() if a.kind == "layer"]
        self.calculus = Differentiation(self.tracer)

    def graph(self) -> Graph:
        """Differentiate."""
        with recording(self.tracer):
            seeds = [self._seed(name) for name in self.forward.outputs]
            active = self._active()
            for name in self._order():
                if name in active:
                    self._visit(self.forward[name], active)
        lost = [w for w in self.wanted if w not in self.adjoints]
        if lost:
            raise GraphError(f"expected a gradient to reach {lost[0]}, none does")
        equations = {
            n: e if n in self.forward.equations else replace(e, phase="backward")
            for n, e in self.tracer.equations.items()
        }
        equations = recomputed(equations)
        outputs = (*self.forward.outputs, *(self.adjoints[w].equation.name for w in self.wanted))
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

    def _active(self) -> set[str]:
        """Return what depends on something whose gradient is wanted."""
        reduced = nx.DiGraph(self.forward.reduced)
        found = set(self.wanted)
        for name in self.wanted:
            found |= nx.descendants(reduced, name)
        return found

    def _order(self) -> list[str]:
        """Return equations so that each comes after all that read it, shifts cut."""
        order: Any = nx.DiGraph()
        order.add_nodes_from(self.forward.equations)
        for equation in self.forward:
            for read in equation.reads:
                if read.boundary or not isinstance(equation.primitive, Shift):
                    order.add_edge(read.source, equation.name)
        if not nx.is_directed_acyclic_graph(order):
            cycle = " -> ".join(edge[0] for edge in nx.find_cycle(order))
            raise GraphError(f"expected every cycle to cross a shift, to differentiate: {cycle}")
        place = {name: k for k, name in enumerate(self.forward.equations)}
        ordered = list(nx.lexicographical_topological_sort(order, key=place.__getitem__))
        return ordered[::-1]

    def _visit(self, equation: Equation, active: set[str]) -> None:
        scope = f"grad.{equation.layer}" if equation.layer else "grad"
        self.tracer.scopes[:] = [scope]
        for shift in self._shifts(equation, active):
            self._await(equation, shift)
        adjoint = self._accumulate(equation)
        self.tracer.scopes.clear()
        if adjoint is None:
            return
        if isinstance(adjoint, Array):
            self.adjoints[equation.name] = adjoint
        self.tracer.scopes[:] = [scope]
        if isinstance(equation.primitive, Shift):
            self._pass_shift(equation, adjoint, active)
        elif not isinstance(equation.primitive, Final):
            self._pass(equation, adjoint, active)
        self.tracer.scopes.clear()

    def _pass(self, equation: Equation, adjoint: Any, active: set[str]) -> None:
        if not equation.reads or not any(r.source in active for r in equation.reads):
            return
        sources = tuple(self.forward[r.source] for r in equation.reads)
        site = Site(equation, sources)
        inputs = [Array(s, self.tracer) for s in sources]
        output = Array(equation, self.tracer)
        try:
            pulled = equation.primitive.pullback(self.calculus, site, inputs, output, adjoint)
        except GraphError as error:
            raise GraphError(f"{equation.name}: {error}") from None
        for read, part in zip(equation.reads, pulled, strict=True):
            if part is not None and read.source in active:
                self._give(self.forward[read.source], part, active)

    # What is passed back to an equation

    def _give(self, target: Equation, part: Any, active: set[str]) -> None:
        """Note what a reader passes back; products are contracted, positions summed over."""
        if isinstance(part, Product):
            slot = slot_of(target)
            if slot is not None:
                origin = self.forward[target.reads[0].source]
                if origin.name in active:
                    self._note(origin, self._through(target, origin, part))
                return
            part = self._contracted(target, part)
        if isinstance(part, Piece):
            self._note(target, Piece(self._reduced(target, part.adjoint), part.start))
        else:
            self._note(target, part)

    def _note(self, target: Equation, part: Any) -> None:
        part = part if isinstance(part, Piece) else self._reduced(target, part)
        self.passed.setdefault(target.name, []).append(part)

    def _through(self, gather: Equation, origin: Equation, product: Product) -> Array:
        """Contract with the readers of each position, where the input was gathered."""
        (read,) = gather.reads
        relation, (label, *rest) = read.relation, product.labels
        bounded = relation.back is not None and relation.ahead is not None
        factors = []
        for labels, array in product.factors:
            if label in labels:
                place = labels.index(label)
                if array.axes[place].kind == "slot" and array.equation.sequence is not None:
                    array = self.calculus.turn(array, place, relation, read.axis or "")
                elif bounded and relation.kind == "offsets":
                    array = self.tracer.apply("flip", Flip(place), array)
                else:
                    raise GraphError(
                        f"{gather.name}: expected a slot axis for {label} of {array!r}, to differentiate"
                    )
            elif array.equation.sequence is not None:
                array = self.calculus.gathered(array, relation)
                labels = (label, *labels)
            factors.append((labels, array))
        return self._contract(tuple(rest), origin.features, factors)

    def _contracted(self, target: Equation, product: Product) -> Array:
        """Contract in place, or over all positions where the input has none."""
        factors = list(product.factors)
        if target.sequence is None:
            label = "position"
            while any(label in labels for labels, _ in factors):
                label += "_"
            factors = [
                ((label, *labels), self.calculus.collected(a))
                if a.equation.sequence is not None
                else (labels, a)
                for labels, a in factors
            ]
        return self._contract(product.labels, target.features, factors)

    def _contract(
        self,
        result: tuple[str, ...],
        axes: tuple[Axis, ...],
        factors: list[tuple[tuple[str, ...], Array]],
    ) -> Array:
        known = {label for labels, _ in factors for label in labels}
        kept = tuple(k for k, label in enumerate(result) if label in known)
        left = ", ".join(" ".join(labels) for labels, _ in factors)
        primitive = Contraction(f"{left} -> {' '.join(result[k] for k in kept)}".strip())
        arrays = [a for _, a in factors]
        primitive.bind(*(a.axes for a in arrays))
        reads = [Read(a.equation.name) for a in arrays]
        positions = self.calculus.merged(*arrays)
        found = self.tracer.add("einsum", primitive, reads, positions, tuple(axes[k] for k in kept))
        if len(kept) < len(result):
            found = self.tracer.apply("spread", Spread(axes, kept), found)
        return found

    def _reduced(self, target: Equation, array: Array) -> Array:
        """Sum over the positions that the target does not have."""
        if array.equation.sequence is not None and target.sequence is None:
            collected = self.calculus.collected(array)
            array = self.calculus._sum(collected, 0)
        for axis in array.equation.positions:
            if axis.kind == "layer" and not target.has(axis.name):
                array = self._over_layers(array, axis)
        return array

    def _over_layers(self, array: Array, axis: Axis) -> Array:
        """Add up from the last layer to the first, as a sum that is carried down the stack."""
        positions, axes = array.equation.positions, array.axes
        zeros = self._zeros(axes)
        before = self.tracer.add("accumulated", Shift(axis.name, False), (), positions, axes)
        after = self.calculus.map("add", before, array)
        reads = (
            Read(after.equation.name, Relation.shift(-1), axis.name),
            Read(zeros.equation.name, boundary=True),
        )
        self.tracer.replace(before, reads=reads)
        rest = tuple(a for a in positions if a.name != axis.name)
        ends = (Read(after.equation.name, Relation.head(), axis.name), reads[1])
        return self.tracer.add("final", Final(axis.name), ends, rest, axes)

    def _zeros(self, axes: tuple[Axis, ...]) -> Array:
        return self.tracer.add("zeros", Constant(axes), (), (), axes)

    def _accumulate(self, equation: Equation) -> Any:
        """Add up what was passed back to an equation."""
        parts = self.passed.pop(equation.name, [])
        wholes = [p for p in parts if not isinstance(p, Piece)]
        pieces: dict[Any, Any] = {}
        for part in parts:
            if isinstance(part, Piece):
                known = pieces.get(part.start)
                pieces[part.start] = self.calculus.plus(known, part.adjoint)
        if isinstance(equation.primitive, AssociativeScan):
            return pieces or None
        if pieces:
            wholes.append(self._joined(equation, pieces))
        total = None
        for part in wholes:
            total = self.calculus.plus(total, part)
        return total

    def _joined(self, equation: Equation, pieces: dict[Any, Array]) -> Array:
        """Put the parts of the last axis side by side, zeros where nothing was passed back."""
        sizes = dict.fromkeys(self.forward.free_sizes, 2)
        ordered = sorted(pieces.items(), key=lambda item: item[0].evaluate(**sizes))
        end, found = poly(0), []
        lead = equation.features[:-1]
        for start, array in [*ordered, (equation.features[-1].extent, None)]:
            gap = start - end
            if gap != 0:
                found.append(self._zeros((*lead, Axis(str(gap), gap))))
            if array is not None:
                found.append(array)
                end = start + array.axes[-1].extent
        if len(found) == 1:
            return found[0]
        reads = [Read(a.equation.name) for a in found]
        positions = self.calculus.merged(*found)
        return self.tracer.add("concatenate", Concatenate(), reads, positions, equation.features)

    # Recurrences and stacks

    def _shifts(self, equation: Equation, active: set[str]) -> list[Equation]:
        """Return the shifts that carry an equation's values."""
        return [
            e
            for e in self.forward
            if isinstance(e.primitive, Shift)
            and e.name in active
            and any(r.source == equation.name and not r.boundary for r in e.reads)
        ]

    def _await(self, equation: Equation, shift: Equation) -> None:
        """Let an equation read the adjoint of the shift that carries it, before there is one."""
        primitive = shift.primitive
        assert isinstance(primitive, Shift)
        waiting = self.tracer.add(
            "next", Shift(primitive.axis, primitive.step), (), shift.positions, equation.features
        )
        self.pending[shift.name] = waiting
        self._note(equation, waiting)

    def _pass_shift(self, shift: Equation, adjoint: Array, active: set[str]) -> None:
        """Complete the shift that waits, and give the rest to the initial value."""
        carried, initial = shift.reads
        primitive = shift.primitive
        assert isinstance(primitive, Shift)
        after = self._final(shift)
        outside = after if after is not None else self._zeros(shift.features)
        beyond = Read(outside.equation.name, boundary=True)
        if shift.name in self.pending:
            waiting = self.pending.pop(shift.name)
            back = Read(adjoint.equation.name, carried.relation.transpose(), carried.axis)
            self.tracer.replace(waiting, reads=(back, beyond))
        if initial.source not in active:
            return
        distance = carried.relation.distance
        if distance is None or distance.constant not in {1, -1}:
            raise GraphError(f"{shift.name}: expected a shift by one, to differentiate its start")
        start = Relation.head() if distance.constant == 1 else Relation.last()
        positions = tuple(a for a in shift.positions if a.name != carried.axis)
        reads = (Read(adjoint.equation.name, start, carried.axis), beyond)
        given = self.tracer.add("final", Final(primitive.axis), reads, positions, shift.features)
        self._give(self.forward[initial.source], given, active)

    def _final(self, shift: Equation) -> Array | None:
        """Return the adjoint of the value after the last step."""
        carried, initial = shift.reads
        for equation in self.forward:
            if not isinstance(equation.primitive, Final) or equation.name not in self.adjoints:
                continue
            last, start = equation.reads
            if (last.source, start.source, last.axis) == (
                carried.source,
                initial.source,
                carried.axis,
            ):
                return self.adjoints[equation.name]
        return None


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
