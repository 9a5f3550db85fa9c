"""Decoding: what the n-th token computes and moves if what earlier ones computed is kept.

Positions of the sequence are computed one at a time; of each array that earlier positions hold, so
many words are read as the relations on the way reach from the last position.
"""

from __future__ import annotations

from ...graphs.graph import Axis, Equation, Graph, product
from ...graphs.primitives import Gather, Lookup, Parameter, Shift
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, maximum, poly
from ..causality import causal
from ..counting.counts import decode_work
from ..counting.position_sums import last_row
from ..proofs.errors import ProofError
from ..proofs.parts import Cut, components
from ..proofs.slots import instance, relation_of
from ..proofs.state import sequence
from ..proofs.timetable import timetable
from ..proofs.ways import Path, along, computes
from .operations import OperationError, Run, loops_of, required


def decoded(graph: Graph) -> tuple[tuple[Run, ...], str]:
    """Return what runs for the n-th token of a causal graph whose scans are loops, and the axis n.

    Raises
    ------
    OperationError
        If the model is not causal, or what a token reads has no rule.
    """
    reason = causal(graph)
    if reason is not None:
        raise OperationError(f"{graph.name}: {reason}")
    counts = required(graph, decode_work(graph, Setting())).certificate
    totals = {c.name: c.total for c in counts.equations}
    try:
        own = sequence(graph)
        runs = tuple(
            _run(graph, graph[name], own, totals[name])
            for name in _in_order(graph)
            if graph[name].sequence == own
        )
    except ProofError as error:
        raise OperationError(f"{graph.name}: {error}") from None
    return runs, own.name


def _in_order(graph: Graph) -> list[str]:
    """Return what computes, in the order in which it runs."""
    return [m.name for m in timetable(graph).moments if m.kind == "run" and computes(graph[m.name])]


def _run(graph: Graph, equation: Equation, own: Axis, work: Poly) -> Run:
    loops = loops_of(graph, equation.name)
    outer = tuple(axis for _, axis in loops if axis != own.name)
    launches = product(graph.axes[axis].extent for axis in outer)
    reads: dict[str, dict[tuple[Cut | None, Poly], Poly]] = {}
    cached: dict[str, dict[tuple[Cut | None, Poly], Poly]] = {}
    for read in equation.reads:
        for path in along(graph, equation, read, exact=True):
            found = _taken(graph, path, own, outer)
            if found is None:
                continue
            base, earlier, cut, words, back = found
            into = (cached if earlier else reads).setdefault(base, {})
            key = (cut, back)
            into[key] = words if key not in into else _larger(into[key], words)
    written = product(_length(graph, a, own) for a in equation.features) * product(
        a.extent for a in equation.positions if a != own
    )
    return Run(
        equation,
        loops,
        launches,
        work,
        {base: _total(found) for base, found in reads.items()},
        {base: _total(found) for base, found in cached.items()},
        written,
    )


def _total(found: dict[tuple[Cut | None, Poly], Poly]) -> Poly:
    total = poly(0)
    for words in found.values():
        total = total + words
    return total


def _larger(one: Poly, other: Poly) -> Poly:
    return one if at_least(one, other) else maximum(one, other)


def _taken(
    graph: Graph, path: Path, own: Axis, loops: tuple[str, ...]
) -> tuple[str, bool, Cut | None, Poly, Poly] | None:
    """Return what a path reads: the array, whether of earlier positions, which part, how much."""
    base, views, hops = path.base, path.hops[1:], path.hops
    for k, hop in enumerate(hops):
        reader = graph[hop.reader]
        if isinstance(reader.primitive, Lookup) and hop.read == reader.reads[1]:
            base, views, hops = reader.name, path.hops[1:k], path.hops[: k + 1]
            break
    positions, back, earlier, repeats = (
        poly(1),
        poly(0),
        False,
        {a: graph.axes[a].extent for a in loops},
    )
    ends: set[str] = set()
    for hop in hops:
        reader, relation = graph[hop.reader], hop.read.relation
        if relation.kind in {"last", "head"} and hop.read.axis != own.name:
            ends.add(str(hop.read.axis))
            continue
        if hop.read.boundary:
            axis = getattr(reader.primitive, "axis", None)
            if axis == own.name:
                return None
            repeats[str(axis)] = poly(1)
        elif isinstance(reader.primitive, Shift) and reader.primitive.axis in repeats:
            repeats[reader.primitive.axis] = repeats[reader.primitive.axis] - 1
        if hop.read.axis == own.name and relation.kind == "offsets":
            distance = relation.distance
            if distance is not None:
                back = back + distance
                earlier = earlier or distance != 0
            elif isinstance(reader.primitive, Gather):
                slot = next(a for a in reader.features if a.relation == relation)
                positions = positions * instance(graph, slot, last_row(relation_of(slot)))
                earlier = True
            else:
                raise ProofError(f"{reader.name}: how much {relation} reads has no rule")
        elif hop.read.axis == own.name and relation.kind not in {"offsets"}:
            raise ProofError(
                f"{reader.name}: how much {relation} reads at one position has no rule"
            )
        elif hop.read.axis is not None and hop.read.axis not in repeats:
            other = graph.axes[hop.read.axis]
            if other.kind == "sequence" and isinstance(reader.primitive, Gather):
                positions = positions * other.extent
    source = graph[base]
    if isinstance(source.primitive, Parameter):
        earlier = False
    found = components(graph, base, views)
    if found is None:
        return None
    cut = found.cut
    axes = source.features if cut is None else graph[cut.view].features[:-1]
    each = product(_length(graph, a, own) for a in axes) * (1 if cut is None else cut.extent)
    layers = product(
        a.extent
        for a in source.positions
        if a.kind == "layer" and a.name not in repeats and a.name not in ends
    )
    if isinstance(source.primitive, Parameter):
        positions = poly(1)
    return base, earlier, cut, each * positions * layers * product(repeats.values()), back


def _length(graph: Graph, axis: Axis, own: Axis) -> Poly:
    """Return how many indices of an axis there are at the last position."""
    if axis.relation is None or axis.along != own.name:
        return axis.extent
    return instance(graph, axis, last_row(relation_of(axis)))
