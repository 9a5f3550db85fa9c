"""Dependence by perturbation, of the plain implementations and of functions that users write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import runnable
from workspan.analysis.runs import PLAIN, run
from workspan.analysis.runs.errors import RunError
from workspan.analysis.runs.perturbation import MOST, SEEDS, changes, depends, observe, united

SIZES: tuple[Mapping[str, int], ...] = (
    {"n": 6, "m": 3, "d": 4, "h": 2, "g": 2, "f": 3, "k": 3, "w": 3, "L": 2},
    {"n": 4, "m": 2, "d": 4, "h": 2, "g": 1, "f": 1, "k": 3, "w": 1, "L": 1},
)


def of(function: Any, **inputs: Any) -> Any:
    """Return what a function of fixed inputs depends on."""
    return depends(lambda seed: (function, inputs))


@pytest.mark.parametrize("at", SIZES, ids=["several", "few"])
@pytest.mark.parametrize("name", PLAIN)
def test_what_changes_is_what_counted_scalars_depend_on(name: str, at: Mapping[str, int]) -> None:
    """Law: moving inputs finds the dependence that counting scalars carry.

    The first factor of a linear recurrence multiplies the zero state: it is read and has no effect.
    """
    at = runnable(name, at)
    found = observe(name, at)
    expected = run(name, sizes=at).depends
    first = {("a", 0, i) for i in range(at["n"])} if name == "linear_recurrence" else set()
    assert not found.beyond(expected)
    assert found.unseen(expected) == first
    assert not found.undecided


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=40)
def test_a_matrix_depends_on_where_it_is_not_zero(n: int, m: int, seed: int) -> None:
    """Law: of M x, output i depends on j exactly where M[i, j] is not zero."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, m)) * (random.random((n, m)) < 0.5)
    found = of(lambda x: matrix @ x, x=random.normal(size=(m, 2)))
    expected = {("x", j, i) for i, j in np.argwhere(matrix != 0).tolist()}
    assert found.pairs | found.undecided >= expected
    assert found.pairs <= expected


def test_rounding_is_no_dependence() -> None:
    """A Fourier transform there and back changes all outputs by rounding: that stays undecided."""
    x = np.random.default_rng(0).normal(size=(32, 1))

    def there_and_back(x: Any) -> Any:
        return np.fft.ifft(np.fft.fft(x, axis=0), axis=0).real

    found = of(there_and_back, x=x)
    assert found.pairs == {("x", j, j) for j in range(32)}
    assert found.undecided
    assert not found.undecided & found.pairs


def test_every_input_is_moved() -> None:
    """Inputs are told apart by their names, in the order of the arguments."""
    found = of(lambda a, b: a + b[::-1], a=np.zeros((2, 1)), b=np.ones((2, 1)))
    assert found.pairs == {("a", 0, 0), ("a", 1, 1), ("b", 0, 1), ("b", 1, 0)}


def test_tokens_need_a_way_to_move() -> None:
    """Integers are refused without a rule for what else may stand there, and work with one."""
    table = np.random.default_rng(0).normal(size=(5, 3))
    tokens = np.array([0, 3, 2])
    with pytest.raises(RunError, match="move="):
        of(lambda t: table[t], t=tokens)
    found = depends(
        lambda seed: (lambda t: table[t].cumsum(axis=0), {"t": tokens}),
        move=lambda random, row: (row + random.integers(1, 5)) % 5,
    )
    assert found.pairs == {("t", j, i) for i in range(3) for j in range(i + 1)}


def test_a_function_that_writes_into_its_input_harms_nothing() -> None:
    """Every call gets copies."""
    x = np.ones((3, 2))

    def rude(x: Any) -> Any:
        x *= 2
        return x

    assert of(rude, x=x).pairs == {("x", i, i) for i in range(3)}
    assert (x == 1).all()


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda x: x.sum(), r"got shape \(\)"),
        (lambda x: x[:0], "got shape"),
        (lambda x: x * np.nan, "NaN"),
        (lambda x: x[: 2 + (x[0, 0] > 0)], "at every call"),
        (lambda x: x + np.random.default_rng().normal(), "second call"),
    ],
    ids=["a number", "nothing", "not a number", "another shape", "chance"],
)
def test_what_proves_nothing_is_an_error(function: Any, word: str) -> None:
    """No positions, no numbers, changing shapes, chance: one clear line each."""
    with pytest.raises(RunError, match=word) as error:
        of(function, x=np.full((3, 1), -0.1))
    assert "\n" not in str(error.value)


def test_rare_pairs_are_drawn_until_they_have_shown_often() -> None:
    """Law: drawing goes on until each pair showed as often as asked, or there are too many seeds."""
    often, once = ("x", 0, 0), ("x", 0, 1)
    seen, seeds = united(lambda k: {often} | ({once} if k % 4 == 3 else set()))
    assert len(seeds) == 4 * SEEDS
    assert (seen[often], seen[once]) == (4 * SEEDS, SEEDS)
    seen, seeds = united(lambda k: {once} if k == 3 else set())
    assert (seen, len(seeds)) == ({once: 1}, MOST)
    assert united(lambda k: set()) == ({}, tuple(range(SEEDS)))
    assert united(lambda k: {often}, seed=7, seeds=2) == ({often: 2}, (7, 8))


def test_changes_are_told_from_slight_ones() -> None:
    """A change of 1e-14 of the largest output is slight, one of 1e-9 is not."""
    x = np.ones((3, 1))
    for factor, place in ((1e-9, 0), (1e-14, 1)):
        found = changes(lambda x, c=factor: np.stack([x[0], 1 + c * x[1]]), {"x": x})
        assert ("x", 0, 0) in found[0]
        assert ("x", 1, 1) in found[place]
        assert ("x", 1, 1) not in found[1 - place]
