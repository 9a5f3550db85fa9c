"""Claims on learning: confirmed by recorded tests that were stated before, or out of reach."""

from __future__ import annotations

import msgspec
import pytest

from workspan.analysis.claims import ClaimError, parse, trials, verdict_on
from workspan.analysis.experiments.definitions import define
from workspan.analysis.experiments.judging import judge
from workspan.analysis.experiments.record import read_results
from workspan.analysis.runs.errors import UnknownNameError

TEXT = """
[[claim]]
id = "copied"
statement = "Four bits copy four tokens."
source = "nowhere"
beyond = "trained weights"
trial = {{ experiment = "{experiment}", tests = {tests} }}
"""
POSITIVE = "8 bits fail to copy 16 tokens, as predicted (below 0.95)"
NEGATIVE = "16 bits copy 16 tokens, the most that they may hold (above 0.9)"


def claim(*tests: str, experiment: str = "copying") -> str:
    """Return a claims file with these tests."""
    return TEXT.format(experiment=experiment, tests=list(tests))


def test_a_claim_is_confirmed_by_all_of_its_tests_only() -> None:
    """One test that does not confirm leaves the claim out of reach, and its numbers are printed."""
    tests = {t.test.statement: t for t in judge(define("copying"), read_results()["copying"])}
    assert tests[POSITIVE].confirmed
    assert not tests[NEGATIVE].confirmed
    (alone,) = parse(claim(POSITIVE), "x")
    (both,) = parse(claim(POSITIVE, NEGATIVE), "x")
    assert verdict_on(alone).verdict == "confirmed"
    found = verdict_on(both)
    assert found.verdict == "out of reach"
    assert NEGATIVE in found.reason
    assert str(tests[NEGATIVE].interval) in found.reason
    assert len(found.evidence) == 2


def test_a_verdict_is_judged_from_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With other numbers on record the same claim is not confirmed; without them it is neither."""
    (alone,) = parse(claim(POSITIVE), "x")
    result = read_results()["copying"]
    cells = tuple(
        msgspec.structs.replace(c, values={m: (1.0,) * len(v) for m, v in c.values.items()})
        for c in result.cells
    )
    forged = msgspec.structs.replace(result, cells=cells)
    monkeypatch.setattr(trials, "read_results", lambda: {"copying": forged})
    assert verdict_on(alone).verdict == "out of reach"
    monkeypatch.setattr(trials, "read_results", dict)
    assert "not on record" in verdict_on(alone).reason
    older = msgspec.structs.replace(result, digest="0" * 64)
    monkeypatch.setattr(trials, "read_results", lambda: {"copying": older})
    assert "another definition" in verdict_on(alone).reason


def test_a_trial_names_what_there_is() -> None:
    """An experiment or a test that there is not is an error, as is a trial of a graph's figure."""
    with pytest.raises(ClaimError, match=r"trial\.experiment"):
        parse(claim(POSITIVE, experiment="copyng"), "x")
    with pytest.raises(ClaimError, match="at least one test"):
        parse(claim(), "x")
    with pytest.raises(ClaimError, match="expected beyond"):
        parse(claim(POSITIVE).replace('beyond = "trained weights"', 'figure = "span"'), "x")
    (unknown,) = parse(claim("it is so"), "x")
    with pytest.raises(UnknownNameError, match="it is so"):
        verdict_on(unknown)
