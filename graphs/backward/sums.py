"""Sums of adjoints over the positions that an equation does not have."""

from __future__ import annotations

from ..graph import Axis, Equation, Read
from ..primitives import Final, Shift
from ..relations import Relation
from ..tracer import Array
from .calculus import Differentiation


def reduced(m: Differentiation, target: Equation, array: Array) -> Array:
    """Sum over the positions that the target does not have."""
    if array.equation.sequence is not None and target.sequence is None:
        collected = m.collected(array)
        array = m.total(collected, 0)
    for axis in array.equation.positions:
        if axis.kind == "layer" and not target.has(axis.name):
            array = _over_layers(m, array, axis)
    return array


def _over_layers(m: Differentiation, array: Array, axis: Axis) -> Array:
    """Add up from the last layer to the first, as a sum that is carried down the stack."""
    positions, axes = array.equation.positions, array.axes
    zeros = m.zeros(axes)
    before = m.tracer.add("accumulated", Shift(axis.name, False), (), positions, axes)
    after = m.map("add", before, array)
    reads = (
        Read(after.equation.name, Relation.shift(-1), axis.name),
        Read(zeros.equation.name, boundary=True),
    )
    m.tracer.replace(before, reads=reads)
    rest = tuple(a for a in positions if a.name != axis.name)
    ends = (Read(after.equation.name, Relation.head(), axis.name), reads[1])
    return m.tracer.add("final", Final(axis.name), ends, rest, axes)
