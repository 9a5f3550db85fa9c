"""Deep stacks: figures derived from layers written out, from a symbolic depth, and measured."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import networkx as nx

from workspan import Graph, Setting, analyze, catalogue, trace, unroll
from workspan.analysis.deriving import RULES
from workspan.analysis.figures import NAMES
from workspan.analysis.measured.measure import weights

from .timing import Row, cpu

MODELS = ("encoder", "decoder", "causal_attention", "lstm", "bidirectional_lstm")
DEPTHS = (1, 8, 96)
LENGTH = 16


def _derived(model: str, depth: int | str, figures: tuple[str, ...] = NAMES) -> float:
    """Return the seconds of tracing a stack and deriving its figures, nothing being known of it."""

    def once() -> None:
        _derive(trace(catalogue[model], name=model, L=depth), figures)

    return cpu(once, repeat=2)


def _derive(graph: Graph, figures: tuple[str, ...]) -> None:
    analyze(graph, figures=figures, witnesses=("derived",))


def figures() -> Iterator[Row]:
    """Derive all figures of stacks with layers written out, against a symbolic number of layers."""
    for model in MODELS:
        symbolic = _derived(model, "L")
        for depth in DEPTHS:
            what = f"{model}, {depth} layers written out, all {len(NAMES)} figures"
            yield Row(what, _derived(model, depth), "the same with L symbolic", symbolic)


def folding() -> Iterator[Row]:
    """Derive all figures of the deepest stack from one folded layer, against layer by layer."""
    for model in MODELS:
        what = f"{model}, {DEPTHS[-1]} layers written out, traced and all figures"
        folded = _derived(model, DEPTHS[-1])
        yield Row(
            what, folded, "the same without folding", cpu(partial(_unfolded, model), repeat=1)
        )


def _unfolded(model: str) -> None:
    graph = trace(catalogue[model], name=model, L=DEPTHS[-1])
    for rule in RULES.values():
        rule(graph, Setting())


def slowest() -> Iterator[Row]:
    """Derive the figures of the deepest stack one by one."""
    for model in MODELS:
        graph = trace(catalogue[model], name=model, L=DEPTHS[-1])
        seconds = {name: cpu(partial(_derive, graph, (name,)), repeat=1) for name in NAMES}
        for name in sorted(seconds, key=seconds.__getitem__, reverse=True)[:3]:
            yield Row(f"{model}, {DEPTHS[-1]} layers written out, {name}", seconds[name])


def longest_path() -> Iterator[Row]:
    """Derive a span for all lengths, against networkx's longest path at one length."""
    for model in ("encoder", "lstm"):
        graph = trace(catalogue[model], name=model, L=DEPTHS[-1])
        yield Row(
            f"span of {model}, {DEPTHS[-1]} layers, for all n, with its proof",
            _derived(model, DEPTHS[-1], ("span",)),
            f"unroll at n = {LENGTH}, networkx.dag_longest_path_length",
            cpu(partial(_longest, graph), repeat=1),
        )


def _longest(graph: Graph) -> int:
    setting = Setting()
    at = dict.fromkeys(graph.free_sizes, LENGTH)
    digraph = unroll(graph, **at)
    steps = weights(graph, setting, at)
    for _, target, data in digraph.edges(data=True):
        data["weight"] = steps[target[:1]]
    found: int = nx.dag_longest_path_length(digraph)
    return found
