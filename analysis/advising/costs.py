"""What a model costs in a task: derived operations, or predicted seconds on a machine, and memory.

Without a machine the cost is a formula, and crossovers are solved. On a machine it is a sum of
maxima of work and traffic, evaluated; its crossovers are found on many sizes at once and then, by
bisection, to the whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graphs.graph import GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, SizeError
from ..comparing.crossings import Turn, between, turns
from ..deriving import derive
from ..machines.machine import Machine, MachineError
from ..machines.memory import widths, words
from ..machines.operations import OperationError
from ..machines.predicting import Prediction, predict, seconds
from ..machines.task import Task
from ..solving import UnsolvedError
from .candidates import Candidate

if TYPE_CHECKING:
    from .excluding import Request

ROUNDING = 1e-12
"""Times that differ by no more than this part are equal: sums are rounded."""
FARTHEST = 2**30
"""The largest size up to which crossovers of predicted times are looked for."""
SPREAD = tuple(sorted({round(FARTHEST ** (k / 240)) for k in range(241)}))
"""Sizes at which an order of times is looked at, evenly spread on a logarithmic axis."""
POWERS = tuple(2**k for k in range(17))
"""Batches at which it is looked at, and all sizes where times are sums over tokens."""


class NoCostError(ValueError):
    """A model whose cost is not known; the message says why."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model costs."""

    value: Fraction | int | float
    """Operations of the batch, or seconds."""
    formula: Poly | None
    """Operations of one sequence; None for seconds."""
    grade: str | None
    steps: tuple[str, ...]
    prediction: Prediction | None = None


def cost_of(chosen: Candidate, task: Task, machine: Machine | None) -> Cost:
    """Return what a candidate costs.

    Raises
    ------
    NoCostError
        If there is no formula for it.
    """
    if machine is None:
        found = derive("work", chosen.graph, Setting(mode=task.mode, pairs=task.pairs))
        if found.formula is None:
            raise NoCostError(found.reason or "no formula")
        below = [s for s, v in found.least.items() if chosen.sizes.get(s, v) < v]
        if below:
            raise NoCostError(f"its formula holds for {below[0]} >= {found.least[below[0]]}")
        value = found.formula.evaluate(**{s: chosen.sizes[s] for s in found.formula.sizes})
        return Cost(value * task.batch, found.formula, found.grade, found.steps)
    try:
        prediction = predict(chosen.graph, chosen.sizes, machine, task)
    except (OperationError, GraphError, SizeError) as error:
        raise NoCostError(str(error)) from None
    rows = sorted(prediction.operations, key=lambda r: -r.seconds)
    steps = tuple(
        f"{r.name}: {r.launches:g} launches, {r.flops:.4g} operations, {r.bytes:.4g} bytes: "
        f"{r.seconds:.4g} s, bound by {r.binds}"
        for r in rows
    )
    return Cost(prediction.seconds, None, "predicted", steps, prediction)


def needed(chosen: Candidate, task: Task) -> dict[str, Poly]:
    """Return the bytes that a task holds, by what they are, as formulas.

    Raises
    ------
    OperationError
        If one of them has no formula.
    """
    width = widths(task)
    return {name: cost * width[name] for name, cost in words(chosen.graph, task).items()}


def turns_of(first: Candidate, other: Candidate, along: str, request: Request) -> tuple[Turn, ...]:
    """Return the nearest sizes at which the order of two candidates turns; none if it is unknown."""
    try:
        if request.machine is None:
            return () if along == "batch" else _solved(first, other, along, request)
        return _searched(first, other, along, request.machine, request.task)
    except (UnsolvedError, OperationError, MachineError, SizeError, GraphError):
        return ()


def _solved(first: Candidate, other: Candidate, along: str, request: Request) -> tuple[Turn, ...]:
    task = request.task
    setting = Setting(mode=task.mode, pairs=task.pairs)
    found = [derive("work", c.graph, setting) for c in (first, other)]
    left, right = (d.formula for d in found)
    if left is None or right is None:
        return ()
    least = max(d.least.get(along, 1) for d in found)
    return turns(left, right, {**first.sizes, **other.sizes}, along, least=least)


def _searched(
    first: Candidate, other: Candidate, along: str, machine: Machine, task: Task
) -> tuple[Turn, ...]:
    asked = task.batch if along == "batch" else first.sizes[along]

    def order(values: Any) -> Any:
        left, right = (_times(c, along, values, machine, task) for c in (first, other))
        equal = np.isclose(left, right, rtol=ROUNDING, atol=0)
        return np.where(equal, 0, np.sign(left - right)).astype(int)

    few = along == "batch" or task.mode == "generate"
    return between(order, asked, along, probes(asked, POWERS if few else SPREAD))


def probes(asked: int, spread: Sequence[int]) -> list[int]:
    """Return whole numbers, one of them the one that is asked for."""
    return sorted({asked, *spread})


def _times(chosen: Candidate, along: str, values: Any, machine: Machine, task: Task) -> Any:
    key = ("times", machine.name, task, along, tuple(chosen.sizes.items()), values.tobytes())
    if key not in chosen.graph.memory:
        chosen.graph.memory[key] = _evaluated(chosen, along, values, machine, task)
    return chosen.graph.memory[key]


def _evaluated(chosen: Candidate, along: str, values: Any, machine: Machine, task: Task) -> Any:
    if task.mode == "generate":  # a sum over all tokens, for each value
        return np.asarray([_generated(chosen, along, int(v), machine, task) for v in values])
    if along == "batch":
        tasks = (replace(task, batch=int(b)) for b in values)
        each = [seconds(chosen.graph, chosen.sizes, machine, t) for t in tasks]
        return np.asarray(each, dtype=float)
    found = seconds(chosen.graph, {**chosen.sizes, along: values}, machine, task)
    return np.broadcast_to(np.asarray(found, dtype=float), np.shape(values))


def _generated(chosen: Candidate, along: str, value: int, machine: Machine, task: Task) -> float:
    if along == "batch":
        return predict(chosen.graph, chosen.sizes, machine, replace(task, batch=value)).seconds
    return predict(chosen.graph, {**chosen.sizes, along: value}, machine, task).seconds
