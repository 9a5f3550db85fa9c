"""Certificates of state bounds: the cuts of which the least is the bound, and a flow as large."""

from __future__ import annotations

from collections.abc import Iterable

from ...graphs.graph import Graph
from ...graphs.sizes import Poly, SizeError, poly
from ..proofs.cuts.state_bound import BoundCertificate, Keeping, Part, check_bound
from ..proofs.errors import ProofError
from .comparisons import Sizes, drawn
from .flows import flows
from .needs import Cut, capacity, needs, unlimited

TRIED = 40
"""Points at which a flow must be as large as the bound before it is checked."""


def certificate(graph: Graph, cuts: Iterable[Cut], bound: Poly) -> BoundCertificate | None:
    """Return a certificate that the checker accepts; None if no flow is found."""
    kept = tuple(keeping(graph, cut) for cut in cuts)
    tried = drawn(graph)[:TRIED]
    for flow in flows(graph):
        if not agree(flow.total(graph), bound, tried):
            continue
        found = BoundCertificate(kept, flow, bound)
        try:
            check_bound(graph, found)
        except ProofError:
            continue
        return found
    return None


def agree(total: Poly, bound: Poly, points: Iterable[Sizes]) -> bool:
    """Whether two formulas have the same value wherever both are defined."""
    try:
        return all(total.evaluate(**at) == bound.evaluate(**at) for at in points)
    except SizeError:
        return False


def keeping(graph: Graph, cut: Cut) -> Keeping:
    """Return what a cut says of each equation."""
    limited, free = needs(graph, cut), unlimited(graph, cut)
    parts = []
    for (name, part), need in limited.items():
        if need == 0:
            continue
        raw = free[name, part]
        if (name, part) in cut.oldest and raw is not None:
            parts.append(Part(name, part, raw, raw - 1))
        else:
            kept = (name, part) in cut.cells
            parts.append(Part(name, part, need, poly(0) if kept else need))
    return Keeping(tuple(parts), capacity(graph, cut))
