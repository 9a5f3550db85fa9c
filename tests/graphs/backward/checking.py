"""Gradients of a graph by three ways: its backward graph, autograd of torch, and differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pytest

from tests.adapters import CHUNKED, fitting
from workspan.graphs.backward import gradients
from workspan.graphs.backward.activity import reached
from workspan.graphs.execution import execute, random_parameters
from workspan.graphs.graph import Graph
from workspan.graphs.unrolling import whole

Arrays: TypeAlias = Mapping[str, Any]
Sizes: TypeAlias = Mapping[str, int]

SIZES = {
    "n": 5,
    "m": 4,
    "d": 4,
    "h": 2,
    "g": 1,
    "f": 3,
    "k": 3,
    "w": 3,
    "L": 3,
    "c": 6,
    "v": 5,
    "r": 2,
    "s": 3,
    "e": 2,
    "E": 4,
    "t": 2,
    "q": 3,
    "i": 3,
}
"""Sizes of the catalogue's models: few positions, so that starts and ends matter."""


def sizes_for(name: str, **changes: int) -> dict[str, int]:
    """Return the sizes of a model of the catalogue; chunks and segments must divide n."""
    at = {**SIZES, **changes}
    if "n" not in changes and (name.endswith("_chunked") or name in CHUNKED):
        at["n"] = 6
    return fitting(name, at)


@dataclass(frozen=True)
class Draw:
    """A graph with values, and a loss: the sum of its outputs times weights."""

    graph: Graph
    sizes: Sizes
    inputs: Arrays
    parameters: Arrays
    weights: tuple[Any, ...]
    """For each output the gradient of the loss with respect to it."""
    wanted: tuple[str, ...]

    def outputs(self, given: Arrays | None = None) -> tuple[Any, ...]:
        """Compute the outputs, some arrays replaced."""
        arrays = {**self.inputs, **self.parameters, **(given or {})}
        inputs, parameters = (
            {n: arrays[n] for n in names} for names in (self.inputs, self.parameters)
        )
        return execute(self.graph, inputs, parameters, **self.sizes)

    def loss(self, given: Arrays) -> float:
        """Compute the loss, some arrays replaced."""
        outputs = self.outputs(given)
        return float(sum((w * y).sum() for w, y in zip(self.weights, outputs, strict=True)))

    def values(self) -> Arrays:
        """Return the arrays whose gradients are wanted."""
        return {n: {**self.inputs, **self.parameters}[n] for n in self.wanted}


def draw(
    graph: Graph, sizes: Sizes, *, seed: int = 0, wanted: tuple[str, ...] | None = None
) -> Draw:
    """Draw values; gradients are wanted of all parameters and inputs that one reaches."""
    at = {s: sizes[s] for s in graph.free_sizes}
    rng = np.random.default_rng(seed)
    inputs = {}
    for name in graph.inputs:
        shape = tuple(whole(a.extent, at) for a in graph[name].domain)
        numbers = any(r.source == name for e in graph.of("lookup") for r in e.reads[:1])
        inputs[name] = rng.integers(0, 2, shape) if numbers else rng.normal(size=shape)
    parameters = random_parameters(graph, seed=seed + 1, **at)
    outputs = execute(graph, inputs, parameters, **at)
    weights = tuple(rng.normal(size=y.shape) for y in outputs)
    named = (*parameters, *graph.inputs) if wanted is None else wanted
    return Draw(graph, at, inputs, parameters, weights, reached(graph, named))


def by_graph(given: Draw) -> Arrays:
    """Return the gradients that the backward graph computes; the outputs stay what they are."""
    both = gradients(given.graph, given.wanted)
    seeds = dict(zip(both.inputs[len(given.graph.inputs) :], given.weights, strict=True))
    found = execute(both, {**given.inputs, **seeds}, given.parameters, **given.sizes)
    outputs = given.outputs()
    for again, before in zip(found, outputs, strict=False):
        np.testing.assert_array_equal(again, before)
    return dict(zip(given.wanted, found[len(outputs) :], strict=True))


def by_torch(given: Draw) -> Arrays:
    """Return the gradients that torch computes through the forward graph, run on its tensors."""
    torch = pytest.importorskip("torch")
    tensors = {n: torch.tensor(a) for n, a in {**given.inputs, **given.parameters}.items()}
    for name in given.wanted:
        tensors[name].requires_grad_(True)
    inputs, parameters = ({n: tensors[n] for n in a} for a in (given.inputs, given.parameters))
    # A loop writes positions in place, so that what torch keeps has to be copied.
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x):
        outputs = execute(given.graph, inputs, parameters, xp=torch, **given.sizes)
    loss = sum((torch.tensor(w) * y).sum() for w, y in zip(given.weights, outputs, strict=True))
    leaves = [tensors[n] for n in given.wanted]
    found = [None] * len(leaves)
    if loss.requires_grad:
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
    pairs = zip(given.wanted, leaves, found, strict=True)
    return {n: (torch.zeros_like(x) if g is None else g).numpy() for n, x, g in pairs}


def agree_with_torch(given: Draw) -> None:
    """Compare with torch, component by component, to 1e-9."""
    ours, theirs = by_graph(given), by_torch(given)
    for name, gradient in theirs.items():
        assert ours[name].shape == gradient.shape, name
        np.testing.assert_allclose(ours[name], gradient, rtol=1e-9, atol=1e-9, err_msg=name)


def agree_with_differences(given: Draw, *, step: float = 1e-6, tolerance: float = 1e-5) -> None:
    """Compare with central differences, along one random direction for each array."""
    ours, rng = by_graph(given), np.random.default_rng(7)
    for name, array in given.values().items():
        direction = rng.normal(size=array.shape)
        ends = [given.loss({name: array + side * step * direction}) for side in (1, -1)]
        difference, derivative = (ends[0] - ends[1]) / (2 * step), (ours[name] * direction).sum()
        assert abs(difference - derivative) <= tolerance * (1 + abs(difference)), name


def agree(graph: Graph, sizes: Sizes, *, seed: int = 0) -> None:
    """Compare with differences, and with torch if it is installed."""
    given = draw(graph, sizes, seed=seed)
    agree_with_differences(given)
    agree_with_torch(given)
