"""Which models are put side by side, at which sizes: one graph for each, in L layers.

>>> names = side_by_side()
>>> "lstm" in names, "causal_attention" in names, "gpt2" in names, "feed_forward" in names
(True, True, False, False)
>>> candidate("lstm", {"n": 8, "d": 4, "L": 2}).sizes
{'L': 2, 'd': 4, 'n': 8}
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ...graphs.graph import Graph
from ...graphs.models import CATALOGUE
from ...graphs.sizes import Poly, SizeError
from ...graphs.tracing import sizes_of, trace
from ..causality import on_inputs
from ..measured.graph import limits
from ..memory import once, traced

Model: TypeAlias = str | Graph | Callable[..., Any]

ASSUMED: Mapping[str, int] = {
    "h": 8,
    "g": 2,
    "e": 64,
    "k": 4,
    "w": 257,
    "c": 64,
    "s": 16,
    "m": 64,
    "r": 64,
    "E": 8,
    "v": 32_000,
}
"""Sizes of which only some models have one, where a user names none; ``f`` is four times ``d``."""

USUAL = (
    *("rnn", "lstm", "gru", "qrnn_scan", "min_gru", "min_gru_scan"),
    *("attention", "causal_attention", "multi_query_attention", "grouped_query_attention"),
    *("windowed_attention", "causal_windowed_attention", "latent_attention", "perceiver"),
    *("linear_attention", "linear_attention_recurrent", "linformer", "block_local_attention"),
    *("big_bird", "sink_attention", "causal_convolution", "convolution", "hyena"),
    *("retnet", "retnet_recurrent", "s4d", "s4d_convolution", "s5", "ssd", "gla"),
    *("delta_net", "mlstm", "slstm", "rg_lru_scan"),
)
"""One or two of each family, for a quick answer."""

APART: Mapping[str, Mapping[str, int]] = {
    "convolution": {"k": 5},
    "separable_convolution": {"k": 5},
    "dilated_windowed_attention": {"k": 4},
    "lsh_attention": {"k": 8},
}
"""Where a centred kernel must be odd, or a number of buckets even."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model at sizes."""

    name: str
    graph: Graph
    sizes: Mapping[str, int]
    """A value for every size of the graph."""
    assumed: tuple[str, ...]
    """Those that nobody named."""

    @property
    def broken(self) -> Mapping[str, Fraction]:
        """Extents of axes, and distances of reads, that are not whole at these sizes."""
        found = {}
        for cost in _extents(self.graph):
            if any(s not in self.sizes for s in cost.sizes):
                continue  # it depends on the position
            value = Fraction(cost.evaluate(**{s: self.sizes[s] for s in cost.sizes}))
            if value.denominator != 1:
                found[str(cost)] = value
        return found


@once
def _extents(graph: Graph) -> tuple[Poly, ...]:
    """Return what counts indices and so must be whole, where sizes are divided."""
    costs: dict[Poly, None] = {}
    for equation in graph:
        costs.update(dict.fromkeys(a.extent for a in equation.domain))
        costs.update(dict.fromkeys(b for read in equation.reads for b in limits(read.relation)))
    return tuple(
        c
        for c in costs
        if any(Fraction(k).denominator > 1 for k in c.terms.values())
        or any(k < 0 for m in c.terms for _, k in m)
    )


def candidate(model: Model, sizes: Mapping[str, int]) -> Candidate:
    """Return a model as a graph in which every size that is named is a symbol.

    Parameters
    ----------
    model
        A name of the catalogue, a model function, or a graph.
    sizes
        Those of the question; a size that the model does not have changes nothing. With ``L``, a
        layer that has no depth of its own is stacked.
    """
    graph = _graph(model, sizes)
    apart = APART.get(model, {}) if isinstance(model, str) else {}
    known = {**ASSUMED, "f": 4 * sizes.get("d", 64), **apart, **sizes}
    values = {s: known.get(s, graph.sizes.get(s, 4)) for s in graph.free_sizes}
    return Candidate(graph.name, graph, values, tuple(s for s in values if s not in sizes))


def _graph(model: Model, sizes: Mapping[str, int]) -> Graph:
    if isinstance(model, Graph):
        return model
    function = CATALOGUE[model] if isinstance(model, str) else model
    own = getattr(function, "__kwdefaults__", None) or getattr(
        getattr(function, "__wrapped__", None), "__kwdefaults__", None
    )
    symbols = tuple(s for s in own or {} if s in sizes)
    if isinstance(model, str):
        graph = traced(model, symbols)
    else:
        name = getattr(model, "__name__", "model")
        graph = trace(function, name=name, **{s: s for s in symbols})
    deep = "L" in sizes and "L" not in sizes_of(function) and graph.stackable
    if not deep or graph.source is None:
        return graph
    key = ("stacked", "L")
    if key not in graph.memory:
        graph.memory[key] = graph.source(stacked="L")
    found: Graph = graph.memory[key]
    return found


def small(graph: Graph) -> dict[str, int]:
    """Return small sizes at which everything that must be whole is.

    Raises
    ------
    SizeError
        If there are none up to 8.
    """
    from ..api import points_of

    first = points_of(graph, ())[0]
    divided = sorted({s for cost in _extents(graph) for s in cost.sizes if s in first and s != "n"})
    for values in itertools.product((None, 4, 2, 3, 1, 5, 6, 7, 8), repeat=len(divided)):
        sizes = {**first, **{s: v for s, v in zip(divided, values, strict=True) if v is not None}}
        if not Candidate(graph.name, graph, sizes, ()).broken:
            return sizes
    raise SizeError(f"expected sizes up to 8 at which all parts of {graph.name} are whole")


def side_by_side() -> tuple[str, ...]:
    """Return the models of the catalogue that can stand in each other's place.

    They take one sequence of n vectors of d components and return one, mix positions, and have no
    feed-forward part of width f, which is counted apart.
    """
    return tuple(name for name in CATALOGUE if _stands(traced(name)))


def _stands(graph: Graph) -> bool:
    if len(graph.inputs) != 1 or not graph.stackable:
        return False
    (x,) = (graph[name] for name in graph.inputs)
    if [str(a.extent) for a in x.domain] != ["n", "d"]:
        return False
    dependent = on_inputs(graph)
    mixes = any(r.axis is not None or not _in_place(graph, e.name) for e in graph for r in e.reads)
    wide = any("f" in a.extent.sizes for e in graph if e.name in dependent for a in e.features)
    return mixes and not wide


def _in_place(graph: Graph, name: str) -> bool:
    """Whether an equation stays at one position."""
    return graph[name].primitive.name not in {"associative_scan", "long_convolution", "fourier"}
