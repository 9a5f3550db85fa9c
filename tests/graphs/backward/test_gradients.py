"""The executed backward graph computes the gradients of the executed forward graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL
from tests.examples import examples
from tests.graphs.backward.checking import (
    SIZES,
    agree_with_differences,
    agree_with_torch,
    by_graph,
    draw,
    sizes_for,
)
from workspan.graphs.backward import gradients, training
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import collect, einsum, linear, softmax, stack, tanh
from workspan.graphs.sizes import Sized
from workspan.graphs.tracing import Array, model, sizes_of, trace
from workspan.testing import Block, models, sizes

DEPTHS = (1, 2, "L")
CASES = [
    (name, depth)
    for name, function in CATALOGUE.items()
    for depth in (DEPTHS if name in TYPICAL else DEPTHS[-1:])
    if depth == "L" or "L" in sizes_of(function)
]


def traced(name: str, depth: Sized | None) -> Graph:
    """Trace a model of the catalogue, all sizes symbols but perhaps the number of layers."""
    known = sizes_of(CATALOGUE[name])
    own: dict[str, Any] = {s: s for s in known if s in {"h", "g", "f", "k", "w"}}
    own |= {"L": depth} if "L" in known else {}
    return trace(CATALOGUE[name], **own)


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_gradients_of_the_catalogue_are_those_of_torch(name: str, depth: Sized | None) -> None:
    """Autograd of the forward graph gives the same, for all parameters and inputs, to 1e-9."""
    agree_with_torch(draw(traced(name, depth), sizes_for(name)))


@pytest.mark.parametrize(("name", "depth"), [c for c in CASES if c[0] in TYPICAL])
def test_gradients_of_the_catalogue_are_differences(name: str, depth: Sized | None) -> None:
    """Central differences in double precision give the same."""
    agree_with_differences(draw(traced(name, depth), sizes_for(name), seed=3))


@pytest.mark.parametrize("name", TYPICAL)
def test_gradients_at_the_smallest_sizes(name: str) -> None:
    """One position, one layer of a stack of any depth: starts and ends are the same place."""
    depth = "L" if "L" in sizes_of(CATALOGUE[name]) else None
    layers = 2 if name.startswith(("bidirectional", "awd")) else 1
    least = sizes_for(name, n=1, m=1, L=layers)
    agree_with_torch(draw(traced(name, depth), least))


@pytest.mark.parametrize("name", CATALOGUE)
def test_training_has_the_gradients_of_all_parameters(name: str) -> None:
    """The first layer written apart, each parameter has one gradient, of its own shape."""
    graph = traced(name, "L" if "L" in sizes_of(CATALOGUE[name]) else None)
    trained = training(graph)
    parameters = trained.of("parameter") or tuple(trained[i] for i in trained.inputs[:2])
    found = trained.outputs[len(graph.outputs) :]
    assert len(found) == len(parameters)
    for parameter, gradient in zip(parameters, found, strict=True):
        own, theirs = ([a.extent for a in e.domain] for e in (parameter, trained[gradient]))
        assert own == theirs


def torch_names() -> list[str]:
    """Return the models that exist in torch; none if it is not installed."""
    try:
        from workspan.analysis.runs.pytorch.modules import NAMES
    except ImportError:
        return []
    return list(NAMES)


@pytest.mark.parametrize("depth", [1, 3, "L"])
@pytest.mark.parametrize("name", torch_names())
def test_gradients_are_those_of_the_modules_of_torch(name: str, depth: Any) -> None:
    """The library's own layers, on the same weights, have the same gradients to 1e-9."""
    torch = pytest.importorskip("torch")
    from workspan.analysis.runs.pytorch.modules import MODULES, build
    from workspan.analysis.runs.pytorch.weights import assembled

    has_depth = "L" in MODULES[name].sizes
    graph = traced(name, depth if has_depth else None)
    layers = SIZES["L"] if depth == "L" else int(depth)
    built = build(name, {**SIZES, "L": layers}, seed=1)
    chosen = draw(graph, {**SIZES, "L": layers})
    built.load(chosen.parameters)
    inputs = [torch.tensor(x, requires_grad=True) for x in chosen.inputs.values()]
    (built.forward(*inputs) * torch.tensor(chosen.weights[0])).sum().backward()
    ours = by_graph(chosen)
    for own, theirs in zip(chosen.inputs, inputs, strict=True):
        np.testing.assert_allclose(ours[own], theirs.grad.numpy(), rtol=1e-9, atol=1e-9)
    module = dict(built.module.named_parameters())
    shapes = {n: tuple(p.shape) for n, p in module.items()}
    ours = {n: ours[n] for n in chosen.parameters}
    found = assembled(shapes, MODULES[name].names(built.sizes, tuple(module)), ours)
    for parameter, gradient in found.items():
        theirs = module[parameter].grad.numpy()
        np.testing.assert_allclose(gradient, theirs, rtol=1e-9, atol=1e-9)


def drawn(data: st.DataObject, block: Block) -> Any:
    """Draw values of a random model."""
    at = data.draw(sizes(block.graph, longest=5))
    return draw(block.graph, at, seed=data.draw(st.integers(0, 99)))


@examples(150)
@given(st.data(), models())
def test_gradients_of_random_models_are_those_of_torch(data: st.DataObject, block: Block) -> None:
    """Law: whatever the composition, autograd gives the same to 1e-9."""
    agree_with_torch(drawn(data, block))


@examples(40)
@given(st.data(), models(deepest=3))
def test_gradients_of_random_models_are_differences(data: st.DataObject, block: Block) -> None:
    """Law: whatever the composition, central differences give the same."""
    agree_with_differences(drawn(data, block))


def cross_stack(x: Array, memory: Array, *, L: Sized = "L") -> Array:
    """Attention to a memory that all layers read as it is, and through weights of their own."""
    memory = tanh(linear(memory, "d", name="encoded"))
    keys = collect(memory)

    def block(x: Array) -> Array:
        scores = einsum("i, j i -> j", linear(x, "d", name="q"), keys)
        mixed = einsum("j, j i -> i", softmax(scores, scores.axes[-1]), keys)
        own = collect(linear(memory, "d", name="k"))
        return x + mixed + einsum("j, j i -> i", tanh(einsum("i, j i -> j", x, own)), own)

    return stack(block, x, L)


@pytest.mark.parametrize("depth", [*DEPTHS, 5])
@pytest.mark.parametrize("name", ["decoder", "cross_stack"])
def test_the_gradient_of_a_memory_is_a_sum_over_layers(name: str, depth: Sized) -> None:
    """A memory that every layer reads gets the sum of what all layers pass back."""
    function = model("n d", "m d")(cross_stack) if name == "cross_stack" else CATALOGUE[name]
    graph = trace(function, L=depth)
    agree_with_torch(draw(graph, SIZES))
    agree_with_differences(draw(graph, {**SIZES, "n": 2, "m": 1}))


def test_several_outputs_have_a_gradient_each() -> None:
    """The loss may read every output, and one of them twice."""

    def several(x: Array) -> tuple[Array, ...]:
        y = tanh(linear(x, "d"))
        return y, x, y * y, y

    graph = trace(several)
    both = gradients(graph, graph.inputs)
    assert len(both.inputs) == 5
    agree_with_torch(draw(graph, SIZES))
