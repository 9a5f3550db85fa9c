"""Laws of cost, in counts: what deriving a stack keeps and asks does not grow with its depth."""

from __future__ import annotations

import numpy as np
import pytest

from workspan.analysis.deriving import RULES, derive
from workspan.analysis.figures import NAMES
from workspan.graphs import ordering
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.schedule import steps
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace

MODELS = ("encoder", "causal_attention", "lstm")
DEPTHS = (2, 4, 8)


def _explicit(model: str, depth: int) -> Graph:
    return trace(CATALOGUE[model], name=model, L=depth)


@pytest.mark.parametrize("unit", ["tensor", "scalar"])
@pytest.mark.parametrize("model", MODELS)
def test_potentials_do_not_grow_with_depth(model: str, unit: str) -> None:
    """Law: an equation of a deep stack has as few terms and links as one of a shallow stack."""
    kept = set()
    for depth in DEPTHS:
        found = RULES["span"](_explicit(model, depth), Setting(unit=unit)).certificate
        terms = max(len(t) for t in found.potentials.values())
        links = max(len(c) for c in found.chains.values())
        kept.add((terms, links, len(found.formula)))
    assert len(kept) == 1


@pytest.mark.parametrize("model", MODELS)
def test_pieces_do_not_grow_with_depth(model: str) -> None:
    """Law: the shortest paths of a deep stack are as few intervals as those of a shallow one."""
    kept = set()
    for depth in DEPTHS:
        paths = RULES["path_length"](_explicit(model, depth), Setting()).certificate.paths
        kept.add(max(len(p) for pieces in paths.pieces.values() for p in pieces.values()))
    assert len(kept) == 1


@pytest.mark.parametrize("figure", ["span", "path_length"])
@pytest.mark.parametrize("model", ["encoder", "causal_attention"])
def test_layers_ask_the_same_inequalities(model: str, figure: str) -> None:
    """Law: all layers of a stack of attention need the same few inequalities, decided once each."""
    asked = set()
    for depth in DEPTHS:
        ordering._is_certain.cache_clear()
        RULES[figure](_explicit(model, depth), Setting())
        asked.add(ordering._is_certain.cache_info().misses)
    assert len(asked) == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("figure", ["params", "work", "span", "path_length", "receptive_field"])
def test_a_symbolic_depth_agrees_with_layers_written_out(model: str, figure: str) -> None:
    """Law: the formula in L, at L, is the formula of L layers written out."""
    symbolic = derive(figure, trace(CATALOGUE[model], name=model, L="L"), Setting())
    assert symbolic.formula is not None
    for depth in DEPTHS:
        explicit = RULES[figure](_explicit(model, depth), Setting())
        assert explicit.formula == symbolic.formula.substitute({"L": depth})


@pytest.mark.parametrize("figure", NAMES)
def test_a_figure_is_derived_once(figure: str) -> None:
    """Law: asking again for a figure of a graph gives the derivation that was found before."""
    graph = trace(CATALOGUE["lstm"])
    assert derive(figure, graph, Setting()) is derive(figure, graph, Setting())


def test_a_graph_is_ordered_and_traced_again_once() -> None:
    """Law: the order of a graph, and the graphs traced from its model, are found once."""
    graph = trace(CATALOGUE["encoder"], L=2)
    assert graph.source is not None
    assert steps(graph) is steps(graph)
    assert graph.source(L="L") is graph.source(L="L")
    assert graph.source(L="L") is not graph.source(L=1)


@pytest.mark.parametrize("figure", ["params", "work", "span"])
@pytest.mark.parametrize("model", MODELS)
def test_arrays_of_sizes_are_exact(model: str, figure: str) -> None:
    """Law: a derived formula at an array of lengths gives the integers that it gives one by one."""
    formula = derive(figure, trace(CATALOGUE[model], L="L"), Setting(unit="scalar")).formula
    assert formula is not None
    rest = {s: k for k, s in enumerate(formula.sizes, start=3) if s != "n"}
    lengths = np.arange(1, 2000, 37)
    found = np.broadcast_to(formula.evaluate(n=lengths, **rest), lengths.shape)
    assert found.dtype.kind == "i"
    assert found.tolist() == [formula.evaluate(n=int(n), **rest) for n in lengths]
