"""Levels: how the scalar operations of a node follow one another, a step each.

A primitive says in phases how they do; those of a sum of m terms are a tree (m//2 additions, then
half of what is left, ...), a chain, or one step with unbounded fan-in. Where it does not say, each
step has as many as the others, earlier ones taking the rest. Where the steps are those of a wider
position (rounds are synchronous), the last ones of a phase have no operation: they are waited for.

>>> spread(7, 3), spread(2, 4)
(((3, 1), (2, 1), (2, 1)), ((1, 1), (1, 1), (0, 2)))
>>> addends(7, 2, "tree"), addends(4, 2, "sequential"), addends(4, 2, "any")
([6, 4, 2], [2, 2, 2], [6])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ...graphs.primitives import Phase
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ..measured.graph import MeasureError

Levels: TypeAlias = tuple[tuple[int, int], ...]
"""Of each level how many unit tasks it has, and how many steps each of these takes."""

SCALAR = frozenset({"scalar", "unbounded"})
"""Units in which a node is a chain of levels of scalar operations."""


def spread(operations: int, steps: int) -> Levels:
    """Share operations among the steps of a node, evenly."""
    if not steps and operations:
        raise MeasureError(
            f"expected a step for {operations} operations, their rule for depth gives none at these "
            "sizes; pass larger sizes"
        )
    if not steps:
        return ()
    each, rest = divmod(operations, steps)
    if each:
        return ((each + 1, 1),) * rest + ((each, 1),) * (steps - rest)
    return ((1, 1),) * rest + ((0, steps - rest),)


def addends(terms: int, sums: int, shape: str) -> list[int]:
    """Return the additions of some sums, step by step, in a tree, a chain or at once."""
    if shape == "any":  # one step for one term as well, as the rule for depth has it
        return [max(terms - 1, 0) * sums]
    if shape == "sequential":
        return [sums] * max(terms - 1, 0)
    found = []
    while terms > 1:
        found.append(terms // 2 * sums)
        terms -= terms // 2
    return found


def phased(
    phases: Sequence[Phase],
    wide: Sequence[Phase],
    operations: int,
    value: Callable[[Poly], int],
    setting: Setting,
) -> Levels:
    """Return the levels of a node.

    Parameters
    ----------
    phases, wide
        Those of the node, and those whose steps it takes: of the widest position.
    operations
        How many the rule for work counts; those beyond the phases' are of the last step with any.
    value
        The value of a cost.
    """
    shape = "any" if setting.unit == "unbounded" else setting.reduction
    widths: list[int] = []
    for own, widest in zip(phases, wide, strict=True):
        steps = 1 if widest.terms is None else len(addends(value(widest.terms), 1, shape))
        count = value(own.width)
        found = [count] if own.terms is None else addends(value(own.terms), count, shape)
        widths += [*found, *[0] * (steps - len(found))]
    if not widths or sum(widths) > operations:
        return spread(operations, len(widths))
    last = max((k for k, width in enumerate(widths) if width), default=-1)
    widths[last] += operations - sum(widths)
    return _joined(widths)


def _joined(widths: Sequence[int]) -> Levels:
    """Join steps without an operation that follow one another."""
    found: list[tuple[int, int]] = []
    for empty, run in itertools.groupby(widths, key=lambda w: w == 0):
        several = list(run)
        found += [(0, len(several))] if empty else [(w, 1) for w in several]
    return tuple(found)


class Shapes:
    """The different chains of levels that occur, numbered."""

    def __init__(self) -> None:
        self.levels: list[Levels] = []
        self._known: dict[Levels, int] = {}

    def number(self, levels: Levels) -> int:
        """Return the number of a chain of levels."""
        if levels not in self._known:
            self._known[levels] = len(self.levels)
            self.levels.append(levels)
        return self._known[levels]
