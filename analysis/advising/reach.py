"""How far an output sees: back and ahead, as formulas from certified pieces.

>>> from ..api import graph_of
>>> reach(graph_of("causal_windowed_attention")).text
'w - 1 positions back'
>>> reach(graph_of("lstm")).text
'all positions before'
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ...graphs.graph import Graph, Read
from ...graphs.schedule import loop_axes
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, poly
from ..causality import on_inputs, output_sequence
from ..derivation import Derivation
from ..deriving import derive
from ..memory import once
from ..proofs.errors import ProofError
from ..proofs.paths.lengths import FieldCertificate, connected, reaches


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back and ahead an output depends on inputs of its own sequence."""

    back: Poly | None = None
    """None: all positions before, or not known."""
    ahead: Poly | None = None
    """None: all positions after, or not known."""
    text: str = ""
    evidence: tuple[str, ...] = ()
    reason: str = ""
    """Why it is not known; empty if it is."""

    @property
    def bounded(self) -> bool:
        """Whether both are known and neither is everything."""
        return not self.reason and self.back is not None and self.ahead is not None


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far ahead relations read, added up along the ways to an output: a bound from above."""

    everything: str = ""
    """The equation that reads all later positions, if there is one."""
    most: Poly | None = None
    """The most positions; None if that is not known, or everything."""
    lines: tuple[str, ...] = ()


@once
def ahead(graph: Graph) -> Ahead:
    """Bound how far ahead an output reads, from the relations alone.

    On no way to an output is a read taken twice in one layer, unless a loop runs along the
    sequence; so the distances ahead are added up along the longest way, as often as there are
    layers.
    """
    along, dependent = output_sequence(graph), on_inputs(graph)
    if along is None:
        return Ahead("the outputs share no sequence")
    reads = [
        (e, r, _ahead(r))
        for e in graph
        for r in e.reads
        if r.source in dependent and r.axis == along.name and not r.boundary
    ]
    whole = next((e.name for e, r, far in reads if far is None and _endless(r)), "")
    if whole:
        return Ahead(whole, None, (f"{whole} reads all later positions",))
    looped = any(a == along.name for axes in loop_axes(graph).values() for a in axes)
    if looped or any(far is None for _, _, far in reads):
        return Ahead()
    lines = tuple(f"{e.name} reads {far} ahead: {r.relation}" for e, r, far in reads if far)
    return Ahead("", _longest(graph, along.name), lines)


def _endless(read: Read) -> bool:
    return read.relation.kind == "offsets" and read.relation.ahead is None


def _ahead(read: Read) -> Poly | None:
    """Return how far ahead of a position a read reaches at most; None if there is no rule."""
    relation = read.relation
    if relation.causal:
        return poly(0)
    if relation.kind == "offsets" and relation.ahead is not None:
        return maximum(relation.ahead * relation.step, 0)
    return relation.size - 1 if relation.kind == "block" else None


def _longest(graph: Graph, along: str) -> Poly | None:
    """Return the longest way in distances ahead, through every layer."""
    layers = [a.extent for a in graph.axes.values() if a.kind == "layer"]
    order: Any = nx.DiGraph()
    order.add_nodes_from(graph.equations)
    for equation in graph:
        for read in equation.reads:
            axis = None if read.axis is None else graph.axes.get(read.axis)
            if axis is None or axis.kind != "layer":  # else it is carried to the next layer
                far = _ahead(read) if read.axis == along else poly(0)
                known = order.get_edge_data(read.source, equation.name, {"far": poly(0)})["far"]
                order.add_edge(read.source, equation.name, far=maximum(known, far or 0))
    if not nx.is_directed_acyclic_graph(order):
        return None
    most = {name: poly(0) for name in order}
    for name in nx.topological_sort(order):
        for source, _, far in order.in_edges(name, data="far"):
            most[name] = maximum(most[name], most[source] + far)
    total = functools.reduce(maximum, (most[name] for name in graph.equations), poly(0))
    return functools.reduce(lambda a, b: a * b, layers, total)


@once
def reach(graph: Graph) -> Reach:
    """Read off the certificate of the receptive field how far an output sees."""
    found = derive("receptive_field", graph, Setting())
    if not isinstance(found.certificate, FieldCertificate):
        return _without_sides(graph, found)
    paths = found.certificate.paths
    backs: list[Poly | None] = []
    aheads: list[Poly | None] = []
    for name, output in connected(graph, paths):
        if graph[name].sequence != graph[output].sequence:
            continue  # another sequence, which is known beforehand
        pieces = paths.pieces[name][output]
        if any(p.side == 0 for p in pieces):
            back = ahead = None
        else:
            try:
                back, ahead = reaches(pieces, paths)
            except ProofError as error:
                return Reach(reason=str(error))
        backs.append(back)
        aheads.append(ahead)
    if not backs:
        return Reach(reason="no input shares the sequence of the outputs")
    back, ahead = _farthest(backs), _farthest(aheads)
    return Reach(back, ahead, _text(back, ahead), found.steps)


def _without_sides(graph: Graph, found: Derivation) -> Reach:
    """Where no certificate has pieces: a field of one position is a bound all the same."""
    if found.formula is None:
        return Reach(reason=found.reason or "no formula")
    return Reach(
        reason=f"{found.formula} positions reach an output, on which sides is not known",
        evidence=found.steps,
    )


def _farthest(distances: list[Poly | None]) -> Poly | None:
    most = poly(0)
    for distance in distances:
        if distance is None:
            return None
        most = maximum(most, distance)
    return most


def _text(back: Poly | None, ahead: Poly | None) -> str:
    if back is None and ahead is None:
        return "all positions"
    before = "all positions before" if back is None else f"{back} positions back"
    after = "all positions after" if ahead is None else f"{ahead} ahead"
    if ahead == 0:
        return before if back != 0 else "its own position only"
    return f"{before} and {after}"
