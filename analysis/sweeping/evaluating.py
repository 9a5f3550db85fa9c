"""Evaluating and executing: what one task of a sweep does, in whatever process it is done.

Points at which a formula has no value are told apart before it is evaluated where that can be:
sizes below its domain, chunks that do not divide. What is left, as the logarithm of zero, is found
by halving the box until the points that are to blame stand alone.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...graphs.graph import Graph, GraphError
from ...graphs.grids import Ratio, evaluate
from ...graphs.programs import Quotient
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..api import graph_of
from ..machines.machine import Machine
from ..machines.task import Task
from ..runs.errors import RunError
from ..witnesses import measured, ran
from .cells import Chunk, Numbers
from .formulas import Formula
from .predictions import seconds_of

Sizes: TypeAlias = Mapping[str, NDArray[Any]]

MOST_REASONS = 60_000
OTHER = "for various reasons"
NONE = {
    "measured": "it has no such figure, or unrolled it is too large",
    "run": "no plain code shows it in this setting, or it would take too long",
}
"""What it means that a witness has no value."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A box of points of one block, and all that is needed to finish it."""

    start: int
    stop: int
    shape: tuple[int, ...]
    sizes: Sizes
    """Arrays that broadcast to the box."""
    tied: Mapping[str, tuple[str, Quotient]]
    """Sizes that are formulas of others, with their texts."""
    formula: Formula
    witnesses: tuple[str, ...]
    subject: str | Graph
    symbols: tuple[str, ...]
    figure: str
    setting: Setting | None
    """None if it is a prediction, which nothing measures or runs."""
    machine: Machine | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A finished job and the seconds that it took."""

    chunk: Chunk
    seconds: float


@dataclass(slots=True)
class _Reasons:
    """Reasons by number, from one on."""

    codes: dict[str, int] = field(default_factory=dict)

    def code(self, reason: str) -> int:
        if reason not in self.codes and len(self.codes) >= MOST_REASONS:
            reason = OTHER
        return self.codes.setdefault(reason, len(self.codes) + 1)


@dataclass(slots=True, eq=False)
class _Columns:
    """The columns of a box, in its shape."""

    above: NDArray[Any]
    below: NDArray[Any] | None
    codes: NDArray[np.uint16]
    unsound: NDArray[np.bool_]
    """Where the sizes themselves make no sense, so that nothing can be executed."""


def finish(job: Job) -> Done:
    """Evaluate and execute all points of a job."""
    begin = time.perf_counter()
    reasons = _Reasons()
    columns = _columns(job, job.sizes, job.shape, reasons)
    executed = {
        name: _executed(name, job, columns, reasons)
        for name in ("measured", "run")
        if name in job.witnesses
    }
    formula = job.formula
    some = (formula.quotient is not None or formula.timed) and "derived" in job.witnesses
    codes = columns.codes if np.any(columns.codes) else None
    chunk = Chunk(
        job.start,
        job.stop,
        job.formula.unit,
        job.formula.grade,
        Numbers.of(columns.above) if some else None,
        Numbers.of(columns.below) if some and columns.below is not None else None,
        b"" if codes is None else codes.astype("<u2").tobytes(),
        tuple(reasons.codes),
        executed.get("measured"),
        executed.get("run"),
    )
    return Done(chunk, time.perf_counter() - begin)


def _columns(job: Job, sizes: Sizes, shape: tuple[int, ...], reasons: _Reasons) -> _Columns:
    """Evaluate a box; where something has no value, its halves."""
    try:
        return _box(job, sizes, shape, reasons)
    except SizeError as error:
        if max(shape, default=1) == 1:
            return _without(shape, reasons.code(str(error).split(", got")[0]))
    axis = int(np.argmax(shape))
    middle = shape[axis] // 2
    halves = []
    for part in (slice(None, middle), slice(middle, None)):
        length = middle if part.start is None else shape[axis] - middle
        own = {
            s: a[(slice(None),) * axis + (part,)] if a.shape[axis] > 1 else a
            for s, a in sizes.items()
        }
        halves.append(_columns(job, own, (*shape[:axis], length, *shape[axis + 1 :]), reasons))
    return _joined(halves, axis)


def _without(shape: tuple[int, ...], code: int) -> _Columns:
    return _Columns(
        np.zeros(shape, dtype=np.int64),
        None,
        np.full(shape, code, dtype=np.uint16),
        np.zeros(shape, dtype=bool),
    )


def _joined(halves: list[_Columns], axis: int) -> _Columns:
    below = None
    if any(h.below is not None for h in halves):
        ones = (np.ones_like(h.above) if h.below is None else h.below for h in halves)
        below = np.concatenate(list(ones), axis)
    return _Columns(
        np.concatenate([h.above for h in halves], axis),
        below,
        np.concatenate([h.codes for h in halves], axis),
        np.concatenate([h.unsound for h in halves], axis),
    )


def _box(job: Job, sizes: Sizes, shape: tuple[int, ...], reasons: _Reasons) -> _Columns:
    codes = np.zeros(shape, dtype=np.uint16)
    sizes = _with_tied(job, sizes, codes, reasons)
    for demand in job.formula.demands:
        count, broken = whole_of(evaluate(demand.count, sizes))
        _mark(codes, broken if demand.whole else count < 0, reasons, demand.refusal)
    unsound = codes > 0
    formula = job.formula
    if "derived" not in job.witnesses:
        return _Columns(np.zeros(shape, dtype=np.int64), None, codes, unsound)
    if formula.quotient is None and not formula.timed:
        _mark(codes, np.ones(shape, dtype=bool), reasons, formula.reason)
        return _Columns(np.zeros(shape, dtype=np.int64), None, codes, unsound)
    inside = dict(sizes)
    for name, least in formula.least.items():
        if name in sizes and np.any(sizes[name] < least):
            _mark(codes, sizes[name] < least, reasons, f"the formula holds for {name} >= {least}")
            inside[name] = np.maximum(sizes[name], least)
    found = _values(job, inside)
    above = _filled(found.above, shape, codes, 0)
    below = None if found.below is None else _filled(found.below, shape, codes, 1)
    return _Columns(above, below, codes, unsound)


def _values(job: Job, sizes: Sizes) -> Ratio:
    """Evaluate a formula, or predict a time, inside the domain."""
    if job.formula.quotient is not None:
        return evaluate(job.formula.quotient, sizes)
    assert job.machine is not None
    assert job.task is not None
    return Ratio(seconds_of(job.subject, job.symbols, sizes, job.machine, job.task))


def _with_tied(
    job: Job, sizes: Sizes, codes: NDArray[np.uint16], reasons: _Reasons
) -> dict[str, NDArray[Any]]:
    """Add the sizes that are formulas of others; where one is no size, 1 stands in."""
    found = dict(sizes)
    for name, (text, quotient) in job.tied.items():
        try:
            values, wrong = whole_of(evaluate(quotient, sizes))
        except SizeError:
            if codes.size > 1:
                raise
            _mark(codes, np.ones_like(codes), reasons, f"{name} = {text} has no value")
            found[name] = np.ones_like(codes, dtype=np.int64)
            continue
        _mark(codes, wrong, reasons, f"{name} = {text} is not whole")
        _mark(codes, values < 1, reasons, f"{name} = {text} is below 1")
        found[name] = np.where(wrong | (values < 1), 1, values)
    return found


def whole_of(ratio: Ratio) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return values with where they are not whole; there, they are rounded down."""
    if ratio.below is None:
        return ratio.above, np.zeros((1,) * ratio.above.ndim, dtype=bool)
    return ratio.above // ratio.below, (ratio.above % ratio.below != 0).astype(bool)


