"""Laws of the state: what later positions read, as formulas that hold on the unrolled graph."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from tests.adapters import WORDS, fitting, symbolic
from tests.compositions import CAUSAL, models, sizes
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.storage.state import StateCertificate, check_state
from workspan.analysis.storage.state import state
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import gather, layer, linear, shift, split, stack, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.graphs.tracing import Array, model, trace
from workspan.graphs.unrolling import unroll

SETTING = Setting()


def formula(graph: Graph) -> Poly:
    """Return the proved formula of a state."""
    found = state(graph, SETTING)
    assert found.reason is None
    assert found.grade == "proved"
    assert isinstance(found.formula, Poly)
    return found.formula


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rnn", "L*d"),
        ("lstm", "2*L*d"),
        ("gru", "L*d"),
        ("causal_attention", "2*L*d*n"),
        ("multi_query_attention", "2*L*d*n/h"),
        ("grouped_query_attention", "2*L*g*n*d/h"),
        ("causal_windowed_attention", "2*L*d*min(n, w - 1)"),
        ("cross_attention", "2*m*d"),
        ("decoder", "L*(2*n*d + 2*m*d)"),
        ("causal_convolution", "L*d*min(n, k - 1)"),
        ("linear_recurrence", "d"),
        ("linear_recurrence_scan", "d"),
        ("feed_forward", "0"),
    ],
)
def test_states_are_those_of_the_literature(name: str, expected: str) -> None:
    """A recurrence keeps its hidden vectors, attention its keys and values."""
    assert formula(symbolic(name)) == poly(expected)


@pytest.mark.parametrize("name", CATALOGUE)
def test_state_equals_what_is_measured(name: str) -> None:
    """The state of every model of the catalogue equals the one read off the unrolled graph."""
    graph = symbolic(name)
    found = state(graph, SETTING)
    for n, depth in ((1, 1), (2, 3), (3, 2), (6, 1), (9, 2)):
        sizes = {"n": n, "m": 3, "d": 4, "h": 2, "g": 2, "f": 3, "k": 3, "w": 5, "L": depth}
        at = fitting(name, {**WORDS, **sizes})
        got = None if found.formula is None else found.formula.evaluate(**at)
        expected = measure("state", graph, SETTING, at)
        if got is None and expected is not None:
            assert found.reason
            pytest.skip(f"no formula: {found.reason}")
        assert got == expected


@settings(max_examples=30, deadline=None)
@given(graph=models(CAUSAL), at=sizes())
def test_state_of_any_composition_equals_what_is_measured(graph: Graph, at: dict[str, int]) -> None:
    """The state of models that no one wrote down beforehand is right."""
    assert formula(graph).evaluate(**at) == measure("state", graph, SETTING, at)


def _frontier(graph: Graph, n: int, scalars: dict[str, int], **sizes: int) -> int:
    """Add up the values of the first n positions that later ones read, by a plain loop."""
    unrolled = unroll(graph, n=n + 20, **sizes)
    kept = {u for u, v in unrolled.edges if len(u) == len(v) == 2 and u[1] < n <= v[1]}
    return sum(scalars[name] for name, _ in kept)


def test_state_is_the_frontier_of_a_plain_loop() -> None:
    """For two dilated layers, the state is counted edge by edge on the unrolled graph."""
    graph = symbolic("dilated_convolution", L=2, k=3)
    for n in (1, 2, 4, 9, 12):
        scalars = dict.fromkeys(graph.equations, 5)
        assert formula(graph).evaluate(n=n, d=5) == _frontier(graph, n, scalars)


def test_dilated_layers_have_a_closed_form_for_any_depth() -> None:
    """The state of a dilated stack is the sum of its layers' windows, for a symbolic depth."""
    found = state(symbolic("dilated_convolution"), SETTING)
    assert found.least == {"k": 2}
    assert found.formula is not None
    for n, k, depth in itertools.product((1, 2, 7, 8, 9, 40), (2, 3, 5), (1, 2, 5)):
        expected = sum(min(n, (k - 1) * k**level) for level in range(depth))
        assert found.formula.evaluate(n=n, k=k, L=depth, d=1) == expected


def test_several_readers_keep_an_equation_once() -> None:
    """Of readers that look back by different distances, the farthest decides."""

    def readers(x: Array) -> Array:
        near, far = gather(x, Relation.window(3)), gather(x, Relation.window("w"))
        return shift(x, 4) + total(near, near.axes[0]) + total(far, far.axes[0])

    assert formula(trace(readers)) == poly("d*min(n, max(4, w - 1))")


