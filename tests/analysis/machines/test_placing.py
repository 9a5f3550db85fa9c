"""Laws of places under a roofline: counted work and traffic, and no more than any bound allows."""

from __future__ import annotations

from fractions import Fraction

import pytest

from workspan.analysis.api import graph_of, points_of
from workspan.analysis.machines.machine import load
from workspan.analysis.machines.operations import OperationError
from workspan.analysis.machines.placing import place
from workspan.analysis.machines.predicting import predict
from workspan.analysis.machines.task import Task
from workspan.analysis.measured.measure import measure
from workspan.graphs.setting import Setting

MODELS = ("lstm", "attention", "causal_windowed_attention", "linear_recurrence_scan", "encoder")


@pytest.mark.parametrize("name", MODELS)
def test_a_place_is_what_is_counted_on_the_unrolled_graph(name: str) -> None:
    """Law: work and bytes are those that the unrolled graph shows, two bytes for a word in bf16."""
    graph, machine = graph_of(name), load("a100")
    for at in points_of(graph, ()):
        found = place(graph, at, machine, "bf16")
        assert found.work == measure("work", graph, Setting(), at)
        words = measure("traffic", graph, Setting(), at)
        assert words is not None
        assert found.bytes == 2 * Fraction(words)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("machine", ["a100", "m1_max"])
def test_no_prediction_is_above_its_place(name: str, machine: str) -> None:
    """Law: a place is under both roofs, and above what is predicted operation by operation."""
    graph, made = graph_of(name), load(machine)
    number = next(iter(made.rates))
    for at in points_of(graph, ()):
        found = place(graph, at, made, number)
        assert found.most <= made.rate(number) * (1 + 1e-12)
        assert found.most <= found.intensity * made.bandwidth * (1 + 1e-12)
        seen = predict(graph, at, made, Task("encode", number=number))
        assert seen.operations
        assert sum(row.flops for row in seen.operations) / seen.seconds <= found.most


def test_a_model_without_traffic_has_no_place() -> None:
    """What has no formula is refused with the reason."""
    graph = graph_of("lstm")
    with pytest.raises(OperationError, match="no traffic: traffic is a figure of mode encode"):
        place(graph, {"n": 4, "d": 4}, load("a100"), "bf16", Setting(mode="decode"))
