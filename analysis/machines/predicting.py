"""Predictions: seconds, memory and energy of a task on a machine, and which resource binds.

The time of an operation is the larger of work / rate and bytes / bandwidth (Williams, Waterman and
Patterson 2009, *Roofline: an insightful visual performance model*), and each of its launches takes
the machine's latency before. Operations run one after another.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> from .machine import load
>>> graph = trace(CATALOGUE["llama"], L="L")
>>> sizes = dict(n=4096, d=4096, h=32, g=32, f=11008, v=32000, L=32)
>>> found = predict(graph, sizes, load("a100"), Task("decode"))
>>> found.binds, round(found.seconds * 1e3, 1)
('bandwidth', 12.9)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ...graphs.graph import Graph
from ...graphs.sizes import Poly, SizeError, maximum, minimum, poly, summed
from ..causality import output_sequence
from .machine import Machine
from .memory import memory
from .operations import Operation, OperationError, operations
from .quantities import shown
from .task import Task

RESOURCES = ("compute", "bandwidth", "latency")

MOST_TOKENS = 10**7
"""The most tokens whose times are added up."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation on a machine."""

    name: str
    primitive: str
    launches: float
    flops: float
    bytes: float
    seconds: float
    binds: str
    """What takes most of its time: compute, bandwidth or latency."""
    equations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a task takes on a machine."""

    model: str
    machine: Machine
    task: Task
    sizes: Mapping[str, int]
    seconds: float
    memory: Mapping[str, float]
    """Bytes, by what they hold: weights, state, activations or workspace, optimiser."""
    energy: float | None
    """Joules; None if the machine's file states neither power nor energies."""
    operations: tuple[Row, ...]
    shares: Mapping[str, float]
    """By resource: which part of the time is taken by operations that it binds."""
    notes: tuple[str, ...] = ()

    @property
    def binds(self) -> str:
        """The resource that binds most of the time."""
        return max(self.shares, key=lambda r: (self.shares[r], -RESOURCES.index(r)))

    @property
    def bytes(self) -> float:
        """All that it holds in memory."""
        return float(sum(self.memory.values()))

    @property
    def fits(self) -> bool:
        """Whether the machine's memory holds it."""
        return self.bytes <= self.machine.memory


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an operation's time, as numbers or arrays of numbers."""

    launches: Any
    flops: Any
    bytes: Any
    matrix: Any
    """Seconds of its matrix products."""
    vector: Any
    """Seconds of its elementwise arithmetic."""
    functions: Any
    """Seconds of its functions such as exp."""
    transfer: Any
    """Seconds of its bytes at the bandwidth."""
    latency: Any
    """Seconds of its launches."""

    @property
    def starts(self) -> Any:
        """Seconds of its launches, if they hold matrix products."""
        return np.where(np.asarray(self.matrix) > 0, self.latency, 0.0)

    @property
    def compute(self) -> Any:
        """Seconds of its work at the rates."""
        return self.matrix + self.vector + self.functions

    @property
    def seconds(self) -> Any:
        """The larger of compute and transfer, after the latency."""
        return np.maximum(self.compute, self.transfer) + self.latency


def parts(one: Operation, sizes: Mapping[str, Any], machine: Machine, task: Task) -> Parts:
    """Return the parts of an operation's time; sizes may be arrays."""
    b, word = task.batch, float(task.bytes)

    def at(cost: Poly) -> Any:
        return _evaluated(cost, sizes)

    launches = at(one.launches)
    flops = at(one.work) * (1 if one.primitive == "update" else b)
    matrix, functions = b * at(one.matrix), b * at(one.functions)
    rows = np.minimum(b * at(one.rows), at(one.table)) if one.rows else 0.0
    moved = at(one.weights) + rows + at(one.sums) + b * (at(one.read) + at(one.written))
    size = word * moved + float(task.cache_bytes) * b * at(one.cached)
    size = size + 4.0 * at(one.moments)
    vector = machine.rate(task.number, contraction=False)
    return Parts(
        launches,
        flops,
        size,
        matrix / machine.rate(task.number),
        (flops - matrix - functions) / vector,
        functions / (machine.function_rate or vector),
        size / _bandwidth(machine, size, launches),
        launches * machine.latency,
    )


