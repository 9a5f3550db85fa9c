"""The torch engine: everything that is observed of modules of torch.nn, figure by figure.

>>> at = {"n": 3, "d": 2, "L": 2}
>>> for seen in observe("rnn", at, figures=("params", "dependence", "span")):
...     print(seen.figure, seen.part or "all", seen.value, seen.source.subject)
params all 24 torch.nn.RNN
dependence x 315 torch.nn.RNN
span tensor 16 torch.nn.RNN in plain operators
span tensor slope n 4 torch.nn.RNN in plain operators
span tensor slope L 4 torch.nn.RNN in plain operators
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import torch
from numpy.typing import NDArray

from .. import shown
from ..errors import TooLargeError
from ..observations import Observation
from ..pairs import bits
from . import dependence, depth, memory, signal, work
from .modules import MODULES, build

Sizes = Mapping[str, int]
Found = Iterator[Observation]

MOST_DERIVATIVES = 1024
"""Output components whose derivatives are taken, one backward pass each at each seed (up to a minute)."""


def observe(
    model: str, at: Sizes, *, figures: Sequence[str], seed: int = 0
) -> tuple[Observation, ...]:
    """Run a module of torch and observe some of its figures.

    Raises
    ------
    EngineError
        If torch does not have the model, the sizes do not fit, or the run failed.
    TooLargeError
        If a figure takes too long at these sizes.
    """
    return tuple(o for figure in figures for o in FIGURES[figure](model, at, seed))


def outputs(
    model: str, at: Sizes, inputs: Sequence[NDArray[Any]], parameters: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], Any]:
    """Return what a module computes with the weights of an executed graph, and what ran."""
    built = build(model, at)
    built.load(parameters)
    with torch.no_grad():
        found = built.run(*(torch.tensor(x) for x in inputs))
    return found.numpy(), built.source


def _params(model: str, at: Sizes, seed: int) -> Found:
    yield from work.observe(model, at, figures=("params",), seed=seed)


def _work(model: str, at: Sizes, seed: int) -> Found:
    """Observe a forward pass, and then one with its backward pass."""
    yield from work.observe(model, at, figures=("work",), seed=seed)
    if not any(True for _ in build(model, at, seed=seed).module.parameters()):
        return  # nothing takes a gradient
    for seen in work.observe(model, at, figures=("work",), seed=seed, mode="train"):
        yield replace(seen, part=f"train {seen.part}".strip())


def _span(model: str, at: Sizes, seed: int) -> Found:
    """Observe the longest recorded path, and how it grows with one more position or layer."""
    (whole,) = depth.observe(model, at, seed=seed)
    yield whole
    for size in ("n", "L"):
        if size in at and size in MODULES[model].sizes:
            (growth,) = depth.slopes(model, at, size, count=1)
            note = f"from {size}={at[size]} to {at[size] + 1}"
            yield replace(whole, value=growth, part=f"tensor slope {size}", note=note)


def _dependence(model: str, at: Sizes, seed: int) -> Found:
    components = at["n"] * at["d"]
    if components > MOST_DERIVATIVES:
        raise TooLargeError(
            f"expected at most {MOST_DERIVATIVES} output components to differentiate, "
            f"got n * d = {components}; pass smaller sizes"
        )
    found = dependence.observe(model, at, seed=seed)
    note = f"{found.method} at {len(found.seeds)} seeds"
    for name in MODULES[model].inputs:
        number = bits((j, i) for source, j, i in found.pairs if source == name)
        yield Observation("dependence", dict(at), number, found.source, part=name, note=note)


def _remembered(figure: str) -> Callable[[str, Sizes, int], Found]:
    return lambda model, at, seed: iter(memory.observe(model, at, figures=(figure,), seed=seed))


def _gradient(model: str, at: Sizes, seed: int) -> Found:
    yield from shown.gradient(signal.observe(model, at, seed=seed))


def _time(model: str, at: Sizes, seed: int) -> Found:
    """Time forward passes in single precision, as they are used."""

    def make(n: int) -> Callable[[], object]:
        built = build(model, {**at, "n": n}, seed=seed, dtype=torch.float32)
        inputs = built.inputs(seed)

        def work() -> object:
            with torch.no_grad():
                return built.forward(*inputs)

        return work

    source = build(model, at, seed=seed).source
    yield from shown.time(make, at, source, library="torch", seed=seed)


FIGURES: Mapping[str, Callable[[str, Sizes, int], Found]] = MappingProxyType(
    {
        "params": _params,
        "work": _work,
        "span": _span,
        "dependence": _dependence,
        **{figure: _remembered(figure) for figure in memory.FIGURES},
        "gradient": _gradient,
        "time": _time,
    }
)
"""How each figure is observed."""
