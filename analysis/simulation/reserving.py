"""Room that is kept for what comes earlier in order, so that a schedule never gets stuck.

One processor in order needs so much memory step by step; let l(k) be what is live in its k-th task.
If other tasks have started beside a beginning of that order, then in its k-th task no more is live
than l(k) and the values of those that started early and come later in order: whatever else is done
can only have freed more. So a task may start early if at each k from the first that has not started
up to its own place that sum, with its own value, stays within the limit; and when nothing runs, the
first that has not started is ready, and fits. (Dijkstra 1965 keeps the banker safe in this way, with
an order in which all can be paid.)
"""

from __future__ import annotations

import numpy as np

from .flat import Array
from .liveness import live
from .scheduling import schedule
from .tasks import Tasks

WIDTH = 512
"""Places that are added to and compared at once."""


class Plan:
    """Which tasks may start early."""

    def __init__(self, tasks: Tasks, limit: int) -> None:
        base = schedule(tasks, 1, priority="order")
        curve = live(tasks, base)
        runs = np.flatnonzero(tasks.length > tasks.waits)
        runs = runs[np.argsort(base.begin[runs], kind="stable")]
        self.peak = curve.peak
        """What one processor in order needs."""
        self._limit, self._first = limit, 0
        self._place = {node: k for k, node in enumerate(runs.tolist())}
        self._size = np.where(tasks.holds, tasks.scalars, 0).tolist()
        self._started = [False] * len(runs)
        at = np.searchsorted(curve.times, base.begin[runs], side="right") - 1
        self._load: Array = curve.values[at].astype(np.int64)
        buckets = range(0, len(runs), WIDTH)
        self._top = np.array([self._load[k : k + WIDTH].max() for k in buckets], dtype=np.int64)
        self._more = np.zeros(len(self._top), dtype=np.int64)

    def allows(self, node: int) -> bool:
        """Whether a task may start now."""
        place = self._place.get(node, 0)
        if place <= self._first or not self._size[node]:
            return True
        return self._most(self._first, place) + self._size[node] <= self._limit

    def start(self, node: int) -> None:
        """Start a task."""
        place = self._place.get(node)
        if place is None:
            return
        if place > self._first and self._size[node]:
            self._add(self._first, place, self._size[node])
        self._started[place] = True
        while self._first < len(self._started) and self._started[self._first]:
            self._first += 1

    def _most(self, begin: int, end: int) -> int:
        """Return the most of some places."""
        first, last = begin // WIDTH, (end - 1) // WIDTH
        found = [
            int(self._load[max(begin, k * WIDTH) : min(end, (k + 1) * WIDTH)].max() + self._more[k])
            for k in {first, last}
        ]
        if last - first > 1:
            inner = slice(first + 1, last)
            found.append(int((self._top[inner] + self._more[inner]).max()))
        return max(found)

    def _add(self, begin: int, end: int, value: int) -> None:
        """Add to some places."""
        first, last = begin // WIDTH, (end - 1) // WIDTH
        for k in {first, last}:
            self._load[max(begin, k * WIDTH) : min(end, (k + 1) * WIDTH)] += value
            self._top[k] = self._load[k * WIDTH : (k + 1) * WIDTH].max()
        self._more[first + 1 : last] += value