def _bandwidth(machine: Machine, size: Any, launches: Any) -> Any:
    """Return how fast bytes are moved: faster if those of one launch fit into the cache."""
    if machine.cache_bandwidth is None:
        return machine.bandwidth
    fits = size <= machine.cache * np.maximum(launches, 1)
    return np.where(fits, machine.cache_bandwidth, machine.bandwidth)


def _evaluated(cost: Poly, sizes: Mapping[str, Any]) -> Any:
    missing = [s for s in cost.sizes if s not in sizes]
    if missing:
        raise SizeError(f"expected a value for {', '.join(missing)}, such as --at {missing[0]}=64")
    value = cost.evaluate(**{s: sizes[s] for s in cost.sizes})
    return np.asarray(value, dtype=float) if isinstance(value, np.ndarray) else float(value)


def seconds(graph: Graph, sizes: Mapping[str, Any], machine: Machine, task: Task) -> Any:
    """Return the seconds of a task; elementwise, if sizes are NumPy arrays.

    For generation these are the seconds of its n-th token.
    """
    if machine.cache_bandwidth is None and any(isinstance(v, np.ndarray) for v in sizes.values()):
        # One formula is faster than many; rates are measured, so that floats are exact enough.
        whole = {name: np.asarray(value, dtype=float) for name, value in sizes.items()}
        return _evaluated(formula(graph, machine, task), whole)
    total: Any = 0.0
    for one in operations(graph, task):
        total = total + parts(one, sizes, machine, task).seconds
    return total


def formula(graph: Graph, machine: Machine, task: Task) -> Poly:
    """Return the seconds of a task as a formula of the sizes, with exact coefficients.

    For generation these are the seconds of its n-th token.

    Raises
    ------
    OperationError
        If the machine's bandwidth depends on what fits into its cache: that is no such formula.
    """
    if machine.cache_bandwidth is not None:
        raise OperationError(
            f"expected a machine with one bandwidth for a formula, got {machine.name}"
        )
    key = ("seconds", machine.speeds, task)
    if key not in graph.memory:
        costs = (_formula(one, machine, task) for one in operations(graph, task))
        graph.memory[key] = summed(costs)
    found: Poly = graph.memory[key]
    return found


def _formula(one: Operation, machine: Machine, task: Task) -> Poly:
    b = task.batch
    vector = Fraction(machine.rate(task.number, contraction=False))
    functions = Fraction(machine.function_rate) if machine.function_rate else vector
    own = 1 if one.primitive == "update" else b
    compute = b * one.matrix / Fraction(machine.rate(task.number)) + b * one.functions / functions
    compute = compute + (own * one.work - b * (one.matrix + one.functions)) / vector
    rows = minimum(b * one.rows, one.table) if one.rows else poly(0)
    moved = one.weights + rows + one.sums + b * (one.read + one.written)
    size = task.bytes * moved + task.cache_bytes * b * one.cached + 4 * one.moments
    return maximum(compute, size / Fraction(machine.bandwidth)) + (
        one.launches * Fraction(machine.latency)
    )


def predict(graph: Graph, sizes: Mapping[str, int], machine: Machine, task: Task) -> Prediction:
    """Predict what a task takes on a machine.

    Parameters
    ----------
    graph
        A model, traced with the number of layers as a size (``trace(..., L="L")``).
    sizes
        A value for every size of the graph. That there is a model of these sizes (heads that
        divide the width) is for :func:`graphs.misfits.misfit` to say.

    Raises
    ------
    OperationError, MachineError, SizeError
        If the model cannot be run so, the machine has no such rate, or a size is missing.
    """
    missing = [s for s in graph.free_sizes if s not in sizes]
    if missing:
        raise SizeError(f"expected a value for {', '.join(missing)}, such as --at {missing[0]}=64")
    rows = tuple(_rows(graph, sizes, machine, task))
    total = sum(row.seconds for row in rows)
    shares = {r: sum(x.seconds for x in rows if x.binds == r) / (total or 1) for r in RESOURCES}
    last = {**sizes, **_last(graph, sizes, task)}
    held = memory(graph, last, task)
    return Prediction(
        graph.name,
        machine,
        task,
        dict(sizes),
        total,
        held,
        energy(machine, rows, total),
        rows,
        shares,
        tuple(_notes(graph, sizes, machine, task)),
    )


