"""Values of the measured witness that are known beforehand, and what it says of bad input."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.adapters import symbolic
from tests.compositions import compose
from workspan.analysis.measured.measure import (
    MEASURES,
    STATIC,
    MeasureError,
    causal,
    distances,
    mean_path_length,
    measure,
    path_by_distance,
)
from workspan.analysis.modes import TRAINED
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import zeros
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import SizeError
from workspan.graphs.tracing import Array, model, scan, trace
from workspan.graphs.unrolling import TooLargeError

RECURRENT = ("rnn", "lstm", "gru")
LAYER = Setting(unit="layer")


def at(**sizes: int) -> dict[str, int]:
    """Return sizes for every symbol of the catalogue."""
    return {"n": 7, "m": 5, "d": 4, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3, "L": 2} | sizes


def one(figure: str, name: str, setting: Setting = LAYER, **sizes: int) -> Any:
    """Measure one figure of a model of the catalogue."""
    return measure(figure, symbolic(name), setting, at(**sizes))


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize(("n", "layers"), [(1, 1), (6, 1), (5, 3), (2, 4)])
def test_a_stack_of_recurrent_layers_is_a_wavefront(name: str, n: int, layers: int) -> None:
    """Law: L recurrent layers over n positions have span n + L - 1 in unit layer."""
    assert one("span", name, n=n, L=layers) == n + layers - 1


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize(("n", "layers"), [(1, 1), (6, 1), (5, 3), (2, 4)])
def test_a_bidirectional_stack_is_no_wavefront(name: str, n: int, layers: int) -> None:
    """Law: L bidirectional layers over n positions have span n L in unit layer."""
    assert one("span", f"bidirectional_{name}", n=n, L=layers) == n * layers


@pytest.mark.parametrize("name", ["attention", "causal_attention", "windowed_attention"])
def test_an_attention_stack_has_a_step_for_each_layer(name: str) -> None:
    """Law: L attention layers have span L in unit layer, whatever n."""
    assert [one("span", name, n=n, L=4) for n in (1, 9)] == [4, 4]


def test_a_scan_has_a_step_for_each_round() -> None:
    """Law: entering is one step and an associative scan over n takes ceil(log2 n) more."""
    spans = [one("span", "linear_recurrence_scan", n=n) for n in (1, 2, 3, 8, 9)]
    assert spans == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", RECURRENT)
def test_a_recurrent_path_takes_a_step_for_each_position(name: str) -> None:
    """Law: in unit layer the path from j to i through one recurrent layer is i - j + 1."""
    found = path_by_distance(symbolic(name), LAYER, at(n=6, L=1))
    assert found == {gap: (gap + 1, gap + 1) for gap in range(6)}
    assert one("path_length", name, n=6, L=1) == 6


@pytest.mark.parametrize("name", ["causal_attention", "multi_query_attention", *RECURRENT])
def test_nothing_leads_from_later_positions_to_earlier_ones(name: str) -> None:
    """Law: causal attention and recurrences connect j to i exactly if j <= i."""
    (matrix,) = distances(symbolic(name), LAYER, at(n=5)).values()
    connected = [[d is not None for d in row] for row in matrix]
    assert connected == [[j <= i for i in range(5)] for j in range(5)]


def test_attention_connects_all_pairs_by_one_step() -> None:
    """Law: attention has path length 1 in unit layer between any two positions."""
    matrix = distances(symbolic("attention"), LAYER, at(L=1))["x"]
    assert matrix == [[1] * 7] * 7
    assert mean_path_length(symbolic("attention"), LAYER, at(L=1)) == 1


def test_the_mean_path_is_exact() -> None:
    """Law: the mean over the pairs j <= i of i - j + 1 is (n + 2)/3."""
    assert mean_path_length(symbolic("rnn"), LAYER, at(n=6, L=1)) == Fraction(8, 3)


@pytest.mark.parametrize(
    ("name", "fixed", "n", "layers"),
    [
        ("windowed_attention", {"w": 9}, 64, 16),
        ("dilated_convolution", {"k": 2}, 1024, 10),
        ("causal_convolution", {"k": 3}, 65, 32),
        ("windowed_attention", {"w": 9}, 1024, 256),
        ("attention", {}, 64, 1),
        ("causal_attention", {}, 64, 1),
        ("lstm", {}, 64, 1),
        ("bidirectional_lstm", {}, 16, 1),
        ("feed_forward", {}, 16, 1),
        ("cross_attention", {}, 8, 1),
        ("linear_recurrence_scan", {}, 9, 1),
    ],
)
def test_layers_to_connect(name: str, fixed: dict[str, int], n: int, layers: int) -> None:
    """Values that are known: how many layers connect all pairs that any number connects."""
    found = measure("layers_to_connect", symbolic(name, **fixed), LAYER, {"n": n, "m": 3})
    assert found == layers


@pytest.mark.parametrize(
    ("name", "state", "bound"),
    [
        ("rnn", 2 * 4, 2 * 4),
        ("gru", 2 * 4, 2 * 4),
        ("lstm", 2 * 2 * 4, 2 * 2 * 4),
        ("causal_attention", 2 * 2 * 4 * 7, 4 * 7),
        ("multi_query_attention", 2 * 2 * 2 * 7, 4 * 7),
        ("causal_windowed_attention", 2 * 2 * 4 * 2, 2 * 4 * 2),
        ("cross_attention", 2 * 4 * 5, 4 * 5),
        ("feed_forward", 0, 0),
        ("linear_recurrence", 4, 4),
        ("linear_recurrence_scan", 4, 4),
        ("bidirectional_gru", None, None),
        ("attention", None, None),
        ("convolution", None, None),
    ],
)
def test_states(name: str, state: int | None, bound: int | None) -> None:
    """Values that are known: h (and c) of recurrent layers, keys and values of attention."""
    assert (one("state", name), one("state_bound", name)) == (state, bound)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_the_state_of_a_window_settles(n: int) -> None:
    """Law: a causal window w keeps keys and values of min(n, w - 1) positions."""
    assert one("state", "causal_windowed_attention", n=n, w=5, L=1) == 2 * 4 * min(n, 4)


def test_the_bound_of_an_lstm_from_the_second_position_on() -> None:
    """Law: after one position the input alone is enough, after two h and c are the least."""
    assert [one("state_bound", "lstm", n=n, L=1) for n in (1, 2, 3)] == [4, 8, 8]


def test_a_view_of_what_is_kept_is_not_kept_again() -> None:
    """Law: shifting twice keeps two positions, once as they are and once seen through a shift."""
    twice = compose("shift", "shift")
    assert measure("state", twice, LAYER, {"n": 5, "d": 3}) == 2 * 3


def test_causality_shows_at_any_length() -> None:
    """Law: a short sequence does not hide that a model looks ahead."""
    assert [causal(symbolic("convolution"), at(n=n, k=9)) for n in (1, 3, 20)] == [False] * 3
    assert causal(symbolic("dilated_convolution"), at(n=2, L=4))
    assert not causal(compose("ahead"), {"n": 1, "d": 1})
    assert causal(compose("ahead", "shift"), {"n": 1, "d": 1})


def test_an_output_without_a_sequence_has_no_past() -> None:
    """Law: a model that returns one vector is not causal and has no state."""

    @model("n d")
    def last(x: Array) -> Any:
        return scan(lambda h, x: (h + x, h), zeros("d"), x)[0]

    graph = trace(last)
    assert measure("state", graph, LAYER, {"n": 4, "d": 2}) is None
    assert measure("span", graph, Setting(), {"n": 4, "d": 2}) == 4
    assert measure("receptive_field", graph, LAYER, {"n": 4, "d": 2}) == 4


@pytest.mark.parametrize("name", ["causal_attention", *RECURRENT])
def test_the_modes_of_span(name: str) -> None:
    """Law: one more token takes a step for each layer, and n of them, one by one, n L."""
    spans = [one("span", name, Setting(mode=m, unit="layer")) for m in ("decode", "generate")]
    assert spans == [2, 2 * 7]
    assert one("span", name, LAYER) == one("span", name, Setting(mode="prefill", unit="layer"))


def test_a_model_that_is_not_causal_cannot_go_on() -> None:
    """Law: without causality there is no decoding, no generation and no work of one more token."""
    for mode in ("decode", "generate"):
        assert one("span", "attention", Setting(mode=mode)) is None
    assert one("decode_work", "attention") is None


def test_a_scan_decodes_as_a_loop() -> None:
    """Law: one more position of a linear recurrence costs the same, however it is written."""
    both = ("linear_recurrence", "linear_recurrence_scan")
    assert {one("decode_work", name) for name in both} == {2 * 4}
    assert {one("span", name, Setting(mode="decode")) for name in both} == {2}


def test_work_in_every_mode() -> None:
    """Law: decoding is the work of the last token, generating that of all tokens, one by one."""
    tokens = [one("decode_work", "causal_attention", n=n) for n in range(1, 8)]
    modes = ("prefill", "decode", "generate")
    works = [one("work", "causal_attention", Setting(mode=m, pairs="masked")) for m in modes]
    assert works == [sum(tokens), tokens[-1], sum(tokens)]
    assert one("work", "causal_attention", Setting(mode="generate")) == sum(tokens)
    assert [one("work", "attention", Setting(mode=m)) for m in modes[1:]] == [None, None]
    both = ("linear_recurrence", "linear_recurrence_scan")
    assert {one("work", name, Setting(mode="generate")) for name in both} == {7 * 2 * 4}


def test_crossings() -> None:
    """Law: attention, a scan and reading another sequence are one hop, a recurrence one a step."""
    names = ("attention", "linear_recurrence_scan", "cross_attention", "feed_forward", "rnn")
    assert [one("mixing_hops", name) for name in names] == [1, 1, 1, 0, 6]
    assert one("mixing_hops", "causal_convolution", L=3) == 3


def test_scope_mixing_leaves_out_projections() -> None:
    """Law: what mixes positions in an LSTM layer is its loop, so 8 d^2 n of 16 d^2 n at mac 2."""
    whole, mixing = (one("work", "lstm", Setting(scope=s), L=1, d=64) for s in ("layer", "mixing"))
    assert whole - mixing == 7 * (8 * 64 * 64 + 4 * 64)


@pytest.mark.parametrize("figure", sorted(MEASURES))
def test_training_measures_both_passes_or_the_model_or_nothing(figure: str) -> None:
    """Law: training has work, depth and paths of its own, and the model's static figures."""
    trained, model = one(figure, "rnn", Setting(mode="train")), one(figure, "rnn", Setting())
    assert (trained is None) == (figure not in (*TRAINED, *STATIC))
    if figure in STATIC:
        assert trained == model
    if figure in {"work", "span"}:
        assert trained > model


