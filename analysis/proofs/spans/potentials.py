"""Certificates of spans: potentials from above, chains from below, and the checker of both.

A potential assigns to every equation costs in its position symbols. Where it is at least the
weight plus the potential of everything that is read, at every position, it is at least the longest
path to there: no schedule is needed to see it. A chain is the converse: costs such that each is
supported by something that is read and whose cost is at least as large without the weight. The
unrolled graph has no cycles, so both hold by induction, for all sizes at once.

The checker reads the graph and the certificate, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....graphs.graph import Equation, Graph, Read
from ....graphs.patterns import SPARSE
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, Sized, at_least, poly, size
from ...sites import axis_of, weights
from ..errors import ProofError
from ..positions import Given, cells, exists, lower_sizes, reader_position, region, situations
from .chains import Cell, Link, Reverse, step_of


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
    reverse: Reverse = frozenset()
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
        _check_below(graph, equation, weight[equation.name], certificate, least)
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


def _check_below(
    graph: Graph, equation: Equation, weight: Poly, certificate: SpanCertificate, least: Given
) -> None:
    """Verify that something that is read carries each link, in each of its cells."""
    starts: dict[tuple[tuple[str, int], ...], list[Link]] = {}
    for link in certificate.chains.get(equation.name, ()):
        starts.setdefault(tuple(sorted(link.start.items())), []).append(link)
    for start, links in starts.items():
        for given in cells(equation, dict(start), certificate.reverse, least):
            cell = Cell(graph, equation, given, weight, certificate.reverse)
            for link in links:
                if cell.support(link.cost, certificate.chains) is None:
                    raise ProofError(
                        f"{equation.name}: nothing supports {link.cost} from {dict(start)} on"
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
            step = step_of(equation, axis, position, certificate.reverse)
            if not (
                exists(axis, floor)
                and at_least(position, 0, given=floor)
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
    low, high = _bounds(read.relation, reader_position(equation, axis), axis.extent)
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


def _bounds(relation: Relation, position: Poly, extent: Poly) -> tuple[Poly, Poly]:
    """Return positions between which a relation reads; of some, the ends of the sequence."""
    if relation.kind in {"block", "block_prefix", "block_suffix"}:
        low, high = poly(0), extent - 1
        return position if relation.anticausal else low, position if relation.causal else high
    if relation.kind in SPARSE:
        return poly(0), extent - 1
    return relation.bounds(position, extent)
