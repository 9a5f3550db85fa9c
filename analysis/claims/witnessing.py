"""What the other two witnesses say of the figure that a claim speaks of, at one choice of sizes."""

from __future__ import annotations

from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..deriving import derive
from ..figures import NAMES, Number
from ..witnesses import measured, ran
from .subjects import Case

MEASURED_AT = {"n": 9, "m": 6, "d": 8, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3}


def sizes_at(case: Case) -> dict[str, int]:
    """Return small sizes of the domain for every size of the graph."""
    graph = case.graph
    at = {s: MEASURED_AT.get(s, 2) for s in graph.free_sizes}
    placed = case.domain.complete(at)
    return {s: int(placed[s]) for s in graph.free_sizes}


def _seen(
    figure: str, graph: Graph, setting: Setting, at: dict[str, int]
) -> tuple[Number | None, Number | None]:
    key = ("witnessed", figure, setting, tuple(sorted(at.items())))
    if key not in graph.memory:
        graph.memory[key] = (measured(figure, graph, setting, at), ran(figure, graph, setting, at))
    found: tuple[Number | None, Number | None] = graph.memory[key]
    return found


def _both(case: Case) -> tuple[dict[str, int], Number | None, Number | None] | None:
    if case.claim.left or case.figure not in NAMES:
        return None
    at = sizes_at(case)
    if not case.domain.holds(at):
        return None
    return at, *_seen(case.figure, case.graph, case.setting, at)


def witnessed(case: Case) -> str:
    """Say what the other two witnesses give at one size."""
    found = _both(case)
    if found is None or found[1] is None:
        return ""
    at, graph_says, run_says = found
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    run = "" if run_says is None else f", run {run_says}"
    return f" [at {where}: measured {graph_says}{run}]"


def contradicted(case: Case) -> str:
    """Say where a witness contradicts the formula; empty if none does."""
    found = _both(case)
    derived = derive(case.figure, case.graph, case.setting) if found is not None else None
    if found is None or derived is None or derived.formula is None:
        return ""
    at, *seen = found
    if any(at.get(s, v) < v for s, v in derived.least.items()):
        return ""
    try:
        value = Fraction(derived.formula.evaluate(**at))
    except SizeError:
        return ""
    odd = [said for said in seen if said is not None and Fraction(said) != value]
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    return (
        f"{case.figure} of {case.model} is {value} by the formula and {odd[0]} at {where}"
        if odd
        else ""
    )
