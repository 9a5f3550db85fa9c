"""Workspace: what is derived is what a simulation of the schedule allocates, above every bound."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, fitting, symbolic
from tests.examples import examples
from tests.schedules import AT, MODES, PAIRS, Sizes, naive_and_fused_attention, value
from workspan.analysis.api import analyze, compare
from workspan.analysis.deriving import derive
from workspan.analysis.figures import COMPARED
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.storage.floors import floor_of, operations
from workspan.graphs.backward import checkpoint, training
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.primitives import Constant, Input, Parameter
from workspan.graphs.primitives.base import View
from workspan.graphs.primitives.views import Source
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import size
from workspan.graphs.tracing import trace
from workspan.graphs.unrolling import unroll, whole
from workspan.testing import (
    Attention,
    Block,
    Cell,
    Chain,
    Convolution,
    FeedForward,
    Join,
    Recurrent,
    Residual,
    Scan,
    Shift,
    Stack,
    Sum,
    Summary,
    models,
    sizes,
)

UNRULED = (
    *("dilated_rnn", "strided_sparse_attention", "fixed_sparse_attention", "sink_attention"),
    *("longnet", "big_bird", "transformer_xl", "compressive_transformer"),
)
OPEN = ("has no rule", "no law for", "expected at least one position")
"""Why there is no formula: positions that are read now and then, and chunks that may be none."""


def agrees(graph: Graph, setting: Setting, at: Sizes) -> None:
    """Compare what is derived with what is measured, and with the lower bound."""
    found = derive("workspace", graph, setting)
    leap = "how long a leap" in str(found.reason)  # back to as many first positions as a size says
    if found.formula is None and (leap or graph.name in UNRULED):
        assert any(said in str(found.reason) for said in OPEN), found.reason
        return
    assert found.grade == "proved", found.reason
    assert found.formula is not None
    if any(at.get(s, least) < least for s, least in found.least.items()):
        return
    measured = measure("workspace", graph, setting, {s: at[s] for s in graph.free_sizes})
    assert value(found.formula, at) == measured
    assert value(found.details["lower_bound"], at) <= measured


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TYPICAL)
def test_the_catalogue_is_measured_as_derived(name: str, mode: str) -> None:
    """Law: the formula is what the simulation allocates, for layers along an axis and for one."""
    for graph in (symbolic(name), symbolic(name, L=1)) if has_layers(name) else (symbolic(name),):
        for pairs in PAIRS:
            for at in AT:
                agrees(graph, Setting(mode=mode, pairs=pairs), fitting(name, at))


def has_layers(name: str) -> bool:
    """Whether a model can be stacked."""
    return "L" in (CATALOGUE[name].__kwdefaults__ or {})


TRICKY: tuple[Block, ...] = (
    Stack(Join(Convolution("window", 3), Stack(Scan(True)))),
    Stack(Sum(Chain(Convolution("window", 2), FeedForward()), Stack(FeedForward()))),
    Chain(Stack(Recurrent("lstm", "both")), Shift(2)),
    Stack(Chain(Summary(True), Attention("window", "w"))),
    Cell((("add", "h0", ("multiply", "h1", "x")), ("tanh", "h0")), "h1", True),
    Cell(("h1", "h0"), ("add", "h0", "x")),
    Cell(("x", "h0"), ("multiply", "h0", "h1")),
    Sum(Stack(Shift(-1)), Residual(Attention("window", 3))),
)
"""Loops in loops, values that are left, carried two steps, or in cycles of views."""


@pytest.mark.parametrize("block", TRICKY, ids=repr)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_loops_in_loops(block: Block, mode: str, n: int) -> None:
    """Law: what loops carry, copy and leave is allocated as derived, for one position as well."""
    for depth in (1, 2):
        at = {"n": n, "d": 3, "f": 2, "w": 3, "L": depth, "L2": depth}
        agrees(block.graph, Setting(mode=mode), at)


@examples(60)
@given(st.data(), models(deepest=3), st.sampled_from(MODES), st.sampled_from(PAIRS))
def test_random_models_are_measured_as_derived(
    data: st.DataObject, block: Block, mode: str, pairs: str
) -> None:
    """Law: whatever the layers are, the simulation allocates what the formula says."""
    graph = block.graph
    if mode == "train":
        try:
            training(graph)
        except GraphError:
            return
    agrees(graph, Setting(mode=mode, pairs=pairs), data.draw(sizes(graph, longest=5)))


@pytest.mark.parametrize(("name", "axis"), [("lstm", "n"), ("gru", "n"), ("encoder", "L")])
@pytest.mark.parametrize("every", [1, 2])
def test_checkpoints_are_measured_as_derived(name: str, axis: str, every: int) -> None:
    """Law: what is computed again is allocated as derived, from every step or every other one."""
    graph = checkpoint(symbolic(name), axis, every=every)
    for n in (1, 6):
        agrees(graph, Setting(mode="train"), {**AT[0], "n": n})


# --- what is known --------------------------------------------------------------------------------


def test_attention_holds_its_scores_twice() -> None:
    """When scores are divided by a root both arrays of them are there, and so are the values.

    At the first projections the input and two or three results are: no more than 4 n d.
    """
    n, d, h = (size(name) for name in "ndh")
    found = derive("workspace", trace(CATALOGUE["attention"], h="h"), Setting())
    terms = found.certificate.peak.terms
    assert set(terms) == {4 * n * d, 3 * n * d + h * n**2, n * d + 2 * h * n**2}


def test_a_stack_needs_no_more_than_a_layer() -> None:
    """Without a backward pass, depth costs nothing."""
    for name in ("rnn", "lstm", "attention", "encoder", "dilated_convolution"):
        one, many = (derive("workspace", symbolic(name, L=depth), Setting()) for depth in (1, "L"))
        assert many.formula == one.formula


def test_scores_are_held_while_they_run_in_training_too() -> None:
    """Recomputed attention saves no scores, and holds them while it runs, as naive attention does."""
    train = Setting(mode="train")
    naive, again = naive_and_fused_attention()
    found = {}
    for kind, graph in (("naive", naive), ("again", again)):
        figures = analyze(graph, figures=["activations", "workspace"], setting=train)
        found[kind] = {name: figure.theta for name, figure in figures.figures.items()}
        agrees(graph, train, {"n": 3, "d": 4, "h": 2})
    assert found["naive"]["activations"] == "h*n**2 + d*n"
    assert found["again"]["activations"] == "d*n"
    assert found["naive"]["workspace"] == found["again"]["workspace"] == "h*n**2 + d**2 + d*n"


def test_training_holds_what_it_saves() -> None:
    """Law: workspace in training is at least the activations; its bound is so too."""
    for name in ("rnn", "lstm", "attention", "encoder", "linear_recurrence"):
        graph, at = symbolic(name), AT[0]
        kept = derive("activations", graph, Setting()).formula
        found = derive("workspace", graph, Setting(mode="train"))
        assert kept is not None
        assert found.formula is not None
        assert (
            value(kept, at) <= value(found.details["lower_bound"], at) <= value(found.formula, at)
        )


# --- every order, by brute force ------------------------------------------------------------------


def arrays(graph: Graph, at: Sizes) -> tuple[dict[Any, int], dict[Any, set[Any]], set[Any]]:
    """Return the scalars of all nodes that hold values, what each reads, and which are outputs."""
    unrolled = unroll(graph, **at)

    def holds(node: Any) -> bool:
        primitive = graph[node[0]].primitive
        return not isinstance(primitive, View) or isinstance(primitive, Source)

    def shown(node: Any) -> Iterator[Any]:
        if holds(node):
            if not isinstance(graph[node[0]].primitive, Parameter | Constant):
                yield node
            return
        for source in unrolled.predecessors(node):
            yield from shown(source)

    size_of, reads = {}, {}
    for node in unrolled:
        if holds(node) and not isinstance(graph[node[0]].primitive, Parameter | Constant):
            size_of[node] = whole(graph[node[0]].scalars, at)
            reads[node] = {b for s in unrolled.predecessors(node) for b in shown(s)}
    ends = {
        b for name in graph.outputs for node in unrolled if node[0] == name for b in shown(node)
    }
    return size_of, reads, ends


def least(graph: Graph, at: Sizes) -> int:
    """Return what the best of all orders of positions needs: a shortest path through all of them."""
    size_of, reads, ends = arrays(graph, at)
    names = sorted(size_of)
    bit = {node: 1 << k for k, node in enumerate(names)}
    readers = {node: sum(bit[r] for r in names if node in reads[r]) for node in names}
    start = sum(bit[n] for n in names if isinstance(graph[n[0]].primitive, Input))

    def live(done: int) -> int:
        return sum(size_of[n] for n in names if bit[n] & done and (n in ends or readers[n] & ~done))

    everything = (1 << len(names)) - 1
    best = {start: sum(size_of[n] for n in names if bit[n] & start)}  # all inputs are there
    queue = [(best[start], start)]
    while queue:
        most, done = heapq.heappop(queue)
        if done == everything:
            return most
        for node in names:
            if not bit[node] & done and all(bit[s] & done for s in reads[node]):
                after = done | bit[node]
                needed = max(most, live(done) + size_of[node])
                if needed < best.get(after, needed + 1):
                    best[after] = needed
                    heapq.heappush(queue, (needed, after))
    raise AssertionError("some order computes everything")


@pytest.mark.parametrize(
    ("graph", "at"),
    [
        (symbolic("rnn", L=1), {"n": 2, "d": 3}),
        (symbolic("linear_recurrence"), {"n": 3, "d": 2}),
        (symbolic("linear_recurrence_scan"), {"n": 3, "d": 2}),
        (symbolic("feed_forward", L=1), {"n": 2, "d": 3, "f": 7}),
        (symbolic("causal_convolution", L=1), {"n": 3, "d": 3, "k": 2}),
        (Cell(("x", "h0"), ("multiply", "h0", "h1")).graph, {"n": 3, "d": 2}),
        (Attention("causal").graph, {"n": 2, "d": 3}),
        (training(Cell().graph), {"n": 2, "d": 2}),
        (training(symbolic("linear_recurrence")), {"n": 2, "d": 2}),
        (training(symbolic("feed_forward", L=1)), {"n": 1, "d": 3, "f": 5}),
        (training(symbolic("causal_convolution", L=1)), {"n": 2, "d": 3, "k": 2}),
    ],
)
def test_no_order_needs_less_than_the_bound(graph: Graph, at: Sizes) -> None:
    """Law: the best order of all, found by brute force, lies between bound and schedule."""
    found = derive("workspace", graph, Setting())
    assert found.formula is not None
    best = least(graph, at)
    assert value(found.details["lower_bound"], at) <= best <= value(found.formula, at)


@examples(80)
@given(st.data(), models(deepest=2), st.booleans())
def test_no_order_of_a_random_model_needs_less_than_the_bound(
    data: st.DataObject, block: Block, trained: bool
) -> None:
    """Law: whatever the layers are, no order at all needs less than the bound."""
    graph = block.graph
    if trained:
        try:
            graph = training(graph)
        except GraphError:
            return
    at = {**data.draw(sizes(graph, longest=2)), "w": 1}
    found = derive("workspace", graph, Setting())
    if found.formula is None or any(at.get(s, 1) < k for s, k in found.least.items()):
        return
    at = {s: at[s] for s in graph.free_sizes}
    if len(arrays(graph, at)[0]) <= 13:  # more have too many orders
        assert value(found.details["lower_bound"], at) <= least(graph, at)


@examples(40)
@given(st.data(), models(deepest=3), st.sampled_from(PAIRS))
def test_an_operation_reads_no_less_than_its_floor(
    data: st.DataObject, block: Block, pairs: str
) -> None:
    """Law: of each operation, some position and all that it reads are at least its floor."""
    graph, setting = block.graph, Setting(pairs=pairs)
    at = data.draw(sizes(graph, longest=5))
    size_of, reads, _ = arrays(graph, at)
    most: dict[str, int] = {}
    for node, own in reads.items():
        together = size_of[node] + sum(size_of[base] for base in own - {node})
        most[node[0]] = max(most.get(node[0], 0), together)
    for name in operations(graph):
        floor = floor_of(graph, setting, name)
        if name in most and not any(s.endswith("_") for s in floor.sizes):
            assert value(floor, at) <= most[name]


# --- how it is asked for --------------------------------------------------------------------------


def test_other_modes_have_no_workspace() -> None:
    """One more token and a sequence of them have no workspace yet, and say so."""
    found = derive("workspace", symbolic("lstm"), Setting(mode="decode"))
    assert found.reason == "workspace is a figure of mode encode, not of decode"


def test_layers_that_are_written_out_have_a_schedule_of_their_own() -> None:
    """Law: layers one after another are measured as derived; they are not folded into a loop."""
    graph = trace(CATALOGUE["decoder"], L=6)
    agrees(graph, Setting(), {"n": 3, "m": 2, "d": 4, "f": 5})
    assert not any("repeat" in step for step in derive("workspace", graph, Setting()).steps)


def test_a_comparison_leaves_schedules_out_unless_it_is_asked() -> None:
    """The default columns are figures of models; schedules are shown by name."""
    at = [{"n": 3, "d": 2}]
    usual = compare(["rnn"], at=at, witnesses=["derived"])
    asked = compare(["rnn"], at=at, figures=["workspace", "traffic"])
    assert tuple(usual.analyses[0].figures) == COMPARED
    assert tuple(asked.analyses[0].figures) == ("workspace", "traffic")
    assert asked.agree


def test_no_minimum_is_claimed() -> None:
    """The least of all orders is not known: nothing that is printed says otherwise."""
    steps = derive("workspace", symbolic("attention", L=1), Setting()).steps
    assert "NP-hard" in steps[-1]
    assert not any("minimum" in step for step in steps)
