"""Looks: which positions and components of arrays one run of an operation reads, through views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ...graphs.graph import Axis, Equation, Graph, product
from ...graphs.primitives import (
    Component,
    Concatenate,
    Enter,
    Final,
    Gather,
    Inside,
    Lookup,
    Place,
    Rename,
    Shift,
    Slice,
    Split,
    Stop,
    Turn,
    Unsort,
)
from ...graphs.sizes import Poly, at_least, maximum, minimum, poly
from .activations import Range
from .errors import ProofError
from .timetable import Timetable, timetable
from .ways import Hop, Path, along, distance_of


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of the last axis of an array, or of a view of it with other axes."""

    view: str
    start: Poly
    extent: Poly
    outer: Cut | None = None
    """What the view shows of the array, if not all of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is read of one array in one iteration of the loops around an operation."""

    base: str
    ranges: Mapping[str, Range]
    """By position axis. Along the axis of a loop, one position stands for any."""
    steps: tuple[tuple[str, Poly], ...] = ()
    """By axis of a loop: how many steps before the current one."""
    cut: Cut | None = None
    """Which part of it; None for all of it."""
    window: tuple[tuple[int, int | None], ...] = ()
    """For each loop, the iterations in which it takes place: from the first to before the second."""


def looks(graph: Graph, equation: Equation) -> tuple[Look, ...]:
    """Return all that one run of an operation reads.

    Raises
    ------
    ProofError
        If how much that is has no rule; the message names the equation.
    """
    key = ("looks", equation.name)
    if key not in graph.memory:
        paths = (p for read in equation.reads for p in along(graph, equation, read, weights=True))
        graph.memory[key] = tuple(dict.fromkeys(look for p in paths for look in _look(graph, p)))
    found: tuple[Look, ...] = graph.memory[key]
    return found
