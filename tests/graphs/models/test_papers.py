"""Attention of the catalogue computes what its papers say, written out in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.adapters import symbolic
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.relations import Relation

from . import papers

AT = {"n": 8, "m": 4, "d": 4, "h": 2, "r": 3, "e": 2, "g": 2, "w": 3, "k": 2, "c": 3, "s": 2}
Sizes = Mapping[str, int]


def executed(graph: Graph, at: Sizes, weights: Any = None) -> tuple[Any, Any, Any]:
    """Execute a model on a drawn sequence; return it, the weights and the outputs."""
    drawn = weights or random_parameters(graph, **at)
    x = np.random.default_rng(3).normal(size=(at["n"], at["d"]))
    (y,) = execute(graph, {"x": x}, drawn, **at)
    return x, {k.removeprefix("layers.0."): v for k, v in drawn.items()}, y


SETS: Mapping[str, Callable[[int, int, Sizes], set[int]]] = {
    "dilated_windowed_attention": lambda i, n, at: {
        j for j in range(n) if (i - j) % at["k"] == 0 and abs(i - j) <= at["k"] * (at["w"] - 1) // 2
    },
    "block_local_attention": lambda i, n, at: {j for j in range(n) if j // at["c"] == i // at["c"]},
    # Child et al. 2019, Section 4.3: A1 = {t..i}, t = max(0, i - l); A2 = {j: (i - j) mod l = 0}.
    "strided_sparse_attention": lambda i, n, at: {
        j for j in range(i + 1) if j >= i - at["c"] or (i - j) % at["c"] == 0
    },
    # The same, fixed: A1 = {j: floor(j/l) = floor(i/l)}; A2 = {j: j mod l in {t..l}}, t = l - c.
    "fixed_sparse_attention": lambda i, n, at: {
        j for j in range(i + 1) if j // at["c"] == i // at["c"] or j % at["c"] >= at["c"] - at["s"]
    },
    "sink_attention": lambda i, n, at: {j for j in range(i + 1) if j < at["s"] or i - j < at["w"]},
}


@pytest.mark.parametrize("n", [1, 2, 8])
@pytest.mark.parametrize("name", SETS)
def test_sparse_attention_reads_the_sets_of_its_paper(name: str, n: int) -> None:
    """Law: one softmax over the union of all that the paper lets a position read."""
    at = {**AT, "n": n}
    x, weights, y = executed(symbolic(name, L=1), at)
    expected = papers.sparse(x, weights, at["h"], lambda i, n: SETS[name](i, n, at))
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "latent_attention",
        "linear_attention",
        "linformer",
        "nystrom_attention",
        "perceiver",
        "induced_set_attention",
    ],
)
def test_attention_computes_what_its_paper_says(name: str) -> None:
    """Law: with the same weights, the executed graph has the values of the equations."""
    at = {**AT, "L": 1}
    x, weights, y = executed(symbolic(name, L=1), at)
    if name == "perceiver":
        weights = random_parameters(symbolic(name, L=1), **at)
    expected = getattr(papers, name)(x, weights, at)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


def test_chunks_attend_inside_and_among_each_other() -> None:
    """Law: what stands for a chunk is the mean of its positions, which get what it found."""
    at = {**AT, "c": 2}
    x, weights, y = executed(symbolic("hierarchical_attention", L=1), at)
    expected = papers.hierarchical_attention(x, weights, at)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


def test_segments_read_themselves_and_the_one_before() -> None:
    """Law: Transformer-XL reads its memory and its own segment, by contents and by distances."""
    x, weights, y = executed(symbolic("transformer_xl", L=1), AT)
    expected = papers.transformer_xl(x, weights, AT)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


def test_scales_are_mixed_by_their_denominators() -> None:
    """Law: LongNet adds the outputs of all dilations, weighted by the sums of their exponentials."""
    at = {**AT, "c": 2}
    x, weights, y = executed(symbolic("longnet", L=1), at)
    q, k, v = papers.qkv(x, weights, at["h"])
    rows = []
    for i in range(at["n"]):
        above: Any = 0.0
        below: Any = 0.0
        for scale in (1, 2, 4):
            size = at["c"] * scale
            js = [j for j in range(at["n"]) if j // size == i // size and (i - j) % scale == 0]
            shown = np.exp(np.einsum("he,jhe->hj", q[i], k[js]) / np.sqrt(q.shape[-1]))
            above, below = above + np.einsum("hj,jhe->he", shown, v[js]), below + shown.sum(1)
        rows.append((above / below[:, None]).reshape(-1))
    expected = papers.affine(np.array(rows), weights, "out_proj")
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("n", "c", "k", "h"), [(1, 2, 2, 4), (7, 2, 2, 8), (20, 2, 3, 9)])
def test_heads_take_part_at_their_own_offsets(n: int, c: int, k: int, h: int) -> None:
    """Law: LongNet's head j reads, at each scale, every r-th position of a segment from j mod r."""
    at = {"n": n, "d": 2 * h, "h": h, "c": c, "k": k}
    x, weights, y = executed(symbolic("longnet_by_heads", L=1), at)
    expected = papers.longnet_by_heads(x, weights, at)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", ["global_windowed_attention", "big_bird"])
