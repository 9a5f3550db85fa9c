"""Strips of a schedule: what a processor runs when, or how much of an equation runs when."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..analysis.simulation.scheduling import Schedule
    from ..analysis.simulation.tasks import Tasks

ROWS = 24
"""Equations that have a strip; those with less work share the last one."""
CUT = 160
"""Up to so many steps, one task is parted from the next."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of bars."""

    label: str
    bars: tuple[tuple[float, float, str, float], ...]
    """From when, until when, the primitive, and which part of the row's most."""
    cuts: tuple[int, ...] = ()
    """Where one task ends and another begins."""


def processor_strips(tasks: Tasks, found: Schedule, columns: int) -> list[Strip]:
    """Deal tasks out to processors, the one that is free the longest first."""
    count = int(found.processors)
    lanes: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    idle = [(0, lane) for lane in range(count)]
    pieces = found.pieces
    rows = zip(
        pieces.node.tolist(),
        pieces.begin.tolist(),
        pieces.units.tolist(),
        pieces.steps.tolist(),
        strict=True,
    )
    for node, begin, units, steps in rows:
        taken = [heapq.heappop(idle)[1] for _ in range(units)]
        for lane in taken:
            lanes[lane].append((begin, begin + steps, node))
            heapq.heappush(idle, (begin + steps, lane))
    end = found.makespan or 1
    return [_lane(tasks, k, lane, columns, end) for k, lane in enumerate(lanes)]


def _lane(
    tasks: Tasks, number: int, lane: list[tuple[int, int, int]], columns: int, end: int
) -> Strip:
    kinds = [tasks.kinds[k] for k in tasks.owner[[node for _, _, node in lane]]] if lane else []
    spans = [(a, b, kind) for (a, b, _), kind in zip(lane, kinds, strict=True)]
    if end > columns:  # what runs in the middle of each column
        begins = np.array([a for a, _, _ in spans] or [0])
        middles = (np.arange(columns) + 0.5) * end / columns
        at = np.searchsorted(begins, middles, side="right") - 1
        spans = [
            (k * end / columns, (k + 1) * end / columns, spans[j][2])  # type: ignore[misc]
            for k, j in enumerate(at.tolist())
            if j >= 0 and spans and spans[j][1] > middles[k]
        ]
    bars = tuple((a, b, kind, 1.0) for a, b, kind in _joined(spans))
    cuts = tuple(a for a, _, _ in lane[1:]) if end <= CUT else ()
    return Strip(str(number + 1), bars, cuts)


def _joined(spans: list[Any]) -> list[Any]:
    """Join bars of one kind that meet."""
    found: list[Any] = []
    for begin, stop, kind in spans:
        if found and found[-1][2] == kind and abs(found[-1][1] - begin) < 1e-9:
            found[-1] = (found[-1][0], stop, kind)
        else:
            found.append((begin, stop, kind))
    return found


def equation_strips(tasks: Tasks, found: Schedule, columns: int) -> list[Strip]:
    """Return how busy each equation is over time, those with the most work each by itself."""
    from ..analysis.simulation.liveness import busy
    from ..analysis.simulation.scheduling import Pieces

    pieces, end = found.pieces, found.makespan or 1
    owner = tasks.owner[pieces.node]
    work = np.bincount(owner, pieces.units * pieces.steps, minlength=len(tasks.names))
    largest = [int(k) for k in np.argsort(-work, kind="stable") if work[k]]
    alone = sorted(largest if len(largest) <= ROWS else largest[: ROWS - 1])
    groups = [(tasks.names[k], tasks.kinds[k], [k]) for k in alone]
    if len(largest) > len(alone):
        rest = largest[len(alone) :]
        groups.append((f"{len(rest)} others", "others", rest))
    columns = min(columns, end)
    strips = []
    for label, kind, members in groups:
        own = np.isin(owner, members)
        parts = (pieces.node, pieces.begin, pieces.units, pieces.steps)
        curve = busy(Pieces(*(x[own] for x in parts)))
        strips.append(Strip(label, _shades(curve.average(columns, end), kind, end)))
    return strips


def _shades(shares: Any, kind: str, end: int) -> tuple[tuple[float, float, str, float], ...]:
    """Return bars of five shades."""
    top, columns = float(shares.max()), len(shares)
    levels = [0 if s <= 0 else 1 + min(int(4 * s / top), 4) for s in shares.tolist()]
    bars, k = [], 0
    for level, run in itertools.groupby(levels):
        width = len(list(run))
        if level:
            bars.append((k * end / columns, (k + width) * end / columns, kind, level / 5))
        k += width
    return tuple(bars)