def test_a_view_of_what_is_kept_is_not_kept_twice() -> None:
    """Parts of a vector that is kept anyway cost nothing more, however far back they are read."""

    @layer
    def parts(x: Array) -> Array:
        y = linear(x, "2*d")
        left, _ = split(y, 2)
        return shift(left, 2) + sum(split(shift(y, 2), 2)[1:], start=left)

    assert formula(trace(parts)) == poly("2*d*min(n, 2)")

    @layer
    def longer(x: Array) -> Array:
        y = linear(x, "2*d")
        left, _ = split(y, 2)
        return shift(left, 5) + split(shift(y, 2), 2)[1]

    assert formula(trace(longer)) == poly("2*d*min(n, 2) + d*min(n, 5) - d*min(n, 2)")


def test_zeros_before_the_start_are_no_state() -> None:
    """A delayed sequence holds one value less, because its first is no input."""

    @layer
    def delayed(x: Array) -> Array:
        window = gather(shift(x), Relation.prefix())
        return total(window, window.axes[0])

    assert formula(trace(delayed)) == poly("d*(n - 1) + d")


def test_layers_that_view_each_other_count_once() -> None:
    """Where a layer only delays, what it is given is a view of what the one below keeps."""

    @model("n d")
    def twice(x: Array, *, L: Any = "L") -> Array:
        def block(x: Array) -> Array:
            y = linear(x, "d")
            return y + shift(y) + shift(x)

        return stack(block, x, L)

    for depth in (1, 2, 3):
        symbol = formula(trace(twice, L="L")).evaluate(d=4, L=depth, n=6)
        assert symbol == measure(
            "state", trace(twice, L="L"), SETTING, {"n": 6, "d": 4, "L": depth}
        )


@pytest.mark.parametrize("name", ["attention", "bidirectional_lstm", "encoder", "convolution"])
def test_a_model_that_looks_ahead_has_no_state(name: str) -> None:
    """Where outputs depend on later inputs there is no past to keep, and the reason is given."""
    found = state(symbolic(name), SETTING)
    assert found.formula is None
    assert str(found.reason).startswith("not causal: ")


# --- the checker ----------------------------------------------------------------------------------


def certificate(name: str) -> StateCertificate:
    """Return a certificate that the checker accepts."""
    found = state(symbolic(name), SETTING).certificate
    assert isinstance(found, StateCertificate)
    check_state(symbolic(name), found)
    return found


STATEFUL = [
    "lstm",
    "causal_attention",
    "causal_windowed_attention",
    "decoder",
    "dilated_convolution",
]


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("error", ["1", "-1", "d", "min(n, 3)"])
def test_a_formula_that_is_off_is_refused(name: str, error: str) -> None:
    """A state that is off by anything is not proved."""
    right = certificate(name)
    with pytest.raises(ProofError, match="the sum"):
        check_state(symbolic(name), replace(right, formula=right.formula + poly(error)))


@pytest.mark.parametrize("name", STATEFUL)
def test_leaving_something_out_is_refused(name: str) -> None:
    """Everything that is read later is kept, or there is no proof."""
    right = certificate(name)
    for k, kept in enumerate(right.kept):
        rest = right.kept[:k] + right.kept[k + 1 :]
        with pytest.raises(ProofError, match="missing"):
            check_state(
                symbolic(name), replace(right, kept=rest, formula=right.formula - kept.total)
            )


@pytest.mark.parametrize("name", ["lstm", "causal_attention", "causal_windowed_attention"])
@pytest.mark.parametrize("error", [1, -1])
def test_a_wrong_interval_is_refused(name: str, error: int) -> None:
    """Keeping one position more than is read later is refused, and one less is too."""
    right = certificate(name)
    for k, kept in enumerate(right.kept):
        longer = replace(
            kept,
            positions=kept.positions + error,
            counted=(kept.counted[0] + error, kept.counted[1] + error),
        )
        wrong = (*right.kept[:k], longer, *right.kept[k + 1 :])
        with pytest.raises(ProofError, match="positions"):
            check_state(symbolic(name), replace(right, kept=wrong))


@pytest.mark.parametrize("name", ["lstm", "causal_attention", "decoder", "dilated_convolution"])
def test_wrong_scalars_of_an_equation_are_refused(name: str) -> None:
    """Errors of two equations that cancel in the sum are found in each."""
    right = certificate(name)
    wrong = replace(right.kept[0], total=right.kept[0].total + 1)
    with pytest.raises(ProofError, match=right.kept[0].name):
        check_state(
            symbolic(name), replace(right, kept=(wrong, *right.kept[1:]), formula=right.formula + 1)
        )


def test_a_state_of_a_model_that_looks_ahead_is_refused() -> None:
    """No certificate proves a state where there is none."""
    with pytest.raises(ProofError, match="not causal"):
        check_state(symbolic("attention"), certificate("causal_attention"))
