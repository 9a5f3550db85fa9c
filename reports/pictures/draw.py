"""Drawing a model: columns are depth, cycles are coloured arcs, the critical path is bold.

An arc below the picture is a cycle over time, which makes a recurrence; an arc above it is a cycle
over layers, which makes a stack; a coloured arrow reads other positions, as attention does.
"""

from __future__ import annotations

from itertools import pairwise

from ...graphs.graph import Graph
from ..notation.markup import Markup, element, join, spot
from ..notation.style import DRAWING
from .arcs import LANE, arcs, head, lanes_of, pill
from .folding import Arrow
from .frame import (
    LETTER,
    LETTER_SMALL,
    LINE,
    MARGIN,
    Frame,
    box_height,
    box_width,
    forward,
    frame_of,
)
from .picture import Box, Picture, picture_of

LARGEST = 400


class DrawingError(ValueError):
    """A graph that is too large to draw; the message says what to do instead."""


def svg(graph: Graph, *, standalone: bool = True) -> str:
    """Draw the reduced dependence graph.

    Parameters
    ----------
    graph
        A traced model.
    standalone
        Whether to write a file of its own, with its style; otherwise an element for a page that
        has :data:`workspan.reports.notation.style.DRAWING`.

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
    frame = frame_of(picture)
    below, above = (lanes_of(frame, picture.of(kind)) for kind in ("time", "layer"))
    parts = [_plain_arrow(frame, a) for a in sorted(forward(picture), key=lambda a: a.critical)]
    for bus, lane in below.items():
        parts += arcs(frame, bus, lane, frame.layout.bottom + 18 + LANE * lane, 1)
    for bus, lane in above.items():
        parts += arcs(frame, bus, lane, frame.layout.top - 18 - LANE * lane, -1)
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
        element("style", Markup(DRAWING)) if standalone else Markup(""),
        element(
            "rect",
            x=0,
            y=y0,
            width=width,
            height=height,
            class_="paper",
        ),
        *head,
        *parts,
        *legend,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 {spot(y0, width, height)}",
        width=width,
        height=height,
        class_="ws",
        role="img",
    )


def _box(frame: Frame, box: Box) -> Markup:
    x, y, width, height = frame.start(box.name), frame.y(box.name), box_width(box), box_height(box)
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
            x=x + width / 2,
            y=top + LINE * (k + 1) - 0.5,
            text_anchor="middle",
        )
        for k, line in enumerate(box.lines)
    ]
    note = f"{', '.join(box.equations) or box.name}: {box.weight} steps, ends at depth {box.depth}"
    shape = element(
        "rect",
        x=x,
        y=top,
        width=width,
        height=height,
        rx=4,
        class_=kind,
    )
    return element("g", element("title", note), shape, *lines)


def _plain_arrow(frame: Frame, arrow: Arrow) -> Markup:
    points = [(frame.end(arrow.source), frame.y(arrow.source))]
    for column, y in frame.layout.passages[arrow.source, arrow.target]:
        points += [(frame.left[column], y), (frame.left[column] + frame.width[column], y)]
    points.append((frame.start(arrow.target) - 6, frame.y(arrow.target)))
    path = f"M{spot(*points[0])}"
    for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if k % 2:
            path += f" L{spot(x1, y1)}"
        else:
            middle = (x0 + x1) / 2
            path += f" C{spot(middle, y0, middle, y1, x1, y1)}"
    kind = "gather" if arrow.kind == "gather" else ""
    style = f"arrow {kind} {'critical' if arrow.critical else ''}".strip()
    return join([element("path", d=path, class_=style), head(*points[-1], kind, arrow.critical)])


def _gather_labels(frame: Frame) -> list[Markup]:
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
        labels.append(pill(arrow.label, x, y, "gather"))
    return labels


def _depths(frame: Frame, y: float) -> list[Markup]:
    deepest: dict[int, Box] = {}
    for box in frame.picture.boxes:
        column = frame.columns[box.name]
        if column not in deepest or frame.picture.steps(box) >= frame.picture.steps(
            deepest[column]
        ):
            deepest[column] = box
    labels = [element("text", "depth", x=4, y=y, class_="quiet")]
    for column, box in sorted(deepest.items()):
        x = frame.left[column] + frame.width[column] / 2
        labels.append(
            element(
                "text",
                box.depth,
                x=x,
                y=y,
                text_anchor="middle",
                class_="quiet",
            )
        )
    return labels


def _legend(picture: Picture, y: float) -> tuple[list[Markup], float]:
    entries = [("critical", "critical path (array operations)"), ("", "reads the same position")]
    entries += [("gather", "reads other positions")] if picture.of("gather") else []
    entries += [("time", "cycle over time")] if picture.of("time") else []
    entries += [("layer", "cycle over layers")] if picture.of("layer") else []
    parts, x = [], MARGIN
    for kind, text in entries:
        parts.append(
            element(
                "path",
                d=f"M{spot(x, y - 4)} h24",
                class_=f"arrow {kind}".strip(),
            )
        )
        parts.append(element("text", text, x=x + 30, y=y, class_="quiet"))
        x += 30 + LETTER_SMALL * len(text) + 18
    return parts, x - MARGIN
