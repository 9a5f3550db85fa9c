"""Workspace: the most scalars that are live at once in a named schedule, with its proof.

The schedule is *in order*; see :mod:`..proofs.storage.holding` for its rules. Beside it stands a lower bound,
what no schedule without recomputation can avoid. What lies between is not closed: to find the least
that any order needs is NP-hard (Sethi 1975, *Complete register allocation problems*).

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> found = workspace(trace(CATALOGUE["rnn"]), Setting())
>>> str(found.formula), str(found.details["lower_bound"])
('2*d*n + 2*d', 'max(3*d, d*n)')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from ...graphs.graph import Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, summed
from ..counting.layer_sums import least_sizes
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.storage.activations import ActivationsCertificate, Saved, check_activations, union
from ..proofs.storage.floors import Floor, floor_of, operations
from ..proofs.storage.holding import Plan, Reading, leaving, plan
from ..proofs.storage.peaks import Peak
from ..proofs.storage.workspace import Instant, WorkspaceCertificate, check_workspace, total
from ..solving import UnsolvedError, nonempty
from .activations import kept
from .peaks import peak_of

SCHEDULE = "in order"
WHY = {
    "inputs": "at the start the inputs",
    "outputs": "at the end the outputs",
    "saved": "when the loss gradient is given, that, the outputs and what is saved",
}
BOUND = (
    "no order needs less than {} if each operation runs once, at once for each position; which order "
    "needs least is NP-hard to find (Sethi 1975)"
)


def workspace(graph: Graph, setting: Setting) -> Derivation:
    """Find the most scalars that are live at once, if the steps of a graph run in order.

    Parameters and constants do not count. Of a graph of training, both passes count, and the
    outputs are those of the model and all gradients.
    """
    try:
        least = nonempty(graph)
        instants = tuple(_instants(plan(graph, setting)))
        peak = peak_of((i.total for i in instants), least)
        floors = tuple(_floors(graph, setting, least))
        bound = peak_of((f.total for f in floors), least)
        certificate = WorkspaceCertificate(instants, peak, floors, bound, least)
        check_workspace(graph, setting, certificate)
    except (ProofError, UnsolvedError, GraphError) as error:
        return Derivation(None, reason=str(error))
    return Derivation(
        peak.formula,
        grade="proved",
        least={**least, **least_sizes(peak.formula)},
        steps=tuple(_told(certificate)),
        certificate=certificate,
        details={
            "schedule": SCHEDULE,
            "lower_bound": bound.formula,
            "lower_bounds": _decisive(floors, bound),
        },
    )


def _instants(held: Plan) -> Iterator[Instant]:
    """Yield what is live at each moment."""
    live: list[dict[str, Poly]] = [{} for _ in held.table.moments]
    for name, stored in held.stored.items():
        amounts: dict[int, Poly] = {}
        for moment, count in _counts(held, name):
            if count:
                amounts.setdefault(count, count * stored.scalars)
                live[moment][name] = amounts[count]
    for instant, now in zip(held.table.moments, live, strict=True):
        yield Instant(instant, now, total(now.values()))


def _counts(held: Plan, name: str) -> Iterator[tuple[int, int]]:
    """Yield moments with how many times an array's amount is held then."""
    table, stored = held.table, held.stored[name]
    first, last = table.at(table.when[name], stored.level)
    if stored.back is None:
        last = max((table.at(r.moment, stored.level)[1] for r in held.readings[name]), default=last)
        yield from ((moment, 1) for moment in range(first, last + 1))
        return
    loop = table.loops[table.inside[name][stored.level - 1]]
    ends = [_end(held, name, reading) for reading in held.readings[name]]
    back, last = max(ends)
    yield loop.enter, back
    for moment in range(loop.enter + 1, loop.last + 1):
        yield moment, back + 1 - (moment < first) - (moment > last)
    later = [r.moment for r in held.readings[name] if _is_after(held, name, r)]
    after = max((table.at(moment, stored.level - 1)[1] for moment in later), default=loop.last)
    yield from ((moment, stored.left or 0) for moment in range(loop.last + 1, after + 1))


def _is_after(held: Plan, name: str, reading: Reading) -> bool:
    """Whether what a loop has left is read after it."""
    return held.table.inside[name][held.stored[name].level - 1] not in reading.loops


def _end(held: Plan, name: str, reading: Reading) -> tuple[int, int]:
    """Return how many steps later, and at which moment of the loop that carries it, something ends."""
    table, level = held.table, held.stored[name].level
    left = leaving(table, table.inside[name], reading)
    back = left.back if left is not None and left.level == level - 1 else 0
    if _is_after(held, name, reading):
        return back, table.loops[table.inside[name][level - 1]].last
    return back, table.at(reading.moment, level)[1]


def _floors(graph: Graph, setting: Setting, least: Mapping[str, int]) -> Iterator[Floor]:
    """Yield amounts that are live in every order."""
    for why in ("inputs", "outputs", *operations(graph)):
        total = floor_of(graph, setting, why)
        if not any(s.endswith("_") for s in total.sizes):
            yield Floor(why, total)
    if graph.of("seed"):
        with suppress(ProofError, UnsolvedError):  # a bound without it is lower, and still one
            yield _saved(graph, setting, least)


def _saved(graph: Graph, setting: Setting, least: Mapping[str, int]) -> Floor:
    """Return what is live when the gradient of the loss is given."""
    saved = tuple(Saved(n, union(graph, n, setting, least)) for n in kept(graph))
    proof = ActivationsCertificate(saved, summed(s.total for s in saved), least)
    check_activations(graph, setting, proof)
    return Floor("saved", floor_of(graph, setting, "saved", proof), proof)


def _decisive(floors: Iterable[Floor], bound: Peak) -> dict[str, Poly]:
    """Return the floors that make the bound, one for each of its terms."""
    found = {floor.total: floor.why for floor in floors}
    return {found[term]: term for term in bound.terms}


def _told(certificate: WorkspaceCertificate) -> Iterator[str]:
    """Yield the moments at which most is live, and the floors."""
    seen: set[Poly] = set()
    for instant in certificate.instants:
        if instant.total in certificate.peak.terms and instant.total not in seen:
            seen.add(instant.total)
            where = " ".join((instant.moment.kind, instant.moment.name)).strip()
            parts = ", ".join(f"{name} {amount}" for name, amount in instant.live.items())
            yield f"{SCHEDULE}, at {where}: {parts}: {instant.total}"
    yield f"the largest: {certificate.peak.formula}"
    for why, least in _decisive(certificate.floors, certificate.bound).items():
        yield f"in every order, {WHY.get(why, f'when {why} is computed')}: {least}"
    yield BOUND.format(certificate.bound.formula)
