"""Laws of the state bound: never more than the state, and the maximum flow at sizes not tried."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.adapters import WORDS, symbolic
from tests.compositions import CAUSAL, models
from workspan.analysis.measure import measure
from workspan.analysis.state import state, state_bound
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly

SETTING = Setting()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gru", "d*min(L, n)"),
        ("causal_attention", "d*n"),
        ("cross_attention", "d*m"),
        ("decoder", "d*n + d*m"),
        ("linear_recurrence", "d"),
        ("linear_recurrence_scan", "d"),
        ("feed_forward", "0"),
    ],
)
def test_bounds_that_are_known(name: str, expected: str) -> None:
    """Caching the inputs is enough for attention; a recurrence keeps its hidden vector."""
    found = state_bound(symbolic(name), SETTING)
    assert found.formula == poly(expected)
    assert found.grade == "fitted"


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("lstm", {"n": 1, "d": 8}, 8),
        ("lstm", {"n": 2, "d": 8}, 16),
        ("lstm", {"n": 99, "d": 8}, 16),
        ("multi_query_attention", {"n": 10, "d": 8, "h": 4}, 40),
        ("multi_query_attention", {"n": 10, "d": 8, "h": 1}, 80),
        ("causal_windowed_attention", {"n": 99, "d": 8, "w": 5}, 32),
    ],
)
def test_the_cheapest_cut_depends_on_the_sizes(
    name: str, at: dict[str, int], expected: int
) -> None:
    """Few key and value heads are cheaper to keep than inputs, many are not."""
    found = state_bound(symbolic(name, L=1), SETTING).formula
    assert found is not None
    sizes = {"h": 1, **at}
    assert found.evaluate(**{s: sizes[s] for s in found.sizes}) == expected


UNKNOWN = {
    "mistral": "cuts of whole equations",
    **dict.fromkeys(
        (
            "strided_sparse_attention",
            "fixed_sparse_attention",
            "sink_attention",
            "transformer_xl",
        ),
        "layers.rename",
    ),
    "dilated_rnn": "layers.add_6: expected a number as the distance of shift(k**(L_))",
}
"""Causal models without a formula: of L windows on tokens, no whole equation is the least cut, and
nothing is known of loops whose leaps differ from layer to layer, nor of how much of the past is read
later through blocks, marks, sinks and strides."""


@pytest.mark.parametrize("name", CATALOGUE)
def test_bounds_equal_maximum_flows_at_new_sizes(name: str) -> None:
    """The formula holds at sizes at which it was neither found nor compared."""
    graph = symbolic(name)
    found = state_bound(graph, SETTING)
    sizes = {"n": 4, "m": 6, "d": 6, "h": 3, "g": 1, "f": 5, "k": 5, "w": 6, "L": 2}
    at = {**WORDS, **sizes}
    if found.formula is not None:
        assert at not in found.details["held_out"]
        assert found.formula.evaluate(**at) == measure("state_bound", graph, SETTING, at)
    else:
        assert str(found.reason).startswith(UNKNOWN.get(name, "not causal"))


@settings(max_examples=15, deadline=None)
@given(graph=models(CAUSAL, most=2))
def test_a_bound_is_never_more_than_the_state(graph: Graph) -> None:
    """Keeping what is read later is one way to go on, so the bound is at most that."""
    bound, kept = state_bound(graph, SETTING), state(graph, SETTING)
    assert kept.formula is not None
    if bound.formula is None:
        assert "maximum flow" in str(bound.reason)
        return
    for n in (1, 2, 4, 7):
        at = {"n": n, "d": 3}
        assert bound.formula.evaluate(**at) <= kept.formula.evaluate(**at)
