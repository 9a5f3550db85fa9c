"""Measured slots: which combinations of them are inside the sequence, position by position."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.relations import Relation
from ...graphs.sizes import Number, Poly, size
from ...graphs.slots import together
from ...graphs.unrolling import whole
from .graph import MeasureError

Combinations = tuple[tuple[Axis, ...], Any]
"""Slot axes, and which combinations of their slots are inside: [positions, slots of each]."""


def combinations(
    graph: Graph, axes: Iterable[Axis], positions: Sequence[int], values: Mapping[str, Any]
) -> Combinations:
    """Return which combinations of slots are inside, at some positions of a sequence."""

    def concrete(axis: Axis) -> tuple[Relation, int]:
        assert axis.relation is not None
        assert axis.along is not None
        return axis.relation.at(**values), whole(graph.axes[axis.along].extent, values)

    return together(axes, concrete, np.array(positions))


def projected(found: Combinations, axes: Iterable[Axis]) -> Any:
    """Return which combinations of some of the axes are inside with some slots of the others."""
    every, valid = found
    kept = set(axes)
    return valid.any(axis=tuple(k + 1 for k, a in enumerate(every) if a not in kept))


def held(
    graph: Graph,
    equation: Equation,
    axes: Iterable[Axis],
    places: Mapping[str, int],
    sizes: Mapping[str, int],
) -> int:
    """Count the combinations of an equation's slots that are inside, at one place."""
    own = 0 if equation.sequence is None else places[equation.sequence.name]
    values = {**sizes, **{f"{name}_": place for name, place in places.items()}}
    chosen = tuple(axes)
    if not any(a.within for a in chosen):
        return math.prod(int(combinations(graph, [a], [own], values)[1].sum()) for a in chosen)
    if len(set(chosen)) < len(chosen):
        raise MeasureError(f"expected each slot axis of {equation.name} once, got {chosen}")
    return int(projected(combinations(graph, chosen, [own], values), chosen).sum())


def longest_row(found: Combinations, shown: Iterable[Axis], along: Sequence[Axis]) -> int:
    """Count how many combinations of some axes are inside at most, others that are shown fixed."""
    kept = set(shown)
    left = [a for a in found[0] if a in kept]
    counts = projected(found, kept).sum(axis=tuple(k + 1 for k, a in enumerate(left) if a in along))
    return int(counts.max())


def symbols(axes: Iterable[Axis]) -> dict[Axis, Poly]:
    """Return a symbol for the number of slots of each axis."""
    return {axis: size(f"slots{k}_") for k, axis in enumerate(axes)}


def spent(cost: Poly, found: Combinations, sizes: Mapping[str, int]) -> Number:
    """Return what a cost in symbols of slots comes to, for the combinations that there are.

    A product of numbers of slots is the number of their combinations, so a sum over slots that has
    one addition less than terms has one less for each combination of the others.

    Raises
    ------
    MeasureError
        If the cost is no sum of such products.
    """
    every, valid = found
    names = {str(symbol): axis for axis, symbol in symbols(every).items()}
    rows = _nonlinear(cost, names)
    if len(rows) == 1:
        return _row_by_row(cost, names, rows[0], every, valid, sizes)
    if rows:
        raise MeasureError(f"expected a cost that is a sum over combinations of slots, got {cost}")
    total: Number = 0
    for monomial, c in cost.terms.items():
        term = Poly({monomial: c})
        there = [name for name in names if name in term.sizes]
        count = int(projected(found, [names[name] for name in there]).sum())
        total += term.evaluate(**{**sizes, **dict.fromkeys(there, 1)}) * count
    return total


def _nonlinear(cost: Poly, names: Mapping[str, Axis]) -> list[str]:
    """Return the symbols of which a cost is not linear."""
    found = []
    for name in names:
        for monomial in cost.terms:
            powers = [k for atom, k in monomial if atom.kind == "size" and atom.args[0] == name]
            inside = any(
                a.kind != "size" and name in Poly({((a, 1),): 1}).sizes for a, _ in monomial
            )
            if inside or any(k != 1 for k in powers):
                found.append(name)
                break
    return found


def _row_by_row(
    cost: Poly,
    names: Mapping[str, Axis],
    row: str,
    every: tuple[Axis, ...],
    valid: Any,
    sizes: Mapping[str, int],
) -> Number:
    """Evaluate a cost for each row of slots apart."""
    others = [name for name in names if name in cost.sizes and name != row]
    if any(name not in Poly({m: c}).sizes for m, c in cost.terms.items() for name in others):
        raise MeasureError(f"expected a cost of each row of slots, got {cost}")
    kept = [names[row], *(names[name] for name in others)]
    shown = projected((every, valid), kept)
    left = [a for a in every if a in kept]
    counts = shown.sum(axis=1 + left.index(names[row]))
    return sum(
        times * cost.evaluate(**{**sizes, **dict.fromkeys(others, 1), row: int(count)})
        for count, times in Counter(counts.reshape(-1).tolist()).items()
        if count
    )
