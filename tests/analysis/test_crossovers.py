"""Laws of crossovers: the condition is true exactly where one formula is less than the other."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from workspan.analysis.comparing.crossovers import condition, crossover, holds
from workspan.analysis.counting.counts import work
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly

GRID = (1, 2, 3, 4, 5, 7, 8, 11, 16, 33)


def true(text: str, sizes: dict[str, int]) -> bool:
    """Evaluate a condition exactly, with sympy's numbers."""
    if text in {"always", "never"}:
        return text == "always"
    names: dict[str, Any] = {k: sympy.Integer(v) for k, v in sizes.items()}
    names |= {"sqrt": sympy.sqrt, "min": sympy.Min, "max": sympy.Max, "ceil": sympy.ceiling}
    names["log2"] = lambda x: sympy.log(x, 2)
    return bool(eval(text, {"__builtins__": {}}, names))


def contractions(name: str) -> Poly:
    """Return the contractions of one layer."""
    found = work(symbolic(name, L=1), Setting()).details["contractions"]
    assert isinstance(found, Poly)
    return found


@pytest.mark.parametrize(
    ("recurrent", "expected"), [("lstm", "n < 2*d"), ("gru", "n < d"), ("rnn", "never")]
)
def test_attention_against_recurrence(recurrent: str, expected: str) -> None:
    """With projections, attention is cheaper than an LSTM up to n = 2 d, than a GRU up to n = d."""
    found = crossover(
        "work",
        "contractions",
        "attention",
        contractions("attention"),
        recurrent,
        contractions(recurrent),
        Setting(),
    )
    assert found.condition == expected
    for n, d in itertools.product(GRID, GRID):
        assert holds(found, {"n": n, "d": d}) == true(expected, {"n": n, "d": d})


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("n", "n", "never"),
        ("n", "n + 1", "always"),
        ("2*n*d", "n*d", "never"),
        ("2*n*d/h", "n*d", "h > 2"),
        ("n**2", "n*d + d**2", "n < (d + sqrt(5)*d)/2"),
        ("n**3", "d**3", "n < d"),
        ("2*d", "2*d*n", "n > 1"),
        ("n*k", "n*w + n", "k < w + 1"),
        ("n*ceil(log2(n))", "n*d", "d > ceil(log2(n))"),
        ("2*n*d", "n**2 + d**2", "d != n"),
        ("n**2 + d**2", "2*n*d", "never"),
        ("1/n", "1/(n + 1)", "never"),
        ("1/(n + 1)", "1/n", "always"),
    ],
)
def test_known_conditions(left: str, right: str, expected: str) -> None:
    """Common factors cancel, what is certain is decided, and the rest is solved for one size."""
    assert condition(poly(left), poly(right)) == expected


FORMULAS = st.lists(
    st.sampled_from(
        [
            "n",
            "d",
            "n*d",
            "n**2",
            "d**2*n",
            "d*n**2",
            "1",
            "2*n",
            "5*d",
            "3*n*d",
            "n*min(n, d)",
            "d*ceil(log2(n))",
            "n/d",
            "7",
            "n**3",
            "2*d**2",
        ]
    ),
    min_size=1,
    max_size=3,
).map(lambda terms: sum((poly(t) for t in terms), poly(0)))


@settings(max_examples=120, deadline=None)
@given(left=FORMULAS, right=FORMULAS, n=st.sampled_from(GRID), d=st.sampled_from(GRID))
def test_conditions_are_true_exactly_where_the_left_is_less(
    left: Poly, right: Poly, n: int, d: int
) -> None:
    """A condition agrees with exact evaluation at every size, the boundary included."""
    found = crossover("work", "all operations", "a", left, "b", right, Setting())
    sizes = {"n": n, "d": d}
    assert holds(found, sizes) == (left.evaluate(**sizes) < right.evaluate(**sizes))
    assert true(found.condition, sizes) == holds(found, sizes)


@settings(max_examples=60, deadline=None)
@given(left=FORMULAS, right=FORMULAS)
def test_no_two_models_are_each_less(left: Poly, right: Poly) -> None:
    """If the left is always less then the right never is, and nothing is less than itself."""
    assert condition(left, left) == "never"
    if condition(left, right) == "always":
        assert condition(right, left) == "never"


def test_a_divisor_that_may_be_zero_is_left_as_it_is() -> None:
    """What is divided by a rounded number is not factored; the inequality itself is the answer."""
    told = condition(poly("n"), poly("d/ceil(n/w)"))
    assert told == "n < d/ceil(n/w)"
