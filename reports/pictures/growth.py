"""A figure of several models over n on logarithmic axes, with the numbers where they change places."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..notation.markup import Markup, element, spot
from ..tables.sheet import Row, at_text
from .curves import LONGEST, Crossing, Curve, Refusals, crossings, curves, others, varying
from .lines import Label, curve, grid, labels, text, wrapped
from .plots import Plot, short

LEFT, TOP, WIDTH, HEIGHT, SIDE = 58.0, 12.0, 400.0, 260.0, 250.0
NAMES: Mapping[str, str] = {"n": "n, the length of the sequence", "d": "d, the width of the model"}
MOST_MARKS = 26
"""So many crossings are marked; they have one letter each."""


class GrowthError(ValueError):
    """A row without a curve; the message says why."""


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


def growth(
    row: Row,
    models: Sequence[str],
    setting: str,
    sizes: Mapping[str, int],
    refusals: Refusals = lambda model, at: None,
) -> Plot:
    """Plot a row over n, or over d if n does not matter.

    Parameters
    ----------
    models
        The names of the row's cells.
    setting
        What is counted, in one line.
    sizes
        Those that do not vary; usual ones for what is not named.
    refusals
        Why there is no such model at sizes.

    Raises
    ------
    GrowthError
        If no model varies with either size, or has values to draw; the message says why.
    """
    along = varying(row)
    drawn, without = curves(row, models, along or "n", sizes, refusals)
    if along is None or not drawn:
        told = f": {'; '.join(without)}" if without else ""
        raise GrowthError(f"expected a figure that varies with n or d, got {row.name}{told}")
    found, unsolved = crossings(drawn, along, sizes)
    marked = found[:MOST_MARKS]
    frame = _frame(drawn)
    unit = f"{row.title} ({row.unit})" if row.unit else row.title
    ends = [Label(*frame.place(*c.points[-1]), wrapped(c.models), c.order) for c in drawn]
    beside, bottom = labels(ends, LEFT + WIDTH, TOP, TOP + HEIGHT + 20)
    body = (
        *_axes(frame, along, unit),
        *(part for c in drawn for part in _curve(frame, c)),
        *_marks(frame, marked, along),
        *beside,
    )
    notes = _notes(row, along, setting, sizes)
    if found:
        listed = "; ".join(f"{_letter(k)}, {along} = {c.at:,}: {c}" for k, c in enumerate(marked))
        more = len(found) - len(marked)
        beyond = f"; and {more} more to the right of these, not marked" if more else ""
        notes.append(
            f"Marks: the first {along} from which on a model has more than one that it had less "
            f"than, solved exactly for all whole {along} up to {2**LONGEST:,}. {listed}{beyond}."
        )
    notes += [f"Not solved: {line}." for line in unsolved]
    if without:
        notes.append(f"Not drawn: {'; '.join(without)}.")
    height = max(TOP + HEIGHT + 42, bottom + 8)
    return Plot(
        f"{row.title} over {along}",
        body,
        LEFT + WIDTH + SIDE,
        height,
        tuple(notes),
        tuple(map(_told, drawn)),
    )


def _notes(row: Row, along: str, setting: str, sizes: Mapping[str, int]) -> list[str]:
    fixed = others(row, along, sizes)
    held = f"At {at_text(fixed)}." if fixed else f"No size but {along} matters."
    return [f"{held} Setting: {setting}."]


def _told(curve: Curve) -> str:
    (first, low), (last, high) = curve.points[0], curve.points[-1]
    return f"{', '.join(curve.models)}: {low:,.6g} at {first:,}, {high:,.6g} at {last:,}."


def _frame(drawn: Sequence[Curve]) -> _Frame:
    xs = [math.log2(x) for c in drawn for x, _ in c.points]
    ys = [math.log10(y) for c in drawn for _, y in c.points]
    bottom, top = math.floor(min(ys)), math.ceil(max(ys))
    return _Frame((min(xs), max(max(xs), min(xs) + 1)), (bottom, max(top, bottom + 1)))


def _axes(frame: _Frame, along: str, title: str) -> list[Markup]:
    parts = []
    first, last = math.ceil(frame.x[0]), math.floor(frame.x[1])
    for power in range(first, last + 1, 2 if last - first > 5 else 1):
        x, _ = frame.place(2.0**power, 10 ** frame.y[0])
        parts.append(grid(f"M{spot(x, TOP)} v{spot(HEIGHT)}"))
        parts.append(text(f"{2**power:,}", x, TOP + HEIGHT + 15, "middle"))
    step = math.ceil((frame.y[1] - frame.y[0]) / 7)
    for power in range(math.ceil(frame.y[0]), math.floor(frame.y[1]) + 1, step):
        _, y = frame.place(2 ** frame.x[0], 10.0**power)
        parts.append(grid(f"M{spot(LEFT, y)} h{spot(WIDTH)}"))
        parts.append(text(short(10.0**power), LEFT - 6, y + 4, "end"))
    middle = TOP + HEIGHT / 2
    turned = text(title, 12.0, middle, "middle", transform=f"rotate(-90 12 {spot(middle)})")
    return [*parts, turned, text(NAMES[along], LEFT + WIDTH / 2, TOP + HEIGHT + 34, "middle")]


def _curve(frame: _Frame, one: Curve) -> list[Markup]:
    return curve(one.order, [frame.place(*p) for p in one.points], ", ".join(one.models))


def _marks(frame: _Frame, marked: Sequence[Crossing], along: str) -> list[Markup]:
    """Draw crossings, each with its letter where no other is."""
    parts: list[Markup] = []
    taken = [frame.place(c.at, c.value) for c in marked]
    for k, crossing in enumerate(marked):
        x, y = frame.place(crossing.at, crossing.value)
        told = element("title", f"{along} = {crossing.at:,}: {crossing}")
        dot = element("circle", cx=x, cy=y, r=4.0, class_="mark")
        places = [(x + dx, y + dy) for dy in (14.0, -13.0, 26.0, -25.0) for dx in (5.0, -9.0)]
        free = (p for p in places if all(math.dist(p, t) > 9 for t in taken))
        best = next(free, places[0])
        taken.append(best)
        letter = text(_letter(k), best[0], best[1] + 4, class_="name")
        parts.append(element("g", told, dot, letter))
    return parts


def _letter(k: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[k]
