"""Longest paths: how soon a node can end, how long is the way from its start to the end.

>>> tasks = Tasks.of([3, 2, 2], [(0, 2)])
>>> remaining(tasks).tolist(), urgency(tasks).tolist()
([5, 2, 2], [0, 3, 3])
"""

from __future__ import annotations

import math

import numpy as np

from .flat import Array
from .scheduling import Schedule, schedule
from .tasks import Tasks


def unbounded(tasks: Tasks) -> Schedule:
    """Return the schedule with as many processors as are wanted: every node as soon as it can."""
    if "unbounded" not in tasks.memory:
        tasks.memory["unbounded"] = schedule(tasks, math.inf)
    found: Schedule = tasks.memory["unbounded"]
    return found


def span(tasks: Tasks) -> int:
    """Return the steps of the longest path."""
    found = unbounded(tasks).makespan
    assert found is not None
    return found


def remaining(tasks: Tasks) -> Array:
    """Return by node the longest path from its start to the end."""
    if "remaining" not in tasks.memory:
        tasks.memory["remaining"] = _longest(tasks, tasks.length)
    return tasks.memory["remaining"]


def longest_wait(tasks: Tasks) -> int:
    """Return the most steps without an operation on one path."""
    if not tasks.waits.any():
        return 0
    return int(_longest(tasks, tasks.waits).max(initial=0))


def urgency(tasks: Tasks) -> Array:
    """Return by node how much shorter the path from there is than the longest one."""
    return span(tasks) - remaining(tasks)


def _longest(tasks: Tasks, steps: Array) -> Array:
    """Return by node the most steps on a path from there on."""
    own, starts, found = steps.tolist(), tasks.start_list, _zeros(tasks.count)
    reached, readers = memoryview(found), memoryview(tasks.readers)
    for node in unbounded(tasks).done[::-1].tolist():
        a, b = starts[node], starts[node + 1]
        if b - a > 16:
            after = int(found[tasks.readers[a:b]].max())
        else:
            after = max([reached[r] for r in readers[a:b].tolist()], default=0)
        reached[node] = own[node] + after
    return found


def _zeros(count: int) -> Array:
    return np.zeros(count, dtype=np.int64)
