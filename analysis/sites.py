"""Sites of a graph: every equation with what it reads, and its weight in a setting."""

from __future__ import annotations

from ..graphs.graph import Axis, Equation, Graph
from ..graphs.primitives import Site
from ..graphs.setting import Setting
from ..graphs.sizes import Poly


def site(graph: Graph, equation: Equation) -> Site:
    """Return an equation together with the equations that it reads."""
    return Site(equation, tuple(graph[r.source] for r in equation.reads))


def weights(graph: Graph, setting: Setting) -> dict[str, Poly]:
    """Return the steps that each equation takes, in the setting's unit."""
    return {e.name: e.primitive.depth(site(graph, e), setting) for e in graph}


def axis_of(graph: Graph, source: str, name: str | None) -> Axis | None:
    """Return a position axis of an equation by name; None if it has none of that name."""
    return next((a for a in graph[source].positions if a.name == name), None)
