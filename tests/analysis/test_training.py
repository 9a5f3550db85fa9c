"""Training: what is derived of forward and backward pass is what is measured, and their laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES, derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.measured.paths import hops, matrices
from workspan.analysis.measured.work import work_by_equation
from workspan.analysis.modes import ModeError, in_training
from workspan.analysis.proofs.counting.counts import CountCertificate, check_counts
from workspan.analysis.proofs.errors import ProofError
from workspan.graphs.backward import backpropagation, gradients, training
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import linear, stack, stop_gradient, tanh
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, Sized, size
from workspan.graphs.tracing import Array, sizes_of, trace
from workspan.graphs.unrolling import fits
from workspan.testing import Block, models, settings, sizes

Sizes: TypeAlias = Mapping[str, int]

TRAIN = Setting(mode="train")
PLAIN = TRAIN.but(mode="encode")
UNITS = ("layer", "tensor", "scalar")
COUNTED = ("work", "activations")
STEPS = ("span", "path_length")
AT = dict(zip("nmdhgfkwLcvrseE", (5, 4, 4, 2, 1, 3, 3, 3, 3, 6, 5, 2, 3, 2, 4), strict=True))
ONE = {**dict.fromkeys(AT, 1), "d": 2, "L": 2}
NAMES = (
    *("rnn", "lstm", "gru", "bidirectional_rnn", "bidirectional_lstm", "bidirectional_gru"),
    *("attention", "causal_attention", "multi_query_attention", "grouped_query_attention"),
    *("windowed_attention", "causal_windowed_attention", "cross_attention", "feed_forward"),
    *("encoder", "decoder", "convolution", "causal_convolution", "dilated_convolution"),
    *("separable_convolution", "linear_recurrence", "linear_recurrence_scan"),
    *("gpt2", "bert", "llama", "mistral", "mamba", "mamba_scan", "jamba"),
)
"""Models that are tried at length; others are tried where their families are."""
STACKED = [name for name in NAMES if "L" in sizes_of(CATALOGUE[name])]
CASES = [(name, depth) for name in NAMES for depth in ((1, "L") if name in STACKED else (None,))]
SLOW = {("jamba", 1), ("jamba", "L"), ("bidirectional_lstm", "L"), ("bidirectional_gru", "L")}
"""Large graphs, whose depths take long to derive; smaller ones are like them."""
QUICK = [case for case in CASES if case not in SLOW]


def traced(name: str, depth: Sized | None) -> Graph:
    """Trace a model of the catalogue, heads, windows and kernels as symbols."""
    known = sizes_of(CATALOGUE[name])
    own: dict[str, Any] = {s: s for s in known if s in {"h", "g", "f", "k", "w"}}
    own |= {} if depth is None else {"L": depth}
    return trace(CATALOGUE[name], **own)


def derived(figure: str, graph: Graph, setting: Setting) -> Derivation:
    """Derive a figure of training without interpolation; no formula where there is no way back."""
    if figure == "activations":
        return RULES[figure](graph, setting)
    try:
        return RULES[figure](in_training(graph, figure), setting.but(mode="encode"))
    except ModeError as error:
        return Derivation(None, reason=str(error))


def agrees(figure: str, graph: Graph, setting: Setting, at: Sizes) -> str | None:
    """Compare a formula with what is measured, and return its grade; None outside its domain."""
    found = derived(figure, graph, setting)
    if found.formula is None or any(at.get(s, least) < least for s, least in found.least.items()):
        return None
    measured = measure(figure, graph, setting.but(mode="train"), at)
    value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    assert value == measured, f"{figure} of {graph.name} is {measured} at {at}, not {found.formula}"
    return found.grade


def chosen(graph: Graph, at: Sizes) -> dict[str, int]:
    """Return the sizes that a graph has; chunks divide the sequence."""
    found = {s: at[s] for s in graph.free_sizes}
    return found if fits(graph, found) else {**found, "c": 1}


# What is derived is what is measured


@pytest.mark.parametrize("pairs", ["dense", "masked"])
@pytest.mark.parametrize("figure", COUNTED)
@pytest.mark.parametrize(("name", "depth"), CASES)
def test_counts_of_the_catalogue(name: str, depth: Sized | None, figure: str, pairs: str) -> None:
    """Work and activations are proved for every model, and are what is counted."""
    graph = traced(name, depth)
    setting = PLAIN.but(pairs=pairs)
    for at in (AT, {**AT, "n": 2, "d": 8, "w": 5}):
        assert agrees(figure, graph, setting, chosen(graph, at)) == "proved"
    assert agrees(figure, graph, setting, chosen(graph, ONE)) in {"proved", None}


DEEP = {"rnn", "lstm", "gru", "bidirectional_rnn", "mamba"}
"""Stacks whose spans take long to derive: they have a test of their own, which is stricter; of
stacks of any depth the unit scalar adds only what a single layer shows."""
STEPPED = [
    (name, depth, figure, unit)
    for name, depth in QUICK
    for figure in STEPS
    for unit in UNITS
    if depth != "L" or (unit != "scalar" and (name not in DEEP or figure != "span"))
]


@pytest.mark.parametrize(("name", "depth", "figure", "unit"), STEPPED)
def test_steps_of_the_catalogue(name: str, depth: Sized | None, figure: str, unit: str) -> None:
    """Spans and gradient paths are what is measured; of one layer, spans are proved."""
    graph, setting = traced(name, depth), PLAIN.but(unit=unit)
    grade = agrees(figure, graph, setting, chosen(graph, AT))
    agrees(figure, graph, setting, chosen(graph, ONE))
    assert grade == "proved" or (figure, depth) != ("span", 1)


@pytest.mark.parametrize(("name", "depth"), QUICK)
def test_hops_of_the_catalogue(name: str, depth: Sized | None) -> None:
    """The crossings of positions on the way of a gradient are what is measured."""
    graph = traced(name, depth)
    for at in (AT, ONE):
        agrees("mixing_hops", graph, PLAIN, chosen(graph, at))


@pytest.mark.parametrize("name", ["lstm", "encoder", "dilated_convolution", "mamba_scan"])
def test_the_mode_reaches_every_figure(name: str) -> None:
    """Deriving and measuring in mode train agree, parallelism as well; other figures have none."""
    graph = traced(name, 1)
    at = chosen(graph, AT)
    for figure in ("work", "span", "parallelism", "path_length", "mixing_hops", "activations"):
        found, measured = derive(figure, graph, TRAIN), measure(figure, graph, TRAIN, at)
        value = found.formula and found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert value == measured, figure
    for figure in ("receptive_field", "layers_to_connect"):
        assert derive(figure, graph, TRAIN).formula is None
        assert measure(figure, graph, TRAIN, at) is None
    for figure in ("params", "state"):
        assert derive(figure, graph, TRAIN).formula == derive(figure, graph, PLAIN).formula


@pytest.mark.parametrize("figure", [*COUNTED, *STEPS, "mixing_hops"])
@examples(50)
@given(st.data(), models(deepest=3), settings())
def test_figures_of_random_models(
    figure: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: whatever the composition, the sizes and the setting, a proved formula is measured."""
    agrees(figure, model.graph, setting, data.draw(sizes(model.graph, longest=5)))


