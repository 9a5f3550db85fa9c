"""Verdicts: only the stated test on the numbers of this definition confirms anything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from workspan.analysis.experiments.cells import Cell, Result
from workspan.analysis.experiments.definition import (
    Definition,
    Learner,
    Prediction,
    Sample,
    Test,
)
from workspan.analysis.experiments.definitions import NAMES, define
from workspan.analysis.experiments.judging import Outcome, judge
from workspan.analysis.experiments.record import read_results, results_text, shortened
from workspan.analysis.runs.errors import ArgumentError, UnknownNameError

from .samples import tiny

GRU, ATTENTION = tiny().learners


def result(definition: Definition, numbers: dict[str, dict[int, list[float]]]) -> Result:
    """Return a result with these accuracies."""
    cells = tuple(
        Cell(x.label, size, {"accuracy": tuple(numbers[x.label][size])})
        for size in definition.sizes
        for x in definition.learners
    )
    return Result(definition.digest, {"torch": "0"}, "none", 1.0, cells)


def pairs(left: np.ndarray, right: np.ndarray, **changes: object) -> tuple[Definition, Result]:
    """Return an experiment of two learners at one size with these numbers."""
    definition = tiny(sizes=(4,), seeds=len(left), tests=tiny().tests[:1], **changes)
    return definition, result(
        definition, {GRU.label: {4: left.tolist()}, ATTENTION.label: {4: right.tolist()}}
    )


def test_a_planted_signal_is_confirmed_and_noise_is_not() -> None:
    """At most alpha of the experiments on noise confirm, and nearly all on a large difference."""
    random = np.random.default_rng(3)
    drawn = random.normal(size=(300, 2, 6))
    noise = [judge(*pairs(a, b))[0].confirmed for a, b in drawn]
    signal = [judge(*pairs(a + 4, b))[0].confirmed for a, b in drawn]
    assert np.mean(noise) <= 0.05 + 0.038
    assert np.mean(signal) > 0.97


def test_several_tests_on_noise_together_err_at_alpha() -> None:
    """Of experiments with ten tests on noise at most alpha confirm any of them."""
    learners = tuple(Learner("gru", d=d) for d in range(2, 13))
    tests = tuple(
        Test(f"{k}", "greater", Sample(x.label, "accuracy"), Sample(learners[0].label, "accuracy"))
        for k, x in enumerate(learners[1:])
    )
    definition = tiny(learners=learners, sizes=(4,), seeds=5, tests=tests, predictions=())
    random, wrong = np.random.default_rng(4), 0
    for _ in range(200):
        numbers = {x.label: {4: random.normal(size=5).tolist()} for x in learners}
        wrong += any(t.confirmed for t in judge(definition, result(definition, numbers)))
    # Three standard errors of a share of 0.05 among 200 are 0.046.
    assert wrong / 200 <= 0.05 + 0.046


def test_a_prediction_fails_at_the_first_number_above_it() -> None:
    """All numbers may be at the limit, within what chance adds; one far above it is not."""
    test = Test("no more", "no more than predicted", Sample(GRU.label, "accuracy"))
    definition = tiny(
        sizes=(4,), seeds=3, tests=(test,), predictions=(Prediction(GRU.label, 4, 0.8),)
    )
    rest = {ATTENTION.label: {4: [1.0, 1.0, 1.0]}}
    (kept,) = judge(definition, result(definition, {GRU.label: {4: [0.8, 0.7, 0.82]}, **rest}))
    (broken,) = judge(definition, result(definition, {GRU.label: {4: [0.8, 0.7, 1.0]}, **rest}))
    assert kept.confirmed
    assert not broken.confirmed
    assert broken.told.startswith("2 of 3")
    empty = msgspec.structs.replace(definition, predictions=(Prediction(GRU.label, 4, 1.0),))
    (nothing,) = judge(empty, result(empty, {GRU.label: {4: [0.8, 0.7, 1.0]}, **rest}))
    assert not nothing.confirmed


def test_numbers_of_another_definition_are_refused() -> None:
    """A result answers for its own definition only, and for all of its cells."""
    definition, found = pairs(np.ones(3), np.zeros(3))
    with pytest.raises(ArgumentError, match="another definition"):
        judge(msgspec.structs.replace(definition, alpha=0.2), found)
    with pytest.raises(ArgumentError, match="cells"):
        judge(definition, msgspec.structs.replace(found, cells=found.cells[:1]))


def test_shares_end_at_one() -> None:
    """The interval of a share of right answers does not leave what a share can be."""
    definition, found = pairs(np.array([1.0, 0.9, 1.0]), np.array([0.0, 0.0, 0.1]))
    outcome = Outcome.of(definition, found)
    for label in (GRU.label, ATTENTION.label):
        interval = outcome.interval(label, 4, "accuracy")
        assert interval is not None
        assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


def test_the_record_gives_back_what_it_was_given(tmp_path: Path) -> None:
    """A result survives the record bit for bit once it is shortened, and so do its verdicts."""
    definition, found = pairs(np.array([1 / 3, 2 / 3, 0.1]), np.array([1e-17, 0.2, 1 / 7]))
    short = shortened(found)
    path = tmp_path / "results.json"
    path.write_text(results_text({"tiny": short}), encoding="utf-8")
    assert read_results(path) == {"tiny": short}
    assert judge(definition, read_results(path)["tiny"]) == judge(definition, short)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ArgumentError, match="record of experiments"):
        read_results(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_on_record_is_of_the_definition(name: str) -> None:
    """Every experiment is on record as it is defined now: none was changed after it was run."""
    assert len(judge(define(name), read_results()[name])) == len(define(name).tests)


def test_definitions_refuse_what_makes_no_sense() -> None:
    """A test of what is not measured, or a comparison with nothing, is refused at once."""
    with pytest.raises(ArgumentError, match="learners and sizes"):
        tiny(tests=(Test("x", "above", Sample("nobody", "accuracy")),))
    with pytest.raises(ArgumentError, match="two samples"):
        tiny(tests=(Test("x", "greater", Sample(GRU.label, "accuracy")),))
    with pytest.raises(UnknownNameError, match="did you mean adding"):
        define("ading")
