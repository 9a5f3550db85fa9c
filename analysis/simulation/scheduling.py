"""List scheduling: whenever a processor is free, it starts the first task of a list that can start.

Graham 1969, *Bounds on multiprocessing timing anomalies*. Tasks run to their end. The list is in
order of becoming ready (``fifo``), in order of the schedule in order (``order``), or by the longest
path that is left, the longest first (``critical-path``; Hu 1961, *Parallel sequencing and assembly
line problems*).

>>> tasks = Tasks.of([3, 2, 2], [(0, 2)])
>>> [schedule(tasks, p).makespan for p in (1, 2, math.inf)]
[7, 5, 5]
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .flat import Array
from .store import Store
from .tasks import Tasks

PRIORITIES = ("fifo", "critical-path", "order")
WIDE = 48
"""From so many readers on, they are told of their source all at once."""

Processors: TypeAlias = int | float
"""How many there are; ``math.inf`` for as many as are wanted."""


class ScheduleError(ValueError):
    """A schedule that cannot be made as asked; the message says what is missing."""


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """What ran: unit tasks of one level of a node that were started together."""

    node: Array
    begin: Array
    units: Array
    """How many processors they ran on."""
    steps: Array
    """For how long: several rounds, if there were more unit tasks than processors."""


@dataclass(frozen=True, eq=False, slots=True)
class Schedule:
    """A schedule of tasks."""

    processors: Processors
    priority: str
    makespan: int | None
    """None if it got stuck: nothing that was ready had room in memory."""
    begin: Array
    """By node, when it started (for one without levels, when it was ready); -1 if it never did."""
    end: Array
    done: Array
    """Nodes in the order in which they ended."""
    pieces: Pieces
    stuck: Stuck | None = None


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where a schedule with too little memory came to an end."""

    at: int
    """The step."""
    live: int
    """Scalars that were live then."""
    needed: int
    """What the smallest value that could have been computed next needs, with what was live."""


def schedule(
    tasks: Tasks,
    processors: Processors,
    *,
    priority: str = "fifo",
    keys: Array | None = None,
    memory: int | None = None,
    careful: bool = False,
) -> Schedule:
    """Schedule tasks on processors.

    Parameters
    ----------
    priority
        One of :data:`PRIORITIES`.
    keys
        By node, its place in a list of one's own, instead of a priority: the smallest first. For
        ``critical-path`` these are :func:`.longest.urgency`, which are computed if not given.
    memory
        How many scalars may be live. What would not fit is not started; what is ready behind it
        and fits is.
    careful
        Whether room is kept for what comes earlier in order, so that it gets stuck only if one
        processor in order does (:mod:`.reserving`); the priority is then the order.

    Raises
    ------
    ScheduleError
        If there is no processor, or no such priority.
    """
    if processors != math.inf and (processors != int(processors) or processors < 1):
        raise ScheduleError(f"expected at least one processor, got {processors}")
    if priority not in PRIORITIES:
        raise ScheduleError(f"expected a priority of {', '.join(PRIORITIES)}, got {priority!r}")
    plan = None
    if careful and memory is not None:
        from .reserving import Plan

        plan, priority = Plan(tasks, memory), "order"
    if keys is None and priority == "critical-path":
        from .longest import urgency

        keys = urgency(tasks)
    if keys is None and priority == "order":
        keys = tasks.order
    width = tasks.work + 1 if processors == math.inf else int(processors)
    store = None if memory is None else Store(tasks, memory, plan)
    machine = _Machine(tasks, width, keys, drift=priority == "critical-path", store=store)
    stuck = machine.run()
    return Schedule(
        processors,
        priority,
        None if stuck else int(machine.end.max(initial=0)),
        machine.begin,
        machine.end,
        np.array(machine.done, dtype=np.int64),
        Pieces(*(np.array(x, dtype=np.int64) for x in machine.pieces)),
        stuck,
    )


