"""Simulate: put a model on processors, and say how long it takes, and from when on more are idle.

>>> found = simulate("lstm", at={"n": 8, "d": 4}, processors=(1, 2, ..., math.inf))
>>> [(run.processors, run.makespan) for run in found.runs]
[(1, 112), (2, 79), (4, 67), (8, 65), (16, 64), (inf, 64)]
>>> found.enough.processors, str(found.formulas.upper)
(9, '8*n + 6*n/p')
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..api import LARGEST, Model, Progress, graph_of, points_of
from ..deriving import derive
from .bounds import Formulas, formulas, guaranteed, interval, needed, value_at
from .building import tasks_of
from .levels import SCALAR
from .liveness import Curve, busy, live
from .longest import longest_wait, span, unbounded
from .scheduling import PRIORITIES, Processors, Schedule, ScheduleError, Stuck, schedule
from .searching import Least, least, within
from .tasks import Tasks

Asked: TypeAlias = "Sequence[int | float | EllipsisType]"
"""Numbers of processors; an ellipsis continues the progression before it."""

DEFAULT: Asked = (1, 2, 4, ..., math.inf)
FACTOR = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12}|/[1-9][0-9]{0,11})?", re.ASCII)
LONGEST = 64
"""How many numbers of processors are tried at most, without being named one by one."""


@dataclass(frozen=True, slots=True)
class Run:
    """A schedule on some processors."""

    processors: Processors
    makespan: int | None
    """None if memory was too small: ``stuck`` says where."""
    stuck: Stuck | None
    lower: Fraction
    upper: Fraction
    """Brent's interval."""
    unlimited: int
    """The makespan without a limit of memory."""
    unlimited_peak: int | None
    """The most scalars that are live then; None in unit layer."""
    speedup: Fraction | None
    """How many times as long one processor takes."""
    utilisation: Fraction | None
    """Which part of the processors' time is spent on tasks; None for infinitely many."""
    busy: Curve
    """How many processors are busy over time: the profile of parallelism."""
    live: Curve | None
    """How many scalars are live over time; None in unit layer, and if it got stuck."""
    careful: bool
    """Whether it would have got stuck, and room was kept for what comes earlier in order."""
    schedule: Schedule = field(repr=False)

    @property
    def inside(self) -> bool:
        """Whether it lies in Brent's interval; a limit of memory may take it beyond."""
        return self.lower <= self.unlimited <= self.upper


@dataclass(frozen=True, slots=True)
class Simulation:
    """A model on processors."""

    model: str
    setting: Setting
    at: Mapping[str, int]
    priority: str
    memory: int | None
    factor: Fraction
    work: int
    """Steps of all processors together."""
    span: int
    waits: int
    """The most steps on one path that have no operation and are only waited for."""
    nodes: int
    """How many nodes take steps."""
    runs: tuple[Run, ...]
    enough: Least
    """From how many processors on more do not help: how few reach the span."""
    near: Least
    """How few are within ``factor`` of the span."""
    needed: int
    """Fewer cannot be within the factor."""
    guaranteed: int | None
    """So many always are."""
    formulas: Formulas
    inputs: int
    parameters: int
    """Scalars of inputs, which are live from the beginning, and of parameters, which are not counted
    with what is live."""
    workspace: int | None
    """The figure *workspace* at these sizes, to compare with one processor in order; None for others."""
    sequential: int | None
    """How many scalars are enough for one processor in order, if a schedule got stuck."""
    tasks: Tasks = field(repr=False)

    @property
    def scalar(self) -> bool:
        """Whether tasks are scalar operations."""
        return self.setting.unit in SCALAR

    @property
    def derived(self) -> tuple[Fraction | None, Fraction | None]:
        """Work and span from their formulas."""
        return self.formulas.at(self.at)

    @property
    def agree(self) -> bool:
        """Whether all runs are in the interval, and formulas are what was simulated."""
        work, depth = self.derived
        same = work is None or math.ceil(work) == self.work
        return same and depth in (None, self.span) and all(r.inside for r in self.runs)


