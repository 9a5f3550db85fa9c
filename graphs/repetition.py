"""Repetition: the runs of a sequence in which the same labels come again and again.

>>> runs([7, 1, 2, 1, 2, 1, 2, 9, 3, 3, 3], fewest=3)
[Run(start=1, stop=7, period=2), Run(start=8, stop=11, period=1)]

Windows of 1, 2, 4, ... labels are numbered by doubling (Karp, Miller and Rosenberg 1972, *Rapid
identification of repeated patterns in strings, trees and arrays*); how far apart equal windows are
gives the periods to try.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbours of which each is equal to the one a period later, the last period excepted."""

    start: int
    stop: int
    period: int

    @property
    def times(self) -> int:
        """How many whole periods there are."""
        return (self.stop - self.start) // self.period

    @property
    def saved(self) -> int:
        """How many labels are left out if one period stands for all."""
        return (self.times - 1) * self.period


def runs(labels: Sequence[int], *, fewest: int = 2) -> list[Run]:
    """Return the runs of at least ``fewest`` periods, those that save most first."""
    found = [
        run
        for period in periods(labels, longest=len(labels) // fewest)
        for run in _with_period(np.asarray(labels), period)
        if run.times >= fewest
    ]
    return sorted(found, key=lambda r: (-r.saved, r.period, r.start))


def periods(labels: Sequence[int], *, longest: int) -> list[int]:
    """Return the distances between a window and the next one that is equal, for all widths 2**k.

    >>> periods([1, 2, 1, 2, 1, 2], longest=3)
    [2]
    """
    found: set[int] = set()
    windows, width = list(labels), 1
    while width <= longest:
        latest: dict[int, int] = {}
        repeated = False
        for k, window in enumerate(windows):
            if window in latest:
                found.add(k - latest[window])
                repeated = True
            latest[window] = k
        if not repeated:
            break
        numbers: dict[tuple[int, int], int] = {}
        pairs = zip(windows, windows[width:], strict=False)
        windows = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        width *= 2
    return sorted(p for p in found if p <= longest)


def _with_period(labels: np.ndarray, period: int) -> list[Run]:
    """Return the longest stretches of at least one period that are equal to what comes later."""
    differs = np.flatnonzero(labels[period:] != labels[:-period])
    edges = np.concatenate(([-1], differs, [len(labels) - period]))
    long = np.flatnonzero(np.diff(edges) > period)
    return [Run(int(edges[k]) + 1, int(edges[k + 1]) + period, period) for k in long]
