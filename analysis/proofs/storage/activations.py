"""What the backward pass reads of the forward pass, and the checker of a count of it.

A value is saved if something of the backward pass reads it. Views hold no values: what is read
through one is read of what it shows. Parameters and constants are there anyway, and the gradient
of the loss is given.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from ....graphs.graph import Equation, Graph, Read, product
from ....graphs.primitives import (
    Component,
    Constant,
    Enter,
    Final,
    Gather,
    Inside,
    Member,
    Parameter,
    Seed,
    Shift,
    Slice,
    Split,
    Stop,
)
from ....graphs.primitives.base import View
from ....graphs.primitives.views import Source
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, ceil_div, maximum, minimum, poly
from ...counting.layer_sums import all_layers
from ...counting.position_sums import law
from ..counting.counts import constant
from ..counting.slots import instance, relation_of
from ..errors import ProofError
from ..positions import inhabited, lower_sizes
from .ranges import Range, certain, contains, read_range

Part: TypeAlias = "tuple[Poly, Poly] | None"
"""Start and extent of a part of the last axis; None for all of it."""


@dataclass(frozen=True, slots=True)
class Need:
    """Positions and components of one array that are read."""

    name: str
    ranges: Mapping[str, Range]
    """By position axis."""
    part: Part = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What is kept of one array, or of one part of it."""

    needs: tuple[Need, ...]
    """Ranges that may overlap."""
    total: Poly
    """In scalars, each once."""

    @property
    def name(self) -> str:
        """The array."""
        return self.needs[0].name

    @property
    def part(self) -> Part:
        """Which part of its last axis."""
        return self.needs[0].part


@dataclass(frozen=True, slots=True)
class ActivationsCertificate:
    """What is kept, and its sum."""

    saved: tuple[Saved, ...]
    formula: Poly
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


def needs(graph: Graph) -> Iterator[Need]:
    """Yield what every read of the forward pass from outside of it needs.

    Raises
    ------
    ProofError
        For a relation whose readers have no known range.
    """
    seen = _seen_through(graph)
    for equation in graph:
        if equation.phase == "forward" or isinstance(equation.primitive, Seed) or _shows(equation):
            continue
        whole = {a.name: Range(poly(0), a.extent - 1) for a in equation.positions}
        for read in equation.reads:
            ranges = whole | _starts(equation, read)
            yield from _read(graph, equation, read, ranges, None, seen)


def _shows(equation: Equation) -> bool:
    """Whether an equation of the backward pass is a view, and holds no value of its own."""
    view = isinstance(equation.primitive, View) and not isinstance(equation.primitive, Source)
    return view and equation.phase == "backward"


def _seen_through(graph: Graph) -> set[str]:
    """Return the forward pass, and the views of the backward pass that show something of it."""
    found = {e.name for e in graph if e.phase == "forward"}
    more = found
    while more:
        shown = (e for e in graph if _shows(e) and e.name not in found)
        more = {e.name for e in shown if any(r.source in found for r in e.reads)}
        found |= more
    return found


def _starts(equation: Equation, read: Read) -> dict[str, Range]:
    """Return where something that is carried inside blocks starts from a kept value."""
    near = equation.reads[0]
    axis = next((a for a in equation.positions if a.name == near.axis), None)
    if not read.boundary or near.relation.kind != "within" or axis is None:
        return {}
    c, blocks = near.relation.size, ceil_div(axis.extent, near.relation.size)
    ends = Range(c - 1, c * (blocks - 1) - 1, c)  # of all blocks but the last
    return {axis.name: Range(poly(0), c * (blocks - 1), c) if near.relation.causal else ends}


def _read(
    graph: Graph,
    equation: Equation,
    read: Read,
    ranges: Mapping[str, Range],
    part: Part,
    seen: Container[str],
    through: Mapping[str, Need] = MappingProxyType({}),
) -> Iterator[Need]:
    """Yield what is needed of a source, for a reader of which ``ranges`` and ``part`` are needed.

    What a loop of views shows of itself must be part of what it was asked for.
    """
    source = graph[read.source]
    if isinstance(source.primitive, Parameter | Constant) or read.source not in seen:
        return
    reached = {a.name: read_range(graph, equation, read, a.name, ranges) for a in source.positions}
    need = Need(source.name, reached, part)
    if not isinstance(source.primitive, View) or isinstance(source.primitive, Source):
        yield need
        return
    if source.name in through:
        if not holds(through[source.name], need):
            raise ProofError(f"{source.name}: how much a loop of views shows has no rule")
        return
    inner, through = _part(source, part), {**through, source.name: need}
    for below in source.reads:
        if below.boundary and isinstance(source.primitive, Final):
            continue  # it is what is read of an axis without positions, and there is none
        yield from _read(graph, source, below, reached, inner, seen, through)


def _part(view: Equation, part: Part) -> Part:
    """Return which part of its source a part of a view shows."""
    primitive = view.primitive
    if isinstance(primitive, Split):
        extent = view.features[-1].extent
        start = primitive.part * extent
    elif isinstance(primitive, Slice):
        start, extent = primitive.start, primitive.extent
    elif isinstance(primitive, Component):
        start, extent = primitive.offset, product(a.extent for a in primitive.axes)
    elif part is None or isinstance(
        primitive, Enter | Shift | Final | Gather | Inside | Member | Stop
    ):
        return part
    else:
        raise ProofError(f"{view.name}: which part of it is read has no rule")
    if part is None:
        return start, extent
    return start + part[0], part[1]


