"""Span, path lengths and dependence of the plain implementations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import runnable
from workspan.analysis.runs import PLAIN, parameters, run, sequences

CAUSAL = [
    *("rnn", "lstm", "gru", "causal_attention", "causal_windowed_attention", "linear_recurrence"),
    *("causal_convolution", "dilated_convolution", "linear_recurrence_scan"),
    *("multi_query_attention", "grouped_query_attention"),
]
RECURRENT = ["rnn", "lstm", "gru"]
EVERYWHERE = ["attention", "encoder"]
SIZES = {"n": 7, "d": 2, "h": 2, "g": 2, "f": 3, "k": 3, "w": 3, "m": 5, "L": 2}

small = st.integers(1, 6)


def of(name: str) -> dict[str, int]:
    """Return sizes that a model has."""
    return runnable(name, SIZES)


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("pairs", ["dense", "masked"])
def test_causal(name: str, pairs: str) -> None:
    """A causal model never depends on the future, however it is computed."""
    assert all(j <= i for _, j, i in run(name, sizes=SIZES, pairs=pairs).depends)


def test_decoder_is_causal_in_its_own_sequence() -> None:
    """A decoder depends on its own past and on all of the memory."""
    depends = run("decoder", sizes=SIZES).depends
    n, m = SIZES["n"], SIZES["m"]
    assert {(j, i) for name, j, i in depends if name == "x"} == {
        (j, i) for i in range(n) for j in range(i + 1)
    }
    assert {(j, i) for name, j, i in depends if name == "memory"} == {
        (j, i) for i in range(n) for j in range(m)
    }


@pytest.mark.parametrize("name", EVERYWHERE)
def test_attention_reaches_everything_in_one_step(name: str) -> None:
    """With full attention each position depends on all, over a path of one layer per layer."""
    result = run(name, sizes=SIZES | {"L": 1})
    assert len(result.depends) == SIZES["n"] ** 2
    assert result.path_length["layer"] == 1
    assert result.receptive_field == SIZES["n"]


@given(small, st.integers(1, 3))
def test_recurrent_span(n: int, layers: int) -> None:
    """A stack of recurrent layers is a wavefront, n + L - 1 in unit layer, on paths as long."""
    for name in RECURRENT:
        result = run(name, sizes={"n": n, "d": 1, "L": layers})
        assert result.span["layer"] == n + layers - 1
        assert result.path_length["layer"] == n + layers - 1


@given(small, st.integers(1, 3))
def test_bidirectional_span(n: int, layers: int) -> None:
    """A bidirectional stack waits for both ends in every layer: n L in unit layer."""
    for name in RECURRENT:
        result = run(f"bidirectional_{name}", sizes={"n": n, "d": 1, "L": layers})
        assert result.span["layer"] == n * layers
        assert len(result.depends) == n * n


@pytest.mark.parametrize("name", [n for n in PLAIN if n.endswith("attention")])
def test_attention_span(name: str) -> None:
    """An attention layer is one step in unit layer, whatever n; cross attention is one layer."""
    layers = 1 if name == "cross_attention" else SIZES["L"]
    assert run(name, sizes=of(name)).span["layer"] == layers


def test_lstm_tensor_span() -> None:
    """An LSTM step is eight array operations on the critical path, on a wavefront."""
    n, layers = 5, 3
    result = run("lstm", sizes={"n": n, "d": 2, "L": layers})
    assert result.span["tensor"] == 8 * (n + layers - 1)


@given(small, st.sampled_from([1, 3, 5]), st.integers(1, 3))
@settings(max_examples=20)
def test_windows(n: int, w: int, layers: int) -> None:
    """L centred windows of w reach L(w - 1)/2 to each side, causal ones L(w - 1) back."""
    sizes = {"n": n, "d": 1, "h": 1, "w": w, "k": w, "L": layers}
    reach = layers * (w - 1)
    for name in ("windowed_attention", "convolution", "separable_convolution"):
        assert {(j, i) for _, j, i in run(name, sizes=sizes).depends} == {
            (j, i) for i in range(n) for j in range(n) if abs(i - j) <= reach // 2
        }
    for name in ("causal_windowed_attention", "causal_convolution"):
        assert {(j, i) for _, j, i in run(name, sizes=sizes).depends} == {
            (j, i) for i in range(n) for j in range(n) if i - reach <= j <= i
        }


@pytest.mark.parametrize(("n", "k", "layers"), [(9, 2, 3), (9, 3, 2), (5, 2, 4)])
def test_dilation(n: int, k: int, layers: int) -> None:
    """L causal layers with dilation k^l reach k^L positions, all of them."""
    result = run("dilated_convolution", sizes={"n": n, "d": 1, "k": k, "L": layers})
    assert result.receptive_field == min(n, k**layers)


@pytest.mark.parametrize("name", PLAIN)
def test_masked_and_dense(name: str) -> None:
    """Leaving out pairs changes no value, no dependence and no path, and never adds work."""
    dense, masked = (run(name, sizes=of(name), pairs=pairs) for pairs in ("dense", "masked"))
    assert np.allclose(dense.outputs, masked.outputs)
    assert dense.depends == masked.depends
    assert dense.path_length == masked.path_length
    assert dense.work >= masked.work


@pytest.mark.parametrize("name", PLAIN)
def test_depends_covers_what_changes(name: str) -> None:
    """An input position that an output does not depend on cannot change that output."""
    model, sizes = PLAIN[name], of(name)
    weights = parameters(name, sizes=sizes)
    arguments = [weights] if model.shapes else []
    options = {key: sizes[symbol] for key, symbol in model.options.items()}
    inputs = sequences(name, sizes=sizes)
    result = run(name, sizes=sizes)
    for key, array in inputs.items():
        for j in range(len(array)):
            moved = {**inputs, key: array + (np.arange(len(array)) == j)[:, None] * [0.3, -0.7]}
            outputs = model.function(*moved.values(), *arguments, **options)
            changed = np.abs(outputs - result.outputs).max(axis=1) > 1e-12
            assert {(key, j, int(i)) for i in np.flatnonzero(changed)} <= result.depends


@pytest.mark.parametrize("name", PLAIN)
def test_order_of_sums(name: str) -> None:
    """Sums one after another change neither values nor work, and are never less deep."""
    tree, chain = (run(name, sizes=of(name), reduction=order) for order in ("tree", "sequential"))
    assert np.allclose(tree.outputs, chain.outputs)
    assert tree.operations == chain.operations
    assert tree.span["tensor"] == chain.span["tensor"]
    assert tree.span["scalar"] <= chain.span["scalar"]


@pytest.mark.parametrize("name", PLAIN)
def test_paths_are_no_longer_than_the_span(name: str) -> None:
    """The shortest way from an input is no longer than the longest way to an output."""
    result = run(name, sizes=of(name))
    assert all(result.path_length[unit] <= result.span[unit] for unit in result.span)


def test_attention_scalar_span() -> None:
    """In scalar steps an attention layer is logarithmic in n and d, term by term."""
    n, d, h = 5, 6, 2

    def tree(terms: int) -> int:
        return math.ceil(math.log2(terms))

    project = 1 + tree(d) + 1
    scores = 1 + tree(d // h) + 1
    normalise = tree(n) + 2 + tree(n) + 1
    mix = 1 + tree(n)
    result = run("attention", sizes={"n": n, "d": d, "h": h})
    assert result.span["scalar"] == project + scores + normalise + mix + project
