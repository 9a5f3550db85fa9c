"""Activations: what training keeps of the forward pass, by the literature and by its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.analysis.test_training import AT, PLAIN, STACKED, chosen, traced
from tests.examples import examples
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly, size
from workspan.testing import Block, models, settings, sizes


@pytest.mark.parametrize(
    ("name", "factor"), [("rnn", 2), ("lstm", 8), ("gru", 7), ("linear_recurrence", 2)]
)
def test_a_recurrence_keeps_every_step(name: str, factor: int) -> None:
    """State Theta(d), activations Theta(n d) (Gruslys et al. 2016, section 2): each step is kept.

    Elman: x and h. LSTM: x, h, the four gates, c and tanh c. GRU: x, h, three gates, the sum that r
    multiplies, 1 - z. A linear recurrence: its factor and h. The state before the first step is
    zero and not kept.
    """
    graph = traced(name, 1 if name in STACKED else None)
    state, kept = (derive(f, graph, PLAIN).formula for f in ("state", "activations"))
    assert state is not None
    assert kept is not None
    assert state.sizes == ("d",)
    n, d = size("n"), size("d")
    assert 0 <= (factor * n * d - kept).evaluate(n=7, d=3) <= 2 * 3
    assert kept.evaluate(n=20, d=3) - kept.evaluate(n=19, d=3) == factor * 3


def test_a_scan_keeps_what_a_loop_does() -> None:
    """A linear recurrence in rounds keeps the same values as one step after another."""
    loop, rounds = (
        derive("activations", traced(n, 1), PLAIN).formula for n in ("mamba", "mamba_scan")
    )
    assert loop is not None
    assert loop == rounds


def test_naive_attention_keeps_its_weights() -> None:
    """All h n^2 weights after the softmax (Korthikanti et al. 2022, section 4.1, without dropout).

    The rest is linear in n: x, q, k, v and what goes into the output projection, 5 n d.
    """
    n, d, h = (size(s) for s in "ndh")
    for name in ("attention", "causal_attention"):
        assert derive("activations", traced(name, 1), PLAIN).formula == h * n**2 + 5 * n * d
    windowed = derive("activations", traced("causal_windowed_attention", 1), PLAIN).formula
    assert windowed == h * n * size("w") + 5 * n * d


@pytest.mark.parametrize("name", [n for n in STACKED if not n.startswith("bidirectional")])
def test_activations_grow_with_layers_and_positions(name: str) -> None:
    """Law: no layer and no position frees what another one keeps; each layer keeps as much."""
    graph = traced(name, "L")
    at = chosen(graph, AT)
    for grown in ("L", "n"):
        counts = [measure("activations", graph, PLAIN, {**at, grown: k}) or 0 for k in range(1, 6)]
        steps = np.diff(np.array(counts, dtype=int))
        assert (steps > 0).all()
        assert grown == "n" or len(set(steps)) == 1


@examples(60)
@given(st.data(), models(deepest=3), settings())
def test_no_more_is_kept_than_there_is(data: st.DataObject, model: Block, setting: Setting) -> None:
    """Law: activations are at most all values of the forward pass, and grow with n."""
    graph = model.graph
    at = data.draw(sizes(graph, longest=5))
    kept = measure("activations", graph, setting, at)
    assume(kept is not None)
    assert kept is not None
    everything = sum((e.count * e.scalars for e in graph), poly(0))
    assert 0 <= kept <= everything.evaluate(**{s: at[s] for s in everything.sizes})
    more = measure("activations", graph, setting, {**at, "n": at["n"] + 1})
    assert more is not None
    assert more >= kept
