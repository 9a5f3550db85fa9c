"""Validation and calibration: what runs is the model that is predicted, and the clock is read right."""

from __future__ import annotations

import math
from itertools import count
from typing import Any

import numpy as np
import pytest

from workspan.analysis.machines import blas
from workspan.analysis.machines.calibrating import engine_of, in_process, least
from workspan.analysis.machines.libraries import Library, NumpyLibrary, TorchLibrary
from workspan.analysis.machines.machine import load
from workspan.analysis.machines.subjects import SUBJECTS, Subject, work_of
from workspan.analysis.machines.validating import cases, predicted
from workspan.analysis.runs.observations import EngineError
from workspan.graphs.execution import execute
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace

TINY = {"n": 5, "d": 8, "h": 4, "f": 12, "k": 5, "L": 1}


@pytest.mark.parametrize("name", sorted(blas.RUNS))
def test_what_is_timed_in_numpy_is_the_model(name: str) -> None:
    """Law: the timed code computes what the model's graph computes, with the same weights."""
    random, drawn = np.random.default_rng(0), []

    def draw(*shape: int) -> blas.Floats:
        drawn.append(random.standard_normal(shape).astype(np.float32))
        return drawn[-1]

    found = blas.RUNS[name](draw, TINY)()
    options: dict[str, Any] = {"h": 4} if name == "attention" else {}
    graph = trace(CATALOGUE[name], **options)
    x, *weights = drawn
    if name == "attention":
        weights = [w for pair in zip(*weights, strict=True) for w in pair]
    parameters = dict(zip((e.name for e in graph.of("parameter")), weights, strict=True))
    sizes = {s: TINY[s] for s in graph.free_sizes}
    (expected,) = execute(graph, {graph.inputs[0]: x}, parameters, **sizes)
    assert np.asarray(found) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("subject", SUBJECTS["torch"], ids=lambda s: s.what)
def test_what_is_timed_in_torch_runs(subject: Subject) -> None:
    """Every subject runs, wherever its arrays are (as on a GPU), and is predicted to take time."""
    pytest.importorskip("torch")
    sizes = subject.at(5, 8)
    for device in ("cpu", "meta"):
        found: Any = work_of("torch", subject, sizes, device)()
        assert (tuple(found.shape), found.device.type) == ((5, 8), device)
    assert sum(p.seconds for p in predicted(subject, sizes, load("vm_torch"))) > 0


def test_validation_uses_no_size_of_calibration() -> None:
    """No size at which code runs is one of those that are measured: powers of two."""
    for engine in SUBJECTS:
        for device in ("cpu", "cuda"):
            for _, at in cases(engine, device):
                assert not {math.log2(at["n"]) % 1, math.log2(at["d"]) % 1} & {0.0}


@pytest.mark.parametrize("make", [NumpyLibrary, TorchLibrary])
def test_a_library_can_be_measured(make: type[Library]) -> None:
    """Everything that is measured runs: products in all formats, copies, functions."""
    if make is TorchLibrary:
        pytest.importorskip("torch")
    library = make()
    for number in library.formats:
        library.product(number, 8)()
    for work in (library.by_vector(8), library.copy(64), library.elementwise(8)):
        work()
    library.arithmetic(8)()
    assert float(np.asarray(library.smallest()())[0]) == 2.0


def test_the_least_time_of_a_call() -> None:
    """Law: of calls that take 1 ms, and now and then more, the least is 1 ms a call."""
    now, calls = [0.0], count()

    def work() -> None:
        now[0] += 1e-3 if next(calls) % 50 else 5e-2

    assert least(work, lambda: None, lambda: now[0], 60) == pytest.approx(1e-3)


def test_a_device_that_is_not_there() -> None:
    """What cannot be measured is an error in one line."""
    with pytest.raises(EngineError, match="expected a GPU that torch sees"):
        engine_of("numpy", "cuda")
    with pytest.raises(ValueError, match="tpu"):
        engine_of("numpy", "tpu")
    with pytest.raises(EngineError, match="expected to measure with nothing, got: ValueError"):
        in_process("1", "nothing")
