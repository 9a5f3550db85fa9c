"""A schedule as SVG: who runs when, how many processors are busy, what is live; makespans beside it.

A strip for each processor where there are few, and for each equation where there are many. Panels
under each other share the time. As in :mod:`.plots`, drawn here and not by a plotting library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .markup import Markup, element, spot
from .plots import COLOURS
from .schedule_strips import Strip, equation_strips, processor_strips
from .sheet import at_text
from .simulation import processors_text

if TYPE_CHECKING:
    from ..analysis.simulation.liveness import Curve
    from ..analysis.simulation.simulating import Run, Simulation

FEW = 16
"""So many processors have a strip each."""
COLUMNS = 480
LEFT, WIDTH, SIDE, RIGHT = 170.0, 620.0, 90.0, 250.0
ROW, PANEL, GAP, TOP = 16.0, 96.0, 40.0, 64.0

STYLE = """
.sim text { font: 11px system-ui, 'Liberation Sans', Arial, sans-serif; fill: #1b1f24; }
.sim .title { font-size: 15px; font-weight: 600; }
.sim .quiet { fill: #5b6572; }
.sim .paper { fill: #ffffff; }
.sim .lane { fill: #f0f2f5; }
.sim .grid { stroke: #d5dae0; fill: none; }
.sim .limit { stroke: #b91c1c; fill: none; stroke-width: 1.5; stroke-dasharray: 5 3; }
.sim .cut { stroke: #ffffff; fill: none; stroke-width: 1; }
.sim .band { fill: #5b6572; opacity: 0.18; }
@media (prefers-color-scheme: dark) {
  .sim text { fill: #e6e9ed; }
  .sim .quiet { fill: #9aa5b1; }
  .sim .paper { fill: #14181d; }
  .sim .lane { fill: #22272e; }
  .sim .grid { stroke: #39414a; }
  .sim .limit { stroke: #f87171; }
  .sim .cut { stroke: #14181d; }
  .sim .band { fill: #9aa5b1; }
}
"""


class PictureError(ValueError):
    """A schedule that cannot be drawn; the message says why."""


def picture(one: Simulation) -> str:
    """Draw a simulation as an SVG file.

    The schedule that is drawn is that on the most processors that have a strip each, or else the
    last one.

    Raises
    ------
    PictureError
        If every schedule got stuck for lack of memory, or takes no step.
    """
    whole = [run for run in one.runs if run.makespan]
    if not whole:
        raise PictureError(
            "expected a schedule to draw, got none that takes steps and comes to an end"
        )
    few = [run for run in whole if run.processors <= FEW]
    drawn = max(few, key=lambda run: run.processors) if few else whole[-1]
    strips = (processor_strips if few else equation_strips)(one.tasks, drawn.schedule, COLUMNS)
    used = sorted({kind for strip in strips for _, _, kind, _ in strip.bars})
    body: list[Markup] = []
    bottom = TOP + ROW * len(strips)
    body += _strips(strips, used, drawn)
    for title, curve, limit in (
        ("processors busy", drawn.busy, None),
        ("scalars live", drawn.live, one.memory),
    ):
        if curve is not None:
            body += _panel(title, curve, drawn.makespan or 1, bottom + GAP, limit)
            bottom += GAP + PANEL
    body += _time(drawn.makespan or 1, bottom)
    body += _makespans(one, drawn)
    body += _legend(used, TOP + 290)
    height = max(bottom + 40, TOP + 310 + 16 * len(used))
    width = LEFT + WIDTH + SIDE + RIGHT + 20
    head = [
        element("rect", x=0, y=0, width=width, height=height, class_="paper"),
        element("text", f"{one.model}, {at_text(one.at)}", x=16, y=24, class_="title"),
        element("text", _told(one, drawn), x=16, y=42, class_="quiet"),
    ]
    drawing = element(
        "svg",
        element("title", f"{one.model} on processors"),
        element("style", Markup(STYLE)),
        *head,
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {spot(width, height)}",
        width=width,
        height=height,
        class_="sim",
        role="img",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing}\n'


def _told(one: Simulation, drawn: Run) -> str:
    rows = "equation"
    if drawn.processors <= FEW:
        rows = "processor" if (drawn.makespan or 0) <= COLUMNS else "processor (samples)"
    return (
        f"{processors_text(drawn.processors)} processors, {one.priority}, "
        f"{drawn.makespan:,} steps; a strip for each {rows}; {one.setting.describe()}"
    )


def _strips(strips: Sequence[Strip], used: Sequence[str], drawn: Run) -> list[Markup]:
    parts, end = [], drawn.makespan or 1
    for k, strip in enumerate(strips):
        y = TOP + ROW * k
        parts.append(element("rect", x=LEFT, y=y + 1, width=WIDTH, height=ROW - 2, class_="lane"))
        parts.append(_text(_short(strip.label, 26), LEFT - 6, y + 12, "end"))
        for begin, stop, kind, share in strip.bars:
            x, wide = LEFT + WIDTH * begin / end, WIDTH * (stop - begin) / end
            parts.append(
                element(
                    "rect",
                    x=round(x, 1),
                    y=y + 1,
                    width=max(round(wide, 1), 0.4),
                    height=ROW - 2,
                    fill=_colour(kind, used),
                    fill_opacity=None if share >= 1 else f"{share:.2f}",
                )
            )
        cuts = " ".join(
            f"M{spot(LEFT + WIDTH * c / end, y + 1)} v{spot(ROW - 2)}" for c in strip.cuts
        )
        if cuts:
            parts.append(element("path", d=cuts, class_="cut"))
    return parts


def _colour(kind: str, used: Sequence[str]) -> str:
    return COLOURS[used.index(kind) % len(COLOURS)]


def _panel(title: str, curve: Curve, end: int, top: float, limit: int | None) -> list[Markup]:
    """Draw a number over time, as steps."""
    most = max(curve.peak, limit or 0, 1)
    parts = [_text(title, LEFT - 6, top + PANEL / 2, "end")]
    for value in _ticks(most):
        y = top + PANEL * (1 - value / most)
        parts.append(element("path", d=f"M{spot(LEFT, y)} h{spot(WIDTH)}", class_="grid"))
        parts.append(_text(f"{value:,}", LEFT + WIDTH + 6, y + 4, "start"))
    columns = min(COLUMNS, end)
    path, last = [f"M{spot(LEFT, top + PANEL)}"], None
    for k, value in enumerate(curve.average(columns, end)):
        y = top + PANEL * (1 - float(value) / most)
        if y != last:
            path.append(f"H{spot(LEFT + WIDTH * k / columns)} V{spot(y)}")
        last = y
    path.append(f"H{spot(LEFT + WIDTH)} V{spot(top + PANEL)} Z")
    parts.append(
        element("path", d=" ".join(path), fill=COLOURS[0], fill_opacity="0.55", stroke=COLOURS[0])
    )
    if limit is not None:
        y = top + PANEL * (1 - limit / most)
        parts.append(element("path", d=f"M{spot(LEFT, y)} h{spot(WIDTH)}", class_="limit"))
    return parts


def _ticks(most: int) -> list[int]:
    """Return zero, the most, and what lies half-way if that is whole."""
    return [0, most] if most < 2 else [0, most // 2, most]


def _time(end: int, bottom: float) -> list[Markup]:
    parts = [_text("steps", LEFT + WIDTH / 2, bottom + 30, "middle")]
    for k in range(5):
        x = LEFT + WIDTH * k / 4
        anchor = {0: "start", 4: "end"}.get(k, "middle")
        parts.append(_text(f"{end * k // 4:,}" if end * k % 4 == 0 else "", x, bottom + 16, anchor))
    return parts


def _makespans(one: Simulation, drawn: Run) -> list[Markup]:
    """Draw the makespan by processors with Brent's interval, both axes logarithmic."""
    left, top, high = LEFT + WIDTH + SIDE, TOP + 14, 200.0
    runs = [run for run in one.runs if run.processors != math.inf and run.unlimited]
    most = max([int(run.processors) for run in runs] + [one.enough.processors, 2])
    low, up = math.log2(max(one.span, 1)), math.log2(max(one.work, one.span + 1, 2))
    up = max([up, *(math.log2(run.makespan) for run in runs if run.makespan)])

    def place(p: float, steps: float) -> tuple[float, float]:
        across = math.log2(p) / math.log2(most)
        return left + RIGHT * across, top + high * (
            1 - (math.log2(steps) - low) / max(up - low, 0.1)
        )

    numbers = [2 ** (k * math.log2(most) / 48) for k in range(49)]
    floor = [place(p, max(one.work / p, one.span, 1)) for p in numbers]
    roof = [place(p, (one.work + one.waits - one.span) / p + one.span) for p in numbers]
    band = " L".join(spot(*point) for point in [*floor, *reversed(roof)])
    parts = [
        _text("steps by processors, in Brent's interval", left, TOP, "start"),
        element("path", d=f"M{band} Z", class_="band"),
        element("path", d=f"M{spot(left, top)} v{spot(high)} h{spot(RIGHT)}", class_="grid"),
    ]
    ends_of = [steps for steps in dict.fromkeys((one.work, one.span)) if steps]
    parts += [_text(f"{s:,}", left - 6, place(1, s)[1] + 4, "end") for s in ends_of]
    ends = dict.fromkeys((1, one.enough.processors, most))
    shown = [p for p in ends if p in (1, most) or 0.2 < math.log2(p) / math.log2(most) < 0.8]
    for p in shown:
        x, _ = place(p, one.span or 1)
        parts.append(_text(f"{p:,}", x, top + high + 16, "end" if p == most else "middle"))
    for run in runs:
        if run.makespan:
            x, y = place(run.processors, run.makespan)
            told = element("title", f"{run.processors:,}: {run.makespan:,} steps")
            colour = COLOURS[1] if run is drawn else COLOURS[0]
            parts.append(element("circle", told, cx=x, cy=y, r=3.5, fill=colour))
    parts.append(_text("processors", left + RIGHT / 2, top + high + 34, "middle"))
    return parts


def _legend(used: Iterable[str], top: float) -> list[Markup]:
    parts, names = [], list(used)
    x = LEFT + WIDTH + SIDE
    for k, kind in enumerate(names):
        y = top + 16 * k
        parts.append(element("rect", x=x, y=y, width=12, height=11, fill=_colour(kind, names)))
        parts.append(_text(kind.replace("_", " "), x + 18, y + 10, "start"))
    return parts


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"…{text[1 - most :]}"


def _text(text: Any, x: float, y: float, anchor: str) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor)
