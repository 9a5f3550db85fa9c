"""Validation: predictions held against code that runs, and which term is missing where they fail.

What is predicted is a sum of terms: matrix products, elementwise arithmetic, functions, bytes and
launches. Where the code takes longer or shorter than predicted by more than a quarter, each term is
scaled alone, and the one with which the predictions of that code come nearest is named; of several
that come as near, the one that is scaled least.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ...graphs.models import CATALOGUE
from ...graphs.tracing import trace
from .calibrating import clock_of, engine_of, in_process, least
from .libraries import library_of
from .machine import Machine
from .operations import operations
from .predicting import Parts, parts
from .subjects import GPU_GRID, GRID, SUBJECTS, Subject, work_of
from .task import Task

TOLERATED = 0.25
"""How far a prediction may be off before the report names a term."""

ALIKE = 0.05
"""By how much the errors of two terms differ at most that are not told apart."""

TERMS: Mapping[str, str] = {
    "latency": "time per launch",
    "starts": "time per launch of a matrix product",
    "transfer": "time per byte",
    "matrix": "time per operation of matrix products",
    "vector": "time per operation of elementwise arithmetic",
    "functions": "time per function such as exp",
}
"""The terms of a prediction, and what a factor of each is."""

SCALES = tuple(2.0 ** (k / 8) for k in range(-48, 49))
"""Factors that are tried: from 1/64 to 64."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run and its prediction."""

    what: str
    model: str
    fused: str
    sizes: Mapping[str, int]
    predicted: float
    measured: float
    """Seconds."""

    @property
    def ratio(self) -> float:
        """Measured over predicted."""
        return self.measured / self.predicted

    @property
    def error(self) -> float:
        """How far the prediction is off, as a part of what was measured."""
        return abs(self.predicted - self.measured) / self.measured


@dataclass(frozen=True, slots=True)
class Missing:
    """The term whose factor brings the predictions of one subject nearest to the runs."""

    what: str
    error: float
    """The median error of its points as predicted."""
    term: str
    factor: float
    left: float
    """The median error with that factor."""
    also: tuple[str, ...] = ()
    """Terms that a factor brings nearly as near: these runs do not tell them apart."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Predictions against runs."""

    machine: Machine
    engine: str
    threads: str
    device: str
    points: tuple[Point, ...]
    missing: tuple[Missing, ...] = field(default=())

    @property
    def error(self) -> float:
        """The median absolute percentage error, as a fraction."""
        return statistics.median(p.error for p in self.points)


def validate(
    machine: Machine,
    engine: str | None = None,
    *,
    threads: str = "1",
    device: str = "cpu",
    tell: Callable[[str], None] | None = None,
) -> Validation:
    """Run code over a grid of sizes that calibration did not use, and predict each run.

    Raises
    ------
    EngineError
        If there is no such library or device.
    """
    chosen = engine_of(engine, device)
    if tell is not None:
        tell(f"running {chosen}")
    if device == "cpu":
        lines = in_process(threads, "validate", chosen, threads, device)
        seconds = [msgspec.json.decode(line, type=float) for line in lines]
    else:
        seconds = list(timed(chosen, threads, device))
    points: list[Point] = []
    terms: dict[str, list[tuple[Sequence[Parts], float]]] = {}
    for (subject, sizes), taken in zip(cases(chosen, device), seconds, strict=True):
        found = predicted(subject, sizes, machine)
        total = float(sum(p.seconds for p in found))
        points.append(Point(subject.what, subject.model, subject.fused, sizes, total, taken))
        terms.setdefault(subject.what, []).append((found, taken))
    missing = tuple(
        missed for what, runs in terms.items() if (missed := term_of(what, runs)) is not None
    )
    return Validation(machine, chosen, threads, device, tuple(points), missing)


def cases(engine: str, device: str) -> list[tuple[Subject, dict[str, int]]]:
    """Return what is run, at which sizes."""
    grid = GRID if device == "cpu" else GPU_GRID
    return [(s, s.at(n, d)) for s in SUBJECTS[engine] for n, d in grid]


def timed(engine: str, threads: str, device: str) -> Sequence[float]:
    """Return the seconds of all cases, in this process, whose threads are chosen already."""
    library, clock = library_of(engine, device), clock_of(threads, device)
    return [
        least(work_of(engine, subject, sizes, device), library.wait, clock, repeats=7)
        for subject, sizes in cases(engine, device)
    ]


def predicted(subject: Subject, sizes: Mapping[str, int], machine: Machine) -> list[Parts]:
    """Return the parts of the predicted time of a subject, by operation."""
    graph = trace(CATALOGUE[subject.model])
    task = Task("encode", number="fp32", fused=subject.fused)
    own = {s: sizes[s] for s in graph.free_sizes}
    return [parts(one, own, machine, task) for one in operations(graph, task)]


def term_of(what: str, found: Sequence[tuple[Sequence[Parts], float]]) -> Missing | None:
    """Return the term that is missing, if the median of a subject's errors is not tolerated.

    Of terms that the runs do not tell apart it is the one whose factor is nearest to one.
    """
    before = _error(found, {})
    if before <= TOLERATED:
        return None
    best = sorted(
        min((_error(found, {t: s}), abs(math.log2(s)), t, s) for s in SCALES) for t in TERMS
    )
    alike = [one for one in best if one[0] <= best[0][0] + ALIKE]
    left, _, term, factor = min(alike, key=lambda one: one[1])  # the least that has to be assumed
    also = tuple(t for _, _, t, _ in alike if t != term)
    return Missing(what, before, term, factor, left, also)


def _error(found: Sequence[tuple[Sequence[Parts], float]], factors: Mapping[str, float]) -> float:
    """Return the median error if terms are multiplied by factors."""

    def scaled(part: Parts) -> float:
        terms = {t: factors.get(t, 1.0) * float(getattr(part, t)) for t in TERMS}
        compute = terms["matrix"] + terms["vector"] + terms["functions"]
        more = terms["starts"] - float(part.starts)  # they are among the launches already
        return max(compute, terms["transfer"]) + terms["latency"] + more

    errors = [
        abs(sum(scaled(part) for part in one) - measured) / measured for one, measured in found
    ]
    return statistics.median(errors)
