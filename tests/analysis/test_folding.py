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
from tests.graphs.test_folding import COMPOSED, DEPTH, FOLDED, all_added, in_a_loop
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES, STATIC, derive
from workspan.analysis.figures import NAMES
from workspan.analysis.folded import folding_of, written_out
from workspan.analysis.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.folding import FoldedCertificate, check_activity, check_folding
from workspan.graphs import ordering
from workspan.graphs.folding import Folding, fold
from workspan.graphs.graph import Axis, Equation, Graph, Read
from workspan.graphs.models import CATALOGUE
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly, size
from workspan.testing import Block, settings, sizes

MODELS = ("encoder", "decoder", "attention", "lstm", "bidirectional_lstm", "convolution")

def folded(graph: Graph, fewest: int = 4) -> Folding:
    """Fold a graph that has layers."""
    folding = fold(graph, fewest=fewest)
    assert folding is not None
    return folding


def value(found: Derivation | None, at: Mapping[str, int]) -> int | Fraction | None:
    """Return a formula's value; None where there is none, or outside its domain."""
    if found is None or found.formula is None:
        return None
    if any(at.get(s, least) < least for s, least in found.least.items()):
        return None
    number: int | Fraction = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    return number


# --- the same figures -----------------------------------------------------------------------------


@pytest.mark.parametrize("figure", RULES)
@examples(25)
@given(st.data(), COMPOSED, settings())
def test_folding_changes_no_figure(
    figure: str, data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: the formula of one layer, at the number of layers, is that of the layers written out."""
    graph, longest = model.graph, 5 if figure == "state_bound" else 7
    folding = fold(graph, fewest=2)
    if folding is None:
        return
    check_folding(graph, folding)
    at = data.draw(sizes(graph, longest=longest))
    told = written_out(figure, graph, folding, RULES[figure](folding.graph, setting))
    through, directly = value(told, at), value(RULES[figure](graph, setting), at)
    assert None in {through, directly} or through == directly
    if through is not None:
        measured = measure(figure, graph, setting, at)
        assert measured == through or (figure == "state_bound" and through >= (measured or 0))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("figure", NAMES)
def test_deep_stacks_have_the_figures_of_layers_written_out(model: str, figure: str) -> None:
    """Law: a stack that is deep enough to be folded has the figures that it has without."""
    graph = ws.trace(CATALOGUE[model], name=model, L=DEPTH)
    found = derive(figure, graph, Setting())
    if figure == "parallelism":
        assert found.grade == "proved"
        return
    direct = RULES[figure](graph, Setting())
    assert (found.grade, found.reason) == (direct.grade, direct.reason)
    assert (found.formula is None) == (direct.formula is None)
    for n in (1, 2, 5, 90):
        at = {"n": n, "m": 4, "d": 6, "f": 5, "k": 3}
        assert value(found, at) == value(direct, at)
    if found.formula is not None:
        assert isinstance(found.certificate, FoldedCertificate)


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


@pytest.mark.parametrize("function", FOLDED, ids=lambda f: f.__name__)
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
@pytest.mark.parametrize("figure", sorted(set(RULES) - {"state_bound"}))
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


# --- wrong foldings -------------------------------------------------------------------------------


def _changed(folding: Folding, name: str, **changes: Any) -> Folding:
    """Change one equation of a folded graph."""
    equations = dict(folding.graph.equations)
    equations[name] = replace(equations[name], **changes)
    return replace(folding, graph=replace(folding.graph, equations=equations))


def _swapped(folding: Folding, name: str) -> Folding:
    first, second, *rest = folding.layers[name]
    return replace(folding, layers={**folding.layers, name: (second, first, *rest)})


def _of(folding: Folding, primitive: str) -> Equation:
    return next(e for e in folding.graph.of(primitive) if e.has(folding.axis))


def _carry(folding: Folding) -> Equation:
    return next(e for e in folding.graph.of("shift") if e.reads[0].axis == folding.axis)


def _final(folding: Folding) -> Equation:
    return folding.graph.of("final")[0]


def _axis(folding: Folding, axis: Axis) -> Folding:
    """Put another axis in the place of the layers."""

    def put(domain: tuple[Axis, ...]) -> tuple[Axis, ...]:
        return tuple(axis if a.name == folding.axis else a for a in domain)

    equations = {e.name: replace(e, domain=put(e.domain)) for e in folding.graph}
    return replace(folding, graph=replace(folding.graph, equations=equations))


def _without_axis(folding: Folding, equation: Equation) -> tuple[Axis, ...]:
    return tuple(a for a in equation.domain if a.name != folding.axis)


WRONG: Mapping[str, Callable[[Folding], Folding]] = {
    "a layer too few": lambda f: replace(f, depth=f.depth - 1),
    "a layer too many": lambda f: replace(f, depth=f.depth + 1),
    "two layers of a weight exchanged": lambda f: _swapped(f, _of(f, "parameter").name),
    "two layers of an operation exchanged": lambda f: _swapped(f, _of(f, "contraction").name),
    "an equation in two layers the same": lambda f: replace(
        f, layers={k: (v[0], v[0], *v[2:]) for k, v in f.layers.items()}
    ),
    "an equation that stands for nothing": lambda f: replace(
        f, layers={k: v for k, v in f.layers.items() if k != _of(f, "map").name}
    ),
    "another operation": lambda f: _changed(
        f, _of(f, "map").name, primitive=_of(f, "contraction").primitive
    ),
    "another phase": lambda f: _changed(f, _of(f, "map").name, phase="backward"),
    "a weight for all layers": lambda f: _changed(
        f, _of(f, "parameter").name, domain=_without_axis(f, _of(f, "parameter"))
    ),
    "wider features": lambda f: _changed(
        f, _of(f, "map").name, domain=(*_of(f, "map").domain, Axis("d", size("d")))
    ),
    "a read along the sequence": lambda f: _changed(
        f,
        _of(f, "contraction").name,
        reads=tuple(replace(r, relation=Relation.prefix()) for r in _of(f, "contraction").reads),
    ),
    "a read along the layers": lambda f: _changed(
        f,
        _of(f, "contraction").name,
        reads=tuple(replace(r, axis=f.axis) for r in _of(f, "contraction").reads),
    ),
    "no read": lambda f: _changed(f, _of(f, "contraction").name, reads=()),
    "a read of nothing": lambda f: _changed(f, _of(f, "map").name, reads=(Read("nothing"),)),
    "a carry over two layers": lambda f: _changed(
        f,
        _carry(f).name,
        reads=(replace(_carry(f).reads[0], relation=Relation.shift(2)), _carry(f).reads[1]),
    ),
    "a carry from the layer after": lambda f: _changed(
        f,
        _carry(f).name,
        reads=(replace(_carry(f).reads[0], relation=Relation.shift(-1)), _carry(f).reads[1]),
    ),
    "a carry that takes a step": lambda f: _changed(
        f, _carry(f).name, primitive=replace(_carry(f).primitive, step=True)
    ),
    "a carry of something else": lambda f: _changed(
        f,
        _carry(f).name,
        reads=(replace(_carry(f).reads[0], source=_of(f, "enter").name), _carry(f).reads[1]),
    ),
    "a carry from nowhere": lambda f: _changed(f, _carry(f).name, reads=_carry(f).reads[:1]),
    "a carry of itself": lambda f: _changed(
        f,
        _carry(f).name,
        reads=(replace(_carry(f).reads[0], source=_carry(f).name), _carry(f).reads[1]),
    ),
    "a carry of other axes": lambda f: _changed(
        f, _carry(f).name, domain=(*_carry(f).domain, Axis("d", size("d")))
    ),
    "the first layer in place of the last": lambda f: _changed(
        f,
        _final(f).name,
        reads=(replace(_final(f).reads[0], relation=Relation.head()), _final(f).reads[1]),
    ),
    "something else of the last layer": lambda f: _changed(
        f,
        _final(f).name,
        reads=(replace(_final(f).reads[0], source=_of(f, "enter").name), _final(f).reads[1]),
    ),
    "a last layer of other axes": lambda f: _changed(
        f, _final(f).name, domain=(*_final(f).domain, Axis("d", size("d")))
    ),
    "an output of all layers": lambda f: replace(
        f, graph=replace(f.graph, outputs=(_final(f).reads[0].source,))
    ),
    "another output": lambda f: replace(f, graph=replace(f.graph, outputs=f.graph.inputs)),
    "no input": lambda f: replace(f, graph=replace(f.graph, inputs=())),
    "an axis that is no layer": lambda f: _axis(f, Axis(f.axis, size(f.axis), "sequence")),
    "an axis of twice the length": lambda f: _axis(f, Axis(f.axis, 2 * size(f.axis), "layer")),
    "an axis of another size": lambda f: _axis(f, Axis(f.axis, size("n"), "layer")),
    "an axis of another name": lambda f: replace(f, axis="n"),
}
"""Foldings that are wrong in one place."""


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_foldings_are_refused(wrong: str) -> None:
    """Law: the checker accepts a folding, and none that is changed anywhere."""
    graph = ws.trace(in_a_loop)
    folding = folded(graph)
    check_folding(graph, folding)
    with pytest.raises(ProofError):
        check_folding(graph, WRONG[wrong](folding))


def test_a_folding_of_another_graph_is_refused() -> None:
    """Law: a folding is about one graph: not a deeper one, not one with another operation."""
    graph = ws.trace(CATALOGUE["encoder"], L=DEPTH)
    folding = folded(graph)
    for other in (
        ws.trace(CATALOGUE["encoder"], L=DEPTH + 1),
        ws.trace(CATALOGUE["encoder"], L=DEPTH, h=2),
        ws.trace(CATALOGUE["encoder"], L=DEPTH, f="d"),
    ):
        with pytest.raises(ProofError):
            check_folding(other, folding)


def test_two_carries_are_not_exchanged() -> None:
    """Law: what is carried from layer to layer starts from what it started from."""
    graph = ws.trace(all_added)
    folding = folded(graph)
    one, two = (e for e in folding.graph.of("shift") if e.reads[0].axis == folding.axis)
    exchanged = _changed(_changed(folding, one.name, reads=two.reads), two.name, reads=one.reads)
    check_folding(graph, folding)
    with pytest.raises(ProofError):
        check_folding(graph, exchanged)


# --- the backward pass ----------------------------------------------------------------------------


def uneven(x: Any) -> Any:
    """Two arrays are carried: one starts from the data, the other from a weight."""
    other = x * ws.parameter("start", "d")
    for _ in range(DEPTH):
        x, other = ws.tanh(x) * ws.sigmoid(x), other * ws.tanh(x) + other
        x = x + ws.linear(x, "d")
    return x + other


def test_layers_that_are_differentiated_alike_are_folded() -> None:
    """Law: what is saved is read off one layer only if gradients pass all layers alike."""
    even, odd = ws.trace(CATALOGUE["encoder"], L=DEPTH), ws.trace(uneven)
    check_activity(even, folded(even))
    check_folding(odd, folded(odd))
    with pytest.raises(ProofError, match="in some of its layers only"):
        check_activity(odd, folded(odd))
    for graph in (even, odd):
        direct = RULES["activations"](graph, Setting())
        assert derive("activations", graph, Setting()).formula == direct.formula


# --- cost, in counts ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["encoder", "decoder", "lstm"])
def test_deriving_does_not_ask_more_of_deeper_stacks(model: str) -> None:
    """Law: a stack of 8 layers and one of 40 are derived from as many equations and questions."""
    asked = set()
    for depth in (DEPTH, 5 * DEPTH):
        graph = ws.trace(CATALOGUE[model], name=model, L=depth)
        ordering._is_certain.cache_clear()
        for figure in sorted(set(RULES) - {"state_bound"}):
            derive(figure, graph, Setting())
        folding = folding_of(graph)
        assert folding is not None
        asked.add((len(folding.graph), ordering._is_certain.cache_info().misses))
    assert len(asked) == 1


def test_static_figures_are_known() -> None:
    """Every figure that is the same in all modes has a rule."""
    assert set(RULES) >= STATIC
