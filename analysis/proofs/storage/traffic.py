"""Certificates of traffic: what every run of an operation reads and writes, and the checker.

Unfused, an operation that runs reads each scalar that it needs once and writes each that it computes
once. Outside loops it runs once, for all positions; in a loop it runs in every iteration, so that a
weight is read there again and again. What is read through views is read of the arrays that hold
values; constants are not read. Of a table that is looked up, a row is read for each number.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ....graphs.graph import Equation, Graph, product
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, maximum, poly, summed
from ..errors import ProofError
from ..positions import inhabited, long_enough, lower_sizes
from .activations import Need, scalars, union
from .looks import Look, apart, covers, in_order, looks
from .parts import Cut
from .ranges import Range
from .timetable import timetable
from .ways import computes

Cell: TypeAlias = tuple[tuple[int, int | None], ...]
"""For each loop around an operation, its iterations from a first one to before a last one, as in a
slice: negative numbers count from the end, and None is the end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is read of one array in each of some iterations."""

    cell: Cell
    looks: tuple[Look, ...]
    """What is read, without what is contained in something else."""
    each: Poly
    """How many scalars that are, each once."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one operation reads and writes."""

    name: str
    written: Poly
    read: Mapping[str, tuple[Taken, ...]]
    """By array."""
    total: Poly


@dataclass(frozen=True, slots=True)
class TrafficCertificate:
    """What all operations read and write."""

    moved: tuple[Moved, ...]
    formula: Poly
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


def check_traffic(graph: Graph, setting: Setting, certificate: TrafficCertificate) -> None:
    """Verify that all reads and writes are counted, each scalar once in each run.

    Raises
    ------
    ProofError
        If anything is missing, superfluous or counted twice; the message names it.
    """
    expected = {e.name for e in graph if computes(e)}
    claimed = Counter(moved.name for moved in certificate.moved)
    for name in sorted(expected | set(claimed)):
        if claimed[name] != (name in expected):
            raise ProofError(
                f"{name}: expected to be counted {int(name in expected)} times, not {claimed[name]}"
            )
    for axis in graph.axes.values():
        if not inhabited(axis.extent, lower_sizes(certificate.least)):
            raise ProofError(f"{axis.name}: expected at least one position, got {axis.extent}")
    for name, length, ends in placed(graph):
        if not long_enough(length, ends, lower_sizes(certificate.least)):
            raise ProofError(f"{name}: how many of {ends} positions there are has no rule")
    for moved in certificate.moved:
        _check_moved(graph, setting, moved, certificate.least)
    if summed(moved.total for moved in certificate.moved) != certificate.formula:
        raise ProofError(f"expected the sum of what is moved, got {certificate.formula}")


def placed(graph: Graph) -> Iterator[tuple[str, Poly, Poly]]:
    """Yield what is placed at an end of a sequence, how long that is, and how many are placed."""
    for equation in graph.of("shift"):
        for read in equation.reads:
            sequence, distance = graph[read.source].sequence, equation.reads[0].relation.distance
            if read.boundary and sequence is not None and distance is not None:
                yield equation.name, sequence.extent, maximum(distance, 1)


def _check_moved(graph: Graph, setting: Setting, moved: Moved, least: Mapping[str, int]) -> None:
    equation = graph[moved.name]
    if moved.written != written(graph, equation, setting):
        raise ProofError(f"{moved.name}: expected another count than {moved.written} to be written")
    found = by_base(looks(graph, equation))
    for base in (*found, *moved.read):
        if base not in found or base not in moved.read:
            raise ProofError(f"{moved.name}: expected it to read {', '.join(sorted(found))}")
    total = moved.written
    for base, taken in moved.read.items():
        check_cells(graph, equation, [t.cell for t in taken], least)
        for part in taken:
            _check_taken(graph, setting, moved.name, found[base], part, least)
            total = total + repeated(graph, equation, part.cell) * part.each
    if total != moved.total:
        raise ProofError(f"{moved.name}: expected {total} scalars to be moved, got {moved.total}")


def _check_taken(
    graph: Graph,
    setting: Setting,
    name: str,
    found: list[Look],
    taken: Taken,
    least: Mapping[str, int],
) -> None:
    """Verify what is read in one cell: all of it, nothing else, and how much that is."""
    now = [look for look in found if happens(name, look, taken.cell)]
    for look in now:
        if not any(covers(other, look) for other in taken.looks):
            raise ProofError(f"{name}: something of {look.base} is read that is not counted")
    if any(look not in now for look in taken.looks):
        raise ProofError(f"{name}: something of {found[0].base} is counted that is not read")
    if amount(graph, setting, taken.looks, least) != taken.each:
        raise ProofError(f"{name}: expected another count of {found[0].base} than {taken.each}")


