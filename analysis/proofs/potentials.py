"""Certificates of spans: potentials from above, chains from below, and the checker of both.

A potential assigns to every equation costs in its position symbols. Where it is at least the
weight plus the potential of everything that is read, at every position, it is at least the longest
path to there: no schedule is needed to see it. A chain is the converse: costs such that each is
supported by something that is read and whose cost is at least as large without the weight. The
unrolled graph has no cycles, so both hold by induction, for all sizes at once.

The checker reads the graph and the certificate, nothing else.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, Sized, at_least, poly, size
from ..sites import axis_of, weights
from .errors import ProofError

Given = Mapping[str, Sized]


@dataclass(frozen=True, slots=True)
class Link:
    """A cost from below, valid from some step of each loop on."""

    cost: Poly
    start: Mapping[str, int]
    """By axis, the first step at which it is claimed (from the end if the loop is reversed)."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a term of the formula is attained."""

    equation: str
    link: int
    """The index of the link in the chain of this equation."""
    position: Mapping[str, Poly]


@dataclass(frozen=True, slots=True)
class SpanCertificate:
    """Everything that the checker needs to verify a span."""

    formula: tuple[Poly, ...]
    """The span is the maximum of these."""
    potentials: Mapping[str, tuple[Poly, ...]]
    """By equation; the potential is the maximum of these."""
    chains: Mapping[str, tuple[Link, ...]]
    ends: tuple[End, ...]
    """One for each term of the formula."""
    reverse: frozenset[tuple[str, str]] = frozenset()
    """Pairs of equation and axis whose steps count from the end."""
    least: Mapping[str, int] = ()  # type: ignore[assignment]
    """Sizes that are at least this large (1 if not named)."""


def check_span(graph: Graph, setting: Setting, certificate: SpanCertificate) -> None:
    """Verify a certificate for all sizes in its domain.

    Raises
    ------
    ProofError
        If any inequality is not certain; the message names the equation.
    """
    if set(certificate.potentials) != set(graph.equations):
        raise ProofError(f"expected a potential for each equation of {graph.name}")
    weight = weights(graph, setting)
    least = dict(certificate.least or {})
    for equation in graph:
        _check_above(graph, equation, weight[equation.name], certificate, least)
        for link in certificate.chains.get(equation.name, ()):
            for cell in cells(equation, link.start, certificate.reverse, least):
                if not supported(graph, equation, link, cell, weight[equation.name], certificate):
                    raise ProofError(
                        f"{equation.name}: nothing supports {link.cost} from {dict(link.start)} on"
                    )
    _check_conclusion(graph, certificate, least)


def _check_above(
    graph: Graph, equation: Equation, weight: Poly, certificate: SpanCertificate, least: Given
) -> None:
    own = certificate.potentials.get(equation.name)
    if not own:
        raise ProofError(f"{equation.name}: no potential")
    inside = region(equation, least)
    if not _some_at_least(own, weight, inside):
        raise ProofError(f"{equation.name}: its potential is less than its weight {weight}")
    for read in equation.reads:
        for situation in situations(graph, equation, read, least):
            for term in certificate.potentials[read.source]:
                worst = highest(graph, equation, read, term, least)
                if not _some_at_least(own, worst + weight, situation):
                    raise ProofError(
                        f"{equation.name}: its potential is less than {worst + weight} "
                        f"from {read.source}"
                    )


def _check_conclusion(graph: Graph, certificate: SpanCertificate, least: Given) -> None:
    for name, terms in certificate.potentials.items():
        for term in terms:
            if not _some_at_least(certificate.formula, term, region(graph[name], least)):
                raise ProofError(f"the formula is less than {term} at {name}")
    if len(certificate.ends) != len(certificate.formula):
        raise ProofError("expected one end for each term of the formula")
    for term, end in zip(certificate.formula, certificate.ends, strict=True):
        equation, link = _at_end(graph, certificate, end)
        floor = lower_sizes(least)
        values: dict[str, Sized] = {}
        for axis in equation.positions:
            position = end.position[axis.name]
            values[axis.position] = position
            step = _step(equation, axis, position, certificate.reverse)
            if not (
                at_least(position, 0, given=floor)
                and at_least(axis.extent - 1, position, given=floor)
                and at_least(step, link.start.get(axis.name, 0), given=floor)
            ):
                raise ProofError(
                    f"{end.equation}: position {position} is not certain to be on {axis.name}"
                )
        if not at_least(link.cost.substitute(values), term, given=floor):
            raise ProofError(f"{end.equation}: {link.cost} does not attain {term}")


