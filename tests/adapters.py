"""How a model of the catalogue and its plain implementation get the same weights and sizes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workspan.graphs.execution import parameter_shapes
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace

Layers = Sequence[Mapping[str, Any]]

_WRITTEN_OUT = re.compile(r"(layers|first|rest|last)\.(\d+)\.(.+)\Z")
_AN_AXIS = re.compile(r"(layers|rest)\.(.+)\Z")
_PROJECTIONS = ("q_proj", "k_proj", "v_proj")


TYPICAL = (
    *("rnn", "lstm", "gru", "bidirectional_rnn", "bidirectional_lstm", "dilated_rnn"),
    *("attentive_encoder_decoder_rnn", "linear_recurrence", "linear_recurrence_scan"),
    *("attention", "causal_attention", "grouped_query_attention", "cross_attention"),
    *("windowed_attention", "causal_windowed_attention", "big_bird", "latent_attention"),
    *("convolution", "causal_convolution", "dilated_convolution", "separable_convolution"),
    *("s4d_convolution", "retnet_chunked", "delta_net", "mamba", "mamba_scan"),
    *("feed_forward", "encoder", "decoder", "mixture_of_experts", "gpt2", "mistral"),
)
"""Models of the catalogue, each with something that the others do not have: for laws that take long."""

WORDS = {"v": 7, "c": 16, "s": 3, "r": 2, "e": 2, "E": 4, "t": 2, "q": 3, "i": 3}
"""Sizes that only a few models have."""

_FEW = {
    "jamba": {"a": 1, "b": 1},
    "deepseek_v2": {"a": 1},
    "deepseek_v2_absorbed": {"a": 1},
    "deepseek_v2_lite": {"a": 1},
}
"""Depths that are written out: every further layer axis makes the graph harder to analyze."""


RUN = {"c": 2, "s": 2, "r": 2, "e": 2}
"""Sizes that plain code which runs needs besides lengths and widths."""


HEAVY = (
    *("gla", "ssd", "ssd_quadratic", "delta_net", "mlstm", "mlstm_parallel", "slstm"),
    *("retnet", "retnet_recurrent", "latent_attention", "latent_attention_absorbed", "longnet"),
    *("strided_sparse_attention", "fixed_sparse_attention", "sink_attention"),
    *("linear_attention_chunked", "retnet_chunked", "gla_chunked", "mlstm_chunked"),
)
"""Models whose plain code takes long: the largest sizes are left out."""


def runnable(name: str, at: Mapping[str, int]) -> dict[str, int]:
    """Return sizes at which a model's plain code runs: rotary heads have pairs of components."""
    fit = fitting(name, {**RUN, **at})
    if name.startswith("retnet"):
        fit["h"] = max(h for h in range(1, fit["h"] + 1) if fit["d"] % (2 * h) == 0)
    return fit


CHUNKED = ("lsh_attention", "compressive_transformer")
"""Models whose k divides into what c divides n into."""


def fitting(name: str, at: Mapping[str, int]) -> dict[str, int]:
    """Return sizes that a model of the catalogue can have: chunks must divide the sequence.

    Segments that grow in powers start small, since a state is kept as long as the longest.
    """
    fit = dict(at)
    if name == "nystrom_attention":
        fit["n"] += -fit["n"] % fit["m"]
    if name == "longnet_by_heads":
        fit |= {"k": 2, "h": 4, "d": 4}
    if name.startswith("longnet"):
        fit["c"] = min(fit.get("c", 2), 2)
    if name.endswith("_chunked") or name in (*CHUNKED, "hierarchical_attention"):
        fit["c"] = next(c for c in (3, 2, 1) if fit["n"] % c == 0)
    return {**fit, "k": {"lsh_attention": 4}.get(name, fit["c"])} if name in CHUNKED else fit


def symbolic(name: str, **sizes: Any) -> Graph:
    """Trace a model of the catalogue with every size a symbol, except those that are given."""
    parameters = inspect.signature(CATALOGUE[name]).parameters.values()
    own = {p.name: p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    return trace(CATALOGUE[name], **{**own, **_FEW.get(name, {}), **sizes})


def graph_parameters(graph: Graph, layers: Layers, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return a graph's parameters from a plain implementation's, which has one mapping a layer."""
    shapes = parameter_shapes(graph, **sizes)
    alike = layers[:-1] if any(name.startswith("last.") for name in shapes) else layers
    return {name: _parameter(name, layers, alike).reshape(shape) for name, shape in shapes.items()}


def _parameter(name: str, layers: Layers, alike: Layers) -> Any:
    written_out = _WRITTEN_OUT.match(name)
    if written_out:
        stack, level, key = written_out.groups()
        return _one(layers[-1 if stack == "last" else int(level) + (stack == "rest")], key)
    an_axis = _AN_AXIS.match(name)
    if an_axis:
        stack, key = an_axis.groups()
        found = [_one(layer, key) for layer in (layers[1:] if stack == "rest" else alike)]
        return np.stack(found) if found else np.zeros(0)
    return _one(layers[0], name)


def _one(layer: Mapping[str, Any], key: str) -> Any:
    """Return one parameter of one layer, under the name and in the layout of the graph."""
    if key in layer:
        return layer[key]
    recurrent = re.match(r"([ih]h)(_reverse)?\.(weight|bias)\Z", key)
    if recurrent:
        end = recurrent[2] or ""
        return layer[f"{recurrent[3]}_{recurrent[1]}{end}"]
    *scope, part, kind = key.split(".")
    joined = layer[".".join([*scope, f"in_proj_{kind}"])]
    return np.split(joined, 3)[_PROJECTIONS.index(part)]