def simulate(
    model: Model,
    *,
    at: Mapping[str, int] | None = None,
    processors: Asked = DEFAULT,
    setting: Setting | None = None,
    priority: str = "fifo",
    memory: int | None = None,
    factor: float | Fraction | str = 2,
    progress: Progress | None = None,
) -> Simulation:
    """Schedule a model's unrolled graph on processors, and hold the makespans against the interval.

    Parameters
    ----------
    model
        A name of the catalogue, a graph, or a model function.
    at
        Sizes; usual small ones for those that are not named.
    processors
        How many, one schedule for each: whole numbers, ``math.inf``, and ``...`` to continue the
        progression before it until more do not help.
    setting
        What is counted. In unit tensor or layer a task is one equation at one position; in unit
        scalar or unbounded a task is a scalar operation, and a node has levels of them.
    priority
        ``fifo`` (what is ready first), ``critical-path`` (what has the longest way to go), ``order``
        (as the schedule in order has it).
    memory
        How many scalars may be live; None for any number. Where the list gets stuck, the schedule is
        in order, with room kept for what comes earlier: it gets stuck only where one processor does.
    factor
        Within which the span is to be reached, at least 1.
    progress
        Called with one line before each schedule.

    Raises
    ------
    GraphError, SizeError, SettingError
        For a model, a size or a setting that makes no sense, TooLargeError among them.
    ScheduleError
        For processors, a priority, memory or a factor that make no sense.
    MeasureError
        If the model has no such mode.

    Examples
    --------
    Attention on four positions has four tasks for each of the queries, keys and values at first:

    >>> found = simulate("attention", at={"n": 4, "d": 8}, processors=(1, 4, math.inf))
    >>> [run.makespan for run in found.runs], found.enough.processors
    ([48, 12, 8], 12)
    >>> str(found.formulas.needed), str(found.formulas.guaranteed), found.near.processors
    ('3*n/4', '3*n/2 - 1', 4)
    """
    setting = setting or Setting()
    ratio = _checked(priority, memory, factor, setting)
    asked, tell = progression(processors), progress or (lambda line: None)
    graph, sizes = _subject(model, at)
    tell(f"{graph.name}: unrolling")
    tasks = tasks_of(graph, setting, sizes)
    tell(f"{graph.name}: infinitely many processors")
    depth, waits = span(tasks), longest_wait(tasks)
    alone = schedule(tasks, 1, priority=priority).makespan if waits else None
    known = (alone or tasks.work, depth, waits)
    runs: list[Run] = []
    for p in asked(lambda: bool(runs) and runs[-1].unlimited <= depth):
        tell(f"{graph.name}: {p} processors")
        runs.append(_run(tasks, p, priority, memory, known, setting))
    tell(f"{graph.name}: how many are enough")
    enough = least(tasks, depth, priority=priority)
    near = least(tasks, within(tasks, ratio), priority=priority)
    tell(f"{graph.name}: formulas")
    return Simulation(
        graph.name,
        setting,
        sizes,
        priority,
        memory,
        ratio,
        tasks.work,
        depth,
        waits,
        int(np.count_nonzero(tasks.length)),
        tuple(runs),
        enough,
        near,
        needed(tasks.work, depth, ratio),
        guaranteed(tasks.work, depth, ratio, waits),
        formulas(graph, setting, ratio, waits=waits > 0),
        int(tasks.scalars[tasks.given].sum()),
        tasks.parameters,
        _workspace(graph, setting, sizes) if priority == "order" else None,
        _sequential(tasks) if any(run.stuck for run in runs) else None,
        tasks,
    )


def _subject(model: Model, at: Mapping[str, int] | None) -> tuple[Graph, Mapping[str, int]]:
    """Return the graph to simulate, and a size for each of its symbols."""
    for name, value in (at or {}).items():
        if isinstance(value, int) and value > LARGEST:
            raise SizeError(f"expected {name} to be at most {LARGEST:,}, got {name}={value}")
    given = () if at is None else (at,)
    graph = graph_of(model, given)
    return graph, points_of(graph, given)[0]


def _sequential(tasks: Tasks) -> int:
    """Return how many scalars are live at most on one processor in order."""
    return live(tasks, schedule(tasks, 1, priority="order")).peak


