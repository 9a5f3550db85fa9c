"""Charts: a figure of several models over two sizes, derived or predicted, as a map of winners.

>>> found = chart(("lstm", "causal_attention"), Window("n", "d", (1, 1000), (1, 100)), "decode_work")
>>> [(r.model, r.rule) for r in found.regions.regions][0]
('lstm', 'n > (8*d**2 + 17*d + 2)/(4*d + 6)')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs.graph import GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, SizeError, size
from ..deriving import derive
from ..figures import NAMES
from ..machines.machine import Machine
from ..machines.operations import OperationError
from ..machines.predicting import seconds
from ..machines.task import Task
from ..solving import UnsolvedError
from .candidates import Candidate, Model, candidate
from .costs import ROUNDING
from .regions import Regions, Run, Window, envelope, gathered

TIME = "time"
MORE = frozenset({"parallelism", "receptive_field"})
"""Figures of which more is better: who has most wins."""
FIGURES = (*NAMES, TIME)
PROBES = 160
"""Sizes on a row at which times are compared before turns between two of them are bisected."""
TIMED_ROWS = 80
"""Rows of a map of times."""


class ChartError(ValueError):
    """A map that makes no sense; the message names the argument and the way out."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A map, and what it is of."""

    figure: str
    setting: Setting
    regions: Regions
    formulas: Mapping[str, Poly]
    """By model, in the two sizes of the map; empty for times."""
    grades: Mapping[str, str]
    excluded: Mapping[str, str]
    """Models that have no such figure, and why."""
    fixed: Mapping[str, int]
    """All other sizes."""
    machine: Machine | None = None
    task: Task | None = None

    @property
    def window(self) -> Window:
        """The sizes that it shows."""
        return self.regions.window


def chart(
    models: Sequence[Model],
    window: Window,
    figure: str,
    sizes: Mapping[str, int] | None = None,
    *,
    setting: Setting | None = None,
    machine: Machine | None = None,
    task: Task | None = None,
) -> Chart:
    """Map who has least of a figure where.

    Parameters
    ----------
    sizes
        All sizes besides those of the window; what is not named is assumed and told.
    setting
        Of derived figures.
    machine, task
        For the figure ``time``.

    Raises
    ------
    ChartError
        If there is no such figure, or no model that has it.
    """
    if figure not in FIGURES:
        raise ChartError(f"expected a figure of {', '.join(FIGURES)}, got {figure!r}")
    if (figure == TIME) != (machine is not None):
        raise ChartError(
            "expected a machine for the figure time, such as --machine a100, got none"
            if machine is None
            else f"expected the figure time on a machine, got {figure!r}"
        )
    setting, task = setting or Setting(), task or Task("encode")
    if machine is not None and task.mode == "generate":
        raise ChartError("expected mode encode, prefill, decode or train for times, got generate")
    asked = {**(sizes or {}), window.x: window.across[0], window.y: window.up[0]}
    chosen = [candidate(model, asked) for model in models]
    known = {s for one in chosen for s in one.sizes}
    foreign = [s for s in asked if s not in known]
    if foreign:
        raise ChartError(
            f"expected sizes that one of the models has ({', '.join(sorted(known))}), "
            f"got {foreign[0]}"
        )
    fixed = {
        s: v
        for one in chosen
        for s, v in one.sizes.items()
        if s not in {window.x, window.y} and not (s == "f" and s in one.assumed)
    }
    fixed = dict(sorted(fixed.items()))
    if machine is not None:
        return _timed(chosen, window, fixed, setting, machine, task)
    formulas: dict[str, Poly] = {}
    grades, excluded = {}, {}
    for one in chosen:
        found = derive(figure, one.graph, setting)
        if found.formula is None:
            excluded[one.name] = found.reason or "no formula"
            continue
        below = [s for s, v in found.least.items() if s in fixed and one.sizes.get(s, v) < v]
        if below:
            excluded[one.name] = f"its formula holds for {below[0]} >= {found.least[below[0]]}"
            continue
        window = _within(window, found.least)
        formulas[one.name] = found.formula.substitute(_others(one, window))
        grades[one.name] = found.grade or ""
    if not formulas:
        raise ChartError(f"expected a model with a formula for {figure}, got: {_first(excluded)}")
    try:
        sign = -1 if figure in MORE else 1
        regions = envelope({name: sign * cost for name, cost in formulas.items()}, window)
    except UnsolvedError as error:
        raise ChartError(f"expected formulas whose order can be solved, got: {error}") from None
    return Chart(figure, setting, regions, formulas, grades, excluded, fixed)


