"""Drawing a model: columns are depth, cycles are coloured arcs, the critical path is bold.

An arc below the picture is a cycle over time, which makes a recurrence; an arc above it is a cycle
over layers, which makes a stack; a coloured arrow reads other positions, as attention does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graphs.graph import Graph
from .layout import Layout, lay_out
from .markup import Markup, element, join
from .picture import Arrow, Box, Picture, picture_of

LARGEST = 400
LINE, PAD, LETTER = 15.0, 8.0, 6.4
GUTTER, LANE, MARGIN = 44.0, 20.0, 24.0
LETTER_SMALL = 5.8

STYLE = """
.ws text { font: 11px system-ui, 'Liberation Sans', Arial, sans-serif; fill: #1b1f24; }
.ws .title { font-size: 15px; font-weight: 600; }
.ws .quiet { fill: #5b6572; }
.ws .box { fill: #f4f6f8; stroke: #8b96a3; stroke-width: 1; }
.ws .source { fill: #e6f0e6; }
.ws .arrow { fill: none; stroke: #8b96a3; stroke-width: 1.2; }
.ws .head { fill: #8b96a3; stroke: none; }
.ws .gather { stroke: #0f7b6c; stroke-width: 1.6; }
.ws .gather-head, .ws .gather-text { fill: #0f7b6c; }
.ws .time { stroke: #c2410c; stroke-width: 1.8; }
.ws .time-head, .ws .time-text { fill: #c2410c; }
.ws .layer { stroke: #6d28d9; stroke-width: 1.8; stroke-dasharray: 6 3; }
.ws .layer-head, .ws .layer-text { fill: #6d28d9; }
.ws .critical { stroke: #1b1f24; stroke-width: 2.4; }
.ws .critical-head { fill: #1b1f24; }
.ws .gather.critical { stroke: #0f7b6c; }
.ws .gather-head.critical-head { fill: #0f7b6c; }
.ws .paper { fill: #ffffff; }
.ws text.time-text, .ws text.layer-text, .ws text.gather-text { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .ws text { fill: #e6e9ed; }
  .ws .quiet { fill: #9aa5b1; }
  .ws .box { fill: #22272e; stroke: #6b7684; }
  .ws .source { fill: #1f3324; }
  .ws .arrow { stroke: #6b7684; }
  .ws .head { fill: #6b7684; }
  .ws .gather { stroke: #2dd4bf; }
  .ws .gather-head, .ws .gather-text { fill: #2dd4bf; }
  .ws .time { stroke: #fb923c; }
  .ws .time-head, .ws .time-text { fill: #fb923c; }
  .ws .layer { stroke: #c4b5fd; }
  .ws .layer-head, .ws .layer-text { fill: #c4b5fd; }
  .ws .critical { stroke: #f5f7fa; }
  .ws .critical-head { fill: #f5f7fa; }
  .ws .gather.critical { stroke: #2dd4bf; }
  .ws .gather-head.critical-head { fill: #2dd4bf; }
  .ws .paper { fill: #14181d; }
}
"""


class DrawingError(ValueError):
    """A graph that is too large to draw; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Coordinates of everything."""

    picture: Picture
    columns: Mapping[str, int]
    left: Sequence[float]
    """Left edge of each column."""
    width: Sequence[float]
    layout: Layout

    def y(self, box: str) -> float:
        return self.layout.y[box]

    def start(self, box: str) -> float:
        """Where arrows enter a box."""
        column = self.columns[box]
        return self.left[column] + (self.width[column] - self.own(box)) / 2

    def end(self, box: str) -> float:
        """Where arrows leave a box."""
        return self.start(box) + self.own(box)

    def own(self, box: str) -> float:
        return _width(next(b for b in self.picture.boxes if b.name == box))


@dataclass(frozen=True, slots=True)
class _Bus:
    """Arcs that leave one box together."""

    arrows: tuple[Arrow, ...]


def svg(graph: Graph, *, standalone: bool = True) -> str:
    """Draw the reduced dependence graph.

    Parameters
    ----------
    graph
        A traced model.
    standalone
        Whether to write a file of its own, with its style; otherwise an element for a page that
        has :data:`STYLE`.

    Raises
    ------
    DrawingError
        If there are more than 400 boxes.
    """
    picture = picture_of(graph)
    if len(picture.boxes) > LARGEST:
        raise DrawingError(
            f"expected at most {LARGEST} boxes to draw, got {len(picture.boxes)} for {graph.name}; "
            "leave L a size, so that layers are one cycle"
        )
    drawing = _drawing(picture, standalone)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing}\n' if standalone else drawing


def _drawing(picture: Picture, standalone: bool) -> Markup:
    frame = _frame(picture)
    below, above = (_lanes(frame, picture.of(kind)) for kind in ("time", "layer"))
    parts = [_plain_arrow(frame, a) for a in sorted(_forward(picture), key=lambda a: a.critical)]
    for bus, lane in below.items():
        parts += _bus(frame, bus, lane, frame.layout.bottom + 18 + LANE * lane, 1)
    for bus, lane in above.items():
        parts += _bus(frame, bus, lane, frame.layout.top - 18 - LANE * lane, -1)
    parts += [_box(frame, box) for box in picture.boxes]
    parts += _gather_labels(frame)
    top = frame.layout.top - 18 - LANE * (max(above.values(), default=-1) + 1) - 16
    bottom = frame.layout.bottom + 18 + LANE * (max(below.values(), default=-1) + 1)
    parts += _depths(frame, bottom + 12)
    head = [
        element("text", picture.name, x=MARGIN, y=top - 24, class_="title"),
        element("text", picture.summary, x=MARGIN, y=top - 6, class_="quiet"),
    ]
    legend, legend_width = _legend(picture, bottom + 44)
    right = max(
        frame.left[-1] + frame.width[-1],
        MARGIN + LETTER * len(picture.summary),
        MARGIN + legend_width,
    )
    width, y0, height = right + MARGIN, top - 48, bottom + 64 - (top - 48)
    return element(
        "svg",
        element("title", picture.name),
        element("desc", picture.summary),
        element("style", Markup(STYLE)) if standalone else Markup(""),
        element("rect", x=0, y=_n(y0), width=_n(width), height=_n(height), class_="paper"),
        *head,
        *parts,
        *legend,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 {_n(y0)} {_n(width)} {_n(height)}",
        width=_n(width),
        height=_n(height),
        class_="ws",
        role="img",
    )


def _frame(picture: Picture) -> _Frame:
    columns = _columns(picture)
    count = max(columns.values(), default=0) + 1
    width = [max(_width(b) for b in picture.boxes if columns[b.name] == k) for k in range(count)]
    left, x = [], MARGIN + 30
    for k in range(count):
        left.append(x)
        x += width[k] + GUTTER + _room(picture, columns, k)
    arrows = [(a.source, a.target) for a in _forward(picture)]
    heights = {b.name: _height(b) for b in picture.boxes}
    return _Frame(picture, columns, left, width, lay_out(columns, heights, arrows))


def _columns(picture: Picture) -> dict[str, int]:
    """One column for each depth; boxes of no depth that read each other get columns of their own.

    A box that reads only over a cycle stands as late as its readers allow.
    """
    level: dict[str, tuple[int, int]] = {}
    forward = _forward(picture)
    for box in picture.boxes:
        depth = picture.steps(box)
        reads = [level[a.source] for a in forward if a.target == box.name]
        tie = max((t + 1 for d, t in reads if d == depth), default=0)
        level[box.name] = (depth, tie)
    index = {key: k for k, key in enumerate(sorted(set(level.values())))}
    columns = {name: index[key] for name, key in level.items()}
    late = {b.name for b in picture.boxes if b.kind != "input"} - {a.target for a in forward}
    for name in late:
        readers = [columns[a.target] - 1 for a in forward if a.source == name]
        columns[name] = max(columns[name], min(readers, default=0))
    return columns


def _room(picture: Picture, columns: Mapping[str, int], column: int) -> float:
    """Room for labels and for the ends of arcs to the right of a column."""
    labels = [a.label for a in picture.of("gather") if columns[a.target] == column + 1]
    arcs = sum(
        columns[a.source] == column or columns[a.target] == column + 1
        for a in picture.arrows
        if a.carried
    )
    return max((LETTER_SMALL * len(label) for label in labels), default=0.0) + 7.0 * arcs


def _forward(picture: Picture) -> list[Arrow]:
    return [a for a in picture.arrows if not a.carried]


def _width(box: Box) -> float:
    return max(LETTER * max(len(line) for line in box.lines) + 2 * PAD, 30.0)


def _height(box: Box) -> float:
    return LINE * len(box.lines) + PAD


def _box(frame: _Frame, box: Box) -> Markup:
    x, y, width, height = frame.start(box.name), frame.y(box.name), _width(box), _height(box)
    top = y - height / 2
    kind = (
        "box"
        + (" source" if box.kind in {"input", "output"} else "")
        + (" critical" if box.critical else "")
    )
    lines = [
        element(
            "text",
            line,
            x=_n(x + width / 2),
            y=_n(top + LINE * (k + 1) - 0.5),
            text_anchor="middle",
        )
        for k, line in enumerate(box.lines)
    ]
    note = f"{', '.join(box.equations) or box.name}: {box.weight} steps, ends at depth {box.depth}"
    shape = element(
        "rect", x=_n(x), y=_n(top), width=_n(width), height=_n(height), rx=4, class_=kind
    )
    return element("g", element("title", note), shape, *lines)


def _plain_arrow(frame: _Frame, arrow: Arrow) -> Markup:
    points = [(frame.end(arrow.source), frame.y(arrow.source))]
    for column, y in frame.layout.passages[arrow.source, arrow.target]:
        points += [(frame.left[column], y), (frame.left[column] + frame.width[column], y)]
    points.append((frame.start(arrow.target) - 6, frame.y(arrow.target)))
    path = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if k % 2:
            path += f" L{_n(x1)} {_n(y1)}"
        else:
            middle = _n((x0 + x1) / 2)
            path += f" C{middle} {_n(y0)} {middle} {_n(y1)} {_n(x1)} {_n(y1)}"
    kind = "gather" if arrow.kind == "gather" else ""
    style = f"arrow {kind} {'critical' if arrow.critical else ''}".strip()
    return join([element("path", d=path, class_=style), _head(*points[-1], kind, arrow.critical)])


def _gather_labels(frame: _Frame) -> list[Markup]:
    labels = []
    for arrow in frame.picture.of("gather"):
        passages = frame.layout.passages[arrow.source, arrow.target]
        y0 = passages[-1][1] if passages else frame.y(arrow.source)
        y1 = frame.y(arrow.target)
        column = frame.columns[arrow.target]
        x0 = (
            frame.left[column - 1] + frame.width[column - 1]
            if passages
            else frame.end(arrow.source)
        )
        x, y = (x0 + frame.start(arrow.target)) / 2, (y0 + y1) / 2
        labels.append(_pill(arrow.label, x, y, "gather"))
    return labels


def _lanes(frame: _Frame, arrows: Iterable[Arrow]) -> dict[_Bus, int]:
    """Put arcs that leave one box with one label on one lane, short ones near the picture.

    No lane holds two that overlap.
    """
    groups: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        groups.setdefault((arrow.source, arrow.label), []).append(arrow)
    buses = [_Bus(tuple(group)) for group in groups.values()]
    spans = {
        bus: (min(frame.columns[a.target] for a in bus.arrows), frame.columns[bus.arrows[0].source])
        for bus in buses
    }
    lanes: dict[_Bus, int] = {}
    for bus in sorted(buses, key=lambda b: (spans[b][1] - spans[b][0], b.arrows[0].source)):
        low, high = spans[bus]
        taken = {
            lane
            for other, lane in lanes.items()
            if spans[other][0] <= high and low <= spans[other][1]
        }
        lanes[bus] = next(k for k in range(len(lanes) + 1) if k not in taken)
    return lanes


def _bus(frame: _Frame, bus: _Bus, lane: int, level: float, side: int) -> list[Markup]:
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
            _head(x1, y1, arrow.kind),
        ]
        ends.append(back)
    return [*parts, _pill(first.label, (out + min(ends)) / 2, level, first.kind)]


def _rounded(corners: Sequence[tuple[float, float]], radius: float = 7.0) -> str:
    """Return a path of straight lines with round corners."""
    path = f"M{_n(corners[0][0])} {_n(corners[0][1])}"
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        (ax, ay), (bx, by) = (_towards((x, y), end, radius) for end in (before, after))
        path += f" L{_n(ax)} {_n(ay)} Q{_n(x)} {_n(y)} {_n(bx)} {_n(by)}"
    return path + f" L{_n(corners[-1][0])} {_n(corners[-1][1])}"


def _towards(
    start: tuple[float, float], end: tuple[float, float], distance: float
) -> tuple[float, float]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _pill(label: str, x: float, y: float, kind: str) -> Markup:
    width = LETTER_SMALL * len(label) + 8
    shape = element(
        "rect", x=_n(x - width / 2), y=_n(y - 8), width=_n(width), height=16, rx=8, class_="paper"
    )
    text = element("text", label, x=_n(x), y=_n(y + 4), text_anchor="middle", class_=f"{kind}-text")
    return join([shape, text])


def _head(x: float, y: float, kind: str, critical: bool = False) -> Markup:
    points = f"{_n(x)},{_n(y - 3.5)} {_n(x + 6)},{_n(y)} {_n(x)},{_n(y + 3.5)}"
    style = f"head {kind}-head" if kind else "head"
    return element("polygon", points=points, class_=style + (" critical-head" if critical else ""))


def _depths(frame: _Frame, y: float) -> list[Markup]:
    deepest: dict[int, Box] = {}
    for box in frame.picture.boxes:
        column = frame.columns[box.name]
        if column not in deepest or frame.picture.steps(box) >= frame.picture.steps(
            deepest[column]
        ):
            deepest[column] = box
    labels = [element("text", "depth", x=4, y=_n(y), class_="quiet")]
    for column, box in sorted(deepest.items()):
        x = frame.left[column] + frame.width[column] / 2
        labels.append(
            element("text", box.depth, x=_n(x), y=_n(y), text_anchor="middle", class_="quiet")
        )
    return labels


def _legend(picture: Picture, y: float) -> tuple[list[Markup], float]:
    entries = [("critical", "critical path (array operations)"), ("", "reads the same position")]
    entries += [("gather", "reads other positions")] if picture.of("gather") else []
    entries += [("time", "cycle over time")] if picture.of("time") else []
    entries += [("layer", "cycle over layers")] if picture.of("layer") else []
    parts, x = [], MARGIN
    for kind, text in entries:
        parts.append(element("path", d=f"M{_n(x)} {_n(y - 4)} h24", class_=f"arrow {kind}".strip()))
        parts.append(element("text", text, x=_n(x + 30), y=_n(y), class_="quiet"))
        x += 30 + LETTER_SMALL * len(text) + 18
    return parts, x - MARGIN


def _n(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")
