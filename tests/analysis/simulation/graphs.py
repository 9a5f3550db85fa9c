"""Random task graphs, and the best schedule of small ones by trying everything."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from hypothesis import strategies as st

from workspan.analysis.simulation.scheduling import Schedule
from workspan.analysis.simulation.tasks import Tasks

Reads = Sequence[tuple[int, int]]


def task_graphs(most: int = 8, longest: int = 4) -> st.SearchStrategy[tuple[list[int], Reads]]:
    """Draw steps of tasks, and pairs of which the second waits for the first."""

    def of(count: int) -> st.SearchStrategy[tuple[list[int], Reads]]:
        pairs = [(i, j) for j in range(count) for i in range(j)]
        chosen = st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([])
        steps = st.lists(st.integers(0, longest), min_size=count, max_size=count)
        return st.tuples(steps, chosen)

    return st.integers(1, most).flatmap(of)


def optimum(steps: Sequence[int], reads: Reads, processors: int) -> int:
    """Return the least makespan of all schedules whose tasks run to their end."""
    before = {j: {i for i, k in reads if k == j} for j in range(len(steps))}

    @functools.cache
    def rest(running: frozenset[tuple[int, int]], left: frozenset[int]) -> int:
        """Return the least steps that are left, given how long running tasks still take."""
        going = {task for task, _ in running}
        ready = [j for j in left if not (before[j] & (left | going))]
        if not running and not ready:
            return 0
        found = []
        if len(running) < processors:
            found += [rest(running | {(j, steps[j])}, left - {j}) for j in ready]
        if running:
            step = min(k for _, k in running)
            later = frozenset((task, k - step) for task, k in running if k > step)
            found.append(step + rest(later, left))
        return min(found)

    instant = frozenset(range(len(steps)))
    return rest(frozenset(), instant)


def check(tasks: Tasks, found: Schedule) -> None:
    """Check that a schedule is one, and that no task waits beside a free processor."""
    assert found.makespan is not None
    begin, end, pieces = found.begin.tolist(), found.end.tolist(), found.pieces
    done: dict[int, int] = {}
    busy = [0] * (found.makespan + 1)
    rows = (pieces.node, pieces.begin, pieces.units, pieces.steps)
    for node, at, units, steps in zip(*(x.tolist() for x in rows), strict=True):
        assert begin[node] <= at
        assert at + steps <= end[node]
        done[node] = done.get(node, 0) + units * steps
        for t in range(at, at + steps):
            busy[t] += units
    assert max(busy) <= found.processors
    for node in range(tasks.count):
        chain = tasks.levels[tasks.shape[node]]
        assert done.get(node, 0) == sum(w * k for w, k in chain)
        sources = tasks.sources[tasks.start[node] : tasks.start[node + 1]].tolist()
        ready = max((end[s] for s in sources), default=0)
        assert begin[node] >= ready
        assert end[node] - begin[node] >= sum(k for _, k in chain)
        if chain:
            assert all(busy[t] == found.processors for t in range(ready, begin[node]))