def _within(window: Window, least: Mapping[str, int]) -> Window:
    """Return the part of a window in which a formula holds."""
    try:
        return window.above(least)
    except UnsolvedError as error:
        raise ChartError(str(error)) from None


def _others(one: Candidate, window: Window) -> dict[str, Poly | int]:
    """Return all sizes besides the window's; a width f that nobody named stays four times d."""
    found: dict[str, Poly | int] = {
        s: v for s, v in one.sizes.items() if s not in {window.x, window.y}
    }
    if "f" in one.assumed and "d" in {window.x, window.y}:
        found["f"] = 4 * size("d")
    return found


def _first(excluded: Mapping[str, str]) -> str:
    return next((f"{name}: {why}" for name, why in excluded.items()), "no models")


# --- times ----------------------------------------------------------------------------------------


def _timed(
    chosen: Sequence[Candidate],
    window: Window,
    fixed: Mapping[str, int],
    setting: Setting,
    machine: Machine,
    task: Task,
) -> Chart:
    excluded: dict[str, str] = {}
    kept: dict[str, Candidate] = {}
    for one in chosen:
        try:
            seconds(one.graph, one.sizes, machine, task)
        except (OperationError, GraphError, SizeError, UnsolvedError) as error:
            excluded[one.name] = str(error)
        else:
            kept[one.name] = one
    if not kept:
        raise ChartError(f"expected a model whose time is predicted, got: {_first(excluded)}")
    few = window.at_most(TIMED_ROWS)
    timer = _Timer(kept, few, machine, task)
    rows = {y: tuple(timer.runs(y)) for y in few.rows}
    regions = gathered(few, rows, tuple(kept))
    grades = dict.fromkeys(kept, "predicted")
    return Chart(TIME, setting, regions, {}, grades, excluded, fixed, machine, task)


@dataclass(frozen=True, slots=True)
class _Timer:
    """Who is fastest on a row."""

    models: Mapping[str, Candidate]
    window: Window
    machine: Machine
    task: Task

    def times(self, names: Sequence[str], y: int, xs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the seconds of models at sizes of a row."""
        found = []
        for name in names:
            one = self.models[name]
            sizes: dict[str, Any] = {**one.sizes, self.window.x: xs, self.window.y: y}
            if "f" in one.assumed and "d" in {self.window.x, self.window.y}:
                sizes["f"] = 4 * sizes["d"]
            value = seconds(one.graph, sizes, self.machine, self.task)
            found.append(np.broadcast_to(np.asarray(value, dtype=float), xs.shape))
        return np.stack(found)

    def winners(self, names: Sequence[str], y: int, xs: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """Return who is fastest at each size."""
        table = self.times(names, y, xs)
        least = table.min(axis=0)
        return [
            tuple(
                name
                for name, value in zip(names, column, strict=True)
                if value <= best * (1 + ROUNDING)
            )
            for column, best in zip(table.T, least, strict=True)
        ]

    def runs(self, y: int) -> Iterator[Run]:
        """Yield the runs of a row: from probe to probe, each turn bisected among those at its ends."""
        low, high = self.window.across
        spread = np.geomspace(low, high, PROBES).round().astype(np.int64)
        xs = np.unique(np.clip(spread, low, high))
        found = self.winners(tuple(self.models), y, xs)
        start = low
        for k in range(1, len(xs)):
            left = int(xs[k - 1])
            while found[k - 1] != found[k]:
                last = self._last(found[k - 1], found[k], y, left, int(xs[k]))
                yield Run(start, last, found[k - 1])
                start, left = last + 1, last + 1
                found[k - 1] = self._at(found[k - 1], found[k], y, start)
        yield Run(start, high, found[-1])

    def _at(self, one: tuple[str, ...], other: tuple[str, ...], y: int, x: int) -> tuple[str, ...]:
        names = tuple(dict.fromkeys((*one, *other)))
        return self.winners(names, y, np.asarray([x]))[0]

    def _last(
        self, one: tuple[str, ...], other: tuple[str, ...], y: int, inside: int, outside: int
    ) -> int:
        """Return the last size before ``outside`` up to which the first winners win."""
        while outside - inside > 1:
            middle = (inside + outside) // 2
            if self._at(one, other, y, middle) == one:
                inside = middle
            else:
                outside = middle
        return inside
