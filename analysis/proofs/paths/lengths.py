"""Certificates of figures that are read off pieces: the longest shortest path, and how many reach.

The pieces of :mod:`.shortest` say for every distance what the shortest path costs. The longest of them
is a maximum over distances inside the sequence. From above, at every distance some piece costs no
more than the formula. From below, a pair of positions shows each of its terms: whatever piece may
hold there costs at least as much. How many input positions reach an output position is a matter of
intervals without gaps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ....graphs.graph import Axis, Graph
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, Sized, at_least, maximum, minimum, poly, size
from ..errors import ProofError
from ..positions import bound_symbol, lower_sizes
from .flights import least_heights, straight, whole
from .pieces import Given, Piece, covers
from .shortest import PathCertificate, check_paths

MOST_CASES = 256
"""Choices of one argument of every minimum; each takes a comparison of all pieces."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two positions at a distance, which a term of the formula is the shortest path between."""

    source: str
    output: str
    side: int
    """As of pieces; 0 if the output is not on the input's sequence."""
    distance: Poly


@dataclass(frozen=True, slots=True)
class LengthCertificate:
    """Everything that the checker needs to verify a path length."""

    paths: PathCertificate
    formula: tuple[Poly, ...]
    """The path length is the maximum of these."""
    pairs: tuple[Pair, ...]
    """One for each term of the formula."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


@dataclass(frozen=True, slots=True)
class FieldCertificate:
    """Everything that the checker needs to verify a receptive field."""

    paths: PathCertificate
    formula: tuple[Poly, ...]
    """By input and output, in their order: how many positions reach one, at most."""


def check_length(graph: Graph, setting: Setting, certificate: LengthCertificate) -> None:
    """Verify that the formula is the longest of all shortest paths, for all sizes in the domain.

    Raises
    ------
    ProofError
        If the pieces are wrong, or a path may be longer, or no pair attains a term.
    """
    check_paths(graph, setting, certificate.paths)
    check_longest(graph, certificate)


def check_longest(graph: Graph, certificate: LengthCertificate) -> None:
    """Verify that the formula is the longest of all that right pieces say.

    Raises
    ------
    ProofError
        If a path may be longer, or no pair attains a term.
    """
    least = {**certificate.paths.least, **certificate.least}
    longer = exceeding(graph, certificate.paths, certificate.formula, least)
    if longer is not None:
        raise ProofError(f"{longer} may be more than {certificate.formula}")
    if len(certificate.pairs) != len(certificate.formula) or not certificate.formula:
        raise ProofError("expected one pair for each term of the formula")
    for term, pair in zip(certificate.formula, certificate.pairs, strict=True):
        attained(graph, term, pair, certificate.paths, least)


def exceeding(
    graph: Graph, paths: PathCertificate, formula: Sequence[Poly], least: Mapping[str, int]
) -> str | None:
    """Return an output and a piece that may cost more than all terms; None if none does.

    Raises
    ------
    ProofError
        If the minima in the terms make more cases than are gone through.
    """
    parts = [_parts(term) for term in formula]
    cases = math.prod(len(p) for p in parts)
    if cases > MOST_CASES:
        raise ProofError(f"expected at most {MOST_CASES} cases of minima to compare, got {cases}")
    for name, output in connected(graph, paths):
        axis = along(graph, name, output)
        pieces = flat(paths.pieces[name][output], axis, lower_sizes(least))
        for piece in pieces:
            for terms in itertools.product(*parts):
                if not _below(piece, terms, pieces, axis, least):
                    return f"{output}: {piece}"
    return None


def connected(graph: Graph, paths: PathCertificate) -> list[tuple[str, str]]:
    """Return the inputs and outputs that paths lead between."""
    return [
        (n, o) for n in paths.pieces for o in dict.fromkeys(graph.outputs) if paths.pieces[n].get(o)
    ]


def along(graph: Graph, name: str, output: str) -> Axis | None:
    """Return the sequence that an input and an output share; None if they do not."""
    axis = graph[output].sequence
    return axis if axis == graph[name].sequence else None


def long_enough(axis: Axis, distance: Poly, least: Mapping[str, int]) -> dict[str, Sized]:
    """State that two positions of an axis can be so far apart."""
    given = lower_sizes(least)
    symbol = bound_symbol(axis)
    known = axis.extent.substitute(given) - 1 - distance
    if symbol is not None and symbol not in distance.sizes and not at_least(known, 0):
        offset = axis.extent - size(symbol)
        given[symbol] = (distance + 1 - offset).substitute(given) + size(f"{axis.name}_r_")
    return given


def flat(pieces: Sequence[Piece], axis: Axis | None, given: Given) -> tuple[Piece, ...]:
    """Return pieces with each flight as one, at what it costs at the end of the sequence."""
    if axis is None:
        return tuple(pieces)
    return tuple(whole(p, axis.extent - 1, given) for p in pieces)


def _parts(term: Poly) -> tuple[Poly, ...]:
    """A cost is at most a sum with a minimum if it is at most that with each of its arguments."""
    for monomial, c in term.terms.items():
        if c > 0 and len(monomial) == 1 and monomial[0][0].kind == "min" and monomial[0][1] == 1:
            rest = term - Poly({monomial: c})
            return tuple(p for part in monomial[0][0].args for p in _parts(rest + c * part))
    return (term,)


def _below(
    piece: Piece,
    terms: Sequence[Poly],
    pieces: Sequence[Piece],
    axis: Axis | None,
    least: Mapping[str, int],
) -> bool:
    """Whether at each distance of a piece some piece costs no more than some term."""
    if axis is None or piece.side == 0:
        given = lower_sizes(least)
        return any(p.side == 0 and at_least(t, p.cost, given=given) for p in pieces for t in terms)
    own = [
        p if p.side else Piece(piece.side, poly(0), None, p.cost)
        for p in pieces
        if p.side in {0, piece.side}
    ]
    given, end = long_enough(axis, piece.low, least), _end(piece, axis)
    cheap = [
        p
        for p in own
        for t in terms
        if _costs_at_most(p, t, (piece.low, end), given)
        or _costs_at_most(p, t, (p.low, _end(p, axis)), long_enough(axis, p.low, least))
    ]
    return covers(cheap, piece.low, end, given)


def _end(piece: Piece, axis: Axis) -> Poly:
    """Return the last distance of a piece inside the sequence."""
    return axis.extent - 1 if piece.high is None else minimum(piece.high, axis.extent - 1)


def _costs_at_most(piece: Piece, term: Poly, ends: tuple[Poly, Poly], given: Given) -> bool:
    return all(at_least(term, piece.at(e), given=given) for e in ends)


def may_hold(piece: Piece, side: int, distance: Poly, given: Given) -> bool:
    """Whether a piece says something of a distance, unless it certainly does not."""
    if piece.side == 0 or side == 0:
        return True
    if piece.side != side and at_least(distance, 1, given=given):
        return False
    beyond = piece.high is not None and at_least(distance - 1, piece.high, given=given)
    return not beyond and not at_least(piece.low - 1, distance, given=given)


def holds(pieces: Sequence[Piece], pair: Pair, given: Given) -> bool:
    """Whether some piece certainly says something of a pair."""
    if any(p.side == 0 for p in pieces) or pair.side == 0:
        return any(p.side == 0 for p in pieces)
    own = [p for p in pieces if p.side == pair.side]
    return covers(own, pair.distance, pair.distance, given)


def attained(
    graph: Graph, term: Poly, pair: Pair, paths: PathCertificate, least: Mapping[str, int]
) -> None:
    """A pair is inside the sequence, is connected, and no piece says less of it than the term."""
    if (pair.source, pair.output) not in connected(graph, paths):
        raise ProofError(f"{pair.output}: it is no output that {pair.source} reaches")
    pieces, axis = paths.pieces[pair.source][pair.output], along(graph, pair.source, pair.output)
    given = lower_sizes(least)
    if axis is not None:
        low = at_least(pair.distance, 0, given=given)
        if not low or not at_least(axis.extent - 1, pair.distance, given=given) or pair.side == 0:
            raise ProofError(
                f"{pair.output}: positions {pair.distance} apart are not certain to exist"
            )
    one = flat(pieces, axis, given)
    if not holds(one, pair, given):
        raise ProofError(
            f"{pair.output}: positions {pair.distance} apart are not certain to be connected"
        )
    for interval, piece in zip(one, pieces, strict=True):
        if not may_hold(interval, pair.side, pair.distance, given):
            continue
        more = (cost - term for cost in least_heights(piece, pair.distance, given))
        enough = any(at_least(m, 0, given=given) for m in more)
        if not enough and not _costs_more_if_held(piece, pair, term, given):
            raise ProofError(f"{pair.output}: {piece} may be less than {term} at {pair.distance}")


def _costs_more_if_held(piece: Piece, pair: Pair, term: Poly, given: Given) -> bool:
    """Whether a piece costs at least a term where it says something of a pair.

    There the distance is between its ends: a rising cost is at least that at the first, and a size
    is as large, or as small, as it takes for the last to be as far as the pair.
    """
    if piece.side != pair.side:
        return False
    high = piece.high if piece.last is None else piece.single(piece.last).high
    if piece.last is None:
        costs: tuple[Poly, ...] = (piece.at(pair.distance) - term,)
        if at_least(piece.slope, 0) and at_least(piece.at(piece.low), term, given=given):
            return True
    else:
        end, rising, width = straight(piece, pair.distance, given)
        costs = (end - term, rising - width * term)
    return any(
        all(at_least(cost.substitute(known), 0, given=given) for cost in costs)
        for known in _as_far(high, pair.distance)
    )


def _as_far(high: Poly | None, distance: Poly) -> Iterator[dict[str, Poly]]:
    """Yield what a size is where an end is at least as far as a distance."""
    if high is None:
        return
    beyond = high - distance
    for atom in sorted(beyond.atoms, key=lambda a: a.text):
        c = beyond.terms.get(((atom, 1),), 0)
        rest = beyond - c * Poly({((atom, 1),): 1})
        if atom.kind == "size" and c and atom.text not in rest.sizes:
            yield {atom.text: size(f"{atom.text}_h_") * (1 if c > 0 else -1) - rest / c}


def check_field(graph: Graph, setting: Setting, certificate: FieldCertificate) -> None:
    """Verify how many input positions reach an output position, for all sizes in the domain.

    Raises
    ------
    ProofError
        If the pieces are wrong, have gaps, or count differently.
    """
    check_paths(graph, setting, certificate.paths)
    pairs = connected(graph, certificate.paths)
    true = tuple(count(graph, *pair, certificate.paths) for pair in pairs)
    if certificate.formula != true:
        raise ProofError(f"expected {true}, got {certificate.formula}")


def count(graph: Graph, name: str, output: str, paths: PathCertificate) -> Poly:
    """Return how many positions of an input reach one position of an output, at most.

    The distances on each side are an interval from the position itself. With both ends bounded, a
    position far enough from both ends of the sequence is reached from all of them, and if there is
    none, some position is reached from the whole sequence.
    """
    pieces, own = paths.pieces[name][output], graph[name].sequence
    assert own is not None
    if any(p.side == 0 for p in pieces):
        return own.extent
    before, after = reaches(pieces, paths)
    if before is None or after is None:
        return own.extent
    return minimum(own.extent, before + after + 1)


def reaches(pieces: Sequence[Piece], paths: PathCertificate) -> tuple[Poly | None, Poly | None]:
    """Return how far before and after a position reach it; None is all of them.

    Raises
    ------
    ProofError
        If the position itself does not, or there is a gap.
    """
    given = lower_sizes(paths.least)
    if any(p.last is not None for p in pieces):
        raise ProofError("expected pieces that say what is reached, at no cost: got a flight")
    if not any(p.side == 1 and p.low == 0 for p in pieces):
        raise ProofError("a position is not reached from itself")
    return _farthest(pieces, 1, given), _farthest(pieces, -1, given)


def _farthest(pieces: Sequence[Piece], side: int, given: Given) -> Poly | None:
    own, high = [p for p in pieces if p.side == side], poly(0)
    for piece in own:
        if not covers(own, poly(1), piece.high, given):
            raise ProofError("the reached positions have gaps")
        if piece.high is not None:
            high = maximum(high, piece.high)
    return None if any(p.high is None for p in own) else high
