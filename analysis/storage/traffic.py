"""Traffic: the words that move between slow and fast memory if nothing is fused, with their proof.

Every operation that runs reads what it needs once and writes what it computes once; so in a loop a
weight is read in every iteration. Beside it stand published lower bounds, which depend on the size
of the fast memory, see :mod:`.bounds`.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> found = traffic(trace(CATALOGUE["rnn"]), Setting())
>>> str(found.details["reads"]["parameters"])
'd**2*n + d**2 + d*n + d'
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ...graphs.graph import Equation, Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, Sized, poly, summed
from ..counting.layer_sums import least_sizes
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.positions import long_enough, lower_sizes
from ..proofs.storage.looks import Look, covers, in_order, looks
from ..proofs.storage.timetable import timetable
from ..proofs.storage.traffic import (
    Cell,
    Moved,
    Taken,
    TrafficCertificate,
    amount,
    by_base,
    check_traffic,
    happens,
    placed,
    repeated,
    shortest,
    written,
)
from ..proofs.storage.ways import computes
from ..solving import UnsolvedError, nonempty, require
from .bounds import bounds


def _require(least: dict[str, int], extent: Poly, needed: Sized) -> None:
    """Raise sizes until an axis is long enough, if it may be too short."""
    if not long_enough(extent, needed, lower_sizes(least)):
        require(least, extent, poly(needed))


def traffic(graph: Graph, setting: Setting) -> Derivation:
    """Count the scalars that all operations read and write, each once in each run."""
    try:
        least = nonempty(graph)
        for _, length, ends in placed(graph):
            _require(least, length, ends)
        moved = tuple(_moved(graph, e, setting, least) for e in graph if computes(e))
        formula = summed(m.total for m in moved)
        certificate = TrafficCertificate(moved, formula, least)
        check_traffic(graph, setting, certificate)
    except (ProofError, UnsolvedError, GraphError) as error:
        return Derivation(None, reason=str(error))
    grouped: dict[str, tuple[str, ...]] = {}
    for bound in bounds(graph, setting):
        grouped[str(bound)] = (*grouped.get(str(bound), ()), bound.name)
    return Derivation(
        formula,
        grade="proved",
        least={**least, **least_sizes(formula)},
        steps=(
            *(_line(graph, m) for m in moved),
            f"the sum: {formula}",
            *(f"{', '.join(names)}: {bound}" for bound, names in grouped.items()),
        ),
        certificate=certificate,
        by_primitive=_by_primitive(graph, moved),
        details={
            "written": summed(m.written for m in moved),
            "reads": _by_kind(graph, moved),
            "lower_bounds": grouped,
        },
    )


def _moved(graph: Graph, equation: Equation, setting: Setting, least: dict[str, int]) -> Moved:
    """Count what one operation reads and writes; raise least sizes to what its loops need."""
    own = written(graph, equation, setting)
    read: dict[str, tuple[Taken, ...]] = {}
    total = [own]
    for base, found in by_base(looks(graph, equation)).items():
        for length in (r.length for look in found for r in look.ranges.values()):
            _require(least, length + 1, 1)
        taken = []
        for cell in _cells(graph, equation, found, least):
            now = _uncovered(look for look in found if happens(equation.name, look, cell))
            taken.append(Taken(cell, now, amount(graph, setting, now, least)))
            total.append(repeated(graph, equation, cell) * taken[-1].each)
        read[base] = tuple(taken)
    return Moved(equation.name, own, read, summed(total))


def _cells(
    graph: Graph, equation: Equation, found: list[Look], least: dict[str, int]
) -> list[Cell]:
    """Cut the iterations of loops where something begins or ends to be read."""
    table = timetable(graph)
    intervals = []
    for k, own in enumerate(table.inside[equation.name]):
        points = {point for look in found for point in look.window[k] if point}
        starts = [0, *sorted(points, key=in_order)]
        _require(least, graph.axes[table.loops[own].axis].extent, shortest(starts))
        intervals.append(list(zip(starts, [*starts[1:], None], strict=True)))
    return list(itertools.product(*intervals))


def _uncovered(found: Iterable[Look]) -> tuple[Look, ...]:
    """Drop looks that see nothing but what another one sees."""
    kept: list[Look] = []
    for look in found:
        if not any(covers(other, look) for other in kept):
            kept = [other for other in kept if not covers(look, other)]
            kept.append(look)
    return tuple(kept)


def _words(graph: Graph, moved: Moved, base: str) -> Poly:
    equation = graph[moved.name]
    return summed(repeated(graph, equation, taken.cell) * taken.each for taken in moved.read[base])


def _line(graph: Graph, moved: Moved) -> str:
    parts = [f"{base} {_words(graph, moved, base)}" for base in moved.read]
    read = f"reads {', '.join(parts)}, " if parts else ""
    return f"{moved.name}: {read}writes {moved.written}: {moved.total}"


def _by_primitive(graph: Graph, moved: Iterable[Moved]) -> dict[str, Poly]:
    sums: dict[str, Poly] = {}
    for m in moved:
        name = graph[m.name].primitive.name
        sums[name] = sums.get(name, poly(0)) + m.total
    return dict(sorted(sums.items()))


def _by_kind(graph: Graph, moved: Iterable[Moved]) -> dict[str, Poly]:
    """Return how much is read of parameters, and how much of everything else."""
    sums = {"parameters": poly(0), "arrays": poly(0)}
    for m in moved:
        for base in m.read:
            kind = "parameters" if graph[base].primitive.name == "parameter" else "arrays"
            sums[kind] = sums[kind] + _words(graph, m, base)
    return sums
