"""The verdicts of an experiment: its pre-stated tests, on its numbers, corrected for being several.

Verdicts are never kept: they are computed from the numbers of every seed whenever they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..runs.intervals import Interval
from . import statistics
from .cells import Cell, Result, checked, numbers
from .definition import Definition, Test

CONFIRMED, OPEN = "confirmed", "not confirmed"
SHARES = ("accuracy", "share", "learned")
"""Metrics that lie between 0 and 1."""
CERTAIN = 0.999
"""The level of the interval whose lower end may not be above a prediction."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one test."""

    test: Test
    interval: Interval | None
    """Of the difference, the mean, or the share of numbers that keep to the prediction."""
    p: float | None
    """The p-value alone; None for predictions, of which none may fail."""
    adjusted: float | None
    """The p-value, adjusted for the other tests of the experiment."""
    verdict: str
    told: str
    """The numbers, in words."""

    @property
    def confirmed(self) -> bool:
        """Whether the test confirms its statement."""
        return self.verdict == CONFIRMED


def judge(definition: Definition, result: Result) -> tuple[Judged, ...]:
    """Return what becomes of each test of an experiment.

    Raises
    ------
    ArgumentError
        If the result is not one of this definition.
    """
    cells = checked(definition, result).cells
    values = [_p(test, cells) for test in definition.tests]
    tried = iter(statistics.holm([p for p in values if p is not None]))
    return tuple(
        _foreseen(test, definition, cells)
        if p is None
        else _judged(test, definition, cells, p, next(tried))
        for test, p in zip(definition.tests, values, strict=True)
    )


def _p(test: Test, cells: Sequence[Cell]) -> float | None:
    left = numbers(cells, test.left)
    match test.relation:
        case "greater":
            assert test.right is not None
            return statistics.greater(left, numbers(cells, test.right))
        case "above":
            return statistics.above(left, test.value)
        case "below":
            return statistics.below(left, test.value)
        case "within":
            return statistics.within(left, test.value, test.margin)
    return None


def _judged(
    test: Test, definition: Definition, cells: Sequence[Cell], p: float, adjusted: float
) -> Judged:
    left, level = numbers(cells, test.left), definition.level
    if test.right is None:
        interval = statistics.mean(left, level=level)
        told = f"{test.left.metric} {interval}"
    else:
        right = numbers(cells, test.right)
        interval = statistics.difference(left, right, level=level)
        means = [sum(side) / len(side) for side in (left, right)]
        told = f"{test.left.metric} {means[0]:.3g} against {means[1]:.3g}, difference {interval}"
    verdict = CONFIRMED if adjusted <= definition.alpha else OPEN
    return Judged(test, interval, p, adjusted, verdict, told)


def _foreseen(test: Test, definition: Definition, cells: Sequence[Cell]) -> Judged:
    """Hold every number against its prediction; a number counts with what chance may have added.

    A prediction that nothing can break tests nothing, so it is left out.
    """
    label, metric, examined = test.left.learner, test.left.metric, definition.training.examined
    most = {p.size: p.most for p in definition.predictions if p.learner == label and p.most < 1}
    seen = [
        (value, most[cell.size])
        for cell in cells
        if cell.learner == label and cell.size in most
        for value in cell.values[metric]
    ]
    if not seen:
        told = f"its state holds all at every {definition.along}, so nothing is tested"
        return Judged(test, None, None, None, OPEN, told)
    lowest = [
        statistics.wilson(round(value * examined), examined, level=CERTAIN).low for value, _ in seen
    ]
    kept = sum(low <= limit for low, (_, limit) in zip(lowest, seen, strict=True))
    nearest = max(value / limit for value, limit in seen)
    interval = statistics.wilson(kept, len(seen), level=definition.level)
    told = f"{kept} of {len(seen)} keep to it, the largest is {nearest:.3g} of its prediction"
    return Judged(test, interval, None, None, CONFIRMED if kept == len(seen) else OPEN, told)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An experiment with all that it showed."""

    definition: Definition
    result: Result
    tests: tuple[Judged, ...]

    @classmethod
    def of(cls, definition: Definition, result: Result) -> Outcome:
        """Judge a result."""
        return cls(definition, result, judge(definition, result))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric that is shown, and further ones that tests speak of."""
        return tuple(
            dict.fromkeys([self.definition.metric, *(t.left.metric for t in self.definition.tests)])
        )

    def interval(self, label: str, size: int, metric: str) -> Interval | None:
        """Return the mean over seeds with its interval; None if the learner has no such metric.

        The interval of a share ends at 0 and 1, as the share itself does.
        """
        cell = next(c for c in self.result.cells if (c.learner, c.size) == (label, size))
        values = cell.values.get(metric)
        if values is None:
            return None
        found = statistics.mean(values, level=self.definition.level)
        if metric not in SHARES:
            return found
        return Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0), found.level)
