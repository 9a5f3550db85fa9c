"""Laws of carries: a scan is a loop in plain Python, whatever its carry depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs.backward.checking import agree_with_differences, draw
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.operations import parameter, scan, stack, zeros
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import Array, trace
from workspan.graphs.unrolling import unroll

Update = Callable[[Any, int, Any, Any, Any, Any], Any]
"""From the carry, one's own place in it, the input, a weight, the starts, and one: a new value."""

UPDATES: dict[str, Update] = {
    "constant": lambda c, k, x, p, s, one: 5.0 * one,
    "weight": lambda c, k, x, p, s, one: p * 1.0,
    "itself": lambda c, k, x, p, s, one: c[k],
    "neighbour": lambda c, k, x, p, s, one: c[(k + 1) % len(c)],
    "start": lambda c, k, x, p, s, one: s[k] * 3.0,
    "doubled": lambda c, k, x, p, s, one: c[k] * 2.0 + 1.0,
    "input": lambda c, k, x, p, s, one: x,
    "summed": lambda c, k, x, p, s, one: c[k] * 0.5 + x,
    "mixed": lambda c, k, x, p, s, one: c[k] * 0.5 + c[(k + 1) % len(c)],
}
"""What a component of a carry becomes, in plain arithmetic that arrays of both kinds have."""

Carry = list[str]


def carries() -> st.SearchStrategy[Carry]:
    """Draw the updates of one to three components."""
    return st.lists(st.sampled_from(sorted(UPDATES)), min_size=1, max_size=3)


def scanned(names: Carry, *, reverse: bool = False) -> Graph:
    """Trace a scan that returns its ends, what it carries, and what it carried before."""

    def model(x: Array) -> Any:
        weight, one = parameter("weight", "d"), zeros("d") + 1.0
        starts = tuple(zeros("d") + float(k) for k in range(len(names)))

        def step(c: Any, t: Array) -> Any:
            new = tuple(UPDATES[u](c, k, t, weight, starts, one) for k, u in enumerate(names))
            return new, (*new, *c)

        ends, ys = scan(step, starts, x, reverse=reverse)
        return (*ends, *ys)

    return trace(model)


def looped(names: Carry, x: Any, weight: Any, *, reverse: bool = False) -> list[Any]:
    """Run the same as a plain loop."""
    n, d = x.shape
    one, starts = np.ones(d), [np.full(d, float(k)) for k in range(len(names))]
    ys: list[Any] = [np.zeros((n, d)) for _ in range(2 * len(names))]
    c = list(starts)
    for t in reversed(range(n)) if reverse else range(n):
        new = [UPDATES[u](c, k, x[t], weight, starts, one) for k, u in enumerate(names)]
        for y, value in zip(ys, (*new, *c), strict=True):
            y[t] = value
        c = new
    return [*c, *ys]


@settings(deadline=None)
@given(carries(), st.integers(1, 5), st.booleans())
def test_a_scan_is_a_loop(names: Carry, n: int, reverse: bool) -> None:
    """Law: ends, values and earlier values are those of the plain loop."""
    graph, at = scanned(names, reverse=reverse), {"n": n, "d": 2}
    weights = random_parameters(graph, **at)
    x = np.random.default_rng(0).normal(size=(n, 2))
    found = execute(graph, {"x": x}, weights, **at)
    expected = looped(names, x, weights.get("weight", np.zeros(2)), reverse=reverse)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(carries(), st.integers(1, 4))
def test_what_a_carry_depends_on(names: Carry, n: int) -> None:
    """Law: unrolled, a value is reached by the inputs that change it in the plain loop."""
    graph = scanned(names)
    x, weight = np.random.default_rng(0).normal(size=(n, 1)), np.full(1, 0.3)
    unrolled = unroll(graph, n=n)
    before = looped(names, x, weight)
    for j in range(n):
        changed = x.copy()
        changed[j] += 1.0
        after = looped(names, changed, weight)
        reached = nx.descendants(unrolled, ("x", j))
        for name, new, old in zip(graph.outputs, after, before, strict=True):
            rows = range(n) if graph[name].sequence is not None else [None]
            for i in rows:
                moved = new[i] != old[i] if i is not None else new != old
                node = (name,) if i is None else (name, i)
                assert bool(np.all(moved)) == (node in reached)


