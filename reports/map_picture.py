"""The picture of a map of winners: SVG with logarithmic axes, the same bytes everywhere.

A row is a band around one value of the vertical size, and what is drawn in it are the exact runs of
that row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ..analysis.advising.regions import band
from .maps import rule_of, setting_of, title_of
from .markup import Markup, element, spot
from .plots import COLOURS, short
from .style import DRAWING

if TYPE_CHECKING:
    from ..analysis.advising.charts import Chart

LEFT, TOP, WIDTH, HEIGHT = 64.0, 50.0, 560.0, 400.0
LINE = 17.0
LONG = 100
"""Lines longer than this are shortened in the picture; text and JSON have all of them."""
FLAT = 24.0
"""How far winners differ between two rows for the boundary between them to be drawn."""
TIED = "#8b96a3"


def svg(chart: Chart) -> str:
    """Draw a map."""
    names = [r.model for r in chart.regions.regions]
    colours = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(names)}
    legend = list(_legend(chart, colours))
    height = TOP + HEIGHT + 44 + LINE * (len(legend) // 2 + 1)
    drawn = element(
        "svg",
        element("title", title_of(chart)),
        element("style", Markup(DRAWING)),
        element("rect", x=0, y=0, width=LEFT + WIDTH + 30, height=height, class_="paper"),
        element("text", title_of(chart), x=LEFT, y=20, class_="title"),
        element("text", _cut(setting_of(chart)), x=LEFT, y=38, class_="quiet"),
        *_bands(chart, colours),
        *_boundaries(chart),
        *_steps(chart),
        *_axes(chart),
        *_names(chart),
        *legend,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {spot(LEFT + WIDTH + 30, height)}",
        width=LEFT + WIDTH + 30,
        height=height,
        class_="ws",
        role="img",
    )
    return f"{drawn}\n"


def _across(chart: Chart, x: float) -> float:
    low, high = (math.log(v) for v in _ends(chart.window.across))
    return LEFT + WIDTH * (math.log(x) - low) / (high - low)


def _upwards(chart: Chart, y: float) -> float:
    low, high = (math.log(v) for v in _ends(chart.window.up))
    return TOP + HEIGHT * (1 - (math.log(y) - low) / (high - low))


def _ends(interval: tuple[int, int]) -> tuple[float, float]:
    return interval[0] - 0.5, interval[1] + 0.5


def _bands(chart: Chart, colours: dict[str, str]) -> Iterator[Markup]:
    """Yield one path for each winner, of the rectangles of all its runs."""
    paths: dict[str, list[str]] = {}
    for y, runs in sorted(chart.regions.rows.items()):
        low, high = band(chart.window, y)
        top, bottom = _upwards(chart, high), _upwards(chart, low)
        for run in runs:
            left, right = _across(chart, run.first - 0.5), _across(chart, run.last + 0.5)
            colour = colours[run.winners[0]] if len(run.winners) == 1 else TIED
            path = f"M{spot(left, bottom)} V{spot(top)} H{spot(right)} V{spot(bottom)} Z"
            paths.setdefault(colour, []).append(path)
    for colour, drawn in paths.items():
        yield element("path", d="".join(drawn), fill=colour, fill_opacity="0.55", stroke="none")


def _boundaries(chart: Chart) -> Iterator[Markup]:
    """Yield the boundaries: between two runs on each row, joined where the same two meet."""
    lines: dict[tuple[str, ...], list[list[tuple[float, float]]]] = {}
    last: dict[tuple[str, ...], int] = {}
    for k, (y, runs) in enumerate(sorted(chart.regions.rows.items())):
        seen: set[tuple[str, ...]] = set()
        single = [r for r in runs if len(r.winners) == 1]
        for left, right in pairwise(single):
            pair = (left.winners[0], right.winners[0])
            if pair[0] == pair[1] or pair in seen:
                continue
            seen.add(pair)
            point = (
                _across(chart, math.sqrt((left.last + 0.5) * (right.first - 0.5))),
                _upwards(chart, y),
            )
            pieces = lines.setdefault(pair, [])
            if last.get(pair) == k - 1:
                pieces[-1].append(point)
            else:
                pieces.append([point])
            last[pair] = k
    for pieces in lines.values():
        for piece in pieces:
            if len(piece) > 1:
                path = "M" + " L".join(spot(x, y) for x, y in piece)
                yield element("path", d=path, class_="critical", fill="none")


def _steps(chart: Chart) -> Iterator[Markup]:
    """Yield the boundaries between rows: where neighbouring rows have other winners for long."""
    rows = sorted(chart.regions.rows.items())
    for (y, below), (_, above) in pairwise(rows):
        height = _upwards(chart, band(chart.window, y)[1])
        for low in below:
            for high in above:
                if len(low.winners) > 1 or len(high.winners) > 1 or low.winners == high.winners:
                    continue
                left = _across(chart, max(low.first, high.first) - 0.5)
                right = _across(chart, min(low.last, high.last) + 0.5)
                if right - left > FLAT:
                    path = f"M{spot(left, height)} H{spot(right)}"
                    yield element("path", d=path, class_="critical", fill="none")


def _axes(chart: Chart) -> Iterator[Markup]:
    window = chart.window
    for value in _ticks(*window.across):
        x = _across(chart, value)
        yield element("path", d=f"M{spot(x, TOP + HEIGHT)} v5", class_="arrow")
        yield element("text", short(value), x=x, y=TOP + HEIGHT + 18, text_anchor="middle")
    for value in _ticks(*window.up):
        y = _upwards(chart, value)
        yield element("path", d=f"M{spot(LEFT, y)} h-5", class_="arrow")
        yield element("text", short(value), x=LEFT - 8, y=y + 4, text_anchor="end")
    frame = f"M{spot(LEFT, TOP)} h{spot(WIDTH)} v{spot(HEIGHT)} h{spot(-WIDTH)} Z"
    yield element("path", d=frame, class_="arrow")
    yield element("text", window.x, x=LEFT + WIDTH / 2, y=TOP + HEIGHT + 36, text_anchor="middle")
    yield element("text", window.y, x=16, y=TOP + HEIGHT / 2, text_anchor="middle")


def _ticks(low: int, high: int) -> list[int]:
    """Powers of ten, or of two where these are few."""
    for base in (10, 2):
        powers = [base**k for k in range(64) if low <= base**k <= high]
        if len(powers) >= 4:
            return powers[:: max(1, len(powers) // 12)]
    return sorted({low, high})


def _names(chart: Chart) -> Iterator[Markup]:
    """Yield the name of each region in the middle of its widest run."""
    for region in chart.regions.regions:
        runs = [
            (_across(chart, r.last + 0.5) - _across(chart, r.first - 0.5), y, r)
            for y, found in chart.regions.rows.items()
            for r in found
            if r.winners == (region.model,)
        ]
        wide = [one for one in runs if one[0] > 7.0 * len(region.model)]
        if not wide:
            continue
        heights = sorted(_upwards(chart, y) for _, y, _ in wide)
        middle = heights[len(heights) // 2]
        _, y, run = min(wide, key=lambda one: abs(_upwards(chart, one[1]) - middle))
        left, right = _across(chart, run.first - 0.5), _across(chart, run.last + 0.5)
        place = {"x": (left + right) / 2, "y": _upwards(chart, y) + 4}
        yield element("text", region.model, text_anchor="middle", font_weight="600", **place)


def _legend(chart: Chart, colours: dict[str, str]) -> Iterator[Markup]:
    y = TOP + HEIGHT + 58
    for region in chart.regions.regions:
        rule = rule_of(chart, region.model)
        yield element(
            "rect",
            x=LEFT,
            y=y - 10,
            width=14,
            height=12,
            fill=colours[region.model],
            fill_opacity="0.55",
        )
        yield element("text", _cut(f"{region.model}: {rule}"), x=LEFT + 22, y=y)
        y += LINE


def _cut(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}..."
