"""Laws of the catalogue's recurrent and attention families: what is derived is what is measured."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import pytest

from tests.adapters import fitting, symbolic
from workspan.analysis.deriving import RULES, derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting

Sizes = Mapping[str, int]

FIGURES = (
    *("params", "work", "span", "path_length", "mixing_hops", "receptive_field"),
    *("layers_to_connect", "state", "decode_work", "activations"),
)
DEEP = ("span", "path_length")
SETTINGS = {
    "tensor": Setting(),
    "layer": Setting(unit="layer"),
    "scalar": Setting(unit="scalar"),
    "masked": Setting(pairs="masked"),
    "mixing": Setting(scope="mixing"),
}
SIZES: tuple[Sizes, ...] = (
    {
        "n": 1,
        "m": 1,
        "d": 2,
        "h": 1,
        "g": 1,
        "r": 1,
        "e": 2,
        "k": 2,
        "w": 1,
        "c": 1,
        "s": 1,
        "L": 1,
    },
    {
        "n": 6,
        "m": 3,
        "d": 4,
        "h": 2,
        "g": 1,
        "r": 2,
        "e": 2,
        "k": 2,
        "w": 3,
        "c": 3,
        "s": 1,
        "L": 2,
    },
    {
        "n": 8,
        "m": 4,
        "d": 2,
        "h": 1,
        "g": 2,
        "r": 3,
        "e": 2,
        "k": 4,
        "w": 5,
        "c": 2,
        "s": 2,
        "L": 1,
    },
)
RECURRENT = (
    *("qrnn", "qrnn_scan", "min_gru", "min_gru_scan", "min_lstm", "min_lstm_scan", "sru"),
    *("dilated_rnn", "encoder_decoder_rnn", "attentive_encoder_decoder_rnn"),
)
ATTENTION = (
    *("latent_attention", "latent_attention_absorbed", "perceiver", "induced_set_attention"),
    *("linear_attention", "linear_attention_recurrent", "performer", "linformer"),
    *("nystrom_attention", "dilated_windowed_attention", "block_local_attention"),
    *("strided_sparse_attention", "fixed_sparse_attention", "sink_attention", "longnet"),
    "longnet_by_heads",
    *("global_windowed_attention", "big_bird", "star_transformer", "transformer_xl"),
    *("lsh_attention", "compressive_transformer", "hierarchical_attention"),
)


@functools.cache
def graph_of(name: str) -> Graph:
    """Return a model with every size a symbol."""
    return symbolic(name)


def disagreements(name: str, setting: Setting, figures: tuple[str, ...]) -> list[str]:
    """Return where a formula is not what is measured; no formula without a reason."""
    graph, found = graph_of(name), []
    for figure in figures:
        derived = RULES[figure](graph, setting)
        if derived.formula is None:
            assert derived.reason, f"{figure} of {name} has neither a formula nor a reason"
            continue
        for sizes in SIZES:
            known = fitting(name, sizes)
            at = {s: known[s] for s in graph.free_sizes}
            if all(at.get(s, least) >= least for s, least in derived.least.items()):
                claimed = derived.formula.evaluate(**{s: at[s] for s in derived.formula.sizes})
                true = measure(figure, graph, setting, at)
                if true is not None and claimed != true:
                    found.append(f"{figure} of {name} is {true} at {at}, not {claimed}")
    return found


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", [*RECURRENT, *ATTENTION])
def test_what_is_derived_is_measured(name: str, setting: str) -> None:
    """Law: every formula gives what is counted on the unrolled graph; what has none says why."""
    figures = {"tensor": FIGURES, "masked": ("work",), "mixing": ("work",)}.get(setting, DEEP)
    assert disagreements(name, SETTINGS[setting], figures) == []


@pytest.mark.parametrize("name", [*RECURRENT, *ATTENTION])
def test_what_training_takes_is_measured(name: str) -> None:
    """Law: the operations of both passes are those of the unrolled backward graph."""
    graph, setting = graph_of(name), Setting(mode="train")
    found = derive("work", graph, setting)
    assert found.formula is not None, found.reason
    for sizes in SIZES:
        known = fitting(name, sizes)
        at = {s: known[s] for s in graph.free_sizes}
        if all(at.get(s, least) >= least for s, least in found.least.items()):
            claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
            assert claimed == measure("work", graph, setting, at)
