"""List scheduling: the laws that Graham, Brent and Hu proved, and what brute force finds."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.simulation.graphs import Reads, check, optimum, task_graphs
from tests.examples import examples
from workspan.analysis.simulation.bounds import guaranteed, interval, needed
from workspan.analysis.simulation.longest import remaining, span
from workspan.analysis.simulation.scheduling import PRIORITIES, ScheduleError, schedule
from workspan.analysis.simulation.searching import fewest, least
from workspan.analysis.simulation.tasks import Tasks

Drawn = tuple[list[int], Reads]

GRAHAM = (
    [3, 2, 2, 2, 4, 4, 4, 4, 9],
    [(0, 8), (3, 4), (3, 5), (3, 6), (3, 7)],
)
"""Graham 1969, figures 1 to 5: nine tasks in the order of their list."""


def listed(steps: list[int], reads: Reads, processors: int) -> int | None:
    """Return the makespan when the list is the order of the tasks."""
    tasks = Tasks.of(steps, reads)
    return schedule(tasks, processors, keys=np.arange(len(steps))).makespan


def test_anomalies_are_those_of_graham() -> None:
    """More processors, shorter tasks or fewer constraints take longer, as in Graham's figures."""
    steps, reads = GRAHAM
    assert listed(steps, reads, 3) == 12
    assert listed(steps, reads, 4) == 15
    assert listed([k - 1 for k in steps], reads, 3) == 13
    assert listed(steps, [r for r in reads if r not in {(3, 4), (3, 5)}], 3) == 16


@examples(60)
@given(task_graphs(), st.integers(1, 3), st.sampled_from(PRIORITIES))
def test_greedy_is_at_most_twice_the_best(drawn: Drawn, p: int, priority: str) -> None:
    """Law: optimum <= T_p <= (2 - 1/p) optimum (Graham 1966), against all schedules."""
    tasks, best = Tasks.of(*drawn), optimum(*drawn, p)
    found = schedule(tasks, p, priority=priority)
    check(tasks, found)
    assert found.makespan is not None
    assert best <= found.makespan <= (2 - Fraction(1, p)) * best
    lower, upper = interval(tasks.work, span(tasks), p)
    assert lower <= found.makespan <= upper


@examples(60)
@given(st.lists(st.integers(0, 20), max_size=7), st.integers(1, 3))
def test_critical_path_is_best_for_trees_of_unit_tasks(above: list[int], p: int) -> None:
    """Law: for unit tasks of which each is read by one later task, the longest path first is best
    (Hu 1961).
    """
    count = len(above) + 1
    reads = [(i, i + 1 + k % (count - i - 1)) for i, k in enumerate(above)]
    found = schedule(Tasks.of([1] * count, reads), p, priority="critical-path")
    assert found.makespan == optimum([1] * count, reads, p)


@examples(60)
@given(task_graphs(most=10), st.integers(0, 6), st.sampled_from(("fifo", "critical-path")))
def test_the_least_processors_are_the_first_that_reach_it(
    drawn: Drawn, more: int, priority: str
) -> None:
    """Law: of all numbers of processors the smallest is found, and the bound rules none out."""
    tasks = Tasks.of(*drawn)
    target = span(tasks) + more
    tried = ((p, schedule(tasks, p, priority=priority).makespan) for p in itertools.count(1))
    first = next(p for p, steps in tried if steps is not None and steps <= target)
    found = least(tasks, target, priority=priority)
    assert found.exact
    assert found.processors == first
    assert fewest(tasks, target) <= first
    assert needed(tasks.work, span(tasks), Fraction(target, max(span(tasks), 1))) <= first


@examples(40)
@given(task_graphs(), st.integers(0, 6), st.integers(1, 3))
def test_no_schedule_with_fewer_than_the_bound(drawn: Drawn, more: int, p: int) -> None:
    """Law: on fewer processors than the bound, even the best schedule takes longer."""
    tasks = Tasks.of(*drawn)
    target = span(tasks) + more
    if p < fewest(tasks, target):
        assert optimum(*drawn, p) > target


def test_a_search_that_gives_up_says_what_it_knows() -> None:
    """Without any effort, so many reach the span as are ever busy, and fewer than the bound do not."""
    tasks = Tasks.of([1] * 6 + [3], [])
    found = least(tasks, 3, effort=1)
    assert found.at_least <= least(tasks, 3).processors <= found.processors


@examples(40)
@given(task_graphs(most=12), st.sampled_from([Fraction(3, 2), Fraction(2), Fraction(5)]))
def test_so_many_always_reach_the_factor(drawn: Drawn, factor: Fraction) -> None:
    """Law: (W - S)/((f - 1) S) processors are within f times the span, by any list."""
    tasks = Tasks.of(*drawn)
    many = guaranteed(tasks.work, span(tasks), factor)
    assert many is not None
    for priority in PRIORITIES:
        found = schedule(tasks, many, priority=priority).makespan
        assert found is not None
        assert found <= factor * span(tasks)


def test_remaining_is_the_longest_way() -> None:
    """The longest path from each of Graham's tasks is what one adds up by hand."""
    assert remaining(Tasks.of(*GRAHAM)).tolist() == [12, 2, 2, 6, 4, 4, 4, 4, 9]


@pytest.mark.parametrize("p", [0, -1, 1.5])
def test_processors_are_whole(p: float) -> None:
    """Zero processors, or half of one, are an error that says so."""
    with pytest.raises(ScheduleError, match="expected at least one processor"):
        schedule(Tasks.of([1]), p)


def test_as_many_processors_as_wanted() -> None:
    """With infinitely many processors everything starts as soon as it can."""
    assert schedule(Tasks.of(*GRAHAM), math.inf).makespan == 12
