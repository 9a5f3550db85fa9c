"""Memory over a schedule: what is live by definition, and what a limit does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, fitting, symbolic
from tests.analysis.simulation.graphs import check
from tests.examples import examples
from workspan.analysis.measured.measure import measure
from workspan.analysis.simulation.building import tasks_of
from workspan.analysis.simulation.liveness import busy, live
from workspan.analysis.simulation.scheduling import PRIORITIES, Schedule, schedule
from workspan.analysis.simulation.simulating import simulate
from workspan.analysis.simulation.tasks import Tasks
from workspan.graphs.primitives import Ranked, Shift
from workspan.graphs.primitives.views import Input, Parameter, Source
from workspan.graphs.setting import Setting
from workspan.testing import Block, models, settings, sizes

AT = {"n": 6, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 2, **WORDS}


def by_definition(tasks: Tasks, found: Schedule, step: int) -> int:
    """Add up what has started and is not read for the last time before a step is over."""
    readers = {
        k: tasks.readers[tasks.read_start[k] : tasks.read_start[k + 1]].tolist()
        for k in range(tasks.count)
    }

    @cache
    def needed(node: int) -> float:
        if tasks.kept[node]:
            return math.inf
        ends = [found.end[r] if tasks.holds[r] else needed(r) for r in readers[node]]
        return max([found.end[node], *ends])

    nodes = (k for k in range(tasks.count) if tasks.holds[k])
    return sum(int(tasks.scalars[k]) for k in nodes if found.begin[k] <= step < needed(k))


@examples(25)
@given(st.data(), models(deepest=1), settings(), st.sampled_from(PRIORITIES), st.integers(1, 5))
def test_what_is_live_is_what_is_still_read(
    data: st.DataObject, model: Block, setting: Setting, priority: str, p: int
) -> None:
    """Law: at every step what is live is started and still to be read; busy processors do all work."""
    at = data.draw(sizes(model.graph, longest=3))
    unit = "tensor" if setting.unit == "layer" else setting.unit
    tasks = tasks_of(model.graph, setting.but(unit=unit, scope="layer"), at)
    found = schedule(tasks, p, priority=priority)
    curve, end = live(tasks, found), found.makespan or 0
    if not end:
        return
    expected = [by_definition(tasks, found, step) for step in range(end)]
    assert curve.average(end, end).tolist() == pytest.approx(expected)
    assert curve.peak == max(expected)
    assert sum(busy(found.pieces).average(end, end)) == pytest.approx(tasks.work)


@examples(25)
@given(
    st.data(), models(deepest=1), st.sampled_from(PRIORITIES), st.integers(1, 5), st.floats(0.5, 1)
)
def test_a_limit_is_kept(
    data: st.DataObject, model: Block, priority: str, p: int, part: float
) -> None:
    """Law: as much as is used changes nothing; with less no more is used, or it says what is missing."""
    at = data.draw(sizes(model.graph, longest=4))
    tasks = tasks_of(model.graph, Setting(), at)
    free = schedule(tasks, p, priority=priority)
    peak = live(tasks, free).peak
    same = schedule(tasks, p, priority=priority, memory=max(peak, 1))
    assert same.end.tolist() == free.end.tolist()
    limit = max(int(part * peak), 1)
    found = schedule(tasks, p, priority=priority, memory=limit)
    if found.stuck is None:
        assert found.makespan is not None
        assert live(tasks, found).peak <= limit
    else:
        assert found.stuck.live <= limit < found.stuck.needed


@pytest.mark.parametrize("name", TYPICAL)
def test_one_processor_in_order_needs_no_more_than_the_workspace(name: str) -> None:
    """Law: position by position no more is live than array by array, and as much where an array has
    one position and nothing is carried.
    """
    graph, at = symbolic(name), fitting(name, AT)
    own = [e for e in graph if isinstance(e.primitive, Source) and e.primitive.name != "constant"]
    if any(not isinstance(e.primitive, Input | Parameter) for e in own) or graph.of(Ranked.name):
        pytest.skip("positions and ranks are counted from when they are read")

    def both(sizes: Mapping[str, int]) -> tuple[int, int | None]:
        tasks = tasks_of(graph, Setting(), sizes)
        found = schedule(tasks, 1, priority="order")
        check(tasks, found)
        return live(tasks, found).peak, measure("workspace", graph, Setting(), sizes)  # type: ignore[return-value]

    few, most = both(at)
    assert most is not None
    assert few <= most
    if not graph.of(Shift.name) and "associative_scan" not in {e.primitive.name for e in graph}:
        ones = {k: 1 if k in {"n", "m", "L", "w", "k", "c"} else v for k, v in at.items()}
        few, most = both(ones)
        assert few == most


@examples(25)
@given(
    st.data(),
    models(deepest=2),
    st.sampled_from([1, 2, 4, math.inf]),
    st.sampled_from(["encode", "train"]),
    st.integers(0, 10),
)
def test_what_one_processor_needs_is_enough(
    data: st.DataObject, model: Block, p: float, mode: str, more: int
) -> None:
    """Law: with room kept for what comes earlier in order, no schedule gets stuck with the memory
    that one processor in order needs, or more, and none uses more.
    """
    at = data.draw(sizes(model.graph, longest=5))
    tasks = tasks_of(model.graph, Setting(mode=mode), at)
    limit = live(tasks, schedule(tasks, 1, priority="order")).peak + more
    found = schedule(tasks, p, memory=max(limit, 1), careful=True)
    assert found.stuck is None
    assert live(tasks, found).peak <= limit


def test_memory_that_is_short_takes_longer_or_ends() -> None:
    """Less memory makes attention's schedule longer, and too little stops it where it says."""
    at, many = {"n": 12, "d": 4}, (math.inf,)
    free = simulate("attention", at=at, processors=many).runs[0]
    assert free.live is not None
    limit = free.live.peak * 5 // 6
    short = simulate("attention", at=at, processors=many, memory=limit).runs[0]
    assert short.makespan is not None
    assert short.makespan > short.unlimited == free.makespan
    assert short.live is not None
    assert short.live.peak <= limit
    found = simulate("attention", at=at, processors=many, memory=50)
    (none,) = found.runs
    assert none.makespan is None
    assert none.stuck is not None
    assert none.stuck.needed > 50
    assert found.sequential is not None
    one = simulate("attention", at=at, processors=(1,), priority="order", memory=found.sequential)
    assert one.runs[0].makespan == one.work
