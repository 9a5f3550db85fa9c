"""Laws of models of transformers: they compute what the executed graph computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.adapters import symbolic
from tests.analysis.runs.huggingface.families import NAMES, derived, graph_of
from workspan.analysis.runs.errors import ArgumentError
from workspan.analysis.runs.huggingface.building import PaddedLeft, build
from workspan.analysis.runs.huggingface.configs import REAL, TINY
from workspan.analysis.runs.observations import EngineError
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph

DOUBLE = ("gpt2", "bert")
"""Models that transformers computes in 64 bits throughout."""

PUBLISHED = {
    "gpt2": 124_439_808,
    "bert": 109_514_298,
    "llama": 8_030_261_248,
    "mistral": 7_241_732_096,
    "mamba": 129_135_360,
}
"""Weights of openai-community/gpt2, google-bert/bert-base-uncased (with its masked-word logits),
meta-llama/Meta-Llama-3-8B, mistralai/Mistral-7B-v0.1 and state-spaces/mamba-130m-hf."""


def both(name: str, graph: Graph, at: Mapping[str, int]) -> tuple[Any, Any]:
    """Return the logits of the executed graph and of transformers, with the same weights."""
    parameters = random_parameters(graph, seed=3, **at)
    built = build(name, at)
    built.load(parameters)
    inputs = built.inputs(seed=5)
    (executed,) = execute(graph, dict(zip(graph.inputs, inputs, strict=True)), parameters, **at)
    return executed, built.run(*inputs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 7, 12])
def test_the_executed_graph_computes_what_transformers_computes(name: str, n: int) -> None:
    """Law: with the same weights the logits are equal, to the precision that transformers uses."""
    at = {**TINY[name], "n": n}
    executed, run = both(name, graph_of(name, at), at)
    scale = np.abs(run).max()
    np.testing.assert_allclose(
        executed / scale, run / scale, rtol=0, atol=1e-12 if name in DOUBLE else 5e-6
    )


@pytest.mark.parametrize("name", NAMES)
def test_layers_that_are_written_out_have_weights_of_the_same_names(name: str) -> None:
    """Law: the logits are equal where each layer of the graph has weights of its own name."""
    at = {**TINY[name], "L": 3}
    deep = {"a": at["a"], "b": at["b"]} if name == "jamba" else {}
    executed, run = both(name, symbolic(name, L=3, **deep), at)
    np.testing.assert_allclose(executed, run, rtol=0, atol=5e-6 * np.abs(run).max())


@pytest.mark.parametrize(("a", "b"), [(2, 1), (1, 2)])
def test_a_hybrid_has_its_attention_where_it_is_said(a: int, b: int) -> None:
    """Law: of a Mamba layers, an attention layer and b more, each has its own weights."""
    at = {**TINY["jamba"], "a": a, "b": b}
    executed, run = both("jamba", graph_of("jamba", at), at)
    np.testing.assert_allclose(executed, run, rtol=0, atol=5e-6 * np.abs(run).max())
    executed, run = both("jamba", symbolic("jamba", a="a", b="b"), at)
    np.testing.assert_allclose(executed, run, rtol=0, atol=5e-6 * np.abs(run).max())


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_transformers(name: str) -> None:
    """Law: the derived number of parameters is that of the class, at small and at real sizes."""
    for at in (TINY[name], {**REAL[name], "n": 4}):
        assert build(name, at, device="meta").params == derived("params", name, at)


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_parameters_are_those_that_were_published(name: str, count: int) -> None:
    """Law: at published sizes the derived number is that of the published weights."""
    assert derived("params", name, REAL[name]) == count


def test_convolutions_that_are_padded_on_the_left_give_the_same() -> None:
    """Law: what transformers computes beyond the sequence and drops changes nothing."""
    built = build("mamba", TINY["mamba"])
    inputs = built.inputs()
    with PaddedLeft():
        left = built.run(*inputs)
    np.testing.assert_allclose(left, built.run(*inputs), rtol=1e-12)


def test_weights_are_drawn_by_seed() -> None:
    """Law: the same seed draws the same weights and leaves torch's own generator alone."""
    import torch

    before = torch.get_rng_state()
    first, same, other = (build("llama", TINY["llama"], seed=k) for k in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    inputs = first.inputs()
    np.testing.assert_array_equal(first.run(*inputs), same.run(*inputs))
    assert not np.array_equal(first.run(*inputs), other.run(*inputs))


def test_what_does_not_fit_is_named() -> None:
    """Law: an unknown model, a missing size, a missing, wrong or foreign weight is named."""
    at = TINY["llama"]
    with pytest.raises(EngineError, match=r"expected a model that transformers has .* got 'lstm'"):
        build("lstm", at)
    with pytest.raises(EngineError, match="expected a value for g of llama, as g=4"):
        build("llama", {k: v for k, v in at.items() if k != "g"})
    with pytest.raises(ArgumentError, match="device to be cpu or meta, got device='cuda'"):
        build("llama", at, device="cuda")
    with pytest.raises(EngineError, match="expected LlamaForCausalLM to have these sizes"):
        build("llama", {**at, "h": 3})
    parameters = random_parameters(graph_of("llama", at), **at)
    built = build("llama", at)
    with pytest.raises(EngineError, match=r"expected a weight for lm_head\.weight, got none"):
        built.load({k: v for k, v in parameters.items() if k != "lm_head.weight"})
    with pytest.raises(EngineError, match="expected a model with a weight for other, it has none"):
        built.load({**parameters, "other": np.zeros(2)})
    with pytest.raises(EngineError, match=r"expected lm_head\.weight to have the shape \(11, 16\)"):
        built.load({**parameters, "lm_head.weight": np.zeros((2, 16))})
    with pytest.raises(EngineError, match="expected LlamaForCausalLM to run, it failed"):
        built.run(np.array([0, 11]))
