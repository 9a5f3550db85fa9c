"""What plain code keeps between positions, its reads across them, and what one more costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import HEAVY, runnable, symbolic
from workspan.analysis import runs
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.runs import PLAIN, decode_work, frontier, length_of, run, state
from workspan.analysis.runs.operations import Array
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting

SIZES: tuple[Mapping[str, int], ...] = (
    {"n": 1, "m": 1, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 1},
    {"n": 2, "m": 5, "d": 4, "h": 2, "g": 2, "f": 5, "k": 3, "w": 5, "L": 2},
    {"n": 5, "m": 3, "d": 4, "h": 4, "g": 2, "f": 2, "k": 3, "w": 3, "L": 2},
    {"n": 7, "m": 4, "d": 2, "h": 2, "g": 2, "f": 4, "k": 2, "w": 3, "L": 3},
)
ODD = ("convolution", "separable_convolution")
NOT_CAUSAL = {
    *("bidirectional_rnn", "bidirectional_lstm", "bidirectional_gru", "attention"),
    *("windowed_attention", "dilated_windowed_attention", "encoder", *ODD),
    *("block_local_attention", "longnet"),
}
CAUSAL = sorted(set(PLAIN) - NOT_CAUSAL)
RECURRENT = ["rnn", "lstm", "gru", "linear_recurrence"]

X = np.arange(1.0, 11.0).reshape(5, 2)


def cases(name: str) -> Iterator[Mapping[str, int]]:
    """Yield sizes that the model has."""
    for at in SIZES[:3] if name in HEAVY else SIZES:
        yield runnable(name, {**at, "k": at["k"] | 1} if name in ODD else at)


@cache
def graph_of(name: str) -> Graph:
    """Trace a model once."""
    return symbolic(name)


@pytest.mark.parametrize("name", CAUSAL)
def test_the_state_is_the_derived_one(name: str) -> None:
    """Law: what plain code keeps is what the graph's formula says, and what its unrolling has."""
    for at in cases(name):
        found = state(name, sizes=at)
        assert found == measure("state", graph_of(name), Setting(), at)
        derived = derive("state", graph_of(name), Setting())
        if derived.formula is None:
            assert derived.reason
        else:
            assert found == derived.formula.evaluate(**at)


@pytest.mark.parametrize("name", CAUSAL)
def test_one_more_position_costs_what_is_derived(name: str) -> None:
    """Law: one more position costs the operations that the graph says, at 1 or 2 each."""
    for at in cases(name):
        for mac in (1, 2):
            found = decode_work(name, sizes=at, mac=mac)
            assert found == measure("decode_work", graph_of(name), Setting(mac=mac), at)
        derived = derive("decode_work", graph_of(name), Setting())
        if derived.formula is None:
            assert derived.reason
        elif all(at[size] >= least for size, least in derived.least.items()):
            assert decode_work(name, sizes=at) == derived.formula.evaluate(**at)


@pytest.mark.parametrize("name", sorted(NOT_CAUSAL))
def test_without_causality_nothing_is_over(name: str) -> None:
    """Law: a model that looks ahead has no state and no work of one more position, at any n."""
    for at in cases(name):
        assert state(name, sizes=at) is None
        assert decode_work(name, sizes=at) is None


@pytest.mark.parametrize("name", PLAIN)
def test_hops_are_those_of_the_unrolled_graph(name: str) -> None:
    """Law: the fewest reads across positions are counted alike on scalars and on the graph."""
    for at in cases(name):
        for pairs in ("dense", "masked"):
            found = run(name, sizes=at, pairs=pairs).mixing_hops
            assert found == measure("mixing_hops", graph_of(name), Setting(), at)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 8), st.integers(1, 3))
def test_known_hops(n: int, layers: int) -> None:
    """Law: n - 1 hops along a recurrence, one through attention or a scan, none in place."""
    sizes = {"n": n, "d": 2, "h": 1, "f": 1, "m": 2, "L": layers}
    for name in ("rnn", "lstm", "gru", "bidirectional_lstm", "linear_recurrence"):
        assert run(name, sizes=sizes).mixing_hops == n - 1
    for name in ("attention", "causal_attention", "encoder", "linear_recurrence_scan"):
        assert run(name, sizes=sizes).mixing_hops == min(1, n - 1)
    assert run("cross_attention", sizes=sizes).mixing_hops == 1
    assert run("feed_forward", sizes=sizes).mixing_hops == 0


