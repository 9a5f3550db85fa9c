"""Laws of the measured witness on random models, and second opinions from networkx."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.compositions import BLOCKS, CAUSAL, compose, models, sizes
from workspan.analysis.measured.measure import causal, distances, measure, weights
from workspan.analysis.measured.paths import hops, reach
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting
from workspan.graphs.unrolling import unroll

Sizes = Mapping[str, int]
UNITS = st.sampled_from(["layer", "tensor", "scalar", "unbounded"])
SETTINGS = st.builds(
    Setting,
    unit=UNITS,
    reduction=st.sampled_from(["tree", "sequential"]),
    pairs=st.sampled_from(["dense", "masked"]),
)
CATALOGUE_SAMPLE = ("lstm", "bidirectional_rnn", "decoder", "dilated_convolution")
AT = {"n": 4, "m": 3, "d": 2, "h": 1, "f": 3, "k": 2, "L": 2}


def exact(figure: str, graph: Graph, setting: Setting, at: Sizes) -> int | Fraction:
    """Measure a figure that the model has."""
    found = measure(figure, graph, setting, at)
    assert found is not None
    return found


def weighed(graph: Graph, setting: Setting, at: Sizes) -> Any:
    """Unroll with the weight of every node on the edges that lead to it, from one start."""
    unrolled, weight = unroll(graph, **at), weights(graph, setting, at)
    layers = {e.name: sum(a.kind == "layer" for a in e.positions) for e in graph}
    for node, data in unrolled.nodes.items():
        steps = 0 if data.get("round") == 0 else weight[node[: 1 + layers[node[0]]]]
        for edge in unrolled.in_edges(node):
            unrolled.edges[edge]["weight"] = steps
        unrolled.nodes[node]["steps"] = steps
    return unrolled


def check_span(graph: Graph, setting: Setting, at: Sizes) -> None:
    """Compare with networkx's longest path, from a start before all nodes."""
    unrolled = weighed(graph, setting, at)
    before = [("start", node, steps) for node, steps in unrolled.nodes.data("steps")]
    unrolled.add_weighted_edges_from(before)
    assert measure("span", graph, setting, at) == nx.dag_longest_path_length(unrolled)


def check_distances(graph: Graph, setting: Setting, at: Sizes) -> None:
    """Compare every pair with networkx's shortest path."""
    unrolled = weighed(graph, setting, at)
    for name, matrix in distances(graph, setting, at).items():
        for j, row in enumerate(matrix):
            lengths = nx.single_source_dijkstra_path_length(unrolled, (name, j))
            first = unrolled.nodes[name, j]["steps"]
            found = [lengths.get((graph.outputs[0], i)) for i in range(len(row))]
            assert row == [None if x is None else first + x for x in found]


@settings(deadline=None, max_examples=40)
@given(models(), sizes(), SETTINGS)
def test_span_is_the_longest_path(graph: Graph, at: Sizes, setting: Setting) -> None:
    """Law: the span is what networkx finds as the longest path."""
    check_span(graph, setting, at)


@settings(deadline=None, max_examples=40)
@given(models(), sizes(), SETTINGS)
def test_distances_are_shortest_paths(graph: Graph, at: Sizes, setting: Setting) -> None:
    """Law: the distance of each pair is what networkx finds as the shortest path."""
    check_distances(graph, setting, at)


@pytest.mark.parametrize("name", CATALOGUE_SAMPLE)
@pytest.mark.parametrize("unit", ["layer", "tensor", "scalar"])
def test_the_catalogue_agrees_with_networkx(name: str, unit: str) -> None:
    """Law: the same, for models with layers as an axis and with two sequences."""
    check_span(symbolic(name), Setting(unit=unit), AT)
    check_distances(symbolic(name), Setting(unit=unit), AT)


@settings(deadline=None, max_examples=30)
@given(models({k: v for k, v in BLOCKS.items() if k != "scan"}), sizes())
def test_hops_are_shortest_paths(graph: Graph, at: Sizes) -> None:
    """Law: hops are shortest paths where an edge between two positions costs 1 and others 0."""
    unrolled = unroll(graph, **at)
    for source, target in unrolled.edges:
        unrolled.edges[source, target]["hop"] = int(source[1:] != target[1:])
    (matrix,) = hops(graph, at).values()
    for j, row in enumerate(matrix.tolist()):
        lengths = nx.single_source_dijkstra_path_length(unrolled, ("x", j), weight="hop")
        assert row == [lengths.get((graph.outputs[0], i), -1) for i in range(len(row))]


@settings(deadline=None, max_examples=30)
@given(models(), sizes())
def test_reach_is_reachability(graph: Graph, at: Sizes) -> None:
    """Law: the bits of a position are its ancestors among the inputs."""
    unrolled = unroll(graph, **at)
    for i, bits in enumerate(reach(graph, at)["x"]):
        before = nx.ancestors(unrolled, (graph.outputs[0], i)) | {(graph.outputs[0], i)}
        assert bits == sum(1 << j for j in range(at["n"]) if ("x", j) in before)


