"""Laws of growth: a class is the formula's own rate at large sizes, and nothing larger."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.comparing.growth import dominates, growth, theta
from workspan.graphs.sizes import Poly, ceil_div, ceil_log, ceil_log2, maximum, minimum, poly, power


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("8*d**2*n + 4*d*n**2", {"n": "n**2", "d": "d**2"}),
        ("16*d**2*n + 21*d*n", {"n": "n", "d": "d**2"}),
        ("7", {"n": "1"}),
        ("min(n, w)", {"n": "1", "w": "1"}),
        ("n*min(n, w) - min(n, w)**2/2 + min(n, w)/2", {"n": "n", "w": "1"}),
        ("max(n, w)", {"n": "n", "w": "w"}),
        ("3*ceil(log2(n)) + d", {"n": "log(n)", "d": "d"}),
        ("n*ceil(log2(n)) - 2**ceil(log2(n)) + 1", {"n": "n*log(n)"}),
        ("2**ceil(log2(n))", {"n": "n"}),
        ("2**n*n + n**9", {"n": "2**n*n"}),
        ("k**L - 1", {"k": "k**L", "L": "k**L"}),
        ("2*d*n/h", {"h": "1/h", "n": "n"}),
        ("ceil(n/s)", {"n": "n", "s": "1"}),
        ("ceil(log(n, k))", {"n": "log(n)", "k": "1"}),
        ("n/ceil(log2(n))", {"n": "n/log(n)"}),
        ("min(n**2, 2**n)", {"n": "n**2"}),
        ("ceil(log2(2**n))", {"n": "n"}),
    ],
)
def test_growth_in_one_size(formula: str, expected: dict[str, str]) -> None:
    """With all other sizes fixed, only the fastest part counts, and only for large values."""
    assert growth(poly(formula), expected) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("8*d**2*n + 4*d*n**2 + 6*n**2 - 2*n", "d**2*n + d*n**2"),
        ("16*d**2*n + 21*d*n", "d**2*n"),
        ("8*d**2*n + 4*d*f*n + 2*f*n", "d**2*n + d*f*n"),
        ("2*d*min(n, w) + d*n", "d*n"),
        ("n*ceil(log2(n)) - 2**ceil(log2(n)) + 1", "n*log(n)"),
        ("3*n + ceil(log2(n))", "n"),
        ("ceil(log2(n)) + ceil(log2(d))", "log(d) + log(n)"),
        ("n + L - 1", "L + n"),
        ("5", "1"),
        ("0", "0"),
    ],
)
def test_growth_in_all_sizes_keeps_the_maximal_terms(formula: str, expected: str) -> None:
    """A term stays if no other one is at least as large for all sizes."""
    assert theta(poly(formula)) == expected


MONOMIALS = st.builds(
    lambda a, b, c, k: poly(k) * poly("n") ** a * poly("d") ** b * ceil_log2("n") ** c,
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(1, 9),
)
FORMULAS = st.lists(MONOMIALS, min_size=1, max_size=4).map(lambda terms: sum(terms, poly(0)))


@settings(max_examples=80, deadline=None)
@given(formula=FORMULAS)
def test_a_formula_over_its_class_tends_to_a_constant(formula: Poly) -> None:
    """Divided by its Theta class a formula changes no more from n = 2**400 to n = 2**800."""
    text = growth(formula, ["n"])["n"]
    early, late = (formula.evaluate(n=2**k, d=3) / int(_exact(text, k)) for k in (400, 800))
    assert 0.4 < early / late < 2.5


def _exact(text: str, k: int) -> int:
    """Value of a class at n = 2**k."""
    value = 1
    for factor in text.split("*") if "**" not in text else text.replace("**", "^").split("*"):
        base, _, exponent = factor.partition("^")
        number = {"n": 2**k, "log(n)": k, "1": 1}[base]
        value *= number ** int(exponent or 1)
    return value


@settings(max_examples=60, deadline=None)
@given(formula=FORMULAS, other=FORMULAS)
def test_dominance_is_a_preorder_that_respects_sums(formula: Poly, other: Poly) -> None:
    """A sum dominates its parts, everything itself, and products by sizes only grow."""
    assert dominates(formula, formula)
    assert dominates(formula + other, formula)
    assert dominates(formula * poly("n"), formula)
    if dominates(formula, other):
        assert dominates(formula, formula + other)


@settings(max_examples=60, deadline=None)
@given(formula=FORMULAS, other=FORMULAS, n=st.integers(2, 40), d=st.integers(1, 40))
def test_what_is_dominated_is_at_most_a_multiple(
    formula: Poly, other: Poly, n: int, d: int
) -> None:
    """A dominated formula is nowhere more than a constant times the other."""
    if dominates(formula, other):
        least = min(formula.terms.values())
        factor = sum(other.terms.values()) / least
        assert other.evaluate(n=n, d=d) <= factor * formula.evaluate(n=n, d=d)


def test_incomparable_sizes_do_not_dominate() -> None:
    """Neither of two sizes is the larger one, whatever it is called."""
    assert not dominates(poly("n"), poly("d"))
    assert dominates(maximum("n", "d"), poly("d"))
    assert dominates(poly("n"), minimum("n", "d"))
    assert dominates(power(2, "n") * 1, poly(1))
    assert not dominates(ceil_log2("n"), poly("n"))


def test_ceilings_grow_as_what_they_round() -> None:
    """Rounding up changes nothing that tends to infinity, and makes one of what tends to zero."""
    assert growth(ceil_div("n", "s") * poly("d"), ["n", "s", "d"]) == {"n": "n", "s": "1", "d": "d"}
    assert growth(ceil_log("k", "n"), ["n", "k"]) == {"n": "log(n)", "k": "1"}
