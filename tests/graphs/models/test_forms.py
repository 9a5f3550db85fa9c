"""Laws of forms: a family computes the same numbers however its graph is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.adapters import fitting, symbolic
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.sizes import SizeError
from workspan.graphs.tracing import sizes_of, trace
from workspan.graphs.unrolling import whole

AT = {"n": 6, "m": 3, "d": 4, "h": 2, "r": 3, "e": 2, "k": 3, "w": 3, "c": 2, "s": 2, "L": 2}
FORMS = (
    ("qrnn", "qrnn_scan"),
    ("min_gru", "min_gru_scan"),
    ("min_lstm", "min_lstm_scan"),
    ("latent_attention", "latent_attention_absorbed"),
    ("linear_attention", "linear_attention_recurrent", "linear_attention_chunked"),
    ("mlstm", "mlstm_parallel", "mlstm_chunked"),
    ("retnet", "retnet_recurrent", "retnet_chunked"),
    ("ssd", "ssd_quadratic", "ssd_chunked"),
    ("gla", "gla_chunked"),
    ("delta_net", "delta_net_chunked"),
    ("rg_lru", "rg_lru_scan"),
    ("s4d", "s4d_convolution"),
    ("s5", "s5_recurrent"),
)


def drawn(graph: Graph, at: Mapping[str, int]) -> dict[str, Any]:
    """Draw an array for each input."""
    random = np.random.default_rng(5)
    return {
        name: random.normal(size=[whole(a.extent, at) for a in graph[name].domain])
        for name in graph.inputs
    }


@pytest.mark.parametrize("names", FORMS, ids=lambda names: names[0])
@pytest.mark.parametrize("n", [1, 2, 6])
def test_forms_of_a_family_compute_the_same(names: tuple[str, ...], n: int) -> None:
    """Law: with the same weights, every form of a family has the same outputs."""
    at = {**AT, "n": n, "c": 1 if n == 1 else 2}
    first, *others = (symbolic(name) for name in names)
    weights = random_parameters(first, **at)
    inputs = drawn(first, at)
    expected = execute(first, inputs, weights, **at)
    for other in others:
        found = execute(other, inputs, weights, **at)
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12, err_msg=other.name)


@pytest.mark.parametrize("names", FORMS, ids=lambda names: names[0])
def test_forms_of_a_family_read_the_same(names: tuple[str, ...]) -> None:
    """Law: changing one input position changes the same outputs in every form."""
    changed = [changes(symbolic(name), AT) for name in names]
    assert all(one == changed[0] for one in changed)


def changes(graph: Graph, at: Mapping[str, int]) -> set[tuple[int, int]]:
    """Return the pairs of an input position and an output position that it changes."""
    weights, inputs = random_parameters(graph, **at), drawn(graph, at)
    name = graph.inputs[0]
    (before,) = execute(graph, inputs, weights, **at)
    found = set()
    for j in range(len(inputs[name])):
        moved = inputs[name].copy()
        moved[j] += 0.5
        (after,) = execute(graph, {**inputs, name: moved}, weights, **at)
        far = np.abs(after - before).reshape(len(before), -1).max(axis=1) > 1e-9
        found |= {(j, int(i)) for i in np.flatnonzero(far)}
    return found


@pytest.mark.parametrize("c", [1, 3, 4, 12])
@pytest.mark.parametrize("names", [names for names in FORMS if names[-1].endswith("_chunked")])
def test_chunks_of_any_length_compute_the_same(names: tuple[str, ...], c: int) -> None:
    """Law: from chunks of one position to one chunk, the outputs are the same."""
    at = {**AT, "n": 12, "c": c}
    one, chunked = symbolic(names[0]), symbolic(names[-1])
    weights, inputs = random_parameters(one, **at), drawn(one, at)
    (expected,), (found,) = (execute(g, inputs, weights, **at) for g in (one, chunked))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_a_kernel_by_its_generating_function(n: int) -> None:
    """Law: S4 as a convolution computes what its recurrence does, whose outputs are cut at n."""
    at = {**AT, "n": n}
    recurrent, convolved = symbolic("s4", L=1), symbolic("s4_convolution", L=1)
    weights, inputs = random_parameters(recurrent, **at), drawn(recurrent, at)
    w = {key.removeprefix("layers.0."): value for key, value in weights.items()}
    cut = np.zeros_like(w["C"])
    for i, row in enumerate(w["C"]):  # Gu et al. 2022, appendix C.3: C (I - A^L)
        full = np.diag(-np.exp(w["A_log"][i])) - np.outer(w["P"][i], w["Q"][i])
        half, one = np.exp(w["dt_log"][i]) / 2 * full, np.eye(len(full))
        cut[i] = row @ (one - np.linalg.matrix_power(np.linalg.inv(one - half) @ (one + half), n))
    (expected,) = execute(recurrent, inputs, weights, **at)
    (found,) = execute(convolved, inputs, {**weights, "layers.0.C_tilde": cut}, **at)
    (other,) = execute(convolved, inputs, {**weights, "layers.0.C_tilde": w["C"]}, **at)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert not np.allclose(other, expected)


def test_chunks_must_divide_the_sequence() -> None:
    """Law: a length that chunks do not divide is an error that says so."""
    graph, at = symbolic("retnet_chunked"), {**AT, "n": 6, "c": 4}
    with pytest.raises(SizeError, match="expected n/c to be whole, got 3/2"):
        execute(graph, drawn(graph, at), random_parameters(graph, **at), **at)


@pytest.mark.parametrize(
    "name",
    ["s4_convolution", "s4d_convolution", "hyena", "ssd_quadratic", "s5", "rg_lru_scan"],
)
def test_position_by_position_computes_the_same(name: str) -> None:
    """Law: what is written for whole sequences computes the same, one position after another."""
    graph, at = symbolic(name), {**AT, "f": 3}
    weights, inputs = random_parameters(graph, **at), drawn(graph, at)
    (expected,), (found,) = (execute(g, inputs, weights, **at) for g in (graph, graph.looped))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CATALOGUE)
def test_numbers_in_place_of_sizes_compute_the_same(name: str) -> None:
    """Law: a model whose widths are numbers computes what the one whose widths are symbols does."""
    known = sizes_of(CATALOGUE[name])
    at = {**AT, "g": 1, "f": 3, "v": 5, "E": 4, "t": 2, "q": 3, "i": 3}
    at |= {"c": 2 if name.endswith("_chunked") else 8}
    at = fitting(name, at | {"a": 1, "b": 1, "m": 6, "n": 6})
    numbers: dict[str, Any] = {s: at[s] for s in known if s not in {"n", "m", "L"}}
    symbols = symbolic(name)
    numbers |= {s: s for s in known if s == "L"}
    plain = trace(CATALOGUE[name], **numbers)
    weights = random_parameters(symbols, **at)
    inputs = drawn(symbols, at)
    if symbols.of("lookup") and "d" not in {a.name for a in symbols[symbols.inputs[0]].features}:
        inputs = {k: np.arange(x.shape[0]) % 2 for k, x in inputs.items()}
    expected, found = (execute(g, inputs, weights, **at) for g in (symbols, plain))
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)
