"""Cells: the numbers of one learner at one size, by metric, with one number for each seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ..runs.errors import ArgumentError
from .definition import Definition, Sample


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one learner showed at one size."""

    learner: str
    size: int
    values: dict[str, tuple[float, ...]]
    """One number for each seed, by metric."""


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that an experiment showed, and where; its verdicts are computed from it."""

    digest: str
    """Of the definition."""
    versions: dict[str, str]
    platform: str
    seconds: float
    """Of one processor, all cells together."""
    cells: tuple[Cell, ...]


def wanted(definition: Definition) -> Iterator[tuple[str, int, int]]:
    """Yield the label, the size and the seed of everything that is to be measured."""
    for size in definition.sizes:
        for learner in definition.learners:
            for seed in range(definition.first, definition.first + definition.seeds):
                yield learner.label, size, seed


def numbers(cells: Sequence[Cell], sample: Sample) -> tuple[float, ...]:
    """Return one number for each seed.

    Raises
    ------
    ArgumentError
        If there is no such metric.
    """
    chosen = [
        cell.values.get(sample.metric, ())
        for cell in cells
        if cell.learner == sample.learner and (not sample.sizes or cell.size in sample.sizes)
    ]
    if not chosen or not all(chosen):
        raise ArgumentError(f"expected numbers of {sample.metric!r} for {sample.learner}, got none")
    return tuple(sum(values) / len(values) for values in zip(*chosen, strict=True))


def checked(definition: Definition, result: Result) -> Result:
    """Return a result if it is one of this definition, whole and finite.

    Raises
    ------
    ArgumentError
        If it is one of another definition, or numbers are missing.
    """
    name = definition.name
    if result.digest != definition.digest:
        raise ArgumentError(
            f"expected a result of experiment {name} as it is defined now, got one of another "
            f"definition ({result.digest[:12]}); run: workspan experiment {name} --record"
        )
    there = [(c.learner, c.size) for c in result.cells]
    due = list(dict.fromkeys((label, size) for label, size, _ in wanted(definition)))
    lengths = {len(v) for c in result.cells for v in c.values.values()}
    if there != due or lengths != {definition.seeds}:
        raise ArgumentError(
            f"expected {len(due)} cells of {definition.seeds} seeds of experiment {name}, "
            f"got {len(there)} of {sorted(lengths)}"
        )
    return result
