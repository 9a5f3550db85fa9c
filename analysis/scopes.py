"""What is counted: the equations that a setting's scope takes in."""

from __future__ import annotations

from ..graphs.graph import Equation, Graph
from ..graphs.primitives import AssociativeScan, Fourier, LongConvolution
from ..graphs.schedule import loop_axes
from ..graphs.setting import Setting
from .sites import site


def counted(graph: Graph, setting: Setting) -> tuple[Equation, ...]:
    """Return the equations in scope: all of them, or those that mix positions.

    An equation mixes positions if it lies on a cycle along a sequence, combines slots (values
    gathered from several positions), or is an associative scan, a Fourier transform or a long
    convolution.
    """
    if setting.scope != "mixing":
        return tuple(graph)
    loops = loop_axes(graph)
    return tuple(e for e in graph if _mixes(graph, e, loops[e.name]))


def _mixes(graph: Graph, equation: Equation, looping: frozenset[str]) -> bool:
    if isinstance(equation.primitive, AssociativeScan | Fourier | LongConvolution):
        return True
    if any(graph.axes[name].kind == "sequence" for name in looping):
        return True
    read = site(graph, equation)
    return any(a.kind == "slot" for e in (equation, *read.sources) for a in e.features)
