"""Roofline pictures: the roofs of a machine, and under them the operations of a task.

A point stands at the operations that are done per byte moved, as high as the operations per second
that are predicted: under the slope the bandwidth binds, under the flat roof the rate, and far under
both the latency of its launches (Williams et al. 2009).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...analysis.machines.quantities import shown
from ..notation.markup import Markup, element, spot
from ..predictions import short_name

if TYPE_CHECKING:
    from ...analysis.machines.machine import Machine
    from ...analysis.machines.predicting import Prediction, Row

LEFT, TOP, WIDTH, HEIGHT, BELOW, KEY = 70.0, 44.0, 560.0, 360.0, 46.0, 290.0
COLOURS = {"compute": "#1f77b4", "bandwidth": "#d95f02", "latency": "#7570b3"}
CLOSE = 22.0
"""How near points share a label."""

MOST = 10
"""How many operations of each model have a label: those that take longest."""

STYLE = (
    "svg { background: #ffffff } text { font: 11px system-ui, sans-serif; fill: #1b1f24 } "
    ".grid { stroke: #d5dae0; fill: none } .roof { stroke: #1b1f24; fill: none; stroke-width: 2 } "
    ".minor { stroke-dasharray: 5 4; stroke-width: 1.2 } .head { font-weight: 600; font-size: 13px } "
    "@media (prefers-color-scheme: dark) { svg { background: #14181d } text { fill: #e6e9ed } "
    ".grid { stroke: #39414a } .roof { stroke: #e6e9ed } }"
)


class Frame:
    """Powers of ten on both axes."""

    def __init__(self, machine: Machine, number: str, found: Sequence[tuple[float, float]]) -> None:
        peak = machine.rate(number)
        xs = [x for x, _ in found] + [peak / machine.bandwidth]
        ys = [y for _, y in found] + [peak]
        self.x = (math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)) + 0.3))
        self.y = (math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)) + 0.05))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates of a point."""
        across = (math.log10(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + WIDTH * across, TOP + HEIGHT * (1 - up)


def roofline(predictions: Sequence[Prediction]) -> Markup:
    """Draw the operations of predictions on one machine under its roofs."""
    machine, number = predictions[0].machine, predictions[0].task.number
    frame = Frame(machine, number, [_spot(row) for p in predictions for row in _drawn(p)])
    height = max(TOP + HEIGHT + BELOW, TOP + 16.0 * (4 + sum(_lines(p) for p in predictions)))
    return element(
        "svg",
        element("title", f"Roofline of {machine.name}"),
        element("style", Markup(STYLE)),
        _text(f"{machine.name}, {number}", LEFT, 18, "start", class_="head"),
        *axes(frame),
        *roofs(frame, machine, number),
        *_points(frame, predictions),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {spot(LEFT + WIDTH + KEY, height)}",
        width=LEFT + WIDTH + KEY,
        height=height,
        role="img",
    )


def _drawn(prediction: Prediction) -> list[Row]:
    """Return the operations that can be drawn, the longest first."""
    rows = [r for r in prediction.operations if r.flops > 0 and r.bytes > 0 and r.seconds > 0]
    return sorted(rows, key=lambda row: -row.seconds)


def _lines(prediction: Prediction) -> int:
    return min(len(_drawn(prediction)), MOST) + 2


def _spot(row: Row) -> tuple[float, float]:
    """Return operations per byte, and operations per second."""
    return row.flops / row.bytes, row.flops / row.seconds


def axes(frame: Frame) -> list[Markup]:
    """Draw the axes: operations per byte, and operations per second."""
    parts = []
    for power in range(frame.x[0], frame.x[1] + 1):
        x, _ = frame.place(10.0**power, 10.0 ** frame.y[0])
        parts.append(element("path", d=f"M{spot(x, TOP)} v{spot(HEIGHT)}", class_="grid"))
        parts.append(_text(f"{10.0**power:g}", x, TOP + HEIGHT + 15, "middle"))
    for power in range(frame.y[0], frame.y[1] + 1):
        _, y = frame.place(10.0 ** frame.x[0], 10.0**power)
        parts.append(element("path", d=f"M{spot(LEFT, y)} h{spot(WIDTH)}", class_="grid"))
        parts.append(_text(shown(10.0**power, "flop/s"), LEFT - 6, y + 4, "end"))
    below = _text("operations per byte moved", LEFT + WIDTH / 2, TOP + HEIGHT + 36, "middle")
    return [*parts, below]


def roofs(frame: Frame, machine: Machine, number: str) -> list[Markup]:
    """Draw the bandwidth up to where it meets the rate, the rate, and that of elementwise work."""
    peak, vector = machine.rate(number), machine.rate(number, contraction=False)
    low, high = 10.0 ** frame.x[0], 10.0 ** frame.x[1]
    parts = [
        _roof(frame, machine.bandwidth, peak, low, high, "roof"),
        _named(frame, f"{number} products {shown(peak, 'flop/s')}", high, peak),
    ]
    slope = max(low, 10.0 ** frame.y[0] / machine.bandwidth)
    x, y = frame.place(slope * 1.3, slope * 1.3 * machine.bandwidth)
    parts.append(_text(shown(machine.bandwidth, "byte/s"), x + 8, y + 4, "start"))
    if vector < peak:
        parts.append(_roof(frame, machine.bandwidth, vector, low, high, "roof minor"))
        parts.append(_named(frame, f"elementwise {shown(vector, 'flop/s')}", high, vector))
    if machine.cache_bandwidth is not None and machine.cache_bandwidth > machine.bandwidth:
        parts.append(_roof(frame, machine.cache_bandwidth, peak, low, high, "roof minor"))
        x, y = frame.place(peak / machine.cache_bandwidth, peak)
        cached = f"{shown(machine.cache_bandwidth, 'byte/s')} in cache"
        parts.append(_text(cached, x - 8, y + 14, "end"))
    return parts


def _roof(
    frame: Frame, bandwidth: float, peak: float, low: float, high: float, kind: str
) -> Markup:
    start = max(low, 10.0 ** frame.y[0] / bandwidth)
    ridge = min(max(peak / bandwidth, start), high)
    places = [frame.place(x, min(x * bandwidth, peak)) for x in dict.fromkeys((start, ridge, high))]
    return element("path", d="M" + " L".join(spot(*p) for p in places), class_=kind)


def _named(frame: Frame, name: str, x: float, y: float) -> Markup:
    right, up = frame.place(x, y)
    return _text(name, right - 4, up - 22, "end")


def _points(frame: Frame, predictions: Sequence[Prediction]) -> list[Markup]:
    """Draw operations with numbers, and the key beside them."""
    parts, number, y = [], 0, TOP + 8.0
    labels: dict[tuple[float, float], list[int]] = {}
    across = LEFT + WIDTH + 26
    for name, colour in COLOURS.items():
        parts.append(element("circle", cx=across + 4, cy=y - 4, r=4.0, fill=colour))
        parts.append(_text(f"{name} binds", across + 14, y, "start"))
        y += 16
    for prediction in predictions:
        y += 10
        parts.append(_text(f"{prediction.model}, {prediction.task.mode}", across, y, "start"))
        for k, row in enumerate(_drawn(prediction)):
            x, up = frame.place(*_spot(row))
            told = f"{row.name}: {shown(row.seconds, 's')}, {row.binds} binds"
            dot = element(
                "circle",
                element("title", told),
                cx=x,
                cy=up,
                r=4.0 if k < MOST else 2.5,
                fill=COLOURS[row.binds],
                fill_opacity="0.8",
            )
            parts.append(dot)
            if k < MOST:
                number += 1
                y += 16
                _add(labels, (x, up), number)
                share = 100 * row.seconds / prediction.seconds
                label = f"{number}  {short_name(row.name)}, {share:.0f} %"
                parts.append(_text(label, across, y, "start"))
        y += 10
    return [*parts, *(_text(_runs(k), x + 5, up - 6, "start") for (x, up), k in labels.items())]


def _add(labels: dict[tuple[float, float], list[int]], place: tuple[float, float], k: int) -> None:
    """Put a number beside a point, or with those of points that are close to it."""
    near = next((p for p in labels if math.dist(p, place) < CLOSE), place)
    labels.setdefault(near, []).append(k)


def _runs(numbers: Sequence[int]) -> str:
    """Write numbers, those that follow one another as a range: 1-3, 5."""
    runs: list[list[int]] = []
    for k in numbers:
        if runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)


def _text(text: str, x: float, y: float, anchor: str, **more: object) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor, **more)
