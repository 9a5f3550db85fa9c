"""What reaches an output and what changes it, on graphs that are executed with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from workspan import testing
from workspan.analysis.measured.vanishing import reachable, vanishing
from workspan.analysis.runs.perturbation import Dependence, depends
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.operations import einsum, gather, layer, parameter, softmax, zeros
from workspan.graphs.relations import Relation
from workspan.graphs.tracing import Array, trace


def moved(graph: Graph, at: Mapping[str, int], seeds: int = 3) -> Dependence:
    """Move the inputs of an executed graph."""

    def make(seed: int) -> Any:
        weights = random_parameters(graph, seed=seed, **at)
        random = np.random.default_rng([seed, 1])
        inputs = {
            name: random.normal(size=[int(a.extent.evaluate(**at)) for a in graph[name].domain])
            for name in graph.inputs
        }

        def function(*arrays: Any) -> Any:
            named = dict(zip(graph.inputs, arrays, strict=True))
            found = execute(graph, named, weights, **at)
            return np.concatenate([f.reshape(len(f), -1) for f in found])

        return function, inputs

    return depends(make, seeds=seeds)


@given(st.data(), testing.models(deepest=2))
@settings(max_examples=25)
def test_what_is_not_reached_or_vanishes_changes_nothing(data: Any, model: testing.Block) -> None:
    """Law: in any model, only pairs that are reached and do not vanish can change an output."""
    graph = model.graph
    at = data.draw(testing.sizes(graph, longest=5))
    with np.errstate(all="ignore"):
        found = moved(graph, at, seeds=1)
    live = reachable(graph, at) - set(vanishing(graph, at))
    assert not found.beyond(live)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("linear_recurrence", {"n": 6, "d": 3}),
        ("linear_recurrence_scan", {"n": 6, "d": 3}),
        ("cross_attention", {"n": 3, "m": 1, "d": 4, "h": 2}),
        ("cross_attention", {"n": 3, "m": 2, "d": 4, "h": 2}),
        ("causal_attention", {"n": 5, "d": 4, "h": 2, "L": 2}),
        ("windowed_attention", {"n": 5, "d": 4, "h": 2, "L": 2, "w": 1}),
        ("decoder", {"n": 4, "m": 1, "d": 4, "h": 1, "f": 8, "L": 1}),
        ("gru", {"n": 5, "d": 3, "L": 2}),
    ],
)
def test_what_is_left_changes_an_output(name: str, at: Mapping[str, int]) -> None:
    """Law: a pair that is reached and does not vanish changes the output, for random weights."""
    graph = symbolic(name)
    assert moved(graph, at).pairs == reachable(graph, at) - set(vanishing(graph, at))


def test_the_first_factor_of_a_linear_recurrence_multiplies_zero() -> None:
    """The first state is a_0 times zero, so a_0 changes no output although all of them read it."""
    found = vanishing(symbolic("linear_recurrence"), {"n": 4})
    assert set(found) == {("a", 0, i) for i in range(4)}
    assert all("multiply is always zero" in reason for reason in found.values())


def test_a_softmax_over_one_slot_has_no_derivative() -> None:
    """With a memory of one position, no query changes anything; with two, all of them do."""
    graph = symbolic("cross_attention")
    found = vanishing(graph, {"n": 3, "m": 1, "h": 1})
    assert set(found) == {("x", i, i) for i in range(3)}
    assert all("one slot" in reason for reason in found.values())
    assert vanishing(graph, {"n": 3, "m": 2, "h": 1}) == {}


def test_a_path_around_a_constant_is_enough() -> None:
    """The first position of causal attention attends to itself alone, and still changes it."""
    graph = symbolic("causal_attention")
    assert vanishing(graph, {"n": 4, "L": 2, "h": 1}) == {}


def test_products_with_zero_vanish_through_views_and_contractions() -> None:
    """Zeros stay zeros through a contraction and a gather, and what they are multiplied with."""

    @layer
    def model(x: Array) -> Any:
        nothing = einsum("i, o i -> o", zeros("d"), parameter("w", "d", "d"))
        return x * nothing

    @layer
    def weighed(x: Array) -> Any:
        near = gather(x, Relation.window(1))
        weights = softmax(einsum("j d, d -> j", near, x), near.axes[0])
        return einsum("j, d -> d", weights, parameter("v", "d"))

    for function, reason in ((model, "always zero"), (weighed, "always one")):
        graph = trace(function, name="model")
        found = vanishing(graph, {"n": 3})
        assert set(found) == {("x", i, i) for i in range(3)}
        assert all(reason in text for text in found.values())
