"""Pictures of experiments as SVG: means over seeds with their intervals, and what was predicted.

Experiments on signal are drawn over the distance, all others over the size that varies, whose
values are put side by side at equal distances.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .markup import Markup, element, spot
from .plots import COLOURS, DASHES
from .style import DRAWING

if TYPE_CHECKING:
    from ..analysis.experiments.judging import Outcome

LEFT, TOP, WIDTH, HEIGHT = 64.0, 40.0, 420.0, 260.0
LINE, LETTER, TITLE = 17.0, 6.3, 8.6
APART = 5.0
"""Pixels between marks of one place."""
STYLE = (
    f"{DRAWING}.ws .grid {{ stroke: #d5dae0; fill: none; }}\n"
    "@media (prefers-color-scheme: dark) { .ws .grid { stroke: #39414a; } }\n"
)
PROFILE = "norm at "
SMALLEST = 1e-16
"""Norms below it are rounding."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mean and its interval at one place of the horizontal axis."""

    place: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """What one learner showed."""

    label: str
    marks: tuple[Mark, ...]
    foreseen: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Axes:
    """Names of places, and the scale of values."""

    places: tuple[str, ...]
    along: str
    title: str
    logarithmic: bool
    low: float
    high: float

    def x(self, place: float) -> float:
        """Where a place is."""
        return LEFT + WIDTH * (place + 0.5) / len(self.places)

    def y(self, value: float) -> float:
        """Where a value is."""
        scaled, low, high = (self._scaled(v) for v in (value, self.low, self.high))
        return TOP + HEIGHT * (1 - (min(max(scaled, low), high) - low) / (high - low))

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, SMALLEST)) if self.logarithmic else value

    def ticks(self) -> Iterator[tuple[str, float]]:
        """Yield labels of values, at most nine."""
        if self.logarithmic:
            low, high = round(math.log10(self.low)), round(math.log10(self.high))
            for power in range(low, high + 1, max(1, math.ceil((high - low) / 8))):
                yield f"1e{power}" if abs(power) > 3 else f"{10.0**power:g}", 10.0**power
            return
        for k in range(6):
            value = self.low + (self.high - self.low) * k / 5
            yield f"{value:.3g}", value


