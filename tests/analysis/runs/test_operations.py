"""Array operations: the numbers of NumPy, the counts of the cost model."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis import runs
from workspan.analysis.runs import counting, lift
from workspan.analysis.runs.operations import Array

PATTERNS = ["td,ed->te", "d,gd->g", "igre,isge->igrs", "igrs,isge->igre", "irc,cr->ic", "a,a->"]


def values(x: Array) -> Array:
    """Return the numbers of counted scalars."""
    return np.array([element.value for element in x.flat]).reshape(x.shape)


def depths(x: Array, unit: str) -> set[int]:
    """Return all depths that occur in an array."""
    return {getattr(element, unit) for element in x.flat}


@given(st.sampled_from(PATTERNS), st.lists(st.integers(1, 4), min_size=9, max_size=9))
def test_contract(pattern: str, sizes: list[int]) -> None:
    """A contraction equals einsum; each result over m terms costs m multiply-adds, one step."""
    operands, out = pattern.split("->")
    size = dict(zip(dict.fromkeys(operands.replace(",", "")), sizes, strict=False))
    random = np.random.default_rng(0)
    a, b = (random.standard_normal([size[c] for c in part]) for part in operands.split(","))
    with counting() as tally:
        result = runs.contract(pattern, lift(a), lift(b))
    assert np.allclose(values(result), np.einsum(pattern, a, b))
    terms = math.prod(size[c] for c in size if c not in out)
    assert tally.multiply_adds == math.prod(size.values())
    assert depths(result, "tensor") == {1}
    assert depths(result, "scalar") == {1 + math.ceil(math.log2(terms))}


@given(st.integers(1, 9))
def test_sequential_contract(m: int) -> None:
    """One after another, a contraction over m terms has scalar depth 1 + (m - 1)."""
    x = lift(np.ones(m))
    with counting(reduction="sequential"):
        assert depths(runs.contract("a,a->", x, x), "scalar") == {m}


def test_contract_of_numbers_and_counted() -> None:
    """A plain array beside a counted one is taken as constants, and its products count."""
    with counting() as tally:
        result = runs.contract("d,gd->g", lift(np.ones(3)), np.ones((2, 3)))
    assert (values(result).tolist(), tally.work()) == ([3.0, 3.0], 12)


@pytest.mark.parametrize("pattern", ["ab,ab->ab", "a,b", "a,a->c", "a b,b->a", "aa,b->", "a->"])
def test_pattern(pattern: str) -> None:
    """A pattern without a sum, or with an unknown letter, is refused."""
    with pytest.raises(runs.ArgumentError, match="expected a pattern"):
        runs.contract(pattern, np.ones(2), np.ones(2))


@given(st.integers(1, 9))
def test_softmax(m: int) -> None:
    """A stable softmax over m costs 5m - 2 operations and one tensor step, and sums to one."""
    x = np.linspace(-1.0, 2.0, m)
    with counting() as tally:
        result = runs.softmax(lift(x), axis=0)
    assert values(result).sum() == pytest.approx(1.0)
    assert np.allclose(values(result), runs.softmax(x, axis=0))
    assert tally.work() == 5 * m - 2
    assert depths(result, "tensor") == {1}
    assert depths(result, "scalar") == {2 * math.ceil(math.log2(m)) + 3}


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_reductions(axis: int) -> None:
    """Sums and maxima over m cost m - 1 each; a mean adds one division and one tensor step."""
    x = np.arange(12.0).reshape(3, 4)
    m, results = x.shape[axis], x.size // x.shape[axis]
    for function, operations, steps in [
        (runs.total, m - 1, 1),
        (runs.maximum, m - 1, 1),
        (runs.mean, m, 2),
    ]:
        with counting() as tally:
            result = function(lift(x), axis=axis)
        assert np.allclose(values(result), function(x, axis=axis))
        assert tally.work() == operations * results
        assert depths(result, "tensor") == {steps}


@pytest.mark.parametrize(
    "function", [runs.exp, runs.tanh, runs.sigmoid, runs.relu, runs.gelu, runs.sqrt]
)
def test_elementwise(function: Callable[[Array], Array]) -> None:
    """A map costs one operation per element and one step, and has one value on both."""
    x = np.array([[0.1, 2.0], [3.0, 0.5]])
    with counting() as tally:
        result = function(lift(x))
    assert np.allclose(values(result), function(x))
    assert tally.work() == 4
    assert depths(result, "tensor") == depths(result, "scalar") == {1}


def test_views_are_free() -> None:
    """Choosing, joining, slicing, reshaping and padding count nothing and add no depth."""
    x = lift(np.ones((2, 3)))
    with counting() as tally:
        kept = runs.where(np.array([True, False, True]), x, -math.inf)
        padded = np.concatenate([kept, runs.zeros((1, 3), like=x)])[::-1].reshape(3, 3)
    assert tally.work() == 0
    assert depths(padded, "scalar") == depths(padded, "tensor") == {0}
    assert values(padded)[2].tolist() == [1.0, -math.inf, 1.0]


def test_enter_and_recur_are_free() -> None:
    """Entering a layer and a recurrence step add one in unit layer and nothing else."""
    for step in (runs.enter, runs.recur):
        with counting() as tally:
            x = step(lift(np.ones(2)))
        assert (depths(x, "layer"), depths(x, "tensor"), tally.work()) == ({1}, {0}, 0)
        assert step(np.ones(2)).tolist() == [1.0, 1.0]
