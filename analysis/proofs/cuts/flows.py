"""Flows through the past, and their checker: no cut is less than what they carry.

A flow says how much runs along each read, by the reader's position, and how much ends at a value
that later positions read. The checker verifies for every size and position that nothing is
negative, that nothing leaves the past, that what comes to a value goes on or ends there, and that
no value carries more than its scalars. It knows nothing of how a flow was found.

References
----------
Ford and Fulkerson 1956: a flow is at most a cut.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.primitives import Final, Shift
from ....graphs.sizes import Poly, Sized, at_least, poly, size, summed
from ..cases import UndecidedError, never_less, proper, regions, vanishes
from ..errors import ProofError
from ..positions import region
from ..storage.state import frontier, reach, sequence

Whole: TypeAlias = Mapping[str, Poly]
"""Sizes as products of others."""


@dataclass(frozen=True, slots=True)
class Arc:
    """What runs along one read."""

    reader: str
    read: int
    """Which of the reader's reads."""
    ahead: Poly
    """How many positions the reader is after the source."""
    amount: Poly
    """In scalars, by the reader's position."""


@dataclass(frozen=True, slots=True)
class Flow:
    """All arcs, where they end, and where they begin."""

    arcs: tuple[Arc, ...]
    ends: Mapping[str, Poly]
    """By equation, how much ends at a position."""
    begins: Mapping[str, Poly]
    """By input, how much begins at all positions before its position: a sum in closed form."""
    names: Mapping[str, Poly] = field(default_factory=dict)
    """Quantities of at least zero that amounts are written in, by names that end in ``_``."""

    def total(self, graph: Graph) -> Poly:
        """Return how much begins at all positions."""
        return summed(
            sum_.substitute({axis.position: axis.extent}).substitute(self.names)
            for name, sum_ in self.begins.items()
            for axis in [_sequence(graph[name])]
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of sizes: they are tried without their names' meaning first, then with it."""

    names: Mapping[str, Poly]
    whole: Whole

    def _readings(self, cost: Poly, given: Mapping[str, Sized]) -> Iterator[Poly]:
        yield cost.substitute(self.whole).substitute(given)
        if any(name in self.names for name in cost.sizes):
            yield cost.substitute(self.names).substitute(self.whole).substitute(given)

    def zero(self, cost: Poly, given: Mapping[str, Sized]) -> bool:
        """Whether a cost is certain to vanish."""
        return any(_vanishes(x) for x in self._readings(cost, given))

    def least(self, cost: Poly, given: Mapping[str, Sized], *, room: Poly | None = None) -> bool:
        """Whether a cost is certain to be at least zero, or at most the room."""
        if room is None:
            return any(_never_less(x, poly(0)) for x in self._readings(cost, given))
        inside = room.substitute(self.whole).substitute(given)
        return any(_never_less(inside, x) for x in self._readings(cost, given))


@functools.lru_cache(maxsize=1 << 12)
def _vanishes(cost: Poly) -> bool:
    return vanishes(cost)


@functools.lru_cache(maxsize=1 << 12)
def _never_less(cost: Poly, other: Poly) -> bool:
    return never_less(cost, [other])


def check_flow(graph: Graph, flow: Flow, whole: Whole) -> None:
    """Verify a flow for all sizes of at least one, with these sizes as products of others.

    Raises
    ------
    ProofError
        The message names the first equation where something is wrong.
    """
    known = Known(flow.names, whole)
    _check_names(graph, flow)
    for arc in flow.arcs:
        _check_arc(graph, arc, known)
    for name, end in flow.ends.items():
        _check_end(graph, graph[name], end, known)
    names = {arc.reader for arc in flow.arcs} | {_read(graph, arc).source for arc in flow.arcs}
    for name in sorted(names | set(flow.ends) | set(flow.begins)):
        for given in parts(graph[name]):
            _check_node(graph, flow, graph[name], given, known)
    for name, begun in flow.begins.items():
        _check_sum(graph, flow, graph[name], begun, known)


# --- nodes ----------------------------------------------------------------------------------------


def _check_node(
    graph: Graph, flow: Flow, equation: Equation, given: Mapping[str, Sized], known: Known
) -> None:
    """Verify that what comes goes on, and that it is no more than the scalars."""
    name = equation.name
    inside = name not in graph.inputs
    coming = summed(_coming(graph, arc, given) for arc in flow.arcs if arc.reader == name)
    going = summed(_going(graph, flow, equation))
    if inside:
        if not known.zero(coming - going, given):
            raise ProofError(f"{name}: {coming} comes, but {going} goes on or ends")
    elif name not in flow.begins:
        raise ProofError(f"{name}: expected the sum of what begins there")
    room = equation.scalars
    if not any(known.least(x, given, room=room) for x in (coming, going)[not inside :]):
        raise ProofError(f"{name}: {going} may be more than its {equation.scalars} scalars")


def parts(equation: Equation) -> Iterator[dict[str, Sized]]:
    """Yield the positions of an equation: those in the first layer, and all others."""
    layers = [a for a in equation.positions if a.kind == "layer"]
    if len(layers) > 1:
        raise ProofError(f"{equation.name}: no rule for layers inside of layers")
    inside = region(equation, {})
    if not layers:
        yield inside
        return
    (axis,) = layers
    for layer in (poly(0), size(axis.position) + 1):
        here = {
            name: poly(value).substitute({axis.position: layer}) for name, value in inside.items()
        }
        yield {**here, axis.position: layer}


def _coming(graph: Graph, arc: Arc, given: Mapping[str, Sized]) -> Poly:
    """Return what comes through an arc at the reader's position; nothing if it is not read there."""
    reader, read = graph[arc.reader], _read(graph, arc)
    axis = layer_of(reader)
    if axis is None:
        return arc.amount
    first = poly(given[axis.position]) == 0
    if from_below(graph, reader, read):
        return arc.amount if first else poly(0)
    return poly(0) if first and lower(graph, read) else arc.amount


def _going(graph: Graph, flow: Flow, equation: Equation) -> Iterator[Poly]:
    """Yield what leaves a value, by its own position."""
    if equation.name in flow.ends:
        yield flow.ends[equation.name]
    for arc in flow.arcs:
        reader, read = graph[arc.reader], _read(graph, arc)
        if read.source != equation.name:
            continue
        place: dict[str, Sized] = {}
        own, theirs = layer_of(equation), layer_of(reader)
        if theirs is not None and own is None:
            place[theirs.position] = poly(0)
        elif theirs is not None and lower(graph, read):
            place[theirs.position] = size(theirs.position) + 1
        if reader.sequence is not None:
            position = reader.sequence.position
            place[position] = size(position) + arc.ahead
        elif equation.sequence is not None:
            yield arc.amount.substitute(place) / equation.sequence.extent
            continue
        yield arc.amount.substitute(place)


def _check_sum(graph: Graph, flow: Flow, equation: Equation, begun: Poly, known: Known) -> None:
    """Verify by telescoping that so much begins before each position of an input."""
    axis, name = _sequence(equation), equation.name
    _check_symbols(equation, begun, known.names)
    if name not in graph.inputs:
        raise ProofError(f"{name}: expected an input where a flow begins")
    here = size(axis.position)
    growth = begun.substitute({axis.position: here + 1}) - begun
    going = summed(_going(graph, flow, equation))
    none = begun.substitute({axis.position: poly(0)})
    if not known.zero(none, {}):
        raise ProofError(f"{name}: {none} begins before the first position")
    if not known.zero(growth - going, region(equation, {})):
        raise ProofError(f"{name}: {begun} is not the sum of what begins")


# --- arcs -----------------------------------------------------------------------------------------


def _check_arc(graph: Graph, arc: Arc, known: Known) -> None:
    """Verify that the read is there, and that nothing runs where it leads out of the past."""
    reader, read = graph[arc.reader], _read(graph, arc)
    _check_symbols(reader, arc.amount, known.names)
    if not at_least(arc.ahead, 0) or any(name.endswith("_") for name in arc.ahead.sizes):
        raise ProofError(f"{arc.reader}: it reads {read.source} {arc.ahead} positions ahead")
    if isinstance(reader.primitive, Final) or not _allowed(graph, reader, read, arc.ahead):
        raise ProofError(f"{arc.reader}: no flow can take its read of {read.source} so")
    for given in parts(reader):
        if not known.least(arc.amount, given):
            raise ProofError(f"{arc.reader}: {arc.amount} may be negative")
    for where, outside in _outside(graph, reader, read, arc.ahead):
        if not known.zero(arc.amount, outside):
            raise ProofError(f"{arc.reader}: {arc.amount} comes {where}")


def _check_names(graph: Graph, flow: Flow) -> None:
    """Verify that names stand for quantities of at least zero, and for nothing else."""
    unknown = sorted({*flow.ends, *flow.begins} - graph.equations.keys())
    if unknown:
        raise ProofError(f"{unknown[0]}: there is no such equation")
    positions = {axis.position for axis in graph.axes.values()}
    for name, value in flow.names.items():
        fresh = name.endswith("_") and name not in positions
        if not fresh or any(s.endswith("_") for s in value.sizes) or not at_least(value, 0):
            raise ProofError(
                f"{name}: expected a name that ends in _ for at least zero, got {value}"
            )


def _check_symbols(equation: Equation, amount: Poly, names: Mapping[str, Poly]) -> None:
    """Verify that an amount goes by the positions of its equation alone."""
    own = {a.position for a in equation.positions} | names.keys()
    others = [name for name in amount.sizes if name.endswith("_") and name not in own]
    if others:
        raise ProofError(
            f"{equation.name}: {amount} goes by {others[0]}, which is not its position"
        )
    if not proper(amount):
        raise ProofError(f"{equation.name}: {amount} has a minimum that may be negative")


def _allowed(graph: Graph, reader: Equation, read: Read, ahead: Poly) -> bool:
    """Whether a position reads the one so far back, in the same layer or the one below."""
    source, along = graph[read.source], sequence(graph)
    if layer_of(source) is not None and layer_of(reader) != layer_of(source):
        return False
    if from_below(graph, reader, read):
        return ahead == 0 and reader.sequence == source.sequence
    if read.boundary:
        return False
    if reader.sequence != source.sequence:
        whole = read.relation.back is None and read.relation.ahead is None
        return ahead == 0 and reader.sequence is None and source.sequence != along and whole
    if lower(graph, read):
        return ahead == 0 and read.relation.distance == 1
    if read.axis is None or read.axis != along.name:
        return ahead == 0 and read.relation.is_same
    relation = read.relation
    if relation.kind != "offsets" or relation.ahead is None:
        return False
    near, far = -relation.ahead * relation.step, relation.back
    if ahead == near or (far is not None and ahead == far * relation.step):
        return True
    inside = at_least(ahead, near) and (far is None or at_least(far, ahead))
    return relation.step == 1 and inside


def _outside(
    graph: Graph, reader: Equation, read: Read, ahead: Poly
) -> Iterator[tuple[str, Mapping[str, Sized]]]:
    """Yield the reader's positions for which there is no source, or that are none."""
    axis, layer, source = reader.sequence, layer_of(reader), graph[read.source]
    if axis is not None and ahead != 0:
        for given in parts(reader):
            rest = {k: v for k, v in given.items() if k not in axis.extent.sizes}
            yield "after the last position", {**rest, axis.position: axis.extent + size("after_")}
            here = size(axis.position)
            for before in _covered(ahead - 1 - here):
                yield "from before the start", _then(given, before)
    if layer is None:
        return
    if lower(graph, read):
        inside = region(reader, {})
        rest = {k: v for k, v in inside.items() if k not in layer.extent.sizes}
        yield "above the last layer", {**rest, layer.position: layer.extent}
    elif layer_of(source) is None and not from_below(graph, reader, read):
        yield from (("to another layer than the first", p) for p in list(parts(reader))[1:])


def _covered(condition: Poly) -> Iterable[Mapping[str, Poly]]:
    try:
        return list(regions(condition, condition.sizes))
    except UndecidedError:
        return [{}]


def _then(given: Mapping[str, Sized], more: Mapping[str, Poly]) -> dict[str, Sized]:
    """Return one substitution after the other."""
    first = {name: poly(value).substitute(more) for name, value in given.items()}
    return {**more, **first}


def _check_end(graph: Graph, equation: Equation, end: Poly, known: Known) -> None:
    """Verify that what ends at a value ends where later positions read it."""
    reads = frontier(graph).get(equation.name)
    if reads is None:
        raise ProofError(f"{equation.name}: later positions do not read it")
    _check_symbols(equation, end, known.names)
    for given in parts(equation):
        if not known.least(end, given):
            raise ProofError(f"{equation.name}: {end} may be negative")
    if equation.sequence == sequence(graph) and not any(
        _seen(equation, reach(read), end, known) for read in reads
    ):
        raise ProofError(f"{equation.name}: {end} ends where no later position reads it")


def _seen(equation: Equation, farthest: Poly | None, end: Poly, known: Known) -> bool:
    """Whether nothing ends at positions that are farther back than a reader sees."""
    if farthest is None:
        return True
    axis = _sequence(equation)
    unseen = axis.extent - 1 - size(axis.position) - farthest
    for given in parts(equation):
        for region_ in _covered(unseen.substitute(given)):
            if not known.zero(end, _then(given, region_)):
                return False
    return True


# --- what reads what ------------------------------------------------------------------------------


def _read(graph: Graph, arc: Arc) -> Read:
    if arc.reader not in graph.equations or arc.read not in range(len(graph[arc.reader].reads)):
        raise ProofError(f"{arc.reader}: there is no read {arc.read}")
    return graph[arc.reader].reads[arc.read]


def layer_of(equation: Equation) -> Axis | None:
    """Return the layer axis of an equation, if it has one."""
    return next((a for a in equation.positions if a.kind == "layer"), None)


def _sequence(equation: Equation) -> Axis:
    if equation.sequence is None:
        raise ProofError(f"{equation.name}: expected a sequence")
    return equation.sequence


def lower(graph: Graph, read: Read) -> bool:
    """Whether a read leads to the layer below."""
    axis = graph.axes.get(read.axis or "")
    return axis is not None and axis.kind == "layer" and not read.boundary


def from_below(graph: Graph, reader: Equation, read: Read) -> bool:
    """Whether only the first layer reads it."""
    primitive = reader.primitive
    layered = isinstance(primitive, Shift) and graph.axes[primitive.axis].kind == "layer"
    return read.boundary and layered
