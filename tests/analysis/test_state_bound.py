"""Laws of the state bound: never more than the state, and the maximum flow at sizes not tried."""

from __future__ import annotations

import functools
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, symbolic
from tests.compositions import CAUSAL, models
from workspan.analysis.derivation import Derivation
from workspan.analysis.measured.measure import measure
from workspan.analysis.storage.state import state, state_bound
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.testing import (
    Attention,
    Block,
    Chain,
    Convolution,
    Cross,
    FeedForward,
    Join,
    Residual,
    Sum,
)
from workspan.testing import models as drawn

SETTING = Setting()


@functools.cache
def derived(name: str) -> Derivation:
    """Return the bound of a model of the catalogue with all sizes as symbols."""
    return state_bound(symbolic(name), SETTING)


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
    found = derived(name)
    assert found.formula == poly(expected)
    assert found.grade == "proved"


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rnn", "d*min(L, n)"),
        ("lstm", "d*min(2*L, n)"),
        ("causal_windowed_attention", "d*min(L*w - L, n)"),
        ("causal_convolution", "d*min(L*k - L, n)"),
        ("gpt2", "n"),
        ("llama", "n"),
        ("jamba", "n"),
        ("mistral", "min(L*w - L, n)"),
        ("mamba", "min(2*L*d*s + L*k - L, n)"),
        ("mamba_scan", "min(2*L*d*s + L*k - L, n)"),
        ("multi_query_attention", "n*min(d, 2*L*d/h, 2*d/h + h*n)"),
        ("grouped_query_attention", "n*min(d, 2*L*d*g/h, 2*d*g/h + h*n)"),
    ],
)
def test_bounds_of_any_depth_are_proved(name: str, expected: str) -> None:
    """For every number of layers: the receptive field of tokens, or what recurrences can hold."""
    found = derived(name)
    assert found.grade == "proved"
    assert found.formula is not None
    for at in _points(found.formula.sizes):
        assert found.formula.evaluate(**at) == poly(expected).evaluate(**at)


def _points(sizes: tuple[str, ...]) -> list[dict[str, int]]:
    few = {"n": (1, 3, 40), "d": (60, 480), "h": (4, 12), "g": (1, 2), "L": (1, 2, 5)}
    choices = [few.get(s, (1, 3)) for s in sizes]
    return [dict(zip(sizes, at, strict=True)) for at in itertools.product(*choices)]


AT = (
    {"n": 4, "m": 6, "d": 6, "h": 3, "g": 1, "f": 5, "k": 5, "w": 6, "L": 2},
    {"n": 1, "m": 1, "d": 48, "h": 4, "g": 2, "f": 1, "k": 2, "w": 2, "L": 3, "s": 1},
    {"n": 14, "m": 3, "d": 4, "h": 1, "g": 1, "f": 9, "k": 2, "w": 3, "L": 1, "s": 1},
)


@pytest.mark.parametrize("name", TYPICAL)
def test_bounds_equal_maximum_flows_at_new_sizes(name: str) -> None:
    """The formula holds at sizes at which it was neither found nor compared."""
    graph, found = symbolic(name), derived(name)
    if found.formula is None:
        return
    for sizes in AT:
        at = {**WORDS, **sizes}
        assert at not in found.details.get("held_out", ())
        assert found.formula.evaluate(**at) == measure("state_bound", graph, SETTING, at)


def test_a_bottleneck_inside_a_block_is_a_cut() -> None:
    """Where a narrow feed-forward part and few scores determine the rest, they are what is kept."""
    mixed = Join(Cross("h"), FeedForward())
    windows = Sum(Residual(Attention("window", 2, "h")), Residual(Convolution("window", 3, 2)))
    graph = Chain(mixed, windows).graph
    found = state_bound(graph, SETTING).formula
    at = {"h": 4, "f": 3, "d": 16, "m": 3, "n": 4}
    assert measure("state_bound", graph, SETTING, at) == 108
    assert found is not None
    assert found.evaluate(**at) == 108


@settings(max_examples=10, deadline=None)
@given(model=drawn(deepest=3), data=st.data())
def test_a_bound_of_any_composition_is_the_maximum_flow(model: Block, data: st.DataObject) -> None:
    """A formula holds at unequal sizes that were drawn for it, or there is none, with a reason."""
    graph = model.graph
    found = state_bound(graph, SETTING)
    if found.formula is None:
        assert found.reason
        return
    widths = st.sampled_from([1, 2, 3, 5, 40])
    lengths = st.sampled_from([1, 2, 3, 4, 6])
    for _ in range(3):
        few = {"n", "m", "w", "k"} | {s for s in graph.free_sizes if s.startswith("L")}
        at = {s: data.draw(lengths if s in few else widths) for s in graph.free_sizes}
        at |= {s: 2 * (at[s] // 2) + 1 for s in ("w", "k") if s in at}
        at |= {"d": at["d"] * at.get("h", 1)} if "d" in at else {}
        if all(at.get(s, 1) >= least for s, least in found.least.items()):
            assert found.formula.evaluate(**at) == measure("state_bound", graph, SETTING, at)


@settings(max_examples=15, deadline=None)
@given(graph=models(CAUSAL, most=2))
def test_a_bound_is_never_more_than_the_state(graph: Graph) -> None:
    """Keeping what is read later is one way to go on, so the bound is at most that."""
    bound, kept = state_bound(graph, SETTING), state(graph, SETTING)
    assert kept.formula is not None
    if bound.formula is None:
        assert bound.reason
        return
    for n in (1, 2, 4, 7):
        at = {"n": n, "d": 3}
        assert bound.formula.evaluate(**at) <= kept.formula.evaluate(**at)
