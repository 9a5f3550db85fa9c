"""Stopping gradients: the same values, and no way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.graphs.backward.checking import SIZES, agree_with_torch, by_graph, draw
from workspan import stop_gradient
from workspan.graphs.backward import backpropagation, gradients, training
from workspan.graphs.backward.activity import active, reached
from workspan.graphs.graph import GraphError
from workspan.graphs.operations import (
    collect,
    layer,
    linear,
    mean,
    parameter,
    scan,
    stack,
    tanh,
    zeros,
)
from workspan.graphs.sizes import Sized
from workspan.graphs.tracing import Array, model, trace


def truncated(x: Array) -> Any:
    """A recurrence whose gradients go back one step only (Williams and Peng 1990, k = 1)."""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = tanh(linear(stop_gradient(h), "d") + x)
        return h, h

    return scan(step, zeros("d"), x)[1]


def straight_through(x: Array) -> Any:
    """A hard function forward, the identity back (Bengio et al. 2013)."""
    return x + stop_gradient(tanh(x) - x)


def frozen(x: Array) -> Any:
    """One of two weights is not trained."""
    return tanh(linear(x, "d", name="trained")) * stop_gradient(linear(x, "d", name="frozen"))


def frozen_layers(x: Array, *, L: Sized = "L") -> Any:
    """Every layer has a weight that is not trained."""

    def block(x: Array) -> Array:
        return tanh(linear(x, "d") * stop_gradient(parameter("frozen", "d")))

    return stack(layer(block), x, L)


@model("n d", "m d")
def target(x: Array, memory: Array) -> Any:
    """The second input is a target that no gradient reaches."""
    return tanh(linear(x, "d")) * mean(collect(stop_gradient(memory)), "m:all")


BODIES = (truncated, straight_through, frozen, frozen_layers, target)


@pytest.mark.parametrize("body", BODIES)
def test_gradients_stop_where_those_of_torch_do(body: Any) -> None:
    """Law: torch, where a stop is ``detach``, has the same gradients, zero beyond a stop."""
    graph = trace(body)
    for n in (5, 1):
        chosen = draw(graph, {**SIZES, "n": n})
        agree_with_torch(chosen)
        everything = (*chosen.parameters, *chosen.inputs)
        for name in set(everything) - set(chosen.wanted):
            with pytest.raises(GraphError, match=f"expected a gradient to reach {name}, none does"):
                gradients(graph, (name,))


def test_a_stop_changes_no_value() -> None:
    """The output is that of the hard function, the gradient that of the identity."""
    chosen = draw(trace(straight_through), SIZES)
    np.testing.assert_allclose(chosen.outputs()[0], np.tanh(chosen.inputs["x"]))
    np.testing.assert_array_equal(by_graph(chosen)["x"], chosen.weights[0])


def test_what_is_not_trained_has_no_gradient() -> None:
    """Training returns gradients of what one reaches, and computes none of the others."""
    for body, known in ((frozen, {"trained.weight", "trained.bias"}), (truncated, None)):
        graph = trace(body)
        names = tuple(e.name for e in graph.of("parameter"))
        found = reached(graph, names)
        assert known is None or set(found) == known
        assert len(training(graph).outputs) == 1 + len(found)
    graph = trace(frozen)
    passed = active(graph, ("frozen.weight", "trained.weight"))
    assert {"stop", "frozen.weight"}.isdisjoint(passed & set(training(graph).outputs))
    assert "einsum_2" not in active(graph, ("frozen.weight",))


def test_a_cut_recurrence_has_no_loop_back() -> None:
    """Nothing is carried backwards where every step stops the gradient of the one before."""
    trained = training(trace(truncated))
    assert [e.name for e in trained.of("shift")] == ["previous"]


def test_only_what_is_reached_is_a_way_back() -> None:
    """The way back goes to the inputs that a gradient reaches; if there is none, it is an error."""
    back = backpropagation(trace(target))
    assert len(back.outputs) == 1
    with pytest.raises(GraphError, match="expected a gradient to reach x, none does"):
        backpropagation(trace(lambda x: stop_gradient(tanh(x))))
    with pytest.raises(GraphError, match=r"expected a gradient to reach linear.weight, none does"):
        training(trace(lambda x: stop_gradient(linear(x, "d"))))
