"""Laws of execution: the graph's numbers are those of plain code, however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.adapters import graph_parameters, runnable, symbolic
from tests.compositions import models, sizes
from workspan.analysis.runs import PLAIN, parameters, run, sequences
from workspan.graphs.execution import execute, parameter_shapes, random_parameters
from workspan.graphs.graph import Graph, GraphError

AT = {"n": 6, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3}


def executed(name: str, graph: Graph, at: Mapping[str, int], xp: Any = np) -> Any:
    """Execute a model on the inputs and weights of its plain implementation."""
    weights = graph_parameters(graph, parameters(name, sizes=at), at)
    inputs: Mapping[str, Any] = sequences(name, sizes=at)
    if xp is not np:
        weights, inputs = (
            {k: xp.as_tensor(np.ascontiguousarray(v)) for k, v in arrays.items()}
            for arrays in (weights, inputs)
        )
    (output,) = execute(graph, inputs, weights, xp=xp, **at)
    return output


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(("n", "layers"), [(2, 1), (6, 1), (6, 2), (3, 3)])
def test_the_graph_computes_what_plain_code_computes(name: str, n: int, layers: int) -> None:
    """Law: with the same weights the executed graph's numbers are the plain code's."""
    at = runnable(name, {**AT, "n": n, "L": 1 if name == "cross_attention" else layers})
    expected = run(name, sizes=at).outputs
    np.testing.assert_allclose(executed(name, symbolic(name), at), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", PLAIN)
def test_a_single_position(name: str) -> None:
    """Law: the same for a sequence of one position."""
    at = runnable(name, {**AT, "n": 1, "m": 1, "L": 1})
    expected = run(name, sizes=at).outputs
    np.testing.assert_allclose(executed(name, symbolic(name), at), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["lstm", "bidirectional_gru", "encoder", "dilated_convolution"])
def test_layers_as_an_axis_or_written_out(name: str) -> None:
    """Law: a stack whose depth is a size computes what the same stack written out computes."""
    at = {**AT, "L": 3}
    deep, flat = (executed(name, symbolic(name, L=depth), at) for depth in ("L", 3))
    np.testing.assert_allclose(deep, flat, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(models(), sizes())
def test_a_scan_and_its_loop(graph: Graph, at: dict[str, int]) -> None:
    """Law: a model with its scans written as loops computes the same."""
    weights = random_parameters(graph, **at)
    x = np.random.default_rng(1).normal(size=(at["n"], at["d"]))
    (scan,), (loop,) = (execute(g, {"x": x}, weights, **at) for g in (graph, graph.looped))
    np.testing.assert_allclose(scan, loop, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(models(), sizes())
def test_numbers_depend_on_what_the_graph_reads(graph: Graph, at: dict[str, int]) -> None:
    """Law: changing an input position changes no output that it does not reach in the graph."""
    from workspan.analysis.measured.paths import reach

    weights = random_parameters(graph, **at)
    x = np.random.default_rng(1).normal(size=(at["n"], at["d"]))
    (before,) = execute(graph, {"x": x}, weights, **at)
    for j in range(at["n"]):
        changed = x.copy()
        changed[j] += 1.0
        (after,) = execute(graph, {"x": changed}, weights, **at)
        same = [i for i, bits in enumerate(reach(graph, at)["x"]) if not bits >> j & 1]
        np.testing.assert_array_equal(after[same], before[same])


@pytest.mark.parametrize("name", PLAIN)
def test_torch_computes_the_same(name: str) -> None:
    """Law: the same graph on torch tensors computes the same numbers."""
    torch = pytest.importorskip("torch")
    at = runnable(name, {**AT, "L": 1 if name == "cross_attention" else 2})
    graph = symbolic(name)
    np.testing.assert_allclose(
        executed(name, graph, at, torch).numpy(), executed(name, graph, at), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", PLAIN)
def test_parameters_have_the_shapes_of_modules(name: str) -> None:
    """Law: a graph has as many weights as the module that its docstring names."""
    at = runnable(name, {**AT, "L": 1 if name == "cross_attention" else 2})
    count = sum(int(np.prod(s)) for s in parameter_shapes(symbolic(name), **at).values())
    assert count == run(name, sizes=at).params


def test_missing_and_wrong_arrays_are_named() -> None:
    """Law: an array that is missing or has another shape is named with both shapes."""
    graph = symbolic("rnn", L=1)
    weights = random_parameters(graph, n=3, d=2)
    with pytest.raises(GraphError, match="expected an array for x, got none"):
        execute(graph, {}, weights, n=3, d=2)
    with pytest.raises(GraphError, match=r"expected x to have shape \(3, 2\), got \(4, 2\)"):
        execute(graph, {"x": np.zeros((4, 2))}, weights, n=3, d=2)