def written(graph: Graph, equation: Equation, setting: Setting) -> Poly:
    """Return the scalars of an array."""
    ranges = {a.name: Range(poly(0), a.extent - 1) for a in equation.positions}
    return scalars(graph, Need(equation.name, ranges), setting)


def by_base(found: Iterable[Look]) -> dict[str, list[Look]]:
    """Return looks by the array that they look at."""
    groups: dict[str, list[Look]] = {}
    for look in found:
        groups.setdefault(look.base, []).append(look)
    return groups


def happens(name: str, look: Look, cell: Cell) -> bool:
    """Whether a look takes place in the iterations of a cell: in all of them or in none.

    Raises
    ------
    ProofError
        If it takes place in some of them.
    """
    always = True
    for (first, end), (begin, until) in zip(cell, look.window, strict=True):
        if in_order(end) <= in_order(begin) or in_order(until) <= in_order(first):
            return False
        always = always and in_order(first) >= in_order(begin) and in_order(end) <= in_order(until)
    if not always:
        raise ProofError(f"{name}: some iterations of a cell read {look.base}, others do not")
    return True


def check_cells(
    graph: Graph, equation: Equation, cells: list[Cell], least: Mapping[str, int]
) -> None:
    """Verify that cells are all combinations of intervals that follow one another."""
    loops = timetable(graph).inside[equation.name]
    intervals = [
        sorted({cell[k] for cell in cells}, key=lambda interval: in_order(interval[0]))
        for k in range(len(loops))
    ]
    for own, found in zip(loops, intervals, strict=True):
        starts = [0, *(end for _, end in found)]
        if [first for first, _ in found] != starts[:-1] or starts[-1] is not None:
            raise ProofError(f"{equation.name}: expected intervals that cover a loop")
        extent, needed = graph.axes[timetable(graph).loops[own].axis].extent, shortest(starts)
        if not long_enough(extent, needed, lower_sizes(least)):
            raise ProofError(f"{equation.name}: expected {extent} to be at least {needed}")
    if sorted(cells, key=str) != sorted(itertools.product(*intervals), key=str):
        raise ProofError(f"{equation.name}: expected each combination of intervals once")


def repeated(graph: Graph, equation: Equation, cell: Cell) -> Poly:
    """Return how many iterations a cell has."""
    table = timetable(graph)
    counts = []
    for own, (first, end) in zip(table.inside[equation.name], cell, strict=True):
        extent = graph.axes[table.loops[own].axis].extent
        ends = [poly(k) if k >= 0 else extent + k for k in (first, 0 if end is None else end)]
        counts.append((extent if end is None else ends[1]) - ends[0])
    return product(counts)


def shortest(points: Iterable[int | None]) -> int:
    """Return how many iterations a loop needs for the points of slices to be in order."""
    known = [point for point in points if point is not None]
    return max((p for p in known if p >= 0), default=0) - min(
        (p for p in known if p < 0), default=0
    )


def amount(
    graph: Graph, setting: Setting, found: tuple[Look, ...], least: Mapping[str, int]
) -> Poly:
    """Count the scalars of several looks at one array, each once.

    Raises
    ------
    ProofError
        If what they have in common has no rule.
    """
    groups: dict[tuple[object, ...], list[Look]] = {}
    for look in found:
        groups.setdefault((look.steps, look.cut), []).append(look)
    for one, other in itertools.combinations(groups.values(), 2):
        if not apart(one[0], other[0]):
            raise ProofError(f"{one[0].base}: what two parts of it have in common has no rule")
    return summed(_united(graph, setting, group, least) for group in groups.values())


def _united(graph: Graph, setting: Setting, group: list[Look], least: Mapping[str, int]) -> Poly:
    """Count looks at the same part, which differ in their positions."""
    first = group[0]
    cut = first.cut
    if cut is None or cut.view == first.base:
        part = None if cut is None else (cut.start, cut.extent)
        needs = tuple(Need(first.base, look.ranges, part) for look in group)
        return union(graph, needs, setting, least)
    if len(group) > 1:
        raise ProofError(f"{first.base}: what two looks at a part of it have in common has no rule")
    return _cut_scalars(graph, setting, first, cut)


def _cut_scalars(graph: Graph, setting: Setting, look: Look, cut: Cut) -> Poly:
    """Count a part of an array whose axes were split before it was cut."""
    features = graph[cut.view].features
    if setting.pairs == "masked" and any(a.kind == "slot" for a in features):
        raise ProofError(f"{look.base}: how many of its pairs are read has no rule")
    each = product(a.extent for a in features[:-1]) * cut.extent
    return each * product(found.length for found in look.ranges.values())
