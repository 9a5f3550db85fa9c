"""Panels: what changes step by step in several models, each with axes of its own, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..notation.markup import Markup, element, spot
from .lines import LETTER, grid, text
from .plots import Plot

if TYPE_CHECKING:
    from ...analysis.simulation.flat import Array
    from ...analysis.simulation.liveness import Curve

LEFT, WIDTH, HIGH = 56.0, 280.0, 84.0
ROW, HEAD, ACROSS = 160.0, 34.0, 2
KEY = 26.0
COLUMNS = 280
"""With more steps than this, one value is drawn for each of so many equal parts of them."""
ROOM = 1.22
"""How much higher a panel is than what is drawn in it."""


@dataclass(frozen=True, slots=True)
class Area:
    """A number that changes at some steps, drawn as an area under steps."""

    steps: Curve
    end: int
    """The step after the last one."""
    order: int
    """Which look it has."""
    strong: bool = False
    tops: bool = False
    """Whether the value of a part of the steps is the largest in it, and not the mean."""

    def path(self, most: float) -> str:
        """Return the outline, in a panel that is as high as ``most``."""
        places = [(LEFT, HIGH)]
        for begin, stop, value in self.bars:
            y = round(HIGH * (1 - value / most), 1)
            left, right = (round(LEFT + WIDTH * x / self.end, 1) for x in (begin, stop))
            places += [(left, y), (right, y)]
        places.append((places[-1][0], HIGH))
        return "M" + " L".join(spot(*p) for p in _straight(places)) + " Z"

    @property
    def most(self) -> float:
        """The largest value that is drawn."""
        return max(value for _, _, value in self.bars)

    @property
    def bars(self) -> list[tuple[float, float, float]]:
        """From which step to which, and how high."""
        if self.end > COLUMNS:
            share = self.end / COLUMNS
            values = (self._most if self.tops else self.steps.average)(COLUMNS, self.end)
            return [(k * share, (k + 1) * share, v) for k, v in enumerate(values.tolist())]
        times = [t for t in self.steps.times.tolist() if t < self.end]
        own = self.steps.values.tolist()
        return [(a, b, v) for (a, b), v in zip(pairwise([*times, self.end]), own, strict=False)]

    def _most(self, columns: int, end: int) -> Array:
        """Return the largest value in each of so many equal parts of the steps."""
        edges = np.linspace(0, end, columns + 1)
        first = np.searchsorted(self.steps.times, edges[:-1], side="right") - 1
        last = np.searchsorted(self.steps.times, edges[1:], side="left")
        pairs = zip(first.tolist(), last.tolist(), strict=True)
        return np.array([self.steps.values[max(a, 0) : max(b, a + 1)].max() for a, b in pairs])


@dataclass(frozen=True, slots=True)
class Mark:
    """A step that is marked, with what is said of it."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One model."""

    name: str
    told: str
    """What its numbers are, in a line under its name."""
    areas: tuple[Area, ...]
    marks: tuple[Mark, ...] = ()
    mean: float | None = None


def panels(
    title: str,
    found: Sequence[Panel],
    axes: tuple[str, str],
    key: Sequence[tuple[str, Markup]],
    notes: tuple[str, ...],
) -> Plot:
    """Draw panels in two columns.

    Parameters
    ----------
    axes
        What is counted across and upwards.
    key
        What areas and lines mean, each with a sample from the origin on.
    """
    parts: list[Markup] = [text(f"up: {axes[1]}; across: {axes[0]}", LEFT, 12.0, class_="quiet")]
    x = LEFT
    for words, sample in key:
        parts.append(element("g", sample, transform=f"translate({spot(x, 20)})"))
        parts.append(text(words, x + 26, 29.0))
        x += 46 + LETTER * len(words)
    top = 20 + KEY if key else KEY
    wide = LEFT + WIDTH + 16
    for k, one in enumerate(found):
        place = spot(wide * (k % ACROSS), top + ROW * (k // ACROSS))
        parts.append(element("g", *_panel(one, axes[0]), transform=f"translate({place})"))
    rows = math.ceil(len(found) / ACROSS)
    width = wide * min(ACROSS, len(found)) + 10
    told = tuple(f"{one.name}: {one.told}." for one in found)
    return Plot(title, tuple(parts), max(width, x), top + ROW * rows, notes, told)


def _panel(one: Panel, across: str) -> list[Markup]:
    highest = max(area.most for area in one.areas)
    most, end = max(highest, 1e-9) * ROOM, max(area.end for area in one.areas)
    shapes = [
        element(
            "path",
            d=area.path(most),
            class_=f"area{' strong' * area.strong} s{area.order}",
        )
        for area in one.areas
    ]
    body = [*_frame(highest, most), *shapes, *_mean(one.mean, most)]
    for mark in one.marks:
        x, y = LEFT + WIDTH * mark.x / end, HIGH * (1 - mark.y / most)
        body.append(element("circle", cx=x, cy=y, r=3.5, class_="mark"))
        right = mark.x * 2 > end
        words = text(mark.words, x - 7 if right else x + 7, y - 5, "end" if right else "start")
        body.append(words)
    body += [
        text("0", LEFT, HIGH + 14),
        text(f"{end:,} {across}", LEFT + WIDTH, HIGH + 14, "end"),
    ]
    return [
        text(one.name, LEFT, 14.0, class_="name"),
        text(one.told, LEFT, 28.0, class_="quiet"),
        element("g", *body, transform=f"translate(0 {spot(HEAD)})"),
    ]


def _frame(value: float, most: float) -> list[Markup]:
    y = HIGH * (1 - value / most)
    return [
        grid(f"M{spot(LEFT, 0)} v{spot(HIGH)} h{spot(WIDTH)}"),
        grid(f"M{spot(LEFT, y)} h{spot(WIDTH)}"),
        text(f"{value:,}" if value == int(value) else f"{value:,.3g}", LEFT - 5, y + 4, "end"),
        text("0", LEFT - 5, HIGH + 4, "end"),
    ]


def _mean(value: float | None, most: float) -> list[Markup]:
    if value is None:
        return []
    y = HIGH * (1 - value / most)
    return [element("path", d=f"M{spot(LEFT, y)} h{spot(WIDTH)}", class_="mean")]


def _straight(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out places that are there twice, or lie on the level line between their neighbours."""
    found: list[tuple[float, float]] = []
    for place in places:
        if found and found[-1] == place:
            continue
        if len(found) > 1 and found[-1][1] == found[-2][1] == place[1]:
            found[-1] = place
        else:
            found.append(place)
    return found


def sample(kind: str) -> Markup:
    """Return the sample of an area or of a line, for the key."""
    if kind == "mean":
        return element("path", d="M0 6 h20", class_="mean")
    return element("rect", x=0, y=0, width=20, height=11, class_=kind)
