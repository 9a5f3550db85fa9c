"""Wall-clock scaling: times over sizes with one thread and with all, side by side.

Sizes are timed in turns, in a new order each turn, and the least of the repeats is kept, because
whatever else the machine does only adds time. What the times show of growth is for `scaling` to
say. The speedup from one thread to all is what parallelism = work/span buys on this machine. Times
are reported and never gate anything.

>>> from .scaling import spaced
>>> sizes = spaced(64, 1024, 5)
>>> found = observe("sum", lambda n: np.ones(n).sum, sizes, repeats=4, budget=0.0)
>>> len(found.one.seconds), found.one.repeats
(5, 4)
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import require_one_of
from .observations import EngineError
from .scaling import Scaling, check, disagreement, fit

Limit = Callable[[], AbstractContextManager[Any]]
Make = Callable[[int], Callable[[], object]]
"""From a size to a function without arguments that does the work: what it needs is made before."""

LEAST_SECONDS = 2e-4
"""One timing repeats the work until it takes this long at least; longer ones are disturbed more."""
QUIET, MOST_REPEATS, BUDGET = 0.1, 64, 20.0
"""More repeats are taken while there is more noise than this, up to so many, and so many seconds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The scaling with one thread and with all."""

    subject: str
    one: Scaling
    all: Scaling | None
    """None where threads cannot be chosen; ``note`` says why."""
    note: str = ""

    @property
    def speedup(self) -> tuple[float, ...]:
        """By size: the time with one thread over the time with all."""
        if self.all is None:
            return ()
        return tuple(a / b for a, b in zip(self.one.seconds, self.all.seconds, strict=True))


def observe(
    subject: str,
    make: Make,
    sizes: Sequence[int],
    *,
    library: str = "numpy",
    repeats: int = 8,
    budget: float = BUDGET,
    seed: int = 0,
) -> Timing:
    """Time work over sizes with one thread and with all threads, side by side.

    Parameters
    ----------
    subject
        What runs.
    make
        From a size to the work.
    sizes
        Five at least, the largest eight times the smallest; see `spaced`.
    library
        ``numpy`` or ``torch``: how threads are chosen.
    repeats
        How often at least each size is timed at each number of threads.
    budget
        After so many seconds, no more repeats are added because of noise.
    seed
        Seed of the order.
    """
    check(sizes, repeats)
    works = [make(n) for n in sizes]
    limits, note = threads(library)
    taken: dict[str, list[list[float]]] = {label: [] for label, _ in limits}
    calls = [_calls(work) for work in works]
    random = np.random.default_rng(seed)
    start, turn = time.perf_counter(), 0
    while turn < repeats or (
        turn < MOST_REPEATS
        and time.perf_counter() - start < budget
        and max(disagreement(np.asarray(rows)) for rows in taken.values()) > QUIET
    ):
        for label, limit in limits:
            with limit():
                taken[label].append(_turn(works, calls, random.permutation(len(works)).tolist()))
        turn += 1
    found = [fit(sizes, times, threads=label) for label, times in taken.items()]
    return Timing(subject, found[0], found[1] if len(found) > 1 else None, note)


def threads(library: str) -> tuple[list[tuple[str, Limit]], str]:
    """Return how to run with one thread and with all, and a note where that cannot be chosen."""
    require_one_of("library", library, ("numpy", "torch"))
    every = processors()
    if library == "torch":
        if importlib.util.find_spec("torch") is None:
            raise EngineError(
                'expected torch to be installed, it is not: pip install "workspan[torch]"'
            )
        return _columns(_torch, every)
    if importlib.util.find_spec("threadpoolctl") is None:
        note = "threads of NumPy as configured: choosing them needs threadpoolctl"
        return [("as configured", nullcontext)], note
    limits = importlib.import_module("threadpoolctl").threadpool_limits
    return _columns(limits, every)


def _columns(
    limit: Callable[[int], AbstractContextManager[Any]], every: int
) -> tuple[list[tuple[str, Limit]], str]:
    one: tuple[str, Limit] = ("1 thread", lambda: limit(1))
    if every == 1:
        return [one], "this process may use one processor only"
    return [one, (f"{every} threads", lambda: limit(every))], ""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _torch(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _turn(works: Sequence[Callable[[], object]], calls: list[int], order: list[int]) -> list[float]:
    """Time each work once; the first call only wakes the threads."""
    works[order[0]]()
    row = [0.0] * len(works)
    for k in order:
        row[k] = _seconds(works[k], calls[k])
    return row


def _calls(work: Callable[[], object]) -> int:
    """How many calls one timing takes; the first call, which warms up, does not count."""
    work()
    calls = 1
    while _seconds(work, calls) * calls < LEAST_SECONDS:
        calls *= 2
    return calls


def _seconds(work: Callable[[], object], calls: int) -> float:
    """Return the seconds of one call, with the garbage collector off."""
    with uncollected():
        start = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - start) / calls


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector free nothing in between that others have left behind."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
