"""Layers to connect: how many layers it takes until no further layer connects another pair.

A layer's set of connected pairs is a boolean matrix, kept as one integer of bits for each output
position; stacking layers multiplies matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ...graphs.graph import Axis, Graph
from ...graphs.primitives import Final
from ...graphs.sizes import size
from .graph import limits, unrolled
from .paths import reach, reached_by

Pairs: TypeAlias = dict[str, list[int]]
"""For each input and output position the set of input positions, as bits of a number."""

DEPTH = "L"
"""The size that is the number of layers."""


def layers_to_connect(graph: Graph, sizes: Mapping[str, int]) -> int | None:
    """Return the least number of layers after which one more connects nothing new.

    None for a model that cannot be stacked, if the pairs never settle, and where further layers
    have sizes that the graph itself does not have.
    """
    fixed = {k: v for k, v in sizes.items() if k != DEPTH}
    deep = _with_depth(graph)
    if deep is not None and not {*graph.free_sizes, *sizes, DEPTH}.issuperset(deep.free_sizes):
        return None
    if deep is not None:
        return _settled(
            _powers(deep, {**fixed, DEPTH: 1}) if _alike(deep) else _depths(deep, fixed)
        )
    return _settled(_powers(graph, fixed)) if graph.stackable else None


def _with_depth(graph: Graph) -> Graph | None:
    """Return the model with its depth as a size; None if it has no depth."""
    if DEPTH in graph.free_sizes:
        return graph
    if graph.source is None:
        return None
    deep = graph.source(**{DEPTH: DEPTH})
    return deep if DEPTH in deep.free_sizes else None


def _stack(deep: Graph) -> tuple[Axis, str] | None:
    """Return the axis of layers and a layer's result, if the model's output is a stack's.

    A layer of the stack then shows what a model of as many layers computes.
    """
    axes = [a for a in deep.axes.values() if DEPTH in a.extent.sizes]
    output = deep[deep.outputs[0]]
    if len(axes) != 1 or axes[0].extent != size(DEPTH) or len(deep.outputs) != 1:
        return None
    if not isinstance(output.primitive, Final) or output.primitive.axis != axes[0].name:
        return None
    return axes[0], output.reads[0].source


def _alike(deep: Graph) -> bool:
    """Whether the model is a stack and nothing else, of layers that read alike.

    Then the first input enters the stack and nothing else reads it, one array is handed from layer
    to layer, and no relation depends on the layer; so the pairs of L layers are the L-th power.
    """
    stack = _stack(deep)
    if stack is None:
        return False
    reads = [(equation, read) for equation in deep for read in equation.reads]
    carried = [e.name for e, r in reads if r.axis == stack[0].name]
    entered = [e.name for e, r in reads if r.source == deep.inputs[0]]
    varied = any(stack[0].position in cost.sizes for _, r in reads for cost in limits(r.relation))
    return len(carried) == 2 and sorted(carried) == sorted(entered) and not varied


def _settled(depths: Iterator[Pairs]) -> int | None:
    """Return after how many layers the next one changes nothing; None if that does not come."""
    before = next(depths)
    patience = 4 * sum(len(column) for column in before.values()) + 8
    for k, after in enumerate(depths, start=1):
        if after == before:
            return k
        if k > patience:
            return None
        before = after
    return None


def _powers(graph: Graph, sizes: Mapping[str, int]) -> Iterator[Pairs]:
    """Yield the pairs of one layer, of two alike, of three."""
    one = many = reach(graph, sizes)
    while True:
        yield many
        many = _then(many, one)


def _then(first: Pairs, second: Pairs) -> Pairs:
    """Return the pairs of two layers: the second reads the first's output as its first input."""
    stream = next(iter(second))
    through = second[stream]
    result = {name: [_union(column, bits) for bits in through] for name, column in first.items()}
    for name, column in second.items():
        if name != stream:
            result[name] = [a | b for a, b in zip(result[name], column, strict=True)]
    return result


def _union(column: list[int], bits: int) -> int:
    """Unite the rows of a column that a set names."""
    found = 0
    while bits:
        low = bits & -bits
        found |= column[low.bit_length() - 1]
        bits ^= low
    return found


def _depths(deep: Graph, sizes: Mapping[str, int]) -> Iterator[Pairs]:
    """Yield the pairs of one layer, of two, of three, from unrolled graphs."""
    known, batch = 0, 4
    while True:
        found = _up_to(deep, sizes, known, batch)
        yield from found
        known, batch = batch, 4 * batch


def _up_to(deep: Graph, sizes: Mapping[str, int], known: int, depth: int) -> list[Pairs]:
    """Return the pairs of known + 1 to depth layers, from one graph if it shows each layer."""
    stack = _stack(deep)
    if stack is None:
        return [reach(deep, {**sizes, DEPTH: k}) for k in range(known + 1, depth + 1)]
    seen = unrolled(deep, {**sizes, DEPTH: depth})
    axis, inner = stack
    targets = seen.nodes(inner)
    at = 1 + [a.name for a in deep[inner].positions].index(axis.name)
    found = {name: reached_by(seen, name, targets) for name in deep.inputs}
    return [
        {
            name: [bits for target, bits in zip(targets, column, strict=True) if target[at] == k]
            for name, column in found.items()
        }
        for k in range(known, depth)
    ]