def test_bad_input_is_named() -> None:
    """Law: an unknown figure, a missing size and a size that is none are named."""
    graph = symbolic("rnn")
    with pytest.raises(MeasureError, match=r"expected a figure of params, .*, got speed"):
        measure("speed", graph, LAYER, at())
    with pytest.raises(SizeError, match="expected a value for n"):
        measure("span", graph, LAYER, {"d": 2, "L": 1})
    with pytest.raises(SizeError, match="whole number of at least 1, got n=0"):
        measure("span", graph, LAYER, at(n=0))
    fixed = trace(CATALOGUE["causal_attention"], n=8)
    with pytest.raises(MeasureError, match="trace it with n='n'"):
        measure("state", fixed, LAYER, {"d": 2})


@pytest.mark.parametrize("figure", ["span", "path_length", "receptive_field", "state_bound"])
def test_too_large_is_said_beforehand(figure: str) -> None:
    """Law: a graph that is too large is refused with its size, before it is allocated."""
    with pytest.raises(TooLargeError, match="pass smaller sizes"):
        one(figure, "causal_attention", n=10**7)


def test_direct_reads_of_a_scan_are_limited() -> None:
    """Law: hops read a scan directly, which is refused where the pairs are too many."""
    with pytest.raises(TooLargeError, match="direct reads of associative scans"):
        one("mixing_hops", "linear_recurrence_scan", n=4000)
