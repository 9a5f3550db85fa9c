"""Path length: the longest of all shortest paths, read off pieces.

Costs are affine in the distance on every piece, so the longest shortest path is at an end of an
interval: of a piece, of what is beside it, or of the sequence. Each of these distances is tried.
A flight of stairs costs most at its end, or at that of the sequence.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...graphs.graph import Axis, Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, Sized, at_least, maximum, minimum, poly
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.paths.flights import height
from ..proofs.paths.lengths import (
    LengthCertificate,
    Pair,
    along,
    attained,
    check_longest,
    connected,
    exceeding,
    flat,
    long_enough,
    may_hold,
)
from ..proofs.paths.pieces import Given, Piece
from ..proofs.paths.shortest import PathCertificate, check_paths
from ..proofs.positions import lower_sizes
from ..solving import UnsolvedError, both, require
from .classes import by_class, is_dilated
from .digits import digit_length, grows
from .finding import certify_paths
from .regions import by_region, region_length


def path_length(graph: Graph, setting: Setting, *, hops: int | None = None) -> Derivation:
    """Derive the maximum over connected pairs of positions of the shortest path between them."""
    found = _by_distance(graph, setting, hops)
    if found.formula is not None:
        return found
    if by_region(graph):
        return _instead(found, "sets of pairs", lambda: region_length(graph, setting, hops=hops))
    if is_dilated(graph):
        return _instead(
            found,
            "classes",
            lambda: by_class(
                graph, setting, lambda g: path_length(g, setting, hops=hops), weighted=hops is None
            ),
        )
    if grows(graph):
        return _instead(found, "digits", lambda: digit_length(graph, setting, hops=hops))
    return found


def _instead(found: Derivation, by: str, derive: Callable[[], Derivation]) -> Derivation:
    """Derive it in another way; where that fails, both reasons are the reason."""
    try:
        return derive()
    except (UnsolvedError, ProofError, ValueError) as error:
        return replace(found, reason=f"{found.reason}; nor by {by}: {error}")


def _by_distance(graph: Graph, setting: Setting, hops: int | None) -> Derivation:
    """Derive it from intervals of distances."""
    try:
        paths = certify_paths(graph, setting, hops=hops)
        pairs = connected(graph, paths)
        if not pairs:
            return Derivation(None, reason="no output reads an input")
        check_paths(graph, setting, paths)  # where they are wrong, nothing follows from them
        certificate = certify_length(graph, paths)
        check_longest(graph, certificate)
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
    pairs = connected(graph, paths)
    sizes = {s for n, o in pairs for p in paths.pieces[n][o] for s in _sizes(p)}
    long = [_beyond_points(graph, *pair, paths) for pair in pairs]
    floors = [paths.least, both(paths.least, dict.fromkeys(sorted(sizes), 2)), *filter(None, long)]
    for floor in floors:
        found = [c for pair in pairs for c in _candidates(graph, *pair, paths, floor)]
        kept, least = _largest(graph, found, paths)
        if kept and exceeding(graph, paths, [k.cost for k in kept], least) is None:
            break
    if not kept:
        raise UnsolvedError("no pair of positions is certain to be connected")
    kept, least = _needed(graph, paths, kept, least)
    raised = {s: v for s, v in least.items() if v > paths.least.get(s, 1)}
    return LengthCertificate(
        paths, tuple(k.cost for k in kept), tuple(k.pair for k in kept), raised
    )


def _beyond_points(
    graph: Graph, name: str, output: str, paths: PathCertificate
) -> dict[str, int] | None:
    """Return sizes at which some distance is larger than those that pieces say one by one."""
    axis = along(graph, name, output)
    ends = [p.high.constant for p in paths.pieces[name][output] if p.high is not None]
    points = [int(end) for end in ends if end is not None]
    if axis is None or not points:
        return None
    least = dict(paths.least)
    try:
        require(least, axis.extent - 1, max(points) + 1)
    except UnsolvedError:
        return None
    return least


def _sizes(piece: Piece) -> set[str]:
    """Return the sizes that the ends of a piece depend on."""
    ends = (piece.low, piece.high, piece.last)
    return {s for end in ends if end is not None for s in end.sizes if not s.endswith("_")}


def _largest(
    graph: Graph, found: list[_Candidate], paths: PathCertificate
) -> tuple[list[_Candidate], dict[str, int]]:
    """Return candidates that no other one is certain to exceed, and the sizes that they need.

    Only of these it is asked whether a path is as long.
    """
    kept: list[_Candidate] = []
    least = dict(paths.least)
    for candidate in sorted(found, key=lambda c: sum(c.least.values())):
        there = _there(candidate, least)
        if any(at_least(k.cost, candidate.cost, given=there) for k in kept):
            continue
        if candidate.axis is not None and not _is_attained(graph, candidate, paths):
            continue
        least = both(least, candidate.least)
        given = lower_sizes(least)
        kept = [k for k in kept if not at_least(candidate.cost, k.cost, given=given)]
        kept.append(candidate)
    return kept, least


def _needed(
    graph: Graph, paths: PathCertificate, kept: list[_Candidate], least: dict[str, int]
) -> tuple[list[_Candidate], dict[str, int]]:
    """Drop terms without which nothing is above the others, those of large sizes first."""
    for candidate in sorted(kept, key=lambda c: -sum(c.least.values())):
        fewer = [k for k in kept if k is not candidate]
        sizes = functools.reduce(both, (k.least for k in fewer), dict(paths.least))
        if fewer and exceeding(graph, paths, [k.cost for k in fewer], sizes) is None:
            kept, least = fewer, sizes
    return kept, least


def _there(candidate: _Candidate, least: Mapping[str, int]) -> dict[str, Sized]:
    """State that the two positions exist."""
    least = both(least, candidate.least)
    if candidate.axis is None:
        return lower_sizes(least)
    return {**lower_sizes(least), **long_enough(candidate.axis, candidate.pair.distance, least)}


def _candidates(
    graph: Graph, name: str, output: str, paths: PathCertificate, floor_sizes: Mapping[str, int]
) -> list[_Candidate]:
    pieces, axis = paths.pieces[name][output], along(graph, name, output)
    if axis is None:
        cost = functools.reduce(minimum, [p.cost for p in pieces if p.side == 0])
        return [_Candidate(Pair(name, output, 0, poly(0)), None, cost, {})]
    found, firm = [], _firm(pieces, floor_sizes)
    intervals = flat(pieces, axis, lower_sizes(firm))
    for side, floor in itertools.product((1, -1), _floors(intervals)):
        for distance in _distances(intervals, side, axis):
            least = dict(firm)
            try:
                require(least, distance, max(floor, 0 if side > 0 else 1))
                require(least, axis.extent - 1, distance)
            except UnsolvedError:
                continue
            pair = Pair(name, output, side, distance)
            found += [
                _Candidate(pair, axis, cost, least)
                for cost in _costs(pieces, intervals, side, distance, lower_sizes(least))
            ]
    return found


def _firm(pieces: Sequence[Piece], least: Mapping[str, int]) -> dict[str, int]:
    """Return least sizes at which each step of a flight goes somewhere."""
    firm = dict(least)
    for piece in pieces:
        first, second = (piece.single(k).high for k in (0, 1))
        if piece.last is not None and first is not None and second is not None:
            require(firm, second - first, 1)
    return firm


def _is_attained(graph: Graph, candidate: _Candidate, paths: PathCertificate) -> bool:
    try:
        attained(graph, candidate.cost, candidate.pair, paths, candidate.least)
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


def _costs(
    pieces: Sequence[Piece], intervals: Sequence[Piece], side: int, distance: Poly, given: Given
) -> list[Poly]:
    """Return what the shortest path at a distance may cost: what some piece says, or the least."""
    costs = [
        height(piece, distance, given)
        for piece, interval in zip(pieces, intervals, strict=True)
        if may_hold(interval, side, distance, given)
    ]
    return list(dict.fromkeys((*costs, functools.reduce(minimum, costs)))) if costs else []
