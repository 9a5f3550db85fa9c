"""Certificates of states: what is kept of which equation, and the checker that verifies it.

After n positions a value is kept if it was known from inputs and something later reads it. The
checker decides from the relations alone. A reader of offsets from ``-back`` to ``ahead`` times
``step`` sees position n - 1 - t from some later position exactly if ``t < step*back``: from
``n - 1 - t + step*back``, if from any. So what is kept are the last positions, and how many is
verified by cases. A view of values that are kept anyway does not count.

Sinks, and the marks and the block that a position reads, are kept besides the last positions; what is
kept of these is counted as the union of sets of positions, see :func:`union`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.primitives import Final, Gather, Shift, View
from ....graphs.primitives.views import Source
from ....graphs.sizes import Poly, Sized, at_least, ceil_div, maximum, minimum, poly, size
from ...causality import causal, on_inputs, output_sequence
from ...memory import once
from ..cases import vanishes
from ..counting.layers import check_layers
from ..errors import ProofError

Count: TypeAlias = tuple[Poly, Poly]
"""How many of the last positions: in the first layer, and in all others."""

NOTHING: Count = (poly(0), poly(0))


PATTERNS = frozenset({"sinks", "marks", "block_prefix"})
"""Kinds of relations for which what is kept are not the last positions."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is claimed of one equation."""

    name: str
    positions: Poly
    """How many of the last positions later ones read; 1 for what has no position."""
    counted: Count
    """How many of them are no views of what is kept anyway."""
    total: Poly
    """The scalars of those, in all layers."""


@dataclass(frozen=True, slots=True)
class StateCertificate:
    """Everything that the checker needs to verify a state."""

    kept: tuple[Kept, ...]
    formula: Poly


def check_state(graph: Graph, certificate: StateCertificate) -> None:
    """Verify a certificate for all sizes of at least one.

    Raises
    ------
    ProofError
        If something that is read later is missing, or an interval or a sum is wrong.
    """
    reason = causal(graph)
    if reason is not None:
        raise ProofError(reason)
    names = [k.name for k in certificate.kept]
    expected = frontier(graph)
    if sorted(names) != sorted(expected):
        wrong = min((set(names) ^ set(expected)) or set(names))
        raise ProofError(f"{wrong}: is missing, twice, or not read by later positions")
    positions = {k.name: k.positions for k in certificate.kept}
    for kept in certificate.kept:
        equation, reads = graph[kept.name], expected[kept.name]
        start = start_of(graph, kept.name)
        if scattered(reads):
            _check_union(graph, equation, reads, kept.positions, start)
        else:
            _check_interval(graph, equation, reads, kept.positions, start)
        true = uncovered(graph, equation, positions)
        for claimed, value in zip(kept.counted, true, strict=True):
            if not vanishes(claimed - value):
                raise ProofError(
                    f"{kept.name}: {value} positions are no views of what is kept, not {claimed}"
                )
        _check_total(equation, kept)
    if not vanishes(certificate.formula - sum((k.total for k in certificate.kept), poly(0))):
        raise ProofError(f"the sum is not {certificate.formula}")


def _check_interval(
    graph: Graph, equation: Equation, reads: tuple[Read, ...], claimed: Poly, start: int
) -> None:
    """Verify that exactly the last ``claimed`` known positions are read later."""
    along = sequence(graph)
    if equation.sequence != along:
        if claimed != 1:
            raise ProofError(f"{equation.name}: expected all of it to be kept")
        return
    known = maximum(size(along.name) - start, 0)
    reaches = [reach(read) for read in reads]
    if not no_more(claimed, known):
        raise ProofError(f"{equation.name}: {claimed} positions are more than are known")
    bounded = [r for r in reaches if r is not None]
    if len(bounded) == len(reaches) and not no_more(claimed, _farthest(bounded)):
        raise ProofError(f"{equation.name}: not all of the last {claimed} positions are read later")
    for r in reaches:
        if not vanishes(claimed - maximum(claimed, known if r is None else minimum(r, known))):
            raise ProofError(
                f"{equation.name}: more than the last {claimed} positions are read later"
            )


def _check_union(
    graph: Graph, equation: Equation, reads: tuple[Read, ...], claimed: Poly, start: int
) -> None:
    """Verify how many positions are read later through relations of which some are patterns."""
    if equation.sequence != sequence(graph) or start != 0:
        raise ProofError(
            f"{equation.name}: what later positions read of it in patterns has no rule"
        )
    true = union(equation, reads, size(sequence(graph).name))
    if not vanishes(claimed - true):
        raise ProofError(f"{equation.name}: {true} positions are read later, not {claimed}")


def scattered(reads: tuple[Read, ...]) -> bool:
    """Whether later positions read others than the last ones."""
    return any(read.relation.kind in PATTERNS for read in reads)


