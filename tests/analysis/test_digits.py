"""Laws of dilated stacks: hops are digits that are not zero, and wrong certificates are refused."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES
from workspan.analysis.measured.measure import measure
from workspan.analysis.measured.paths import hops
from workspan.analysis.paths.lengths import path_length
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.digits import Digits, DigitsCertificate, check_digits, longest
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.testing import (
    Block,
    Chain,
    Convolution,
    FeedForward,
    Norm,
    Residual,
    Stack,
    Sum,
)

Sizes: TypeAlias = Mapping[str, int]

LAYER = Setting(unit="layer")
DILATED = Convolution("window", "k", None)

SOLVED: tuple[Block, ...] = (
    Stack(DILATED),
    Stack(Convolution("window", 2, None)),
    Stack(Residual(DILATED)),
    Stack(Residual(Convolution("window", 3, None))),
    Stack(Chain(Residual(DILATED), Residual(FeedForward()))),
    Chain(FeedForward(), Stack(Residual(Chain(DILATED, FeedForward()))), Norm()),
    Stack(Sum(DILATED, FeedForward())),
)
AT = st.fixed_dictionaries(
    {
        "n": st.integers(1, 40),
        "k": st.integers(1, 5),
        "L": st.integers(1, 4),
        "d": st.just(1),
        "f": st.just(2),
    }
)


def digits(number: int, base: int) -> list[int]:
    """Return the digits of a number, the lowest first."""
    return [number % base, *digits(number // base, base)] if number else []


@functools.lru_cache
def derived(figure: str, model: Block, setting: Setting) -> Derivation:
    """Derive a figure once."""
    return RULES[figure](model.graph, setting)


def test_hops_of_a_dilated_stack_are_digits() -> None:
    """From j to i a dilated stack takes a hop for each digit of i - j in base k that is not zero.

    WaveNet's receptive field is k**L (van den Oord et al. 2016), because each distance below is
    written in exactly one way.
    """
    graph, n, k, depth = symbolic("dilated_convolution"), 40, 3, 3
    found = hops(graph, {"n": n, "k": k, "L": depth, "d": 1})["x"].tolist()
    for j in range(n):
        for i in range(n):
            written = digits(i - j, k) if i >= j else []
            reached = i >= j and len(written) <= depth
            assert found[j][i] == (sum(d != 0 for d in written) if reached else -1)


@examples(200)
@given(base=st.integers(2, 6), n=st.integers(1, 300), depth=st.integers(0, 6))
def test_the_longest_has_as_many_digits_as_fit(base: int, n: int, depth: int) -> None:
    """Law: the most digits that are not zero, of numbers below n with at most so many digits."""
    own = Digits(poly(base), poly(depth), poly(depth), poly(0), poly(1))
    numbers = range(min(n, base**depth))
    most = max(sum(d != 0 for d in digits(s, base)) for s in numbers)
    assert longest(own, poly(n)) == most


@pytest.mark.parametrize("figure", ["mixing_hops", "path_length"])
@pytest.mark.parametrize("model", SOLVED, ids=repr)
def test_dilated_stacks_are_proved(model: Block, figure: str) -> None:
    """Law: hops and paths of dilated stacks have a proved formula for any number of layers."""
    for setting in (LAYER, Setting()):
        found = derived(figure, model, setting)
        assert found.grade == "proved", found.reason


@pytest.mark.parametrize("figure", ["mixing_hops", "path_length"])
@examples(60)
@given(model=st.sampled_from(SOLVED), at=AT)
def test_dilated_stacks_are_measured(figure: str, model: Block, at: Sizes) -> None:
    """Law: their formulas are measured on the unrolled graph, at sizes that start at one."""
    for setting in (LAYER, Setting()):
        found = derived(figure, model, setting)
        assert found.formula is not None
        if all(at[s] >= v for s, v in found.least.items()):
            claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
            assert claimed == measure(figure, model.graph, setting, at)


@pytest.mark.parametrize(
    "model",
    [
        Stack(Residual(Convolution("centred", "k", None))),
        Stack(Chain(DILATED, DILATED)),
        Chain(DILATED, Stack(DILATED)),
    ],
    ids=repr,
)
def test_what_writes_no_digits_has_a_reason(model: Block) -> None:
    """Law: windows that look ahead, or the same power twice, write no digits, and that is said."""
    found = RULES["mixing_hops"](model.graph, LAYER)
    assert found.formula is None
    assert "reads no digit" in (found.reason or "")


# --- corrupted certificates -----------------------------------------------------------------------

SHORT: tuple[Block, ...] = (Stack(DILATED), Stack(Residual(DILATED)))
TINY: tuple[Sizes, ...] = tuple(
    {"n": n, "k": k, "L": depth, "d": 1}
    for n, k, depth in (
        (1, 2, 1),
        (2, 2, 1),
        (9, 2, 2),
        (9, 3, 2),
        (14, 3, 3),
        (8, 2, 4),
        (5, 1, 2),
    )
)


@functools.cache
def certificate(model: Block, free: int | None) -> DigitsCertificate:
    """Return the certificate of a path length, or of hops."""
    found = path_length(model.graph, LAYER, hops=free).certificate
    assert isinstance(found, DigitsCertificate)
    return found


def accepted(model: Block, wrong: DigitsCertificate) -> bool:
    """Whether the checker accepts a certificate."""
    try:
        check_digits(model.graph, LAYER, wrong)
    except ProofError:
        return False
    return True


@examples(120)
@given(data=st.data(), case=st.sampled_from([(SHORT[0], 1), (SHORT[1], 1), (SHORT[1], None)]))
def test_no_corrupted_digits_prove_a_wrong_formula(
    data: st.DataObject, case: tuple[Block, int | None]
) -> None:
    """Law: whatever is changed in a certificate, what is accepted is measured."""
    model, free = case
    right = certificate(model, free)
    found = dict(right.digits["x"])
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from(sorted(found)))
        part = data.draw(st.sampled_from([f.name for f in fields(Digits)]))
        off = data.draw(st.sampled_from([-1, 1]))
        found[name] = replace(found[name], **{part: getattr(found[name], part) + off})
    wrong = replace(right, digits={"x": found})
    if data.draw(st.booleans()):
        off = data.draw(st.sampled_from([-1, 1]))
        wrong = replace(wrong, formula=tuple(t + off for t in right.formula))
    if data.draw(st.booleans()):
        wrong = replace(wrong, least={})
    if not accepted(model, wrong):
        return
    figure = "path_length" if free is None else "mixing_hops"
    for at in TINY:
        if all(at[s] >= v for s, v in wrong.least.items()):
            claimed = max(term.evaluate(**at) for term in wrong.formula)
            assert claimed == measure(figure, model.graph, LAYER, at)


@pytest.mark.parametrize("model", SHORT, ids=repr)
@pytest.mark.parametrize("part", [f.name for f in fields(Digits)])
@pytest.mark.parametrize("off", [-1, 1])
def test_digits_of_an_output_are_tight(model: Block, part: str, off: int) -> None:
    """Law: no number of the digits of an output can be one more or one less."""
    right = certificate(model, 1)
    (output,) = model.graph.outputs
    own = right.digits["x"][output]
    changed = {**right.digits["x"], output: replace(own, **{part: getattr(own, part) + off})}
    assert not accepted(model, replace(right, digits={"x": changed}))


def test_what_is_reached_cannot_be_left_out() -> None:
    """Law: an equation that is reached has digits, and base one writes none."""
    right = certificate(SHORT[1], 1)
    for name in right.digits["x"]:
        fewer = {k: v for k, v in right.digits["x"].items() if k != name}
        assert not accepted(SHORT[1], replace(right, digits={"x": fewer}))
    assert not accepted(SHORT[1], replace(right, least={}))
    assert not accepted(SHORT[1], replace(right, digits={}))
