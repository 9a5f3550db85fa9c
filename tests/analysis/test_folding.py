"""Folding: what is derived of one layer is what all the layers written out give, or is not used.

The checker is handed foldings that are wrong in one place each; the formulas are compared with
those that are derived without folding, and with what is measured on the graph as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workspan as ws
from tests.examples import examples
from tests.graphs.test_folding import COMPOSED, DEPTH, WRITTEN, folded
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES, STATIC, derive
from workspan.analysis.folded import FOLDED, folding_of, written_out
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.folding import FoldedCertificate, check_folding
from workspan.graphs import ordering
from workspan.graphs.folding import Folding, fold
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly, size
from workspan.testing import Block, settings, sizes

MODELS = ("encoder", "decoder", "lstm", "bidirectional_lstm", "convolution")


def value(found: Derivation | None, at: Mapping[str, int]) -> int | Fraction | None:
    """Return a formula's value; None where there is none, or outside its domain."""
    if found is None or found.formula is None:
        return None
    if any(at.get(s, least) < least for s, least in found.least.items()):
        return None
    number: int | Fraction = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    return number


# --- the same figures -----------------------------------------------------------------------------


@pytest.mark.parametrize("figure", sorted({*FOLDED} - {"state_bound"}))  # it has its own laws
@examples(15)
@given(st.data(), COMPOSED, settings())
def test_folding_changes_no_figure(
    figure: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: the formula of one layer, at the number of layers, is that of the layers written out."""
    graph = model.graph
    folding = fold(graph, fewest=2)
    if folding is None:
        return
    check_folding(graph, folding)
    at = data.draw(sizes(graph, longest=7))
    told = written_out(figure, graph, folding, RULES[figure](folding.graph, setting))
    through, directly = value(told, at), value(RULES[figure](graph, setting), at)
    assert None in {through, directly} or through == directly
    if through is not None:
        assert measure(figure, graph, setting, at) == through


@pytest.mark.parametrize("model", ["lstm", "gru", "causal_attention", "causal_convolution"])
def test_the_bound_of_a_deep_stack_is_its_least_cut(model: str) -> None:
    """Law: folded or not, the state bound of many layers is the maximum flow through all of them."""
    graph = ws.trace(CATALOGUE[model], name=model, L=DEPTH)
    found = derive("state_bound", graph, Setting())
    assert found.formula is not None
    for at in ({"n": 3, "d": 4, "k": 3}, {"n": 9, "d": 5, "k": 2}):
        own = {s: v for s, v in at.items() if s in graph.free_sizes}
        assert value(found, own) == measure("state_bound", graph, Setting(), own)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("figure", sorted({*FOLDED, "parallelism"} - {"state_bound"}))
def test_deep_stacks_have_the_figures_of_layers_written_out(model: str, figure: str) -> None:
    """Law: a stack that is deep enough to be folded has the figures that it has without."""
    graph = ws.trace(CATALOGUE[model], name=model, L=DEPTH)
    found = derive(figure, graph, Setting())
    if figure == "parallelism":
        assert found.grade == "proved"
        return
    direct = RULES[figure](graph, Setting())
    if direct.formula is None and found.formula is not None:  # one layer is easier to prove
        at = {"n": 9, "m": 4, "d": 6, "f": 5, "k": 3}
        assert value(found, at) == measure(figure, graph, Setting(), at)
        return
    assert (found.grade, found.reason) == (direct.grade, direct.reason)
    for n in (1, 2, 5, 90):
        at = {"n": n, "m": 4, "d": 6, "f": 5, "k": 3}
        assert None in {value(found, at), value(direct, at)} or value(found, at) == value(
            direct, at
        )
    assert (found.formula is None) != isinstance(found.certificate, FoldedCertificate)


@pytest.mark.parametrize("mode", ["decode", "generate", "train"])
@pytest.mark.parametrize("model", ["causal_attention", "lstm", "gru"])
@pytest.mark.parametrize("figure", ["work", "span"])
def test_folding_changes_nothing_in_other_modes(model: str, mode: str, figure: str) -> None:
    """Law: the measured values of the written graph are those of the formula, in every mode."""
    graph = ws.trace(CATALOGUE[model], name=model, L=DEPTH)
    found = ws.analyze(
        graph,
        at=[{"n": 3, "d": 2}],
        setting=Setting(mode=mode),
        figures=[figure],
        witnesses=["derived", "measured"],
    )[figure]
    (taken,) = found.values
    assert taken.derived is None or taken.measured is None or taken.derived == taken.measured
    assert (taken.derived, taken.measured) != (None, None)


@pytest.mark.parametrize("function", WRITTEN, ids=lambda f: f.__name__)
@pytest.mark.parametrize("unit", ["tensor", "scalar"])
def test_models_that_people_write_are_measured(function: Callable[..., Any], unit: str) -> None:
    """Law: whoever wrote the layers, what is derived is measured on them."""
    graph, setting, at = ws.trace(function), Setting(unit=unit), {"n": 3, "d": 2}
    for figure in ("params", "work", "span", "path_length", "mixing_hops", "state"):
        claimed = value(derive(figure, graph, setting), at)
        assert claimed is None or claimed == measure(figure, graph, setting, at)


# --- what is told ---------------------------------------------------------------------------------


def _texts(told: Any) -> list[str]:
    if isinstance(told, str | Poly):
        return [str(told)]
    if isinstance(told, Mapping):
        return [text for inner in told.values() for text in _texts(inner)]
    return [text for inner in told for text in _texts(inner)] if isinstance(told, tuple) else []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("figure", sorted(FOLDED - {"state_bound"}))
def test_no_formula_mentions_the_number_of_layers(model: str, figure: str) -> None:
    """Law: the axis of the folded layer is in no formula; the steps say which number it is."""
    graph = ws.trace(CATALOGUE[model], name=model, L=DEPTH)
    found, folding = derive(figure, graph, Setting()), folding_of(graph)
    assert folding is not None
    if found.formula is None:
        return
    told = (found.formula, found.by_primitive, found.details, tuple(found.least))
    words = {w for t in _texts(told) for w in t.replace("*", " ").replace("(", " ").split()}
    assert folding.axis not in words
    assert f"repeat {folding.depth} times" in found.steps[0].replace("repeats", "repeat")
    assert found.steps[-1] == f"for {folding.axis} = {folding.depth}: {found.formula}"


def test_a_formula_is_used_inside_its_domain_only() -> None:
    """Law: a formula that holds from more layers on, or that was fitted, is not evaluated."""
    graph = ws.trace(CATALOGUE["encoder"], L=DEPTH)
    folding = folded(graph)
    proved = Derivation(poly("2*K*n"), "proved", {"K": DEPTH, "n": 2})
    told = written_out("span", graph, folding, proved)
    assert told is not None
    assert told.formula == 2 * DEPTH * size("n")
    assert told.least == {"n": 2}
    for found in (
        replace(proved, least={"K": DEPTH + 1}),
        replace(proved, grade="fitted"),
        Derivation(None, reason="no proof was found: of one layer"),
    ):
        assert written_out("span", graph, folding, found) is None


def test_a_refused_folding_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where the check fails, figures are derived from the written graph."""
    from workspan.analysis import folded as module

    def wrong(graph: Graph) -> Folding:
        return replace(folded(graph), depth=DEPTH - 1)

    monkeypatch.setattr(module, "fold", wrong)
    graph = ws.trace(CATALOGUE["encoder"], L=DEPTH)
    found = derive("params", graph, Setting())
    assert folding_of(graph) is None
    assert not isinstance(found.certificate, FoldedCertificate)
    assert found.formula == RULES["params"](graph, Setting()).formula


# --- cost, in counts ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["encoder", "decoder", "lstm"])
def test_deriving_does_not_ask_more_of_deeper_stacks(model: str) -> None:
    """Law: a stack of 8 layers and one of 40 are derived from as many equations and questions."""
    asked = set()
    for depth in (DEPTH, 5 * DEPTH):
        graph = ws.trace(CATALOGUE[model], name=model, L=depth)
        ordering._is_certain.cache_clear()
        for figure in sorted(FOLDED - {"state_bound"}):
            derive(figure, graph, Setting())
        folding = folding_of(graph)
        assert folding is not None
        asked.add((len(folding.graph), ordering._is_certain.cache_info().misses))
    assert len(asked) == 1


def test_figures_are_folded_by_name() -> None:
    """Law: a figure is derived from a folded graph only if it was said that it may be."""
    assert set(RULES) >= FOLDED
    assert set(RULES) >= STATIC
