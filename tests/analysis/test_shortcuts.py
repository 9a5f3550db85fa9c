"""Laws of paths beside a recurrence: attention before or after it may be the shorter way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workspan.analysis.measured.measure import measure
from workspan.analysis.paths.lengths import path_length
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.lengths import LengthCertificate, check_length
from workspan.analysis.solving import UnsolvedError, continued
from workspan.graphs.graph import Graph
from workspan.graphs.models.attention import multi_head
from workspan.graphs.models.recurrent import elman, gated_unit
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import Array, trace

RELATIONS = {"prefix": Relation.prefix(), "all": Relation.all()}


def before(cell: Any, relation: Relation) -> Graph:
    """Trace attention, and then a recurrence of it."""

    def model(x: Array) -> Any:
        return cell(x + multi_head(x, x, relation, 1), "d")

    return trace(model)


def after(cell: Any, relation: Relation) -> Graph:
    """Trace a recurrence, and then attention to it."""

    def model(x: Array) -> Any:
        y = cell(x, "d")
        return y + multi_head(y, y, relation, 1)

    return trace(model)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize(
    ("order", "cell", "unit"),
    [
        (before, elman, "tensor"),
        (before, elman, "scalar"),
        (before, gated_unit, "scalar"),
        (after, elman, "tensor"),
        (after, elman, "scalar"),
        (after, gated_unit, "tensor"),
        (after, gated_unit, "scalar"),
    ],
)
def test_the_shorter_way_is_proved(order: Any, cell: Any, relation: str, unit: Any) -> None:
    """Law: the path length is proved for all sizes of its domain, and it is what is measured."""
    graph, setting = order(cell, RELATIONS[relation]), Setting(unit=unit)
    found = path_length(graph, setting)
    assert found.grade == "proved"
    assert found.formula is not None
    sizes = [{"n": n, "d": d} for n in (1, 2, 3, 5, 9, 17) for d in (1, 4)]
    inside = [at for at in sizes if all(at[s] >= v for s, v in found.least.items())]
    assert len(inside) >= 8
    for at in inside:
        assert found.formula.evaluate(**at) == measure("path_length", graph, setting, at)


@pytest.mark.parametrize("unit", ["tensor", "scalar"])
def test_another_length_is_refused(unit: Any) -> None:
    """Law: the checker refuses the length that is one longer or shorter."""
    graph, setting = before(elman, Relation.prefix()), Setting(unit=unit)
    right = path_length(graph, setting).certificate
    assert isinstance(right, LengthCertificate)
    for off in (-1, 1):
        wrong = replace(right, formula=tuple(term + off for term in right.formula))
        with pytest.raises(ProofError):
            check_length(graph, setting, wrong)


def test_terms_may_grow_apart() -> None:
    """Law: terms are continued each by what it has grown by, if that is one thing for each."""
    a, k = poly("a"), poly("k_")
    history = [[a + 3 * j, poly(7), 2 * a * j] for j in range(4)]
    assert set(continued(history, k, "it", apart=True)) == {a + 3 * k, poly(7), 2 * a * k}
    with pytest.raises(UnsolvedError):
        continued(history, k, "it")
    with pytest.raises(UnsolvedError):
        continued([[poly(j * j), poly(7)] for j in range(4)], k, "it", apart=True)
