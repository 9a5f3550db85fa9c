"""Laws of rankings: in the order of the costs, each exclusion with a witness, each turn exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.compositions import models
from tests.examples import examples
from workspan.analysis.advising.candidates import USUAL, candidate, side_by_side
from workspan.analysis.advising.costs import needed
from workspan.analysis.advising.excluding import Request
from workspan.analysis.advising.ranking import Advice, AdviceError, Excluded, advise
from workspan.analysis.deriving import derive
from workspan.analysis.machines.machine import load
from workspan.analysis.machines.predicting import predict
from workspan.analysis.machines.task import Task
from workspan.analysis.measured.state import causal, state
from workspan.graphs.graph import Graph
from workspan.graphs.operations import linear, tanh
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import Array, trace

SIZES = {"n": 4096, "d": 256, "L": 4}
SMALL = {"d": 4, "h": 2, "g": 1, "k": 3, "w": 5, "s": 2, "c": 3, "r": 2, "e": 2, "m": 3}
NAMES = ("lstm", "gru", "min_gru", "causal_attention", "causal_windowed_attention", "attention",
    "windowed_attention", "linear_attention_recurrent", "s4d", "ssd", "retnet")  # fmt: skip


def asked(mode: str = "decode", **options: Any) -> Advice:
    """Ask about a few models."""
    sizes = options.pop("sizes", SIZES)
    return advise(Request(sizes, Task(mode, batch=4), models=NAMES, **options))


@pytest.mark.parametrize("mode", ["encode", "decode", "train"])
def test_without_a_machine_the_order_is_that_of_derived_work(mode: str) -> None:
    """Law: the ranking is what sorting the derived work, evaluated by itself, gives."""
    found = asked(mode)
    costs = {}
    for name in NAMES:
        chosen = candidate(name, SIZES)
        formula = derive("work", chosen.graph, Setting(mode=mode)).formula
        if formula is not None:
            costs[name] = 4 * formula.evaluate(**{s: chosen.sizes[s] for s in formula.sizes})
    assert {r.model: r.cost.value for r in found.rows} == costs
    assert [r.cost.value for r in found.rows] == sorted(costs.values())


@pytest.mark.parametrize("mode", ["prefill", "decode"])
def test_on_a_machine_the_order_is_that_of_predicted_times(mode: str) -> None:
    """Law: the ranking is what sorting the predictions gives, with what binds and what is held."""
    machine = load("a100")
    found = asked(mode, machine=machine)
    task = Task(mode, batch=4)
    for row in found.rows:
        chosen = candidate(row.model, SIZES)
        predicted = predict(chosen.graph, chosen.sizes, machine, task)
        assert row.cost.value == predicted.seconds
        assert row.bytes == pytest.approx(predicted.bytes, rel=1e-12)
        assert row.cost.prediction is not None
        assert row.cost.prediction.binds == predicted.binds
    seconds = [row.cost.value for row in found.rows]
    assert seconds == sorted(seconds)
    assert len(seconds) >= 5


def witnessed(one: Excluded, request: Request) -> bool:
    """Check the first reason of an exclusion on the unrolled graph, or by evaluating formulas."""
    reason, graph = one.reasons[0], symbolic(one.model)
    if reason.kind in {"not causal", "looks ahead"}:
        return not causal(graph, _small(graph, 6))
    if reason.kind == "state grows":
        kept = [state(graph, _small(graph, n)) for n in (20, 21, 22)]
        return None not in kept and sorted(set(kept)) == kept  # type: ignore[type-var]
    if reason.kind == "memory":
        assert request.budget is not None
        return _bytes(one, request, SIZES["n"]) > request.budget
    return False


def _small(graph: Graph, n: int) -> dict[str, int]:
    return {s: {**SMALL, "n": n, "L": 2}.get(s, 2) for s in graph.free_sizes}


def _bytes(one: Any, request: Request, n: int) -> float:
    words = needed(one.candidate, request.task)
    at = {**one.candidate.sizes, "n": n}
    return float(sum(w.evaluate(**{s: at[s] for s in w.sizes}) for w in words.values()))


def test_who_is_excluded_has_a_witness_and_who_is_not_has_none() -> None:
    """Law: an exclusion is seen on the unrolled graph or in the bytes; a ranked model streams."""
    chosen: tuple[dict[str, Any], ...] = (
        {"streaming": True},
        {"memory": 40e6},
        {"memory": 40e6, "streaming": True},
    )
    for options in chosen:
        found = asked(**options)
        assert found.excluded
        assert len(found.rows) + len(found.excluded) == len(NAMES)
        for one in found.excluded:
            assert witnessed(one, found.request), one
        for row in found.rows:
            graph = symbolic(row.model)
            assert causal(graph, _small(graph, 6))
            if found.request.streaming:
                assert state(graph, _small(graph, 20)) == state(graph, _small(graph, 27))
            if found.request.budget is not None:
                assert row.bytes is not None
                assert row.bytes <= found.request.budget


def test_the_longest_that_fits_does_and_one_more_does_not() -> None:
    """Law: n_max is exact: its bytes are within the budget, those of n_max + 1 are not."""
    found = asked(memory=1e9)
    limited = [row for row in found.rows if row.longest is not None]
    assert limited
    for row in limited:
        assert row.longest is not None
        assert _bytes(row, found.request, row.longest) <= 1e9
        assert _bytes(row, found.request, row.longest + 1) > 1e9


@pytest.mark.parametrize(("machine", "mode"), [(None, "decode"), ("a100", "encode")])
def test_turns_are_exact(machine: str | None, mode: str) -> None:
    """Law: on one side of a turn the first model costs less, at the turn and beyond it does not."""
    request = asked(mode, machine=None if machine is None else load(machine))
    first, seen = request.rows[0], 0
    for row in request.rows[1:]:
        for turn in row.turns:
            if turn.size == "batch":
                continue
            inside = turn.first - 1 if turn.above else turn.first + 1
            signs = [_difference(first, row, request, turn.size, k) for k in (turn.first, inside)]
            assert signs[0] * turn.sign > 0 or turn.sign == 0 == signs[0]
            assert signs[1] * turn.sign <= 0 or turn.sign == 0 != signs[1]
            seen += 1
    assert seen >= 3


def _difference(first: Any, row: Any, found: Advice, along: str, value: int) -> float:
    """Evaluate the cost of the first model less another's at one size."""
    costs = []
    for one in (first, row):
        sizes: Mapping[str, int] = {**one.candidate.sizes, along: value}
        if found.request.machine is None:
            costs.append(one.cost.formula.evaluate(**{s: sizes[s] for s in one.cost.formula.sizes}))
        else:
            graph = one.candidate.graph
            costs.append(predict(graph, sizes, found.request.machine, found.request.task).seconds)
    # A sum of times is rounded: what differs by less is equal.
    return 0.0 if costs[0] == pytest.approx(costs[1], rel=1e-12) else float(costs[0] - costs[1])


