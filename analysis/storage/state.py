"""State: what later positions read of values known before, as a formula with its proof.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.setting import Setting
>>> from ...graphs.tracing import trace
>>> for name in ("lstm", "causal_attention", "causal_windowed_attention"):
...     print(state(trace(CATALOGUE[name]), Setting()).formula)
2*d
2*d*n
2*d*min(n, w - 1)
"""

from __future__ import annotations

import functools

from ...graphs.graph import Equation, Graph, Read
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, minimum, poly, size
from ..causality import causal
from ..counting.layer_sums import all_layers, least_sizes
from ..cuts.state_bound import state_bound
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.storage.state import (
    Count,
    Kept,
    StateCertificate,
    check_state,
    frontier,
    reach,
    scattered,
    sequence,
    start_of,
    uncovered,
    union,
)
from ..solving import UnsolvedError, largest

__all__ = ["state", "state_bound"]


def state(graph: Graph, setting: Setting) -> Derivation:
    """Return the scalars that later positions read after n positions; causal models only.

    Inputs of another sequence and what depends on them count as a whole; parameters and constants
    do not. Associative scans are read as loops.
    """
    looped = graph.looped
    reason = causal(looped)
    if reason is not None:
        return Derivation(None, reason=reason)
    try:
        kept = _kept(looped)
        formula = sum((k.total for k in kept), poly(0))
        certificate = StateCertificate(kept, formula)
        check_state(looped, certificate)
    except (ProofError, UnsolvedError) as error:
        return Derivation(None, reason=str(error))
    lines = [line for k in kept for line in [_line(looped, k)] if k.total != 0]
    return Derivation(
        formula,
        grade="proved",
        least=least_sizes(formula),
        steps=(*lines, f"the sum: {formula}"),
        certificate=certificate,
        details={"kept": {k.name: k.total for k in kept if k.total != 0}},
    )


def _kept_positions(graph: Graph) -> dict[str, Poly]:
    """Return, by equation, how many of its last positions later ones read; 1 if it has none."""
    return {name: _count(graph, name, reads) for name, reads in frontier(graph).items()}


def _count(graph: Graph, name: str, reads: tuple[Read, ...]) -> Poly:
    along, equation = sequence(graph), graph[name]
    n = size(along.name)
    if equation.sequence != along:
        return poly(1)
    if scattered(reads):
        return _of_patterns(equation, reads, n)
    return _longest(reads, maximum(n - start_of(graph, name), 0))


def _of_patterns(equation: Equation, reads: tuple[Read, ...], n: Poly) -> Poly:
    """Guess what is kept where sinks are read besides a window; else as the rule has it."""
    windows = [r for read in reads if read.relation.kind == "offsets" for r in [reach(read)]]
    sinks = [read.relation.size for read in reads if read.relation.kind == "sinks"]
    if len(sinks) + len(windows) == len(reads) and None not in windows:
        ends = functools.reduce(maximum, [w for w in windows if w is not None], poly(0))
        return minimum(n, sinks[0] + ends)
    return union(equation, reads, n)


def _longest(reads: tuple[Read, ...], known: Poly) -> Poly:
    reaches = [r for read in reads if (r := reach(read)) is not None]
    if len(reaches) < len(reads):
        return known
    return minimum(known, functools.reduce(maximum, largest(reaches)))


def _kept(graph: Graph) -> tuple[Kept, ...]:
    positions = _kept_positions(graph)
    found = []
    for name, count in positions.items():
        counted = uncovered(graph, graph[name], positions)
        found.append(Kept(name, count, counted, _total(graph[name], counted)))
    return tuple(found)


def _total(equation: Equation, counted: Count) -> Poly:
    first, others = (c * equation.scalars for c in counted)
    if first == others:
        return all_layers(equation, first)
    layers = [a for a in equation.positions if a.kind == "layer"]
    if len(layers) != 1 or layers[0].position in (first + others).sizes:
        raise UnsolvedError(f"{equation.name}: layers differ in what is kept of them")
    return first + others * (layers[0].extent - 1)


def _line(graph: Graph, kept: Kept) -> str:
    equation = graph[kept.name]
    if equation.sequence != sequence(graph):
        return f"{kept.name}, read at every later position: {kept.total}"
    layers = [str(a.extent) for a in equation.positions if a.kind == "layer"]
    depth = f", {' * '.join(layers)} layers" if layers else ""
    which = "the" if scattered(frontier(graph)[kept.name]) else "its last"
    later = " that later ones read" if which == "the" else ""
    what = f"{which} {kept.positions} positions{later} of {equation.scalars} scalars{depth}"
    return f"{kept.name}: {what}: {kept.total}"