def plot(outcome: Outcome) -> str:
    """Return the picture of an experiment, a file of its own."""
    profile = any(m.startswith(PROFILE) for c in outcome.result.cells for m in c.values)
    lines, axes = _profile(outcome) if profile else _over_sizes(outcome)
    told = _told(outcome, lines, profile=profile)
    height = max(TOP + HEIGHT + 50, TOP + LINE * (len(lines) + len(told) + 2))
    longest = max(len(text) for text in (*told, *(line.label for line in lines)))
    title = outcome.definition.question
    width = max(LEFT + WIDTH + 50 + LETTER * longest, 24 + TITLE * len(title))
    drawing = element(
        "svg",
        element("title", f"{outcome.definition.name}: {outcome.definition.question}"),
        element("style", Markup(STYLE)),
        element("rect", x=0, y=0, width=width, height=height, class_="paper"),
        element("text", title, x=12, y=20, class_="title"),
        *_grid(axes),
        *(part for k, line in enumerate(lines) for part in _drawn(axes, line, k, len(lines))),
        *(_note(text, len(lines) + k) for k, text in enumerate(told)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {spot(width, height)}",
        width=width,
        height=height,
        class_="ws",
        role="img",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing}\n'


def _over_sizes(outcome: Outcome) -> tuple[list[Line], Axes]:
    """Take the metric over the size that varies."""
    definition, metric = outcome.definition, outcome.definition.metric
    lines = []
    for learner in definition.learners:
        found = [outcome.interval(learner.label, size, metric) for size in definition.sizes]
        marks = [Mark(k, i.estimate, i.low, i.high) for k, i in enumerate(found) if i is not None]
        foreseen = [
            (definition.sizes.index(p.size), p.most)
            for p in definition.predictions
            if p.learner == learner.label and p.most < 1
        ]
        lines.append(Line(learner.label, tuple(marks), tuple(foreseen)))
    places = tuple(str(size) for size in definition.sizes)
    if metric == "accuracy":
        return lines, Axes(places, definition.along, metric, False, 0.0, 1.0)
    low, high = _powers(m.value for line in lines for m in line.marks)
    return lines, Axes(places, definition.along, metric, True, low, high)


def _profile(outcome: Outcome) -> tuple[list[Line], Axes]:
    """Take the geometric mean of norms over the distance, at the largest size."""
    size = max(outcome.definition.sizes)
    cells = [c for c in outcome.result.cells if c.size == size]
    found = [m for m in cells[0].values if m.startswith(PROFILE)]
    names = sorted(found, key=lambda m: int(m.removeprefix(PROFILE)))
    lines = []
    for cell in cells:
        marks = []
        for k, name in enumerate(names):
            values = [v for v in cell.values[name] if v > 0]
            if values:
                mean = math.exp(sum(map(math.log, values)) / len(values))
                marks.append(Mark(k, mean, min(values), max(values)))
        lines.append(Line(cell.learner, tuple(marks)))
    low, high = _powers(m.value for line in lines for m in line.marks)
    places = tuple(name.removeprefix(PROFILE) for name in names)
    title = f"norm of d output_n / d input_j, n={size}"
    return lines, Axes(places, "distance n - j", title, True, low, high)


def _powers(values: Iterator[float]) -> tuple[float, float]:
    seen = [max(v, SMALLEST) for v in values]
    low, high = math.floor(math.log10(min(seen))), math.ceil(math.log10(max(seen)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _grid(axes: Axes) -> list[Markup]:
    parts = []
    for label, value in axes.ticks():
        y = axes.y(value)
        parts.append(element("path", d=f"M{spot(LEFT, y)} h{spot(WIDTH)}", class_="grid"))
        parts.append(element("text", label, x=LEFT - 6, y=y + 4, text_anchor="end"))
    for k, name in enumerate(axes.places):
        at = {"x": axes.x(k), "y": TOP + HEIGHT + 16, "text_anchor": "middle"}
        parts.append(element("text", name, **at))
    below = {"x": LEFT + WIDTH / 2, "y": TOP + HEIGHT + 36, "text_anchor": "middle"}
    middle = TOP + HEIGHT / 2
    turned = {"x": 14, "y": middle, "transform": f"rotate(-90 14 {spot(middle)})"}
    title = element("text", axes.title, text_anchor="middle", **turned)
    return [*parts, element("text", axes.along, **below), title]


def _drawn(axes: Axes, line: Line, k: int, count: int) -> Iterator[Markup]:
    """Draw one learner, a little beside the others, and its name."""
    colour = COLOURS[k % len(COLOURS)]
    apart = APART if len(axes.places) > 1 else WIDTH / (count + 1)
    aside = apart * (k - (count - 1) / 2)

    def x(place: int) -> float:
        return axes.x(place) + aside

    for mark in line.marks:
        ends = spot(x(mark.place), axes.y(mark.low)), spot(axes.y(mark.high))
        yield _stroke(f"M{ends[0]} V{ends[1]}", colour, 1, None)
    yield _stroke(
        _path([(x(m.place), axes.y(m.value)) for m in line.marks]), colour, 2, DASHES[k % 4]
    )
    for mark in line.marks:
        at = {"cx": x(mark.place), "cy": axes.y(mark.value), "r": 3.0}
        yield element(
            "circle", element("title", f"{line.label}: {mark.value:.3g}"), fill=colour, **at
        )
    for place, most in line.foreseen:
        left = axes.x(place) - WIDTH / len(axes.places) / 3
        across = 2 * WIDTH / len(axes.places) / 3
        yield _stroke(f"M{spot(left, axes.y(most))} h{spot(across)}", colour, 1, "2 2")
    right, y = LEFT + WIDTH + 16, TOP + LINE * (k + 0.5)
    yield _stroke(f"M{spot(right, y - 4)} h22", colour, 2, DASHES[k % 4])
    yield element("text", line.label, x=right + 28, y=y)


def _told(outcome: Outcome, lines: Sequence[Line], *, profile: bool) -> tuple[str, ...]:
    """Say what bars and dotted lines are."""
    seeds = f"{outcome.definition.seeds} seeds"
    if profile:
        return (f"geometric mean of {seeds},", "from the smallest to the largest")
    bars = f"mean of {seeds}, {outcome.definition.level:.0%} interval"
    if any(line.foreseen for line in lines):
        return bars, "dotted, by colour: at most, predicted"
    return (bars,)


def _note(text: str, k: int) -> Markup:
    return element("text", text, x=LEFT + WIDTH + 16, y=TOP + LINE * (k + 1), class_="quiet")


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(spot(x, y) for x, y in points) if points else "M0 0"


def _stroke(path: str, colour: str, width: int, dash: str | None) -> Markup:
    style: dict[str, object] = {"stroke-width": width, "stroke-dasharray": dash}
    return element("path", d=path, fill="none", stroke=colour, **style)
