"""Work and parameter counts against the formulas of the papers and of torch.nn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.runs import ArgumentError, RunResult, run

SIZES = {"n": 6, "d": 4, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3, "m": 5}
n, d, h, f, k, w, m = (SIZES[name] for name in "ndhfkwm")
e = d // h


def contractions(result: RunResult) -> int:
    """Return the work inside contractions, two operations per multiply-add."""
    return 2 * result.operations["multiply_add"]


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("rnn", 2 * 2 * n * d * d),
        ("lstm", 2 * 8 * n * d * d),
        ("gru", 2 * 6 * n * d * d),
        ("bidirectional_lstm", 2 * 2 * 8 * n * d * d),
        ("attention", 8 * n * d * d + 4 * n * n * d),
        ("causal_attention", 8 * n * d * d + 4 * n * n * d),
        ("multi_query_attention", 4 * n * d * d + 4 * n * d * e + 4 * n * n * d),
        ("windowed_attention", 8 * n * d * d + 4 * n * w * d),
        ("causal_windowed_attention", 8 * n * d * d + 4 * n * w * d),
        ("cross_attention", 4 * n * d * d + 4 * m * d * d + 4 * n * m * d),
        ("feed_forward", 4 * n * d * f),
        ("encoder", 8 * n * d * d + 4 * n * n * d + 4 * n * d * f),
        ("convolution", 2 * n * k * d * d),
        ("causal_convolution", 2 * n * k * d * d),
        ("separable_convolution", 2 * n * k * d + 2 * n * d * d),
    ],
)
def test_contractions(name: str, work: int) -> None:
    """Contractions cost what the papers say, for one layer with all pairs computed."""
    assert contractions(run(name, sizes=SIZES)) == work


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("rnn", 4 * n * d * d + 4 * n * d),
        # Three additions and a non-linearity per gate; f c, i g, their sum, tanh c and its gate.
        ("lstm", 16 * n * d * d + 4 * 4 * n * d + 5 * n * d),
        # r and z: three additions and a sigmoid; n: as many, with tanh, and the reset product;
        # 1 - z, two products and a sum for the new state.
        ("gru", 12 * n * d * d + 2 * 4 * n * d + 5 * n * d + 4 * n * d),
        # Four biases, and per head and pair a scale and the softmax.
        ("attention", 8 * n * d * d + 4 * n * n * d + 4 * n * d + n * h * (n + 5 * n - 2)),
        ("convolution", 2 * n * k * d * d + n * d),
        ("feed_forward", 4 * n * d * f + 2 * n * f + n * d),
    ],
)
def test_all_operations(name: str, work: int) -> None:
    """The whole work is the contractions and one for every other scalar operation."""
    assert run(name, sizes=SIZES).work == work


@given(st.integers(1, 9))
def test_masked_attention_counts_allowed_pairs(n: int) -> None:
    """Masked causal attention computes n(n + 1)/2 of the n^2 pairs."""
    sizes = {"n": n, "d": 2, "h": 1}
    allowed = n * (n + 1) // 2
    work = contractions(run("causal_attention", sizes=sizes, pairs="masked"))
    assert work == 8 * n * 4 + 4 * allowed * 2


@given(st.integers(1, 9), st.sampled_from([1, 3, 5]))
def test_masked_convolution_counts_inner_slots(n: int, k: int) -> None:
    """A masked convolution leaves out the slots outside the sequence."""
    inside = sum(0 <= i + r - (k - 1) // 2 < n for i in range(n) for r in range(k))
    sizes = {"n": n, "d": 2, "k": k}
    assert contractions(run("convolution", sizes=sizes, pairs="masked")) == 2 * inside * 4


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("rnn", 2 * d * d + 2 * d),
        ("lstm", 8 * d * d + 8 * d),
        ("gru", 6 * d * d + 6 * d),
        ("bidirectional_gru", 2 * (6 * d * d + 6 * d)),
        ("attention", 4 * d * d + 4 * d),
        ("multi_query_attention", 2 * d * d + 2 * d * e + 2 * d + 2 * e),
        ("feed_forward", 2 * d * f + d + f),
        ("encoder", 4 * d * d + 4 * d + 2 * d * f + d + f + 4 * d),
        ("decoder", 2 * (4 * d * d + 4 * d) + 2 * d * f + d + f + 6 * d),
        ("convolution", k * d * d + d),
        ("separable_convolution", k * d + d + d * d + d),
        ("linear_recurrence", 0),
    ],
)
def test_parameters(name: str, count: int) -> None:
    """One layer has as many parameters as the module of torch.nn."""
    assert run(name, sizes=SIZES).params == count


def test_later_bidirectional_layers_are_wider() -> None:
    """From the second layer on a bidirectional layer reads both directions, 2d wide."""
    sizes = {"n": 2, "d": d, "L": 3}
    first, later = 2 * (8 * d * d + 8 * d), 2 * (4 * d * 2 * d + 4 * d * d + 8 * d)
    assert run("bidirectional_lstm", sizes=sizes).params == first + 2 * later


def test_operations_per_multiply_add() -> None:
    """With one operation per multiply-add, contractions cost half and the rest the same."""
    two, one = (run("gru", sizes=SIZES, mac=mac) for mac in (2, 1))
    assert two.work - one.work == one.operations["multiply_add"]
    with pytest.raises(ArgumentError, match="mac=3"):
        run("gru", sizes=SIZES, mac=3)
