"""Counts of operations by kind, and the registry of rules that say what an operator of torch does.

>>> Counts(contraction=4) + Counts(elementwise=1) == Counts(contraction=4, elementwise=1)
True
>>> (Counts(contraction=4, index=3) + Counts(scan=2)).total
6
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

LINES = ("contraction", "elementwise", "reduction", "softmax", "scan", "fft", "sort")
"""The kinds of operations on numbers, each a line of its own."""

BESIDES = ("index", "again")
"""What is counted besides, and is no part of the total."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Scalar operations by kind; a multiply-add is two."""

    contraction: int = 0
    """Sums of products: matrix products, convolutions, attention."""
    elementwise: int = 0
    """One for each component of a map, whatever the function."""
    reduction: int = 0
    """m - 1 for a sum or a maximum over m terms, and for sums that collect gradients."""
    softmax: int = 0
    """5 m - 2 for each row of m terms: two reductions and three maps."""
    scan: int = 0
    """m - 1 for each row of a cumulative sum."""
    fft: int = 0
    """5 m ceil(log2 m) for each transform of length m."""
    sort: int = 0
    """Comparators of a bitonic network, m K (K + 1)/4 with K = ceil(log2 m)."""
    index: int = 0
    """Operations on whole numbers and truth values: positions and masks. No part of the total."""
    again: int = 0
    """How much of the contractions a backward pass computes again because it was not kept."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(*map(operator.add, self.values, other.values))

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*map(operator.sub, self.values, other.values))

    def __mul__(self, times: int) -> Counts:
        return Counts(*(times * value for value in self.values))

    __rmul__ = __mul__

    @property
    def values(self) -> tuple[int, ...]:
        """All counts, in the order of the fields."""
        return _values(self)

    @property
    def total(self) -> int:
        """All operations on numbers."""
        return sum(self.values[: len(LINES)])


_values = operator.attrgetter(*LINES, *BESIDES)


@dataclass(frozen=True, slots=True)
class Masked:
    """What an operator does that masks pairs by itself."""

    dense: Counts
    """All pairs are computed and some thrown away."""
    least: Counts | None
    """Only allowed pairs are computed; None where the mask cannot be read (the meta device)."""


Found: TypeAlias = Counts | Masked


@dataclass(frozen=True, slots=True)
class Call:
    """An operator that was dispatched, with its arguments by name and its result."""

    operator: Any
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    out: Any

    def __getitem__(self, key: str | int) -> Any:
        """Return an argument by its name or place in the operator's schema, or its default."""
        for place, argument in enumerate(self.operator._schema.arguments):
            if key not in (argument.name, place):
                continue
            if argument.name in self.named:
                return self.named[argument.name]
            given = place < len(self.arguments) and not argument.kwarg_only
            return self.arguments[place] if given else argument.default_value
        raise KeyError(key)

    @property
    def name(self) -> str:
        """The operator's name without overload, the same if it works in place."""
        return str(self.operator._schema.name).removeprefix("aten::").removesuffix("_")


Rule: TypeAlias = Callable[[Call], Found]

RULES: dict[str, Rule] = {}
"""Rules by the operator's name without overload, such as ``aten::mm``."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register the rule of some operators of aten; one operator has one rule."""

    def register(function: Rule) -> Rule:
        for name in names:
            key = f"aten::{name}"
            if key in RULES:
                raise ValueError(f"expected one rule for {key}, got a second one")
            RULES[key] = function
        return function

    return register


def rounds(m: int) -> int:
    """Return ceil(log2 m).

    >>> [rounds(m) for m in (1, 2, 3, 4, 5)]
    [0, 1, 2, 2, 3]
    """
    return max(m - 1, 0).bit_length()


def soft(rows: int, terms: int) -> Counts:
    """Count a softmax: maximum, difference, exp, sum, quotient."""
    return Counts(softmax=(5 * terms - 2) * rows)
