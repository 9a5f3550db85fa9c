"""Decoding: what the n-th token computes and moves if what earlier ones computed is kept.

Positions of the sequence are computed one at a time; of each array that earlier positions hold, so
many words are read as the relations on the way reach from the last position. Initial values are
behind: what a state starts from is counted as read no more, and the state itself from the start.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> runs, along = decoded(trace(CATALOGUE["causal_attention"], L="L"))
>>> [(base.rpartition(".")[2], str(p.words)) for r in runs for base, (p,) in r.cached.items()]
[('add_2', 'L*d*n'), ('add_3', 'L*d*n')]
"""

from __future__ import annotations

from ...graphs.graph import Axis, Equation, Graph, product
from ...graphs.primitives import Gather, Lookup, Parameter, Shift
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, maximum, poly
from ..causality import causal
from ..counting.counts import decode_work
from ..counting.position_sums import last_row
from ..proofs.counting.slots import instance, relation_of
from ..proofs.errors import ProofError
from ..proofs.storage.parts import components
from ..proofs.storage.state import sequence
from ..proofs.storage.timetable import timetable
from ..proofs.storage.ways import Hop, Path, along, computes
from .operations import OperationError, Part, Run, loops_of, required


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
    reads: dict[str, dict[str, Part]] = {}
    cached: dict[str, dict[str, Part]] = {}
    for read in equation.reads:
        for path in along(graph, equation, read, exact=True):
            found = _Walk(graph, own, outer).taken(path)
            if found is not None:
                base, earlier, part = found
                into = (cached if earlier else reads).setdefault(base, {})
                into[part.seen] = _larger(into.get(part.seen, part), part)
    written = product(_length(graph, a, own) for a in equation.features) * product(
        a.extent for a in equation.positions if a != own
    )
    return Run(
        equation,
        loops,
        launches,
        work,
        {base: tuple(parts.values()) for base, parts in reads.items()},
        {base: tuple(parts.values()) for base, parts in cached.items()},
        written,
    )


def _larger(one: Part, other: Part) -> Part:
    """Return what two relations see of one array: the nearer positions are among the farther."""
    if at_least(one.words, other.words):
        return one
    return Part(maximum(one.words, other.words), one.seen, one.axes | other.axes)


class _Walk:
    """One path from an operation at the last position to an array."""

    def __init__(self, graph: Graph, own: Axis, loops: tuple[str, ...]) -> None:
        self.graph, self.own = graph, own
        self.times = {axis: graph.axes[axis].extent for axis in loops}
        """By axis: in how many iterations, or at how many of its positions, it is read."""
        self.positions, self.back = poly(1), poly(0)
        self.earlier = False
        self.carried: set[str] = set()

    def taken(self, path: Path) -> tuple[str, bool, Part] | None:
        """Return the array, whether earlier calls kept it, and what is read; None for nothing."""
        base, views, hops = path.base, path.hops[1:], path.hops
        for k, hop in enumerate(path.hops):
            reader = self.graph[hop.reader]
            if isinstance(reader.primitive, Lookup) and hop.read == reader.reads[1]:
                base, views, hops = reader.name, path.hops[1:k], path.hops[:k]  # a row a number
                break
        if not all(self._passes(hop) for hop in hops):
            return None
        source, shown = self.graph[base], components(self.graph, base, views)
        if shown is None:
            return None
        is_weight, cut = isinstance(source.primitive, Parameter), shown.cut
        axes = source.features if cut is None else self.graph[cut.view].features[:-1]
        each = product(_length(self.graph, a, self.own) for a in axes)
        each = each * (1 if cut is None else cut.extent) * (1 if is_weight else self.positions)
        layers = {a.name: a.extent for a in source.positions if a.kind == "layer"}
        words = each * product({**layers, **self.times}.values())
        seen = f"{cut} {self.back} {[str(t) for t in self.times.values()]}"
        return base, self.earlier and not is_weight, Part(words, seen, frozenset(self.carried))

    def _passes(self, hop: Hop) -> bool:
        """Follow one read; False if it reads nothing at the last position."""
        reader, relation = self.graph[hop.reader], hop.read.relation
        axis, view = hop.read.axis, reader.primitive
        if hop.read.boundary:
            start = str(getattr(view, "axis", None))
            self.times[start] = poly(1)
            return start != self.own.name
        if axis == self.own.name:
            self._along(reader, relation)
        elif relation.kind in {"last", "head"}:
            self.times[str(axis)] = poly(1)
        elif isinstance(view, Shift) and view.axis in self.times:
            self.times[view.axis] = self.times[view.axis] - 1
            self.carried.add(view.axis)
        elif isinstance(view, Gather) and axis is not None:
            self.positions = self.positions * self.graph.axes[axis].extent
        return True

    def _along(self, reader: Equation, relation: Relation) -> None:
        """Follow a read along the sequence whose positions are computed one at a time."""
        distance = relation.distance if relation.kind == "offsets" else None
        if distance is not None:
            self.back = self.back + distance
            self.earlier = self.earlier or distance != 0
        elif relation.kind == "offsets" and isinstance(reader.primitive, Gather):
            slot = next(a for a in reader.features if a.relation == relation)
            reached = instance(self.graph, slot, last_row(relation_of(slot)))
            self.positions, self.earlier = self.positions * reached, True
        else:
            raise ProofError(f"{reader.name}: how much {relation} reads at a position has no rule")


def _length(graph: Graph, axis: Axis, own: Axis) -> Poly:
    """Return how many indices of an axis there are at the last position."""
    if axis.relation is None or axis.along != own.name:
        return axis.extent
    return instance(graph, axis, last_row(relation_of(axis)))
