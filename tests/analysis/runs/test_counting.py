"""Scalars that count: one operation each, depths by order, nothing for nothing."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis import runs
from workspan.analysis.runs import Counted, counting, lift
from workspan.analysis.runs.counting import ROWS, advance, fold

numbers = st.floats(-4.0, 4.0)


@given(st.integers(1, 40))
def test_tree_depth(m: int) -> None:
    """A sum over m equally deep terms takes ceil(log2 m) scalar steps as a tree."""
    with counting() as tally:
        result = fold("add", [Counted(1.0) for _ in range(m)])
    assert (result.value, result.scalar) == (m, math.ceil(math.log2(m)))
    assert tally.work() == m - 1


@given(st.integers(1, 40))
def test_sequential_depth(m: int) -> None:
    """A sum over m terms one after another takes m - 1 scalar steps."""
    with counting(reduction="sequential") as tally:
        result = fold("add", [Counted(1.0) for _ in range(m)])
    assert (result.value, result.scalar, tally.work()) == (m, m - 1, m - 1)


@given(numbers, numbers)
def test_operators(a: float, b: float) -> None:
    """An operator gives the number's value and is one operation, also beside a plain number."""
    pairs: list[tuple[Any, Any]]
    pairs = [(Counted(a), Counted(b)), (Counted(a), b), (a, Counted(b))]
    for x, y in pairs:
        with counting() as tally:
            results = [x + y, x - y, x * y]
        assert [r.value for r in results] == [a + b, a - b, a * b]
        assert all((r.scalar, r.tensor, r.layer) == (1, 1, 0) for r in results)
        assert tally.work() == 3


def test_numpy_scalar_beside() -> None:
    """A NumPy number beside a counted scalar counts as a plain number does."""
    with counting() as tally:
        result = np.float64(3.0) * Counted(2.0)
    assert isinstance(result, Counted)
    assert (result.value, tally.work()) == (6.0, 1)


def test_numpy_functions_find_the_rules() -> None:
    """NumPy's exp, tanh and sqrt on an object array count one operation per element."""
    x = lift(np.array([1.0, 4.0]))
    with counting() as tally:
        values = [y.value for f in (np.exp, np.tanh, np.sqrt, np.negative) for y in f(x)]
    expected = [f(np.array([1.0, 4.0])) for f in (np.exp, np.tanh, np.sqrt, np.negative)]
    assert np.allclose(values, np.concatenate(expected))
    assert tally.other == {"exp": 2, "tanh": 2, "sqrt": 2, "neg": 2}


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x[0] == x[1],
        lambda x: x[0] != x[1],
        lambda x: x[0] < x[1],
        lambda x: bool(x[0]),
        lambda x: x.max(),
        lambda x: np.sort(x),
        lambda x: np.maximum(x, 0.0),
        lambda x: np.sin(x),
        lambda x: x**0.5,
        lambda x: abs(x),
        lambda x: x // 2.0,
        lambda x: x.astype(np.float64),
        lambda x: runs.elementwise("erf", x),
    ],
)
def test_no_rule(operation: Callable[[Any], Any]) -> None:
    """An operation without a rule raises instead of counting as nothing."""
    with counting() as tally, pytest.raises(TypeError):
        operation(lift(np.array([1.0, 2.0])))
    assert tally.work() == 0


def test_no_tally() -> None:
    """Counted arithmetic that nobody counts is an error."""
    with pytest.raises(runs.NoTallyError, match="expected a tally"):
        Counted(1.0) + 1.0


def test_tallies_nest() -> None:
    """An inner tally takes the operations of its block, and the outer one goes on after it."""
    one = Counted(1.0)
    with counting() as outer:
        one + one
        with counting() as inner:
            one * one
        one - one
    assert (outer.other, inner.other) == ({"add": 1, "sub": 1}, {"mul": 1})


def test_reach_takes_the_shortest_way() -> None:
    """Depth takes the longest way to an input, reach the shortest."""
    x = Counted(1.0, reach=np.zeros((ROWS, 1)))
    with counting():
        y = x * (x * x + 1.0)
    assert y.reach is not None
    assert (y.scalar, y.reach[2, 0]) == (3, 1.0)


def test_constants_do_not_reach() -> None:
    """What is computed from constants depends on no input."""
    with counting():
        assert (Counted(1.0) + 2.0).reach is None


def test_advance_is_free() -> None:
    """Moving on in depth counts no operation and leaves the value."""
    with counting() as tally:
        y = advance(Counted(2.0, layer=1), layer=1, tensor=2, scalar=3)
    assert (y.value, y.layer, y.tensor, y.scalar, tally.work()) == (2.0, 2, 2, 3, 0)


@pytest.mark.parametrize(("arguments", "message"), [({"reduction": "heap"}, "reduction='heap'")])
def test_settings(arguments: dict[str, Any], message: str) -> None:
    """A setting that does not exist is refused with its name and value."""
    with pytest.raises(runs.ArgumentError, match=message), counting(**arguments):
        pass