# Work: what no gradient needs is not computed


def active(graph: Graph) -> set[str]:
    """Return what depends on a parameter; on an input, if there is no parameter."""
    reduced = nx.DiGraph(graph.reduced)
    found = {e.name for e in graph.of("parameter")} or set(graph.inputs)
    for name in tuple(found):
        found |= nx.descendants(reduced, name)
    return found


def contractions(graph: Graph, setting: Setting, at: Sizes) -> Any:
    """Count the operations of contractions in both passes."""
    both = training(graph)
    counts = work_by_equation(both, setting, at)
    return sum(counts[e.name] for e in both.of("contraction"))


def needed(graph: Graph, setting: Setting, at: Sizes) -> tuple[Any, Any]:
    """Count them once in the forward pass and once for each input that needs a gradient.

    A product of two arrays has as many multiply-adds as its adjoint by either of them. The second
    number is three times the forward pass.
    """
    counts, passed = work_by_equation(graph, setting, at), active(graph)
    found = graph.of("contraction")
    expected = sum(counts[e.name] * (1 + sum(r.source in passed for r in e.reads)) for e in found)
    return expected, 3 * sum(counts[e.name] for e in found)


@pytest.mark.parametrize("pairs", ["dense", "masked"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_contractions_are_three_times_the_forward_pass_or_less(
    name: str, depth: int, pairs: str
) -> None:
    """Law: one product for each input, less those whose input needs no gradient."""
    graph = traced(name, depth if name in STACKED else None)
    if graph.of("substitution"):
        pytest.skip("pairs of a triangular system get contractions that the forward pass has not")
    at, setting = chosen(graph, AT), Setting(mac=1, pairs=pairs)
    expected, most = needed(graph, setting, at)
    assert contractions(graph, setting, at) == expected <= most
    if name in STACKED:
        symbolic = traced(name, "L")
        assert contractions(symbolic, setting, {**chosen(symbolic, AT), "L": depth}) == expected


@examples(100)
@given(st.data(), models(), st.sampled_from(["dense", "masked"]))
def test_contractions_of_random_models(data: st.DataObject, model: Block, pairs: str) -> None:
    """Law: the same for all compositions whose layers are written out."""
    graph = model.graph
    assume(not any(a.kind == "layer" for a in graph.axes.values()))
    at, setting = data.draw(sizes(graph, longest=5)), Setting(mac=1, pairs=pairs)
    try:
        found = contractions(graph, setting, at)
    except GraphError:
        assume(False)
    expected, most = needed(graph, setting, at)
    assert found == expected <= most


@pytest.mark.parametrize("name", [n for n in STACKED if not n.startswith("bidirectional")])
def test_a_stack_of_any_depth_costs_what_its_layers_cost(name: str) -> None:
    """Law: the formula for L layers is that of the layers written out, L = 1 and L = 3."""
    formula = derive("work", traced(name, "L"), TRAIN).formula
    assert formula is not None
    for depth in (1, 3):
        assert (
            formula.substitute({"L": depth}) == derive("work", traced(name, depth), TRAIN).formula
        )


def test_what_all_layers_read_is_added_up_from_zero() -> None:
    """A sum over L layers is carried from zero: one addition for each scalar more than needed."""

    def shared(x: Array, *, L: Sized = "L") -> Any:
        memory = tanh(linear(x, "d", name="memory"))
        return stack(lambda y: tanh(linear(y, "d")) * memory, x, L)

    symbolic, written = (derive("work", trace(shared, L=L), TRAIN).formula for L in ("L", 4))
    assert symbolic is not None
    assert written is not None
    assert symbolic.substitute({"L": 4}) - written == size("n") * size("d")


def test_masked_work_of_dilated_layers_is_proved_for_any_depth() -> None:
    """The sum over layers but the first, which reads every k**l-th position; a wrong one is refused."""
    graph, masked = traced("dilated_convolution", "L"), TRAIN.but(pairs="masked")
    found = derive("work", graph, masked)
    assert found.grade == "proved"
    for n, depth, k in ((1, 2, 2), (5, 3, 2), (9, 3, 3), (10, 1, 3), (30, 4, 3)):
        at = {"n": n, "L": depth, "k": k, "d": 2}
        assert found.formula is not None
        assert found.formula.evaluate(**at) == measure("work", graph, masked, at)
    given, plain = found.certificate, PLAIN.but(pairs="masked")
    assert isinstance(given, CountCertificate)
    both = in_training(graph, "work")
    check_counts(both, plain, given)
    for k, count in enumerate(given.equations):
        wrong = replace(count, total=count.total + 1)
        counts = (*given.equations[:k], wrong, *given.equations[k + 1 :])
        with pytest.raises(ProofError):
            check_counts(both, plain, replace(given, equations=counts, formula=given.formula + 1))


def contraction_formula(graph: Graph, setting: Setting) -> Poly:
    """Return the work of contractions for all sizes."""
    return derive("work", graph, setting).by_primitive["contraction"]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_training_takes_six_operations_for_each_weight_and_token(name: str) -> None:
    """6 N + 12 L H Q T operations a token (Chowdhery et al. 2022, PaLM, appendix B).

    N counts the weights that are multiplied with, the output's among them (Kaplan et al. 2020,
    section 2.1, have 6 N for those without attention); H Q is d, and T is n.
    """
    n, d, f, g, h, v, layers = (size(s) for s in ("n", "d", "f", "g", "h", "v", "L"))
    weights = {
        "gpt2": layers * (4 * d**2 + 2 * d * f) + v * d,
        "llama": layers * (2 * d**2 + 2 * d * d * g / h + 3 * d * f) + v * d,
    }[name]
    found = contraction_formula(traced(name, "L"), TRAIN)
    assert found == n * (6 * weights + 12 * layers * d * n)


def test_a_dense_network_takes_six_operations_for_each_weight_and_token() -> None:
    """6 N a token without attention (Kaplan et al. 2020), but for the gradient of the data."""
    n, d, f, layers = (size(s) for s in ("n", "d", "f", "L"))
    found = contraction_formula(traced("feed_forward", "L"), TRAIN)
    assert found == 6 * n * layers * 2 * d * f - 2 * n * d * f
    blocks = contraction_formula(traced("encoder", "L"), TRAIN)
    dense = 6 * n * layers * (4 * d**2 + 2 * d * f) - 2 * n * 3 * d**2
    assert blocks == dense + 12 * layers * n**2 * d


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "attention", "convolution"])
def test_the_backward_pass_contracts_twice_what_the_forward_pass_does(name: str) -> None:
    """Twice as much (Hoffmann et al. 2022, appendix F), but for the gradient of the data."""
    forward, both = (contraction_formula(traced(name, "L"), s) for s in (PLAIN, TRAIN))
    data = 3 * forward - both
    assert "L" not in data.sizes
    assert "L" in both.sizes
    values = [f.evaluate(**{s: AT[s] for s in f.sizes}) for f in (data, forward)]
    assert 0 < values[0] * AT["L"] <= values[1]