def _workspace(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    found = value_at(derive("workspace", graph, setting), sizes)
    return None if found is None else int(found)


def _run(
    tasks: Tasks,
    processors: Processors,
    priority: str,
    memory: int | None,
    known: tuple[int, int, int],
    setting: Setting,
) -> Run:
    alone, depth, waits = known
    free = _unlimited(tasks, processors, priority)
    found, careful = free, False
    if memory is not None:
        found, careful = _limited(tasks, processors, priority, memory)
    steps, unlimited = found.makespan, free.makespan
    assert unlimited is not None
    lower, upper = interval(tasks.work, depth, processors, waits)
    part = None if processors == math.inf or not steps else Fraction(tasks.work, steps)
    followed = setting.unit != "layer"
    curve = live(tasks, found) if followed and steps is not None else None
    free_curve = curve if found is free or not followed else live(tasks, free)
    return Run(
        processors,
        steps,
        found.stuck,
        lower,
        upper,
        unlimited,
        None if free_curve is None else free_curve.peak,
        Fraction(alone, steps) if steps else None,
        None if part is None else part / int(processors),
        busy(found.pieces),
        curve,
        careful,
        found,
    )


def _unlimited(tasks: Tasks, processors: Processors, priority: str) -> Schedule:
    """Return the schedule without a limit of memory."""
    if processors >= busy(unbounded(tasks).pieces).peak:  # as if there were no end of them
        return replace(unbounded(tasks), processors=processors, priority=priority)
    return schedule(tasks, processors, priority=priority)


def _limited(
    tasks: Tasks, processors: Processors, priority: str, memory: int
) -> tuple[Schedule, bool]:
    """Return the schedule within memory, and whether room had to be kept for what comes earlier."""
    found = schedule(tasks, processors, priority=priority, memory=memory)
    if found.stuck is None:
        return found, False
    again = schedule(tasks, processors, memory=memory, careful=True)
    return (found, False) if again.stuck else (again, True)


def _checked(priority: str, memory: int | None, factor: Any, setting: Setting) -> Fraction:
    if priority not in PRIORITIES:
        raise ScheduleError(f"expected a priority of {', '.join(PRIORITIES)}, got {priority!r}")
    if memory is not None and memory < 1:
        raise ScheduleError(f"expected memory for at least one scalar, got {memory}")
    if memory is not None and setting.unit == "layer":
        raise ScheduleError(
            "expected unit tensor, scalar or unbounded with a limit of memory, got layer, "
            "where most values are computed in no time"
        )
    if not FACTOR.fullmatch(str(factor)):
        raise ScheduleError(f"expected a factor such as 2 or 1.5, got {str(factor)[:40]}")
    ratio = Fraction(str(factor))
    if ratio < 1:
        raise ScheduleError(f"expected a factor of at least 1, got {factor}: the span is the least")
    return ratio


def progression(asked: Asked) -> Any:
    """Return a function that yields numbers of processors until more do not help.

    An ellipsis continues what is before it: by the ratio of the last two numbers if that is whole,
    or else by their difference; up to the number after it, or until the function that it is given
    says that the last one was enough.

    >>> list(progression((1, 2, ..., 9, math.inf))(lambda: False))
    [1, 2, 4, 8, 9, inf]
    """
    for p in asked:
        whole = isinstance(p, int) and not isinstance(p, bool) and p >= 1
        if not (p is ... or p == math.inf or whole):
            raise ScheduleError(
                f"expected whole numbers of processors of at least 1, or inf, got {p}"
            )
    for k, p in enumerate(asked):
        before = [x for x in asked[max(k - 2, 0) : k] if isinstance(x, int)]
        if p is ... and (len(before) < 2 or before[0] >= before[1]):
            raise ScheduleError(
                "expected two rising numbers of processors before ..., such as 1,2,...,inf"
            )
    if not asked:
        raise ScheduleError("expected a number of processors, got none")

    def numbers(enough: Any) -> Iterator[Processors]:
        for k, p in enumerate(asked):
            if not isinstance(p, EllipsisType):
                yield p
                continue
            first, last = asked[k - 2 : k]
            assert isinstance(first, int) and isinstance(last, int)  # noqa: PT018
            following = asked[k + 1] if k + 1 < len(asked) else math.inf
            end = math.inf if following is ... else following
            for _ in range(LONGEST):
                first, last = last, last // first * last if last % first == 0 else 2 * last - first
                if enough() or last >= end:
                    break
                yield last

    return numbers
