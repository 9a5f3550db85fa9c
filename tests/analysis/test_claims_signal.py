"""Claims about gradients: the verdict follows from what was tried, and says under which condition."""

from __future__ import annotations

from types import MappingProxyType

import msgspec
import numpy as np
import pytest

from workspan.analysis.claims import signal
from workspan.analysis.claims.conditions import CONDITIONS, Condition, Sample
from workspan.analysis.claims.signal import Experiment, check, exchange
from workspan.analysis.runs.signal import Bound

SMALL = Experiment(samples=12, distance=24, width=4)
FOUNDING = ("rnn", "lstm", "gru")


def test_vanishing_gradients_are_conditional() -> None:
    """Gradients vanish over long paths: where s < 1, and not in an orthogonal recurrence."""
    found = check(FOUNDING, Experiment())
    assert found.verdict == "conditional"
    assert "s < 1" in found.reason
    assert "are at most s^(i-j) |W|" in found.reason
    holds, fails = found.reason.split("not for")
    assert "rnn with s = 0.9" in holds
    assert "rnn with U orthogonal" in fails
    assert "linear with U orthogonal (1 [1, 1])" in fails
    assert "lstm with forget gates open" in fails
    assert any("causal_attention" in line and "permuted" in line for line in found.evidence)


def test_the_condition_is_pascanus() -> None:
    """Every tanh cell with s < 1 vanishes at least as fast as s, at every seed that is tried."""
    for seed in range(5):
        found = check(("rnn",), Experiment(seed=seed, samples=12, distance=24, width=4))
        for tried in found.tried:
            if tried.bound is None:
                continue
            assert tried.bound.largest_ratio <= 1 + 1e-9
            if tried.bound.decays:
                assert tried.signal.vanishes
                assert tried.signal.rate is not None
                assert tried.signal.rate.high <= tried.bound.singular_value


def test_the_counterexamples_keep_the_norm() -> None:
    """An orthogonal recurrence has the same norm at distance 1 and at the largest, to rounding."""
    found = check(("rnn",), SMALL)
    kept = [t for t in found.tried if "orthogonal" in t.condition.text]
    assert {t.condition.model for t in kept} == {"rnn", "linear"}
    for tried in kept:
        near, far = (tried.signal.distances[k].mean for k in (1, -1))
        assert near is not None
        assert far is not None
        assert far.estimate == pytest.approx(near.estimate, rel=1e-9)


def test_attention_refutes_it() -> None:
    """No condition makes the gradient of attention vanish with distance."""
    found = check(("causal_attention",), SMALL)
    assert found.verdict == "refuted"
    assert exchange(SMALL) < 1e-12


def test_a_model_without_an_experiment_is_out_of_reach() -> None:
    """What is not tried is said, never guessed."""
    found = check(("rnn", "dilated_convolution"), SMALL)
    assert found.verdict == "out of reach"
    assert "dilated_convolution" in found.reason


def test_the_verdict_follows_from_the_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only vanishing conditions confirm, only others refute, and a broken bound refutes."""
    rnn = CONDITIONS["rnn"]
    check.cache_clear()
    for kept, verdict in ((rnn[:2], "confirmed"), (rnn[3:4], "refuted"), (rnn, "conditional")):
        monkeypatch.setattr(
            signal, "CONDITIONS", MappingProxyType({**CONDITIONS, "rnn": tuple(kept)})
        )
        assert check(("rnn",), SMALL).verdict == verdict
        check.cache_clear()
    monkeypatch.setattr(signal, "bound", lambda norms, weights: Bound(0.5, 1, 1.01))
    found = check(("rnn",), SMALL)
    check.cache_clear()
    assert found.verdict == "refuted"
    assert "above Pascanu's bound" in found.reason


def test_a_condition_whose_norms_are_zero_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of zero have no gradient at any distance: that neither confirms nor refutes."""

    def nothing(random: np.random.Generator, n: int, d: int) -> Sample:
        weights, x = CONDITIONS["gru"][0].sample(random, n, d)
        return {k: 0 * w for k, w in weights.items()}, x

    only = (Condition("gru", "no weights", nothing),)
    monkeypatch.setattr(signal, "CONDITIONS", MappingProxyType({**CONDITIONS, "gru": only}))
    check.cache_clear()
    found = check(("gru",), SMALL)
    check.cache_clear()
    assert found.verdict == "out of reach"
    assert "zero" in found.reason


@pytest.mark.parametrize(
    "field",
    [
        {"samples": 2},
        {"distance": 5000},
        {"width": 1},
        {"width": 5},
        {"seed": -1},
        {"tolerance": 0.5},
        {"statistic": "beauty"},
        {"colour": "red"},
        {"seed": "one"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_an_experiment_is_bounded(field: dict[str, object]) -> None:
    """A field that would say nothing, take hours, or is unknown is refused with its name."""
    with pytest.raises(msgspec.ValidationError, match=next(iter(field))):
        msgspec.convert(field, Experiment)


def test_the_same_experiment_gives_the_same_words() -> None:
    """Law: verdict, reason and evidence depend on models and experiment alone."""
    first = check(FOUNDING, SMALL)
    check.cache_clear()
    again = check(FOUNDING, SMALL)
    assert (first.verdict, first.reason, first.evidence) == (
        again.verdict,
        again.reason,
        again.evidence,
    )
