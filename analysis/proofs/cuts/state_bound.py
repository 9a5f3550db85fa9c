"""Certificates of state bounds: cuts from above, a flow from below, and the checker of both.

A cut says of each equation how many of its last positions are needed and how many of these are
computed; the rest is kept. It cuts if whatever a computed value reads is needed, whatever later
positions read is needed, and no needed input is computed. A flow of as many scalars shows that no
cut keeps less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.primitives import Final
from ....graphs.sizes import Poly, Sized, maximum, poly, size, summed
from ...causality import causal, on_inputs
from ..cases import never_less, proper, vanishes
from ..errors import ProofError
from ..extents import whole_extents
from ..storage.state import frontier, reach, sequence, start_of
from .flows import Flow, check_flow, from_below, layer_of, lower, parts

Cell: TypeAlias = tuple[str, str]
Given: TypeAlias = Mapping[str, Sized]


@dataclass(frozen=True, slots=True)
class Part:
    """What a cut says of an equation, in its first layer or in all others."""

    name: str
    part: str
    """``first``, ``later``, or empty for an equation in no layer."""
    needed: Poly
    """How many of the last positions are needed; 1 for what has none along the sequence."""
    computed: Poly
    """How many of these are computed from others; the rest is kept."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """A cut."""

    parts: tuple[Part, ...]
    capacity: Poly
    """The scalars that are kept."""


@dataclass(frozen=True, slots=True)
class BoundCertificate:
    """Cuts of which the least is the formula, and a flow that no cut can be less than."""

    cuts: tuple[Keeping, ...]
    flow: Flow
    formula: Poly


def check_bound(graph: Graph, certificate: BoundCertificate) -> None:
    """Verify a certificate for all sizes of at least one for which all axes have whole lengths.

    Raises
    ------
    ProofError
        If a cut does not separate, a flow is none, or their values differ from the formula.
    """
    reason = causal(graph)
    if reason is not None:
        raise ProofError(reason)
    whole = whole_extents(graph)
    for cut in certificate.cuts:
        check_cut(graph, cut, whole)
    formula = certificate.formula.substitute(whole)
    if not all(proper(x) for x in (formula, *(c.capacity for c in certificate.cuts))):
        raise ProofError(f"{certificate.formula} has a minimum that may be negative")
    if not never_less(formula, [c.capacity.substitute(whole) for c in certificate.cuts]):
        raise ProofError(f"{certificate.formula} may be less than every cut")
    check_flow(graph, certificate.flow, whole)
    total = certificate.flow.total(graph)
    if not vanishes(total.substitute(whole) - formula):
        raise ProofError(f"the flow is {total}, not {certificate.formula}")


def check_cut(graph: Graph, cut: Keeping, whole: Mapping[str, Poly]) -> None:
    """Verify that all that is needed above a cut is kept or computed, and what is kept."""
    claimed = {(p.name, p.part): p for p in cut.parts}
    if len(claimed) < len(cut.parts):
        raise ProofError("expected each equation once in a cut")
    for name, reads in frontier(graph).items():
        along = graph[name].sequence == sequence(graph)
        for read in reads:
            for layers, given in _named(graph[name]):
                wanted = _wanted(reach(read) if along else poly(1), given, whole)
                _check_needed(graph, claimed, (name, layers), given, wanted, whole)
    for part in cut.parts:
        _check_part(graph, part, whole)
        if part.computed == 0:
            continue
        if part.name in graph.inputs:
            raise ProofError(f"{part.name}: an input that is computed")
        _check_reads(graph, claimed, part, whole)
    total = summed(_kept(graph, part) for part in cut.parts)
    if not vanishes((total - cut.capacity).substitute(whole)):
        raise ProofError(f"{total} scalars are kept, not {cut.capacity}")


def _check_part(graph: Graph, part: Part, whole: Mapping[str, Poly]) -> None:
    """Verify that no more is computed than needed, of layers that there are."""
    places = dict(_named(graph[part.name])) if part.name in graph.equations else {}
    if part.part not in places:
        raise ProofError(f"{part.name}: there is no part {part.part!r} of it")
    given = places[part.part]
    needed, computed = (x.substitute(whole).substitute(given) for x in (part.needed, part.computed))
    if not (proper(needed) and proper(computed)):
        raise ProofError(f"{part.name}: a minimum that may be negative")
    if not (never_less(computed, [poly(0)]) and never_less(needed, [computed])):
        raise ProofError(f"{part.name}: more is computed than needed")


def _check_reads(
    graph: Graph, claimed: Mapping[Cell, Part], part: Part, whole: Mapping[str, Poly]
) -> None:
    """Verify that what is computed of an equation can be, at each of its layers."""
    equation, along = graph[part.name], sequence(graph)
    for read in equation.reads:
        if read.source not in on_inputs(graph) or _never(equation, read):
            continue
        ahead = read.axis == along.name and not read.boundary
        further = reach(read) if ahead else poly(0)
        own = part.computed if equation.sequence == along else None
        wanted = None if own is None or further is None else own + further
        if graph[read.source].sequence != along:
            wanted = poly(1)
        for cell, given, place in _read_cells(graph, equation, read, part.part):
            _check_needed(graph, claimed, cell, place, _wanted(wanted, given, whole), whole)


def _never(equation: Equation, read: Read) -> bool:
    return isinstance(equation.primitive, Final) and read.boundary  # there is always a layer


def _read_cells(
    graph: Graph, equation: Equation, read: Read, part: str
) -> Iterator[tuple[Cell, Given, Given]]:
    """Yield what of the source is read, at which layers of the reader, and of the source."""
    own, source = layer_of(equation), layer_of(graph[read.source])
    here = dict(_named(equation))[part]
    if own is not None and from_below(graph, equation, read):
        if part == "first" and source is None:
            yield (read.source, ""), here, here
        elif part == "first":
            raise ProofError(f"{equation.name}: no rule for a stack that another one is given to")
    elif source is None:
        yield (read.source, ""), here, here
    elif own is None:
        for name, given in _named(graph[read.source]):
            yield (read.source, name), here, given
    elif not lower(graph, read):
        yield (read.source, part), here, here
    elif read.relation.distance != 1:
        raise ProofError(f"{equation.name}: layers read others than the one below")
    elif part == "later":
        second, third = (_moved(here, own, k) for k in (poly(0), size(own.position) + 1))
        yield (read.source, "first"), second, {**second, own.position: poly(0)}
        yield (read.source, "later"), third, {**third, own.position: size(own.position) + 1}


def _moved(given: Given, axis: Axis, position: Poly) -> Given:
    """State that the later layer that is meant is so many after the second one."""
    return {n: poly(v).substitute({axis.position: position}) for n, v in given.items()}


def _wanted(wanted: Poly | None, given: Given, whole: Mapping[str, Poly]) -> Poly | None:
    return None if wanted is None else wanted.substitute(whole).substitute(given)


def _check_needed(
    graph: Graph,
    claimed: Mapping[Cell, Part],
    cell: Cell,
    place: Given,
    wanted: Poly | None,
    whole: Mapping[str, Poly],
) -> None:
    """Verify that so many positions of a source are needed, or all that are known."""
    source, found = graph[cell[0]], claimed.get(cell)
    needed = poly(0) if found is None else found.needed
    along = sequence(graph)
    limits = [poly(1)]
    if source.sequence == along:
        known = maximum(size(along.name) - start_of(graph, source.name), 0)
        limits = [known.substitute(place), *([] if wanted is None else [wanted])]
    if not never_less(needed.substitute(whole).substitute(place), limits):
        raise ProofError(f"{source.name}: more than {needed} of its positions are needed")


def _named(equation: Equation) -> list[tuple[str, Given]]:
    """Return the parts of an equation and their positions."""
    found = list(parts(equation))
    return list(zip(["first", "later"] if len(found) > 1 else [""], found, strict=True))


def _kept(graph: Graph, part: Part) -> Poly:
    """Return the scalars that are kept of an equation."""
    equation, along = graph[part.name], sequence(graph)
    each = (part.needed - part.computed) * equation.scalars
    if equation.sequence != along and equation.sequence is not None:
        each = each * equation.sequence.extent
    axis = layer_of(equation)
    if axis is None:
        return each
    if axis.position in each.sizes:
        raise ProofError(f"{part.name}: layers differ in what is kept of them")
    return each if part.part == "first" else each * (axis.extent - 1)