def union(equation: Equation, reads: tuple[Read, ...], n: Poly) -> Poly:
    """Return how many of the first n positions later ones read, through several relations.

    A sink is read by all positions that lie far enough behind it, so that the first ``s`` are kept,
    and of the last ``r`` those that are none of them: of two sets of ``a`` and ``b`` of n positions,
    one from either end, at least ``a + b - n`` are in both. Position n is in block ``p`` of ``c``, with
    ``n - c p`` positions before it in that block, all of which it reads or others of the block do; of
    each of the p blocks before, the last ``s`` are marks, which all positions after the block read.

    Raises
    ------
    ProofError
        If the relations are none of these together.
    """
    kinds = {read.relation.kind for read in reads}
    if kinds <= {"sinks", "offsets"}:
        first = minimum(n, _only(equation, {r.relation.size for r in reads if _kind(r, "sinks")}))
        reaches = [reach(r) for r in reads if _kind(r, "offsets")]
        bounded = [r for r in reaches if r is not None]
        if len(bounded) < len(reaches):
            return n
        last = minimum(n, _farthest(bounded)) if bounded else poly(0)
        return first + last - maximum(first + last - n, 0)
    if "block_prefix" in kinds and kinds <= {"block_prefix", "marks"}:
        block = {r.relation.size for r in reads if _kind(r, "block_prefix")}
        block |= {r.relation.step for r in reads if _kind(r, "marks")}
        c = _only(equation, block)
        marks = {r.relation.size for r in reads if _kind(r, "marks")}
        s = _only(equation, marks) if marks else poly(0)
        if not at_least(c, s):
            raise ProofError(
                f"{equation.name}: marks of {s} may be longer than their blocks of {c}"
            )
        before = ceil_div(n + 1, c) - 1
        return n - c * before + s * before
    raise ProofError(f"{equation.name}: what is kept for {', '.join(sorted(kinds))} has no rule")


def _kind(read: Read, kind: str) -> bool:
    return read.relation.kind == kind


def _only(equation: Equation, sizes: set[Poly]) -> Poly:
    if len(sizes) != 1:
        raise ProofError(f"{equation.name}: it is read through patterns of several sizes")
    return next(iter(sizes))


def _farthest(reaches: list[Poly]) -> Poly:
    """What one reader sees of the last positions is part of what a farther one does."""
    farthest = reaches[0]
    for other in reaches[1:]:
        farthest = maximum(farthest, other)
    return farthest


def no_more(claimed: Poly, limit: Poly) -> bool:
    """Whether a count is certain not to exceed a limit."""
    return vanishes(claimed - minimum(claimed, limit))


def _check_total(equation: Equation, kept: Kept) -> None:
    first, others = (c * equation.scalars for c in kept.counted)
    layers = [a for a in equation.positions if a.kind == "layer"]
    if equation.sequence is None or kept.counted[0] == kept.counted[1]:
        check_layers(equation, kept.total, first)
    elif len(layers) != 1 or layers[0].position in (first + others).sizes:
        raise ProofError(f"{equation.name}: layers differ in what is kept of them")
    elif not vanishes(kept.total - first - others * (layers[0].extent - 1)):
        raise ProofError(f"{equation.name}: the layers do not add up to {kept.total}")


# --- what is read later ---------------------------------------------------------------------------


@once
def sequence(graph: Graph) -> Axis:
    """Return the output's sequence axis, whose length must be a size."""
    along = output_sequence(graph)
    if along is None or along.extent != size(along.name):
        raise ProofError(
            f"expected the outputs' sequence to have a size as its length, got {along}"
        )
    return along


@once
def frontier(graph: Graph) -> dict[str, tuple[Read, ...]]:
    """Return, by equation, the reads through which later positions see values known before."""
    along, dependent = sequence(graph), on_inputs(graph)
    found: dict[str, list[Read]] = {}
    for equation in graph:
        if equation.sequence != along:
            continue
        for read in equation.reads:
            source = graph[read.source]
            if source.name not in dependent or read.boundary:
                continue
            if source.sequence == along and (read.axis != along.name or _at_once(read)):
                continue
            found.setdefault(source.name, []).append(read)
    return {name: tuple(reads) for name, reads in found.items()}


def _at_once(read: Read) -> bool:
    """Whether a position is read by nobody but itself."""
    return read.relation.kind not in PATTERNS and reach(read) == 0


def reach(read: Read) -> Poly | None:
    """Return how many of the last positions later ones read; None for all of them."""
    relation = read.relation
    if not relation.causal:
        raise ProofError(f"{read.source}: it is read by {relation}, which is not causal")
    if relation.kind not in {"offsets", "within"}:
        raise ProofError(f"{read.source}: how long {relation} keeps a position has no rule")
    if read.axis is not None and relation.back is not None and read.axis in relation.back.sizes:
        raise ProofError(f"{read.source}: {relation} is as wide as a sequence that goes on")
    return None if relation.back is None else relation.back * relation.step


