"""Laws of properties: what is computed agrees with what is measured on the unrolled graph."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given

from tests.adapters import WORDS, fitting, symbolic
from tests.compositions import models
from tests.examples import examples
from workspan.analysis.advising.limits import hard_limits
from workspan.analysis.advising.properties import Properties, properties
from workspan.analysis.advising.reach import reach
from workspan.analysis.api import graph_of
from workspan.analysis.measured.paths import reach as reached
from workspan.analysis.measured.state import causal, state
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE

AT = {**WORDS, "n": 7, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 2}
LENGTHS = (24, 31)
"""Beyond every window of the sizes above, so that a state of order 1 is full."""


def sizes_of(name: str, graph: Graph) -> dict[str, int]:
    """Return small sizes for all that a graph has."""
    return {s: fitting(name, AT).get(s, 4) for s in graph.free_sizes}


def holds(found: Properties, graph: Graph, at: Mapping[str, int]) -> None:
    """Hold what is computed against causality, states at two lengths and reach, as measured."""
    if found["causal"].value != "unknown":
        assert (found["causal"].value == "yes") == causal(graph, at)
    if found["constant"].formula is not None and "n" in at:
        kept = {state(graph, {**at, "n": n}) for n in LENGTHS}
        assert (found["constant"].value == "yes") == (len(kept) == 1)
    if found["streamable"].value == "yes":
        assert causal(graph, at)
        assert len({state(graph, {**at, "n": n}) for n in LENGTHS}) == 1 or "n" not in at
    looks(found, graph, at)
    sight = reach(graph)
    (name, *others) = graph.inputs
    if sight.bounded and not others:
        back, ahead = (x.evaluate(**at) for x in (sight.back, sight.ahead) if x is not None)
        for i, bits in enumerate(reached(graph, at)[name]):
            assert bits >> (i + ahead + 1) == 0
            assert bits & ((1 << max(i - back, 0)) - 1) == 0


def looks(found: Properties, graph: Graph, at: Mapping[str, int]) -> None:
    """Hold the look-ahead against reach: no farther than it says, or farther in longer sequences."""
    (name, *others), latency = graph.inputs, found["latency"]
    if others or latency.value not in {"ahead", "sequence"}:
        return
    farthest = [
        max(
            bits.bit_length() - 1 - i for i, bits in enumerate(reached(graph, {**at, "n": n})[name])
        )
        for n in LENGTHS
    ]
    if latency.value == "sequence":
        assert farthest[1] - farthest[0] == LENGTHS[1] - LENGTHS[0]
    else:
        assert latency.formula is not None
        assert farthest[0] <= latency.formula.evaluate(**{**at, "n": LENGTHS[0]})


@pytest.mark.parametrize("name", ["rnn", "lstm", "bidirectional_gru", "qrnn", "attention",
    "causal_attention", "windowed_attention", "causal_windowed_attention", "latent_attention",
    "linear_attention_recurrent", "performer", "block_local_attention", "dilated_windowed_attention", "star_transformer", "causal_convolution",
    "convolution", "dilated_convolution", "hyena", "s4d_convolution", "ssd", "delta_net", "mlstm",
    "encoder", "decoder", "cross_attention", "llama", "mistral", "mamba", "rwkv4"])  # fmt: skip
def test_properties_agree_with_what_is_measured(name: str) -> None:
    """Law: streamable, causal, constant and horizon are what the unrolled graph shows."""
    graph = symbolic(name)
    holds(properties(graph), graph, sizes_of(name, graph))


@given(models())
@examples(15)
def test_the_same_of_random_models(graph: Graph) -> None:
    """Law: the same holds of compositions of layers that recur, attend, convolve or shift."""
    holds(properties(graph), graph, {"n": 6, "d": 2})


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_property_is_decided_or_says_why_not(name: str) -> None:
    """Law: no property is silent: each has a value, a sentence, and evidence unless unknown."""
    for fact in properties(graph_of(name)).facts.values():
        assert fact.text
        assert fact.value == "unknown" or fact.evidence or fact.name == "causal"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("gpt2", "hard"),  # Radford et al. 2019: 1024 learned positions
        ("bert", "hard"),  # Devlin et al. 2019: 512 learned positions
        ("linformer", "hard"),  # Wang et al. 2020: E and F are n x k
        ("llama", "soft"),  # Touvron et al. 2023: rotary positions
        ("t5", "soft"),  # Raffel et al. 2020: relative positions in buckets
        ("transformer", "soft"),  # Vaswani et al. 2017: sinusoids
        ("mistral", "none"),  # Jiang et al. 2023: a rolling cache of a window
        ("mamba", "none"),  # Gu and Dao 2023: a constant state
        ("rwkv4", "none"),  # Peng et al. 2023: constant memory in inference
    ],
)
def test_limits_of_context_are_those_of_the_papers(name: str, limit: str) -> None:
    """Learned absolute positions are a hard limit, others are none; a cache that grows is soft."""
    assert properties(graph_of(name))["limit"].value == limit


def test_a_hard_limit_is_one_when_it_is_executed() -> None:
    """A model with c learned positions runs with c of them, and not with one more."""
    graph = symbolic("gpt2")
    (limit,) = hard_limits(graph)
    assert (limit.length, str(limit.rows)) == ("n", "c")
    sizes = {"c": 5, "v": 7, "d": 4, "h": 2, "f": 4, "L": 1}
    for n in (5, 6):
        tokens = {"tokens": random_tokens(n)}
        at = {**sizes, "n": n}
        if n == 5:
            assert execute(graph, tokens, random_parameters(graph, **at), **at)
        else:
            with pytest.raises(GraphError, match="expected numbers from 0 to 4"):
                execute(graph, tokens, random_parameters(graph, **at), **at)


def random_tokens(n: int) -> object:
    """Return words to be looked up."""
    import numpy as np

    return np.arange(n) % 7
