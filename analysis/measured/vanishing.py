"""Paths that carry no derivative: input positions that are reached and yet change nothing.

Reachability says what a formula reads. A value that is read can still have no effect, whatever the
weights are, for two reasons that the graph itself shows: it is multiplied by something that is
always zero (the state before the first step), or it goes into a softmax over a single slot, which
is always one. Everything else that is reached has a derivative that is not zero for almost all
weights; a run may still miss it where units saturate, and then says at how many seeds it looked.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["linear_recurrence"])
>>> vanishing(graph, {"n": 2})
{('a', 0, 0): 'multiply is always zero', ('a', 0, 1): 'multiply is always zero'}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from ...graphs.graph import Equation, Graph
from ...graphs.primitives import Constant, Contraction, Map, Reduction, Softmax
from ...graphs.primitives.maps import MAPS, Scalar
from ...graphs.unrolling import Node, read_nodes
from .graph import Unrolled, unrolled
from .paths import reached_by
from .slots import combinations, longest_row

Pair: TypeAlias = tuple[str, int, int]
"""(input, j, i): output position i and position j of that input."""

_NAMES = """
component concatenate enter final flip gather rename shift slice split spread turn
"""
MOVES = frozenset(_NAMES.split())
"""Primitives that compute nothing: what they make of zeros is zero."""


def reachable(graph: Graph, sizes: Mapping[str, int]) -> frozenset[Pair]:
    """Return all (input, j, i) such that position j of the input reaches output position i."""
    seen = unrolled(graph, sizes)
    return frozenset(p for name in graph.inputs for p in _pairs(name, _bits(seen, name)))


def vanishing(graph: Graph, sizes: Mapping[str, int]) -> dict[Pair, str]:
    """Return the pairs that are reached by paths without a derivative only, and why.

    An associative scan is looked at as the loop that it stands for.
    """
    seen = unrolled(graph.looped, sizes)
    still = constants(seen)
    if not still:
        return {}
    found: dict[Pair, str] = {}
    for name in seen.graph.inputs:
        carried = list(_pairs(name, _bits(seen, name, frozenset(still))))
        lost = set(_pairs(name, _bits(seen, name))) - set(carried)
        for pair in sorted(lost):
            found[pair] = "; ".join(_reasons(seen, still, pair))
    return found


def constants(seen: Unrolled) -> dict[Node, str]:
    """Return the nodes that no input can change although they read one, and why."""
    zero: set[Node] = set()
    found: dict[Node, str] = {}
    for node in seen.order:
        equation = seen.graph[node[0]]
        if _is_zero(seen, equation, node, zero):
            zero.add(node)
        if node not in seen.informed:
            continue
        if node in zero:
            found[node] = f"{equation.name} is always zero"
        elif isinstance(equation.primitive, Softmax) and _slots(seen, equation, node) == 1:
            found[node] = f"{equation.name} is over one slot, so always one"
    return found


def _is_zero(seen: Unrolled, equation: Equation, node: Node, zero: set[Node]) -> bool:
    primitive = equation.primitive
    if isinstance(primitive, Constant):
        return primitive.value == 0
    if primitive.name in MOVES:
        return all(p in zero for p in seen.digraph.pred[node])
    operands = [bool(n) and all(p in zero for p in n) for n in _operands(seen, equation, node)]
    if not operands:
        return False
    if isinstance(primitive, Contraction) or _function(equation) == "multiply":
        return any(operands)
    if isinstance(primitive, Reduction):
        return all(operands)
    return isinstance(primitive, Map) and all(operands) and _keeps_zero(primitive)


def _keeps_zero(primitive: Map) -> bool:
    """Whether a function is zero where all its arrays are; numbers in it are taken as they are."""
    arguments = [0.0 if c is None else c for c in primitive.constants]
    if any(isinstance(a, Scalar) for a in arguments):
        return primitive.function == "divide" and primitive.constants[0] is None
    numbers = [np.float64(a) for a in arguments if not isinstance(a, Scalar)]
    with np.errstate(all="ignore"):
        return bool(MAPS[primitive.function].run(np, *numbers) == 0)


def _function(equation: Equation) -> str:
    return equation.primitive.function if isinstance(equation.primitive, Map) else ""


def _operands(seen: Unrolled, equation: Equation, node: Node) -> list[list[Node]]:
    """Return the nodes that each read of an equation reaches from one position."""
    here = dict(zip((a.name for a in equation.positions), node[1:], strict=False))
    return [
        list(read_nodes(seen.graph, equation, read, here, seen.sizes)) for read in equation.reads
    ]


def _slots(seen: Unrolled, equation: Equation, node: Node) -> int:
    """How many slots inside the sequence a softmax ranges over at one position."""
    primitive = equation.primitive
    assert isinstance(primitive, Softmax)
    axis = next(a for a in equation.features if a.name == primitive.axis)
    if axis.relation is None or axis.along is None:
        return 1 if axis.extent == 1 else 2  # feature sizes are not known here: one, or more
    here = dict(zip((a.name for a in equation.positions), node[1:], strict=False))
    own = equation.sequence
    position = 0 if own is None else here[own.name]
    values = {**seen.sizes, **{a.position: here[a.name] for a in equation.positions}}
    slots = [a for a in equation.features if a.relation is not None]
    return longest_row(combinations(seen.graph, slots, [position], values), slots, [axis])


def _bits(seen: Unrolled, name: str, cut: frozenset[Node] = frozenset()) -> list[int]:
    """Return for each output the positions of one input that reach it around some nodes."""
    if not cut:
        return reached_by(seen, name, seen.outputs)
    around = Unrolled(seen.graph, seen.sizes, seen.digraph.copy())
    around.digraph.remove_edges_from([e for node in cut for e in seen.digraph.in_edges(node)])
    return reached_by(around, name, seen.outputs)


def _pairs(name: str, bits: list[int]) -> Iterator[Pair]:
    for i, column in enumerate(bits):
        yield from ((name, j, i) for j in range(column.bit_length()) if column >> j & 1)


def _reasons(seen: Unrolled, still: Mapping[Node, str], pair: Pair) -> list[str]:
    """Say which constants lie between an input position and an output position."""
    name, j, i = pair
    after = _closure(seen.digraph.succ, seen.nodes(name)[j])
    before = _closure(seen.digraph.pred, seen.outputs[i])
    return sorted({still[node] for node in after & before if node in still})


def _closure(neighbours: Mapping[Node, Mapping[Node, object]], start: Node) -> set[Node]:
    found, pending = {start}, [start]
    while pending:
        new = set(neighbours[pending.pop()]) - found
        found |= new
        pending.extend(new)
    return found
