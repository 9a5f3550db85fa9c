"""Path lengths of dilated stacks, whose crossings are the digits of a distance.

The digits are followed through the first layers of a stack and continued; the checker of
:mod:`..proofs.paths.digits` verifies them afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...graphs.graph import Equation, Graph
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, maximum, poly, power, size
from ..derivation import Derivation
from ..proofs.paths.digits import Digits, DigitsCertificate, check_digits, lengths
from ..proofs.paths.shortest import costs
from ..solving import UnsolvedError, continued
from ..walking import Walk


def digit_length(graph: Graph, setting: Setting, *, hops: int | None) -> Derivation:
    """Derive the longest shortest path of a stack of windows dilated by powers of their width.

    Raises
    ------
    UnsolvedError, ProofError
        If the crossings are no digits.
    """
    certificate = certify_digits(graph, setting, hops=hops)
    check_digits(graph, setting, certificate)
    formula = functools.reduce(maximum, certificate.formula)
    lines = tuple(
        f"from position j of {name} to position i of {output}: {found[output]}"
        for name, found in certificate.digits.items()
        for output in graph.outputs
        if output in found
    )
    least = dict(certificate.least)
    return Derivation(formula, "proved", least, lines, certificate, details={"by_distance": lines})


def certify_digits(graph: Graph, setting: Setting, *, hops: int | None) -> DigitsCertificate:
    """Find the digits of all equations, from each input; nothing is verified here.

    Raises
    ------
    UnsolvedError, ProofError
        If some relation reads no digits.
    """
    base = _base(graph)
    cost, found = costs(graph, setting, hops), {}
    for name in graph.inputs:
        found[name] = _Source(graph, cost, name, hops, base).digits()
    least = {s: 2 for s in base.sizes if base == size(s)}
    formula = tuple(lengths(graph, found))
    if not formula:
        raise UnsolvedError("no output reads an input")
    return DigitsCertificate(found, formula, hops, least)


def grows(graph: Graph) -> bool:
    """Whether the dilation of some window depends on the layer."""
    return bool(_widths(graph))


def _widths(graph: Graph) -> list[Poly]:
    """Return the widths of the windows whose dilation depends on the layer."""
    relations = (read.relation for equation in graph for read in equation.reads)
    return [
        r.back + 1
        for r in relations
        if r.back is not None and any(s.endswith("_") for s in r.step.sizes)
    ]


def _base(graph: Graph) -> Poly:
    found = _widths(graph)
    if len(set(found)) != 1:
        raise UnsolvedError(
            f"expected windows of one width with a growing dilation in {graph.name}"
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class _Source:
    """One input position, from which digits are followed."""

    graph: Graph
    cost: Mapping[str, Poly]
    name: str
    hops: int | None
    base: Poly

    def digits(self) -> dict[str, Digits]:
        """Return the digits of all equations that it reaches."""
        walk: Walk[Digits] = Walk(self.graph, lambda e: self._solve(walk, e), _continued)
        walk.visit(None)
        return {name: digits for name, found in walk.found.items() for digits in found}

    def _solve(self, walk: Walk[Digits], equation: Equation) -> tuple[Digits, ...]:
        weight, zero = self.cost[equation.name], poly(0)
        ways = [Digits(self.base, zero, zero, weight, zero)] if equation.name == self.name else []
        for read, found in walk.reads(equation):
            for source in found:
                ways += self._through(equation, walk.along(read), source, weight)
        return _least(ways)

    def _through(
        self, equation: Equation, move: Relation, source: Digits, weight: Poly
    ) -> list[Digits]:
        way = replace(source, cost=source.cost + weight)
        if move.is_same:
            return [way]
        if not _is_next(move, source):
            raise UnsolvedError(f"{equation.name}: {move} reads no digit after {source}")
        across = replace(way, written=source.written + 1)
        return [way, replace(across, cost=across.cost + 1)] if self.hops else [across]


def _is_next(move: Relation, source: Digits) -> bool:
    here = power(source.base, source.written)
    return move.step == here and move.back == source.base - 1 and move.ahead == 0


def _least(ways: Sequence[Digits]) -> tuple[Digits, ...]:
    """Return the shortest of several ways: of those that write one digit more, and of the others."""
    if not ways:
        return ()
    best = {w: _cheapest([way for way in ways if way.written == w]) for w in _written(ways)}
    *near, far = best.values()
    if not near or at_least(near[0].cost, far.cost):
        return (far,)
    each = far.cost - near[0].cost
    if far.counted != near[0].written or (far.counted != 0 and each != far.each):
        raise UnsolvedError(f"a digit costs {each}, after digits that cost {far.each}")
    return (Digits(far.base, far.written, far.written, near[0].cost, each),)


def _written(ways: Sequence[Digits]) -> list[Poly]:
    known = {way.written for way in ways}
    found = sorted(known, key=lambda w: (sum(at_least(w, other) for other in known), str(w)))
    if len(found) > 2 or found[-1] - found[0] not in (0, 1):
        raise UnsolvedError(f"ways of {', '.join(str(w) for w in found)} digits meet")
    return found


def _cheapest(ways: Sequence[Digits]) -> Digits:
    best = next((w for w in ways if all(at_least(o.cost, w.cost) for o in ways)), None)
    if best is None:
        raise UnsolvedError(f"neither {ways[0]} nor {ways[1]} is certain to be shorter")
    return best


def _continued(course: Sequence[tuple[Digits, ...]], axis: str, name: str) -> tuple[Digits, ...]:
    """Continue the digits of the first layers to any layer."""
    found = [digits for each in course for digits in each]
    if not found:
        return ()
    if len(found) != len(course) or len({digits.each for digits in found[1:]}) != 1:
        raise UnsolvedError(f"{name}: its digits do not settle along {axis}")
    step, last = size(f"{axis}_"), found[-1]
    values = ([d.counted for d in found], [d.written for d in found], [d.cost for d in found])
    counted, written, cost = (continued([(v,) for v in vs], step, name)[0] for vs in values)
    return (Digits(last.base, counted, written, cost, last.each),)
