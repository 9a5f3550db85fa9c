"""Laws of exact costs: arithmetic, text, substitution, orders, and what the parser refuses."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workspan.graphs.sizes import (
    Poly,
    SizeError,
    at_least,
    ceil_div,
    ceil_log2,
    maximum,
    minimum,
    poly,
    power,
    size,
)

VALUES = st.fixed_dictionaries({name: st.integers(1, 9) for name in "ndw"})


def costs() -> st.SearchStrategy[Poly]:
    """Draw a cost in n, d and w."""
    leaves = st.sampled_from([size(name) for name in "ndw"]) | st.integers(-3, 5).map(poly)
    leaves |= st.sampled_from([ceil_log2("n"), minimum("n", "w"), maximum("n", "d"), poly("1/2")])
    leaves |= st.sampled_from([minimum("n/2", "w"), minimum("n", 3 - size("d"))])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
            st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
            st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
            st.tuples(inner, inner).map(lambda p: minimum(*p)),
            st.tuples(inner, inner).map(lambda p: maximum(*p)),
        ),
        max_leaves=6,
    )


@given(costs(), costs(), costs())
def test_costs_form_a_commutative_ring(a: Poly, b: Poly, c: Poly) -> None:
    """Law: addition and multiplication commute, associate and distribute."""
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a - a == 0


@given(costs(), costs(), VALUES)
def test_evaluation_respects_arithmetic(a: Poly, b: Poly, at: dict[str, int]) -> None:
    """Law: the value of a sum is the sum of values, and of a product the product."""
    x, y = a.evaluate(**at), b.evaluate(**at)
    assert (a + b).evaluate(**at) == x + y
    assert (a * b).evaluate(**at) == x * y


@given(costs())
def test_text_is_the_cost(a: Poly) -> None:
    """Law: a cost is the formula that it prints, and its repr evaluates to it."""
    assert poly(str(a)) == a
    assert eval(repr(a), {"poly": poly}) == a


@given(costs(), VALUES, st.integers(1, 9))
def test_substitution_commutes_with_evaluation(a: Poly, at: dict[str, int], n: int) -> None:
    """Law: replacing a size and evaluating is evaluating with the size replaced."""
    assert a.substitute({"n": n}).evaluate(**at) == a.evaluate(**{**at, "n": n})
    assert a.substitute({"n": "w + d"}).evaluate(**at) == a.evaluate(
        **{**at, "n": at["w"] + at["d"]}
    )


@example(minimum("n", 3 - size("d")), poly(0), {"n": 1, "d": 9, "w": 1})
@example(size("w") * minimum("n", 3 - size("d")), poly(0), {"n": 1, "d": 9, "w": 1})
@given(costs(), costs(), VALUES)
def test_orders_are_never_guessed(a: Poly, b: Poly, at: dict[str, int]) -> None:
    """Law: where at_least says yes, no sizes contradict; minimum and maximum are exact."""
    x, y = a.evaluate(**at), b.evaluate(**at)
    assert not at_least(a, b) or x >= y
    assert minimum(a, b).evaluate(**at) == min(x, y)
    assert maximum(a, b).evaluate(**at) == max(x, y)


@given(st.integers(1, 10**30))
def test_the_logarithm_is_exact(x: int) -> None:
    """Law: ceil(log2 x) is the least k with 2**k >= x, for large numbers too."""
    k = ceil_log2(x).constant
    assert isinstance(k, int)
    assert 2**k >= x
    assert k == 0 or 2 ** (k - 1) < x


@given(st.integers(1, 99), st.integers(1, 9), st.integers(0, 6))
def test_quotients_and_powers_are_exact(x: int, y: int, k: int) -> None:
    """Law: ceil_div rounds up without floating point, and powers of sizes are whole."""
    assert ceil_div("n", "d").evaluate(n=x, d=y) == math.ceil(Fraction(x, y))
    assert power("d", "l").evaluate(d=y, l=k) == y**k


@given(costs(), st.sampled_from("nd"), VALUES)
def test_rounding_up_is_exact(a: Poly, name: str, at: dict[str, int]) -> None:
    """Law: rounding a quotient up and evaluating is evaluating and rounding up."""
    expected = math.ceil(Fraction(a.evaluate(**at)) / at[name])
    assert ceil_div(a, name).evaluate(**at) == expected
    assert ceil_div(a, "e").substitute({"e": name}).evaluate(**at) == expected


def test_rounding_up_leaves_what_is_whole() -> None:
    """Law: a whole cost stays as it is, also where its divisor becomes one later."""
    assert ceil_div("n", "d").substitute({"d": 1}) == size("n")
    assert ceil_div(minimum("2*n", "w") * "d", "d") == minimum("2*n", "w")


@pytest.mark.parametrize(
    "text", ["n +", "__import__('os')", "n.real", "f(n)", "n[0]", "n if d else w", "n" * 40, "1e9"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    """Law: text from outside is parsed, never evaluated."""
    with pytest.raises(SizeError):
        poly(text)


@pytest.mark.parametrize("value", [2.5, None, [3], object])
def test_what_is_no_size_is_named(value: Any) -> None:
    """Law: a float or nothing at all is no cost, and the error says what is."""
    with pytest.raises(SizeError, match="expected a size, a whole number or a formula, got"):
        poly(value)


def test_a_missing_size_is_named() -> None:
    """Law: evaluating without a size names the size and the cost."""
    with pytest.raises(SizeError, match=r"expected a value for d in d\*n"):
        poly("n*d").evaluate(n=3)
