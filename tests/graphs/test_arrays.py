"""Laws of formulas at many sizes at once: the same numbers as one after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.graphs.sizes import Poly, poly, power, size

from .test_sizes import costs

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=8)
WHOLE = (
    "n**3*d - 2*n + 7",
    "n**2/2 + n/2",
    "ceil(n/d)*min(n, w)",
    "ceil(log2(n))*n + max(d - w, n)",
    "ceil(log(n, d + 1))",
    "ceil((n - 1)/(2*d))*n",
)


def _one_by_one(cost: Poly, lengths: list[int], d: int, w: int) -> list[object]:
    return [cost.evaluate(n=n, d=d, w=w) for n in lengths]


@given(st.sampled_from(WHOLE), LENGTHS, st.integers(1, 9), st.integers(1, 9))
def test_whole_formulas_are_exact(text: str, lengths: list[int], d: int, w: int) -> None:
    """Law: a formula that is whole gives exactly the numbers that it gives one by one."""
    cost = poly(text)
    found = cost.evaluate(n=np.array(lengths), d=d, w=w)
    assert found.dtype == np.int64
    assert np.broadcast_to(found, len(lengths)).tolist() == _one_by_one(cost, lengths, d, w)


@given(costs(), LENGTHS, st.integers(1, 9), st.integers(1, 9))
def test_any_formula_gives_the_nearest_numbers(
    cost: Poly, lengths: list[int], d: int, w: int
) -> None:
    """Law: any formula gives the floats nearest to its values one by one."""
    found = cost.evaluate(n=np.array(lengths), d=d, w=w)
    expected = [float(x) for x in _one_by_one(cost, lengths, d, w)]  # type: ignore[arg-type]
    np.testing.assert_allclose(np.broadcast_to(found, len(lengths)), expected, rtol=1e-12)


def test_powers_of_sizes_are_exact() -> None:
    """Law: a symbolic power is exact as long as 62 bits hold it."""
    l = np.arange(1, 60)
    assert power(2, size("l")).evaluate(l=l).tolist() == [2**k for k in range(1, 60)]


@pytest.mark.parametrize("n", [10**6, 2**31, 10**12])
def test_what_does_not_fit_is_floating(n: int) -> None:
    """Law: nothing wraps around; what 62 bits cannot hold is a float of the right size."""
    found = poly("n**4").evaluate(n=np.array([n]))
    assert found.dtype == float
    assert found[0] == pytest.approx(float(n**4), rel=1e-15)


def test_floats_stay_floats() -> None:
    """Law: sizes that are floats give floats."""
    assert poly("n**2").evaluate(n=np.array([1.5, 2.0])).tolist() == [2.25, 4.0]


def test_shapes_broadcast() -> None:
    """Law: sizes of different shapes give a table."""
    found = poly("n*d").evaluate(n=np.array([[1], [2]]), d=np.array([3, 4, 5]))
    assert found.tolist() == [[3, 4, 5], [6, 8, 10]]
