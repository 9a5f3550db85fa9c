"""Positions: what their being inside a domain says of sizes, as substitutions.

A position p of an axis of n is stated as ``n = p + 1 + rest``, where the rest is at least zero; names
that end in ``_`` are such quantities.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final
from ...graphs.sizes import Poly, Sized, at_least, poly, size
from .errors import ProofError

Given = Mapping[str, Sized]


def region(equation: Equation, least: Given) -> dict[str, Sized]:
    """State that positions are inside their axes: ``n = n_ + 1 + rest``."""
    return dict(_inside(equation.positions, tuple(least.items())))


@functools.lru_cache(maxsize=1024)
def _inside(axes: tuple[Axis, ...], least: tuple[tuple[str, Sized], ...]) -> dict[str, Sized]:
    given: dict[str, Sized] = lower_sizes(dict(least))
    raised = set(given)
    for axis in axes:
        symbol = bound_symbol(axis)
        if symbol is None or symbol in set(given) - raised:
            continue
        offset = axis.extent - size(symbol)
        given[symbol] = size(axis.position) + 1 - offset + size(f"{axis.name}_r_")
    return given


def lower_sizes(least: Given) -> dict[str, Sized]:
    """State least values of sizes: ``L = 2 + rest``."""
    return {name: poly(value) + size(f"{name}_s_") for name, value in least.items()}


@functools.lru_cache(maxsize=1024)
def bound_symbol(axis: Axis) -> str | None:
    """Return the size whose growth lengthens the axis one by one; None for fixed lengths."""
    for name in axis.extent.sizes:
        if (axis.extent - size(name)).constant is not None:
            return name
    return None


def situations(
    graph: Graph, equation: Equation, read: Read, least: Given
) -> Iterator[dict[str, Sized]]:
    """Yield the regions of the reader in which this read takes place."""
    shift = shift_of(equation)
    if shift is None or isinstance(equation.primitive, Final):
        yield region(equation, least)
        return
    axis = next((a for a in equation.positions if a.name == shift.axis), None)
    distance = shift.relation.distance
    if axis is None or distance is None or distance.constant is None:
        raise ProofError(f"{equation.name}: expected a shift by a number along one of its axes")
    steps, backwards = abs(int(distance.constant)), int(distance.constant) < 0
    counts = (
        [poly(k) for k in range(steps)]
        if read.boundary
        else [poly(steps) + size(f"{axis.name}_k_")]
    )
    for count in counts:
        yield _at_step(equation.positions, axis, count, backwards, least)


def shift_of(equation: Equation) -> Read | None:
    """The read whose place the boundary takes, if there is one."""
    if not any(r.boundary for r in equation.reads):
        return None
    return next(r for r in equation.reads if not r.boundary)


def _at_step(
    axes: tuple[Axis, ...], axis: Axis, count: Poly, backwards: bool, least: Given
) -> dict[str, Sized]:
    """State that a loop along ``axis`` is at step ``count``."""
    given: dict[str, Sized] = dict(_inside(axes, tuple(least.items())))
    symbol = bound_symbol(axis)
    if symbol is None:
        given[axis.position] = axis.extent - 1 - count if backwards else count
        return given
    offset = axis.extent - size(symbol)
    given[symbol] = count + 1 - offset + size(f"{axis.name}_r_")
    given[axis.position] = size(f"{axis.name}_r_") if backwards else count
    return given


def cells(
    equation: Equation, start: Mapping[str, int], reverse: frozenset[tuple[str, str]], least: Given
) -> tuple[dict[str, Sized], ...]:
    """Return regions that cover all positions from ``start`` on: an axis at its start, or later."""
    axes = equation.positions
    firsts = tuple(start.get(a.name, 0) for a in axes)
    backwards = tuple((equation.name, a.name) in reverse for a in axes)
    return _cells(axes, firsts, backwards, tuple(least.items()))


@functools.lru_cache(maxsize=1024)
def _cells(
    axes: tuple[Axis, ...],
    firsts: tuple[int, ...],
    backwards: tuple[bool, ...],
    least: tuple[tuple[str, Sized], ...],
) -> tuple[dict[str, Sized], ...]:
    options = []
    for axis, first, reverse in zip(axes, firsts, backwards, strict=True):
        later = poly(first) + 1 + size(f"{axis.name}_k_")
        options.append([(axis, poly(first), reverse), (axis, later, reverse)])
    found = []
    for choice in itertools.product(*options):
        given = lower_sizes(dict(least))
        for axis, count, reverse in choice:
            own = _at_step(axes, axis, count, reverse, dict(least))
            given[axis.position] = own[axis.position]
            symbol = bound_symbol(axis)
            if symbol is not None:
                given[symbol] = own[symbol]
        found.append(given)
    return tuple(found)


def reader_position(equation: Equation, axis: Axis) -> Poly:
    """Return the reader's position as seen by a relation along a source's axis."""
    if equation.has(axis.name):
        return size(axis.position)
    return size(equation.sequence.position) if equation.sequence is not None else poly(0)


def exists(axis: Axis, given: Given) -> bool:
    """Whether an axis is certain to have a position: where windows end, more than none fit."""
    ceilings = (atom for atom in axis.extent.atoms if atom.kind == "ceil")
    fit = all(positive(atom.args[0] + 1, given) for atom in ceilings)
    return fit and inhabited(axis.extent, given)


def inhabited(extent: Poly, given: Given) -> bool:
    """Whether an axis of so many positions is certain to have one.

    A quotient of sizes is more than zero, and where it is a number of positions it is whole.
    """
    if at_least(extent, 1, given=given):
        return True
    (term, *more) = extent.terms.items() if extent.terms else [((), -1)]
    return not more and term[1] > 0 and all(atom.kind == "size" for atom, _ in term[0])


def long_enough(extent: Poly, needed: Sized, given: Given) -> bool:
    """Whether an axis is certain to have so many positions: at least one, if it has any."""
    single = poly(needed).constant is not None and at_least(1, needed)
    return at_least(extent, needed, given=given) or (single and inhabited(extent, given))


def positive(cost: Poly, given: Given) -> bool:
    """Whether a cost is certain to be more than zero: a sum with some positive size or number.

    What is rounded up is at least what it was.
    """
    inside = cost.substitute(given)
    for atom in sorted(inside.atoms, key=lambda a: a.text):
        c = inside.terms.get(((atom, 1),), 0)
        if atom.kind == "ceil" and c > 0:
            return positive(inside + c * (atom.args[0] - Poly({((atom, 1),): 1})), {})
    return all(c > 0 for c in inside.terms.values()) and any(
        all(atom.kind == "size" and not atom.text.endswith("_") for atom, _ in monomial)
        for monomial in inside.terms
    )
