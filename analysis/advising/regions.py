"""Who wins where: the sizes at which each model has least of a figure, along solved boundaries.

>>> from ...graphs.sizes import poly
>>> costs = {"lstm": poly("16*d**2*n"), "attention": poly("8*d**2*n + 4*d*n**2")}
>>> found = envelope(costs, Window("n", "d", (1, 10_000), (1, 200)))
>>> [(r.model, r.rule) for r in found.regions]
[('lstm', 'n > 2*d'), ('attention', 'n < 2*d')]
>>> [(run.first, run.last, run.winners) for run in found.rows[64]]
[(1, 127, ('attention',)), (128, 128, ('lstm', 'attention')), (129, 10000, ('lstm',))]

Notes
-----
A row is one value of the size on the vertical axis. On it, all costs are functions of the other
size, and the order of any two of them is known at every whole number (:mod:`..comparing.segments`),
so a row has no grid. Rows are all values of the vertical size if they are few, else values that are
evenly spread on a logarithmic axis. A model that another one undercuts at all sizes for certain
wins nowhere and is left out first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...graphs.sizes import Poly, at_least
from ..comparing.crossovers import condition
from ..comparing.segments import Segment, segments
from ..solving import UnsolvedError

MOST_ROWS = 256
"""Values of the vertical size that are looked at: all of them, if there are no more."""

EVERYWHERE, NEVER = "everywhere", "never alone"
"""Rules without a condition."""

Signs = Callable[[str, str, int, int, int], Sequence[Segment]]
"""From two models, a row, and an interval to the signs of the first's cost less the second's."""


@dataclass(frozen=True, slots=True)
class Window:
    """The sizes that a map shows."""

    x: str
    y: str
    across: tuple[int, int] = (1, 1_000_000)
    up: tuple[int, int] = (1, 16_384)
    most: int = MOST_ROWS
    """Rows, unless the vertical size has few values."""

    @property
    def rows(self) -> tuple[int, ...]:
        """The values of the vertical size that are looked at, upwards."""
        low, high = self.up
        if high - low < self.most:
            return tuple(range(low, high + 1))
        step = (math.log(high) - math.log(low)) / (self.most - 1)
        spread = (round(math.exp(math.log(low) + k * step)) for k in range(self.most))
        return tuple(sorted({low, high, *(min(max(y, low), high) for y in spread)}))

    def above(self, least: Mapping[str, int]) -> Window:
        """Return the part of the window in which sizes are no less than these.

        Raises
        ------
        UnsolvedError
            If nothing is left of it.
        """
        across = (max(self.across[0], least.get(self.x, 1)), self.across[1])
        up = (max(self.up[0], least.get(self.y, 1)), self.up[1])
        if across[0] > across[1] or up[0] > up[1]:
            raise UnsolvedError("a formula holds for larger sizes only than those of the map")
        return replace(self, across=across, up=up)

    def at_most(self, rows: int) -> Window:
        """Return the same sizes in no more rows."""
        return replace(self, most=min(self.most, rows))


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring values on a row that have the same winners."""

    first: int
    last: int
    winners: tuple[str, ...]
    """Several if they are equal."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a model has less than all others."""

    model: str
    rule: str
    """The exact condition to win alone, against the others that win somewhere."""
    share: float
    """Of the picture, whose axes are logarithmic; what is equal counts for all that are."""
    boundaries: Mapping[str, str] = field(default_factory=dict)
    """By other winner: exactly when this model has less."""


