"""Path lengths: the shortest paths of the unrolled graph, as pieces with a certificate.

From one input position, the distances at which an equation is reached and what that costs are
followed through the graph as intervals, see :mod:`.following`. What nothing carries is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, size
from ..proofs.paths.reading import claimed
from ..proofs.paths.shortest import PathCertificate, checker, costs
from ..proofs.positions import lower_sizes
from ..solving import UnsolvedError
from .following import Follower, Pieces


def certify_paths(graph: Graph, setting: Setting, *, hops: int | None = None) -> PathCertificate:
    """Find the pieces of all equations, from each input; nothing is verified here.

    Raises
    ------
    UnsolvedError, ProofError
        If a relation has no interval, or a loop no conjecture.
    """
    key = ("paths", setting if hops is None else hops)
    if key not in graph.memory:
        graph.memory[key] = _certify(graph, setting, hops)
    found: PathCertificate = graph.memory[key]
    return found


def _certify(graph: Graph, setting: Setting, hops: int | None) -> PathCertificate:
    least = {"L": 2} if any(_may_be_empty(a.extent) for a in graph.axes.values()) else {}
    try:
        return _with_least(graph, setting, hops, least)
    except UnsolvedError:
        wide = dict.fromkeys(_widths(graph), 2)
        if not wide:
            raise
        return _with_least(graph, setting, hops, {**least, **wide})


def _with_least(
    graph: Graph, setting: Setting, hops: int | None, least: Mapping[str, int]
) -> PathCertificate:
    cost, given = costs(graph, setting, hops), lower_sizes(least)
    found: dict[str, Mapping[str, Pieces]] = {}
    for name in graph.inputs:
        found[name] = Follower(graph, cost, name, hops, given).follow()
    draft = PathCertificate(found, found, hops, least)
    achieved = {name: _achieved(graph, cost, name, draft) for name in graph.inputs}
    return PathCertificate(found, achieved, hops, least)


def _widths(graph: Graph) -> list[str]:
    """Return the sizes that windows have; one of a single position is no window."""
    relations = (read.relation for equation in graph for read in equation.reads)
    bounds = [b for r in relations for b in (r.back, r.ahead) if b is not None]
    return sorted({s for bound in bounds for s in bound.sizes})


def _may_be_empty(extent: Poly) -> bool:
    return any(
        (value := (extent - size(s)).constant) is not None and value < 0 for s in extent.sizes
    )


def _achieved(
    graph: Graph, cost: Mapping[str, Poly], source: str, draft: PathCertificate
) -> Mapping[str, Pieces]:
    """Return the pieces that are left when what nothing carries is dropped, again and again."""
    left = dict(draft.pieces[source])
    readers: dict[str, set[str]] = {name: set() for name in graph.equations}
    for equation in graph:
        for read in equation.reads:
            readers[read.source].add(equation.name)
    pending = set(graph.equations)
    while pending:
        check = checker(graph, cost, source, left, draft)
        for equation in graph:  # in the order of the graph, so that most settle at once
            if equation.name not in pending:
                continue
            pending.discard(equation.name)
            cells = list(check.reader.cells(equation))
            kept = tuple(
                p
                for p in left.get(equation.name, ())
                if all(check.is_achieved(equation, p, c) for c in cells if claimed(p, c.layer))
            )
            if kept != left.get(equation.name, ()):
                pending |= readers[equation.name]
            left[equation.name] = kept
    return left
