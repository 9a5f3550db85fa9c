"""The profile of parallelism: how much runs at each depth, and how much of it no wait may touch.

With as many processors as are wanted, what is ready runs, so that the time of a task is its depth.
The area under the profile is the work in steps, its length is the span. A task is on a longest path
if nothing of the way through it can be later without the end being later.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.setting import Setting
>>> from ...graphs.tracing import trace
>>> found = profile(trace(CATALOGUE["rnn"]), Setting(), {"n": 3, "d": 4})
>>> found.work, found.span, found.running.values.tolist()
(18, 12, [4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from .building import tasks_of
from .liveness import Curve, busy
from .longest import remaining, span, unbounded
from .scheduling import Pieces


@dataclass(frozen=True, eq=False, slots=True)
class Profile:
    """How many operations run at each depth."""

    running: Curve
    """All that are ready, and so run."""
    critical: Curve
    """Of these, those on a longest path."""
    work: int
    """Steps of all operations together: the area under ``running``."""
    span: int
    """Steps of a longest path: the length of ``running``."""

    @property
    def mean(self) -> Fraction:
        """How many run on average; zero if nothing takes a step."""
        return Fraction(self.work, self.span) if self.span else Fraction(0)


def profile(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Profile:
    """Return the profile of a model's unrolled graph, in the setting's mode and unit.

    Raises
    ------
    TooLargeError
        If there would be too many nodes and edges; nothing was allocated.
    MeasureError
        If the model has no such mode, or the scope leaves operations out.
    """
    tasks = tasks_of(graph, setting, sizes)
    found, length = unbounded(tasks), span(tasks)
    urgent = found.begin + remaining(tasks) == length
    pieces = found.pieces
    own = urgent[pieces.node]
    critical = Pieces(pieces.node[own], pieces.begin[own], pieces.units[own], pieces.steps[own])
    return Profile(busy(pieces), busy(critical), tasks.work, length)