# Depth and paths: there and back


@pytest.mark.parametrize("depth", [1, 3, "L"])
@pytest.mark.parametrize("name", NAMES)
def test_there_and_back_is_twice_the_way(name: str, depth: Sized) -> None:
    """Law: with gradients of all inputs, layers and steps are passed twice, and the loss once.

    A model whose data needs no gradient is spared the last entry of a layer on the way back.
    """
    graph = traced(name, depth if name in STACKED else None)
    at, layered = chosen(graph, AT), PLAIN.but(unit="layer")
    forward = measure("span", graph, layered, at)
    assert forward is not None
    if graph.of("lookup"):  # gradients of the tables pass all layers
        assert measure("span", training(graph), layered, at) == 2 * forward + 1
        return
    both = gradients(graph, (*graph.inputs, *(e.name for e in graph.of("parameter"))))
    assert measure("span", both, layered, at) == 2 * forward + 1
    alone = measure("span", graph, TRAIN.but(unit="layer"), at)
    assert alone == 2 * forward + (0 if graph.of("parameter") else 1)


@examples(80)
@given(st.data(), models(), st.sampled_from(["layer", "tensor", "scalar"]))
def test_training_is_deeper_than_the_forward_pass(
    data: st.DataObject, model: Block, unit: str
) -> None:
    """Law: the backward pass adds depth; in unit layer at most as much again, and the loss."""
    graph, setting = model.graph, PLAIN.but(unit=unit)
    at = data.draw(sizes(graph, longest=5))
    both = measure("span", graph, setting.but(mode="train"), at)
    assume(both is not None)
    forward = measure("span", graph, setting, at)
    assert forward is not None
    assert both is not None
    assert forward <= both
    assert unit != "layer" or both <= 2 * forward + 1