class _Machine:
    """Processors, a clock, tasks that are ready and tasks that run."""

    def __init__(
        self, tasks: Tasks, width: int, keys: Array | None, *, drift: bool, store: Store | None
    ) -> None:
        self.tasks, self.width, self.free = tasks, width, width
        self.begin = np.full(tasks.count, -1, dtype=np.int64)
        self.end = np.full(tasks.count, -1, dtype=np.int64)
        self.done: list[int] = []
        self.pieces: tuple[list[int], ...] = ([], [], [], [])
        self._keys = None if keys is None else keys.tolist()
        self._drift = drift
        self._turn = itertools.count()
        self._level = [0] * tasks.count
        self._left: dict[int, int] = {}
        """Unit tasks of the level at hand that have not started, if some have."""
        self._due: dict[int, list[tuple[int, int, bool]]] = {}
        """By step, what ends then: a node, processors, and whether its level is over."""
        self._times: list[int] = []
        self._store = store
        self._ready: dict[int, list[int]] = {0: []}
        """By the room that is needed, a heap of keys and nodes."""

    def run(self) -> Stuck | None:
        """Run until nothing is left, or nothing fits."""
        now, advance = 0, self._advance()
        while True:
            self._start(now, advance)
            if not self._times:
                break
            now = heapq.heappop(self._times)
            due = self._due.pop(now)
            self.free += sum(units for _, units, _ in due)
            advance([node for node, _, over in due if over], now)
        if len(self.done) == self.tasks.count:
            return None
        assert self._store is not None, "every task that is not done waits for one that is ready"
        smallest = min(size for size, queue in self._ready.items() if queue)
        return Stuck(now, self._store.live, self._store.live + smallest)

    def _start(self, now: int, advance: Callable[[list[int], int], None]) -> None:
        """Start what can start now."""
        queue: list[int] | None = self._ready[0]
        shape, levels, level = self.tasks.shape_list, self.tasks.levels, self._level
        count, begin, left = self.tasks.count, self.begin, self._left
        nodes, begins, units, steps = self.pieces
        while self.free:
            if self._store is not None:
                queue = self._fitting()
            if not queue:
                return
            node = queue[0] % count
            chain, at = levels[shape[node]], level[node]
            if at == 0 and node not in left:
                begin[node] = now
                if self._store is not None:
                    self._store.take(node)
            if not chain:  # a value that takes memory and no time
                heapq.heappop(queue)
                advance([node], now)
                continue
            width, length = chain[at]
            wanted = left.get(node, width) if width > 1 else 1
            rounds, taken = 1, wanted
            if wanted > self.free:
                taken = self.free
                if taken == self.width:  # all run it, round after round, until others are ready
                    rounds = wanted // taken
                    if self._times:
                        rounds = max(1, min(rounds, (self._times[0] - now) // length))
            nodes.append(node)
            begins.append(now)
            units.append(taken)
            steps.append(rounds * length)
            over = taken * rounds >= wanted
            self.free -= taken
            self._end(now + rounds * length, (node, taken, over))
            if over:
                heapq.heappop(queue)
                if width > 1:
                    left.pop(node, None)
            else:
                left[node] = wanted - taken * rounds
                if self._store is not None and queue is not self._ready[0]:
                    heapq.heappush(self._ready[0], heapq.heappop(queue))  # it has its room

    def _end(self, when: int, what: tuple[int, int, bool]) -> None:
        due = self._due.get(when)
        if due is None:
            self._due[when] = [what]
            heapq.heappush(self._times, when)
        else:
            due.append(what)

    def _fitting(self) -> list[int] | None:
        """Return the queue whose first task is the first of all that have room."""
        assert self._store is not None
        room = self._store.limit - self._store.live
        fitting = [q for size, q in self._ready.items() if q and size <= room]
        if self._store.plan is not None:
            # Of one size, what comes later in order is not allowed either.
            count = self.tasks.count
            fitting = [q for q in fitting if self._store.plan.allows(q[0] % count)]
        return min(fitting, key=lambda q: q[0], default=None)

    def _advance(self) -> Callable[[list[int], int], None]:
        """Release what waits for nothing; return the function that ends levels, and what follows."""
        tasks, shape, levels, level = (
            self.tasks,
            self.tasks.shape_list,
            self.tasks.levels,
            self._level,
        )
        count, end, done, keys, store = tasks.count, self.end, self.done, self._keys, self._store
        starts, readers = tasks.start_list, memoryview(tasks.readers)
        waiting = np.diff(tasks.start)
        left, turn, ready, drift = memoryview(waiting), self._turn, self._ready, self._drift

        def push(node: int, now: int) -> bool:
            """Make a node's level at hand ready, or wait for it; False if there is none."""
            chain, at = levels[shape[node]], level[node]
            if not chain and (store is None or store.fits(node)):
                self.begin[node] = now
                if store is not None:
                    store.take(node)
                return False
            if chain and not chain[at][0]:
                if at == 0:
                    self.begin[node] = now
                self._end(now + chain[at][1], (node, 0, True))
                return True
            key = next(turn) if keys is None else keys[node] + (at if drift else 0)
            room = 0 if store is None or at else store.room(node)
            heapq.heappush(ready.setdefault(room, []), key * count + node)
            return True

        def advance(nodes: list[int], now: int) -> None:
            """End a level of some nodes; of no level, if they have none."""
            ended = []
            for node in nodes:
                level[node] += 1
                if level[node] < len(levels[shape[node]]):
                    push(node, now)
                else:
                    ended.append(node)
            for node in ended:  # it grows: views end as soon as they are ready
                end[node] = now
                done.append(node)
                if store is not None:
                    store.over(node)
                a, b = starts[node], starts[node + 1]
                if b - a > WIDE:
                    told = tasks.readers[a:b]
                    waiting[told] -= 1
                    released = told[waiting[told] == 0].tolist()
                else:
                    released = []
                    for reader in readers[a:b].tolist():
                        rest = left[reader] - 1
                        left[reader] = rest
                        if not rest:
                            released.append(reader)
                ended.extend([reader for reader in released if not push(reader, now)])

        advance([node for node in np.flatnonzero(waiting == 0).tolist() if not push(node, 0)], 0)
        return advance
