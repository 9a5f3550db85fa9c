"""Where everything in a drawing is: columns of boxes, and room between them for arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .folding import Arrow
from .layout import Layout, lay_out
from .picture import Box, Picture

LINE, PAD, LETTER, LETTER_SMALL = 15.0, 8.0, 6.4, 5.8
GUTTER, MARGIN = 44.0, 24.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Coordinates of everything."""

    picture: Picture
    columns: Mapping[str, int]
    left: Sequence[float]
    """Left edge of each column."""
    width: Sequence[float]
    layout: Layout

    def y(self, box: str) -> float:
        """Return the middle of a box."""
        return self.layout.y[box]

    def start(self, box: str) -> float:
        """Where arrows enter a box."""
        column = self.columns[box]
        return self.left[column] + (self.width[column] - self.own(box)) / 2

    def end(self, box: str) -> float:
        """Where arrows leave a box."""
        return self.start(box) + self.own(box)

    def own(self, box: str) -> float:
        """Return the width of a box, which may be less than that of its column."""
        return box_width(next(b for b in self.picture.boxes if b.name == box))


def frame_of(picture: Picture) -> Frame:
    """Place a picture."""
    columns = _columns(picture)
    count = max(columns.values(), default=0) + 1
    width = [max(box_width(b) for b in picture.boxes if columns[b.name] == k) for k in range(count)]
    left, x = [], MARGIN + 30
    for k in range(count):
        left.append(x)
        x += width[k] + GUTTER + _room(picture, columns, k)
    arrows = [(a.source, a.target) for a in forward(picture)]
    heights = {b.name: box_height(b) for b in picture.boxes}
    return Frame(picture, columns, left, width, lay_out(columns, heights, arrows))


def _columns(picture: Picture) -> dict[str, int]:
    """One column for each depth; boxes of no depth that read each other get columns of their own.

    A box that reads only over a cycle stands as late as its readers allow.
    """
    level: dict[str, tuple[int, int]] = {}
    arrows = forward(picture)
    for box in picture.boxes:
        depth = picture.steps(box)
        reads = [level[a.source] for a in arrows if a.target == box.name]
        tie = max((t + 1 for d, t in reads if d == depth), default=0)
        level[box.name] = (depth, tie)
    index = {key: k for k, key in enumerate(sorted(set(level.values())))}
    columns = {name: index[key] for name, key in level.items()}
    late = {b.name for b in picture.boxes if b.kind != "input"} - {a.target for a in arrows}
    for name in late:
        readers = [columns[a.target] - 1 for a in arrows if a.source == name]
        columns[name] = max(columns[name], min(readers, default=0))
    left = {column: k for k, column in enumerate(sorted(set(columns.values())))}
    return {name: left[column] for name, column in columns.items()}


def _room(picture: Picture, columns: Mapping[str, int], column: int) -> float:
    """Room for labels and for the ends of arcs to the right of a column."""
    labels = [a.label for a in picture.of("gather") if columns[a.target] == column + 1]
    arcs = sum(
        columns[a.source] == column or columns[a.target] == column + 1
        for a in picture.arrows
        if a.carried
    )
    return max((LETTER_SMALL * len(label) for label in labels), default=0.0) + 7.0 * arcs


def forward(picture: Picture) -> list[Arrow]:
    """Return the arrows that close no cycle."""
    return [a for a in picture.arrows if not a.carried]


def box_width(box: Box) -> float:
    """Return the width that a box's lines need."""
    return max(LETTER * max(len(line) for line in box.lines) + 2 * PAD, 30.0)


def box_height(box: Box) -> float:
    """Return the height that a box's lines need."""
    return LINE * len(box.lines) + PAD
