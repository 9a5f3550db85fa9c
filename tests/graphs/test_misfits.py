"""Laws of sizes that fit: a model runs there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.misfits import misfit, nearest
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import linear, split
from workspan.graphs.sizes import SizeError
from workspan.graphs.tracing import trace
from workspan.graphs.unrolling import whole


def runs(graph: Graph, at: Mapping[str, int]) -> bool:
    """Whether a model computes something of zeros."""
    inputs = {x: tuple(a.extent for a in graph[x].domain) for x in graph.inputs}
    try:
        zeros = {x: np.zeros([whole(e, at) for e in shape]) for x, shape in inputs.items()}
        execute(graph, zeros, random_parameters(graph, **at), **at)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "varied"),
    [
        ("attention", "dh"),
        ("windowed_attention", "nw"),
        ("grouped_query_attention", "hg"),
        ("nystrom_attention", "nm"),
        ("retnet_chunked", "nc"),
        ("mixture_of_experts", "kE"),
        ("gpt2", "nc"),
        ("lsh_attention", "nck"),
    ],
)
def test_a_model_runs_where_it_fits_and_nowhere_else(name: str, varied: str) -> None:
    """Law: sizes are a misfit exactly where execution fails."""
    usual = {"n": 4, "d": 4, "h": 2, "g": 1, "m": 2, "c": 4, "k": 2, "E": 4, "f": 3, "v": 5}
    symbols: dict[str, Any] = {s: s for s in varied if s not in {"n", "d"}}
    graph = trace(CATALOGUE[name], name=name, **symbols)
    for values in itertools.product(range(1, 5), repeat=len(varied)):
        sizes = {**usual, "w": 3, **dict(zip(varied, values, strict=True))}
        if name == "grouped_query_attention":
            sizes["d"] = 2 * sizes["h"]
        at = {s: sizes[s] for s in graph.free_sizes}
        assert (misfit(graph, at) is None) == runs(graph, at), at


def test_sizes_that_nobody_named_are_raised_to_fit() -> None:
    """Law: a size that is not fixed grows until the model exists; what cannot fit is told."""
    graph = trace(lambda x: linear(split(x, 3)[0], "d", name="out"))
    assert nearest(graph, {"n": 4, "d": 8}) == {"n": 4, "d": 9}
    with pytest.raises(SizeError, match="expected d to be a multiple of 3, got d=8"):
        nearest(graph, {"n": 4, "d": 8}, fixed=["d"])
