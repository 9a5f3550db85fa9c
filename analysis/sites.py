"""Sites of a graph: every equation with what it reads, and its weight in a setting."""

from __future__ import annotations

import functools

from ..graphs.graph import Axis, Equation, Graph
from ..graphs.primitives import Site
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, ceil_div, minimum
from .proofs.errors import ProofError


def site(graph: Graph, equation: Equation) -> Site:
    """Return an equation together with the equations that it reads."""
    return Site(equation, tuple(graph[r.source] for r in equation.reads))


def weights(graph: Graph, setting: Setting) -> dict[str, Poly]:
    """Return the steps that each equation takes, in the setting's unit.

    Where only allowed pairs are computed, a reduction over slots takes as many steps as its widest
    position.
    """
    return {e.name: e.primitive.depth(_counting(graph, e, setting), setting) for e in graph}


def _counting(graph: Graph, equation: Equation, setting: Setting) -> Site:
    read = site(graph, equation)
    if setting.pairs != "masked":
        return read
    slots = {a for e in (equation, *read.sources) for a in e.features if a.relation is not None}
    nested = any(a.within is not None for a in slots)
    return Site(equation, read.sources, functools.partial(_widest, graph, nested=nested))


def _widest(graph: Graph, axis: Axis, *, nested: bool) -> Poly:
    """Return how many slots of an axis are inside the sequence at most, at one position.

    Raises
    ------
    ProofError
        For a relation that may leave out the position itself: there is no rule for it.
    """
    relation = axis.relation
    if relation is None or axis.along is None or relation.kind in {"last", "head", "stride"}:
        return axis.extent
    if nested:
        raise ProofError(f"how many of {axis.name} are read together with others has no rule")
    bounds = (relation.back, relation.ahead)
    if relation.kind not in {"first", "block"} and (
        relation.kind != "offsets" or not all(b is None or at_least(b, 0) for b in bounds)
    ):
        raise ProofError(f"how many positions {relation} reads has no rule")
    if not relation.bounded and relation.step == 1:
        return axis.extent  # at one end of the sequence, all positions
    if axis.along not in graph.axes:
        raise ProofError(f"how many positions {relation} reads of {axis.along} is not known here")
    extent = graph.axes[axis.along].extent
    if relation.kind in {"first", "block"}:
        return minimum(axis.extent, extent)
    return minimum(axis.extent, ceil_div(extent, relation.step))


def axis_of(graph: Graph, source: str, name: str | None) -> Axis | None:
    """Return a position axis of an equation by name; None if it has none of that name."""
    return next((a for a in graph[source].positions if a.name == name), None)