@dataclass(frozen=True, slots=True)
class Regions:
    """A map of winners."""

    window: Window
    rows: Mapping[int, tuple[Run, ...]]
    regions: tuple[Region, ...]
    """Those that win somewhere, the largest first."""
    beaten: Mapping[str, str]
    """Models that win nowhere in the window, and by what another one undercuts them everywhere."""
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Models whose formulas are those of a model that is shown."""


def envelope(costs: Mapping[str, Poly], window: Window) -> Regions:
    """Return who has least where.

    Parameters
    ----------
    costs
        By model, in the two sizes of the window and no others.

    Raises
    ------
    UnsolvedError
        If a formula has a function that no rule splits, or another size.
    """
    for name, cost in costs.items():
        foreign = [s for s in cost.sizes if s not in {window.x, window.y}]
        if foreign:
            raise UnsolvedError(f"expected a value for {foreign[0]}, a size of {name}")
    first, alike = _distinct(costs)
    kept, beaten = _undominated(first)

    def signs(left: str, right: str, y: int, low: int, high: int) -> Sequence[Segment]:
        fixed = {window.y: y}
        return segments(kept[left].substitute(fixed) - kept[right].substitute(fixed), low, high)

    rows = {y: tuple(_row(list(kept), signs, y, *window.across)) for y in window.rows}
    return _map(window, rows, kept, beaten, alike)


def gathered(window: Window, rows: Mapping[int, tuple[Run, ...]], models: Sequence[str]) -> Regions:
    """Return the map of rows whose costs are no formulas, so that regions have no rules."""
    return _map(window, rows, {}, {}, {}, models)


def winners_at(found: Regions, x: int, y: int) -> tuple[str, ...]:
    """Return who has least at a point of a row."""
    return next(r.winners for r in found.rows[y] if r.first <= x <= r.last)


def _distinct(costs: Mapping[str, Poly]) -> tuple[dict[str, Poly], dict[str, tuple[str, ...]]]:
    """Return one model for each formula, and which others have the same one."""
    groups: dict[Poly, list[str]] = {}
    for name, cost in costs.items():
        groups.setdefault(cost, []).append(name)
    first = {names[0]: cost for cost, names in groups.items()}
    return first, {names[0]: tuple(names[1:]) for names in groups.values() if len(names) > 1}


def _undominated(costs: Mapping[str, Poly]) -> tuple[dict[str, Poly], dict[str, str]]:
    kept = dict(costs)
    beaten = {}
    for name, cost in costs.items():
        by = next((o for o, c in kept.items() if o != name and at_least(cost - c, 1)), None)
        if by is not None:
            beaten[name] = f"{by} has less at all sizes"
            del kept[name]
    return kept, beaten


def _row(models: Sequence[str], signs: Signs, y: int, low: int, high: int) -> Iterator[Run]:
    runs = [Run(low, high, (models[0],))]
    for name in models[1:]:
        runs = [piece for run in runs for piece in _against(run, name, signs, y)]
    yield from _joined(runs)


def _against(run: Run, name: str, signs: Signs, y: int) -> Iterator[Run]:
    for part in signs(name, run.winners[0], y, run.first, run.last):
        winners = {-1: (name,), 0: (*run.winners, name), 1: run.winners}[part.sign]
        yield Run(part.first, part.last, winners)


def _joined(runs: Sequence[Run]) -> Iterator[Run]:
    open_ = runs[0]
    for run in runs[1:]:
        if run.winners == open_.winners:
            open_ = Run(open_.first, run.last, run.winners)
            continue
        yield open_
        open_ = run
    yield open_


def _map(
    window: Window,
    rows: Mapping[int, tuple[Run, ...]],
    costs: Mapping[str, Poly],
    beaten: Mapping[str, str],
    alike: Mapping[str, tuple[str, ...]],
    models: Sequence[str] = (),
) -> Regions:
    areas: dict[str, float] = {}
    total = 0.0
    for y, runs in rows.items():
        height = _height(window, y)
        for run in runs:
            area = height * (math.log(run.last + 0.5) - math.log(run.first - 0.5))
            total += area
            for name in run.winners:
                areas[name] = areas.get(name, 0.0) + area
    winning = sorted(areas, key=lambda name: (-areas[name], name))
    regions = []
    for name in winning:
        boundaries = {o: condition(costs[name], costs[o]) for o in winning if o != name and costs}
        regions.append(Region(name, _rule(boundaries, costs), areas[name] / total, boundaries))
    left = {n: "others have less on all rows" for n in (*costs, *models) if n not in areas}
    return Regions(window, rows, tuple(regions), {**beaten, **left}, alike)


def _rule(boundaries: Mapping[str, str], costs: Mapping[str, Poly]) -> str:
    if not costs:
        return ""
    never = [other for other, when in boundaries.items() if when == "never"]
    if never:
        return f"{NEVER}, at best as little as {' and '.join(never)}"
    told = dict.fromkeys(c for c in boundaries.values() if c != "always")
    return " and ".join(told) or EVERYWHERE


def _height(window: Window, y: int) -> float:
    low, high = band(window, y)
    return math.log(high) - math.log(low)


def band(window: Window, y: int) -> tuple[float, float]:
    """Return the part of the vertical axis that a row stands for."""
    rows = window.rows
    k = rows.index(y)
    low = y - 0.5 if k == 0 else math.sqrt(y * rows[k - 1])
    high = y + 0.5 if k == len(rows) - 1 else math.sqrt(y * rows[k + 1])
    return low, high
