"""An output is a function of the weights and of the positions that reach it, and of nothing else.

The graph says which input positions reach an output position. Here the graph is executed, and for
every output position all input positions that do *not* reach it are replaced at once: it must not
change, not even in its last bit. The other way round, each position that reaches it is replaced
alone, and then it changes, unless the path carries nothing (a softmax over one slot, a factor that
is always zero) or a choice hides it (the largest of several, a unit that is switched off).

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> found = dependence(trace(CATALOGUE["rnn"]), {"n": 4, "d": 2})
>>> found.untouched, found.changed, found.outside, len(found.reaching), found.silent
(4, (), 6, 10, ())

Notes
-----
Scans and long convolutions are executed position by position: a Fourier transform rounds every
output with the digits of every input, which says something of the algorithm and not of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Graph
from ...graphs.primitives import Lookup
from ...graphs.unrolling import whole
from ..measured.graph import unrolled
from ..measured.paths import reached_by
from ..measured.vanishing import Pair, vanishing

Inputs = Mapping[str, NDArray[Any]]
TRIES = 4
"""Draws of weights and inputs before a path that should carry something is said to be silent."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """What perturbing the inputs of an executed graph showed."""

    at: Mapping[str, int]
    untouched: int
    """Output positions that stayed the same to the last bit while all else was replaced."""
    changed: tuple[int, ...]
    """Output positions (counted over all outputs) that changed: the graph lacks a path."""
    outside: int
    """How many pairs there are of a position and an output that it does not reach."""
    reaching: frozenset[Pair]
    """All (input, j, i) such that position j of an input reaches output position i."""
    vanishing: Mapping[Pair, str]
    """Those of them whose paths carry nothing, whatever the weights, and why."""
    silent: tuple[Pair, ...]
    """Other pairs that reach and changed nothing in any draw: a choice, or a unit switched off."""

    @property
    def holds(self) -> bool:
        """Whether no output depends on anything that does not reach it."""
        return not self.changed

    @property
    def lines(self) -> tuple[str, ...]:
        """Say what was seen."""
        at = ", ".join(f"{k}={v}" for k, v in sorted(self.at.items()))
        count = self.untouched + len(self.changed)
        first = (
            f"at {at}, each of {count} outputs with everything replaced that does not reach it "
            f"({self.outside} pairs): {len(self.changed)} changed, {self.untouched} are the same to "
            "the last bit"
            if self.outside
            else f"at {at}, every position reaches each of {count} outputs: nothing to replace"
        )
        carried = len(self.reaching) - len(self.vanishing)
        second = f"{carried - len(self.silent)} of {len(self.reaching)} pairs that reach changed the output"
        if self.vanishing:
            second += (
                f"; {len(self.vanishing)} carry nothing ({next(iter(self.vanishing.values()))})"
            )
        if self.silent:
            second += f"; {len(self.silent)} changed nothing in {TRIES} draws (a choice hides them)"
        return first, second


def dependence(graph: Graph, sizes: Mapping[str, int], *, seed: int = 0) -> Dependence:
    """Execute a graph, and replace what does not reach each output position, and then what does.

    Parameters
    ----------
    sizes
        Small ones, for every size of the graph.
    seed
        Of weights, inputs and replacements.

    Raises
    ------
    GraphError
        If the graph cannot be executed at these sizes.
    """
    looped = graph.looped
    seen = unrolled(looped, sizes)
    bits = {name: reached_by(seen, name, seen.outputs) for name in looped.inputs}
    count = len(seen.outputs)
    with np.errstate(all="ignore"):
        changed = _untouched(looped, sizes, bits, count, seed)
        pairs = frozenset(
            (name, j, i)
            for name, column in bits.items()
            for i, reached in enumerate(column)
            for j in range(reached.bit_length())
            if reached >> j & 1
        )
        nothing = {p: why for p, why in vanishing(looped, sizes).items() if p in pairs}
        left = pairs - set(nothing)
        for draw in range(TRIES):
            left -= _moving(looped, sizes, left, seed + draw)
            if not left:
                break
    at = {s: v for s, v in sizes.items() if s in graph.free_sizes}
    outside = count * sum(len(seen.nodes(name)) for name in looped.inputs) - len(pairs)
    same = count - len(changed)
    return Dependence(at, same, tuple(changed), outside, pairs, nothing, tuple(sorted(left)))


def _untouched(
    graph: Graph, sizes: Mapping[str, int], bits: Mapping[str, list[int]], count: int, seed: int
) -> list[int]:
    """Return the output positions that change although nothing that reaches them does."""
    weights, inputs = _drawn(graph, sizes, seed)
    others = _drawn(graph, sizes, seed + 1_000)[1]
    before = _outputs(graph, inputs, weights, sizes)
    changed, known = [], {}
    for i in range(count):
        reached = tuple(bits[name][i] for name in graph.inputs)
        if reached not in known:
            replaced = {
                name: _replaced(inputs[name], others[name], ~column)
                for name, column in zip(graph.inputs, reached, strict=True)
            }
            known[reached] = _outputs(graph, replaced, weights, sizes)
        if not np.array_equal(known[reached][i], before[i], equal_nan=True):
            changed.append(i)
    return changed


def _moving(
    graph: Graph, sizes: Mapping[str, int], pairs: frozenset[Pair], seed: int
) -> frozenset[Pair]:
    """Return those of the pairs that show when their input position is replaced alone."""
    weights, inputs = _drawn(graph, sizes, seed)
    others = _drawn(graph, sizes, seed + 2_000)[1]
    before = _outputs(graph, inputs, weights, sizes)
    shown: set[Pair] = set()
    for name, j in sorted({(name, j) for name, j, _ in pairs}):
        replaced = {**inputs, name: _replaced(inputs[name], others[name], 1 << j)}
        after = _outputs(graph, replaced, weights, sizes)
        shown.update(
            (name, j, i)
            for i in range(len(before))
            if not np.array_equal(after[i], before[i], equal_nan=True)
        )
    return pairs & shown


def _replaced(row: NDArray[Any], other: NDArray[Any], bits: int) -> NDArray[Any]:
    """Take the positions whose bit is set from another input."""
    found = row.copy()
    for j in range(len(row)):
        if bits >> j & 1:
            found[j] = other[j]
    return found


def _drawn(graph: Graph, sizes: Mapping[str, int], seed: int) -> tuple[Inputs, Inputs]:
    """Draw weights and inputs; words where an input is looked up in a table."""
    random = np.random.default_rng([seed, 7])
    inputs: dict[str, NDArray[Any]] = {}
    for name in graph.inputs:
        shape = tuple(whole(a.extent, sizes) for a in graph[name].domain)
        words = _words(graph, name, sizes)
        inputs[name] = (
            random.normal(size=shape) if words is None else random.integers(0, words, shape)
        )
    return random_parameters(graph, seed=seed, **sizes), inputs


def _words(graph: Graph, name: str, sizes: Mapping[str, int]) -> int | None:
    """Return how many rows the smallest table has that an input is looked up in."""
    rows = [
        whole(graph[equation.reads[1].source].features[0].extent, sizes)
        for equation in graph
        if isinstance(equation.primitive, Lookup)
        and _origin(graph, equation.reads[0].source) == name
    ]
    return min(rows, default=None)


def _origin(graph: Graph, name: str) -> str:
    """Follow views of one array back to where it comes from."""
    while graph[name].primitive.name in {"enter", "rename", "shift", "gather"}:
        name = graph[name].reads[0].source
    return name


def _outputs(
    graph: Graph, inputs: Inputs, weights: Inputs, sizes: Mapping[str, int]
) -> list[NDArray[Any]]:
    """Return the outputs position by position, one output after another."""
    found = execute(graph, inputs, weights, **sizes)
    rows: list[NDArray[Any]] = []
    for name, array in dict(zip(graph.outputs, found, strict=True)).items():
        lead = len(graph[name].positions)
        flat = np.asarray(array).reshape(-1, *np.shape(array)[lead:])
        rows.extend(flat)
    return rows
