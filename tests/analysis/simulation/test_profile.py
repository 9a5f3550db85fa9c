"""Laws of the profile of parallelism: its area, its length, and the longest path through it."""

from __future__ import annotations

import networkx as nx
import pytest

from workspan.analysis.api import graph_of, points_of
from workspan.analysis.measured.graph import unrolled
from workspan.analysis.measured.span import span, steps
from workspan.analysis.simulation.profile import profile
from workspan.graphs.setting import Setting
from workspan.graphs.unrolling import Node

MODELS = ("lstm", "attention", "linear_recurrence_scan", "convolution", "encoder", "retnet_chunked")


@pytest.mark.parametrize("unit", ["layer", "tensor"])
@pytest.mark.parametrize("name", MODELS)
def test_the_area_is_all_tasks_and_the_length_is_the_span(name: str, unit: str) -> None:
    """Law: an operation runs for its steps, and at every depth one of a longest path does."""
    graph, setting = graph_of(name), Setting(unit=unit)
    at = points_of(graph, ())[0]
    found = profile(graph, setting, at)
    seen = unrolled(graph, at)
    weight = steps(seen, setting, at)
    assert found.work == sum(weight(node) for node in seen.order)
    assert found.span == span(graph, setting, at)
    for curve, least in ((found.running, 1), (found.critical, 1)):
        times, values = curve.times.tolist(), curve.values.tolist()
        assert (times[0], times[-1], values[-1]) == (0, found.span, 0)
        assert min(values[:-1]) >= least
    times, values = found.running.times.tolist(), found.running.values.tolist()
    area = sum(v * (b - a) for v, a, b in zip(values, times, times[1:], strict=False))
    assert area == found.work


def test_what_is_on_a_longest_path_is_what_networkx_finds() -> None:
    """Law: a node is critical if the longest ways to it and from it make the span together."""
    graph, setting = graph_of("lstm"), Setting()
    at = {"n": 5, "d": 4}
    seen = unrolled(graph, at)
    weight = steps(seen, setting, at)
    to: dict[Node, int] = {}
    for node in nx.topological_sort(seen.digraph):
        to[node] = weight(node) + max((to[p] for p in seen.digraph.pred[node]), default=0)
    rest: dict[Node, int] = {}
    for node in reversed(list(nx.topological_sort(seen.digraph))):
        rest[node] = weight(node) + max((rest[p] for p in seen.digraph.succ[node]), default=0)
    longest = max(to.values())
    critical = sum(weight(n) for n in to if to[n] + rest[n] - weight(n) == longest)
    found = profile(graph, setting, at).critical
    times, values = found.times.tolist(), found.values.tolist()
    area = sum(v * (b - a) for v, a, b in zip(values, times, times[1:], strict=False))
    assert area == critical
