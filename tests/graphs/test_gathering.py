"""Laws of gathering what was gathered: brute force with the lists of positions that are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.graphs.backward.checking import agree_with_differences, draw
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.execution import execute
from workspan.graphs.graph import Graph
from workspan.graphs.operations import (
    associative_scan,
    collect,
    einsum,
    exp,
    fourier,
    gather,
    parameter,
    shift,
    softmax,
    top_k,
    total,
)
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import Array, trace
from workspan.graphs.unrolling import unroll

SMALL = st.integers(1, 3)
MASKED = Setting().but(pairs="masked", unit="scalar")
Rows = list[list[list[int]]]
"""For each position, for each of the positions that it reads: what that one reads."""


def onto() -> st.SearchStrategy[Relation]:
    """Draw a relation between positions of one sequence."""
    return st.one_of(
        st.builds(lambda s, d: Relation.window(s, dilation=d), SMALL, SMALL),
        st.builds(lambda s, d: Relation.window(2 * s + 1, centred=True, dilation=d), SMALL, SMALL),
        st.sampled_from([Relation.prefix(), Relation.suffix(), Relation.all(), Relation.same()]),
        st.sampled_from([Relation.last(), Relation.head()]),
        st.builds(Relation.shift, st.integers(-2, 2)),
        st.builds(Relation.block, SMALL),
        st.builds(Relation.within, st.integers(2, 3)),
        st.builds(Relation.first, st.just(1)),
    )


def coarser() -> st.SearchStrategy[Relation]:
    """Draw a relation from a coarser sequence, or one of one sequence."""
    strides = st.tuples(SMALL, SMALL).map(lambda p: Relation.stride(min(p), max(p)))
    return st.one_of(onto(), strides)


CASES = st.tuples(onto(), coarser(), st.integers(3, 7))


def rows(outer: Relation, inner: Relation, n: int) -> Rows:
    """Return what is read through two relations, list by list."""
    between = n
    if inner.kind == "stride":
        between = int(inner.target_extent(n).evaluate())
    assume(between >= 1)
    assume(outer.kind != "block" or inner.kind != "stride" or outer.size.constant != 0)
    return [[list(inner.sources(j, n)) for j in outer.sources(i, between)] for i in range(between)]


def twice(outer: Relation, inner: Relation, then: Any) -> Graph:
    """Trace a gather of a gather, and what is done with it."""

    def model(x: Array) -> Any:
        return then(gather(gather(x, inner), outer))

    return trace(model)


def values(n: int) -> list[float]:
    """Return numbers below zero, so that a zero from outside would be the largest."""
    found: list[float] = np.random.default_rng(n).normal(size=n).tolist()
    return [x - 4.0 for x in found]


def executed(graph: Graph, x: Sequence[float]) -> list[float]:
    """Run a graph on one component."""
    (found,) = execute(graph, {"x": np.array(x)[:, None]}, {}, n=len(x), d=1)
    result: list[float] = np.asarray(found).reshape(-1).tolist()
    return result


def _sum(y: Array, places: Iterable[int]) -> Array:
    for place in places:
        y = total(y, y.axes[place])
    return y


@settings(deadline=None)
@given(CASES, st.sampled_from([(0, 0), (1, 0)]))
def test_sums_over_what_is_read(case: tuple[Relation, Relation, int], order: Any) -> None:
    """Law: a sum over both slots is the sum over the lists of lists, in either order."""
    outer, inner, n = case
    lists, x = rows(outer, inner, n), values(n)
    graph = twice(outer, inner, lambda y: _sum(exp(y), order))
    expected = [sum(math.exp(x[k]) for js in row for k in js) for row in lists]
    assert executed(graph, x) == pytest.approx(expected)


@settings(deadline=None)
@given(CASES)
def test_softmax_and_the_largest_of_each_list(case: tuple[Relation, Relation, int]) -> None:
    """Law: slots outside take no part in a softmax or a maximum of what was gathered twice."""
    outer, inner, n = case
    lists, x = rows(outer, inner, n), values(n)

    def weighted(y: Array) -> Any:
        inner_ = y.axes[1]
        return _sum(softmax(y, inner_) * y, (1, 0)), _sum(top_k(exp(y), inner_, 1), (1, 0))

    graph = twice(outer, inner, weighted)
    assume(all(js for row in lists for js in row))
    found = execute(graph, {"x": np.array(x)[:, None]}, {}, n=n, d=1)
    means = [
        sum(sum(math.exp(x[k]) * x[k] for k in js) / sum(math.exp(x[k]) for k in js) for js in row)
        for row in lists
    ]
    largest = [sum(max(math.exp(x[k]) for k in js) for js in row) for row in lists]
    assert found[0].reshape(-1).tolist() == pytest.approx(means)
    assert found[1].reshape(-1).tolist() == pytest.approx(largest)


@settings(deadline=None)
@given(CASES)
def test_work_on_allowed_pairs(case: tuple[Relation, Relation, int]) -> None:
    """Law: masked work is one operation for each pair of pairs, and sums of one term less."""
    outer, inner, n = case
    lists = rows(outer, inner, n)
    graph = twice(outer, inner, lambda y: _sum(exp(y), (1, 0)))
    pairs = sum(len(js) for row in lists for js in row)
    inner_sums = sum(len(js) - 1 for row in lists for js in row if js)
    outer_sums = sum(max(0, len(row) - 1) for row in lists)
    found = measure("work", graph, MASKED, {"n": n, "d": 1})
    assert found == pairs + inner_sums + outer_sums


@settings(deadline=None)
@given(CASES)
def test_reach_is_that_of_the_lists(case: tuple[Relation, Relation, int]) -> None:
    """Law: unrolled, a position is reached from what its lists name, and from nothing else."""
    import networkx as nx

    outer, inner, n = case
    lists = rows(outer, inner, n)
    graph = twice(outer, inner, lambda y: _sum(y, (0, 0)))
    unrolled = unroll(graph, n=n)
    for i, row in enumerate(lists):
        found = nx.ancestors(unrolled, (graph.outputs[0], i))
        assert {node[1] for node in found if node[0] == "x"} == {k for js in row for k in js}


@settings(deadline=None, max_examples=60)
@given(CASES, st.booleans())
def test_gradients_of_what_was_gathered_twice(
    case: tuple[Relation, Relation, int], weighing: bool
) -> None:
    """Law: gradients through two gathers are central differences, of inputs and of weights."""
    outer, inner, n = case
    assume(all(js for row in rows(outer, inner, n) for js in row))

    def then(y: Array) -> Any:
        slots = y.axes[1]
        if not weighing:
            return _sum(softmax(y, slots) * y, (1, 0))
        w = parameter("w", slots.extent)
        return _sum(exp(einsum("s r d, r -> s d", exp(y * 0.3), w) * 0.1), (0,))

    graph = twice(outer, inner, then)
    agree_with_differences(draw(graph, {"n": n, "d": 2}))


@settings(deadline=None, max_examples=60)
@given(onto(), st.integers(3, 6), st.sampled_from(["shift", "fourier", "scan"]))
def test_slots_read_from_other_positions(relation: Relation, n: int, by: str) -> None:
    """Law: what another position reads of slots outside is zero, and gradients are differences."""
    x = values(n)
    own = [list(relation.sources(i, n)) for i in range(n)]

    def model(x: Array) -> Any:
        y = exp(gather(x, relation))
        if by == "shift":
            z = shift(y)
        elif by == "fourier":
            z = fourier(y)
        else:
            z = associative_scan(lambda a, b: a + b, y, (0.0,))
        return total(z, z.axes[0])

    sums = [sum(math.exp(x[k]) for k in js) for js in own]
    expected = {
        "shift": [0.0, *sums[:-1]],
        "fourier": np.fft.fft(sums).real.tolist(),
        "scan": np.cumsum(sums).tolist(),
    }[by]
    graph = trace(model)
    assert executed(graph, x) == pytest.approx(expected)
    agree_with_differences(draw(graph, {"n": n, "d": 2}))


@settings(deadline=None, max_examples=60)
@given(onto(), st.integers(3, 6))
def test_slots_of_a_whole_sequence(relation: Relation, n: int) -> None:
    """Law: where all positions are read at once, each of them has its own slots."""
    x = values(n)

    def model(x: Array) -> Any:
        y = collect(exp(gather(x, relation)) + 1.0)
        return total(total(exp(y), y.axes[1]), y.axes[0])

    graph = trace(model)
    pairs = [k for i in range(n) for k in relation.sources(i, n)]
    expected = sum(math.exp(math.exp(x[k]) + 1) for k in pairs)
    assert executed(graph, x) == pytest.approx([expected])
    work, proved = measure("work", graph, MASKED, {"n": n, "d": 1}), derive("work", graph, MASKED)
    terms = [len(relation.sources(i, n)) for i in range(n)]
    assert work == 3 * len(pairs) + sum(max(0, k - 1) for k in terms) + n - 1
    if proved.formula is not None and n >= proved.least.get("n", 1):
        assert proved.formula.evaluate(n=n, d=1) == work


@settings(deadline=None, max_examples=40)
@given(CASES)
def test_formulas_of_what_was_gathered_twice(case: tuple[Relation, Relation, int]) -> None:
    """Law: a formula for masked work or span is what is measured, where there is one."""
    outer, inner, n = case
    rows(outer, inner, n)
    graph = twice(outer, inner, lambda y: _sum(exp(y), (1, 0)))
    for name in ("work", "span"):
        found = derive(name, graph, MASKED)
        if found.formula is not None and n >= found.least.get("n", 1):
            at = {"n": n, "d": 1}
            assert found.formula.evaluate(**at) == measure(name, graph, MASKED, at)