def _mark(codes: NDArray[np.uint16], where: NDArray[Any], reasons: _Reasons, reason: str) -> None:
    """Say why there is no value, where nothing was said yet."""
    if np.any(where):
        codes[np.broadcast_to(where.astype(bool), codes.shape) & (codes == 0)] = reasons.code(
            reason
        )


def _filled(
    values: NDArray[Any], shape: tuple[int, ...], codes: NDArray[np.uint16], nothing: int
) -> NDArray[Any]:
    full = np.broadcast_to(values, shape)
    return np.where(codes > 0, nothing, full) if np.any(codes) else full


def _executed(name: str, job: Job, columns: _Columns, reasons: _Reasons) -> tuple[str | None, ...]:
    """Take a witness at every point, in their order."""
    if job.setting is None:
        return (None,) * (job.stop - job.start)
    graph = graph_of(job.subject, [dict.fromkeys(job.symbols, 1)])
    codes = columns.codes.reshape(-1)
    unsound = columns.unsound.reshape(-1)
    found: list[str | None] = []
    for i, at in enumerate(_points(job)):
        text, reason = (None, "") if unsound[i] else _taken(name, job, graph, at)
        found.append(text)
        if reason:
            before = next((r for r, c in reasons.codes.items() if c == codes[i]), "")
            codes[i] = reasons.code(f"{before}; {reason}" if before else reason)
    columns.codes = codes.reshape(columns.codes.shape)
    return tuple(found)


def _points(job: Job) -> Any:
    """Yield the sizes of each point of a job, in their order."""
    sizes = dict(job.sizes)
    for name, (_, quotient) in job.tied.items():
        sizes[name] = _tied_values(quotient, job)
    names = list(sizes)
    columns = [np.broadcast_to(sizes[s], job.shape).reshape(-1).tolist() for s in names]
    rows = zip(*columns, strict=True) if columns else itertools.repeat((), 1)
    return (dict(zip(names, map(int, row), strict=True)) for row in rows)


def _tied_values(quotient: Quotient, job: Job) -> NDArray[Any]:
    """Return the values of a size that is a formula, 1 where it has none."""
    try:
        return np.maximum(whole_of(evaluate(quotient, job.sizes))[0], 1)
    except SizeError:
        spread = {s: np.broadcast_to(a, job.shape) for s, a in job.sizes.items()}
    found = np.ones(job.shape, dtype=object)
    for at in np.ndindex(job.shape):
        with contextlib.suppress(SizeError):
            one = {s: a[at].reshape((1,) * a.ndim) for s, a in spread.items()}
            found[at] = max(int(whole_of(evaluate(quotient, one))[0].item()), 1)
    return found


def _taken(name: str, job: Job, graph: Graph, at: Mapping[str, int]) -> tuple[str | None, str]:
    """Take one witness at one point: its number as text, or why there is none."""
    witness = measured if name == "measured" else ran
    own = {s: v for s, v in at.items() if s in graph.free_sizes}
    assert job.setting is not None
    try:
        value = witness(job.figure, graph, job.setting, own)
    except (GraphError, SizeError, RunError) as error:
        return None, f"{name}: {str(error).split(', got')[0]}"
    if value is None:
        return None, f"{name}: {NONE[name]}"
    return str(value if isinstance(value, int) else Fraction(value)), ""
