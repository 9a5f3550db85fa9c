"""Folded graphs: a checker that writes their layers out again and finds the graph they came from.

In a folded graph one layer stands, over an axis of length K, for layers that were written out. The
checker resolves every equation of it, at every layer, to an equation of the graph as it was
written: what is carried to the first layer is what is outside, what is carried to another one is of
the layer before, and what is read of the last layer is of the last layer. If that gives each
written equation once, with the same primitive, domain and reads, then the folded graph unrolls for
that K to the same graph, up to the names of equations and up to shifts and finals along the layers,
which are views, and take no step, no operation and no parameter. So a formula of the folded graph
that holds at K is a formula of the written one.

It knows nothing of how the layers were found.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ...graphs.folding import Folding
from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final, Shift
from ...graphs.relations import Relation
from ...graphs.sizes import at_least, size
from .errors import ProofError


@dataclass(frozen=True, slots=True)
class FoldedCertificate:
    """A certificate about a folded graph, with the folding that it is about."""

    folding: Folding
    certificate: Any


def check_folding(graph: Graph, folding: Folding) -> None:
    """Verify that a folded graph, its axis written out, is the graph.

    Raises
    ------
    ProofError
        Naming the equation that is missing, twice, or different.
    """
    axis = _axis(graph, folding)
    for equation in folding.graph:
        for read in equation.reads:
            if read.source not in folding.graph.equations:
                raise ProofError(f"{equation.name}: there is no {read.source} to read")
        if _is_view(equation, axis):
            (_check_final if isinstance(equation.primitive, Final) else _check_carry)(
                folding.graph, equation, axis
            )
    written = _written(folding, axis)
    found: Counter[str] = Counter()
    for equation in folding.graph:
        if not _is_view(equation, axis):
            _check_equation(graph, equation, axis, written)
            found.update(written[equation.name])
    for name in graph.equations:
        if found[name] != 1:
            raise ProofError(f"{name}: expected to be written once, not {found[name]} times")
    outputs = tuple(name for output in folding.graph.outputs for name in written.get(output, ()))
    if folding.graph.inputs != graph.inputs or outputs != graph.outputs:
        raise ProofError(f"expected the inputs and outputs of {graph.name}")


def check_activity(graph: Graph, folding: Folding) -> None:
    """Verify that gradients pass the same equations in all layers, as they do in the folded one.

    Then what the backward pass reads of the forward pass is the same in all layers. The first layer
    is differentiated apart where nothing that is carried into it depends on a parameter.

    Raises
    ------
    ProofError
        Naming an equation that needs a gradient in some layers only.
    """
    axis = _axis(graph, folding)
    true, claimed = _active(graph), _active(folding.graph)
    written = _written(folding, axis)
    carried = [e.reads[1].source for e in folding.graph if _is_view(e, axis)]
    apart = not any(source in claimed for source in carried)
    for equation in folding.graph:
        if _is_view(equation, axis):
            continue
        for name in written[equation.name][int(apart and equation.has(axis.name)) :]:
            if (name in true) != (equation.name in claimed):
                raise ProofError(f"{name}: needs a gradient in some of its layers only")


def _active(graph: Graph) -> set[str]:
    """Return the equations that a gradient passes on its way to a parameter (or to an input).

    They depend on one, and an output depends on them, by reads that let a gradient pass.
    """
    readers: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for equation in graph:
        for place, read in enumerate(equation.reads):
            if equation.primitive.passes(place) and not _is_idle(graph, equation, read):
                readers.setdefault(read.source, []).append(equation.name)
                sources.setdefault(equation.name, []).append(read.source)
    behind = _reached(sources, graph.outputs)
    given = [e.name for e in graph.of("parameter")] or list(graph.inputs)
    return behind & _reached(readers, [name for name in given if name in behind] or given)


def _is_idle(graph: Graph, equation: Equation, read: Read) -> bool:
    """Whether a read is for an axis without positions only, and the axis always has some."""
    primitive = equation.primitive
    if not isinstance(primitive, Final) or not read.boundary:
        return False
    return at_least(graph.axes[primitive.axis].extent, 1)


def _reached(edges: Mapping[str, list[str]], names: Iterable[str]) -> set[str]:
    found = set(names)
    pending = list(found)
    while pending:
        new = [name for name in edges.get(pending.pop(), ()) if name not in found]
        found.update(new)
        pending.extend(new)
    return found


def _axis(graph: Graph, folding: Folding) -> Axis:
    """Return the axis, whose name and size nothing in the graph has."""
    axis = folding.graph.axes.get(folding.axis)
    if axis is None or axis != Axis(folding.axis, size(folding.axis), "layer"):
        raise ProofError(f"expected a layer axis {folding.axis} of as many layers, got {axis}")
    if axis.name in graph.axes or axis.name in graph.free_sizes:
        raise ProofError(f"{axis.name}: the graph has a size or an axis of this name itself")
    if folding.depth < 2:
        raise ProofError(f"expected at least two layers, got {folding.depth}")
    return axis


def _is_view(equation: Equation, axis: Axis) -> bool:
    primitive = equation.primitive
    return isinstance(primitive, Shift | Final) and primitive.axis == axis.name


def _outside(equation: Equation, axis: Axis) -> tuple[Axis, ...]:
    """Return the domain of an equation in one layer."""
    return tuple(a for a in equation.domain if a != axis)


def _check_carry(folded: Graph, equation: Equation, axis: Axis) -> None:
    """Verify that an equation is, without a step, one of the layer before or one outside."""
    new, old = equation.reads if len(equation.reads) == 2 else (Read(""), Read(""))
    right = (
        equation.primitive == Shift(axis.name, step=False)
        and new == Read(new.source, Relation.shift(1), axis.name)
        and old == Read(old.source, boundary=True)
        and folded[new.source].has(axis.name)
        and not folded[old.source].has(axis.name)
    )
    if not right:
        raise ProofError(f"{equation.name}: expected a shift by one layer, or from outside")
    before, outside = folded[new.source], folded[old.source]
    same = before.domain == equation.domain and outside.features == equation.features
    if not same or not set(outside.positions) <= set(equation.positions):
        raise ProofError(f"{equation.name}: expected the domains of {new.source} and {old.source}")


def _check_final(folded: Graph, equation: Equation, axis: Axis) -> None:
    """Verify that an equation is one of the last layer, and without layers what is carried in."""
    last, *rest = equation.reads or (Read(""),)
    if last != Read(last.source, Relation.last(), axis.name):
        raise ProofError(f"{equation.name}: expected to read the last layer")
    carried = (Read(last.source, Relation.shift(1), axis.name), *rest)
    if not any(e.reads == carried for e in folded if _is_view(e, axis)):
        raise ProofError(f"{equation.name}: expected what is carried from layer to layer")
    if equation.domain != _outside(folded[last.source], axis):
        raise ProofError(f"{equation.name}: expected the domain of {last.source}")


def _written(folding: Folding, axis: Axis) -> dict[str, tuple[str, ...]]:
    """Return the written equations of each folded one: one for each layer, or one outside."""
    folded = folding.graph
    found: dict[str, tuple[str, ...]] = {}
    for equation in folded:
        if not _is_view(equation, axis):
            inside = equation.has(axis.name)
            found[equation.name] = (
                folding.layers.get(equation.name, ()) if inside else (equation.name,)
            )
            if len(found[equation.name]) != (folding.depth if inside else 1):
                raise ProofError(f"{equation.name}: expected {folding.depth} layers of it")

    def follow(name: str, above: frozenset[str] = frozenset()) -> tuple[str, ...]:
        if name in above:
            raise ProofError(f"{name}: is carried around without being computed")
        if name not in found:
            new, old = (follow(r.source, above | {name}) for r in folded[name].reads)
            final = isinstance(folded[name].primitive, Final)
            found[name] = new[-1:] if final else (*old, *new[:-1])
        return found[name]

    return {name: follow(name) for name in folded.equations}


_alike = operator.attrgetter(
    *(f.name for f in fields(Equation) if f.name not in {"name", "reads", "domain", "layer"})
)
"""What is compared as it is: everything but names and places."""


def _check_equation(
    graph: Graph, equation: Equation, axis: Axis, written: Mapping[str, tuple[str, ...]]
) -> None:
    """Verify an equation in all layers, or outside of them."""
    names, domain, own = written[equation.name], _outside(equation, axis), _alike(equation)
    columns = [written[read.source] for read in equation.reads]
    for column, read in zip(columns, equation.reads, strict=True):
        if read.axis == axis.name:
            raise ProofError(f"{equation.name}: only views read along {axis.name}")
        if len(column) not in {1, len(names)}:
            raise ProofError(f"{equation.name}: which layer of {read.source} it reads is not said")
    for layer, name in enumerate(names):
        if name not in graph.equations:
            raise ProofError(f"{name}: there is no such equation in {graph.name}")
        true = graph[name]
        if _alike(true) != own or true.domain != domain:
            raise ProofError(f"{name}: expected {true.primitive.name} over the same domain")
        sources = [column[layer if len(column) > 1 else 0] for column in columns]
        if sources != [r.source for r in true.reads] or not all(
            _is_same(read, other) for read, other in zip(equation.reads, true.reads, strict=True)
        ):
            expected = ", ".join(r.source for r in true.reads)
            raise ProofError(f"{name}: expected to read {expected} in the same way")


def _is_same(read: Read, other: Read) -> bool:
    """Whether two reads of the same source are the same."""
    return (
        read.axis == other.axis
        and read.boundary == other.boundary
        and (read.relation is other.relation or read.relation == other.relation)
    )
