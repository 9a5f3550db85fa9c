"""The checker of foldings is handed foldings that are wrong in one place each, and refuses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

import workspan as ws
from tests.graphs.test_folding import DEPTH, all_added, folded, in_a_loop
from workspan.analysis.deriving import RULES, derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.folding import check_activity, check_folding
from workspan.graphs.folding import Folding
from workspan.graphs.graph import Axis, Equation, Read
from workspan.graphs.models import CATALOGUE
from workspan.graphs.primitives import Shift
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import size


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
        f, _carry(f).name, primitive=Shift(f.axis, step=True)
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


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_layers_in_which_gradients_stop(kept: int) -> None:
    """Law: a stop in every layer, on one way or on all of them, leaves layers alike or says so."""

    def model(x: Any) -> Any:
        for _ in range(DEPTH):
            inner = ws.tanh(ws.linear(x, "d"))
            inner = ws.stop_gradient(inner) if kept == 0 else inner
            outer = ws.stop_gradient(x) if kept < 2 else x
            x = ws.linear(outer, "d", name="other") + inner
        return x

    graph = ws.trace(model)
    direct, told = RULES["activations"](graph, Setting()), derive("activations", graph, Setting())
    assert told.formula == direct.formula
    assert told.formula is not None
    at = {"n": 3, "d": 2}
    assert told.formula.evaluate(**at) == measure("activations", graph, Setting(), at)
