"""The points of a sweep in their order: models, figures, settings, then sizes, the last fastest.

A model's points form blocks, one for each figure and setting, over the sizes that the model has.
Blocks are found by their index; no list of points exists anywhere.

>>> from .spec import convert
>>> plan = planned(convert({"models": ["rnn", "lstm"], "figures": ["work", "span"],
...                         "sizes": {"n": [8, 16], "d": [2, 3, 4]}, "setting": {"mac": [1, 2]}}))
>>> plan.total, plan.blocks
(48, 8)
>>> block = plan.block(5)
>>> block.model, block.figure, block.setting.mac, (block.start, block.stop)
('lstm', 'work', 2, (30, 36))
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ...graphs.graph import Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ..api import Model, graph_of
from ..machines.machine import Machine, MachineError, load
from ..machines.task import Task
from .axes import Axis, points
from .spec import Origin, Spec

MOST_POINTS = 100_000_000
MOST_EXECUTED = 100_000
"""Points that are measured or run."""


@dataclass(frozen=True, slots=True)
class Part:
    """The points of one model."""

    model: str
    subject: str | Graph
    """A name of the catalogue, which every process knows, or a graph."""
    axes: tuple[Axis, ...]
    tied: Mapping[str, Poly]
    start: int
    blocks: int

    @property
    def each(self) -> int:
        """The points of one block."""
        return points(*self.axes)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The sizes that are symbols of the formulas."""
        return (*(a.name for a in self.axes), *self.tied)


@dataclass(frozen=True, slots=True)
class Block:
    """The points of one model, figure and setting, or of one prediction on a machine."""

    part: Part
    figure: str
    start: int
    setting: Setting | None = None
    """None if it is a prediction."""
    machine: Machine | None = None
    task: Task | None = None

    @property
    def model(self) -> str:
        """The model's name."""
        return self.part.model

    @property
    def stop(self) -> int:
        """The index after the last point."""
        return self.start + self.part.each


@dataclass(frozen=True, slots=True)
class Plan:
    """All points of a sweep, by index."""

    spec: Spec
    parts: tuple[Part, ...]
    settings: tuple[Setting, ...]
    machines: tuple[Machine, ...] = ()
    tasks: tuple[Task, ...] = ()

    @property
    def total(self) -> int:
        """How many points there are."""
        return sum(p.blocks * p.each for p in self.parts)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return sum(p.blocks for p in self.parts)

    @property
    def executed(self) -> bool:
        """Whether points are measured or run."""
        return set(self.spec.witnesses) != {"derived"}

    def block(self, index: int) -> Block:
        """Return a block by its index."""
        ends = list(accumulate(p.blocks for p in self.parts))
        which = bisect_right(ends, index)
        part = self.parts[which]
        own = index - (ends[which] - part.blocks)
        start = part.start + own * part.each
        derived = len(self.spec.figures) * len(self.settings)
        if own < derived:
            figure, setting = divmod(own, len(self.settings))
            return Block(part, self.spec.figures[figure], start, self.settings[setting])
        rest, task = divmod(own - derived, len(self.tasks))
        figure, machine = divmod(rest, len(self.machines))
        chosen = self.machines[machine], self.tasks[task]
        return Block(part, self.spec.predict[figure], start, None, *chosen)

    def around(self, point: int) -> Block:
        """Return the block in which a point is."""
        before = 0
        for part in self.parts:
            if point < part.start + part.blocks * part.each:
                return self.block(before + (point - part.start) // part.each)
            before += part.blocks
        raise IndexError(point)

    def __iter__(self) -> Iterator[Block]:
        return (self.block(i) for i in range(self.blocks))


def planned(
    spec: Spec,
    *,
    models: Mapping[str, Model] | None = None,
    most: int = MOST_POINTS,
    origin: Origin = Origin(),  # noqa: B008 - frozen
    progress: Callable[[str], Any] | None = None,
) -> Plan:
    """Lay the points of a sweep out.

    Parameters
    ----------
    spec
        What is asked for.
    models
        Models besides those of the catalogue that the sweep may name.
    most
        The most points.
    origin
        Where the sweep is written down, for errors.
    progress
        Called with one line before each model.

    Raises
    ------
    SweepError
        If there is no such model, a model has a size that is not given, no model has a size that
        is, or there are too many points.
    """
    settings = spec.settings
    known: set[str] = set()
    parts: list[Part] = []
    machines, tasks = _machines(spec, origin), spec.tasks
    start, blocks = 0, len(spec.figures) * len(settings)
    blocks += len(spec.predict) * len(machines) * len(tasks)
    for name in spec.models:
        if progress is not None:
            progress(f"tracing {name}")
        part = _part(name, spec, models or {}, start, blocks, origin)
        known.update(part.symbols)
        parts.append(part)
        start += blocks * part.each
    foreign = [s for s in spec.sizes if s not in known]
    if foreign:
        raise origin.error(f"sizes.{foreign[0]}", "expected a size of a model, no model has it")
    plan = Plan(spec, tuple(parts), settings, machines, tasks)
    _bounded(plan, most, origin)
    return plan


def _machines(spec: Spec, origin: Origin) -> tuple[Machine, ...]:
    try:
        found = tuple(load(name) for name in spec.machines)
    except (MachineError, OSError) as error:
        raise origin.error("machines", str(error)) from None
    return found


def _part(
    name: str, spec: Spec, models: Mapping[str, Model], start: int, blocks: int, origin: Origin
) -> Part:
    subject = models.get(name, name)
    try:
        graph = graph_of(subject, [dict.fromkeys(spec.sizes, 1)])
    except GraphError as error:
        raise origin.error("models", str(error)) from None
    has = set(graph.free_sizes)
    axes = tuple(a for a in spec.axes if a.name in has)
    tied = {s: formula for s, formula in spec.tied.items() if s in has}
    needed = {s for formula in tied.values() for s in formula.sizes} - has
    axes = tuple(a for a in spec.axes if a.name in has | needed)
    missing = sorted(has - set(spec.sizes))
    if missing:
        raise origin.error(
            "sizes",
            f"expected values for {', '.join(missing)}, which {name} has; "
            f"such as {missing[0]} = [8, 16]",
        )
    return Part(name, subject if isinstance(subject, str) else graph, axes, tied, start, blocks)


def _bounded(plan: Plan, most: int, origin: Origin) -> None:
    limit = min(most, MOST_EXECUTED) if plan.executed else most
    if plan.total <= limit:
        return
    largest = max(plan.spec.axes, key=lambda a: len(a.values))
    executed = " that are measured or run" if plan.executed else ""
    way = "" if plan.executed and most >= MOST_EXECUTED else ", or raise --limit-points"
    raise origin.error(
        f"sizes.{largest.name}",
        f"expected at most {limit:,} points{executed}, got {plan.total:,}; "
        f"take fewer values, as of {largest.name} ({len(largest.values):,}){way}",
    )
