"""Models on processors: Brent's interval, work on one processor, span on infinitely many."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.adapters import TYPICAL
from tests.analysis.simulation.graphs import check
from tests.examples import examples
from workspan.analysis.api import graph_of, points_of
from workspan.analysis.measured.graph import MeasureError
from workspan.analysis.measured.measure import measure
from workspan.analysis.simulation.bounds import formulas, interval
from workspan.analysis.simulation.building import tasks_of
from workspan.analysis.simulation.longest import longest_wait, span
from workspan.analysis.simulation.scheduling import PRIORITIES, ScheduleError, schedule
from workspan.analysis.simulation.simulating import simulate
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import SizeError
from workspan.testing import Block, models, settings, sizes

MODES = ("encode", "train", "decode", "generate")


@examples(50)
@given(
    st.data(),
    models(deepest=2),
    settings(),
    st.sampled_from(MODES),
    st.sampled_from(PRIORITIES),
    st.sampled_from([1, 2, 3, 7, 40]),
)
def test_every_schedule_is_in_the_interval(
    data: st.DataObject, model: Block, setting: Setting, mode: str, priority: str, p: int
) -> None:
    """Law: max(W/p, S) <= T_p <= (W + Z - S)/p + S, W the measured work and S the measured span."""
    at = data.draw(sizes(model.graph, longest=4))
    setting = setting.but(mode=mode, scope="layer")
    assume(mode != "decode" or at["n"] > 1)  # the first token's work has another sequence's as well
    try:
        tasks = tasks_of(model.graph, setting, at)
    except MeasureError:  # no such mode
        assume(False)
    work, depth = tasks.work, span(tasks)
    assert depth == measure("span", model.graph, setting, at)
    if setting.unit in {"scalar", "unbounded"}:
        measured = measure("work", model.graph, setting, at)
        assert measured is not None
        assert work == math.ceil(measured)
    found = schedule(tasks, p, priority=priority)
    check(tasks, found)
    waits = longest_wait(tasks)
    lower, upper = interval(work, depth, p, waits)
    assert found.makespan is not None
    assert lower <= found.makespan <= upper
    if p == 1:
        assert work <= found.makespan <= work + waits
    assert schedule(tasks, math.inf, priority=priority).makespan == depth


@pytest.mark.parametrize("name", TYPICAL)
def test_ends_of_the_catalogue_are_the_derived_work_and_span(name: str) -> None:
    """Law: one processor takes the derived work, infinitely many the derived and measured span."""
    graph = graph_of(name)
    at = points_of(graph, ())[0]
    for unit in ("tensor", "scalar"):
        found = formulas(graph, Setting(unit=unit), Fraction(2))
        tasks = tasks_of(graph, Setting(unit=unit), at)
        work, depth = found.at(at)
        assert work is not None
        assert schedule(tasks, 1).makespan == math.ceil(work)
        makespan = schedule(tasks, math.inf).makespan
        assert makespan == measure("span", graph, Setting(unit=unit), at)
        assert depth in (None, makespan)


def test_formulas_are_those_of_the_interval() -> None:
    """At p = 3 the formulas of the interval are its numbers, and both bounds on p follow from it."""
    graph, at, setting = graph_of("attention"), {"n": 7, "d": 4}, Setting(unit="scalar")
    found = formulas(graph, setting, Fraction(3, 2))
    assert None not in (found.lower, found.upper, found.needed, found.guaranteed)
    work, depth = (int(v or 0) for v in found.at(at))
    lower, upper = (f.evaluate(**at, p=3) for f in (found.lower, found.upper) if f is not None)
    assert (lower, upper) == interval(work, depth, 3)
    for formula, steps in ((found.needed, found.lower), (found.guaranteed, found.upper)):
        assert formula is not None
        assert steps is not None
        p = formula.evaluate(**at)
        assert steps.evaluate(**at, p=p) == Fraction(3, 2) * depth


def test_formulas_count_what_is_waited_for() -> None:
    """In generate a token's sums wait for rounds that only longer ones need: T_1 is W + Z at most."""
    setting, at = Setting(mode="generate", unit="scalar"), {"n": 5, "d": 4}
    found = simulate("causal_attention", at=at, processors=(1, 2), setting=setting)
    assert found.waits > 0
    assert found.formulas.upper is not None
    assert found.formulas.guaranteed is not None
    for run in found.runs:
        upper = found.formulas.upper.evaluate(**at, p=run.processors, Z=found.waits)
        assert run.unlimited <= upper == run.upper
    assert found.work < found.runs[0].unlimited == found.runs[0].upper
    least = found.formulas.guaranteed.evaluate(**at, Z=found.waits)
    assert found.guaranteed == math.ceil(least)


def test_a_progression_goes_on_until_more_do_not_help() -> None:
    """The last but one of 1, 2, 4, ... does not reach the span, the last one does."""
    found = simulate("attention", at={"n": 8, "d": 4}, setting=Setting(unit="scalar"))
    *before, last, endless = found.runs
    assert [r.processors for r in (*before, last)] == [2**k for k in range(len(before) + 1)]
    assert before[-1].unlimited > last.unlimited == found.span == endless.makespan
    assert before[-1].processors < found.enough.processors <= last.processors
    assert found.agree
    assert found.runs[0].speedup == found.runs[0].utilisation == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"processors": (0,)}, "at least 1, or inf, got 0"),
        ({"processors": (1, ...)}, "two rising numbers"),
        ({"processors": (4, 2, ...)}, "two rising numbers"),
        ({"processors": ()}, "got none"),
        ({"processors": (2.5,)}, "got 2.5"),
        ({"priority": "random"}, "fifo, critical-path, order, got 'random'"),
        ({"memory": 0}, "at least one scalar"),
        ({"memory": 9, "setting": Setting(unit="layer")}, "got layer"),
        ({"factor": 0.5}, "at least 1, got 0.5"),
        ({"factor": "much"}, "such as 2 or 1.5, got much"),
        ({"factor": "1e999999999"}, "such as 2 or 1.5"),
        ({"factor": "1/0"}, "such as 2 or 1.5"),
        ({"setting": Setting(scope="mixing")}, "got mixing"),
        ({"setting": Setting(mode="decode"), "model": "bidirectional_rnn"}, "causal model"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(asked: dict[str, Any], message: str) -> None:
    """Each wrong argument is named with its value."""
    arguments = {"model": "rnn", "at": {"n": 3, "d": 2}, **asked}
    with pytest.raises((ScheduleError, MeasureError), match=message):
        simulate(**arguments)


def test_sizes_that_are_too_large_are_refused() -> None:
    """A sequence of a billion positions is an error at once."""
    with pytest.raises(SizeError, match="pass smaller sizes"):
        simulate("rnn", at={"n": 10**9})
