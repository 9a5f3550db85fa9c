"""The modules of torch compute what the executed graph computes, on the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from workspan.analysis.runs import PLAIN
from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.modules import MODULES, NAMES, build
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace

SIZES = {"n": 7, "d": 8, "h": 4, "g": 2, "f": 5, "k": 3, "w": 5, "m": 4, "L": 3}


def graph_of(name: str, layers: int | str) -> Graph:
    """Trace a model with all sizes as symbols, and its layers as told."""
    own: dict[str, Any] = {s: s for s in MODULES[name].sizes if s not in {"n", "d", "m", "L"}}
    own |= {"L": layers} if "L" in MODULES[name].sizes else {}
    return trace(CATALOGUE[name], **own)


def executed(graph: Graph, weights: Any, inputs: Any) -> Any:
    """Run a graph on the inputs that a module takes."""
    named = dict(zip(graph.inputs, (x.numpy() for x in inputs), strict=True))
    sizes = {s: SIZES[s] for s in graph.free_sizes}
    return execute(graph, named, weights, **sizes)[0]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("layers", [1, 3, "L"])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_equal_those_of_the_executed_graph(
    name: str, layers: int | str, fused: bool
) -> None:
    """Module, plain operators and graph give equal outputs to 1e-9, with and without gradients."""
    graph = graph_of(name, layers)
    sizes = {**SIZES, "L": SIZES["L"] if layers == "L" else int(layers)}
    built = build(name, sizes, seed=1, fused=fused)
    weights = random_parameters(graph, seed=2, **{s: SIZES[s] for s in graph.free_sizes})
    built.load(weights)
    inputs = built.inputs(seed=3)
    expected = executed(graph, weights, inputs)
    with torch.no_grad():
        assert np.abs(built.run(*inputs).numpy() - expected).max() < 1e-9
    assert np.abs(built.run(*inputs).detach().numpy() - expected).max() < 1e-9


def test_models_have_the_sizes_of_their_graphs() -> None:
    """Torch's models are those of plain NumPy that are modules of torch, with the same sizes."""
    assert set(NAMES) < set(PLAIN)
    for name in NAMES:
        assert set(MODULES[name].sizes) == set(graph_of(name, "L").free_sizes)


def test_builds_are_repeatable() -> None:
    """A seed fixes weights and inputs, and leaves torch's own generator alone."""
    state = torch.random.get_rng_state()
    first, second, third = (build("lstm", SIZES, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(torch.random.get_rng_state(), state)
    runs = [b.run(*b.inputs(seed=1)) for b in (first, second, third)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_shapes_run_on_the_meta_device(name: str, fused: bool) -> None:
    """Every module runs without numbers, and says so."""
    built = build(name, SIZES, device="meta", fused=fused)
    expected = build(name, SIZES).run(*build(name, SIZES).inputs())
    assert built.run(*built.inputs()).shape == expected.shape
    assert built.source.device == "meta"


def weights_of_lstm() -> dict[str, Any]:
    """Draw weights of one LSTM layer."""
    return random_parameters(graph_of("lstm", 1), seed=2, n=7, d=8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("layers.0.hh.bias"), "expected an array for layers.0.hh.bias, got none"),
        (
            lambda w: w.update({"layers.0.ih.weight": np.zeros((8, 32))}),
            "expected layers.0.ih.weight to have shape (32, 8), got (8, 32)",
        ),
        (
            lambda w: w.update({"layers.1.ih.weight": np.zeros((32, 8))}),
            "expected arrays for parameters of the module only, got layers.1.ih.weight as well",
        ),
        (
            lambda w: w.update({"layers.0.hh.bias": np.full(32, np.nan)}),
            "expected layers.0.hh.bias to be finite, got NaN or infinity in it",
        ),
    ],
)
def test_a_weight_that_does_not_load_is_named(change: Any, message: str) -> None:
    """A weight that is missing, misshapen, foreign or not finite is one clear line."""
    weights = weights_of_lstm()
    change(weights)
    with pytest.raises(EngineError) as caught:
        build("lstm", {**SIZES, "L": 1}).load(weights)
    assert str(caught.value) == message


def test_a_wrong_shape_in_a_joined_projection_is_named() -> None:
    """Queries, keys and values are one parameter in torch, and still each has its own name."""
    weights = random_parameters(graph_of("attention", 1), n=7, d=8, h=4)
    weights["layers.0.k_proj.weight"] = np.zeros((4, 8))
    with pytest.raises(EngineError, match=r"expected layers\.0\.k_proj\.weight to have shape"):
        build("attention", {**SIZES, "L": 1}).load(weights)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("lstn", {"n": 4, "d": 4}, "expected a model that exists in torch"),
        ("feed_forward", {"n": 4, "d": 4}, "expected sizes of feed_forward (n, d, f, L), got no f"),
        ("lstm", {"n": 4, "d": 0}, "expected d to be at least 1, got d=0"),
        ("attention", {"n": 4, "d": 6, "h": 4}, "expected h to divide d"),
        ("encoder", {"n": 4, "d": 6, "h": 4, "f": 8}, "expected h to divide d"),
        ("grouped_query_attention", {"n": 4, "d": 8, "h": 4, "g": 3}, "expected g to divide h"),
        ("windowed_attention", {"n": 4, "d": 6, "w": 2}, "expected w to be odd"),
        ("convolution", {"n": 4, "d": 6, "k": 2}, "expected k to be odd"),
    ],
)
def test_what_does_not_exist_is_one_line(name: str, sizes: dict[str, int], message: str) -> None:
    """A model or a size that torch cannot build is an error of the engine."""
    with pytest.raises(EngineError) as caught:
        build(name, sizes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fused", [True, False])
def test_a_run_that_fails_is_one_line(fused: bool) -> None:
    """Numbers that are not finite and inputs of the wrong shape are errors of the engine."""
    built = build("lstm", SIZES, fused=fused)
    (x,) = built.inputs()
    with pytest.raises(EngineError, match=r"expected x to have shape \(7, 8\), got \(7, 7\)"):
        built.run(x[:, :7])
    with pytest.raises(EngineError, match=r"expected 1 inputs \(x\), got 2"):
        built.run(x, x)
    with pytest.raises(EngineError, match="to compute finite numbers, got NaN"):
        built.run(x * float("nan"))
    with pytest.raises(EngineError, match="to run, got") as caught:
        built.run(x.float())
    assert "\n" not in str(caught.value)
