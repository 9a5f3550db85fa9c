"""Performing a plan: tasks of a measured size, so many at a time, finished in any order.

Formulas are derived when their first points are due, so that the first results are there at once.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as waiting
from dataclasses import dataclass, field
from typing import Any

from ...graphs.programs import program
from .axes import box_at
from .cells import Chunk
from .evaluating import Job, finish
from .executing import DEFAULT, Seam, Serial, opened, told
from .formulas import Formula, formula_of
from .planning import Block, Part, Plan
from .predictions import prediction_of

FIRST_FORMULA, MOST_FORMULA = 1 << 16, 1 << 20
"""Points of the first task of a formula, and of the largest."""
MOST_EXECUTED = 4096
SECONDS = 1.0
"""How long a task should take."""
ALONE = 2.0
"""Seconds of work that are done here before a pool is started for what is left."""
READY = 4
"""Blocks whose formulas are derived ahead of their points, for each worker."""

Range = tuple[int, int]


@dataclass(slots=True)
class Pace:
    """How many points a task takes, from how long the last one of its kind took.

    >>> pace = Pace(first=1, most=4096)
    >>> pace.points("a")
    1
    >>> pace.learn("a", points=1, seconds=0.1)
    >>> pace.points("a")
    4
    >>> pace.learn("a", points=4, seconds=0.4)
    >>> pace.points("a")
    10
    """

    first: int
    most: int
    known: dict[Any, int] = field(default_factory=dict)

    def points(self, kind: Any) -> int:
        """Return how many points the next task should have."""
        return self.known.get(kind, self.first)

    def learn(self, kind: Any, *, points: int, seconds: float) -> None:
        """Remember how long a task took; sizes grow, so that the next is at most four times it."""
        right = int(points * SECONDS / max(seconds, 1e-6))
        self.known[kind] = max(1, min(right, 4 * points, self.most))


@dataclass(slots=True, eq=False)
class _Open:
    """A block with its formula, and what of it is still to be done."""

    block: Block
    formula: Formula
    gaps: deque[Range]


class Work:
    """A plan being performed: iterating does it, and yields what is finished, in any order.

    Parameters
    ----------
    plan
        What to do.
    gaps
        The ranges of points that are to be done, in order.
    executor
        Where; see :mod:`.executing`. The default starts its processes once they pay.
    """

    def __init__(self, plan: Plan, gaps: Iterable[Range], executor: str = DEFAULT) -> None:
        self._plan = plan
        self._executor = executor
        self._pace = Pace(1, MOST_EXECUTED) if plan.executed else Pace(FIRST_FORMULA, MOST_FORMULA)
        self._blocks = _in_blocks(plan, gaps)
        self._open: deque[_Open] = deque()
        self._pending: dict[Future[Any], Block | tuple[Block, deque[Range]]] = {}

    def __iter__(self) -> Iterator[Chunk]:
        """Do all tasks.

        Raises
        ------
        SweepError
            If the executor is not there, or is lost on the way.
        """
        if self._executor == DEFAULT:
            with opened("serial") as seam:
                yield from self._with(seam, until=time.monotonic() + ALONE)
            if not self._more():
                return
        with opened(self._executor) as seam:
            yield from self._with(seam)

    def _with(self, seam: Seam, *, until: float = math.inf) -> Iterator[Chunk]:
        while True:
            while len(self._pending) < 2 * seam.workers() and time.monotonic() < until:
                if not self._submit(seam):
                    break
            if not self._pending:
                return
            yield from self._finished(seam)

    def _more(self) -> bool:
        """Whether anything is left to do."""
        if self._open:
            return True
        following = next(self._blocks, None)
        if following is None:
            return False
        self._blocks = itertools.chain([following], self._blocks)
        return True

    def _submit(self, seam: Seam) -> bool:
        """Give the executor one more task; False if there is none."""
        derived = sum(isinstance(job, tuple) for job in self._pending.values())
        if derived + len(self._open) < READY:
            following = next(self._blocks, None)
            if following is not None:
                self._send(seam, following[0].part, following, *_asked(following[0]))
                return True
        if not self._open:
            return False
        job = self._job(self._open[0])
        self._send(seam, self._open[0].block.part, self._open[0].block, finish, job)
        if not self._open[0].gaps:
            self._open.popleft()
        return True

    def _job(self, found: _Open) -> Job:
        """Take the next points of a block."""
        block, part = found.block, found.block.part
        start, stop = found.gaps.popleft()
        box = box_at(start, stop, part.axes, most=self._pace.points(self._kind(block)))
        if box.stop < stop:
            found.gaps.appendleft((box.stop, stop))
        return Job(
            block.start + box.start,
            block.start + box.stop,
            box.lengths,
            box.arrays(part.axes),
            {name: (str(formula), program(formula)) for name, formula in part.tied.items()},
            found.formula,
            self._plan.spec.witnesses,
            part.subject,
            part.symbols,
            block.figure,
            block.setting,
            block.machine,
            block.task,
        )

    def _send(
        self, seam: Seam, part: Part, job: Any, function: Callable[..., Any], *args: Any
    ) -> None:
        """Submit a task.

        Models that no other process knows are worked on in this one; so are formulas, if nobody
        asked otherwise: they are evaluated faster than their values travel between processes.
        """
        cheap = function is finish and not args[0].formula.timed and not self._plan.executed
        here = (cheap and self._executor == DEFAULT) or not isinstance(part.subject, str)
        executor = Serial() if here else seam.executor
        try:
            self._pending[executor.submit(function, *args)] = job
        except Exception as error:
            raise told(error, seam) from error

    def _finished(self, seam: Seam) -> Iterator[Chunk]:
        """Wait for tasks, and take in what they made."""
        done, _ = waiting(self._pending, timeout=1.0, return_when=FIRST_COMPLETED)
        seam.check()
        failed: Exception | None = None
        for future in [f for f in self._pending if f in done]:
            job = self._pending.pop(future)
            try:
                result = future.result()
            except Exception as error:
                failed = failed or error
                continue  # what others have finished by then is kept
            if isinstance(job, tuple):
                self._open.append(_Open(job[0], result, job[1]))
                continue
            chunk = result.chunk
            self._pace.learn(self._kind(job), points=len(chunk), seconds=result.seconds)
            yield chunk
        if failed is not None:
            raise told(failed, seam) from failed

    def _kind(self, block: Block) -> Any:
        """What has a pace of its own: executed points, by what is executed."""
        if block.setting is None:
            return block.model, block.figure, block.task
        return (block.model, block.figure, block.setting) if self._plan.executed else None


def _asked(block: Block) -> tuple[Any, ...]:
    """Return what derives the formula of a block."""
    subject, symbols = block.part.subject, block.part.symbols
    if block.setting is not None:
        return formula_of, subject, symbols, block.figure, block.setting
    return prediction_of, subject, symbols, block.figure, block.machine, block.task


def _in_blocks(plan: Plan, gaps: Iterable[Range]) -> Iterator[tuple[Block, deque[Range]]]:
    """Yield each block that has gaps, with its gaps, counted from the block's first point."""
    block: Block | None = None
    own: deque[Range] = deque()
    for start, stop in gaps:
        while start < stop:
            if block is None or start >= block.stop:
                if block is not None:
                    yield block, own
                block, own = plan.around(start), deque()
            end = min(stop, block.stop)
            own.append((start - block.start, end - block.start))
            start = end
    if block is not None:
        yield block, own
