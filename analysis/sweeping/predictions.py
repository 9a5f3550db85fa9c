"""Predicted time and memory of a task on a machine, as figures of a sweep.

Time is a float: rates are measured numbers. Memory is a formula, and exact.

>>> from ..machines.machine import load
>>> found = prediction_of("lstm", ("n", "d", "L"), "memory", load("a100"), Task("prefill"))
>>> found.unit, found.grade, found.quotient is None
('byte', 'predicted', False)
>>> prediction_of("attention", ("n", "d"), "time", load("a100"), Task("decode")).reason
'attention: not causal: ...'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs.graph import Graph, GraphError
from ...graphs.programs import program
from ...graphs.sizes import Poly, SizeError, summed
from ..api import graph_of
from ..deriving import derive
from ..machines.machine import Machine, MachineError
from ..machines.memory import widths, words
from ..machines.operations import OperationError, operations
from ..machines.predicting import seconds
from ..machines.task import Task
from .formulas import Formula, demands_on

UNITS: Mapping[str, str] = {"time": "s", "memory": "byte"}
"""What is predicted, and in which unit."""

GRADE = "predicted"

_FROM = {"weights": "params", "state": "state", "activations": "activations"}
"""The figure whose formula, with its least sizes, says how much is held."""


def prediction_of(
    subject: str | Graph, symbols: tuple[str, ...], figure: str, machine: Machine, task: Task
) -> Formula:
    """Derive what a prediction needs; where it cannot be made, the reason stands in its place."""
    graph = graph_of(subject, [dict.fromkeys(symbols, 1)])
    unit, demands = UNITS[figure], demands_on(graph)
    try:
        if figure == "memory":
            held, width = words(graph, task), widths(task)
            cost = summed(width[name] * amount for name, amount in held.items())
            return Formula(unit, program(cost), GRADE, "", _least(graph, held), demands)
        operations(graph, task)
        for contraction in (True, False):
            machine.rate(task.number, contraction=contraction)
    except (OperationError, MachineError, GraphError, SizeError) as error:
        return Formula(unit, reason=str(error), demands=demands)
    return Formula(unit, None, GRADE, "", {}, demands, timed=True)


def _least(graph: Graph, held: Mapping[str, Poly]) -> dict[str, int]:
    """Return the sizes below which the formulas do not hold."""
    from ...graphs.setting import Setting

    least: dict[str, int] = {}
    for name in held:
        if name in _FROM:
            for size, value in derive(_FROM[name], graph, Setting()).least.items():
                least[size] = max(least.get(size, 1), value)
    return least


def seconds_of(
    subject: str | Graph,
    symbols: tuple[str, ...],
    sizes: Mapping[str, NDArray[Any]],
    machine: Machine,
    task: Task,
) -> NDArray[np.float64]:
    """Return the seconds of a task on a grid of sizes."""
    graph = graph_of(subject, [dict.fromkeys(symbols, 1)])
    axes = max((a.ndim for a in sizes.values()), default=0)
    found = np.asarray(seconds(graph, sizes, machine, task), dtype=np.float64)
    return found if found.ndim == axes else found.reshape((1,) * axes)
