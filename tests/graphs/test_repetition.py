"""Repetition: the runs that are found are those that brute force finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspan.graphs.repetition import Run, runs

LABELS = st.lists(st.integers(0, 2), max_size=14)


def _repeats(labels: list[int], start: int, stop: int, period: int) -> bool:
    return all(labels[k] == labels[k + period] for k in range(start, stop - period))


@given(LABELS, st.integers(2, 4))
def test_runs_repeat_and_end_where_they_must(labels: list[int], fewest: int) -> None:
    """Law: what is in a run equals what comes a period later, and no longer stretch does."""
    for run in runs(labels, fewest=fewest):
        assert run.stop - run.start >= fewest * run.period
        assert _repeats(labels, run.start, run.stop, run.period)
        assert run.start == 0 or not _repeats(labels, run.start - 1, run.stop, run.period)
        assert run.stop == len(labels) or not _repeats(labels, run.start, run.stop + 1, run.period)


@given(LABELS, st.lists(st.integers(0, 2), min_size=1, max_size=5), st.integers(2, 5), LABELS)
def test_the_run_that_saves_most_comes_first(
    before: list[int], block: list[int], times: int, after: list[int]
) -> None:
    """Law: a block that is repeated is found, or something that saves as much."""
    labels = before + times * block + after
    found = runs(labels, fewest=times)
    assert [r.saved for r in found] == sorted((r.saved for r in found), reverse=True)
    least = Run(len(before), len(before) + times * len(block), len(block))
    holding = [
        r
        for r in found
        if r.start <= least.start and r.stop >= least.stop and least.period % r.period == 0
    ]
    assert holding
