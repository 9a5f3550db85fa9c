"""Wall-clock scaling: the slope of time over size, and the growth classes that are not ruled out.

Sizes are timed in turns, in a new order each turn, and the least of the repeats is kept, because
whatever else the machine does only adds time. A class g is *not ruled out* if times a + c g(n) with
overhead a >= 0 and c > 0 lie within the noise at every size. Noise is what the repeats show of it,
and a factor of `DRIFT` beside it, by which the cost of one operation may change over the range
(caches, vector units). So a few milliseconds on a busy machine leave several classes: the answer is
then that one cannot tell. Times are reported and never gate anything.

>>> sizes = [64, 128, 256, 512, 1024, 2048, 4096]
>>> times = [[1e-6 * n**2 * (1 + 0.01 * k) for n in sizes] for k in range(4)]
>>> found = fit(sizes, times)
>>> found.possible, round(found.slope.estimate, 6), found.answer
(('n^2',), 2.0, 'n^2 is the only class that is not ruled out')
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, RunError, require_one_of
from .intervals import Interval, slope
from .observations import EngineError

Floats = NDArray[np.float64]
Make = Callable[[int], Callable[[], object]]
"""From a size to a function without arguments that does the work: what it needs is made before."""

CLASSES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "1": lambda n: 1.0,
        "log n": lambda n: math.log(n),
        "n": lambda n: n,
        "n log n": lambda n: n * math.log(n),
        "n^2": lambda n: n**2,
        "n^3": lambda n: n**3,
    }
)
"""Growth classes by name."""

DRIFT = 1.5
"""By which factor the cost of one operation may change between the smallest and largest size."""
LEAST_SIZES, LEAST_RATIO, LEAST_REPEATS = 5, 8, 4
LEAST_SECONDS = 2e-4
"""One timing repeats the work until it takes this long at least; longer ones are disturbed more."""
QUIET, MOST_REPEATS, BUDGET = 0.1, 64, 20.0
"""More repeats are taken while there is more noise than this, up to so many, and so many seconds."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """What times over sizes show."""

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    """By size: the least of the repeats."""
    repeats: int
    noise: float
    """The relative difference between the least of half of the repeats and of the other half."""
    slope: Interval
    """Of log time over log size, by least squares."""
    possible: tuple[str, ...]
    """The classes that are not ruled out, of `CLASSES`."""
    threads: str = ""
    """How many threads ran, or why that is not known."""

    @property
    def answer(self) -> str:
        """Say what is known of the growth."""
        if len(self.possible) == 1:
            return f"{self.possible[0]} is the only class that is not ruled out"
        if not self.possible:
            return "cannot tell: no single class with an overhead fits all sizes"
        return f"cannot tell between {', '.join(self.possible)}"


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
        and max(_noise(np.asarray(rows)) for rows in taken.values()) > QUIET
    ):
        for label, limit in limits:
            with limit():
                taken[label].append(_turn(works, calls, random.permutation(len(works)).tolist()))
        turn += 1
    found = [fit(sizes, times, threads=label) for label, times in taken.items()]
    return Timing(subject, found[0], found[1] if len(found) > 1 else None, note)


def spaced(low: int, high: int, count: int = 8) -> tuple[int, ...]:
    """Return whole sizes from low to high, evenly spaced in their logarithm.

    >>> spaced(16, 128, 4)
    (16, 32, 64, 128)
    """
    found = np.geomspace(low, high, count)
    return tuple(dict.fromkeys(round(x) for x in found.tolist()))


def fit(
    sizes: Sequence[int],
    times: Sequence[Sequence[float]] | Floats,
    *,
    drift: float = DRIFT,
    noise: float | None = None,
    threads: str = "",
) -> Scaling:
    """Put seconds [repeats, sizes] against sizes.

    Parameters
    ----------
    drift
        The factor by which the cost of one operation may change over the range; 1 for none.
    noise
        A bound on the relative error of the least times; what the repeats show of it if not given.
    """
    table = np.asarray(times, dtype=np.float64)
    check(sizes, len(table))
    if table.shape != (len(table), len(sizes)):
        raise ArgumentError(f"expected {len(sizes)} times a repeat, got shape {table.shape}")
    if not (np.isfinite(table) & (table > 0)).all():
        raise RunError("expected positive finite times, got others")
    least = table.min(axis=0)
    shown = _noise(table) if noise is None else noise
    width = (1 + shown) * math.sqrt(drift) * (1 + 1e-9)  # what fits to rounding fits
    possible = tuple(
        name
        for name, growth in CLASSES.items()
        if fits([growth(n) for n in sizes], least / width, least * width)
    )
    line = slope(np.log(sizes).tolist(), np.log(least).tolist())
    seconds = tuple(float(t) for t in least)
    return Scaling(tuple(sizes), seconds, len(table), shown, line, possible, threads)


def fits(growth: Sequence[float], low: Floats, high: Floats) -> bool:
    """Whether some a >= 0 and c > 0 have low <= a + c growth <= high at every size.

    At the largest size c growth must make up half of the time at least, or else a large enough
    overhead would hide any class whatever. By Fourier and Motzkin: a lies above each of
    ``low - c g`` and 0 and below each of ``high - c g`` and ``c g`` at the largest size; each pair
    of these bounds is one inequality for c.
    """
    g = np.asarray(growth, dtype=np.float64) / growth[-1]
    # a >= p - q c, for each size and for zero; a <= r - s c, for each size and for the half.
    p, q = np.append(low, 0.0), np.append(g, 0.0)
    r, s = np.append(high, 0.0), np.append(g, -1.0)
    room = (r[None, :] - p[:, None]).ravel()
    rate = (s[None, :] - q[:, None]).ravel()  # c rate <= room
    if (room[rate == 0] < 0).any():
        return False
    above, below = rate > 0, rate < 0
    most = (room[above] / rate[above]).min(initial=math.inf)
    least = (room[below] / rate[below]).max(initial=0.0)
    return bool(most > 0 and least <= most * (1 + 1e-12))


def check(sizes: Sequence[int], repeats: int) -> None:
    """Refuse too few sizes, too small a range, or too few repeats to say anything."""
    increasing = all(a < b for a, b in pairwise(sizes))
    if len(sizes) < LEAST_SIZES or not increasing or sizes[0] < 2:
        raise ArgumentError(
            f"expected at least {LEAST_SIZES} increasing sizes from 2 on, got sizes={list(sizes)}"
        )
    if sizes[-1] < LEAST_RATIO * sizes[0]:
        raise ArgumentError(
            f"expected the largest size to be {LEAST_RATIO} times the smallest, "
            f"got {sizes[0]} to {sizes[-1]}"
        )
    if repeats < LEAST_REPEATS:
        raise ArgumentError(f"expected at least {LEAST_REPEATS} repeats, got repeats={repeats}")


def threads(
    library: str,
) -> tuple[list[tuple[str, Callable[[], AbstractContextManager[Any]]]], str]:
    """Return how to run with one thread and with all, and a note where that cannot be chosen."""
    require_one_of("library", library, ("numpy", "torch"))
    every = _processors()
    if library == "torch":
        if importlib.util.find_spec("torch") is None:
            raise EngineError(
                'expected torch to be installed, it is not: pip install "workspan[torch]"'
            )
        return [("1 thread", lambda: _torch(1)), (f"{every} threads", lambda: _torch(every))], ""
    if importlib.util.find_spec("threadpoolctl") is None:
        note = "threads of NumPy as configured: choosing them needs threadpoolctl"
        return [("as configured", nullcontext)], note
    limits = importlib.import_module("threadpoolctl").threadpool_limits
    return [("1 thread", lambda: limits(1)), (f"{every} threads", lambda: limits(every))], ""


def _processors() -> int:
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
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - start) / calls
    finally:
        if collecting:
            gc.enable()


def _noise(table: Floats) -> float:
    """Return twice the largest relative difference between the least times of two halves.

    Twice, because a half of the repeats is a harder test than all of them, but a difference can be
    small by chance at a few sizes; the largest over the sizes makes that unlikely.
    """
    halves = np.stack([table[0::2].min(axis=0), table[1::2].min(axis=0)])
    return float(2 * (halves.max(axis=0) / halves.min(axis=0)).max() - 2)
