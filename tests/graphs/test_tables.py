"""Laws of tables, positions and of what language models normalise and activate with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.measured.paths import reach
from workspan.graphs.backward import training
from workspan.graphs.execution import execute
from workspan.graphs.graph import GraphError
from workspan.graphs.operations import einsum, gelu, parameter, rms_norm, silu
from workspan.graphs.setting import Setting
from workspan.graphs.tables import angles, lookup, positions, rotate
from workspan.graphs.tracing import Array, model, trace

RANDOM = np.random.default_rng(7)


def run(function: Callable[..., Any], inputs: Any, weights: Any = None, **sizes: int) -> Any:
    """Execute a model of one input."""
    graph = trace(function)
    (output,) = execute(graph, {graph.inputs[0]: inputs}, weights or {}, **sizes)
    return output


@model("n")
def embedded(tokens: Array) -> Array:
    """An embedding."""
    return lookup(tokens, parameter("table", "v", "d"))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_a_lookup_takes_rows(numbers: list[int]) -> None:
    """Law: position i has the row of the table that its number names."""
    table = RANDOM.normal(size=(5, 3))
    found = run(embedded, np.array(numbers), {"table": table}, n=len(numbers), v=5, d=3)
    np.testing.assert_array_equal(found, table[numbers])


def test_a_lookup_is_the_product_with_one_hot_vectors() -> None:
    """Law: the values are those of the product, of which no operation is counted."""
    numbers, table = np.array([2, 0, 2]), RANDOM.normal(size=(4, 2))
    found = run(embedded, numbers, {"table": table}, n=3, v=4, d=2)
    np.testing.assert_allclose(found, np.eye(4)[numbers] @ table)
    graph = trace(embedded)
    for setting in (Setting(), Setting(unit="scalar")):
        for figure, expected in (("work", 0), ("span", 0), ("params", 8)):
            assert measure(figure, graph, setting, {"n": 3, "v": 4, "d": 2}) == expected
            formula = derive(figure, graph, setting).formula
            assert formula is not None
            assert formula.evaluate(n=3, v=4, d=2) == expected


def test_a_lookup_on_torch() -> None:
    """Law: torch takes the same rows, counts the same positions and turns by the same angles."""
    torch = pytest.importorskip("torch")

    @model("n")
    def turned(tokens: Array) -> Array:
        return rotate(lookup(tokens, parameter("table", "v", "d")), angles(tokens, "d"))

    numbers, table = np.array([2, 0, 3, 1]), RANDOM.normal(size=(4, 6))
    graph, sizes = trace(turned), {"n": 4, "v": 4, "d": 6}
    (expected,) = execute(graph, {"tokens": numbers}, {"table": table}, **sizes)
    tensors = torch.as_tensor(numbers), torch.as_tensor(table)
    (found,) = execute(graph, {"tokens": tensors[0]}, {"table": tensors[1]}, xp=torch, **sizes)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("number", [-1, 4])
def test_a_number_outside_the_table_is_named(number: int) -> None:
    """Law: what is not in the table is an error that says what is."""
    with pytest.raises(GraphError, match=f"numbers from 0 to 3 to look up in table, got {number}"):
        run(embedded, np.array([0, number]), {"table": np.zeros((4, 2))}, n=2, v=4, d=2)


def test_a_table_has_an_axis() -> None:
    """Law: a single number is no table, and says so when it is traced."""

    @model("n")
    def wrong(tokens: Array) -> Array:
        return lookup(tokens, parameter("one"))

    with pytest.raises(GraphError, match="expected a table with an axis to look up along"):
        trace(wrong)


def test_positions_are_counted_from_zero() -> None:
    """Law: position i is the number i, whatever the input is."""
    found = run(lambda x: x * 0 + positions(x), np.ones((4, 2)), n=4, d=2)
    np.testing.assert_array_equal(found, np.array([[0, 0], [1, 1], [2, 2], [3, 3]]))


@model("n d")
def turned(x: Array) -> Array:
    """Rotary positions."""
    return rotate(x, angles(x, "d"))


@given(st.integers(1, 5), st.integers(1, 4))
def test_rotary_positions_are_rotations(n: int, half: int) -> None:
    """Law: pairs of components turn by i * 10000**(-2 j/d), Su et al. 2021, equation 15."""
    d = 2 * half
    x = RANDOM.normal(size=(n, d))
    found = run(turned, x, n=n, d=d)
    pairs = x[:, :half] + 1j * x[:, half:]
    turns = np.arange(n)[:, None] * 10000.0 ** (-2 * np.arange(half) / d)
    expected = pairs * np.exp(1j * turns)
    np.testing.assert_allclose(found[:, :half] + 1j * found[:, half:], expected, atol=1e-12)


def test_rotated_products_depend_on_the_distance_alone() -> None:
    """Law: the product of two turned vectors is the same at all positions as far apart."""
    query, key = RANDOM.normal(size=(2, 6))
    queries, keys = (run(turned, np.tile(a, (9, 1)), n=9, d=6) for a in (query, key))
    for distance in range(5):
        products = [queries[i + distance] @ keys[i] for i in range(9 - distance)]
        np.testing.assert_allclose(products, products[0], rtol=1e-9)


def test_the_root_mean_square_is_one() -> None:
    """Law: after the norm with weights of one, the mean square of each position is one."""
    x = RANDOM.normal(size=(3, 5)) * 40

    def normed(x: Array) -> Array:
        return rms_norm(x, epsilon=0.0)

    found = run(normed, x, {"norm.weight": np.ones(5)}, n=3, d=5)
    np.testing.assert_allclose((found**2).mean(axis=1), 1.0)
    np.testing.assert_allclose(found / x, (found / x)[:, :1] * np.ones(5))


@given(st.floats(-30, 30))
def test_activations_are_those_of_their_definitions(x: float) -> None:
    """Law: silu is x / (1 + exp(-x)), and the exact gelu x times the normal distribution."""
    at = np.array([[x]])
    silu_ = run(lambda x: silu(x), at, n=1, d=1)[0, 0]
    assert math.isclose(silu_, x / (1 + math.exp(-x)), rel_tol=1e-12, abs_tol=1e-300)
    exact = run(lambda x: gelu(x, exact=True), at, n=1, d=1)[0, 0]
    assert math.isclose(exact, x * 0.5 * math.erfc(-x / math.sqrt(2)), abs_tol=1e-13)


@pytest.mark.parametrize("function", [silu, lambda x: gelu(x, exact=True)])
def test_activations_on_torch(function: Callable[[Array], Array]) -> None:
    """Law: torch computes the same."""
    torch = pytest.importorskip("torch")
    graph, x = trace(lambda x: function(x), name="f"), RANDOM.normal(size=(4, 3))
    (expected,) = execute(graph, {"x": x}, {}, n=4, d=3)
    (found,) = execute(graph, {"x": torch.as_tensor(x)}, {}, xp=torch, n=4, d=3)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("function", [silu, lambda x: gelu(x, exact=True)])
def test_slopes_of_activations(function: Callable[[Array], Array]) -> None:
    """Law: the derived gradient is the central difference."""
    graph, x, e = trace(lambda x: function(x), name="f"), RANDOM.normal(size=(5, 3)) * 3, 1e-6
    both = training(graph)
    given = {name: x if name == "x" else np.ones_like(x) for name in both.inputs}
    found = execute(both, given, {}, n=5, d=3)[-1]
    (after,), (before,) = (execute(graph, {"x": x + k * e}, {}, n=5, d=3) for k in (1, -1))
    np.testing.assert_allclose(found, (after - before) / (2 * e), atol=1e-8)


def test_positions_carry_no_dependence() -> None:
    """Law: what is known beforehand is no input: only the words are reached from outputs."""

    @model("n")
    def learned(tokens: Array) -> Array:
        x = lookup(tokens, parameter("words", "v", "d"))
        x = x + lookup(positions(x), parameter("places", "c", "d"))
        return einsum("d, e d -> e", x, parameter("weight", "d", "d"))

    graph = trace(learned)
    assert reach(graph, {"n": 3, "v": 5, "d": 2, "c": 4}) == {"tokens": [1, 2, 4]}
