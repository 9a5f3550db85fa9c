"""The state bound: the least that an exact implementation carries if it may compute again.

Candidates are cuts such that all that later positions read can be computed from them. Each has a
formula, and no exact minimum is larger; the bound is the least of them. Whether a cut is missing is
found out by maximum flows on the unrolled graph, at sizes where the candidates differ. Where a flow
is less, a cheaper cut is sought at those sizes; if there is none, there is no formula.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, minimum, poly, size
from ...graphs.unrolling import TooLargeError
from ..causality import causal
from ..counting.layer_sums import least_sizes
from ..derivation import Derivation
from ..measured.measure import MeasureError, measure
from ..proofs.cases import never_less, replaced
from ..proofs.cuts.state_bound import BoundCertificate
from ..proofs.errors import ProofError
from ..proofs.extents import whole_extents
from ..solving import UnsolvedError, both
from .candidates import Cutting
from .certificates import certificate
from .comparisons import Sizes, corners, first_points, least_depths, points, seeds
from .needs import Cut, capacity, checked_layers

__all__ = ["state_bound"]

MOST = 8
"""Costs of which each is the least somewhere."""

ROUNDS = 12
"""How often a cheaper cut is sought where a flow was less."""

SAME = Setting()
"""The bound is the same in every setting, and its flows are measured in one."""


def state_bound(graph: Graph, setting: Setting) -> Derivation:
    """Return the minimum node cut between past inputs and later positions; causal models only."""
    looped = graph.looped
    reason = causal(looped)
    if reason is not None:
        return Derivation(None, reason=reason)
    try:
        checked_layers(looped)
        return _Search(graph).derivation()
    except (ProofError, UnsolvedError) as error:
        return Derivation(None, reason=str(error))
    except (TooLargeError, MeasureError) as error:
        return Derivation(None, reason=f"no maximum flow to compare with: {error}")


class _Search:
    """Candidates and the sizes at which their minimum was compared."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.looped = graph, graph.looped
        self.cutting = Cutting(self.looped)
        self.costs: dict[Cut, Poly] = {}
        self._consider(self.cutting.trivial())
        for at in seeds(self.looped):
            self._consider(self.cutting.cuts(at))

    def _consider(self, cuts: Iterable[Cut]) -> None:
        for cut in cuts:
            if cut not in self.costs:
                try:
                    self.costs[cut] = capacity(self.looped, cut)
                except UnsolvedError:  # its layers have no sum in closed form: another cut may have
                    continue

    def derivation(self) -> Derivation:
        """Compare, seek cheaper cuts where a flow was less, and compare again."""
        held_out: dict[tuple[tuple[str, int], ...], int] = {}
        for attempt in range(ROUNDS):
            if attempt == 1:  # there was no proof at once, so a cut may be missing
                for at in corners(self.looped):
                    self._consider(self.cutting.cuts(at))
            bound, least = _smallest(self.looped, self.costs.values())
            proof = certificate(self.looped, [self._cut(cost) for cost in least], bound)
            if proof is not None:
                return self._found(bound, proof, [])
            if attempt == 0:
                continue
            compared = list(self._points())
            for at in compared:
                key = tuple(at.items())
                if key not in held_out:
                    held_out[key] = self._measured(at)
            wrong = [at for at in compared if held_out[tuple(at.items())] != bound.evaluate(**at)]
            if not wrong:
                return self._found(bound, None, [dict(at) for at in held_out])
            before = len(self.costs)
            self._consider(self.cutting.cuts(wrong[0]))
            if len(self.costs) == before:
                break
        at = wrong[0]
        where = ", ".join(f"{k}={v}" for k, v in at.items())
        cut = f"cuts of whole equations give {bound}, that is {bound.evaluate(**at)} at {where}"
        reason = f"{cut}, but a maximum flow gives {held_out[tuple(at.items())]}"
        return Derivation(None, reason=reason)

    def _points(self) -> Iterable[Sizes]:
        costs = list(dict.fromkeys(self.costs.values()))
        return points(self.looped, costs) or first_points(self.looped)[:1]

    def _measured(self, at: Sizes) -> int:
        found = measure("state_bound", self.graph, SAME, at)
        if found is None:
            raise MeasureError(f"expected {self.graph.name} to be causal at {at}")
        return int(found)

    def _cut(self, cost: Poly) -> Cut:
        return next(cut for cut, own in self.costs.items() if own == cost)

    def _found(
        self, bound: Poly, proof: BoundCertificate | None, held_out: list[Sizes]
    ) -> Derivation:
        lines = sorted(f"cutting {cut}: {cost}" for cut, cost in self.costs.items())
        return Derivation(
            bound,
            grade="fitted" if proof is None else "proved",
            least=both(least_sizes(bound), least_depths(self.looped)),
            steps=(*lines, f"the least of them: {bound}"),
            certificate=proof,
            details={"held_out": tuple(held_out)} if proof is None else {},
        )


def _smallest(graph: Graph, costs: Iterable[Poly]) -> tuple[Poly, list[Poly]]:
    """Return the minimum, simple costs first, without what is never the least; and what is left."""
    deep = {name: size(name) + (least - 1) for name, least in least_depths(graph).items()}
    whole = {**deep, **whole_extents(graph)}
    chosen: list[Poly] = []
    for cost in sorted(set(costs), key=lambda c: (len(str(c)), str(c))):
        if not chosen or not _needless(cost, chosen, whole):
            chosen.append(cost)
    for cost in chosen[::-1]:
        rest = [c for c in chosen if c != cost]
        if rest and _needless(cost, rest, whole):
            chosen = rest
    least = list(chosen)
    for k, cost in enumerate(chosen):
        rest = chosen[:k] + chosen[k + 1 :]
        simpler = (c for c in _simpler(cost) if _needless(cost, [*rest, c], whole))
        chosen[k] = next(simpler, cost)
    if len(chosen) > MOST:
        raise UnsolvedError(f"more than {MOST} cuts of which each may be the least")
    common = _common(chosen)
    return _least([c / common for c in chosen]) * common, least


def _needless(cost: Poly, others: list[Poly], whole: Mapping[str, Poly]) -> bool:
    """Whether a cost is certain never to be less than the least of others."""
    return never_less(cost.substitute(whole), [c.substitute(whole) for c in others])


def _simpler(cost: Poly) -> Iterator[Poly]:
    """Yield costs that are never less: one of its minima is one of its arguments."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        touching = [c for m, c in cost.terms.items() if dict(m).get(atom)]
        if atom.kind == "min" and all(c > 0 for c in touching):
            yield from (replaced(cost, atom, argument) for argument in atom.args)


def _least(costs: list[Poly]) -> Poly:
    return functools.reduce(minimum, costs)


def _common(costs: list[Poly]) -> Poly:
    """Return the product of sizes that divides all terms."""
    monomials = [dict(m) for cost in costs for m in cost.terms]
    if not monomials:
        return poly(1)
    shared = {a: min(m.get(a, 0) for m in monomials) for a in monomials[0] if a.kind == "size"}
    powers = sorted(((a, k) for a, k in shared.items() if k > 0), key=lambda p: p[0].text)
    return Poly({tuple(powers): 1})
