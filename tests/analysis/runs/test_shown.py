"""What is shown on request: gradients by distance and times by size, held against nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workspan.analysis.confirming.confirming import confirm
from workspan.analysis.runs import shown
from workspan.analysis.runs.observations import Source
from workspan.analysis.runs.signal import observe


def test_gradients_are_shown_only_on_request() -> None:
    """Gradients come when they are asked for, beside the figures, and decide nothing."""
    at = [{"n": 5, "d": 3, "L": 1}]
    quiet = confirm("rnn", at=at, figures=["params"])
    asked = confirm("rnn", at=at, figures=["params"], asked=["gradient"])
    assert [line.seen.figure for line in quiet.lines] == ["params"]
    extra = [line for line in asked.lines if line.seen.figure == "gradient"]
    assert {line.verdict for line in extra} == {"shown"}
    assert asked.agree
    assert [line.seen.part for line in extra] == ["rate", *(f"distance {k}" for k in range(5))]


def test_gradients_are_those_of_the_experiment() -> None:
    """The shown norms are the means of the samples, with their intervals."""
    signal = observe("rnn", {"n": 5, "d": 3}, samples=8)
    rows = {row.part: row for row in shown.gradient(signal)}
    for at in signal.distances:
        assert at.mean is not None
        row = rows[f"distance {at.distance}"]
        assert row.value == at.mean.estimate
        assert row.note == str(at.mean)
    assert signal.rate is not None
    assert rows["rate"].value == signal.rate.estimate


def test_times_are_shown_with_their_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slope comes with its interval and the classes that are left, and each size with its time."""
    monkeypatch.setattr(shown, "SECONDS", 0.0)
    source = Source("numpy", np.__version__, "numpy.sum")

    def make(n: int) -> Any:
        x = np.ones(n)
        return lambda: x.sum()

    found = shown.time(make, {"n": 8}, source, library="numpy")
    parts = [seen.part.partition(",")[0] for seen in found]
    assert parts[:6] == ["exponent of n", *(f"seconds at n={64 * 2**k}" for k in range(5))]
    assert all(seen.value > 0 for seen in found[1:6])
    assert "[" in found[0].note
    assert not any(seen.exact for seen in found)