def _at_end(graph: Graph, certificate: SpanCertificate, end: End) -> tuple[Equation, Link]:
    links = certificate.chains.get(end.equation, ())
    if end.equation not in graph.equations or not 0 <= end.link < len(links):
        raise ProofError(f"{end.equation}: there is no link {end.link}")
    equation = graph[end.equation]
    if set(end.position) != {a.name for a in equation.positions}:
        raise ProofError(f"{end.equation}: expected a position along each of its axes")
    return equation, links[end.link]


def _some_at_least(candidates: Sequence[Poly], value: Poly, given: Given) -> bool:
    return any(at_least(c, value, given=given) for c in candidates)


def region(equation: Equation, least: Given) -> dict[str, Sized]:
    """State that positions are inside their axes: ``n = n_ + 1 + rest``."""
    return dict(_inside(equation.positions, tuple(least.items())))


@functools.lru_cache(maxsize=1024)
def _inside(axes: tuple[Axis, ...], least: tuple[tuple[str, Sized], ...]) -> dict[str, Sized]:
    given: dict[str, Sized] = lower_sizes(dict(least))
    raised = set(given)
    for axis in axes:
        symbol = bound_symbol(axis)
        if symbol is None or symbol in set(given) - raised:
            continue
        offset = axis.extent - size(symbol)
        given[symbol] = size(axis.position) + 1 - offset + size(f"{axis.name}_r_")
    return given


def lower_sizes(least: Given) -> dict[str, Sized]:
    """State least values of sizes: ``L = 2 + rest``."""
    return {name: poly(value) + size(f"{name}_s_") for name, value in least.items()}


@functools.lru_cache(maxsize=1024)
def bound_symbol(axis: Axis) -> str | None:
    """Return the size whose growth lengthens the axis one by one; None for fixed lengths."""
    for name in axis.extent.sizes:
        if (axis.extent - size(name)).constant is not None:
            return name
    return None


def situations(
    graph: Graph, equation: Equation, read: Read, least: Given
) -> Iterator[dict[str, Sized]]:
    """Yield the regions of the reader in which this read takes place."""
    shift = _shift_of(equation)
    if shift is None or isinstance(equation.primitive, Final):
        yield region(equation, least)
        return
    axis = next((a for a in equation.positions if a.name == shift.axis), None)
    distance = shift.relation.distance
    if axis is None or distance is None or distance.constant is None:
        raise ProofError(f"{equation.name}: expected a shift by a number along one of its axes")
    steps, backwards = abs(int(distance.constant)), int(distance.constant) < 0
    counts = (
        [poly(k) for k in range(steps)]
        if read.boundary
        else [poly(steps) + size(f"{axis.name}_k_")]
    )
    for count in counts:
        yield _at_step(equation.positions, axis, count, backwards, least)


def _shift_of(equation: Equation) -> Read | None:
    """The read whose place the boundary takes, if there is one."""
    if not any(r.boundary for r in equation.reads):
        return None
    return next(r for r in equation.reads if not r.boundary)


def _at_step(
    axes: tuple[Axis, ...], axis: Axis, count: Poly, backwards: bool, least: Given
) -> dict[str, Sized]:
    """State that a loop along ``axis`` is at step ``count``."""
    given: dict[str, Sized] = dict(_inside(axes, tuple(least.items())))
    symbol = bound_symbol(axis)
    if symbol is None:
        given[axis.position] = axis.extent - 1 - count if backwards else count
        return given
    offset = axis.extent - size(symbol)
    given[symbol] = count + 1 - offset + size(f"{axis.name}_r_")
    given[axis.position] = size(f"{axis.name}_r_") if backwards else count
    return given


def highest(graph: Graph, equation: Equation, read: Read, term: Poly, least: Given) -> Poly:
    """Return a bound of a source's cost over all positions that are read, in the reader's symbols.

    Raises
    ------
    ProofError
        If the cost is not certain to rise or to fall along the axis.
    """
    axis = axis_of(graph, read.source, read.axis)
    if axis is None or axis.position not in term.sizes:
        return term
    low, high = read.relation.bounds(reader_position(equation, axis), axis.extent)
    slope = term.substitute({axis.position: size(axis.position) + 1}) - term
    if axis.position in slope.sizes:
        raise ProofError(
            f"{equation.name}: {term} of {read.source} is not linear along {axis.name}"
        )
    given = region(graph[read.source], least)
    if at_least(slope, 0, given=given):
        return term.substitute({axis.position: high})
    if at_least(0, slope, given=given):
        return term.substitute({axis.position: low})
    raise ProofError(
        f"{equation.name}: {term} of {read.source} neither rises nor falls along {axis.name}"
    )


def reader_position(equation: Equation, axis: Axis) -> Poly:
    """Return the reader's position as seen by a relation along a source's axis."""
    if equation.has(axis.name):
        return size(axis.position)
    return size(equation.sequence.position) if equation.sequence is not None else poly(0)


