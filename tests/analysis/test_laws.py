"""Laws of all models: what is derived is what is measured, and figures keep their order.

A formula that is graded proved and wrong would be the worst defect, so every rule is tried on
random compositions of layers, at sizes that start at one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES, derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.setting import Setting
from workspan.graphs.unrolling import unroll
from workspan.testing import (
    Attention,
    Block,
    Chain,
    Convolution,
    Cross,
    Recurrent,
    Residual,
    Scan,
    Shift,
    Stack,
    Sum,
    Summary,
    models,
    settings,
    sizes,
)

Sizes: TypeAlias = Mapping[str, int]
Number: TypeAlias = int | Fraction

UNITS = ("layer", "tensor", "scalar", "unbounded")
COUNTS = ("params", "work", "state", "decode_work")
REACH = ("mixing_hops", "receptive_field", "layers_to_connect")


def value(found: Derivation, at: Sizes) -> Number | None:
    """Return a formula's value; None where there is none, or outside its domain."""
    if found.formula is None or any(at.get(s, least) < least for s, least in found.least.items()):
        return None
    number: Number = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    return number


def agrees(figure: str, model: Block, setting: Setting, at: Sizes) -> None:
    """A formula with a proof gives what is measured."""
    found = RULES[figure](model.graph, setting)
    claimed = value(found, at)
    if claimed is not None:
        measured = measure(figure, model.graph, setting, at)
        assert claimed == measured, (
            f"{figure} of {model} is {measured} at {at}, not {found.formula}"
        )


