"""The associative scan and the linear recurrence that it computes."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis import runs
from workspan.analysis.runs.linear_recurrence import linear_recurrence, linear_recurrence_scan
from workspan.analysis.runs.steps import Elements

SCAN = "linear_recurrence_scan"

lengths = st.integers(1, 20)


def add(earlier: Elements, later: Elements) -> Elements:
    """Add two groups of one array."""
    return (earlier[0] + later[0],)


@given(lengths)
def test_prefix_sums(n: int) -> None:
    """A scan by addition gives prefix sums in K = ceil(log2 n) rounds and nK - 2^K + 1 sums."""
    x = np.arange(1.0, n + 1.0)
    with runs.counting() as tally:
        (sums,) = runs.associative_scan(add, (runs.lift(x),))
    rounds = math.ceil(math.log2(n))
    assert [element.value for element in sums] == np.cumsum(x).tolist()
    assert tally.work() == n * rounds - 2**rounds + 1
    assert {element.layer for element in sums} == {rounds}
    assert sums[-1].tensor == rounds


@given(lengths, st.integers(0, 9))
def test_scan_equals_loop(n: int, seed: int) -> None:
    """The scan of a linear recurrence computes what the loop computes."""
    a, b = np.random.default_rng(seed).standard_normal((2, n, 3))
    assert np.allclose(linear_recurrence(a, b), linear_recurrence_scan(a, b))


@given(lengths)
def test_loop_is_long_and_scan_is_short(n: int) -> None:
    """The loop takes n steps in unit layer, the scan one to enter and ceil(log2 n) rounds."""
    sizes = {"n": n, "d": 2}
    loop, scan = (runs.run(name, sizes=sizes) for name in ("linear_recurrence", SCAN))
    assert loop.span["layer"] == n
    assert scan.span["layer"] == 1 + math.ceil(math.log2(n))
    assert loop.work == 2 * n * 2


@given(st.integers(2, 12))
def test_scan_only_skips_the_product_with_zero(n: int) -> None:
    """The scan depends on what the loop depends on, less a_1, which multiplies the zero state."""
    sizes = {"n": n, "d": 1}
    loop, scan = (runs.run(name, sizes=sizes).depends for name in ("linear_recurrence", SCAN))
    assert loop - scan == {("a", 0, i) for i in range(n)}
    assert scan < loop
