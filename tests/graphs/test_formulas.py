"""Formulas as text are read by a small grammar, and nothing is ever evaluated as code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.graphs.formulas import LONGEST, parse
from workspan.graphs.sizes import Poly, SizeError, ceil_log2, maximum, minimum, poly, power, size

n, d, w = size("n"), size("d"), size("w")

atoms = st.sampled_from(
    [n, d, w, ceil_log2(n), minimum(n, w), maximum(n * d, w), power(2, size("L")), poly(3)]
)
formulas = st.recursive(
    atoms,
    lambda inner: st.tuples(inner, inner, st.sampled_from("+-*")).map(
        lambda t: {"+": t[0] + t[1], "-": t[0] - t[1], "*": t[0] * t[1]}[t[2]]
    ),
    max_leaves=6,
)


@given(formulas)
def test_what_is_printed_is_read_back(formula: Poly) -> None:
    """Reading the text of a formula gives the formula."""
    assert parse(str(formula)) == formula


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "n.__class__",
        "(lambda: 1)()",
        "[n for n in (1, 2)]",
        "n if d else w",
        "'n'",
        "n @ d",
        "1.5*n",
        "True",
        "log2(n)",
        "ceil(log2(n), 3)",
        "n**n**n**1000000",
        "2**100000",
        "",
        "n +",
        "n" * (LONGEST + 1),
        "(" * 500 + "n" + ")" * 500,
        "open('x')",
        "n\x00",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Text that is no formula is an error, whatever it says."""
    with pytest.raises(SizeError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "((((10**16)**16)**16)**16)**16",
        "(a + b + c + d + e + f + g + h + i + j + k + l)**16",
        "*".join(f"(a{k} + b{k})" for k in range(20)),
    ],
)
def test_what_would_not_end_is_refused_before_it_begins(text: str) -> None:
    """A short text whose value or sum is beyond all bounds is an error at once."""
    with pytest.raises(SizeError, match="expected"):
        parse(text)


def test_a_power_of_powers_is_refused_where_it_is_evaluated() -> None:
    """A number of more than a million bits is not computed."""
    with pytest.raises(SizeError, match="bits"):
        parse("((2**n)**n)**n").evaluate(n=4096)


def test_an_unknown_size_is_named() -> None:
    """With the sizes known, a foreign name is an error that lists them."""
    with pytest.raises(SizeError, match="expected one of the sizes d, n, got q"):
        parse("n*q", names={"n", "d"})


@given(st.text(max_size=40))
def test_no_text_escapes(text: str) -> None:
    """Any text gives a formula or a SizeError, nothing else."""
    try:
        parse(text)
    except SizeError:
        return
