"""Memory over a schedule: which values are live when, and how much they are at most.

A value is live from the start of its node until its last reader has ended; what is read through a
view is read by whoever reads the view. Inputs are live from the beginning, outputs to the end;
parameters are not counted. Values that end with a step are gone before the next ones start.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.setting import Setting
>>> from ...graphs.tracing import trace
>>> from .scheduling import schedule
>>> from .building import tasks_of
>>> tasks = tasks_of(trace(CATALOGUE["rnn"]), Setting(), {"n": 3, "d": 4})
>>> live(tasks, schedule(tasks, 1)).peak
20
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .flat import Array
from .scheduling import Pieces, Schedule
from .tasks import Tasks


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """A number that changes at some steps."""

    times: Array
    values: Array
    """From each of the times on, up to the next."""

    @property
    def peak(self) -> int:
        """The largest value."""
        return int(self.values.max(initial=0))

    def average(self, columns: int, end: int) -> Array:
        """Return the mean over each of so many equal parts of the time up to an end."""
        edges = np.linspace(0, end, columns + 1)
        bounds = np.append(self.times, max(end, int(self.times[-1]) if len(self.times) else 0))
        area = np.concatenate(([0.0], np.cumsum(self.values * np.diff(bounds))))
        return np.diff(np.interp(edges, bounds, area)) * columns / end


def _curve(times: Array, changes: Array) -> Curve:
    """Sum up changes."""
    order = np.argsort(times, kind="stable")
    values = np.cumsum(changes[order])
    times = times[order]
    last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return Curve(times[last], values[last])


def busy(pieces: Pieces) -> Curve:
    """Return how many processors are busy: the profile of parallelism."""
    times = np.concatenate(([0], pieces.begin, pieces.begin + pieces.steps))
    return _curve(times, np.concatenate(([0], pieces.units, -pieces.units)))


def live(tasks: Tasks, found: Schedule) -> Curve:
    """Return how many scalars are live.

    Raises
    ------
    ValueError
        If the schedule got stuck.
    """
    if found.makespan is None:
        raise ValueError("expected a whole schedule, this one got stuck")
    held = np.flatnonzero(tasks.holds & (tasks.scalars > 0))
    freed = _until(tasks, found)[held]
    sizes, begin = tasks.scalars[held], found.begin[held]
    lasting = freed > begin
    times = np.concatenate(([0], begin[lasting], freed[lasting]))
    return _curve(times, np.concatenate(([0], sizes[lasting], -sizes[lasting])))


def _until(tasks: Tasks, found: Schedule) -> Array:
    """Return by node until when its value is needed: by its readers, or by those of views of it."""
    assert found.makespan is not None
    beyond, views = found.makespan + 1, ~tasks.holds  # outputs are held beyond the end
    read = found.end.copy()
    read[views & tasks.kept] = beyond
    reads, starts, readers = memoryview(read), tasks.start_list, memoryview(tasks.readers)
    for view in found.done[views[found.done]][::-1].tolist():  # whoever reads it comes first
        own = readers[starts[view] : starts[view + 1]].tolist()
        reads[view] = max([reads[view], *[reads[r] for r in own]])
    needed = found.end.copy()
    needed[tasks.kept] = beyond
    targets = np.repeat(np.arange(tasks.count), np.diff(tasks.start))
    np.maximum.at(needed, tasks.sources, read[targets])
    return needed