@given(st.lists(models(most=2), min_size=2, max_size=3, unique_by=lambda g: g.name))
@examples(8)
def test_rankings_of_random_models(graphs: list[Graph]) -> None:
    """Law: of any models, those that stream are ranked by work, and the others have a witness."""
    request = Request({"n": 64, "d": 8}, Task("decode"), streaming=True, models=tuple(graphs))
    found = advise(request)
    by_name = {graph.name: graph for graph in graphs}
    for row in found.rows:
        graph = by_name[row.model]
        assert causal(graph, {"n": 5, "d": 2})
        assert state(graph, {"n": 9, "d": 2}) == state(graph, {"n": 14, "d": 2})
        work = derive("work", graph, Setting(mode="decode")).formula
        assert work is not None
        assert row.cost.value == work.evaluate(**{s: request.sizes[s] for s in work.sizes})
    costs = [row.cost.value for row in found.rows]
    assert costs == sorted(costs)
    for one in found.excluded:
        graph, kind = by_name[one.model], one.kinds[0]
        if kind in {"not causal", "looks ahead"}:
            assert not causal(graph, {"n": 5, "d": 2})
        elif kind == "state grows":
            kept = [state(graph, {"n": n, "d": 2}) for n in (9, 14)]
            assert kept[0] < kept[1]  # type: ignore[operator]
        else:
            assert kind == "not known"


def test_the_founding_crossover_is_found() -> None:
    """Attention takes less contraction work than an LSTM below n = 2 d (Vaswani et al. 2017)."""
    names = ("lstm", "causal_attention")
    found = advise(Request({"n": 32_768, "d": 1024}, Task("decode"), models=names))
    (near,) = (o for o in found.turns if o.turn.size == "n")
    assert found.rows[0].model == "lstm"
    assert near.other == "causal_attention"
    assert abs(near.turn.first - 2 * 1024) <= 2  # elementwise work moves it by less than two
    assert 15.9 < near.turn.factor < 16.1


def test_models_that_tie_are_told() -> None:
    """A scan decodes as the loop that it stands for, so both cost the same."""
    found = advise(Request(SIZES, Task("decode"), models=("min_gru", "min_gru_scan", "lstm")))
    assert found.rows[0].model == "min_gru"
    assert found.ties == ("min_gru_scan",)


def test_parts_of_a_sequence_must_be_whole() -> None:
    """Chunks that do not divide the sequence exclude a model, with the quotient."""
    found = advise(Request({"n": 100, "d": 8, "c": 64}, Task("encode"), models=("retnet_chunked",)))
    (one,) = found.excluded
    assert one.kinds[0] == "sizes"
    assert "n/c = 1.5625" in one.reasons[0].text


def test_a_hard_limit_excludes() -> None:
    """More positions than learned ones are no question of cost."""
    sizes = {"n": 2048, "d": 64, "c": 1024, "h": 2}
    (one,) = advise(Request(sizes, Task("decode"), models=("gpt2",))).excluded
    assert "hard limit" in one.kinds
    fits = advise(Request({**sizes, "n": 1024}, Task("decode"), models=("gpt2",)))
    assert [r.model for r in fits.rows] == ["gpt2"]


def test_a_graph_of_ones_own_is_ranked() -> None:
    """A user's model stands beside those of the catalogue."""

    def mine(x: Array) -> Any:
        return tanh(linear(x, "d"))

    found = advise(Request({"n": 64, "d": 8}, Task("decode"), models=(trace(mine), "lstm")))
    assert [r.model for r in found.rows] == ["mine", "lstm"]


def test_a_depth_that_a_model_cannot_have_excludes_it() -> None:
    """A layer from d to 3 d has no depth, and cannot be stacked: it is told and not ranked."""

    def widening(x: Array) -> Any:
        return linear(x, "3*d")

    asked_for = Request({"n": 8, "d": 4, "L": 2}, models=(trace(widening), "lstm"))
    (one,) = advise(asked_for).excluded
    assert (one.model, one.reasons[0].text) == ("widening", "it has no size L that could be 2")


def test_a_size_that_is_missing_is_named() -> None:
    """Without a width there is no answer."""
    with pytest.raises(AdviceError, match="expected a value for d"):
        advise(Request({"n": 64}))


def test_the_usual_models_can_stand_in_each_others_place() -> None:
    """Law: all of them take and return one sequence, and none is named twice."""
    assert set(USUAL) <= set(side_by_side())
    assert len(set(USUAL)) == len(USUAL)
