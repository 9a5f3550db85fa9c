"""The way of a gradient against the distance of positions: one line for each model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...graphs.sizes import Number
from ..notation.markup import Markup, element, spot
from .lines import Label, curve, grid, labels, text, wrapped
from .plots import Plot

LEFT, TOP, WIDTH, HEIGHT, SIDE = 52.0, 12.0, 400.0, 280.0, 256.0


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of the gradients of one model."""

    model: str
    points: tuple[tuple[int, int], ...]
    """Distance, and the longest of the shortest ways between positions so far apart."""
    most: str
    """What is derived of the longest way, such as ``at most n = 32, proved``."""
    bound: Number | None
    """The longest way as it is derived; None if it is not."""


def gradients(found: Sequence[Way], unit: str, farthest: int, notes: tuple[str, ...]) -> Plot:
    """Draw ways by distance; models with the same line share one.

    Parameters
    ----------
    unit
        What ways are counted in.
    farthest
        The largest distance of two positions.
    """
    shared: dict[Way, list[str]] = {}
    names = [way.model for way in found]
    for way in found:
        shared.setdefault(replace(way, model=""), []).append(way.model)
    most = (max(float(way.bound or 0), *(d for _, d in way.points)) for way in found)
    high = max(1.0, *most)

    def place(distance: float, steps: float) -> tuple[float, float]:
        return LEFT + WIDTH * distance / max(farthest, 1), TOP + HEIGHT * (1 - steps / high)

    parts: list[Markup] = [
        *_axes(farthest, high),
        text("distance of two positions", LEFT + WIDTH / 2, TOP + HEIGHT + 34, "middle"),
    ]
    middle = TOP + HEIGHT / 2
    turn = f"rotate(-90 12 {spot(middle)})"
    parts.append(text(f"way of the gradient ({unit})", 12.0, middle, "middle", transform=turn))
    ends, told = [], []
    for way, models in shared.items():
        order = names.index(models[0])
        places = [place(*p) for p in way.points]
        parts += curve(order, places, ", ".join(models))
        last, longest = way.points[-1][0], max(d for _, d in way.points)
        if way.bound is not None:
            first = next(k for k, d in way.points if d == longest)
            x, y = place(first, float(way.bound))
            parts.append(element("circle", cx=x, cy=y, r=6.5, class_="ring"))
        reach = () if last == farthest else (f"no gradient beyond distance {last:,}",)
        ends.append(Label(*places[-1], (*wrapped(models), way.most, *reach), order))
        told.append(f"{', '.join(models)}: {', '.join((way.most, *reach))}.")
    beside, bottom = labels(ends, LEFT + WIDTH, TOP, TOP + HEIGHT + 30)
    height = max(TOP + HEIGHT + 44, bottom + 8)
    body = (*parts, *beside)
    title = "Gradient against distance"
    return Plot(title, body, LEFT + WIDTH + SIDE, height, notes, tuple(told))


def _axes(farthest: int, high: float) -> list[Markup]:
    parts = []
    for value in ticks(farthest):
        x = LEFT + WIDTH * value / max(farthest, 1)
        parts.append(grid(f"M{spot(x, TOP)} v{spot(HEIGHT)}"))
        parts.append(text(f"{value:,}", x, TOP + HEIGHT + 15, "middle"))
    for value in ticks(int(high)):
        y = TOP + HEIGHT * (1 - value / high)
        parts.append(grid(f"M{spot(LEFT, y)} h{spot(WIDTH)}"))
        parts.append(text(f"{value:,}", LEFT - 6, y + 4, "end"))
    return parts


def ticks(most: int) -> list[int]:
    """Return whole numbers for an axis, from zero on: at most nine, by ones, twos or fives.

    >>> ticks(31), ticks(3), ticks(0)
    ([0, 5, 10, 15, 20, 25, 30], [0, 1, 2, 3], [0])
    """
    step, scale = 1, 1
    while most // step > 8:
        step = next((k * scale for k in (1, 2, 5, 10) if most // (k * scale) <= 8), 10 * scale)
        scale *= 10
    return list(range(0, most + 1, step))
