"""Path length, mixing hops, receptive field and layers to connect, read off certified pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..graphs.graph import Axis, Graph
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, ceil_div, ceil_log, maximum, minimum, poly, size
from .derivation import Derivation
from .paths import certify_paths
from .proofs.errors import ProofError
from .proofs.paths import PathCertificate, Piece, check_paths, covers
from .proofs.potentials import lower_sizes
from .solving import UnsolvedError, largest


def certified(graph: Graph, setting: Setting, *, hops: bool = False) -> PathCertificate:
    """Find pieces and have them checked.

    Raises
    ------
    UnsolvedError, ProofError, ValueError
        If there is no conjecture or no proof.
    """
    certificate = certify_paths(graph, setting, hops=hops)
    check_paths(graph, setting, certificate)
    return certificate


def path_length(graph: Graph, setting: Setting, *, hops: bool = False) -> Derivation:
    """Derive the maximum over connected pairs of positions of the shortest path between them."""
    try:
        certificate = certified(graph, setting, hops=hops)
        found = [
            _longest(graph, name, output, certificate)
            for name, pieces in certificate.pieces.items()
            for output in graph.outputs
            if pieces[output]
        ]
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    if not found:
        return Derivation(None, reason="no output reads an input")
    terms = largest(term for one in found for term in one.terms)
    formula = terms[0]
    for term in terms[1:]:
        formula = maximum(formula, term)
    least: dict[str, int] = dict(certificate.least)
    for one in found:
        for name, value in one.least.items():
            least[name] = max(least.get(name, 1), value)
    steps = tuple(line for one in found for line in one.lines)
    return Derivation(formula, "proved", least, steps, certificate, details={"by_distance": steps})


@dataclass(frozen=True, slots=True)
class _Longest:
    terms: tuple[Poly, ...]
    least: dict[str, int]
    lines: tuple[str, ...]


def _longest(graph: Graph, name: str, output: str, certificate: PathCertificate) -> _Longest:
    """Return the longest of the shortest paths from one input to one output."""
    pieces = certificate.pieces[name][output]
    axis = graph[output].sequence
    lines = tuple(f"from position j of {name} to position i of {output}: {p}" for p in pieces)
    if any(p.side == 0 for p in pieces) or axis is None:
        return _Longest(largest(p.cost for p in pieces), {}, lines)
    least: dict[str, int] = {}
    terms: list[Poly] = []
    found = [(p, *_farthest(p, pieces, axis, certificate)) for p in pieces]
    for piece, term, start in sorted(found, key=lambda f: f[2] != 0):
        if start != 0 and not any(at_least(t, term) for t in terms):
            _require(least, axis.extent - 1, start)
            if piece.high is not None:
                _require(least, piece.high, start)
        terms.append(term)
    return _Longest(largest(terms), least, lines)


def _require(least: dict[str, int], cost: Poly, floor: Poly | int | Fraction) -> None:
    """Raise the least values of sizes until a cost is at least ``floor``.

    Raises
    ------
    UnsolvedError
        If that takes more than one size, or a large one.
    """
    for name in cost.sizes:
        for value in range(1, 5):
            raised = {**least, name: max(value, least.get(name, 1))}
            if at_least(cost, floor, given=lower_sizes(raised)):
                if raised[name] > 1:
                    least[name] = raised[name]
                return
    if not at_least(cost, floor, given=lower_sizes(least)):
        raise UnsolvedError(f"whether {cost} is at least {floor} depends on more than one size")


def _farthest(piece: Piece, pieces: Sequence[Piece], axis: Axis, certificate: PathCertificate) -> tuple[Poly, Poly]:
    """Return the largest cost of a piece where no other one is cheaper, and where it starts."""
    start = piece.low
    cheaper = [p for p in pieces if p is not piece and p.high == p.low == start and not at_least(p.cost, piece.at(start))]
    if cheaper and piece.high != piece.low:
        start = start + 1
    end = axis.extent - 1 if piece.high is None else minimum(piece.high, axis.extent - 1)
    where = start if piece.slope == 0 else end
    term = piece.at(where)
    given = {**lower_sizes(certificate.least), **_long_enough(axis, start)}
    for other in pieces:
        outside = (other.side != piece.side and where != 0) or (
            at_least(where - 1, other.high, given=given) if other.high is not None else at_least(other.low - 1, where, given=given)
        )
        if other is not piece and not outside and not at_least(other.at(where), term, given=given):
            raise UnsolvedError(f"{other} may be shorter than {piece}")
    return term, start


def _long_enough(axis: Axis, start: Poly) -> dict[str, Poly]:
    names = [s for s in axis.extent.sizes if axis.extent == size(s)]
    return {names[0]: start + 1 + size(f"{names[0]}_s_")} if names and start.constant is not None else {}


def receptive_field(graph: Graph, setting: Setting) -> Derivation:
    """Derive how many input positions reach an output position, at most."""
    try:
        certificate = certified(graph, setting.but(unit="layer"))
        counts = [
            _count(graph, name, output, certificate)
            for name, pieces in certificate.pieces.items()
            for output in graph.outputs
            if pieces[output]
        ]
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    if not counts:
        return Derivation(None, reason="no output reads an input")
    formula, steps = counts[0][0], tuple(c[1] for c in counts)
    for count, _ in counts[1:]:
        formula = maximum(formula, count)
    return Derivation(formula, "proved", dict(certificate.least), steps, certificate)


def _count(graph: Graph, name: str, output: str, certificate: PathCertificate) -> tuple[Poly, str]:
    pieces = certificate.pieces[name][output]
    along = graph[name].sequence
    assert along is not None
    if any(p.side == 0 for p in pieces):
        return along.extent, f"every position of {name} reaches every position of {output}"
    ahead, back = (farthest(pieces, side, certificate) for side in (1, -1))
    if ahead is None or back is None:
        return along.extent, f"an end of {output} is reached from every position of {name}"
    count = minimum(along.extent, ahead + back + 1)
    return count, f"{output} is reached from {ahead} positions before, {back} after, and itself"


def farthest(pieces: Sequence[Piece], side: int, certificate: PathCertificate) -> Poly | None:
    """Return the largest distance of a side, None if it is unbounded, 0 if there is none.

    Raises
    ------
    UnsolvedError
        If there is a gap.
    """
    own = [p for p in pieces if p.side == side]
    if not own:
        return poly(0)
    if any(p.high is None for p in own):
        high = None
    else:
        high = poly(0)
        for piece in own:
            high = maximum(high, piece.high if piece.high is not None else 0)
    if not covers(own, poly(0 if side > 0 else 1), high, lower_sizes(certificate.least)):
        raise UnsolvedError("the reached positions have gaps")
    return high


def layers_to_connect(graph: Graph, setting: Setting) -> Derivation:
    """Derive the fewest layers that connect all pairs which any number of layers connects."""
    layer = setting.but(unit="layer")
    try:
        one = _one_layer(graph)
        sides = _sides(one, certified(one, layer))
        if all(s is None or s == 0 for s in sides):
            return Derivation(poly(1), "proved", {}, ("one layer reaches every position that any number reaches",))
        deep = _deep(graph)
        certificate = certified(deep, layer)
        sides = _sides(deep, certificate)
        least = {"n": 2}
        needed = [_solve(deep, high, least) for high in sides if high is not None and high != 0]
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    formula = needed[0]
    for other in needed[1:]:
        formula = maximum(formula, other)
    steps = tuple(f"L layers reach {high} positions away on one side" for high in sides if high is not None and high != 0)
    steps = (*steps, f"that is at least one less than the number of positions from L = {formula} on")
    return Derivation(formula, "proved", least, steps, certificate)


def _one_layer(graph: Graph) -> Graph:
    return graph if graph.source is None or "L" not in graph.axes else graph.source(L=1)


def _deep(graph: Graph) -> Graph:
    if graph.source is None:
        raise UnsolvedError("the model cannot be traced again with more layers")
    deep = graph.source(L="L")
    if "L" not in deep.axes:
        if not graph.stackable:
            raise UnsolvedError("the output cannot be the input of another layer")
        deep = graph.source(stacked="L")
    return deep


def _sides(graph: Graph, certificate: PathCertificate) -> list[Poly | None]:
    sides: list[Poly | None] = []
    for pieces in certificate.pieces.values():
        for output in graph.outputs:
            if pieces[output] and all(p.side != 0 for p in pieces[output]):
                sides.extend(farthest(pieces[output], side, certificate) for side in (1, -1))
    return sides


def _solve(graph: Graph, high: Poly, least: dict[str, int]) -> Poly:
    """Return the least L with ``high >= n - 1``."""
    axis = graph[graph.outputs[0]].sequence
    assert axis is not None
    target = axis.extent - 1
    if "L" not in high.sizes:
        return poly(1)
    slope = high.substitute({"L": size("L") + 1}) - high
    if "L" not in slope.sizes:
        rest = high - slope * size("L")
        _require(least, slope, Fraction(1, 2))
        return ceil_div(target - rest, slope)
    ratio = (high + 1).substitute({"L": size("L") + 1}) / (high + 1)
    if "L" in ratio.sizes or (high + 1).substitute({"L": poly(0)}) != 1:
        raise UnsolvedError(f"{high} >= {target} has no solution in closed form")
    _require(least, ratio, 2)
    return ceil_log(ratio, target + 1)
