"""Laws of cones: what positions reach, as graph search, distances and perturbation find it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import RUN, TYPICAL
from tests.compositions import models, sizes
from workspan.analysis.api import points_of
from workspan.analysis.measured.cones import cones_of, critical_path
from workspan.analysis.measured.measure import distances, measure
from workspan.analysis.measured.span import Timed, timed
from workspan.analysis.runs.perturbation import observe
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace

MODES = ("encode", "decode", "generate")
UNITS = ("layer", "tensor", "scalar")
SHOWN = ("rnn", "lstm", "causal_attention", "causal_windowed_attention", "convolution", "encoder")


def settings_of() -> st.SearchStrategy[Setting]:
    """Return settings of every mode and unit."""
    return st.builds(Setting, mode=st.sampled_from(MODES), unit=st.sampled_from(UNITS))


def check_cones(found: Timed) -> None:
    """Compare with networkx: what descends from the inputs at a position depends on it."""
    seen, cones = found.seen, cones_of(found)
    given = [n for name in seen.graph.inputs for n in seen.nodes(name) if n in found.digraph]
    assert {reach.place for reach in cones.reaches} == {seen.place(n) for n in given}
    for k, reach in enumerate(cones.reaches):
        below: set[Any] = set()
        for node in (n for n in given if seen.place(n) == reach.place):
            below |= {node} | nx.descendants(found.digraph, node)
        assert {n for n, bits in cones.bits.items() if bits >> k & 1} == below
        assert set(reach.steps) == {seen.place(n) for n in seen.outputs if n in below}


def check_path(found: Timed, span: Any) -> None:
    """Check that the critical path is a path from a node that waits for nothing, as long as the span."""
    path = critical_path(found)
    assert nx.is_path(found.digraph, path)
    assert not found.digraph.pred[path[0]]
    assert sum(found.weight(n) for n in path) == span
    for before, after in pairwise(path):
        assert found.finish[before] == found.finish[after] - found.weight(after)


@given(models(), sizes(), settings_of())
@settings(max_examples=40)
def test_cones_and_paths_of_random_models(graph: Graph, at: Mapping[str, int], s: Setting) -> None:
    """Law: cones are what networkx reaches, and the critical path is as long as the span."""
    found = timed(graph, s, at)
    assert (found is None) == (measure("span", graph, s, at) is None)
    if found is not None:
        check_cones(found)
        check_path(found, measure("span", graph, s, at))


@pytest.mark.parametrize("name", TYPICAL)
def test_cones_and_paths_of_models(name: str) -> None:
    """Law: the same for models of the catalogue, at the sizes at which they are drawn."""
    graph = trace(CATALOGUE[name])
    at = points_of(graph, ())[0]
    found = timed(graph, Setting(), at)
    assert found is not None
    check_cones(found)
    check_path(found, measure("span", graph, Setting(), at))


@pytest.mark.parametrize("name", SHOWN)
def test_steps_are_distances(name: str) -> None:
    """Law: the least steps to what a position reaches are the measured distances."""
    graph = trace(CATALOGUE[name])
    at = points_of(graph, ())[0]
    found = timed(graph, Setting(), at)
    assert found is not None
    (matrix,) = distances(graph, Setting(), at).values()
    for j, reach in enumerate(cones_of(found).reaches):
        expected = {("n", i): d for i, d in enumerate(matrix[j]) if d is not None}
        assert reach.steps == expected


@pytest.mark.parametrize("name", SHOWN)
def test_cones_are_what_a_perturbation_changes(name: str) -> None:
    """Law: moving the input at a position changes the outputs at what it reaches, and no others."""
    graph = trace(CATALOGUE[name])
    at = {**RUN, "h": 2, **points_of(graph, [{"n": 5}])[0]}
    found = timed(graph, Setting(), at)
    assert found is not None
    reached = {
        (reach.place[1], there[1])
        for reach in cones_of(found).reaches
        for there in reach.steps
        if reach.place is not None and there is not None
    }
    assert {(j, i) for _, j, i in observe(name, at).pairs} == reached
