"""Known values, from the literature and by hand, that must come out of the graph."""

from __future__ import annotations

import pytest

from tests.adapters import symbolic
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import distances, measure
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import trace

LAYER = Setting(unit="layer")


def derived(figure: str, name: str, setting: Setting = LAYER) -> Derivation:
    """Derive a figure of a catalogue model with every size a symbol."""
    found = derive(figure, symbolic(name), setting)
    assert found.formula is not None, found.reason
    assert found.grade == "proved"
    return found


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("rnn", "n + L - 1"),
        ("lstm", "n + L - 1"),
        ("gru", "n + L - 1"),
        ("bidirectional_rnn", "L*n"),
        ("bidirectional_lstm", "L*n"),
        ("bidirectional_gru", "L*n"),
        ("attention", "L"),
        ("causal_attention", "L"),
        ("windowed_attention", "L"),
        ("convolution", "L"),
        ("linear_recurrence", "n"),
        ("linear_recurrence_scan", "ceil(log2(n)) + 1"),
    ],
)
def test_sequential_operations(name: str, formula: str) -> None:
    """A stack of recurrences is a wavefront, a bidirectional one waits, attention takes a step.

    The wavefront of a uniform recurrence: Karp, Miller and Winograd 1967. Sequential operations
    O(n) and O(1): Vaswani et al. 2017, Table 1. The scan: Blelloch 1990.
    """
    assert derived("span", name).formula == poly(formula)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("rnn", "n + L - 1"),
        ("lstm", "n + L - 1"),
        ("attention", "L"),
        ("causal_attention", "L"),
        ("dilated_convolution", "L"),
    ],
)
def test_path_lengths(name: str, formula: str) -> None:
    """A path takes a step for each position in a recurrence, and one in an attention layer.

    Maximum path lengths O(n) and O(1): Vaswani et al. 2017, Table 1.
    """
    assert derived("path_length", name).formula == poly(formula)


def test_the_path_of_one_recurrent_layer_counts_its_steps() -> None:
    """From j to i a recurrent layer takes i - j + 1 steps, an attention layer one; nothing back."""
    at = {"n": 6, "d": 1, "h": 1}
    for name, steps in (("rnn", lambda i, j: i - j + 1), ("causal_attention", lambda i, j: 1)):
        found = distances(trace(CATALOGUE[name]), LAYER, at)["x"]
        expected = [[steps(i, j) if i >= j else None for i in range(6)] for j in range(6)]
        assert found == expected


@pytest.mark.parametrize(
    ("name", "at", "layers"),
    [
        ("windowed_attention", {"n": 64, "w": 9}, 16),
        ("dilated_convolution", {"n": 1024, "k": 2}, 10),
        ("causal_convolution", {"n": 65, "k": 3}, 32),
        ("attention", {"n": 64}, 1),
        ("lstm", {"n": 64}, 1),
    ],
)
def test_layers_to_connect(name: str, at: dict[str, int], layers: int) -> None:
    """A window of 9 crosses 64 positions in 16 layers, dilations of 2**l cross 1024 in 10.

    O(n/k) for contiguous and O(log_k n) for dilated kernels: Vaswani et al. 2017, section 4;
    dilation as in van den Oord et al. 2016 (WaveNet).
    """
    assert derived("layers_to_connect", name).formula.evaluate(**at) == layers  # type: ignore[union-attr]
    if at["n"] <= 64:
        assert (
            measure("layers_to_connect", symbolic(name), LAYER, {"d": 1, "h": 1, "L": 1, **at})
            == layers
        )


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("windowed_attention", "min(n, L*w - L + 1)"),
        ("causal_convolution", "min(n, L*k - L + 1)"),
        ("dilated_convolution", "min(n, k**L)"),
        ("lstm", "n"),
        ("attention", "n"),
    ],
)
def test_receptive_fields(name: str, formula: str) -> None:
    """Windows add up, dilations of k**l multiply: van den Oord et al. 2016, Yu and Koltun 2016."""
    assert derived("receptive_field", name).formula == poly(formula)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("rnn", "d*L"),
        ("gru", "d*L"),
        ("lstm", "2*d*L"),
        ("causal_attention", "2*d*n*L"),
        ("multi_query_attention", "2*n*d/h*L"),
        ("grouped_query_attention", "2*n*d*g/h*L"),
        ("causal_windowed_attention", "2*d*min(n, w - 1)*L"),
        ("linear_recurrence", "d"),
    ],
)
def test_states(name: str, formula: str) -> None:
    """An LSTM carries h and c, attention a cache of keys and values, narrow with fewer heads.

    The cache with one key/value head: Shazeer 2019; with g of them: Ainslie et al. 2023. Of a
    window of w positions, the w - 1 before the next one.
    """
    assert derived("state", name).formula == poly(formula)


def test_the_state_of_a_window_does_not_grow() -> None:
    """Once there are w positions, a window's state stays what it is."""
    formula = derived("state", "causal_windowed_attention").formula
    assert formula is not None
    values = [formula.evaluate(n=n, w=7, d=4, L=1, h=1) for n in (6, 7, 100, 10**6)]
    assert len(set(values)) == 1


def test_the_cache_of_attention_can_be_computed_again() -> None:
    """Keys and values are functions of the layer's inputs, which are half as large: d n."""
    found = derive("state_bound", trace(CATALOGUE["causal_attention"]), LAYER)
    assert found.formula == poly("d*n")


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("rnn", "2*d**2 + 2*d"),
        ("gru", "6*d**2 + 6*d"),
        ("lstm", "8*d**2 + 8*d"),
        ("attention", "4*d**2 + 4*d"),
        ("causal_convolution", "d**2*k + d"),
    ],
)
def test_parameters(name: str, formula: str) -> None:
    """As many as the torch.nn modules have: RNN, GRU, LSTM, MultiheadAttention, Conv1d."""
    found = derived("params", name).formula
    assert found is not None
    assert found.substitute({"L": 1}) == poly(formula)


@pytest.mark.parametrize(
    ("name", "cheaper"),
    [("lstm", "2*d - n"), ("gru", "d - n"), ("rnn", "-n - d")],
)
def test_attention_is_cheaper_where_the_sequence_is_short(name: str, cheaper: str) -> None:
    """With projections attention has 4 n d (n + 2 d) operations, an LSTM 16 n d^2, an RNN 4 n d^2.

    So attention is cheaper than an LSTM for n < 2 d, than a GRU for n < d, and never than an Elman
    network; contractions alone, counted as multiply-adds of two operations.
    """
    contractions = [derived("work", m).by_primitive["contraction"] for m in (name, "attention")]
    recurrent, attention = (c.substitute({"L": 1}) for c in contractions)
    assert recurrent - attention == poly("4*n*d") * poly(cheaper)
