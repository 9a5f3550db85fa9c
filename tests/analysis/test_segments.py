"""Laws of the sign of a cost along a size: the runs are what looking at every number finds."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.comparing.segments import segments, sign, sign_at
from workspan.analysis.solving import UnsolvedError
from workspan.graphs.sizes import Poly, ceil_div, ceil_log2, maximum, minimum, poly, power, size

N = size("n")
FUNCTIONS = (
    lambda a, b: minimum(a, b),
    lambda a, b: maximum(a, b),
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
)
LEAVES = st.one_of(
    st.integers(-40, 40).map(poly),
    st.sampled_from(
        (N, N * N, ceil_log2(N), power(2, ceil_log2(N)), ceil_div(N, 7), ceil_div(N, 3) * N, 1 / N)
    ),
)


def costs() -> st.SearchStrategy[Poly]:
    """Draw a cost in n, of functions inside functions."""
    return st.recursive(
        LEAVES,
        lambda inner: st.builds(lambda f, a, b: f(a, b), st.sampled_from(FUNCTIONS), inner, inner),
        max_leaves=6,
    )


def brute_force(cost: Poly, low: int, high: int) -> list[tuple[int, int, int]]:
    """Return the runs of signs by looking at every number."""
    signs = [(k, sign(cost.evaluate(n=k))) for k in range(low, high + 1)]
    groups = [[k for k, _ in g] for _, g in groupby(signs, key=lambda p: p[1])]
    return [(g[0], g[-1], dict(signs)[g[0]]) for g in groups]


@given(costs(), st.integers(1, 5), st.integers(60, 1500))
@examples(60)
def test_runs_are_those_of_looking_at_every_number(cost: Poly, low: int, high: int) -> None:
    """Law: the runs of a cost in one size are those that brute force finds, in order."""
    found = segments(cost, low, high)
    assert [(r.first, r.last, r.sign) for r in found] == brute_force(cost, low, high)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5), st.integers(1, 10**12))
@examples(60)
def test_far_runs_change_sign_where_they_say(coefficients: list[int], at: int) -> None:
    """Law: runs up to 10**12 have the sign of the polynomial at their ends and inside."""
    cost = sum((c * N**k for k, c in enumerate(coefficients)), poly(0))
    runs = segments(cost, 1, 10**12)
    assert runs[0].first == 1
    assert runs[-1].last == 10**12
    assert all(a.last + 1 == b.first and a.sign != b.sign for a, b in pairwise(runs))
    for run in runs:
        for k in (run.first, (run.first + run.last) // 2, run.last):
            assert sign(cost.evaluate(n=k)) == run.sign
    assert sign_at(runs, at) == sign(cost.evaluate(n=at))


def test_roundings_too_many_to_list_are_bounded() -> None:
    """A cost with ceil(n/64) has its runs up to 10**12, although it has 10**10 pieces."""
    cost = poly("4*ceil(n/64)*n - 70*n - 1000000*n")
    runs = segments(cost, 1, 10**12)
    assert [r.sign for r in runs] == [-1, 1]
    assert cost.evaluate(n=runs[0].last) < 0 < cost.evaluate(n=runs[1].first)


def test_two_sizes_are_one_too_many() -> None:
    """A cost in two sizes has no runs along one; the message names both."""
    with pytest.raises(UnsolvedError, match="got d, n"):
        segments(poly("n - d"), 1, 10)
