"""Laws of unrolling: nodes are positions, edges are reads, and size is known beforehand."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings

from tests.adapters import symbolic
from tests.compositions import models, sizes
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.sizes import SizeError
from workspan.graphs.unrolling import TooLargeError, census, unroll

AT = {"n": 6, "c": 3, "m": 3, "w": 3, "k": 3, "g": 1, "r": 2, "s": 1, "L": 2}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_unrolls_without_cycles(name: str) -> None:
    """Law: an unrolled graph has no cycle, and as many nodes as the census says."""
    graph = symbolic(name)
    unrolled = unroll(graph, **AT)
    nodes, edges = census(graph, AT)
    assert nx.is_directed_acyclic_graph(unrolled)
    assert unrolled.number_of_nodes() == nodes
    assert unrolled.number_of_edges() <= edges


@settings(deadline=None, max_examples=40)
@given(models(), sizes())
def test_edges_are_relations(graph: Graph, at: dict[str, int]) -> None:
    """Law: a position reads exactly what the relation of each read says, except in a scan."""
    unrolled = unroll(graph, **at)
    for equation in graph:
        if equation.primitive.name == "associative_scan" or equation.sequence is None:
            continue
        for i in range(at["n"]):
            expected: set[tuple[object, ...]] = set()
            for boundary in (False, True):
                for read in equation.reads:
                    if read.boundary is boundary and not (boundary and expected):
                        relation = read.relation.at(**at)
                        here = graph[read.source].sequence is not None
                        positions = relation.sources(i, at["n"]) if here else [None]
                        expected |= {(read.source, *([j] if here else [])) for j in positions}
            assert set(unrolled.pred[equation.name, i]) == expected


@settings(deadline=None, max_examples=30)
@given(models(), sizes())
def test_the_census_is_an_upper_bound(graph: Graph, at: dict[str, int]) -> None:
    """Law: nodes are counted exactly and edges never too few, before anything is built."""
    unrolled = unroll(graph, **at)
    nodes, edges = census(graph, at)
    assert (unrolled.number_of_nodes(), True) == (nodes, unrolled.number_of_edges() <= edges)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_the_rounds_of_a_scan(n: int) -> None:
    """Law: after the rounds each position has met exactly the positions before it."""
    unrolled = unroll(symbolic("linear_recurrence_scan"), n=n)
    for i in range(n):
        before = nx.ancestors(unrolled, ("associative_scan", i))
        assert {j for j in range(n) if ("a", j) in before} == set(range(i + 1))


def test_a_long_scan_is_counted_in_rounds() -> None:
    """Law: a scan over n has about n log n edges, not the n^2 of its relation."""
    _, edges = census(symbolic("linear_recurrence_scan"), {"n": 4096})
    assert edges < 4096 * 40
    assert unroll(symbolic("linear_recurrence_scan"), n=4096).number_of_edges() <= edges


def test_the_first_step_of_a_recurrence_reads_its_start() -> None:
    """Law: the boundary is read where there is no earlier position, and only there."""
    unrolled = unroll(symbolic("rnn", L=1), n=3)
    shift = "layers.0.previous"
    assert set(unrolled.pred[shift, 0]) == {("layers.0.zeros",)}
    assert set(unrolled.pred[shift, 1]) == {("layers.0.tanh", 0)}


def test_no_layers_at_all() -> None:
    """Law: a bidirectional model of one layer has no further ones: their axis is empty."""
    unrolled = unroll(symbolic("bidirectional_rnn"), n=2, L=1)
    assert set(unrolled.pred["final", 0]) == {("first.0.concatenate", 0)}


def test_too_large_is_refused_before_it_is_built() -> None:
    """Law: the error says how many nodes and edges there would be, and the way out."""
    graph = symbolic("attention")
    with pytest.raises(TooLargeError, match=r"got about .* nodes and .* edges for attention"):
        unroll(graph, n=10**6, L=1)
    nodes, edges = census(graph, {"n": 4, "L": 1})
    with pytest.raises(TooLargeError, match=f"limit={nodes + edges}"):
        unroll(graph, n=4, L=1, limit=nodes + edges - 1)
    assert unroll(graph, n=4, L=1, limit=nodes + edges)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ({"n": 0}, "got n=0"),
        ({"n": -3}, "got n=-3"),
        ({"n": True}, "got n=True"),
        ({"n": 2.5}, r"got n=2\.5"),
        ({"n": 10**16}, "at most 1,000,000,000,000,000"),
        ({}, "expected a value for n, as n=8"),
    ],
)
def test_sizes_are_whole_and_positive(at: dict[str, int], message: str) -> None:
    """Law: a size that is missing, not whole, not positive or absurd is named."""
    with pytest.raises(SizeError, match=message):
        unroll(symbolic("rnn", L=1), **at)
