"""The measured span: the longest path through the unrolled graph, by the weights of its nodes."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Site
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.slots import lineage
from ...graphs.unrolling import Node, whole
from .graph import Unrolled, layered, unrolled
from .slots import combinations, longest_row
from .state import causal, feeds_itself
from .work import site_of, slot_axes


def weights(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> dict[Node, int]:
    """Return the steps of one node, by equation and layer, from the primitive's own rule.

    An associative scan is unrolled in rounds: its weight is that of one round, and taking in the
    elements (round 0) is free.

    Returns
    -------
    Steps by the equation's name and its positions along the axes of layers.
    """
    return {
        (equation.name, *layer): steps
        for equation in graph
        for layer, steps in _weighed(graph, equation, setting, sizes)
    }


def _weighed(
    graph: Graph, equation: Equation, setting: Setting, sizes: Mapping[str, int]
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield every layer of an equation with its steps, which depend on how many slots it has."""
    sources = tuple(graph[r.source] for r in equation.reads)
    slots = slot_axes(equation, sources) if setting.pairs == "masked" else ()
    axes, known = layered(equation), dict[tuple[int, ...], int]()
    for layer in itertools.product(*(range(whole(a.extent, sizes)) for a in axes)):
        values = {**sizes, **{a.position: p for a, p in zip(axes, layer, strict=True)}}
        if any(axis.within is not None for axis in slots):
            yield layer, _depth(_nested(graph, equation, sources, slots, values), setting, sizes)
            continue
        widths = tuple(widest(graph, axis, values) for axis in slots)
        if widths not in known:
            site = site_of(equation, sources, dict(zip(slots, widths, strict=True)))
            known[widths] = _depth(site, setting, sizes)
        yield layer, known[widths]


def _nested(
    graph: Graph,
    equation: Equation,
    sources: tuple[Equation, ...],
    slots: tuple[Axis, ...],
    values: Mapping[str, int],
) -> Site:
    """Give a site the most combinations of slots that it takes together at one position."""
    own = equation.sequence
    positions = range(1 if own is None else whole(own.extent, values))
    taken = [a for a in slots if a not in equation.features or a.name == _ranged(equation)]
    widths = dict.fromkeys((b for a in slots for b in lineage(a)), 1)
    if taken:
        found = combinations(graph, slots, positions, values)
        widths[taken[0]] = max(1, longest_row(found, slots, taken))
    return site_of(equation, sources, widths)


def _ranged(equation: Equation) -> str | None:
    """Return the name of the axis that an operation ranges over and keeps."""
    return getattr(equation.primitive, "axis", None)


def _depth(site: Site, setting: Setting, sizes: Mapping[str, int]) -> int:
    primitive = site.equation.primitive
    if isinstance(primitive, AssociativeScan):
        return whole(primitive.each(setting), sizes)
    return whole(primitive.depth(site, setting), sizes)


def widest(graph: Graph, axis: Axis, values: Mapping[str, int]) -> int:
    """Count the slots of an axis that the widest position has inside the sequence, at least one.

    Where no position has any, a sum over them takes what one over a single term does.
    """
    assert axis.relation is not None
    assert axis.along is not None
    return max(1, _most(axis.relation.at(**values), whole(graph.axes[axis.along].extent, values)))


@functools.lru_cache(maxsize=1024)
def _most(relation: Relation, extent: int) -> int:
    return max(len(relation.sources(i, extent)) for i in range(extent))


def steps(seen: Unrolled, setting: Setting, sizes: Mapping[str, int]) -> Callable[[Node], int]:
    """Return the function from a node to its weight."""
    weight = weights(seen.graph, setting, sizes)
    width = {equation.name: 1 + len(layered(equation)) for equation in seen.graph}
    return lambda node: 0 if seen.round(node) == 0 else weight[node[: width[node[0]]]]


@dataclass(frozen=True, eq=False)
class Timed:
    """What takes part in the span of a mode."""

    seen: Unrolled
    digraph: Any
    """A ``networkx.DiGraph`` of nodes that wait for one another."""
    order: tuple[Node, ...]
    """All of its nodes, each after what it waits for."""
    weight: Callable[[Node], int]
    """How many steps a node takes."""

    @functools.cached_property
    def finish(self) -> dict[Node, int]:
        """For each node the longest path that ends there."""
        reached: dict[Node, int] = {}
        for node in self.order:
            before = max((reached[p] for p in self.digraph.pred[node]), default=0)
            reached[node] = before + self.weight(node)
        return reached


def span(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    """Return the longest path in the setting's mode and unit; None if there is no such mode."""
    found = timed(graph, setting, sizes)
    return None if found is None else max(found.finish.values())


def timed(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Timed | None:
    """Return what the span of a mode goes through; None if the model has no such mode.

    encode and prefill: the whole graph. decode: what the last position adds, all that was known
    before being given. generate: every output is fed back as the next input. The last two exist for
    causal models, and take an associative scan as the loop that it stands for.
    """
    if setting.mode in {"encode", "prefill"}:
        seen = unrolled(graph, sizes)
        return Timed(seen, seen.digraph, tuple(seen.order), steps(seen, setting, sizes))
    if not causal(graph, sizes):
        return None
    seen = unrolled(graph.looped, sizes)
    weight = steps(seen, setting, sizes)
    if setting.mode == "decode":
        last = max(seen.time.values())
        new = tuple(n for n in seen.order if seen.time[n] == last)
        return Timed(seen, seen.digraph.subgraph(new), new, weight)
    if not feeds_itself(graph):
        return None
    fed = _fed(seen)
    return Timed(seen, fed, tuple(nx.topological_sort(fed)), weight)


def _fed(seen: Unrolled) -> Any:
    """Return the graph in which the output at t is the input at t + 1."""
    fed = seen.digraph.copy()
    given, made = seen.nodes(seen.graph.inputs[0]), seen.nodes(seen.graph.outputs[0])
    fed.add_edges_from(zip(made[:-1], given[1:], strict=True))
    return fed
