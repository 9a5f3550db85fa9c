"""Arcs around a drawing: below it cycles over time, above it cycles over layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..notation.markup import Markup, element, join, spot
from .folding import Arrow
from .frame import LETTER_SMALL, Frame

LANE = 20.0


@dataclass(frozen=True, slots=True)
class Bus:
    """Arcs that leave one box together."""

    arrows: tuple[Arrow, ...]


def lanes_of(frame: Frame, arrows: Iterable[Arrow]) -> dict[Bus, int]:
    """Put arcs that leave one box with one label on one lane, short ones near the picture.

    No lane holds two that overlap.
    """
    groups: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        groups.setdefault((arrow.source, arrow.label), []).append(arrow)
    buses = [Bus(tuple(group)) for group in groups.values()]
    spans = {
        bus: (min(frame.columns[a.target] for a in bus.arrows), frame.columns[bus.arrows[0].source])
        for bus in buses
    }
    lanes: dict[Bus, int] = {}
    for bus in sorted(buses, key=lambda b: (spans[b][1] - spans[b][0], b.arrows[0].source)):
        low, high = spans[bus]
        taken = {
            lane
            for other, lane in lanes.items()
            if spans[other][0] <= high and low <= spans[other][1]
        }
        lanes[bus] = next(k for k in range(len(lanes) + 1) if k not in taken)
    return lanes


def arcs(frame: Frame, bus: Bus, lane: int, level: float, side: int) -> list[Markup]:
    """Leave a box to the right, go around the picture, and enter other boxes from the left."""
    first = bus.arrows[0]
    x0, y0 = frame.end(first.source), frame.y(first.source) + side * 5
    source = frame.columns[first.source]
    out = frame.left[source] + frame.width[source] + 10 + 6 * lane
    parts, ends = [], []
    for arrow in bus.arrows:
        x1, y1 = frame.start(arrow.target) - 6, frame.y(arrow.target) + side * 5
        back = frame.left[frame.columns[arrow.target]] - 14 - 6 * lane
        corners = [(x0, y0), (out, y0), (out, level), (back, level), (back, y1), (x1, y1)]
        parts += [
            element("path", d=_rounded(corners), class_=f"arrow {arrow.kind}"),
            head(x1, y1, arrow.kind),
        ]
        ends.append(back)
    return [*parts, pill(first.label, (out + min(ends)) / 2, level, first.kind)]


def _rounded(corners: Sequence[tuple[float, float]], radius: float = 7.0) -> str:
    """Return a path of straight lines with round corners."""
    path = f"M{spot(*corners[0])}"
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        (ax, ay), (bx, by) = (_towards((x, y), end, radius) for end in (before, after))
        path += f" L{spot(ax, ay)} Q{spot(x, y, bx, by)}"
    return path + f" L{spot(*corners[-1])}"


def _towards(
    start: tuple[float, float], end: tuple[float, float], distance: float
) -> tuple[float, float]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def pill(label: str, x: float, y: float, kind: str) -> Markup:
    """Return a label on a ground that covers the line beneath it."""
    width = LETTER_SMALL * len(label) + 8
    shape = element(
        "rect",
        x=x - width / 2,
        y=y - 8,
        width=width,
        height=16,
        rx=8,
        class_="paper",
    )
    text = element(
        "text",
        label,
        x=x,
        y=y + 4,
        text_anchor="middle",
        class_=f"{kind}-text",
    )
    return join([shape, text])


def head(x: float, y: float, kind: str, critical: bool = False) -> Markup:
    """Return the head of an arrow that points to the right."""
    points = spot(x, y - 3.5, x + 6, y, x, y + 3.5)
    style = f"head {kind}-head" if kind else "head"
    return element("polygon", points=points, class_=style + (" critical-head" if critical else ""))
