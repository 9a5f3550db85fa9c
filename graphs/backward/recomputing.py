"""Recomputation: values that are not kept for the backward pass are computed again.

Chen et al. 2016, *Training Deep Nets with Sublinear Memory Cost*; Gruslys et al. 2016,
*Memory-Efficient Backpropagation Through Time*. What a recurrence or a stack carries from step to
step is kept; everything between is computed again from it, each step by itself.

>>> from ..models import CATALOGUE
>>> from ..tracing import trace
>>> lstm = checkpoint(trace(CATALOGUE["lstm"]), "n")
>>> [e.name for e in lstm if e.kept and e.primitive.name == "map"]
['layers.0.add_4', 'layers.0.multiply_3']
"""

from __future__ import annotations

from dataclasses import replace

from ..graph import Equation, Graph, GraphError, Read
from ..primitives import Seed, Shift
from ..primitives.base import View
from ..primitives.views import Source
from ..relations import Relation
from ..sizes import Poly, Sized, poly

AGAIN = "again."
"""What the names of values that are computed again start with."""


def checkpoint(graph: Graph, axis: str, *, every: Sized = 1) -> Graph:
    """Keep only what is carried along an axis; training computes the rest again.

    Parameters
    ----------
    axis
        The sequence of a recurrence (``n``), or the layers of a stack (``L``).
    every
        How many steps lie between two that are kept.

    Raises
    ------
    GraphError
        If nothing is carried along the axis.
    """
    shifts = [e for e in graph if isinstance(e.primitive, Shift) and e.primitive.axis == axis]
    carried = {base for e in shifts for base in bases(graph, e.reads[0].source)}
    if not carried:
        known = ", ".join(dict.fromkeys(e.primitive.axis for e in graph.of("shift")))  # type: ignore[attr-defined]
        raise GraphError(
            f"expected an axis along which {graph.name} carries something "
            f"({known or 'it has none'}), got {axis}"
        )
    inside = {e.name for e in graph if e.has(axis)}
    if poly(every) == 1:
        return without(graph, inside - carried)
    sparse = without(graph, inside)
    marked = {e.name: replace(e, kept=poly(every)) for e in shifts}
    return replace(sparse, equations={e.name: marked.get(e.name, e) for e in sparse})


def without(graph: Graph, names: set[str]) -> Graph:
    """Return the graph that does not keep the values of the equations that are named."""
    equations = {
        e.name: replace(e, kept=False)
        if e.name in names and not isinstance(e.primitive, Source)
        else e
        for e in graph
    }
    return replace(graph, equations=equations, source=None)


def bases(graph: Graph, name: str) -> set[str]:
    """Return the equations whose values a view shows; the equation itself if it is none."""
    found: set[str] = set()
    pending, seen = [name], {name}
    while pending:
        equation = graph[pending.pop()]
        if not isinstance(equation.primitive, View) or isinstance(equation.primitive, Source):
            found.add(equation.name)
            continue
        pending += [r.source for r in equation.reads if r.source not in seen]
        seen.update(r.source for r in equation.reads)
    return found


def recomputed(equations: dict[str, Equation]) -> dict[str, Equation]:
    """Let the backward pass read copies of what is not kept."""
    if all(e.kept is True for e in equations.values()):
        return equations
    found = dict(equations)
    shown = {name: _is_kept(equations, name) for name in equations}

    def again(name: str) -> str:
        """Return the name of the value that the backward pass reads."""
        equation = equations[name]
        if equation.phase != "forward" or shown[name]:
            return name
        copy = AGAIN + name
        if copy not in found:
            found[copy] = replace(equation, name=copy, phase="again")
            reads = _resumed(equation) if isinstance(equation.kept, Poly) else _read(equation)
            found[copy] = replace(found[copy], reads=reads)
        return copy

    def _resumed(shift: Equation) -> tuple[Read, ...]:
        """Carry what was computed again inside a block, and start each from what is kept."""
        carried = shift.reads[0]
        distance = carried.relation.distance
        if distance is None or distance.constant not in {1, -1}:
            raise GraphError(f"{shift.name}: expected a shift by one, to start from what is kept")
        assert isinstance(shift.kept, Poly)
        near = Relation.within(shift.kept, int(distance.constant))
        start = Read(shift.name, boundary=True)
        return replace(carried, source=again(carried.source), relation=near), start

    def _read(equation: Equation) -> tuple[Read, ...]:
        return tuple(replace(r, source=again(r.source)) for r in equation.reads)

    for equation in equations.values():
        if equation.phase == "backward" and not isinstance(equation.primitive, Seed):
            found[equation.name] = replace(equation, reads=_read(equation))
    return found


def _is_kept(equations: dict[str, Equation], name: str) -> bool:
    """Whether a value, or all values that a view shows, are there in the backward pass."""
    pending, seen = [name], {name}
    while pending:
        equation = equations[pending.pop()]
        if not isinstance(equation.primitive, View) or isinstance(equation.primitive, Source):
            if equation.kept is not True:
                return False
            continue
        if equation.kept is not True:
            return False
        pending += [r.source for r in equation.reads if r.source not in seen]
        seen.update(r.source for r in equation.reads)
    return True
