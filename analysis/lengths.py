"""Path length: the longest of all shortest paths, read off pieces.

Costs are affine in the distance on every piece, so the longest shortest path is at an end of an
interval: of a piece, of what is beside it, or of the sequence. Each of these distances is tried.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..graphs.graph import Axis, Graph
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, Sized, at_least, maximum, minimum, poly
from .derivation import Derivation
from .paths import certify_paths
from .proofs.errors import ProofError
from .proofs.lengths import (
    LengthCertificate,
    Pair,
    along,
    attained,
    check_length,
    connected,
    long_enough,
    may_hold,
)
from .proofs.paths import PathCertificate
from .proofs.pieces import Given, Piece
from .proofs.potentials import lower_sizes
from .solving import UnsolvedError

LARGEST_LEAST = 9
"""Sizes that a formula may have to exceed."""


def path_length(graph: Graph, setting: Setting, *, hops: int | None = None) -> Derivation:
    """Derive the maximum over connected pairs of positions of the shortest path between them."""
    try:
        paths = certify_paths(graph, setting, hops=hops)
        pairs = connected(graph, paths)
        if not pairs:
            return Derivation(None, reason="no output reads an input")
        certificate = certify_length(graph, paths)
        check_length(graph, setting, certificate)
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    formula = functools.reduce(maximum, certificate.formula)
    lines = tuple(
        f"from position j of {name} to position i of {output}: {piece}"
        for name, output in pairs
        for piece in paths.pieces[name][output]
    )
    least = {**paths.least, **certificate.least}
    return Derivation(formula, "proved", least, lines, certificate, details={"by_distance": lines})


@dataclass(frozen=True, slots=True)
class _Candidate:
    pair: Pair
    axis: Axis | None
    cost: Poly
    least: Mapping[str, int]
    """Sizes at which the pair exists and costs as much."""


def certify_length(graph: Graph, paths: PathCertificate) -> LengthCertificate:
    """Find the pairs of positions that are farthest apart; nothing is verified here.

    Raises
    ------
    UnsolvedError
        If there is none.
    """
    least: dict[str, int] = dict(paths.least)
    found = [c for pair in connected(graph, paths) for c in _candidates(graph, *pair, paths)]
    kept: list[_Candidate] = []
    for candidate in sorted(found, key=lambda c: sum(c.least.values())):
        there = _there(candidate, least)
        if any(at_least(k.cost, candidate.cost, given=there) for k in kept):
            continue
        least = _both(least, candidate.least)
        given = lower_sizes(least)
        kept = [k for k in kept if not at_least(candidate.cost, k.cost, given=given)]
        kept.append(candidate)
    if not kept:
        raise UnsolvedError("no pair of positions is certain to be connected")
    raised = {s: v for s, v in least.items() if v > paths.least.get(s, 1)}
    return LengthCertificate(
        paths, tuple(k.cost for k in kept), tuple(k.pair for k in kept), raised
    )


def _both(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {s: max(a.get(s, 1), b.get(s, 1)) for s in (*a, *b)}


def _there(candidate: _Candidate, least: Mapping[str, int]) -> dict[str, Sized]:
    """State that the two positions exist."""
    least = _both(least, candidate.least)
    if candidate.axis is None:
        return lower_sizes(least)
    return {**lower_sizes(least), **long_enough(candidate.axis, candidate.pair.distance, least)}


def _candidates(graph: Graph, name: str, output: str, paths: PathCertificate) -> list[_Candidate]:
    pieces, axis = paths.pieces[name][output], along(graph, name, output)
    if axis is None:
        cost = functools.reduce(minimum, [p.cost for p in pieces if p.side == 0])
        return [_Candidate(Pair(name, output, 0, poly(0)), None, cost, {})]
    found = []
    for side, floor in itertools.product((1, -1), _floors(pieces)):
        for distance in _distances(pieces, side, axis):
            least = dict(paths.least)
            try:
                require(least, distance, max(floor, 0 if side > 0 else 1))
                require(least, axis.extent - 1, distance)
            except UnsolvedError:
                continue
            pair = Pair(name, output, side, distance)
            found += [
                _Candidate(pair, axis, cost, least)
                for cost in _costs(pieces, side, distance, lower_sizes(least))
                if _is_attained(graph, cost, pair, paths, least)
            ]
    return found


def _is_attained(
    graph: Graph, cost: Poly, pair: Pair, paths: PathCertificate, least: Mapping[str, int]
) -> bool:
    try:
        attained(graph, cost, pair, paths, least)
    except ProofError:
        return False
    return True


def _floors(pieces: Sequence[Piece]) -> list[int]:
    """Return distances from which on fewer pieces hold."""
    ends = [
        e for p in pieces for e in (p.low, None if p.high is None else p.high + 1) if e is not None
    ]
    return sorted({0, *(int(e.constant) for e in ends if e.constant is not None)})


def _distances(pieces: Sequence[Piece], side: int, axis: Axis) -> list[Poly]:
    """Return the ends of intervals."""
    last = axis.extent - 1
    found = [last]
    for piece in pieces:
        if piece.side == side:
            found.append(piece.low)
        if piece.side == side and piece.high is not None:
            found += [minimum(piece.high, last), piece.high, piece.high + 1]
    return list(dict.fromkeys((*found, poly(1))))


def _costs(pieces: Sequence[Piece], side: int, distance: Poly, given: Given) -> list[Poly]:
    """Return what the shortest path at a distance may cost: what some piece says, or the least."""
    costs = [p.at(distance) for p in pieces if may_hold(p, side, distance, given)]
    return list(dict.fromkeys((*costs, functools.reduce(minimum, costs)))) if costs else []


def require(least: dict[str, int], cost: Poly, floor: Poly | int | Fraction) -> None:
    """Raise the least values of sizes until a cost is at least ``floor``.

    Raises
    ------
    UnsolvedError
        If that takes more than one size, or a large one.
    """
    if at_least(cost, floor, given=lower_sizes(least)):
        return
    for name in cost.sizes:
        for value in range(2, LARGEST_LEAST + 1):
            raised = {**least, name: max(value, least.get(name, 1))}
            if at_least(cost, floor, given=lower_sizes(raised)):
                least[name] = raised[name]
                return
    raise UnsolvedError(f"whether {cost} is at least {floor} depends on more than one size")
