"""Maps of winners as text and JSON: regions, their rules, and the runs of every row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..analysis.advising.charts import MORE
from .blocks import Block, Heading, Lines, Table, Verbatim
from .records import SCHEMA, plain
from .sheet import at_text

if TYPE_CHECKING:
    from ..analysis.advising.charts import Chart
    from ..analysis.advising.regions import Run

COLUMNS, ROWS = 64, 20
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def title_of(chart: Chart) -> str:
    """Say what is least."""
    if chart.machine is not None:
        return f"least predicted time on {chart.machine.name}"
    return f"{'most' if chart.figure in MORE else 'least'} {chart.figure.replace('_', ' ')}"


def setting_of(chart: Chart) -> str:
    """Say in which setting, and at which other sizes."""
    fixed = f"; {at_text(chart.fixed)}" if chart.fixed else ""
    if chart.task is not None and chart.machine is not None:
        task = chart.task
        return f"{task.mode}, batch {task.batch}, {task.number}, fused {task.fused}{fixed}"
    return f"{chart.setting.describe()}{fixed}"


def rule_of(chart: Chart, model: str) -> str:
    """Return the rule of a region, or how its boundary was found."""
    region = next(r for r in chart.regions.regions if r.model == model)
    if chart.machine is None:
        return region.rule
    return "by predicted times"


# --- text -----------------------------------------------------------------------------------------


def map_blocks(chart: Chart) -> Iterator[Block]:
    """Yield the regions with their rules, and a picture in letters."""
    window, regions = chart.window, chart.regions
    letters = dict(zip((r.model for r in regions.regions), LETTERS * 4, strict=False))
    yield Heading(f"Who has {title_of(chart)} ({setting_of(chart)})")
    rows = tuple(
        (
            letters[r.model],
            ", ".join((r.model, *regions.alike.get(r.model, ()))),
            f"{100 * r.share:.0f} %",
            rule_of(chart, r.model),
        )
        for r in regions.regions
    )
    header = ("", "model", "of the map", f"alone exactly where ({window.x}, {window.y} whole)")
    yield Table(header, rows, numbers=frozenset({2}))
    yield Verbatim("\n".join(_letters(chart, letters)))
    if chart.formulas:
        yield Heading("Derived")
        shown = [r.model for r in regions.regions]
        yield Lines(tuple(f"{m}: {chart.formulas[m]} ({chart.grades[m]})" for m in shown), indent=2)
    if regions.beaten:
        yield Heading("Nowhere")
        yield Lines(tuple(f"{m}: {why}" for m, why in regions.beaten.items()), indent=2)
    if chart.excluded:
        yield Heading("Excluded")
        yield Lines(tuple(f"{m}: {why}" for m, why in chart.excluded.items()), indent=2)
    yield Lines(("", *_notes(chart)), quiet=True)


def _notes(chart: Chart) -> Iterator[str]:
    window, rows = chart.window, chart.regions.rows
    many = window.up[1] - window.up[0] + 1
    which = "every" if len(rows) == many else f"{len(rows)} of {many:,} values of"
    how = (
        "solved at every whole number"
        if chart.machine is None
        else "compared on a fine grid, each turn found to the whole number by bisection"
    )
    unseen = "" if len(rows) == many else " A model that wins between two of them only is not seen."
    yield f"{which} {window.y}; on each, {window.x} is {how}.{unseen}"
    if chart.fixed:
        yield f"Other sizes: {at_text(chart.fixed)}; --at names them."


def _letters(chart: Chart, letters: dict[str, str]) -> Iterator[str]:
    """Yield the map in letters: the winner at whole points, evenly spread on logarithmic axes."""
    window = chart.window
    values = sorted(chart.regions.rows)
    ys = [_nearest(values, y) for y in _spread(*window.up, ROWS)]
    xs = _spread(*window.across, COLUMNS)
    for y in dict.fromkeys(reversed(ys)):
        runs = chart.regions.rows[y]
        cells = "".join(_letter(runs, x, letters) for x in xs)
        yield f"{y:>9,} {cells}"
    low, high = (f"{x:,}" for x in window.across)
    yield f"{window.y:>9} {low}{high:>{COLUMNS - len(low)}} {window.x}"


def _letter(runs: Sequence[Run], x: int, letters: dict[str, str]) -> str:
    winners = next(r.winners for r in runs if r.first <= x <= r.last)
    return letters[winners[0]] if len(winners) == 1 else "="


def _spread(low: int, high: int, count: int) -> list[int]:
    step = (math.log(high) - math.log(low)) / (count - 1)
    return [min(max(round(math.exp(math.log(low) + k * step)), low), high) for k in range(count)]


def _nearest(values: Sequence[int], y: int) -> int:
    return min(values, key=lambda v: abs(math.log(v) - math.log(y)))


# --- records --------------------------------------------------------------------------------------


def map_record(chart: Chart) -> dict[str, Any]:
    """Return the record of a map: regions, and the runs of every row."""
    window, regions = chart.window, chart.regions
    return {
        "schema": SCHEMA,
        "figure": chart.figure,
        "setting": chart.setting.as_dict(),
        "machine": None if chart.machine is None else chart.machine.name,
        "x": {"size": window.x, "first": window.across[0], "last": window.across[1]},
        "y": {"size": window.y, "first": window.up[0], "last": window.up[1]},
        "fixed": plain(chart.fixed),
        "formulas": {name: str(f) for name, f in chart.formulas.items()},
        "grades": dict(chart.grades),
        "regions": [
            {
                "model": r.model,
                "alike": list(regions.alike.get(r.model, ())),
                "share": r.share,
                "rule": r.rule or None,
                "boundaries": dict(r.boundaries),
            }
            for r in regions.regions
        ],
        "nowhere": dict(regions.beaten),
        "excluded": dict(chart.excluded),
        "rows": [
            {
                "at": y,
                "runs": [
                    {"first": r.first, "last": r.last, "winners": list(r.winners)} for r in runs
                ],
            }
            for y, runs in sorted(regions.rows.items())
        ],
    }