def test_global_rows_are_first_tokens(name: str, layers: int) -> None:
    """Law: rows beside a sequence compute what global tokens at its start compute."""
    graph = symbolic(name, L=layers)
    x, _, y = executed(graph, AT)
    weights, wide = random_parameters(graph, **AT), "global" if "global" in name else "proj"
    drawn = Relation.scattered(AT["r"], around=AT["w"])
    half, rows = (AT["w"] - 1) // 2, weights["global"]

    def reads(i: int, n: int) -> set[int]:
        near = {j for j in range(n) if abs(i - j) <= half}
        return near | (set(drawn.sources(i, n)) if name == "big_bird" else set())

    for level in range(layers):
        start = f"layers.{level}." if level < layers - 1 else "last.0."
        own = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
        x, rows = papers.with_globals(x, own, AT, reads, wide, rows)
    np.testing.assert_allclose(y, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layers", [1, 2])
def test_satellites_and_their_relay(layers: int) -> None:
    """Law: a Star-Transformer computes algorithm 1 of its paper, the ring being cut."""
    graph = symbolic("star_transformer", L=layers)
    words, _, y = executed(graph, AT)
    weights, x, relay = random_parameters(graph, **AT), words, words.mean(0)
    for level in range(layers):
        start = f"layers.{level}." if level < layers - 1 else "last.0."
        own = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
        x, relay = papers.star_layer(words, x, relay, own, AT["h"])
    np.testing.assert_allclose(y, x, rtol=1e-9, atol=1e-9)


def test_random_features_come_close_to_attention() -> None:
    """Law: with many features a Performer's outputs are close to those of full attention."""
    graph, plain = (symbolic(name, L=1) for name in ("performer", "attention"))
    at = {**AT, "r": 20000}
    weights = {k: v * 0.5 for k, v in random_parameters(graph, **at).items()}
    _, _, found = executed(graph, at, weights)
    _, _, expected = executed(plain, at, weights)
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("r", [1, 2, 3])
@pytest.mark.parametrize("n", [3, 6, 12])
def test_what_hashes_alike_is_sorted_together(n: int, r: int) -> None:
    """Law: Reformer's attention, in chunks of a sequence sorted r times, is that of its paper."""
    graph, at = symbolic("lsh_attention", L=1), {**AT, "n": n, "c": 3, "k": 4, "r": r}
    x, weights, y = executed(graph, at)
    seen = Graph("seen", graph.equations, graph.inputs, ("gaussian",), graph.sizes)
    (directions,) = execute(seen, {"x": x}, random_parameters(graph, **at), **at)
    expected = papers.lsh_attention(x, weights, at, directions)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [4, 12])
def test_old_segments_are_kept_as_fewer_rows(n: int) -> None:
    """Law: a Compressive Transformer reads the segment before last through a strided convolution."""
    at = {**AT, "n": n, "c": 4, "k": 2}
    x, w, y = executed(symbolic("compressive_transformer", L=1), at)
    (q, k, v), c, rows = papers.qkv(x, w, at["h"]), at["c"], []
    for i in range(n):
        t, old = i // c, np.zeros((c // at["k"], at["d"]))
        if t >= 2:
            segment = x[(t - 2) * c : (t - 1) * c].reshape(-1, at["k"], at["d"])
            old = np.einsum("aki,oik->ao", segment, w["compress.weight"]) + w["compress.bias"]
        js = range(max(t - 1, 0) * c, i + 1)
        keys, values = (
            np.concatenate([own[js], papers.split(papers.affine(old, w, f"{name}_proj"), at["h"])])
            for name, own in (("k", k), ("v", v))
        )
        rows.append(papers.attend(q[i], keys, values))
    expected = papers.affine(np.array(rows), w, "out_proj")
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)