@settings(deadline=None, max_examples=40)
@given(models(), sizes(), SETTINGS)
def test_orders_among_figures(graph: Graph, at: Sizes, setting: Setting) -> None:
    """Law: span <= work and parallelism >= 1 at fan-in two, masked work <= dense, path <= span."""
    scalar, dense = setting.but(unit="scalar"), setting.but(pairs="dense")
    work, span = exact("work", graph, dense, at), exact("span", graph, scalar, at)
    assert span <= work
    assert exact("work", graph, setting.but(pairs="masked"), at) <= work
    assert exact("parallelism", graph, dense, at) >= 1 if span else work == 0
    path = measure("path_length", graph, setting, at)
    assert path is None or path <= exact("span", graph, setting, at)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=2),
    st.sampled_from(sorted(BLOCKS)),
    sizes(),
    UNITS,
)
def test_a_layer_more_never_shortens_span(
    names: list[str], more: str, at: Sizes, unit: str
) -> None:
    """Law: the span of a composition is at most that of the same with another layer on top."""
    few, many = (
        exact("span", compose(*x), Setting(unit=unit), at) for x in (names, [*names, more])
    )
    assert few <= many


@settings(deadline=None, max_examples=40)
@given(models(CAUSAL), sizes())
def test_looking_back_is_causal_and_has_a_state(graph: Graph, at: Sizes) -> None:
    """Law: blocks that look back compose to a causal model, whose state is at least the cut."""
    assert causal(graph, at)
    state, bound = (exact(f, graph, Setting(), at) for f in ("state", "state_bound"))
    assert 0 <= bound <= state
    assert bound <= at["n"] * at["d"]


@settings(deadline=None, max_examples=25)
@given(models(CAUSAL), sizes())
def test_work_is_the_sum_of_decode_work(graph: Graph, at: Sizes) -> None:
    """Law: decoding all positions one by one is the masked work of the looped model."""
    n, masked = at["n"], Setting(pairs="masked")
    steps = [exact("decode_work", graph, Setting(), {**at, "n": k}) for k in range(1, n + 1)]
    assert sum(steps) == measure("work", graph.looped, masked, at)


@pytest.mark.parametrize("blocks", [("elman",), ("shift", "shift"), ("dilated",)])
def test_the_bound_is_the_least_of_all_cuts(blocks: tuple[str, ...]) -> None:
    """Law: no set of values that parts the past from the future holds fewer scalars."""
    graph, n, d = compose(*blocks), 2, 2
    unrolled = unroll(graph, n=n + 6)
    weight = {e.name: e.scalars.evaluate(n=n + 6, d=d) for e in graph}
    past = [v for v in unrolled if len(v) > 1 and v[1] < n]
    later = [v for v in unrolled if len(v) > 1 and v[1] >= n]
    starts = [("x", j) for j in range(n)]
    informed = set().union(*(nx.descendants(unrolled, s) | {s} for s in starts))
    past = [v for v in past if v in informed]

    def parts(cut: tuple[Any, ...]) -> bool:
        rest = unrolled.subgraph(set(unrolled) - set(cut))
        found = set().union(*(nx.descendants(rest, s) for s in starts if s in rest), set())
        return not found & set(later)

    cuts = itertools.chain.from_iterable(itertools.combinations(past, k) for k in range(5))
    least = min(sum(weight[v[0]] for v in cut) for cut in cuts if parts(cut))
    assert measure("state_bound", graph, Setting(), {"n": n, "d": d}) == least


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("rnn", {}),
        ("windowed_attention", {"w": 3}),
        ("decoder", {}),
        ("dilated_convolution", {"k": 2}),
    ],
)
def test_layers_are_those_of_graphs_unrolled_one_by_one(name: str, fixed: Sizes) -> None:
    """Law: layers to connect is the least L whose unrolled graph connects what L + 1 layers do."""
    graph, at = symbolic(name, **fixed), {"n": 7, "m": 3}
    depths = (reach(graph, {**at, "h": 1, "f": 1, "L": k}) for k in itertools.count(1))
    pairs = itertools.pairwise(depths)
    first = next(k for k, (few, many) in enumerate(pairs, start=1) if few == many)
    assert measure("layers_to_connect", graph, Setting(), at) == first


def test_a_model_around_its_stack_is_unrolled() -> None:
    """Law: layers that differ from what surrounds them are not taken for powers of one layer."""
    from workspan.graphs.models.convolution import convolve
    from workspan.graphs.operations import stack
    from workspan.graphs.relations import Relation
    from workspan.graphs.tracing import Array, trace

    def wide_then_narrow(x: Array, *, L: int | str = 1) -> Any:
        x = convolve(x, Relation.window(5), 5)
        return stack(lambda x: convolve(x, Relation.window(2), 2), x, L)

    graph = trace(wide_then_narrow)
    assert measure("layers_to_connect", graph, Setting(), {"n": 12}) == 12 - 1 - 4
