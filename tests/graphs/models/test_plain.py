"""What the graphs compute is what plain code computes that was written from the papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.adapters import symbolic
from tests.graphs.models import plain_language, plain_mixing, plain_states
from workspan.analysis.runs.weights import by_layer
from workspan.graphs.execution import execute, random_parameters

AT = {"n": 7, "d": 8, "h": 2, "s": 3, "r": 2, "k": 3, "e": 2, "f": 5, "E": 4, "L": 2}

LAYERS: tuple[str, ...] = (
    *("retnet", "ssd", "gla", "delta_net", "mlstm", "slstm", "rg_lru"),
    *("tcn", "wavenet", "bytenet", "hyena", "fnet", "s4", "s4d", "s5", "mixture_of_experts"),
    *("h3", "lightweight_convolution", "dynamic_convolution"),
)


def plain(name: str) -> Callable[[Any, list[Any]], Any]:
    """Return the plain code of a stack of layers."""
    if hasattr(plain_mixing, name):
        return getattr(plain_mixing, name)
    one = getattr(plain_states, name)

    def stacked(x: Any, layers: list[Any]) -> Any:
        for w in layers:
            x = one(x, w, AT["h"])
        return x

    return stacked


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_executed_graph_computes_what_the_paper_says(name: str, n: int) -> None:
    """Law: with the same weights, the outputs of two layers are equal."""
    at = {**AT, "n": n}
    graph = symbolic(name, **({"k": 2} if name == "mixture_of_experts" else {}))
    weights = random_parameters(graph, seed=6, **at)
    layers = by_layer(weights)
    assert len(layers) == AT["L"]
    x = np.random.default_rng(7).normal(size=(n, AT["d"]))
    (executed,) = execute(graph, {"x": x}, weights, **{s: at[s] for s in graph.free_sizes})
    np.testing.assert_allclose(executed, plain(name)(x, layers), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["rwkv5", "rwkv6", "chinchilla", "lstm_language_model"])
def test_language_models_compute_what_their_papers_say(name: str) -> None:
    """Law: with the same weights, the logits of two layers are equal."""
    at = {**AT, "v": 5}
    graph = symbolic(name)
    weights = random_parameters(graph, seed=8, **at)
    stack = "blocks." if name.startswith("rwkv") else "layers."
    layers = [
        {key.removeprefix(stack): w[l] for key, w in weights.items() if graph[key].positions}
        for l in range(AT["L"])
    ]
    tokens = np.random.default_rng(9).integers(0, 5, AT["n"])
    (executed,) = execute(
        graph, {"tokens": tokens}, weights, **{s: at[s] for s in graph.free_sizes}
    )
    expected = getattr(plain_language, name)(tokens, weights, layers, AT["h"])
    np.testing.assert_allclose(executed, expected, rtol=1e-8, atol=1e-10)