def ways(graph: Graph, at: Sizes, *, crossing: bool) -> Any:
    """Return path lengths in unit layer, or crossings, as [input position, output position]."""
    found = hops(graph, at) if crossing else matrices(graph, PLAIN.but(unit="layer"), at)
    return np.concatenate([found[name] for name in graph.inputs])


def back_and_forth(graph: Graph, at: Sizes) -> None:
    """The way of the gradient from i to j is the way of the value from j to i, for all i and j."""
    for crossing in (False, True):
        forth, back = (ways(g, at, crossing=crossing) for g in (graph, backpropagation(graph)))
        np.testing.assert_array_equal(forth, back.T)


@pytest.mark.parametrize("depth", [1, 2, "L"])
@pytest.mark.parametrize("name", [n for n in NAMES if not traced(n, None).of("lookup")])
def test_the_gradient_takes_the_way_of_the_value(name: str, depth: Sized) -> None:
    """Law: layers, steps and crossings between two positions are the same in both directions."""
    graph = traced(name, depth if name in STACKED else None)
    for at in ({**AT, "L": 2}, {**AT, "n": 8, "k": 5}, {**AT, "n": 1, "m": 1}):
        back_and_forth(graph, chosen(graph, at))


@examples(80)
@given(st.data(), models())
def test_gradients_of_random_models_take_the_way_of_the_value(
    data: st.DataObject, model: Block
) -> None:
    """Law: the same for all compositions."""
    try:
        backpropagation(model.graph)
    except GraphError:
        assume(False)
    back_and_forth(model.graph, data.draw(sizes(model.graph, longest=5)))


def test_a_stopped_gradient_has_no_way() -> None:
    """A stop cuts the way of the gradient: it goes round it, or there is none."""

    def cut(x: Array) -> Any:
        return stop_gradient(tanh(x))

    def round_it(x: Array, *, L: Sized = "L") -> Any:
        return stack(lambda y: linear(y, "d") + stop_gradient(tanh(y)), x, L)

    for unit in UNITS:
        setting = TRAIN.but(unit=unit)
        found = derive("path_length", trace(cut), setting)
        assert (found.formula, found.reason) == (None, "expected a gradient to reach x, none does")
        assert measure("path_length", trace(cut), setting, {"n": 2, "d": 2}) is None
        graph, at = trace(round_it), {"n": 2, "d": 2, "L": 3}
        assert agrees("path_length", graph, setting, at) == "proved"
    assert derive("path_length", trace(round_it), TRAIN).formula == size("L")
