"""Weights of the executed graph in a module of torch: which arrays make up which parameter.

A graph that is written out names its parameters by layer (``layers.0.ih.weight``, ``rest.0...`` for
the second layer of a bidirectional stack); one that is symbolic in L has them in one array with a
leading axis for the layers (``layers.ih.weight``). Both are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..observations import EngineError

Arrays: TypeAlias = Mapping[str, Any]
Sources: TypeAlias = Mapping[str, tuple[str, ...]]
"""By parameter of the module: the names of the arrays that are stacked on top of each other."""
Sizes: TypeAlias = Mapping[str, int]

STACKS = ("layers", "first", "rest")
"""Names of stacks in graphs."""


def recurrent(at: Sizes, names: tuple[str, ...]) -> Sources:
    """Name the arrays of torch.nn.RNN, LSTM and GRU, of one direction."""
    found = {}
    for name in names:
        kind, part, level = name.removesuffix("_reverse").split("_")
        end = "_reverse" if name.endswith("_reverse") else ""
        found[name] = (f"layers.{level[1:]}.{part}{end}.{kind}",)
    return found


def bidirectional(at: Sizes, names: tuple[str, ...]) -> Sources:
    """Name the arrays where the first layer is a stack of its own."""
    renamed = {}
    for name, (source,) in recurrent(at, names).items():
        _, level, rest = source.split(".", 2)
        stack = "first.0" if level == "0" else f"rest.{int(level) - 1}"
        renamed[name] = (f"{stack}.{rest}",)
    return renamed


def same(at: Sizes, names: tuple[str, ...]) -> Sources:
    """Name the arrays as the module does, its projections of queries, keys and values apart."""
    found = {}
    for name in names:
        head, joined, kind = name.rpartition("in_proj_")
        found[name] = tuple(f"{head}{q}_proj.{kind}" for q in "qkv") if joined else (name,)
    return found


def attention_alone(at: Sizes, names: tuple[str, ...]) -> Sources:
    """Name the arrays of one attention layer outside any stack."""
    bare = {name: name.removeprefix("attention.") for name in names}
    return {name: same(at, (short,))[short] for name, short in bare.items()}


def explicit(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Take arrays with a leading layer axis apart, one for each layer.

    >>> sorted(explicit({"layers.bias": np.zeros((2, 3)), "layers.0.weight": np.zeros(3)}))
    ['layers.0.bias', 'layers.0.weight', 'layers.1.bias']
    """
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        stack, _, rest = name.partition(".")
        if stack in STACKS and not rest.partition(".")[0].isdigit():
            found |= {f"{stack}.{k}.{rest}": part for k, part in enumerate(np.asarray(array))}
        else:
            found[name] = np.asarray(array)
    return found


def assembled(
    shapes: Mapping[str, tuple[int, ...]], sources: Sources, arrays: Arrays
) -> dict[str, NDArray[Any]]:
    """Return an array for each parameter of a module, from the arrays of a graph.

    Raises
    ------
    EngineError
        If an array is missing, has the wrong shape, is not finite, or is nobody's.
    """
    given = explicit(arrays)
    found = {}
    for name, shape in shapes.items():
        parts = [_taken(given, source) for source in sources[name]]
        expected = (shape[0] // len(parts), *shape[1:])
        for source, part in zip(sources[name], parts, strict=True):
            _check(source, part, expected)
        found[name] = np.concatenate([part.reshape(expected) for part in parts])
    if given:
        raise EngineError(
            f"expected arrays for parameters of the module only, got {next(iter(given))} as well"
        )
    return found


def _taken(given: dict[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in given:
        raise EngineError(f"expected an array for {name}, got none")
    return given.pop(name)


def _check(name: str, array: NDArray[Any], expected: tuple[int, ...]) -> None:
    # Axes of size one (a group, a kernel of one slot) need no axis in the graph.
    if [s for s in array.shape if s != 1] != [s for s in expected if s != 1]:
        raise EngineError(f"expected {name} to have shape {expected}, got {array.shape}")
    if not np.isfinite(array).all():
        raise EngineError(f"expected {name} to be finite, got NaN or infinity in it")


Naming: TypeAlias = Callable[[Sizes, tuple[str, ...]], Sources]
