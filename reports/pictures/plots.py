"""Log-log plots as SVG: small, the same bytes everywhere, readable in light and dark.

Drawn here and not by a plotting library, because a report is compared byte by byte with the one
that is kept beside the code, whatever the versions of other packages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..notation.markup import Markup, element, spot
from ..tables.sheet import Row
from .curves import Crossing, Curve, crossings, curves, varying

if TYPE_CHECKING:
    from ...analysis.figures import Comparison

LEFT, TOP, WIDTH, HEIGHT = 58.0, 12.0, 400.0, 250.0
LEGEND, LINE = 200.0, 16.0
COLOURS = (
    "#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a",
    "#66a61e", "#a6761d", "#e6ab02", "#8c8c8c",
)  # fmt: skip
DASHES = (None, "7 3", "2 2", "9 3 2 3")
STANDING = """
.ws { background: #ffffff; font: 11px sans-serif; }
.ws text { fill: #1b1f24; }
.ws .grid { stroke: #d5dae0; fill: none; }
.ws .mark { fill: #1b1f24; }
@media (prefers-color-scheme: dark) {
  .ws { background: #14181d; }
  .ws text { fill: #e6e9ed; }
  .ws .grid { stroke: #39414a; }
  .ws .mark { fill: #e6e9ed; }
}
"""
"""The style of a plot that stands in a file of its own."""
PREFIXES = ("", "k", "M", "G", "T", "P", "E")


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, the size on its horizontal axis, and what its marks mean."""

    svg: Markup
    along: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A range of powers on each axis, and where they go."""

    x: tuple[float, float]
    """Powers of two."""
    y: tuple[float, float]
    """Powers of ten."""

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates of a point."""
        across = (math.log2(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + WIDTH * across, TOP + HEIGHT * (1 - up)


def plot(row: Row, models: Sequence[str], comparison: Comparison) -> Plot | None:
    """Plot a row over n, or over d if n does not matter; None if neither does."""
    along = varying(row)
    drawn = curves(row, models, along) if along is not None else []
    if along is None or not drawn:
        return None
    marked = crossings(row, models, comparison.crossovers) if along == "n" else []
    title = f"{row.title} ({row.unit})" if row.unit else row.title
    notes = tuple(f"{_letters(k)}: {c}" for k, c in enumerate(marked))
    return Plot(_svg(drawn, marked, along, title), along, notes)


def standing(drawn: Plot) -> str:
    """Return a plot as a file of its own, with its style and, under the title, its notes."""
    body = drawn.svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" class="ws"', 1)
    notes = element("desc", "; ".join(drawn.notes)) if drawn.notes else ""
    style = element("style", Markup(STANDING))
    whole = body.replace("</title>", f"</title>{notes}{style}", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'


def _svg(drawn: Sequence[Curve], marked: Sequence[Crossing], along: str, title: str) -> Markup:
    frame = _frame(drawn)
    legend = _legend(drawn)
    names = sum(len(c.models) for c in drawn)
    height = max(TOP + HEIGHT + 42, TOP + LINE * (names + 1))
    return element(
        "svg",
        element("title", title),
        *_axes(frame, along, title),
        *(_curve(frame, curve) for curve in drawn),
        *(_mark(frame, crossing, k) for k, crossing in enumerate(marked)),
        *legend,
        viewBox=f"0 0 {spot(LEFT + WIDTH + LEGEND, height)}",
        width=LEFT + WIDTH + LEGEND,
        height=height,
        role="img",
    )


def _frame(drawn: Sequence[Curve]) -> _Frame:
    xs = [math.log2(x) for c in drawn for x, _ in c.points]
    ys = [math.log10(y) for c in drawn for _, y in c.points]
    bottom, top = math.floor(min(ys)), math.ceil(max(ys))
    return _Frame((min(xs), max(max(xs), min(xs) + 1)), (bottom, max(top, bottom + 1)))


def _axes(frame: _Frame, along: str, title: str) -> list[Markup]:
    parts = []
    for power in range(math.ceil(frame.x[0]), math.floor(frame.x[1]) + 1, 2):
        x, _ = frame.place(2.0**power, 10 ** frame.y[0])
        parts.append(_grid(f"M{spot(x, TOP)} v{spot(HEIGHT)}"))
        parts.append(_text(f"{2**power:,}", x, TOP + HEIGHT + 15, "middle"))
    step = math.ceil((frame.y[1] - frame.y[0]) / 7)
    for power in range(math.ceil(frame.y[0]), math.floor(frame.y[1]) + 1, step):
        _, y = frame.place(2 ** frame.x[0], 10.0**power)
        parts.append(_grid(f"M{spot(LEFT, y)} h{spot(WIDTH)}"))
        parts.append(_text(short(10.0**power), LEFT - 6, y + 4, "end"))
    middle = TOP + HEIGHT / 2
    turned = element(
        "text",
        title,
        x=12,
        y=middle,
        text_anchor="middle",
        transform=f"rotate(-90 12 {spot(middle)})",
    )
    return [*parts, turned, _text(along, LEFT + WIDTH / 2, TOP + HEIGHT + 34, "middle")]


def _grid(path: str) -> Markup:
    return element("path", d=path, class_="grid")


def _text(text: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor)


def _curve(frame: _Frame, curve: Curve) -> Markup:
    points = [frame.place(x, y) for x, y in curve.points]
    path = "M" + " L".join(f"{spot(x, y)}" for x, y in points)
    return element(
        "path", element("title", ", ".join(curve.models)), d=path, **_stroke(curve.order)
    )


def _stroke(k: int) -> dict[str, object]:
    dash = DASHES[k % len(DASHES)]
    colour = COLOURS[k % len(COLOURS)]
    return {"fill": "none", "stroke": colour, "stroke-width": 2, "stroke-dasharray": dash}


def _mark(frame: _Frame, crossing: Crossing, k: int) -> Markup:
    x, y = frame.place(crossing.at, crossing.value)
    dot = element("circle", cx=x, cy=y, r=3.5, class_="mark")
    label = _text(_letters(k), x + 6 + 7 * (k % 2), y + 14, "start")
    return element("g", element("title", crossing), dot, label)


def _legend(drawn: Sequence[Curve]) -> list[Markup]:
    parts, y = [], TOP + LINE / 2
    for curve in drawn:
        x = LEFT + WIDTH + 14
        parts.append(element("path", d=f"M{spot(x, y - 4)} h22", **_stroke(curve.order)))
        for model in curve.models:
            parts.append(_text(model, x + 28, y, "start"))
            y += LINE
    return parts


def _letters(k: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    head = _letters(k // 26 - 1) if k >= 26 else ""
    return head + "abcdefghijklmnopqrstuvwxyz"[k % 26]


def short(value: float) -> str:
    """Write a power of ten with a metric prefix: 10k, 1M."""
    if value < 1:
        return f"{value:g}"
    step = min(int(math.log10(value) + 1e-9) // 3, len(PREFIXES) - 1)
    return f"{value / 1000**step:.3g}{PREFIXES[step]}"
