"""Laws of crossovers: the nearest turn is the one that looking at every whole number finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.comparing.crossings import Turn, between, reversals, turns
from workspan.analysis.comparing.segments import sign
from workspan.graphs.sizes import Poly, ceil_log2, minimum, poly, size

N, D = size("n"), size("d")
FAR = 700


@st.composite
def costs(draw: st.DrawFn) -> Poly:
    """Draw a cost such as a layer has, in n and d."""
    a, b, c, e, w = (draw(st.integers(0, 60)) for _ in range(5))
    return a * N * D + b * N * N + c * D * minimum(N, w + 1) + e * D * ceil_log2(N) + w + 1


def by_looking(left: Poly, right: Poly, asked: int, d: int) -> dict[bool, int]:
    """Return the nearest number below (False) and above (True) at which the order has turned."""
    signs = {k: sign(left.evaluate(n=k, d=d) - right.evaluate(n=k, d=d)) for k in range(1, FAR + 1)}
    found = {}
    for above, numbers in ((False, range(asked - 1, 0, -1)), (True, range(asked + 1, FAR + 1))):
        for k in numbers:
            lone = signs[k] == 0 and signs.get(k - 1) != 0 and signs.get(k + 1) != 0
            if signs[k] != signs[asked] and not lone:
                found[above] = k
                break
    return found


@given(costs(), costs(), st.integers(1, 300), st.integers(1, 40))
@examples(40)
def test_turns_are_those_of_looking_at_every_number(
    left: Poly, right: Poly, asked: int, d: int
) -> None:
    """Law: the nearest turn in each direction is where brute force first sees another order."""
    found = turns(left, right, {"n": asked, "d": d}, "n", largest=FAR)
    # A single number of equality at the end of what is looked at has no neighbour to turn to.
    expected = {k: v for k, v in by_looking(left, right, asked, d).items() if v not in {1, FAR}}
    assert {t.above: t.first for t in found if t.first not in {1, FAR}} == expected
    for turn in found:
        for k in (turn.first, FAR if turn.last is None and turn.above else turn.last or 1):
            assert sign(left.evaluate(n=k, d=d) - right.evaluate(n=k, d=d)) == turn.sign


@given(st.integers(2, 900), st.integers(1, 1000))
@examples(30)
def test_bisection_is_exact_to_the_whole_number(boundary: int, asked: int) -> None:
    """Law: an order that turns once is found at its boundary, whatever the probes are."""

    def order(values: Any) -> Any:
        return np.where(values >= boundary, 1, -1)

    probes = sorted({1, 10, 100, 1000, asked})
    found = between(order, asked, "n", probes)
    above = asked < boundary
    first = boundary if above else boundary - 1
    assert found == (Turn("n", asked, first, None, 1 if above else -1),)


def test_the_sentence_names_both_sizes() -> None:
    """A turn says where it is and how far away, in the words of the founding comparison."""
    (below,) = turns(poly("16*d**2*n"), poly("8*d**2*n + 4*d*n**2"), {"n": 32768, "d": 1024}, "n")
    assert str(below) == "n <= 2047: the other is less; 16 times below n = 32768"


@examples(60)
@given(costs(), costs(), st.integers(1, 40))
def test_reversals_are_those_that_looking_at_every_number_finds(
    left: Poly, right: Poly, d: int
) -> None:
    """Law: an order is reversed at each number whose sign is not zero and not the last such one."""
    fixed = {"d": d}
    found, last = [], 0
    for k in range(1, FAR + 1):
        here = sign(left.evaluate(n=k, d=d) - right.evaluate(n=k, d=d))
        if here and last and here != last:
            found.append((k, here))
        last = here or last
    runs = reversals(left.substitute(fixed), right.substitute(fixed), 1, FAR)
    assert [(run.first, run.sign) for run in runs] == found
