"""What a sweep came to, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.sweeping.cells import WITNESS_REASONS

if TYPE_CHECKING:
    from ..analysis.sweeping.planning import Plan
    from ..analysis.sweeping.summary import Summary

MOST_REASONS = 12
"""Reasons that are shown, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A finished sweep."""

    summary: Summary
    plan: Plan
    before: int
    """Points that an earlier, interrupted sweep had finished."""
    seconds: float


def lines(shown: Shown) -> Iterator[str]:
    """Yield the summary line by line."""
    summary, plan = shown.summary, shown.plan
    yield f"{summary.points:,} points in {shown.seconds:.1f} s{_earlier(shown)}"
    spec = plan.spec
    models = _count(len(spec.models), "model")
    if spec.figures:
        figures, settings = len(spec.figures), len(plan.settings)
        yield f"{models} x {_count(figures, 'figure')} x {_count(settings, 'setting')} x sizes"
    if plan.machines:
        machines, tasks = _count(len(plan.machines), "machine"), _count(len(plan.tasks), "task")
        yield f"{models} x {' and '.join(spec.predict)} x {machines} x {tasks} x sizes"
    if "derived" in spec.witnesses:
        grades = ", ".join(f"{count:,} {grade}" for grade, count in sorted(summary.grades.items()))
        yield f"{summary.valued:,} values from formulas{': ' if grades else ''}{grades}"
    for name, count in sorted(summary.taken.items()):
        yield f"{count:,} {name}"
    if len(spec.witnesses) > 1:
        yield f"{summary.disagree:,} points at which witnesses disagree"
    for reason, count in summary.reasons.most_common(MOST_REASONS):
        what = "points," if reason.startswith(WITNESS_REASONS) else "without a value:"
        yield f"{count:,} {what} {reason}"
    rest = len(summary.reasons) - MOST_REASONS
    if rest > 0:
        yield f"{rest:,} other reasons are in the table"


def text(shown: Shown) -> str:
    """Return the summary as text."""
    return "\n".join(lines(shown))


def markdown(shown: Shown) -> str:
    """Return the summary as a list in Markdown."""
    return "\n".join(f"- {line}" for line in lines(shown))


def record(shown: Shown) -> dict[str, Any]:
    """Return the summary as plain values."""
    summary = shown.summary
    return {
        "points": summary.points,
        "earlier": shown.before,
        "seconds": round(shown.seconds, 3),
        "values": summary.valued,
        "grades": dict(sorted(summary.grades.items())),
        "taken": dict(sorted(summary.taken.items())),
        "disagree": summary.disagree,
        "reasons": dict(summary.reasons.most_common()),
    }


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'' if number == 1 else 's'}"


def _earlier(shown: Shown) -> str:
    return f", {shown.before:,} of them finished before" if shown.before else ""
