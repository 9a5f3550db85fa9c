"""Taking times: in turns, with one thread and with all, and more of them where there is noise."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import util
from typing import Any

import numpy as np
import pytest

from workspan.analysis.runs import timing
from workspan.analysis.runs.errors import ArgumentError
from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.scaling import spaced
from workspan.analysis.runs.timing import observe


def test_sizes_are_timed_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each turn times every size once at each number of threads, in an order of its own."""
    turns: list[tuple[str, int]] = []
    inside = []

    class Limit:
        def __init__(self, label: str) -> None:
            self.label = label

        def __enter__(self) -> None:
            inside.append(self.label)

        def __exit__(self, *error: object) -> None:
            inside.pop()

    def seconds(work: Any, calls: int) -> float:
        n = work()
        turns.append((inside[-1] if inside else "", n))
        return 1e-3 * n / (2 if inside == ["all"] else 1)

    limits = [("one", lambda: Limit("one")), ("all", lambda: Limit("all"))]
    monkeypatch.setattr(timing, "_seconds", seconds)
    monkeypatch.setattr(timing, "threads", lambda library: (limits, ""))
    sizes = (4, 8, 16, 32, 64)
    found = observe("made up", lambda n: lambda: n, sizes, repeats=6)
    taken = [turns[k : k + 5] for k in range(5, len(turns), 5)]
    assert len(taken) == 12
    assert [t[0][0] for t in taken] == ["one", "all"] * 6
    assert all(sorted(n for _, n in turn) == list(sizes) for turn in taken)
    assert len({tuple(turn) for turn in taken}) > 6
    assert found.one.possible == ("n", "n log n")
    assert found.all is not None
    assert found.speedup == (2.0,) * 5
    assert (found.one.threads, found.all.threads, found.one.repeats) == ("one", "all", 6)


def test_noise_asks_for_more_repeats_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats are added while the halves differ, until the budget is spent or there are enough."""
    monkeypatch.setattr(timing, "threads", lambda library: ([("one", nullcontext)], ""))
    random = np.random.default_rng(0)
    monkeypatch.setattr(timing, "_seconds", lambda work, calls: float(random.uniform(1e-3, 1.0)))
    sizes = (4, 8, 16, 32, 64)
    make = lambda n: lambda: n  # noqa: E731
    assert observe("noise", make, sizes, repeats=4, budget=0.0).one.repeats == 4
    assert observe("noise", make, sizes, repeats=4).one.repeats > 8
    monkeypatch.setattr(timing, "MOST_REPEATS", 6)
    assert observe("noise", make, sizes, repeats=4).one.repeats <= 6


def test_numpy_is_timed_without_control_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without threadpoolctl there is one column, and a note that says why."""
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    found = observe(
        "cumulative sum", lambda n: np.ones(n).cumsum, spaced(64, 4096, 5), repeats=4, budget=0.0
    )
    assert found.all is None
    assert found.speedup == ()
    assert "threadpoolctl" in found.note
    assert all(t > 0 for t in found.one.seconds)
    with pytest.raises(EngineError, match=r"pip install \"workspan\[torch\]\""):
        timing.threads("torch")


def test_torch_runs_with_one_thread_and_with_all() -> None:
    """Threads are set for each column and given back."""
    torch = pytest.importorskip("torch")
    before, used = torch.get_num_threads(), set()

    def make(n: int) -> Any:
        x = torch.ones(n)

        def work() -> None:
            used.add(torch.get_num_threads())
            x.cumsum(0)

        return work

    found = observe("sum", make, spaced(64, 1024, 5), library="torch", repeats=4, budget=0.0)
    assert torch.get_num_threads() == before
    assert used == {1, timing.processors()}
    assert found.all is not None
    assert found.one.threads == "1 thread"
    assert found.all.threads.endswith("threads")
    assert len(found.speedup) == 5


def test_two_points_are_refused() -> None:
    """No slope comes of two sizes, and no time is taken."""

    def never(n: int) -> Any:
        raise AssertionError

    with pytest.raises(ArgumentError, match="at least 5"):
        observe("nothing", never, (8, 64))
    with pytest.raises(ArgumentError, match="'numpy' or 'torch'"):
        observe("nothing", lambda n: lambda: n, (8, 16, 32, 64, 128), library="jax")


def test_one_processor_has_one_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one processor only, one and all are the same, and a note says so."""
    pytest.importorskip("torch")
    monkeypatch.setattr(timing, "processors", lambda: 1)
    limits, note = timing.threads("torch")
    assert [label for label, _ in limits] == ["1 thread"]
    assert "one processor" in note
