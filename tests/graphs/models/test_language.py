"""Laws of the language models: what is published of them, and how they are related."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.adapters import WORDS, symbolic
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly

AT = {**WORDS, "n": 6, "d": 12, "h": 3, "g": 3, "f": 5, "w": 3, "k": 3, "L": 2, "a": 1, "b": 1}
NAMES = ("gpt2", "bert", "llama", "mistral", "mamba", "mamba_scan", "jamba")
CAUSAL = tuple(name for name in NAMES if name != "bert")


def executed(graph: Graph, at: Mapping[str, int], weights: Any = None, tokens: Any = None) -> Any:
    """Execute a model on drawn or given tokens."""
    random = np.random.default_rng(2)
    drawn = random.integers(0, at["v"], at["n"]) if tokens is None else tokens
    inputs = {name: drawn if name == "tokens" else drawn % 2 for name in graph.inputs}
    (logits,) = execute(graph, inputs, weights or random_parameters(graph, **at), **at)
    return logits


@pytest.mark.parametrize("name", NAMES)
def test_layers_as_an_axis_or_written_out(name: str) -> None:
    """Law: a model whose depth is a size computes what the model of two layers computes."""
    deep, flat = symbolic(name), symbolic(name, L=2)
    weights = random_parameters(deep, **AT)
    alone: dict[str, Any] = {}
    for key, value in weights.items():
        if deep[key].positions:
            stack = next(s for s in ("transformer.h", "encoder.layer", "layers") if s in key)
            names = [key.replace(stack, f"{stack}.{k}", 1) for k in range(2)]
            alone |= dict(zip(names, value, strict=True))
        else:
            alone[key] = value
    np.testing.assert_allclose(executed(deep, AT, weights), executed(flat, AT, alone), rtol=1e-9)


@pytest.mark.parametrize("name", CAUSAL)
def test_no_word_changes_what_is_said_before_it(name: str) -> None:
    """Law: logits before a position are the same whatever word stands there."""
    graph, random = symbolic(name), np.random.default_rng(4)
    weights, tokens = random_parameters(graph, **AT), random.integers(0, AT["v"], AT["n"])
    other = tokens.copy()
    other[3] = (other[3] + 1) % AT["v"]
    before, after = (executed(graph, AT, weights, t) for t in (tokens, other))
    np.testing.assert_array_equal(before[:3], after[:3])
    assert not np.allclose(before[3], after[3])


def test_bert_reads_words_that_follow() -> None:
    """Law: BERT's logits at the first position change with the last word."""
    graph = symbolic("bert")
    weights, tokens = random_parameters(graph, **AT), np.zeros(AT["n"], dtype=int)
    other = tokens.copy()
    other[-1] = 3
    before, after = (executed(graph, AT, weights, t) for t in (tokens, other))
    assert not np.allclose(before[0], after[0])


def test_a_wide_window_is_no_window() -> None:
    """Law: where the window is as wide as the sequence, Mistral computes what Llama computes."""
    wide = {**AT, "w": AT["n"]}
    weights = random_parameters(symbolic("llama"), **AT)
    llama, mistral = (executed(symbolic(name), wide, weights) for name in ("llama", "mistral"))
    np.testing.assert_allclose(mistral, llama, rtol=1e-12)
    assert not np.allclose(executed(symbolic("mistral"), AT, weights)[-1], llama[-1])


def test_a_loop_and_a_scan_compute_the_same() -> None:
    """Law: Mamba's states are the same one after another and as prefixes."""
    weights = random_parameters(symbolic("mamba"), **AT)
    loop, scan = (executed(symbolic(name), AT, weights) for name in ("mamba", "mamba_scan"))
    np.testing.assert_allclose(scan, loop, rtol=1e-9)


def test_a_table_of_positions_ends() -> None:
    """Law: GPT-2 and BERT have no position beyond those of their table, and say so."""
    for name in ("gpt2", "bert"):
        with pytest.raises(
            GraphError, match=r"expected numbers from 0 to 4 to look up in .*, got 5"
        ):
            executed(symbolic(name), {**AT, "c": 5})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Keys and values of d components at n positions of L layers: Pope et al. 2022.
        ("gpt2", "2*L*d*n"),
        # Of g instead of h heads: Ainslie et al. 2023.
        ("llama", "2*L*g*(d/h)*n"),
        # A rolling buffer: Jiang et al. 2023; the position itself is not kept before it.
        ("mistral", "2*L*g*(d/h)*min(n, w - 1)"),
        # 2 d channels of s components and the end of a window: Gu and Dao 2023.
        ("mamba", "L*2*d*s + L*2*d*min(n, k - 1)"),
        ("mamba_scan", "L*2*d*s + L*2*d*min(n, k - 1)"),
        ("jamba", "2*L*g*(d/h)*n + 2*(L*2*d*s + L*2*d*min(n, k - 1))"),
    ],
)
def test_states_are_those_of_the_literature(name: str, expected: str) -> None:
    """Law: what is carried to the next position is the cache that papers and libraries keep."""
    found = derive("state", symbolic(name), Setting())
    assert found.grade == "proved"
    assert found.formula == poly(expected)


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("gpt2", "layer", "2*L"),
        ("llama", "layer", "2*L"),
        ("mamba", "layer", "n + L - 1"),
        ("mamba_scan", "layer", "L*(ceil(log2(n)) + 1)"),
    ],
)
def test_sequential_operations(name: str, unit: str, expected: str) -> None:
    """Law: a stack of loops is a wavefront, attention is two layers, a scan has log n rounds."""
    found = derive("span", symbolic(name), Setting(unit=unit))
    assert found.grade == "proved"
    assert found.formula == poly(expected)


def test_contractions_are_those_of_the_literature() -> None:
    """Law: GPT-2 contracts 24 d^2 + 4 n d a layer and token where f = 4 d, and 2 d v for logits.

    Hoffmann et al. 2022, appendix F, without the embedding, which they count as a product.
    """
    found = derive("work", symbolic("gpt2"), Setting())
    assert found.grade == "proved"
    contractions = found.by_primitive["contraction"].substitute({"f": 4 * poly("d")})
    assert contractions == poly("L*(24*n*d**2 + 4*n**2*d) + 2*n*d*v")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("figure", ["params", "work", "span", "state", "decode_work"])
def test_figures_are_proved_and_measured(name: str, figure: str) -> None:
    """Law: counts, spans and states of every language model are proved, and are what is measured."""
    if name == "bert" and figure in {"state", "decode_work"}:
        assert str(derive(figure, symbolic(name), Setting()).reason).startswith("not causal")
        return
    found = derive(figure, symbolic(name), Setting())
    assert found.grade == "proved"
    assert found.formula is not None
    for n, depth in ((2, 1), (3, 2), (7, 3)):
        at = {**AT, "n": n, "L": depth}
        assert found.formula.evaluate(**at) == measure(figure, symbolic(name), Setting(), at)


@pytest.mark.parametrize(("a", "b"), [(2, 1), (1, 3)])
def test_depths_inside_a_block(a: int, b: int) -> None:
    """Law: a hybrid with depths as sizes has the figures of the one that is written out."""
    sized, written = symbolic("jamba", a="a", b="b"), symbolic("jamba", a=a, b=b)
    at = {**AT, "a": a, "b": b}
    for figure in ("params", "work", "span", "state", "decode_work"):
        found = [derive(figure, graph, Setting()).formula for graph in (sized, written)]
        assert found[0] is not None
        assert found[1] is not None
        assert found[0].evaluate(**at) == found[1].evaluate(**at)
