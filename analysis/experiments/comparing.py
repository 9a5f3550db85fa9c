"""A test that compares two learners, as definitions write it."""

from __future__ import annotations

from collections.abc import Sequence

from .definition import Learner, Sample, Test

ACCURACY = "share of right answers on 1,024 fresh examples, one number for each seed"
"""What the numbers of most tasks are."""


def greater(
    statement: str,
    left: Learner,
    right: Learner,
    metric: str,
    sizes: Sequence[int] = (),
    others: Sequence[int] | None = None,
) -> Test:
    """Test that the left learner's numbers are larger; at other sizes of the right one if given."""
    at = tuple(sizes)
    return Test(
        statement,
        "greater",
        Sample(left.label, metric, at),
        Sample(right.label, metric, at if others is None else tuple(others)),
    )