@given(st.integers(1, 20))
def test_a_window_hops_as_far_as_it_reaches(n: int) -> None:
    """Law: with enough layers, n - 1 positions take ceil((n - 1)/(k - 1)) windows of k."""
    sizes = {"n": n, "d": 1, "k": 3, "L": 10}
    assert run("causal_convolution", sizes=sizes).mixing_hops == -(-(n - 1) // 2)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("rnn", 2 * 4),
        ("gru", 2 * 4),
        ("lstm", 2 * 2 * 4),
        ("causal_attention", 2 * 2 * 4 * 7),
        ("multi_query_attention", 2 * 2 * 2 * 7),
        ("causal_windowed_attention", 2 * 2 * 4 * 2),
        ("causal_convolution", 2 * 4 * 2),
        ("dilated_convolution", 4 * 2 + 4 * 6),
        ("cross_attention", 2 * 4 * 5),
        ("feed_forward", 0),
        ("linear_recurrence", 4),
        ("linear_recurrence_scan", 4),
    ],
)
def test_known_states(name: str, kept: int) -> None:
    """Values that are known: h (and c) of recurrent layers, keys and values, a window's inputs."""
    sizes = {"n": 7, "m": 5, "d": 4, "h": 2, "f": 8, "k": 3, "w": 3, "L": 2}
    assert state(name, sizes=sizes) == kept


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(RECURRENT), st.integers(1, 9), st.integers(1, 3))
def test_the_state_of_a_recurrence_does_not_grow(name: str, n: int, layers: int) -> None:
    """Law: a recurrence keeps as much after n positions as after one, and each costs the same."""
    first, later = ({"n": length, "d": 2, "L": layers} for length in (1, n))
    assert state(name, sizes=later) == state(name, sizes=first)
    assert decode_work(name, sizes=later) == decode_work(name, sizes=first)


@pytest.mark.parametrize("name", CAUSAL)
def test_all_positions_together(name: str) -> None:
    """Law: decoding n positions one by one is the masked work of n, of the loop for a scan."""
    at, long = runnable(name, SIZES[2]), length_of(name)
    at |= {"c": 1} if name.endswith("_chunked") else {}  # of whole chunks alone
    each = [decode_work(name, sizes={**at, long: k}) for k in range(1, at[long] + 1)]
    loop = graph_of(name).looped
    assert sum(x or 0 for x in each) == measure("work", loop, Setting(pairs="masked"), at)


def with_its_past(size: int) -> Callable[[Array], Array]:
    """Return a function that adds to every position the one so many places before."""
    return lambda x: np.concatenate([x[:size] + 0.0, x[size:] + x[:-size]])


@given(st.integers(1, 3), st.integers(1, 2))
def test_the_frontier_of_own_functions(size: int, after: int) -> None:
    """Law: a read of size positions back keeps as many, or all there are, of two scalars each."""
    assert frontier(with_its_past(size), {"x": X}, after=after) == 2 * min(size, after)


def test_what_is_computed_on_the_way_is_not_kept() -> None:
    """Law: a sum over positions keeps its terms, not its partial sums, and each of them once."""

    def sums(x: Array) -> Array:
        rows = [runs.total(x[: i + 1], axis=0) + runs.total(x[: i + 1], axis=0) for i in range(5)]
        return np.stack(rows)

    assert frontier(sums, {"x": X}, after=3) == 3 * 2


def test_views_are_kept_once() -> None:
    """Law: what later positions read through two layers' entrances is one scalar."""

    def twice(x: Array) -> Array:
        return with_its_past(1)(runs.enter(x)) * with_its_past(1)(runs.enter(x))

    assert frontier(twice, {"x": X}, after=2) == 2


def test_weights_and_constants_are_no_state() -> None:
    """Law: what depends on no input is not kept, although every position reads it."""

    def scaled(x: Array, layers: Any) -> Array:
        return np.asarray(x * (layers[0]["scale"] * 2.0))

    assert frontier(scaled, {"x": X}, [{"scale": np.ones(2)}], after=2) == 0


def test_another_sequence_is_kept_as_long_as_it_is_read() -> None:
    """Law: what is computed of another sequence is known beforehand, and kept at any position."""

    def beside(x: Array, memory: Array) -> Array:
        return np.asarray(x * runs.tanh(memory)[-1])

    inputs = {"x": X, "memory": X[:3]}
    for after in (1, 2, 4):
        assert frontier(beside, inputs, after=after, others=["memory"]) == 2
    assert frontier(beside, inputs, after=3) is None


def test_the_loop_must_agree() -> None:
    """Law: a loop that computes something else than the function it stands for is refused."""
    with pytest.raises(runs.RunError, match="must not look"):
        frontier(lambda x: x + 1.0, {"x": X}, after=1, stepwise=lambda x: x + 2.0)


def test_a_reach_is_seen_beforehand() -> None:
    """Law: one position is enough to keep all that a dilation of 16 will read of it."""
    assert state("dilated_convolution", sizes={"n": 1, "d": 1, "k": 4, "L": 3}) == 3


def test_cross_attention_is_one_layer() -> None:
    """Law: a number of layers leaves cross attention alone, and a second layer is refused."""
    one, two = (run("cross_attention", sizes={**SIZES[1], "L": L}) for L in (1, 2))
    assert (one.work, one.params, one.span) == (two.work, two.params, two.span)
    layers = runs.parameters("cross_attention", sizes=SIZES[1]) * 2
    with pytest.raises(runs.ArgumentError, match="the number of layers to be 1"):
        PLAIN["cross_attention"].function(X, X, layers, heads=1)
