"""Mirroring: positions counted from the other end, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL
from tests.examples import examples
from tests.graphs.backward.checking import SIZES, by_graph, draw, sizes_for
from workspan.graphs.backward import backpropagation, gradients
from workspan.graphs.backward.mirroring import mirrored
from workspan.graphs.execution import execute
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.primitives import Given
from workspan.graphs.tracing import sizes_of, trace
from workspan.graphs.unrolling import unroll
from workspan.testing import Block, Stack, layers, sizes

STACKED = [name for name in TYPICAL if "L" in sizes_of(CATALOGUE[name])]


def flipped(graph: Graph, chosen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Turn arrays round along the layers of the stack of depth L."""
    places = {n: [a.name for a in graph[n].positions] for n in chosen}
    return {
        n: np.flip(a, places[n].index("L")) if "L" in places[n] else a for n, a in chosen.items()
    }


@pytest.mark.parametrize("name", STACKED)
def test_mirrored_twice_is_the_same_graph(name: str) -> None:
    """Law: counting from the other end twice changes no equation."""
    graph = trace(CATALOGUE[name], L="L")
    for axis in ("L", "n"):
        if axis == "n" and graph.of("scan"):
            continue
        again = mirrored(mirrored(graph, axis), axis)
        assert again.equations == graph.equations


@pytest.mark.parametrize("name", [n for n in STACKED if n != "dilated_rnn"])
def test_a_mirrored_graph_computes_the_same(name: str) -> None:
    """Law: with weights in the other order, a stack that is climbed down gives what it gave."""
    graph = trace(CATALOGUE[name], L="L")
    chosen = draw(graph, sizes_for(name))
    parameters = flipped(graph, dict(chosen.parameters))
    found = execute(mirrored(graph, "L"), chosen.inputs, parameters, **chosen.sizes)
    for again, before in zip(found, chosen.outputs(), strict=True):
        np.testing.assert_array_equal(again, before)


def test_leaps_that_differ_are_not_mirrored() -> None:
    """A leap of k**(L - 1 - l) positions is certain to be none only by the layers' bounds."""
    graph = trace(CATALOGUE["dilated_rnn"], L="L")
    chosen = draw(graph, SIZES)
    with pytest.raises(GraphError, match="expected every cycle to cross a positive shift"):
        execute(mirrored(graph, "L"), chosen.inputs, chosen.parameters, **chosen.sizes)


@examples(40)
@given(st.data(), layers())
def test_random_stacks_mirrored_twice_are_the_same(data: st.DataObject, block: Block) -> None:
    """Law: the same for a stack of any layer, and its backward graph has as many paths."""
    graph = Stack(block).graph
    assert mirrored(mirrored(graph, "L"), "L").equations == graph.equations
    at = data.draw(sizes(graph, longest=3))
    one, other = (unroll(g, **at) for g in (graph, mirrored(graph, "L")))
    assert (one.number_of_nodes(), one.number_of_edges()) == (
        other.number_of_nodes(),
        other.number_of_edges(),
    )


@pytest.mark.parametrize("name", [n for n in TYPICAL if n != "gpt2"])
def test_backpropagation_is_the_way_back_alone(name: str) -> None:
    """Law: with what the forward pass computed given, it computes the gradients of the inputs."""
    own: dict[str, Any] = {s: "L" for s in sizes_of(CATALOGUE[name]) if s == "L"}
    graph = trace(CATALOGUE[name], **own)
    try:
        back = backpropagation(graph)
    except GraphError as error:
        assert "expected a gradient to reach" in str(error)  # noqa: PT017
        assert graph.of("lookup")
        return
    both = gradients(graph, graph.inputs)
    assert {e.name for e in back if e.phase == "forward"} == {
        e.name for e in back if isinstance(e.primitive, Given)
    }
    assert set(back.inputs) == {e.name for e in both.of("seed")}
    assert not back.of("seed")
    shifts = [e for e in back.of("shift") if e.reads[0].axis == "L"]
    assert all(e.reads[0].relation.distance == 1 for e in shifts)
    assert bool(shifts) == bool(own)


def test_the_way_back_has_the_values_of_the_gradients() -> None:
    """The given values put in, backpropagation through a recurrent stack ends at the inputs."""
    graph = trace(CATALOGUE["rnn"], L="L")
    chosen = draw(graph, SIZES, wanted=("x",))
    both, back = gradients(graph, ("x",)), backpropagation(graph)
    seeds = dict(zip(back.inputs, chosen.weights, strict=True))
    given = [e.name for e in back.of("given")]
    sizes_ = dict(chosen.sizes)
    seen = Graph("seen", both.equations, both.inputs, tuple(given), both.sizes)
    values = execute(seen, {**chosen.inputs, **seeds}, chosen.parameters, **sizes_)
    known = flipped(graph, dict(zip(given, values, strict=True)))
    inputs = {**seeds, **known}
    alone = Graph("alone", back.equations, (*back.inputs, *given), back.outputs, back.sizes)
    (found,) = execute(alone, inputs, {}, **sizes_)
    np.testing.assert_allclose(found, by_graph(chosen)["x"], rtol=1e-12, atol=1e-12)
