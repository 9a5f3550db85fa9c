"""Laws of forms: what one family computes in parallel, as a recurrence and in chunks is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.adapters import symbolic
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.sizes import SizeError

AT = {"n": 12, "m": 3, "d": 8, "h": 2, "e": 2, "s": 3, "r": 2, "k": 3, "w": 3, "c": 4, "L": 2}

FORMS = (
    ("retnet", "retnet_recurrent", "retnet_chunked"),
    ("ssd", "ssd_quadratic", "ssd_chunked"),
    ("gla", "gla_chunked"),
    ("rg_lru", "rg_lru_scan"),
    ("qrnn", "qrnn_scan"),
    ("min_gru", "min_gru_scan"),
    ("min_lstm", "min_lstm_scan"),
    ("latent_attention", "latent_attention_absorbed"),
    ("linear_attention", "linear_attention_recurrent"),
)


def executed(name: str, at: dict[str, int], seed: int = 0) -> tuple[Any, dict[str, Any]]:
    """Execute a model on a drawn sequence, with drawn weights."""
    graph = symbolic(name)
    weights = random_parameters(graph, seed=seed, **at)
    x = np.random.default_rng(seed + 1).normal(size=(at["n"], at["d"]))
    (y,) = execute(graph, {"x": x}, weights, **{s: at[s] for s in graph.free_sizes})
    return y, weights


@pytest.mark.parametrize("names", FORMS, ids=lambda names: names[0])
@pytest.mark.parametrize(("n", "c"), [(12, 4), (12, 3), (12, 1), (5, 5), (1, 1)])
def test_forms_of_one_family_compute_the_same(names: tuple[str, ...], n: int, c: int) -> None:
    """Law: with the same weights all forms give the same values, for chunks of any length."""
    at = {**AT, "n": n, "c": c}
    expected, weights = executed(names[0], at)
    for name in names[1:]:
        found, own = executed(name, at)
        assert own.keys() == weights.keys()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_chunks_must_divide_the_sequence() -> None:
    """Law: a length that chunks do not divide is an error that says so."""
    with pytest.raises(SizeError, match="expected n/c to be whole, got 12/5"):
        executed("retnet_chunked", {**AT, "c": 5})
