"""What a picture of a model in time shows: tasks at positions and depths, and who waits for whom.

Tasks of one position that begin and end together, and depend on the same inputs, are one mark;
views and other tasks without steps are left out, and those that read them wait for what they show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from ...analysis.measured.cones import Cones, Place, Reach, cones_of, critical_path
from ...analysis.measured.span import Timed, timed
from ...analysis.modes import in_mode, in_training
from ...graphs.graph import Graph
from ...graphs.primitives import Input
from ...graphs.setting import Setting
from ...graphs.unrolling import Node

LARGEST_MARKS, LARGEST_LINES, LARGEST_ROWS = 600, 4000, 24


class TimelineError(ValueError):
    """A model that cannot be drawn in time; the message says what to do instead."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Tasks that are drawn as one."""

    row: int
    start: int
    end: int
    bits: int
    """The rows that it depends on."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A model at concrete sizes, in time."""

    name: str
    setting: Setting
    sizes: Mapping[str, int]
    rows: tuple[Place, ...]
    """Positions from top to bottom: those of inputs first."""
    reaches: tuple[Reach, ...]
    """What the first rows reach."""
    marks: Mapping[Mark, tuple[str, ...]]
    """With the names of their equations."""
    lines: tuple[tuple[Mark, Mark], ...]
    """The second waits for the first."""
    critical: tuple[Mark, ...]
    """The critical path."""
    span: int


def timeline(graph: Graph, setting: Setting, sizes: Mapping[str, int] | None = None) -> Timeline:
    """Lay a model out in time, every task as early as can be.

    Parameters
    ----------
    graph
        A traced model.
    setting
        Its unit is that of depth, its mode says which tasks there are.
    sizes
        Sizes that matter; the others are the small ones at which figures are measured.

    Raises
    ------
    TimelineError
        If there is no such mode, or too much to draw.
    ModeError, SizeError, TooLargeError
        From the graph at these sizes.
    """
    from ...analysis.api import points_of

    at = points_of(graph, [dict(sizes)] if sizes else ())[0]
    if setting.mode == "train":
        found = timed(in_training(graph, "span"), setting.but(mode="encode"), at)
    else:
        found = timed(graph, setting, at)
    if found is None:
        in_mode(graph, setting.mode)
        raise TimelineError(
            f"expected a mode of {graph.name}, got {setting.mode}: its outputs are no inputs"
        )
    return _laid_out(graph.name, setting, at, found)


def _laid_out(name: str, setting: Setting, at: Mapping[str, int], found: Timed) -> Timeline:
    cones = cones_of(found)
    tasks = [n for n in found.order if _is_task(found, n)]
    rows = _rows(found, cones, tasks)
    mark_of = {n: _mark(found, cones, rows, n) for n in tasks}
    names: dict[Mark, dict[str, None]] = {}
    for node in tasks:
        names.setdefault(mark_of[node], {})[node[0]] = None
    lines = _lines(found, mark_of)
    for count, most, what in (
        (len(rows), LARGEST_ROWS, "positions"),
        (len(names), LARGEST_MARKS, "marks"),
        (len(lines), LARGEST_LINES, "lines"),
    ):
        if count > most:
            told = ", ".join(f"{k}={v}" for k, v in at.items())
            raise TimelineError(
                f"expected at most {most} {what} to draw, got {count} for {name} at {told}; "
                "pass smaller sizes, such as n=4"
            )
    path = dict.fromkeys(mark_of[n] for n in critical_path(found) if n in mark_of)
    return Timeline(
        name,
        setting,
        at,
        rows,
        cones.reaches,
        {mark: tuple(names[mark]) for mark in sorted(names)},
        lines,
        tuple(path),
        max(found.finish.values()),
    )


def _is_task(found: Timed, node: Node) -> bool:
    return found.weight(node) > 0 or isinstance(found.seen.graph[node[0]].primitive, Input)


def _rows(found: Timed, cones: Cones, tasks: list[Node]) -> tuple[Place, ...]:
    """Return where inputs are, then where else tasks are, positions in order."""
    given = [reach.place for reach in cones.reaches]
    rest = {found.seen.place(n) for n in tasks} - set(given)
    return (*given, *sorted(rest, key=lambda p: (p is None, p or ("", 0))))


def _mark(found: Timed, cones: Cones, rows: tuple[Place, ...], node: Node) -> Mark:
    end = found.finish[node]
    return Mark(rows.index(found.seen.place(node)), end - found.weight(node), end, cones.bits[node])


def _lines(found: Timed, mark_of: Mapping[Node, Mark]) -> tuple[tuple[Mark, Mark], ...]:
    """Return who waits for whom, past what is not drawn."""
    shown: dict[Node, frozenset[Mark]] = {}
    lines: dict[tuple[Mark, Mark], None] = {}
    for node in found.order:
        before = frozenset(mark for p in found.digraph.pred[node] for mark in shown[p])
        own = mark_of.get(node)
        shown[node] = before if own is None else frozenset({own})
        if own is not None:
            lines.update(dict.fromkeys((mark, own) for mark in before if mark != own))
    return tuple(sorted(lines))


def drawn_path(found: Timeline) -> list[tuple[Mark, Mark]]:
    """Return the steps of the critical path from mark to mark."""
    return list(pairwise(found.critical))