@settings(deadline=None, max_examples=40)
@given(carries(), st.integers(1, 4))
def test_gradients_of_a_scan(names: Carry, n: int) -> None:
    """Law: gradients through any carry are central differences, of inputs and of weights."""
    agree_with_differences(draw(scanned(names), {"n": n, "d": 2}))


@settings(deadline=None, max_examples=25)
@given(carries(), st.integers(1, 5), st.sampled_from(["layer", "tensor", "scalar"]))
def test_span_of_a_scan(names: Carry, n: int, unit: Any) -> None:
    """Law: a formula for the span is what is measured, and no longer than all steps in a row."""
    graph, setting, at = scanned(names), Setting(unit=unit), {"n": n, "d": 2}
    found, measured = derive("span", graph, setting), measure("span", graph, setting, at)
    if found.formula is not None and n >= found.least.get("n", 1):
        assert found.formula.evaluate(**at) == measured


@settings(deadline=None, max_examples=25)
@given(carries(), st.integers(1, 5))
def test_state_of_a_scan(names: Carry, n: int) -> None:
    """Law: a formula for the state is what is measured, and the measured cut is no more."""
    graph, at = _outputs_over_the_sequence(names), {"n": n, "d": 2}
    found = derive("state", graph, Setting())
    measured = measure("state", graph, Setting(), at)
    if found.formula is not None and measured is not None and n >= found.least.get("n", 1):
        assert found.formula.evaluate(**at) == measured


def _outputs_over_the_sequence(names: Carry) -> Graph:
    def model(x: Array) -> Any:
        weight, one = parameter("weight", "d"), zeros("d") + 1.0
        starts = tuple(zeros("d") + float(k) for k in range(len(names)))

        def step(c: Any, t: Array) -> Any:
            new = tuple(UPDATES[u](c, k, t, weight, starts, one) for k, u in enumerate(names))
            y = t
            for value in (*c, *new):
                y = y + value
            return new, y

        return scan(step, starts, x)[1]

    return trace(model)


def test_a_state_that_is_constant() -> None:
    """Law: what is the same at every step holds nothing of the inputs that are over."""
    assert (
        measure("state", _outputs_over_the_sequence(["constant"]), Setting(), {"n": 4, "d": 3}) == 0
    )
    graph = _outputs_over_the_sequence(["constant", "summed"])
    assert measure("state", graph, Setting(), {"n": 4, "d": 3}) == 3


def test_layers_that_do_not_read_each_other() -> None:
    """Law: a layer that ignores what it is given still reads the start where it is the first."""

    def model(x: Array) -> Any:
        start = (zeros("d"), zeros("d") + 1.0)
        _, before = stack(lambda pair: (zeros("d") + 5.0, pair[0]), start, "L")
        return x + before

    for depth, expected in ((1, 0.0), (2, 5.0), (3, 5.0)):
        (found,) = execute(trace(model), {"x": np.zeros((2, 3))}, {}, n=2, d=3, L=depth)
        assert found == pytest.approx(np.full((2, 3), expected))


@pytest.mark.parametrize("n", [1, 4])
def test_a_shift_of_what_is_the_same_everywhere(n: int) -> None:
    """Law: what has no positions is read where a position of it would be, and nowhere else."""
    whole = scanned(["constant"])
    (repeated,) = whole.of("spread")
    origin = repeated.reads[0].source
    equations = {
        e.name: replace(
            e,
            reads=tuple(
                replace(r, source=origin) if r.source == repeated.name and r.axis else r
                for r in e.reads
            ),
        )
        for e in whole
    }
    bare = replace(whole, equations=equations)
    x = {"x": np.ones((n, 2))}
    for ours, theirs in zip(
        execute(bare, x, {}, n=n, d=2), execute(whole, x, {}, n=n, d=2), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    (shift,) = bare.of("shift")
    unrolled = unroll(bare, n=n)
    read = [[name for name, *_ in unrolled.pred[shift.name, i]] for i in range(n)]
    assert read == [[shift.reads[1].source], *[[origin]] * (n - 1)]
