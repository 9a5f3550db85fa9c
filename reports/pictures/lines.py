"""Series of a plot: each has a colour, a dash pattern and a marker, and its name beside its end.

Two series among twenty differ in dashes or markers, so that no reader needs to see colours.

>>> spread([10, 12, 90], [16, 16, 16], 0, 100)
[3.0, 19.0, 83.0]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..notation.markup import Markup, element, spot
from ..notation.style import SERIES

DASHES = (None, "7 3", "2 2", "9 3 2 3")
LINE, LETTER = 14.0, 6.1
"""Height of a line of text, and width of a letter on average."""
SAMPLE = 26.0
"""Length of the piece of a series beside its name."""
WIDEST = 32
"""Letters in a line of names."""
MARKERS = (
    "m-3.5 0 a3.5 3.5 0 1 0 7 0 a3.5 3.5 0 1 0 -7 0 Z",
    "m-3.2 -3.2 h6.4 v6.4 h-6.4 Z",
    "m0 -4.2 l4.2 7 h-8.4 Z",
    "m0 -4.6 l4.6 4.6 l-4.6 4.6 l-4.6 -4.6 Z",
    "m0 4.2 l4.2 -7 h-8.4 Z",
)
"""Circle, square, triangle, diamond, triangle: paths from the middle."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is written beside the end of a series, or beside a point."""

    x: float
    y: float
    """Where the series ends."""
    lines: tuple[str, ...]
    order: int
    """Which look the series has."""
    dashed: bool = True
    """Whether it is a line; a point has a marker alone."""


def stroke(order: int) -> dict[str, object]:
    """Return the attributes of a line: a class for its colour, and dashes."""
    return {
        "class_": f"line s{order % len(SERIES)}",
        "stroke_dasharray": DASHES[order % len(DASHES)],
    }


def marker(order: int, x: float, y: float) -> Markup:
    """Draw the marker of a series at a place."""
    path = f"M{spot(x, y)} {MARKERS[order % len(MARKERS)]}"
    return element("path", d=path, class_=f"dot s{order % len(SERIES)}")


def curve(order: int, points: Sequence[tuple[float, float]], name: str) -> list[Markup]:
    """Draw a series through places, with a few markers."""
    path = "M" + " L".join(spot(x, y) for x, y in points)
    line = element("path", element("title", name), d=path, **stroke(order))
    every = max(len(points) // 4, 1)
    chosen = points[order % every :: every]
    return [line, *(marker(order, x, y) for x, y in chosen)]


def labels(
    found: Sequence[Label], x: float, top: float, bottom: float
) -> tuple[list[Markup], float]:
    """Write labels under each other, each joined to its series by a thin line.

    Returns
    -------
    What is drawn, and how far down it goes.
    """
    parts: list[Markup] = []
    heights = [LINE * len(label.lines) + 4 for label in found]
    tops = spread([label.y for label in found], heights, top, bottom)
    for label, y in zip(found, tops, strict=True):
        middle = y + LINE / 2
        parts.append(
            element(
                "path",
                d=f"M{spot(label.x, label.y)} L{spot(x + 14, middle)}",
                class_="leader",
            )
        )
        if label.dashed:
            line = f"M{spot(x + 14, middle)} h{spot(SAMPLE)}"
            parts.append(element("path", d=line, **stroke(label.order)))
        parts.append(marker(label.order, x + 14 + SAMPLE / 2, middle))
        for k, line in enumerate(label.lines):
            parts.append(text(line, x + 20 + SAMPLE, middle + 4 + LINE * k, "start"))
    ends = [y + h for y, h in zip(tops, heights, strict=True)]
    return parts, max(ends, default=top)


def spread(
    wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float
) -> list[float]:
    """Return where blocks begin that do not overlap, each with its first line near where it is wanted.

    They keep the order of what is wanted, and go beyond the bottom only if there is no room.
    """
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    found, free = [0.0] * len(wanted), top
    for k in order:
        found[k] = max(wanted[k] - min(LINE, heights[k]) / 2, free)
        free = found[k] + heights[k]
    limit = bottom
    for k in reversed(order):
        found[k] = max(min(found[k], limit - heights[k]), top)
        limit = found[k]
    free = top
    for k in order:  # again from the top, if they have no room
        found[k] = max(found[k], free)
        free = found[k] + heights[k]
    return found


def wrapped(words: Iterable[str], widest: int = WIDEST) -> tuple[str, ...]:
    """Write words into lines, with commas between.

    >>> wrapped(["lstm", "gru", "attention"], 12)
    ('lstm, gru,', 'attention')
    """
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) + len(word) + 2 <= widest:
            found[-1] += f", {word}"
        else:
            if found:
                found[-1] += ","
            found.append(word)
    return tuple(found)


def text(words: object, x: float, y: float, anchor: str = "start", **more: object) -> Markup:
    """Write words at a place."""
    return element("text", words, x=x, y=y, text_anchor=anchor, **more)


def grid(path: str) -> Markup:
    """Draw a line of an axis."""
    return element("path", d=path, class_="grid")
