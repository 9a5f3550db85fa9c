"""Ranges: which positions of an array are read altogether, where which readers ask is known.

>>> beyond(Relation.shift(2), poly("n")), str(Range(poly(0), poly("n - 1")).length)
(None, 'n')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.relations import Relation
from ....graphs.sizes import Poly, at_least, maximum, minimum, poly
from ...sites import axis_of
from ..errors import ProofError
from ..positions import lower_sizes, positive


class Range(NamedTuple):
    """Positions along an axis, at equal distances."""

    first: Poly
    last: Poly
    step: Poly = Poly({(): 1})

    @property
    def length(self) -> Poly:
        """How many there are."""
        return (self.last - self.first) / self.step + 1


BLOCKS = frozenset({"block", "block_prefix", "block_suffix"})
"""Kinds of relations by which every position reads itself, and others of its block."""


def read_range(
    graph: Graph, equation: Equation, read: Read, name: str, ranges: Mapping[str, Range]
) -> Range:
    """Return the positions of a source along an axis that ranges of its reader read.

    Raises
    ------
    ProofError
        For a relation whose readers have no known range.
    """
    axis = axis_of(graph, read.source, name)
    assert axis is not None
    if read.axis != name:
        return ranges.get(name, Range(poly(0), axis.extent - 1))
    own = name if name in ranges else (equation.sequence.name if equation.sequence else "")
    first, last, step = ranges.get(own, Range(poly(0), poly(0)))
    relation = read.relation
    if relation.kind == "offsets" and relation.back is None and relation.ahead is None:
        return Range(poly(0), axis.extent - 1)
    if step != 1:
        return _shifted(equation, relation, ranges[own])
    whole = equation.sequence is not None and (first, last) == (
        poly(0),
        equation.sequence.extent - 1,
    )
    if whole and equation.sequence is not None and parted(relation, equation.sequence, axis):
        return Range(poly(0), axis.extent - 1)
    if relation.kind in BLOCKS or (relation.kind == "offsets" and relation.reads_itself):
        if (first, last) != (poly(0), axis.extent - 1):
            raise ProofError(f"{equation.name}: how much it reads of a part has no rule")
        return Range(first, last)
    apart = beyond(relation, axis.extent) if whole and axis == equation.sequence else None
    if apart is not None:
        return apart
    if relation.distance is None and relation.kind not in {"last", "head"}:
        raise ProofError(f"{equation.name}: how much {relation} reads altogether has no rule")
    low = relation.bounds(first, axis.extent)[0]
    high = relation.bounds(last, axis.extent)[1]
    return Range(maximum(low, 0), minimum(high, axis.extent - 1))


def beyond(relation: Relation, n: Poly) -> Range | None:
    """Return what all n positions read together, if none of them reads itself; None if not known.

    Position ``j`` is read through offsets by ``j + a`` if ``a`` is the nearest of them, and is none of
    the last ``a``; a sink by ``j + w`` if it lies ``w`` behind, and is none of the last ``w``.
    """
    back, ahead = relation.back, relation.ahead
    named = (relation.step, relation.size, *(b for b in (back, ahead) if b is not None))
    if relation.distance is not None or any(s.endswith("_") for b in named for s in b.sizes):
        return None  # a shift has its own rule; what differs between layers has none
    if relation.kind == "sinks" and back is not None and at_least(back, 0):
        return Range(poly(0), minimum(relation.size, maximum(n - back, 0)) - 1)
    if relation.kind != "offsets":
        return None
    if ahead is not None and at_least(-1, ahead) and (back is None or at_least(back, -ahead)):
        return Range(poly(0), maximum(n + ahead * relation.step, 0) - 1)
    if back is not None and at_least(-1, back) and (ahead is None or at_least(ahead, -back)):
        return Range(minimum(-back * relation.step, n), n - 1)
    return None


def parted(relation: Relation, reader: Axis, source: Axis) -> bool:
    """Whether parts and their members read each other: all of one axis all of the other.

    Of parts without gaps each has ``size`` members, so that the axes are as long as that says.
    """
    if relation.kind == "part":
        return reader.extent == source.extent * relation.size
    without_gaps = relation.kind == "stride" and relation.step == relation.size
    return without_gaps and source.extent == reader.extent * relation.size


def _shifted(equation: Equation, relation: Relation, read: Range) -> Range:
    """Return what is carried to positions at equal distances, the first of them at a start."""
    first, last, step = read
    if relation.distance == 1 and first == 0:
        return Range(step - 1, last - 1, step)
    if relation.distance == -1 and first == step - 1:
        return Range(step, last + 1, step)
    raise ProofError(f"{equation.name}: how much it reads of every {step}-th position has no rule")


def certain(found: Range, least: Mapping[str, int]) -> bool:
    """Whether a range has no less than no positions, for all sizes."""
    given = lower_sizes(least)
    return at_least(found.length, 0, given=given) or positive(found.length + 1, given)


def contains(outer: Range, inner: Range) -> bool:
    """Whether all positions of one range are certain to be in another."""
    if outer == inner:
        return True
    ends = at_least(inner.first, outer.first) and at_least(outer.last, inner.last)
    return outer.step == 1 and ends
