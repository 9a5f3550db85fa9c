"""Drawing a model in time: positions from top to bottom, depth from left to right.

Every task begins as early as what it waits for allows. A position that is pointed at, or reached
with the tab key, keeps what depends on its inputs, and the rest fades; that needs a style and no
script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...analysis.measured.cones import Place, Reach
from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ..commands.options import SIZES
from ..notation.markup import Markup, element, spot
from ..notation.style import CONES, DRAWING
from .frame import LETTER, LETTER_SMALL, MARGIN
from .timeline import Mark, Timeline, drawn_path, timeline

UNITS = {
    "layer": "layers",
    "tensor": "array operations",
    "scalar": "operations at fan-in two",
    "unbounded": "operations at any fan-in",
}
"""What depth is counted in."""
BAR, APART, ROOM = 7.0, 3.0, 18.0
TOP = 60.0
WIDEST, NARROWEST = 90.0, 4.0
"""Pixels for a step of depth, at most and at least."""
ACROSS = 880.0
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
TOLD = 6
"""Equations of a mark that are named."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where positions and depths are."""

    left: float
    step: float
    """Pixels for a step of depth."""
    room: float
    """Pixels of each step that are left to lines."""
    lanes: Mapping[Mark, int]
    """Marks of a row that overlap in time lie below each other."""
    height: float
    """Of a row."""

    def x(self, depth: float) -> float:
        """Return where a depth is."""
        return self.left + self.step * depth

    def top(self, row: int) -> float:
        """Return where a row begins."""
        return TOP + self.height * row

    def y(self, mark: Mark) -> float:
        """Return the middle of a mark."""
        return self.top(mark.row) + ROOM / 2 + (BAR + APART) * self.lanes[mark] + BAR / 2

    def begin(self, mark: Mark) -> float:
        """Return where a mark begins; what takes no steps is a dot before what waits for it."""
        return self.x(mark.start) - (BAR + 3 if mark.start == mark.end else 0)

    def end(self, mark: Mark) -> float:
        """Return where a mark ends, with room for lines before the next one."""
        return self.x(mark.end) - (3 if mark.start == mark.end else self.room)


def unrolled_svg(
    graph: Graph,
    setting: Setting,
    sizes: Mapping[str, int] | None = None,
    *,
    standalone: bool = True,
) -> str:
    """Draw a model in time.

    Parameters
    ----------
    graph, setting, sizes
        As for :func:`.timeline.timeline`.
    standalone
        Whether to write a file of its own, with its style; otherwise an element for a page.

    Raises
    ------
    TimelineError
        If there is no such mode, or too much to draw.
    """
    drawn = _drawing(timeline(graph, setting, sizes), standalone)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawn}\n' if standalone else drawn


def summary(found: Timeline) -> str:
    """Say what is drawn: sizes, and the length of the critical path."""
    names = sorted(found.sizes, key=lambda k: (SIZES.index(k) if k in SIZES else len(SIZES), k))
    at = ", ".join(f"{k}={found.sizes[k]}" for k in names)
    return (
        f"{found.name} in mode {found.setting.mode} at {at}: "
        f"{found.span} {UNITS[found.setting.unit]} one after another"
    )


def sentence(reach: Reach, rows: Sequence[Place]) -> str:
    """Say what a position reaches, and after how many steps.

    >>> rows = [("n", k) for k in range(8)]
    >>> sentence(Reach(("n", 3), {("n", 3): 2, ("n", 4): 4, ("n", 7): 9}), rows)
    'position 3 reaches positions 3 to 4 and 7 after 2 to 9 steps'
    """
    several = len({p[0] for p in (*rows, *reach.steps) if p is not None}) > 1
    own = _named([reach.place], several)
    if not reach.steps:
        return f"{own} reaches no output"
    counts = sorted(set(reach.steps.values()))
    told = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    word = "step" if counts == [1] else "steps"
    return f"{own} reaches {_named(list(reach.steps), several)} after {told} {word}"


def _named(places: Sequence[Place], several: bool) -> str:
    """Name places, runs of positions as ``3 to 7``; by axis where there are several."""
    parts = []
    for axis in dict.fromkeys(p[0] for p in places if p is not None):
        runs: list[list[int]] = []
        for k in sorted(p[1] for p in places if p is not None and p[0] == axis):
            if runs and runs[-1][-1] == k - 1:
                runs[-1].append(k)
            else:
                runs.append([k])
        told = [str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs]
        word = "position" if [len(r) for r in runs] == [1] else "positions"
        of = f" of {axis}" if several else ""
        parts.append(f"{word} {_joined(told)}{of}")
    parts += ["what has no position"] if None in places else []
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def _drawing(found: Timeline, standalone: bool) -> Markup:
    grid = _grid(found)
    title = summary(found)
    told = [sentence(reach, found.rows) for reach in found.reaches]
    right = grid.x(found.span) + 16
    width = max(
        right + LETTER_SMALL * max((len(t) for t in told), default=0),
        MARGIN + LETTER * len(title),
    )
    bottom = grid.top(len(found.rows))
    height, width = bottom + 68, width + MARGIN
    rows = [_row(found, grid, k, told[k : k + 1], right) for k in range(len(found.rows))]
    return element(
        "svg",
        element("title", title),
        element("style", Markup(DRAWING + CONES)) if standalone else Markup(""),
        element("rect", x=0, y=0, width=width, height=height, class_="paper"),
        element("text", found.name, x=MARGIN, y=20, class_="title"),
        element("text", title, x=MARGIN, y=38, class_="quiet"),
        *_axis(found, grid, bottom),
        *_lines(found.lines, grid, "wait"),
        *_lines(drawn_path(found), grid, "critical"),
        *rows,
        *_legend(bottom + 52),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {spot(width, height)}",
        width=width,
        height=height,
        class_="ws",
        role="group",
        aria_label=title,
    )


