"""Memory with a limit, kept while a schedule runs.

>>> store = Store(Tasks.of([1, 1]), limit=5)
>>> store.room(0), store.fits(0), store.live
(0, True, 0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .tasks import Tasks

if TYPE_CHECKING:
    from .reserving import Plan


class Store:
    """Memory with a limit: a value is live from its start until its last reader has ended.

    What is read through a view is read by whoever reads the view.
    """

    def __init__(self, tasks: Tasks, limit: int, plan: Plan | None = None) -> None:
        self.limit, self.live, self.plan = limit, 0, plan
        self._size = np.where(tasks.holds, tasks.scalars, 0).tolist()
        self._holds = tasks.holds.tolist()
        uses = np.diff(tasks.read_start) + tasks.kept
        self._uses = uses.tolist()
        self._start = tasks.start.tolist()
        self._sources = memoryview(tasks.sources)

    def room(self, node: int) -> int:
        """Return how many scalars a node needs to start."""
        found: int = self._size[node]
        return found

    def fits(self, node: int) -> bool:
        """Whether a node's value has room now."""
        return self._size[node] == 0 or self.live + self._size[node] <= self.limit

    def take(self, node: int) -> None:
        """Allocate a node's value."""
        self.live += self._size[node]
        if self.plan is not None:
            self.plan.start(node)

    def over(self, node: int) -> None:
        """Free what nobody reads any more, now that a node has ended."""
        pending = []
        if self._holds[node]:
            pending.extend(self._read(node))
            if not self._uses[node]:
                self.live -= self._size[node]
        elif not self._uses[node]:
            pending.extend(self._read(node))
        while pending:
            source = pending.pop()
            self._uses[source] -= 1
            if self._uses[source]:
                continue
            if self._holds[source]:
                self.live -= self._size[source]
            else:
                pending.extend(self._read(source))

    def _read(self, node: int) -> list[int]:
        found: list[int] = self._sources[self._start[node] : self._start[node + 1]].tolist()
        return found
