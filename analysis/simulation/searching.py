"""How few processors are enough for a makespan: searched, and bounded from below.

List scheduling is not monotone: a processor more can lengthen it (Graham 1969). So the smallest
number is known only once every smaller one is ruled out, by a bound or by trying it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .bounds import guaranteed
from .flat import Array
from .liveness import busy
from .longest import longest_wait, remaining, span, unbounded
from .scheduling import schedule
from .tasks import Tasks

EFFORT = 3_000_000
"""Levels and nodes that one search may schedule, all its trials together (about five seconds)."""


@dataclass(frozen=True, slots=True)
class Least:
    """How many processors reach a makespan."""

    makespan: int
    """At most this is to be reached."""
    processors: int
    """So many reach it."""
    at_least: int
    """Fewer than so many do not; equal to ``processors`` if that is the smallest number."""

    @property
    def exact(self) -> bool:
        """Whether it is the smallest number."""
        return self.processors == self.at_least


def least(tasks: Tasks, makespan: int, *, priority: str = "fifo", effort: int = EFFORT) -> Least:
    """Find the smallest number of processors whose schedule takes no longer than a makespan.

    Parameters
    ----------
    makespan
        At least the span.
    effort
        How many nodes and levels may be scheduled; past it what is known by then is returned.
    """
    depth, low = span(tasks), fewest(tasks, makespan)
    high = max(1, busy(unbounded(tasks).pieces).peak)
    always = guaranteed(tasks.work, depth, Fraction(makespan, depth or 1), longest_wait(tasks))
    high = high if always is None else min(high, always)
    each = tasks.count + tasks.stages
    trials, known = max(effort // each, 1), dict[int, bool]()

    def reached(p: int) -> bool:
        if p not in known:
            found = schedule(tasks, p, priority=priority).makespan
            assert found is not None
            known[p] = found <= makespan
        return known[p]

    bottom = low
    while bottom < high and len(known) < trials:
        middle = (bottom + high) // 2
        if reached(middle):
            high = middle
        else:
            bottom = middle + 1
    while low < high and (low in known or len(known) < trials):
        if reached(low):
            high = low
        else:
            low += 1
    return Least(makespan, high, low)


def fewest(tasks: Tasks, makespan: int) -> int:
    """Return a number of processors below which no schedule takes so few steps.

    What must have ended by a step, and what cannot have begun before one, has to fit in the time
    before and after it (Fernandez and Bussell 1973, *Bounds on the number of processors and time
    for multiprocessor optimal schedules*, for intervals at either end).
    """
    assert makespan >= span(tasks)
    if not tasks.work:
        return 1
    begin, units = _levels(tasks)
    latest = makespan - remaining(tasks)
    due, amount = _sums(latest[units[0]] + units[1] + units[3], units[2] * units[3])
    must = max((-(-int(a) // int(t)) for t, a in zip(due, np.cumsum(amount), strict=True)))
    start, amount = _sums(begin[units[0]] + units[1], units[2] * units[3])
    left = np.cumsum(amount[::-1])[::-1]
    can = max((-(-int(a) // int(makespan - t)) for t, a in zip(start, left, strict=True)))
    return max(must, can)


def _levels(tasks: Tasks) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    """Return when nodes can begin, and levels: node, steps before it, unit tasks, steps."""
    columns: tuple[list[Array], ...] = ([], [], [], [])
    for k, chain in enumerate(tasks.levels):
        nodes, before = np.flatnonzero(tasks.shape == k), 0
        for width, steps in chain:
            if width and len(nodes):
                columns[0].append(nodes)
                for column, value in zip(columns[1:], (before, width, steps), strict=True):
                    column.append(np.full_like(nodes, value))
            before += steps
    node, before_, width_, steps_ = (np.concatenate(c) for c in columns)
    return unbounded(tasks).begin, (node, before_, width_, steps_)


def _sums(keys: Array, amounts: Array) -> tuple[Array, Array]:
    """Sum amounts of equal keys, in rising order of keys."""
    found, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(found), dtype=np.int64)
    np.add.at(sums, place.reshape(-1), amounts)
    return found, sums


def within(tasks: Tasks, factor: Fraction) -> int:
    """Return the whole steps within a factor of the span."""
    return math.floor(factor * span(tasks))
