"""What a state can carry, against counting over all codes and against the derived state."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.experiments.ceilings import capacity, ceiling, known, state_bits
from workspan.analysis.experiments.definition import Learner
from workspan.analysis.experiments.definitions import define


def best_accuracy(bits: int, tokens: int, v: int) -> float:
    """Return the largest share of right tokens over all ways to keep so many bits of a string.

    A decoder says one string for each state; the best encoder sends each string to the state whose
    string agrees most with it.
    """
    strings = list(itertools.product(range(v), repeat=tokens))
    best = 0.0
    for said in itertools.combinations(strings, 2**bits):
        right = sum(
            max(sum(a == b for a, b in zip(s, t, strict=True)) for t in said) for s in strings
        )
        best = max(best, right / len(strings) / tokens)
    return best


@pytest.mark.parametrize(
    ("bits", "tokens", "v"), [(0, 2, 2), (1, 2, 2), (1, 3, 2), (2, 3, 2), (1, 2, 3), (0, 2, 3)]
)
def test_no_code_is_above_its_ceiling(bits: int, tokens: int, v: int) -> None:
    """The best of all codes, found by trying them, says no more tokens rightly than the ceiling."""
    assert best_accuracy(bits, tokens, v) <= ceiling(bits, tokens=tokens, v=v) + 1e-9


@given(st.integers(1, 64), st.integers(1, 64), st.integers(2, 9))
def test_the_ceiling_falls_where_the_string_is_too_long(bits: int, tokens: int, v: int) -> None:
    """It is 1 up to s / log2 v tokens, below 1 after, and solves Fano's equation there."""
    found = ceiling(bits, tokens=tokens, v=v)
    if tokens <= capacity(bits, v):
        assert found == 1
    else:
        assert 1 / v < found < 1
        assert known(found, v) == pytest.approx(bits / tokens, abs=1e-6)


@pytest.mark.parametrize(
    ("model", "scalars"),
    [
        ("rnn", 8),
        ("gru", 8),
        ("lstm", 16),
        ("linear_recurrence", 8),
        ("causal_attention", 2 * 8 * 5),
    ],
)
def test_the_state_is_that_of_the_papers(model: str, scalars: int) -> None:
    """A cell carries d scalars, an LSTM 2 d, and attention a key and a value of each position."""
    assert state_bits(Learner(model, d=8, bits=3), 5) == 3 * scalars


def test_predictions_stand_in_the_definition() -> None:
    """Copying's ceilings follow from d bits and two letters: 1 up to d tokens, below 1 after."""
    for p in define("copying").predictions:
        learner = define("copying").learner(p.learner)
        if learner.model == "rnn":
            assert (p.most == 1) == (p.size <= learner.d)
        else:
            assert p.most == 1