@pytest.mark.parametrize("unit", UNITS)
@examples(60)
@given(st.data(), models(), settings())
def test_the_span_is_measured(
    unit: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: the derived span is the longest path of the unrolled graph, in every unit."""
    agrees("span", model, setting.but(unit=unit), data.draw(sizes(model.graph)))


@pytest.mark.parametrize("unit", UNITS)
@examples(60)
@given(st.data(), models(), settings())
def test_the_path_length_is_measured(
    unit: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: the derived path length is the longest of all shortest paths, in every unit."""
    agrees("path_length", model, setting.but(unit=unit), data.draw(sizes(model.graph)))


@pytest.mark.parametrize("figure", REACH)
@examples(60)
@given(st.data(), models(), settings())
def test_what_reaches_is_measured(
    figure: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: hops, receptive fields and layers to connect are those of the unrolled graph."""
    agrees(figure, model, setting, data.draw(sizes(model.graph)))


@pytest.mark.parametrize("figure", COUNTS)
@examples(60)
@given(st.data(), models(), settings())
def test_counts_are_measured(
    figure: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: operations, parameters and states are what is counted position by position."""
    agrees(figure, model, setting, data.draw(sizes(model.graph)))


@examples(12)
@given(st.data(), models(deepest=3), settings())
def test_the_bound_of_the_state_is_measured(
    data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: the derived bound is a cut of the unrolled graph, if not always the least one."""
    at = data.draw(sizes(model.graph, longest=6))
    claimed = value(RULES["state_bound"](model.graph, setting), at)
    least = measure("state_bound", model.graph, setting, at)
    assert claimed is None or (least is not None and claimed >= least)


@examples(5)
@given(st.data(), models(deepest=2), st.sampled_from(["span", "path_length"]), settings())
def test_fitted_formulas_hold_beyond_their_samples(
    data: st.DataObject, model: Block, figure: str, setting: Setting
) -> None:
    """Law: what is interpolated is measured at any sizes in its domain, wide windows among them."""
    found = derive(figure, model.graph, setting)
    at = data.draw(sizes(model.graph, longest=24))
    claimed = value(found, at)
    assert claimed is None or claimed == measure(figure, model.graph, setting, at)


WRONG_ONCE: tuple[tuple[str, Block, Sizes], ...] = (
    ("path_length", Summary(), {"n": 5, "d": 1}),
    ("path_length", Chain(Shift(), Shift(-1)), {"n": 1, "d": 1}),
    ("path_length", Chain(Cross(), Shift()), {"n": 1, "m": 1, "d": 1}),
    ("path_length", Chain(Summary(reverse=True), Scan(reverse=True)), {"n": 8, "d": 1}),
    ("mixing_hops", Summary(), {"n": 1, "d": 1}),
    (
        "layers_to_connect",
        Chain(Attention("window"), Stack(Attention("window"))),
        {"n": 2, "d": 1, "L": 1},
    ),
    ("receptive_field", Shift(-1), {"n": 3, "d": 1}),
    ("receptive_field", Chain(Recurrent("elman", "backward"), Shift(-1)), {"n": 2, "d": 1}),
    ("layers_to_connect", Chain(Recurrent("elman", "backward"), Shift(-1)), {"n": 6, "d": 1}),
)
"""Formulas that were graded proved once, and were wrong."""


@pytest.mark.parametrize(("figure", "model", "at"), WRONG_ONCE)
@pytest.mark.parametrize("unit", UNITS)
def test_what_was_wrong_once_is_not_any_more(
    figure: str, model: Block, at: Sizes, unit: str
) -> None:
    """Law: reads that may lie outside the sequence, or far from the input, carry no path."""
    agrees(figure, model, Setting(unit=unit), at)


SOLVED: tuple[Block, ...] = (
    Chain(Recurrent("elman", "both"), Attention("centred", "w")),
    Chain(Recurrent("gru", "both"), Residual(Recurrent("elman", "backward"))),
    Chain(Convolution("window", "k"), Recurrent("gru")),
    Residual(Recurrent("lstm")),
    Stack(Chain(Residual(Recurrent("lstm")), Residual(Attention("causal")))),
    Sum(Recurrent("elman"), Attention("window", "w")),
    Stack(Residual(Attention("window", "w"))),
    Stack(Recurrent("gru", "both")),
    Chain(Scan(), Stack(Scan(reverse=True))),
)
"""Compositions that a user would write."""


@pytest.mark.parametrize("model", SOLVED, ids=repr)
def test_usual_compositions_have_a_proved_span(model: Block) -> None:
    """Law: for compositions that a user would write the span is proved in every unit."""
    for unit in UNITS:
        assert RULES["span"](model.graph, Setting(unit=unit)).grade == "proved"


@examples(60)
@given(st.data(), models(), settings())
def test_figures_keep_their_order(data: st.DataObject, model: Block, setting: Setting) -> None:
    """Law: span <= work, parallelism >= 1, and path length <= span, as far as they are derived."""
    at, graph = data.draw(sizes(model.graph)), model.graph
    span = value(RULES["span"](graph, setting), at)
    path = value(RULES["path_length"](graph, setting), at)
    assert None in {span, path} or path <= span  # type: ignore[operator]
    dense = setting.but(unit="scalar", pairs="dense", scope="layer")
    span, work = (value(RULES[f](graph, dense), at) for f in ("span", "work"))
    assert span is None or work is None or span <= work
    assert not span or work is None or Fraction(work) / span >= 1


def reads_its_input(block: Block) -> bool:
    """Whether any output depends on an input; a cell may give back its initial value."""
    reduced, graph = block.graph.reduced, block.graph
    inputs = [e.name for e in graph.of("input")]
    return any(nx.has_path(reduced, i, o) for o in graph.outputs for i in inputs)


@examples(40)
@given(st.data(), models(deepest=3), models(deepest=1), st.sampled_from(UNITS))
@example(None, Shift(), Shift(-1), "layer")
def test_a_layer_more_never_shortens_the_span(
    data: st.DataObject | None, model: Block, layer: Block, unit: str
) -> None:
    """Law: the derived span with a layer on top that reads it is at least that without."""
    assume(reads_its_input(layer))
    higher, setting = Chain(model, layer), Setting(unit=unit)
    at = data.draw(sizes(higher.graph)) if data else {"n": 3, "d": 1}
    low, high = (value(RULES["span"](m.graph, setting), at) for m in (model, higher))
    assert low is None or high is None or low <= high


@examples(60)
@given(st.data(), models())
def test_an_unrolled_graph_has_no_cycle(data: st.DataObject, model: Block) -> None:
    """Law: whatever is composed unrolls to a graph without cycles."""
    at = data.draw(sizes(model.graph, longest=5))
    assert nx.is_directed_acyclic_graph(unroll(model.graph, **at))


@examples(40)
@given(st.data(), models(deepest=2), models(deepest=2), st.booleans())
def test_loops_compute_what_scans_compute(
    data: st.DataObject, below: Block, above: Block, reverse: bool
) -> None:
    """Law: a model with its associative scans written as loops computes the same numbers."""
    graph = Chain(below, Scan(reverse), above).graph
    at = data.draw(sizes(graph, longest=5))
    rng = np.random.default_rng(0)
    inputs = {x: rng.normal(size=(at[{"x": "n"}.get(x, "m")], at["d"])) for x in graph.inputs}
    weights = random_parameters(graph, **at)
    (scanned,), (looped,) = (execute(g, inputs, weights, **at) for g in (graph, graph.looped))
    assert np.allclose(scanned, looped, rtol=1e-6, atol=1e-8)
