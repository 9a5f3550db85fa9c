"""Peeling: the first layer written apart changes no value and no gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.adapters import TYPICAL
from tests.examples import examples
from tests.graphs.backward.checking import by_graph, draw, sizes_for
from workspan.graphs.backward import training
from workspan.graphs.backward.peeling import peeled, prefix, unread
from workspan.graphs.execution import execute
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import linear, parameter, stack, stop_gradient, tanh
from workspan.graphs.sizes import Sized
from workspan.graphs.tracing import Array, sizes_of, trace
from workspan.testing import Block, Stack, layers, sizes

STACKED = [name for name in TYPICAL if "L" in sizes_of(CATALOGUE[name])]


def layer_axes(graph: Graph) -> tuple[str, ...]:
    """Return the axes of all stacks."""
    return tuple(a.name for a in graph.axes.values() if a.kind == "layer")


def apart(graph: Graph, arrays: Mapping[str, Any], axes: tuple[str, ...]) -> dict[str, Any]:
    """Name weights as peeling does, the first layer of each array on its own."""
    found = dict(arrays)
    for axis in axes:
        start = prefix(graph, axis)
        for name, array in tuple(found.items()):
            if graph[name].has(axis):
                place = [a.name for a in graph[name].domain].index(axis)
                found[start + name] = np.take(array, 0, axis=place)
                found[name] = np.delete(array, 0, axis=place)
        graph = peeled(graph, (axis,))
    return found


def least(name: str, depth: int) -> int:
    """Return a depth at which every stack of a model has a layer, the second one of two as well."""
    apart = ("bidirectional", "awd", "global_windowed", "big_bird", "star")
    return max(depth, 2) if name.startswith(apart) else depth


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("name", STACKED)
def test_a_peeled_graph_computes_the_same(name: str, depth: int) -> None:
    """Law: with each layer's own weights, the outputs are equal, for one layer as for many."""
    graph = trace(CATALOGUE[name], L="L")
    axes = layer_axes(graph)
    chosen = draw(graph, sizes_for(name, L=least(name, depth)))
    parameters = apart(graph, chosen.parameters, axes)
    found = execute(peeled(graph, axes), chosen.inputs, parameters, **chosen.sizes)
    for again, before in zip(found, chosen.outputs(), strict=True):
        np.testing.assert_allclose(again, before, rtol=1e-12, atol=1e-12)


@examples(40)
@given(st.data(), layers())
def test_random_stacks_compute_the_same_when_peeled(data: st.DataObject, block: Block) -> None:
    """Law: the same for a stack of any layer, and a stack of stacks of it."""
    graph = (Stack(Stack(block)) if data.draw(st.booleans()) else Stack(block)).graph
    axes = layer_axes(graph)
    assume(axes)
    chosen = draw(graph, data.draw(sizes(graph, longest=4)))
    parameters = apart(graph, chosen.parameters, axes)
    found = execute(peeled(graph, axes), chosen.inputs, parameters, **chosen.sizes)
    np.testing.assert_allclose(found[0], chosen.outputs()[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("name", STACKED)
def test_training_has_the_gradients_of_the_stack(name: str, depth: int) -> None:
    """Law: the gradients of the first layer and of the rest are those of the stack, taken apart."""
    at = sizes_for(name, L=least(name, depth))
    graph = trace(CATALOGUE[name], L="L")
    wanted = tuple(e.name for e in graph.of("parameter"))
    chosen = draw(graph, at, wanted=wanted)
    trained, axes = training(graph), unread(graph, wanted)
    parameters = apart(graph, chosen.parameters, axes)
    seeds = trained.inputs[len(graph.inputs) :]
    inputs = {**chosen.inputs, **dict(zip(seeds, chosen.weights, strict=True))}
    names = tuple(e.name for e in trained.of("parameter"))
    found = execute(trained, inputs, {n: parameters[n] for n in names}, **chosen.sizes)
    expected = apart(graph, by_graph(chosen), axes)
    for own, gradient in zip(names, found[len(graph.outputs) :], strict=True):
        np.testing.assert_allclose(gradient, expected[own], rtol=1e-9, atol=1e-9, err_msg=own)


def test_what_a_gradient_passes_is_not_peeled() -> None:
    """A stack above weights is climbed down to its start, one above the data is not."""
    name = "language"

    def embedded(x: Array, *, L: Sized = "L") -> Any:
        return stack(lambda y: tanh(linear(y, "d")), linear(x, "d", name=name), L)

    def bare(x: Array, *, L: Sized = "L") -> Any:
        return stack(lambda y: tanh(linear(y, "d")), x, L)

    def stopped(x: Array, *, L: Sized = "L") -> Any:
        start = stop_gradient(linear(x, "d", name=name))
        return stack(lambda y: tanh(linear(y, "d")), start, L)

    def started(x: Array, *, L: Sized = "L") -> Any:
        return stack(lambda y: tanh(linear(y, "d") + x), parameter("start", "d"), L)

    stacks: tuple[tuple[Any, tuple[str, ...], tuple[str, ...]], ...] = (
        (embedded, (), ()),
        (bare, ("L",), ()),
        (stopped, ("L",), ("L",)),
        (started, (), ("L",)),
    )
    for body, for_parameters, for_inputs in stacks:
        graph = trace(body)
        assert unread(graph, tuple(e.name for e in graph.of("parameter"))) == for_parameters
        assert unread(graph, graph.inputs) == for_inputs


def test_no_adjoint_of_the_data_is_computed() -> None:
    """Written apart, the first layer passes nothing back: training contracts L - 1 times less."""
    graph = trace(CATALOGUE["rnn"], L="L")
    trained = training(graph)
    scopes = [e.layer for e in trained.of("contraction") if e.phase == "backward"]
    assert scopes.count("grad.first.layers") == scopes.count("grad.layers") - 1
    with pytest.raises(KeyError):
        peeled(graph, ("K",))


def test_an_explicit_stack_is_left_alone() -> None:
    """Layers that are written out need no peeling: nobody wants what the first passes back."""
    graph = trace(CATALOGUE["rnn"], L=3)
    assert layer_axes(graph) == ()
    backward = [e for e in training(graph).of("contraction") if e.phase == "backward"]
    assert len(backward) == 3 * 3 + 2  # weights of two kinds and the state, and between the layers
    with pytest.raises(GraphError):
        training(trace(lambda x: stop_gradient(linear(x, "d"))))
