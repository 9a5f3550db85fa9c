"""Laws of counts: they equal what plain loops and published formulas count, for every size."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import WORDS, fitting, symbolic
from tests.compositions import CAUSAL, models, sizes
from workspan.analysis.causality import causal
from workspan.analysis.counting.counts import decode_work, params, work
from workspan.analysis.measured.measure import measure
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import collect, gather, linear, top_k, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.graphs.tracing import Array, trace

DENSE, MASKED = Setting(), Setting(pairs="masked")

GRID = [
    {**WORDS, "n": n, "m": m, "d": 4, "h": 2, "g": 1, "f": 6, "k": k, "w": w, "L": L}
    for n, m, k, w, L in (
        (1, 1, 3, 3, 1),
        (2, 3, 3, 5, 2),
        (3, 2, 5, 3, 1),
        (6, 4, 3, 9, 3),
        (9, 1, 7, 5, 2),
    )
]


def formula(found: Any) -> Poly:
    """Return the formula of a derivation that must have one, and a proof."""
    assert found.reason is None
    assert found.grade == "proved"
    assert isinstance(found.formula, Poly)
    return found.formula


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rnn", "L*(2*d**2 + 2*d)"),
        ("lstm", "L*(8*d**2 + 8*d)"),
        ("gru", "L*(6*d**2 + 6*d)"),
        ("attention", "L*(4*d**2 + 4*d)"),
        ("encoder", "L*(4*d**2 + 4*d + 2*d*f + f + d + 4*d)"),
        ("decoder", "L*(8*d**2 + 8*d + 2*d*f + f + d + 6*d)"),
        ("causal_convolution", "L*(k*d**2 + d)"),
        ("linear_recurrence", "0"),
    ],
)
def test_parameters_are_those_of_the_module_of_that_name(name: str, expected: str) -> None:
    """The parameters of a layer are as many as the documentation of torch.nn lists."""
    assert formula(params(symbolic(name), DENSE)) == poly(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rnn", "4*d**2*n"),
        ("lstm", "16*d**2*n"),
        ("gru", "12*d**2*n"),
        ("attention", "8*d**2*n + 4*d*n**2"),
    ],
)
def test_contractions_are_those_of_the_literature(name: str, expected: str) -> None:
    """A layer contracts with a weight for each gate or projection, and twice for the scores."""
    found = work(symbolic(name, L=1), DENSE)
    assert found.details["contractions"] == poly(expected)


def _loops(relation: Relation, n: int, d: int, e: int) -> int:
    """Count multiply-adds of attention over allowed pairs by carrying out its loops."""
    count = 0
    for i in range(n):
        count += 4 * d * d
        for _ in relation.sources(i, n):
            count += 2 * e
    return count


@pytest.mark.parametrize(
    ("name", "relation"),
    [
        ("attention", Relation.all()),
        ("causal_attention", Relation.prefix()),
        ("causal_windowed_attention", Relation.window(4)),
    ],
)
def test_contractions_of_attention_are_the_turns_of_its_loops(
    name: str, relation: Relation
) -> None:
    """On allowed pairs, attention multiplies as often as plain loops over them."""
    found = work(symbolic(name, L=1, h=1), MASKED.but(mac=1))
    for n, d in itertools.product((1, 2, 4, 7), (1, 3)):
        value = found.details["contractions"].evaluate(n=n, d=d, w=4)
        assert value == _loops(relation, n, d, d)


@pytest.mark.parametrize("name", [name for name in CATALOGUE if "longnet" not in name])  # 20 s
@pytest.mark.parametrize("quantity", ["params", "work", "decode_work"])
def test_counts_equal_what_is_measured(name: str, quantity: str) -> None:
    """Every count of every model of the catalogue equals the one on the graph at concrete sizes."""
    graph = symbolic(name)
    derive = {"params": params, "work": work, "decode_work": decode_work}[quantity]
    reasons = {}
    for setting in (DENSE, MASKED, MASKED.but(scope="mixing"), DENSE.but(mac=1)):
        found = derive(graph, setting)
        for at in (fitting(name, at) for at in GRID):
            if any(at.get(s, least) < least for s, least in found.least.items()):
                continue
            got = None if found.formula is None else found.formula.evaluate(**at)
            expected = measure(quantity, graph, setting, at)
            if got is None and expected is not None:
                reasons[setting.describe()] = found.reason
                continue
            assert got == expected, (setting.describe(), at)
    assert all(reasons.values())
    if reasons:
        pytest.skip(f"no formula: {reasons}")


@settings(max_examples=25, deadline=None)
@given(
    graph=models(), at=sizes(), setting=st.sampled_from([DENSE, MASKED, MASKED.but(scope="mixing")])
)
def test_work_of_any_composition_equals_what_is_measured(
    graph: Graph, at: dict[str, int], setting: Setting
) -> None:
    """The work of models that no one wrote down beforehand is counted, not guessed."""
    assert formula(work(graph, setting)).evaluate(**at) == measure("work", graph, setting, at)


@settings(max_examples=25, deadline=None)
@given(graph=models(CAUSAL), at=sizes())
def test_decode_work_adds_up_to_masked_work(graph: Graph, at: dict[str, int]) -> None:
    """The operations that each position adds are together the masked work of the loops."""
    each = formula(decode_work(graph, DENSE))
    together = formula(work(graph.looped, MASKED)).evaluate(**at)
    assert sum(each.evaluate(**{**at, "n": n + 1}) for n in range(at["n"])) == together


def test_decode_work_is_one_more_position() -> None:
    """One more token of windowed attention costs as much however long the past is."""
    found = formula(decode_work(symbolic("causal_windowed_attention", L=1, h=1), DENSE))
    assert found.evaluate(n=100, d=8, w=7) == found.evaluate(n=7, d=8, w=7)
    assert found.evaluate(n=6, d=8, w=7) < found.evaluate(n=7, d=8, w=7)


def test_work_is_broken_down_by_primitive() -> None:
    """The work by primitive adds up to the work, and names no primitive that does nothing."""
    found = work(symbolic("encoder"), DENSE)
    assert sum(found.by_primitive.values(), poly(0)) == found.formula
    assert set(found.by_primitive) == {"contraction", "map", "reduction", "softmax"}


def test_mixing_leaves_out_what_each_position_does_alone() -> None:
    """In scope mixing an LSTM keeps its recurrent product only, attention its scores only."""
    setting = Setting(scope="mixing")
    assert work(symbolic("lstm", L=1), setting).details["contractions"] == poly("8*d**2*n")
    attention = work(symbolic("attention", L=1), setting)
    assert attention.details["contractions"] == poly("4*d*n**2")
    assert formula(work(symbolic("feed_forward"), setting)) == 0


@pytest.mark.parametrize(
    ("name", "through"),
    [
        ("attention", "gather reads later positions (all)"),
        ("bidirectional_rnn", "(shift(-1))"),
        ("encoder", "gather reads later positions (all)"),
    ],
)
def test_a_model_that_looks_ahead_has_no_decode_work(name: str, through: str) -> None:
    """What reads later positions is named, with the relation through which it does."""
    found = decode_work(symbolic(name), DENSE)
    assert found.formula is None
    assert found.reason == causal(symbolic(name))
    assert found.reason is not None
    assert found.reason.startswith("not causal: ")
    assert through in found.reason


def test_the_whole_of_another_sequence_is_no_look_ahead() -> None:
    """Cross-attention is causal, reading the whole of one's own sequence is not."""
    assert causal(symbolic("cross_attention")) is None

    def pooled(x: Array) -> Array:
        return x + total(collect(x), "n:all")

    assert causal(trace(pooled)) == "not causal: collect reads later positions (all)"


