"""Who is cheaper where, in the form that all formats print: a row for each pair of models.

Pairs whose answer does not depend on the sizes are told in one sentence for each model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...analysis.figures import Crossover

FIXED = ("always", "never")


@dataclass(frozen=True, slots=True)
class Duels:
    """Crossovers of one figure."""

    figure: str
    counted: tuple[str, ...]
    """What was compared: the columns."""
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    """The model that has less, the model that has more, and when, for each column."""
    sentences: tuple[str, ...]
    """Pairs for which the answer is the same at all sizes."""


def duels_of(crossovers: Sequence[Crossover]) -> list[Duels]:
    """Group crossovers by figure and by pair, in the order given."""
    return [
        _duels(name, [c for c in crossovers if c.figure == name])
        for name in dict.fromkeys(c.figure for c in crossovers)
    ]


def _duels(figure: str, crossovers: Sequence[Crossover]) -> Duels:
    counted = tuple(dict.fromkeys(c.counted for c in crossovers))
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for c in crossovers:
        pairs.setdefault((c.left, c.right), {})[c.counted] = c.condition
    rows = []
    fixed: dict[tuple[str, str], list[str]] = {}
    for (left, right), conditions in pairs.items():
        found = set(conditions.values())
        if len(found) == 1 and found <= set(FIXED):
            fixed.setdefault((left, found.pop()), []).append(right)
        else:
            rows.append((left, right, tuple(conditions.get(c, "") for c in counted)))
    sentences = tuple(
        f"{left} {word} has less than {', '.join(rights)}."
        for (left, word), rights in fixed.items()
    )
    return Duels(figure, counted, tuple(rows), sentences)
