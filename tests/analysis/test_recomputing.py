"""Recomputation: less is kept, more is computed, and the gradients stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.schedules import naive_and_fused_attention
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.storage.activations import activations, in_bytes
from workspan.graphs.backward import checkpoint, training
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import (
    dropout,
    einsum,
    gather,
    gelu,
    layer,
    layer_norm,
    linear,
    rearrange,
    recompute,
    root,
    softmax,
    stack,
)
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Sized, size
from workspan.graphs.tracing import Array, model, trace

TRAIN = Setting(mode="train")
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("rnn", "n", {}),
    ("lstm", "n", {}),
    ("gru", "n", {"L": "L"}),
    ("lstm", "L", {"L": "L"}),
    ("encoder", "L", {"L": "L", "h": "h"}),
    ("causal_attention", "L", {"L": "L", "h": "h"}),
    ("dilated_convolution", "L", {"L": "L"}),
]
SIZES = {"n": 5, "d": 4, "h": 2, "f": 3, "k": 3, "L": 3}


@model("n d")
def block_of_the_paper(x: Array, *, h: Sized = "h", L: Sized = "L") -> Array:
    """One layer as in figures 2 and 3 of Korthikanti et al. 2022, for one sequence."""
    normed = recompute(layer_norm)

    @layer
    def attention(x: Array) -> Array:
        d = x.axes[-1].extent
        x = normed(x, name="ln1")
        q, k, v = (
            rearrange(linear(x, d, name=name), "(h e) -> h e", h=h) for name in ("q", "k", "v")
        )
        k, v = gather(k, Relation.all()), gather(v, Relation.all())
        scores = einsum("h e, j h e -> h j", q, k) / root(q.axes[-1].extent)
        weights = dropout(softmax(scores, scores.axes[-1]))
        mixed = einsum("h j, j h e -> h e", weights, v)
        return dropout(linear(rearrange(mixed, "h e -> (h e)"), d, name="out"))

    @layer
    def feed_forward(x: Array) -> Array:
        d = x.axes[-1].extent
        x = gelu(linear(normed(x, name="ln2"), 4 * d, name="up"))
        return dropout(linear(x, d, name="down"))

    def both(x: Array) -> Array:
        x = x + attention(x)
        return x + feed_forward(x)

    return stack(both, x, L)


def test_activations_of_a_transformer_layer_are_those_of_the_paper() -> None:
    """A 16-bit layer keeps s b h (34 + 5 a s / h) bytes (Korthikanti et al. 2022, equation 1).

    Their s, h and a are our n, d and h; b is 1.
    """
    s, hidden, a, layers = (size(name) for name in "ndhL")
    found = activations(trace(block_of_the_paper), Setting())
    assert found.grade == "proved"
    assert in_bytes(found) == layers * (34 * s * hidden + 5 * a * s * s)


def gradients(graph: Graph, **sizes: int) -> list[Any]:
    """Return all gradients of a training graph at one draw of values."""
    sizes = {s: SIZES[s] for s in graph.free_sizes} | sizes
    trained, rng = training(graph), np.random.default_rng(0)
    parameters = random_parameters(trained, seed=1, **sizes)
    given = {}
    for name in trained.inputs:
        shape = [int(a.extent.evaluate(**sizes)) for a in trained[name].domain]
        given[name] = rng.normal(size=shape)
    return list(execute(trained, given, parameters, **sizes))


@pytest.mark.parametrize(("name", "axis", "options"), CASES)
def test_gradients_stay_the_same(name: str, axis: str, options: dict[str, Any]) -> None:
    """What is computed again is what was computed before."""
    graph = trace(CATALOGUE[name], **options)
    for kept, again in zip(gradients(graph), gradients(checkpoint(graph, axis)), strict=True):
        np.testing.assert_allclose(again, kept, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "axis", "options"), CASES)
def test_less_is_kept_and_more_is_computed(name: str, axis: str, options: dict[str, Any]) -> None:
    """Activations go down and work goes up, both as derived and as measured."""
    graph = trace(CATALOGUE[name], **options)
    again, at = checkpoint(graph, axis), {s: SIZES[s] for s in graph.free_sizes}
    for figure, setting, more in (("activations", Setting(), False), ("work", TRAIN, True)):
        values = []
        for each in (graph, again):
            formula = derive(figure, each, setting).formula
            assert formula is not None
            values.append(formula.evaluate(**{s: at[s] for s in formula.sizes}))
            assert values[-1] == measure(figure, each, setting, at)
        assert values[1] >= values[0] if more else values[1] <= values[0]
    if name not in {"rnn", "dilated_convolution"}:  # they keep what they carry, and no more
        assert values[1] > values[0]


def test_a_stack_keeps_what_enters_each_layer_and_computes_each_layer_again() -> None:
    """Checkpoints at every layer keep L n d and add a forward pass (Chen et al. 2016, section 4)."""
    graph = trace(CATALOGUE["encoder"], L="L")
    again = checkpoint(graph, "L")
    n, d, f, depth = (size(name) for name in ("n", "d", "f", "L"))
    assert derive("activations", again, Setting()).formula == depth * n * d
    plain, more = (derive("work", g, TRAIN).by_primitive["contraction"] for g in (graph, again))
    forward = derive("work", graph, Setting()).by_primitive["contraction"]
    # The value before the last normalisation ends a layer, and is not a contraction's input: all
    # contractions of the forward pass are computed again.
    assert more - plain == forward
    assert forward == depth * (8 * n * d**2 + 4 * n**2 * d + 4 * n * d * f)


def test_attention_that_is_computed_again_keeps_no_scores() -> None:
    """Naive attention keeps h n^2 weights, a fused one Theta(n d): one function, two graphs."""
    naive, fused = naive_and_fused_attention()
    n, d, h = (size(name) for name in "ndh")
    assert derive("activations", naive, Setting()).formula == h * n**2 + 5 * n * d
    assert derive("activations", fused, Setting()).formula == 5 * n * d
    for one, other in zip(gradients(naive), gradients(fused), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("every", [2, 3, 5, 8])
@pytest.mark.parametrize(("name", "axis", "options"), [*CASES, ("bidirectional_rnn", "n", {})])
def test_every_so_many_steps(name: str, axis: str, options: dict[str, Any], every: int) -> None:
    """Whatever the distance of checkpoints: the same gradients, and the count that is measured."""
    graph = trace(CATALOGUE[name], **options)
    symbolic, concrete = checkpoint(graph, axis, every="c"), checkpoint(graph, axis, every=every)
    for kept, again in zip(gradients(graph), gradients(concrete), strict=True):
        np.testing.assert_allclose(again, kept, rtol=1e-12, atol=1e-12)
    at = {**{s: SIZES[s] for s in graph.free_sizes}, "c": every}
    found = derive("activations", symbolic, Setting())
    assert found.grade == "proved"
    assert found.formula is not None
    value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    assert value == measure("activations", symbolic, Setting(), at)
    assert value == measure("activations", concrete, Setting(), at)


def test_a_stack_with_a_checkpoint_every_c_layers() -> None:
    """Of L layers one in c is kept, and the input (Chen et al. 2016, section 4)."""
    graph = checkpoint(trace(CATALOGUE["encoder"], L="L"), "L", every="c")
    found = derive("activations", graph, Setting()).formula
    assert found is not None
    for layers, every in ((12, 3), (12, 4), (13, 4), (2, 1), (96, 10)):
        blocks = 1 + -(-(layers - 1) // every)  # the first layer stands by itself
        assert found.evaluate(n=7, d=5, L=layers, c=every) == 7 * 5 * blocks


def test_an_axis_that_carries_nothing_is_named() -> None:
    """Attention carries nothing from position to position: there is nothing to keep instead."""
    with pytest.raises(GraphError, match="expected an axis along which attention carries"):
        checkpoint(trace(CATALOGUE["attention"], L="L"), "n")
