"""The measured span: the longest path through the unrolled graph, by the weights of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import networkx as nx

from ..graphs.graph import Axis, Graph
from ..graphs.primitives import AssociativeScan, Site
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, poly
from ..graphs.unrolling import Node, whole
from .measured_graph import MeasureError, Unrolled, unrolled
from .measured_state import causal, feeds_itself


def weights(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the steps of one node of each equation, from the primitive's own rule at numbers.

    An associative scan is unrolled in rounds: its weight is that of one round, and taking in the
    elements (round 0) is free.
    """
    found = {}
    for equation in graph:
        primitive = equation.primitive
        if isinstance(primitive, AssociativeScan):
            found[equation.name] = whole(primitive.each(setting), sizes)
        else:
            sources = tuple(graph[r.source] for r in equation.reads)
            site = Site(equation, sources, lambda axis: _widest(graph, axis, setting, sizes))
            found[equation.name] = whole(primitive.depth(site, setting), sizes)
    return found


def _widest(graph: Graph, axis: Axis, setting: Setting, sizes: Mapping[str, int]) -> Poly:
    """Count the slots of an axis: all of them, or for masked pairs those of the widest position."""
    if setting.pairs == "dense" or axis.relation is None or axis.along is None:
        return axis.extent
    extent = whole(graph.axes[axis.along].extent, sizes)
    layers = {a.position: 0 for a in graph.axes.values() if a.kind == "layer"}
    relation = axis.relation.at(**sizes, **layers)
    return poly(max(len(relation.sources(i, extent)) for i in range(extent)))


def steps(seen: Unrolled, setting: Setting, sizes: Mapping[str, int]) -> Callable[[Node], int]:
    """Return the function from a node to its weight."""
    weight = weights(seen.graph, setting, sizes)
    return lambda node: 0 if seen.round(node) == 0 else weight[node[0]]


def span(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    """Return the longest path in the setting's mode and unit; None if there is no such mode.

    encode and prefill: through the whole graph. decode: through what the last position adds, all
    that was known before being given. generate: with every output fed back as the next input. The
    last two exist for causal models, and take an associative scan as the loop that it stands for.
    """
    if setting.mode == "train":
        raise no_backward_graph("span")
    if setting.mode in {"encode", "prefill"}:
        seen = unrolled(graph, sizes)
        return max(_finish(seen.order, seen.digraph, steps(seen, setting, sizes)).values())
    if not causal(graph, sizes):
        return None
    seen = unrolled(graph.looped, sizes)
    if setting.mode == "decode":
        return _decode(seen, steps(seen, setting, sizes))
    return _generate(seen, steps(seen, setting, sizes)) if feeds_itself(graph) else None


def no_backward_graph(figure: str) -> MeasureError:
    """Return the error of a figure that would need the backward graph."""
    return MeasureError(
        f"expected a mode without a backward pass for {figure}, got train: "
        "the backward graph is not available yet"
    )


def _decode(seen: Unrolled, weight: Callable[[Node], int]) -> int:
    """The longest path among the nodes that are not known before the last position."""
    time = seen.time
    last = max(time.values())
    new = [n for n in seen.order if time[n] == last]
    return max(_finish(new, seen.digraph.subgraph(new), weight).values())


def _generate(seen: Unrolled, weight: Callable[[Node], int]) -> int:
    """The longest path when the output at t is the input at t + 1."""
    fed = seen.digraph.copy()
    given, made = seen.nodes(seen.graph.inputs[0]), seen.nodes(seen.graph.outputs[0])
    fed.add_edges_from(zip(made[:-1], given[1:], strict=True))
    return max(_finish(nx.topological_sort(fed), fed, weight).values())


def _finish(order: Iterable[Node], digraph: Any, weight: Callable[[Node], int]) -> dict[Node, int]:
    """Return for each node the longest path that ends there."""
    reached: dict[Node, int] = {}
    for node in order:
        before = max((reached[p] for p in digraph.pred[node]), default=0)
        reached[node] = before + weight(node)
    return reached