def cells(
    equation: Equation, start: Mapping[str, int], reverse: frozenset[tuple[str, str]], least: Given
) -> tuple[dict[str, Sized], ...]:
    """Return regions that cover all positions from ``start`` on: an axis at its start, or later."""
    axes = equation.positions
    firsts = tuple(start.get(a.name, 0) for a in axes)
    backwards = tuple((equation.name, a.name) in reverse for a in axes)
    return _cells(axes, firsts, backwards, tuple(least.items()))


@functools.lru_cache(maxsize=1024)
def _cells(
    axes: tuple[Axis, ...],
    firsts: tuple[int, ...],
    backwards: tuple[bool, ...],
    least: tuple[tuple[str, Sized], ...],
) -> tuple[dict[str, Sized], ...]:
    options = []
    for axis, first, reverse in zip(axes, firsts, backwards, strict=True):
        later = poly(first) + 1 + size(f"{axis.name}_k_")
        options.append([(axis, poly(first), reverse), (axis, later, reverse)])
    found = []
    for choice in itertools.product(*options):
        given = lower_sizes(dict(least))
        for axis, count, reverse in choice:
            own = _at_step(axes, axis, count, reverse, dict(least))
            given[axis.position] = own[axis.position]
            symbol = bound_symbol(axis)
            if symbol is not None:
                given[symbol] = own[symbol]
        found.append(given)
    return tuple(found)


def supported(
    graph: Graph,
    equation: Equation,
    link: Link,
    cell: Given,
    weight: Poly,
    certificate: SpanCertificate,
) -> bool:
    """Whether something that is read in this cell carries the cost of the link."""
    if at_least(weight, link.cost, given=cell):
        return True
    return any(
        at_least(cost + weight, link.cost, given=cell)
        for read in equation.reads
        for cost in _readable(graph, equation, read, cell, certificate)
    )


def _readable(
    graph: Graph, equation: Equation, read: Read, cell: Given, certificate: SpanCertificate
) -> Iterator[Poly]:
    """Yield costs of links at positions that are certainly read in a cell."""
    if not _takes_place(graph, equation, read, cell):
        return
    source = graph[read.source]
    axis = axis_of(graph, read.source, read.axis)
    ends: tuple[Poly | None, ...] = (None,)
    if axis is not None:
        ends = _read_ends(read.relation, reader_position(equation, axis), axis.extent)
    for link in certificate.chains.get(read.source, ()):
        for end in dict.fromkeys(ends):
            at = {} if end is None or axis is None else {axis.position: end}
            if (
                end is not None
                and axis is not None
                and not (
                    at_least(end, 0, given=cell) and at_least(axis.extent - 1, end, given=cell)
                )
            ):
                continue
            if all(
                _started(source, a, link, at, cell, certificate.reverse) for a in source.positions
            ):
                yield link.cost.substitute(at)


def _read_ends(relation: Relation, position: Poly, extent: Poly) -> tuple[Poly, ...]:
    """Return the first and the last position that is read, where it is certain to be one."""
    if relation.kind == "block":
        return (position,)
    low, high = relation.bounds(position, extent)
    if relation.kind != "offsets" or relation.step == 1:
        return low, high
    bounded = ((low, relation.back), (high, relation.ahead))
    return tuple(end for end, bound in bounded if bound is not None)


def _takes_place(graph: Graph, equation: Equation, read: Read, cell: Given) -> bool:
    """Whether the read certainly happens in a cell, and not the other one of a shift."""
    shift = _shift_of(equation)
    if shift is None:
        return True
    axis = axis_of(graph, shift.source, shift.axis)
    if axis is None:
        return not read.boundary
    low, _ = shift.relation.bounds(reader_position(equation, axis), axis.extent)
    if read.boundary:
        return at_least(-1, low, given=cell) or at_least(low, axis.extent, given=cell)
    return at_least(low, 0, given=cell) and at_least(axis.extent - 1, low, given=cell)


def _started(
    source: Equation,
    axis: Axis,
    link: Link,
    at: Mapping[str, Poly],
    cell: Given,
    reverse: frozenset[tuple[str, str]],
) -> bool:
    first = link.start.get(axis.name, 0)
    if first == 0:
        return True
    position = at.get(axis.position, size(axis.position))
    return at_least(_step(source, axis, position, reverse), first, given=cell)


def _step(
    equation: Equation, axis: Axis, position: Poly, reverse: frozenset[tuple[str, str]]
) -> Poly:
    """Return the number of the loop's step at a position."""
    return axis.extent - 1 - position if (equation.name, axis.name) in reverse else position