def scalars(graph: Graph, need: Need, setting: Setting) -> Poly:
    """Count the scalars of what is needed; of masked pairs, the allowed ones."""
    equation = graph[need.name]
    sequence = equation.sequence
    slots = [a for a in equation.features if a.relation is not None and not constant(a.relation)]
    if setting.pairs != "masked" or sequence is None:  # a weight has no pairs, only slots
        slots = []
    plain = equation.features if need.part is None else equation.features[:-1]
    each = product(a.extent for a in plain if a not in slots)
    if need.part is not None:
        each = each * need.part[1]
    counts = {name: found.length for name, found in need.ranges.items()}
    if slots and sequence is not None:
        slot, *others = slots
        if (
            others
            or slot.within is not None
            or not (slot.along == sequence.name or relation_of(slot).kind == "stride")
            or need.ranges[sequence.name] != Range(poly(0), sequence.extent - 1)
        ):
            raise ProofError(f"{need.name}: how many of its pairs are read has no rule")
        pairs = instance(graph, slot, law(relation_of(slot)))
        each, counts[sequence.name] = each * pairs, poly(1)
    layers = [a for a in equation.positions if a.kind == "layer"]
    if any(a.position in each.sizes for a in layers):
        if any(need.ranges[a.name] != Range(poly(0), a.extent - 1) for a in layers):
            raise ProofError(f"{need.name}: its layers differ, and not all of them are read")
        for axis in layers:
            counts[axis.name] = poly(1)
        each = all_layers(equation, each)
    return each * product(counts.values())


def union(
    graph: Graph, found: tuple[Need, ...], setting: Setting, least: Mapping[str, int]
) -> Poly:
    """Count the scalars of several ranges of one array, by inclusion and exclusion.

    Raises
    ------
    ProofError
        If a range may have fewer than no positions, or if two may lie apart.
    """
    total = poly(0)
    for need in found:
        for axis, own in need.ranges.items():
            if not certain(own, least):
                raise ProofError(
                    f"{need.name}: whether {own.length} of {axis} are read is not certain"
                )
    for size in range(1, len(found) + 1):
        for chosen in itertools.combinations(found, size):
            common = functools.reduce(lambda a, b: _both(a, b, least), chosen)
            total = total + (-1) ** (size + 1) * scalars(graph, common, setting)
    return total


def _both(one: Need, other: Need, least: Mapping[str, int]) -> Need:
    """Return what two ranges have in common; they must overlap, or touch."""
    ranges, given = {}, lower_sizes(least)
    for axis, (low, high, step) in one.ranges.items():
        if step != 1 or other.ranges[axis].step != 1:
            raise ProofError(f"{one.name}: what two ranges of {axis} have in common has no rule")
        start, end = maximum(low, other.ranges[axis][0]), minimum(high, other.ranges[axis][1])
        if not at_least(end + 1, start, given=given):
            raise ProofError(f"{one.name}: whether two ranges of {axis} overlap is not certain")
        ranges[axis] = Range(start, end)
    return Need(one.name, ranges, one.part)


def check_activations(graph: Graph, setting: Setting, certificate: ActivationsCertificate) -> None:
    """Verify that what is kept is what is needed, all of it and nothing else, each once.

    Raises
    ------
    ProofError
        If anything is missing, superfluous or counted twice; the message names it.
    """
    for axis in graph.axes.values():
        if not inhabited(axis.extent, lower_sizes(certificate.least)):
            raise ProofError(f"{axis.name}: expected at least one position, got {axis.extent}")
    kept = [need for s in certificate.saved for need in s.needs]
    found = list(needs(graph))
    for need in found:
        if not any(holds(k, need) for k in kept):
            raise ProofError(f"{need.name}: something reads it that is not kept")
    for saved in certificate.saved:
        for one in saved.needs:
            if (one.name, one.part) != (saved.name, saved.part):
                raise ProofError(f"{one.name}: expected ranges of one part of one array")
            if not any(holds(need, one) for need in found):
                raise ProofError(f"{one.name}: it is kept, and nothing reads all of that")
        if union(graph, saved.needs, setting, certificate.least) != saved.total:
            raise ProofError(f"{saved.name}: expected another count than {saved.total}")
    for left, right in itertools.combinations(certificate.saved, 2):
        if left.name == right.name and not _apart(left, right):
            raise ProofError(f"{left.name}: counted twice")
    if sum((s.total for s in certificate.saved), poly(0)) != certificate.formula:
        raise ProofError(f"expected the sum of what is kept, got {certificate.formula}")


def holds(outer: Need, inner: Need) -> bool:
    """Whether one contains the other, for all sizes."""
    if outer.name != inner.name or outer.part not in {None, inner.part}:
        return False
    return all(contains(outer.ranges[axis], own) for axis, own in inner.ranges.items())


def _apart(one: Saved, other: Saved) -> bool:
    """Whether two parts of an array have no component in common."""
    if one.part is None or other.part is None:
        return False
    (a, width), (b, other_width) = one.part, other.part
    return at_least(b, a + width) or at_least(a, b + other_width)