def _grid(found: Timeline) -> Grid:
    step = min(WIDEST, max(NARROWEST, ACROSS / max(found.span, 1)))
    lanes = _lanes(found.marks)
    most = max(lanes.values(), default=0) + 1
    label = max(len(_named([p], True)) for p in found.rows)
    left = MARGIN + LETTER_SMALL * label + 22
    height = ROOM + most * (BAR + APART) - APART
    return Grid(left, step, min(40.0, 0.5 * step), lanes, height)


def _lanes(marks: Iterable[Mark]) -> dict[Mark, int]:
    """Lay marks of a row that overlap in time into lanes, those that begin first on top."""
    found: dict[Mark, int] = {}
    ends: dict[int, list[int]] = {}
    for mark in sorted(marks):
        taken = ends.setdefault(mark.row, [])
        lane = next((k for k, end in enumerate(taken) if end <= mark.start), len(taken))
        taken[lane : lane + 1] = [mark.end]
        found[mark] = lane
    return found


def _axis(found: Timeline, grid: Grid, bottom: float) -> Iterator[Markup]:
    every = next((t for t in TICKS if t * grid.step >= 36), TICKS[-1])
    for depth in range(0, found.span + 1, every):
        x = grid.x(depth)
        yield element("path", d=f"M{spot(x, TOP - 4)}V{spot(bottom)}", class_="depth")
        yield element("text", depth, x=x, y=bottom + 14, text_anchor="middle", class_="quiet")
    name = f"depth in {UNITS[found.setting.unit]}"
    yield element("text", name, x=grid.left, y=bottom + 30, class_="quiet")


def _row(found: Timeline, grid: Grid, row: int, told: Sequence[str], right: float) -> Markup:
    """Draw one position: a band that can be pointed at, its marks, and what it reaches."""
    top = grid.top(row)
    middle = top + grid.height / 2 + 4
    several = len({p[0] for p in found.rows if p is not None}) > 1
    band = element("rect", x=2, y=top, width=right - 8, height=grid.height, class_="band")
    label = element("text", _named([found.rows[row]], several), x=MARGIN, y=middle)
    marks = list(_marks(found, grid, row))
    if not told:
        return element("g", band, label, *marks)
    said = told[0].partition(" reaches ")[2]
    reached = element("text", f"reaches {said}", x=right, y=middle, class_="quiet")
    return element(
        "g",
        band,
        label,
        *marks,
        reached,
        class_=f"row p{row}",
        tabindex=0,
        role="img",
        aria_label=told[0],
    )


def _marks(found: Timeline, grid: Grid, row: int) -> Iterator[Markup]:
    """Draw the marks of a row, those that depend on the same positions in one group."""
    own = [mark for mark in found.marks if mark.row == row]
    for bits in sorted({mark.bits for mark in own}):
        shapes = [_mark(found, grid, mark) for mark in own if mark.bits == bits]
        yield element("g", *shapes, class_=_classes("", bits))


def _mark(found: Timeline, grid: Grid, mark: Mark) -> Markup:
    names = found.marks[mark]
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    note = f"{', '.join(names[:TOLD])}{more}: depth {mark.start} to {mark.end}"
    return element(
        "rect",
        element("title", note),
        x=grid.begin(mark),
        y=grid.y(mark) - BAR / 2,
        width=max(2.0, grid.end(mark) - grid.begin(mark)),
        height=BAR,
        rx=BAR / 2 if mark.start == mark.end else 1.5,
        class_="task critical" if mark in found.critical else "task",
    )


def _lines(pairs: Iterable[tuple[Mark, Mark]], grid: Grid, kind: str) -> Iterator[Markup]:
    """Draw lines, one path for all that depend on the same positions.

    A line follows its position until there is room before the mark that waits for it.
    """
    paths: dict[int, list[str]] = {}
    for source, target in pairs:
        x0, y0, x1, y1 = grid.end(source), grid.y(source), grid.begin(target), grid.y(target)
        turn = max(x0, x1 - grid.room)
        along = f"H{spot(turn)}" if turn > x0 else ""
        paths.setdefault(source.bits, []).append(f"M{spot(x0, y0)}{along}L{spot(x1, y1)}")
    for bits, drawn in sorted(paths.items()):
        yield element("path", d="".join(drawn), class_=_classes(kind, bits))


def _classes(kind: str, bits: int) -> str:
    """Name the positions that something depends on, for the style."""
    rows = (f"r{k}" for k in range(bits.bit_length()) if bits >> k & 1)
    return " ".join([*kind.split(), "fades", *rows])


def _legend(y: float) -> Iterator[Markup]:
    yield element("path", d=f"M{spot(MARGIN, y - 4)}h24", class_="critical")
    yield element("text", "critical path", x=MARGIN + 30, y=y, class_="quiet")
    hint = "Point at a position, or reach it with the tab key: what depends on it stays."
    yield element("text", hint, x=MARGIN + 126, y=y, class_="quiet")