def _notes(graph: Graph, sizes: Mapping[str, int], machine: Machine, task: Task) -> Iterator[str]:
    """Say where a choice is in doubt: what stays on chip and is larger, what is not kept."""
    if task.mode == "train" and "attention" in task.fusions:
        yield (
            "activations are all that the backward pass reads, pairs of positions as well; a fused "
            "kernel that computes these again keeps less and works more"
        )
    for one in operations(graph, task):
        size = float(task.bytes) * _evaluated(one.kept, sizes)
        if size > machine.cache:
            yield (
                f"{one.name}: its weights are taken to stay on chip from step to step, and are "
                f"{shown(size, 'byte')}, more than the cache of {shown(machine.cache, 'byte')}"
            )


def _rows(graph: Graph, sizes: Mapping[str, int], machine: Machine, task: Task) -> Iterator[Row]:
    """Yield the operations on a machine; of generation those of the prompt, then of all tokens."""
    if task.mode != "generate":
        for one in operations(graph, task):
            yield _row(one, sizes, machine, task)
        return
    if task.tokens is not None:
        prompt = replace(task, mode="prefill", tokens=None)
        for one in operations(graph, prompt):
            row = _row(one, sizes, machine, prompt)
            yield replace(row, name=f"prompt: {row.name}")
    along, (first, last) = _along(graph), _tokens(graph, sizes, task)
    for one in operations(graph, task):
        yield _summed(one, {**sizes, along: np.arange(first, last + 1, dtype=float)}, machine, task)


def _along(graph: Graph) -> str:
    along = output_sequence(graph)
    if along is None:
        raise OperationError(f"{graph.name}: the outputs do not share one sequence")
    return along.name


def _tokens(graph: Graph, sizes: Mapping[str, int], task: Task) -> tuple[int, int]:
    """Return the first and the last position that is generated, counted from 1."""
    along = _along(graph)
    if along not in sizes:
        raise SizeError(f"expected a value for {along}, such as --at {along}=64")
    n = sizes[along]
    first, last = (1, n) if task.tokens is None else (n + 1, n + task.tokens)
    if last - first >= MOST_TOKENS:
        raise SizeError(f"expected at most {MOST_TOKENS:,} tokens, got {last - first + 1:,}")
    return first, last


def _last(graph: Graph, sizes: Mapping[str, int], task: Task) -> dict[str, int]:
    """Return the length of the sequence at the end, if tokens are generated."""
    return {_along(graph): _tokens(graph, sizes, task)[1]} if task.mode == "generate" else {}


def _summed(one: Operation, sizes: Mapping[str, Any], machine: Machine, task: Task) -> Row:
    """Return an operation with the sums over all tokens."""
    found = parts(one, sizes, machine, task)
    count = np.zeros(max(np.size(v) for v in sizes.values()))
    sums = {
        name: float(np.sum(getattr(found, name) + count))
        for name in ("launches", "flops", "bytes", "seconds", "compute", "transfer", "latency")
    }
    return _told(one, sums)


def _row(one: Operation, sizes: Mapping[str, int], machine: Machine, task: Task) -> Row:
    found = parts(one, sizes, machine, task)
    return _told(
        one,
        {
            name: float(getattr(found, name))
            for name in ("launches", "flops", "bytes", "seconds", "compute", "transfer", "latency")
        },
    )


def _told(one: Operation, sums: Mapping[str, float]) -> Row:
    taken = dict(zip(RESOURCES, (sums["compute"], sums["transfer"], sums["latency"]), strict=True))
    return Row(
        one.name,
        one.primitive,
        sums["launches"],
        sums["flops"],
        sums["bytes"],
        sums["seconds"],
        max(taken, key=lambda r: (taken[r], -RESOURCES.index(r))),
        one.equations,
    )


def energy(machine: Machine, rows: tuple[Row, ...], total: float) -> float | None:
    """Return joules: of operations and bytes if the file states them, else power times time."""
    if machine.energy_per_flop is not None and machine.energy_per_byte is not None:
        moved = sum(row.bytes for row in rows) * machine.energy_per_byte
        return sum(row.flops for row in rows) * machine.energy_per_flop + moved
    return None if machine.power is None else machine.power * total
