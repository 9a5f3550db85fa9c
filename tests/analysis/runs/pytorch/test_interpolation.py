"""Interpolation is exact: it gives back every polynomial, and refuses what is none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.interpolation import (
    Terms,
    coefficients,
    degree,
    evaluate,
    interpolate,
    substituted,
    written,
)
from workspan.graphs.sizes import poly

MONOMIALS = st.tuples(st.integers(0, 3), st.integers(0, 2)).map(
    lambda powers: tuple((name, k) for name, k in zip("dn", powers, strict=True) if k)
)
POLYNOMIALS = st.dictionaries(MONOMIALS, st.integers(-20, 20).filter(bool), max_size=5).map(
    lambda terms: {m: Fraction(c) for m, c in terms.items()}
)


@given(POLYNOMIALS, st.integers(1, 4), st.integers(1, 7))
def test_every_polynomial_comes_back(terms: Terms, step: int, start: int) -> None:
    """Counts of a polynomial, on any progression, are interpolated to that polynomial."""
    grid = {"n": range(start, start + 12 * step, step), "d": range(1, 13)}
    assert interpolate(lambda at: int(evaluate(terms, at)), grid) == terms


@given(POLYNOMIALS)
def test_what_is_written_is_read_back(terms: Terms) -> None:
    """A polynomial in Python syntax means the same to the graphs."""
    expected = sum(
        (poly(c) * poly("d") ** dict(m).get("d", 0) * poly("n") ** dict(m).get("n", 0))
        for m, c in terms.items()
    )
    assert poly(written(terms)) == poly(expected)


def test_fractions_and_quotients_are_written() -> None:
    """Triangular numbers and widths of heads are exact."""
    triangle = interpolate(lambda at: at["n"] * (at["n"] + 1) // 2, {"n": range(1, 13)})
    assert written(triangle) == "n**2/2 + n/2"
    quotient = substituted({(("e", 2), ("h", 1)): Fraction(4)}, "e", {"d": 1, "h": -1})
    assert written(quotient) == "4*d**2/h"
    assert poly(written(quotient)) == 4 * poly("d") ** 2 / poly("h")
    assert evaluate(quotient, {"d": 6, "h": 3}) == 48


def test_what_is_no_polynomial_is_refused() -> None:
    """Rounds, which go with the logarithm, have no polynomial; the message names the size."""
    with pytest.raises(EngineError, match="expected the count to be a polynomial in n"):
        interpolate(lambda at: (at["n"] - 1).bit_length(), {"n": range(1, 13)})


def test_a_degree_is_the_largest_of_two_lines() -> None:
    """A coefficient that vanishes on one line does not hide the degree."""
    grid = {"n": range(1, 13), "d": range(1, 13)}
    assert degree(lambda at: (at["d"] - 1) * at["n"] ** 2, grid, "n") == 2


@pytest.mark.parametrize("nodes", [[1], [2, 5], [1, 3, 4, 9]])
def test_lagrange_polynomials_are_one_at_their_node(nodes: list[int]) -> None:
    """Each is one at its own node and zero at the others."""
    for k, row in enumerate(coefficients(nodes)):
        values = [sum(c * x**power for power, c in enumerate(row)) for x in nodes]
        assert values == [int(j == k) for j in range(len(nodes))]