def start_of(graph: Graph, name: str) -> int:
    """Return the first position at which an equation depends on an input.

    Raises
    ------
    ProofError
        If layers differ in it, or it is no number.
    """
    low, high = starts(graph)
    if name not in low or low[name] != high.get(name):
        raise ProofError(f"{name}: the position from which it knows an input is no number")
    return low[name]


@once
def starts(graph: Graph) -> tuple[dict[str, int], dict[str, int]]:
    """Bound the first position at which each equation depends on an input, from below and above.

    Ways whose delay is no number are taken for as short as they may be, and are left out.

    Raises
    ------
    ProofError
        If layers differ in it.
    """
    found = _first_known(graph, every=True), _first_known(graph, every=False)
    along = sequence(graph)
    for equation in graph:
        if isinstance(equation.primitive, Shift) and equation.primitive.axis != along.name:
            known = [r.source for r in equation.reads if r.source in found[0]]
            layers = {start.get(name) for start in found for name in known}
            if len(layers) > 1:
                raise ProofError(
                    f"{equation.name}: layers differ in the position from which they know an input"
                )
    return found


def _first_known(graph: Graph, *, every: bool) -> dict[str, int]:
    along = sequence(graph)
    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(graph.equations)
    for equation in graph:
        for read in equation.reads:
            delay, exact = _delay(read, along)
            if not exact and not every:
                continue
            before = digraph.get_edge_data(read.source, equation.name, {"delay": delay})["delay"]
            digraph.add_edge(read.source, equation.name, delay=min(delay, before))
    found: dict[str, int] = nx.multi_source_dijkstra_path_length(
        digraph, set(graph.inputs), weight="delay"
    )
    return found


def _delay(read: Read, along: Axis) -> tuple[int, bool]:
    """Return how far back a position reads at least, and whether that is a number that is known."""
    if read.axis != along.name or read.boundary:
        return 0, True
    if read.relation.kind in {"sinks", "marks"}:
        return 0, False
    ahead = read.relation.ahead
    distance = poly(0) if ahead is None else -ahead * read.relation.step
    if distance.constant is None:
        return 0, False
    return max(0, int(distance.constant)), True


# --- views ----------------------------------------------------------------------------------------


def uncovered(graph: Graph, equation: Equation, kept: Mapping[str, Poly]) -> Count:
    """Return how many of the kept positions are no views of what is kept anyway."""
    own, seen = kept[equation.name], _through_view(graph, equation, kept, frozenset())
    if scattered(frontier(graph)[equation.name]):
        if seen != NOTHING:
            raise ProofError(
                f"{equation.name}: a view, of which others than the last positions are kept"
            )
        return own, own
    return own - minimum(own, seen[0]), own - minimum(own, seen[1])


def _available(graph: Graph, name: str, kept: Mapping[str, Poly], above: frozenset[str]) -> Count:
    """How many of the last positions are kept, themselves or as what they view."""
    own = kept.get(name, poly(0))
    if name in kept and scattered(frontier(graph)[name]):
        raise ProofError(f"{name}: it is viewed, and others than its last positions are kept")
    if graph[name].sequence != sequence(graph) and name in kept:
        own = size(sequence(graph).name)
    seen = NOTHING if name in above else _through_view(graph, graph[name], kept, above)
    return maximum(own, seen[0]), maximum(own, seen[1])


def _through_view(
    graph: Graph, equation: Equation, kept: Mapping[str, Poly], above: frozenset[str]
) -> Count:
    primitive, along = equation.primitive, sequence(graph)
    if not isinstance(primitive, View) or isinstance(primitive, Source):
        return NOTHING
    dependent, inside = on_inputs(graph), above | {equation.name}
    reads = [r for r in equation.reads if r.source in dependent]
    counts = [_available(graph, r.source, kept, inside) for r in reads]
    if not counts or all(c == NOTHING for c in counts):
        return NOTHING
    if (
        isinstance(primitive, Gather)
        or len([a for a in equation.positions if a.kind == "layer"]) > 1
    ):
        raise ProofError(f"{equation.name}: a view of values that are kept in part")
    if isinstance(primitive, Shift) and primitive.axis != along.name:
        (_, others), (first, _) = counts if len(counts) == 2 else (counts[0], NOTHING)
        return first, others
    if isinstance(primitive, Final):
        if counts[0][0] != counts[0][1]:
            raise ProofError(f"{equation.name}: a view of the last of layers that differ")
        return counts[0]
    lost: Sized = 0 if not isinstance(primitive, Shift) else reach(reads[0]) or 0
    low = [_least([c[k] for c in counts]) for k in (0, 1)]
    return maximum(low[0] - lost, 0), maximum(low[1] - lost, 0)


def _least(counts: list[Poly]) -> Poly:
    total = counts[0]
    for count in counts[1:]:
        total = minimum(total, count)
    return total
