"""Laws of training where all positions read a few, or a coarser sequence reads windows."""

from __future__ import annotations

from typing import Any

import pytest

from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.graph import Graph
from workspan.graphs.operations import gather, linear, tanh, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import Array, trace

RELATIONS = [
    Relation.stride(2, 3),
    Relation.stride(2),
    Relation.stride(3, 4),
    Relation.first(2),
    Relation.last(),
    Relation.head(),
]


def pooled(relation: Relation) -> Graph:
    """Trace a sum of what is read, between two layers."""

    def model(x: Array) -> Any:
        read = gather(tanh(linear(x, "d")), relation)
        return linear(total(tanh(read), read.axes[0]), "d", name="out")

    return trace(model)


@pytest.mark.parametrize("figure", ["work", "span", "activations", "path_length"])
@pytest.mark.parametrize("pairs", ["dense", "masked"])
@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: f"{r} every {r.step}")
def test_figures_of_training_are_measured(relation: Relation, pairs: Any, figure: str) -> None:
    """Law: a formula of training is what is measured; without one there is a reason."""
    graph, setting = pooled(relation), Setting(mode="train", pairs=pairs)
    found = derive(figure, graph, setting)
    assert found.formula is not None or found.reason
    for n in (4, 5, 6, 9):
        at = {"n": n, "d": 2}
        if found.formula is not None and all(at[s] >= v for s, v in found.least.items()):
            assert found.formula.evaluate(**at) == measure(figure, graph, setting, at)


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: f"{r} every {r.step}")
def test_work_and_activations_have_formulas(relation: Relation) -> None:
    """Law: work and what is kept are proved, as they are where each position has its readers."""
    for figure in ("work", "activations"):
        found = derive(figure, pooled(relation), Setting(mode="train"))
        assert found.grade == "proved"