def test_sorting_a_window_has_a_masked_count_and_sorting_a_block_names_its_equation() -> None:
    """Sorting the slots of a causal window has a law of its own, a centred window has none."""

    def largest(x: Array, relation: Relation) -> Array:
        window = gather(linear(x, "d"), relation)
        return total(top_k(window, window.axes[0], 2), "2")

    causal_window = trace(lambda x: largest(x, Relation.window(4)))
    centred = trace(lambda x: largest(x, Relation.window(5, centred=True)))
    assert work(causal_window, MASKED).grade == "proved"
    found = work(centred, MASKED)
    assert found.formula is None
    assert "sort: window(-2..2): no law for sorting" in str(found.reason)
    assert work(centred, DENSE).grade == "proved"


def test_a_sum_over_no_position_costs_nothing() -> None:
    """Of the i positions before i, i - 1 sums; before the first there are none, not one less."""

    def earlier(x: Array) -> Array:
        before = gather(x, Relation(back=None, ahead=poly(-1)))
        return total(before, before.axes[0])

    assert formula(work(trace(earlier), MASKED)) == poly("d*(n - 1)*(n - 2)/2")


def test_dilated_layers_have_a_closed_form_for_any_depth() -> None:
    """Masked work of a dilated stack, layer by layer by brute force, for a symbolic depth."""
    found = work(symbolic("dilated_convolution"), MASKED)
    assert found.least == {"k": 2}
    each = formula(found)
    for n, k, depth, d in itertools.product((1, 2, 5, 9, 16, 17), (2, 3), (1, 2, 4), (1, 2)):
        pairs = sum(
            len(Relation.window(k, dilation=k**level).sources(i, n))
            for level in range(depth)
            for i in range(n)
        )
        assert each.evaluate(n=n, k=k, L=depth, d=d) == 2 * d * d * pairs + d * n * depth


def test_every_line_of_the_derivation_is_an_equation_or_the_sum() -> None:
    """The steps name every equation that costs something, then add them up."""
    found = work(symbolic("lstm", L=1), DENSE)
    assert found.steps[-1] == f"the sum: {found.formula}"
    assert "layers.0.einsum_2: contraction" in found.steps[3] + found.steps[2]
    assert all(": " in line for line in found.steps)


@pytest.mark.parametrize("name", ["s4d_convolution", "hyena"])
def test_a_long_convolution_mixes_positions(name: str) -> None:
    """Where only mixing is counted it is counted, and by the measurement as well."""
    graph, mixing = symbolic(name, L=1), Setting(scope="mixing")
    at = {**dict.fromkeys(graph.free_sizes, 3), "n": 9, "d": 8}
    found = formula(work(graph, mixing)).evaluate(**at)
    assert found == measure("work", graph, mixing, at)
    assert found > 0
