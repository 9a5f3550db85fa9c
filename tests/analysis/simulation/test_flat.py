"""Flat graphs: the same nodes and edges as unrolling by networkx."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, fitting, symbolic
from tests.examples import examples
from workspan.analysis.simulation.flat import flatten
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph
from workspan.graphs.unrolling import TooLargeError, unroll
from workspan.testing import Block, models, sizes

AT = {"n": 6, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 2, **WORDS}


def same(graph: Graph, at: Mapping[str, int]) -> None:
    """Compare node by node and edge by edge."""
    flat = flatten(graph, at)
    names = [flat.node(k) for k in range(flat.count)]
    targets = np.repeat(np.arange(flat.count), np.diff(flat.start)).tolist()
    edges = [(names[s], names[t]) for s, t in zip(flat.sources.tolist(), targets, strict=True)]
    digraph = unroll(graph, **at)
    assert len(set(names)) == len(names)
    assert set(names) == set(digraph)
    assert len(edges) == digraph.number_of_edges()
    assert set(edges) == set(digraph.edges)


@pytest.mark.parametrize("name", TYPICAL)
def test_the_catalogue_is_laid_out_as_it_is_unrolled(name: str) -> None:
    """Law: the arrays hold the graph that unrolling writes out, looped or not."""
    graph = symbolic(name)
    at = fitting(name, AT)
    same(graph, at)
    if graph.looped is not graph:
        same(graph.looped, at)


@examples(25)
@given(st.data(), models(deepest=2), st.booleans())
def test_random_models_are_laid_out_as_they_are_unrolled(
    data: st.DataObject, model: Block, trained: bool
) -> None:
    """Law: the same for models that nobody wrote, and for their backward passes."""
    graph = training(model.graph) if trained else model.graph
    same(graph, data.draw(sizes(model.graph, longest=5)))


def test_too_many_nodes_are_refused_before_they_are_made() -> None:
    """A graph of a thousand billion edges is an error in no time, which says how many there are."""
    with pytest.raises(TooLargeError, match="pass smaller sizes"):
        flatten(symbolic("attention"), {"n": 10**6, "d": 1, "h": 1, "L": 1})
