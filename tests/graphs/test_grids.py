"""Laws of formulas on grids: exactly the values that they have at each point by itself."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.graphs.grids import Ratio, evaluate
from workspan.graphs.programs import Quotient, program
from workspan.graphs.sizes import Poly, SizeError, poly, power, size

from .test_sizes import costs

LARGE = st.sampled_from([1, 2, 3, 7, 64, 10**6, 2**31, 10**12])
AXIS = st.lists(LARGE, min_size=1, max_size=4)
DIVIDED = (
    "n/d",
    "(n**2 + w)/(d + w)",
    "max(n/d, w/2) - n/3",
    "min((n + 1)/d, 1/w)**2",
    "ceil(n/(2*d))*ceil(log2(n/d + 1))",
    "1/max(n/2, d/3) + w",
    "ceil(log(n, d + 1))*n**7",
    "1/(1/n + 1/d)",
    "n**4*d**3 - w**6",
)


def on_grid(cost: Poly, **axes: list[int]) -> list[Fraction]:
    """Evaluate on the grid of some axes, and write the values out in the order of the points."""
    ready = {}
    for i, (name, values) in enumerate(axes.items()):
        shape = [-1 if i == j else 1 for j in range(len(axes))]
        ready[name] = np.array(values, dtype=np.int64).reshape(shape)
    found = evaluate(program(cost), ready)
    shape = [len(v) for v in axes.values()]
    return written(found, shape)


def written(found: Ratio, shape: list[int]) -> list[Fraction]:
    """Return the values of a box of points one after another."""
    above = np.broadcast_to(found.above, shape).ravel().tolist()
    below = [1] * len(above)
    if found.below is not None:
        below = np.broadcast_to(found.below, shape).ravel().tolist()
    return [Fraction(a, b) for a, b in zip(above, below, strict=True)]


def one_by_one(cost: Poly, n: list[int], d: list[int], w: list[int]) -> list[Fraction]:
    """Evaluate at each point of the grid by itself."""
    return [Fraction(cost.evaluate(n=a, d=b, w=c)) for a in n for b in d for c in w]


@given(costs(), AXIS, AXIS, AXIS)
def test_a_grid_has_the_values_of_its_points(
    cost: Poly, n: list[int], d: list[int], w: list[int]
) -> None:
    """Law: on a grid every value is exactly the one at that point, however large."""
    assert on_grid(cost, n=n, d=d, w=w) == one_by_one(cost, n, d, w)


@given(st.sampled_from(DIVIDED), AXIS, AXIS, AXIS)
@settings(max_examples=60)
def test_quotients_are_exact(text: str, n: list[int], d: list[int], w: list[int]) -> None:
    """Law: quotients, also inside minima, logarithms and other quotients, are exact fractions."""
    cost = poly(text)
    assert on_grid(cost, n=n, d=d, w=w) == one_by_one(cost, n, d, w)


def test_powers_are_exact() -> None:
    """Law: a symbolic power is exact beyond 64 bits."""
    cost = power(2, size("n")) + power(3, size("d"))
    assert on_grid(cost, n=[1, 62, 63, 64, 500], d=[1, 90]) == [
        2**n + 3**d for n in (1, 62, 63, 64, 500) for d in (1, 90)
    ]


def test_integers_of_64_bits_do_not_wrap_around() -> None:
    """Law: at the edge of 62 bits the values go on, and only those beyond it leave 64 bits."""
    edge = 2**31
    assert on_grid(poly("n**2"), n=[edge - 1, edge, edge + 1, 2 * edge]) == [
        n**2 for n in (edge - 1, edge, edge + 1, 2 * edge)
    ]
    small = evaluate(program(poly("n**2")), {"n": np.array([edge - 1])})
    large = evaluate(program(poly("n**2")), {"n": np.array([edge])})
    assert small.above.dtype == np.int64
    assert large.above.dtype == object


@pytest.mark.parametrize(
    "cost",
    [poly("ceil(log2(n - 3))"), poly("1/(n - 3)"), poly("ceil(log(n, n - 2))")],
)
def test_no_value_is_an_error(cost: Poly) -> None:
    """Law: where a formula has no value at some point of the grid, none is made up."""
    with pytest.raises(SizeError, match="expected"):
        evaluate(program(cost), {"n": np.array([3, 4])})


@given(costs())
@settings(max_examples=30)
def test_programs_are_plain_data(cost: Poly) -> None:
    """Law: a formula comes back from JSON as it was."""
    own = program(cost)
    assert msgspec.json.decode(msgspec.json.encode(own), type=Quotient) == own
