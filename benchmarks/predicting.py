"""Predictions: seconds of a task on a machine, at many sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workspan import Machine, Task, catalogue, trace
from workspan.analysis.machines.operations import operations
from workspan.analysis.machines.predicting import parts, seconds

from .timing import Row, cpu

POINTS, LOOPED = 1_000_000, 1_000


def predicting() -> Iterator[Row]:
    """Predict a token of Llama: derived anew, and at a million sizes."""
    machine, task = Machine.load("a100"), Task("decode", batch=8, fused="all")
    random = np.random.default_rng(0)
    sizes = {
        "n": random.integers(1, 100_000, POINTS),
        "d": 128 * random.integers(1, 64, POINTS),
        **{name: np.int64(v) for name, v in (("h", 32), ("g", 8), ("f", 11008), ("v", 32000))},
        "L": np.int64(32),
    }
    graph = trace(catalogue["llama"], L="L")
    first = {name: int(np.ravel(value)[0]) for name, value in sizes.items()}

    def anew() -> object:
        return seconds(trace(catalogue["llama"], L="L"), first, machine, task)

    def at_once() -> object:
        return seconds(graph, sizes, machine, task)

    def one_by_one() -> object:
        found = operations(graph, task)
        return [
            sum(
                parts(
                    one, {k: int(np.ravel(v)[j % v.size]) for k, v in sizes.items()}, machine, task
                ).seconds
                for one in found
            )
            for j in range(LOOPED)
        ]

    yield Row("a token of llama: traced, derived, fused and predicted", cpu(anew))
    what = f"a token of llama predicted at {POINTS:,} sizes"
    each = cpu(one_by_one, repeat=1) * POINTS / LOOPED
    yield Row(
        what, cpu(at_once), f"operation by operation at each ({LOOPED:,} sizes, scaled up)", each
    )
