"""Memory: what a task holds, in words of each kind as formulas, and in bytes.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["llama"], L="L")
>>> str(words(graph, Task("decode"))["state"])
'2*L*d*g*n/h'
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, poly
from ..deriving import derive
from .operations import OperationError, operations
from .task import OPTIMISERS, Task

FP32 = Fraction(4)


def words(graph: Graph, task: Task) -> dict[str, Poly]:
    """Return the scalars that a task holds, of one sequence, by what they are.

    weights; state (what later positions read: the cache); activations (what the backward pass
    reads); workspace (the most that is live at once); gradients and moments of the optimiser.

    Raises
    ------
    OperationError
        If one of them has no formula; the message says why.
    """
    key = ("machine words", task.mode, task.fused, task.optimiser, task.pairs)
    if key not in graph.memory:
        graph.memory[key] = _words(graph, task)
    found: dict[str, Poly] = graph.memory[key]
    return found


def _words(graph: Graph, task: Task) -> dict[str, Poly]:
    weights = formula(graph, "params")
    if task.mode == "train":
        return {
            "weights": weights,
            "activations": formula(graph, "activations"),
            "gradients": weights,
            "optimiser": weights * OPTIMISERS[task.optimiser],
        }
    if task.mode in {"decode", "generate"}:
        return {
            "weights": weights,
            "state": formula(graph, "state"),
            "workspace": live(graph, task),
        }
    kept = {"state": formula(graph, "state")} if task.mode == "prefill" else {}
    return {"weights": weights, **kept, "workspace": formula(graph, "workspace")}


def formula(graph: Graph, name: str) -> Poly:
    """Return a figure's formula; raise the reason if it has none."""
    found = derive(name, graph, Setting())
    if found.formula is None:
        raise OperationError(f"{graph.name}: {name}: {found.reason}")
    return found.formula


def live(graph: Graph, task: Task) -> Poly:
    """Return the most that one operation of a token reads and writes, besides what is kept."""
    most = poly(0)
    for one in operations(graph, task):
        most = maximum(most, one.read / one.launches + one.written / one.launches)
    return most


def widths(task: Task) -> Mapping[str, Fraction]:
    """Return the bytes of a word of each kind, times the batch where each sequence has its own."""
    return {
        "weights": task.bytes,
        "state": task.cache_bytes * task.batch,
        "activations": task.bytes * task.batch,
        "workspace": task.bytes * task.batch,
        "gradients": task.bytes,
        "optimiser": FP32,
    }


def memory(graph: Graph, sizes: Mapping[str, Any], task: Task) -> dict[str, float]:
    """Return the bytes that a task holds, by what they are."""
    width = widths(task)
    return {
        name: float(width[name] * cost.evaluate(**{s: sizes[s] for s in cost.sizes}))
        for name, cost in words(graph, task).items()
    }
