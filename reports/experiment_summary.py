"""Experiments in a report: one row for each, with what is confirmed and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..analysis.experiments.judging import Outcome

SUMMARY = ("experiment", "confirmed", "not confirmed")
"""The header of the table."""


def summary_rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    """Yield each experiment as cells under SUMMARY."""
    for outcome in outcomes:
        said = {
            confirmed: "; ".join(
                t.test.statement for t in outcome.tests if t.confirmed is confirmed
            )
            for confirmed in (True, False)
        }
        definition = outcome.definition
        yield f"{definition.name}: {definition.question}", said[True] or "-", said[False] or "-"
