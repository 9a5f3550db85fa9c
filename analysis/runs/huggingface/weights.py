"""Weights of the executed graph under the names that transformers gives them.

The graph names a weight as transformers does. A stack whose depth is a size has one array for all
of its layers, with the layer as first axis and without its number in the name.

>>> import numpy as np
>>> find({"layers.weight": np.arange(6).reshape(2, 3)}, "layers.1.weight").tolist()
[3, 4, 5]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ..observations import EngineError

_SAME = {"cls.predictions.decoder.bias": "cls.predictions.bias"}
"""Names under which one weight is known twice."""

_ATTENTIVE, _LAYERS = "self_attn", "layers"


def load(model: nn.Module, parameters: Mapping[str, Any], *, before: int, after: int) -> None:
    """Copy the weights of the executed graph into a model.

    Parameters
    ----------
    parameters
        Arrays by the names of the graph's parameters.
    before, after
        For a hybrid, how many layers stand before and after the attention layer of a block.

    Raises
    ------
    EngineError
        If a weight is missing, left over or of another shape; the message names it.
    """
    left = set(parameters)
    transposed = _transposed(model)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            own = _named(_SAME.get(name, name), before, after)
            found = torch.as_tensor(find(parameters, own, used=left))
            found = found.T if name in transposed else found
            if found.numel() != weight.numel():
                shapes = f"{tuple(weight.shape)}, got {tuple(found.shape)}"
                raise EngineError(f"expected {own} to have the shape {shapes}")
            weight.copy_(found.reshape(weight.shape))
    if left:
        raise EngineError(f"expected a model with a weight for {min(left)}, it has none")


def find(parameters: Mapping[str, Any], name: str, *, used: set[str] | None = None) -> Any:
    """Return a weight by its name with all layer numbers, which may be axes of an array.

    Raises
    ------
    EngineError
        If there is none.
    """
    for short, index in _shorter(name.split(".")):
        if short in parameters:
            if used is not None:
                used.discard(short)
            return parameters[short][index]
    raise EngineError(f"expected a weight for {name}, got none")


def _shorter(parts: list[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name without some of its numbers, and those."""
    numbers = [k for k, part in enumerate(parts) if part.isdigit()]
    for count in range(len(numbers) + 1):
        for out in itertools.combinations(numbers, count):
            short = ".".join(part for k, part in enumerate(parts) if k not in out)
            yield short, tuple(int(parts[k]) for k in out)


def _named(name: str, before: int, after: int) -> str:
    """Say where a layer of a hybrid stands: in which block, before or after its attention."""
    parts = name.split(".")
    if not before or _LAYERS not in parts:
        return name
    place = parts.index(_LAYERS) + 1
    block, layer = divmod(int(parts[place]), before + 1 + after)
    if layer == before:
        where = ["between"]
    elif layer < before:
        where = ["before", str(layer)]
    else:
        where = ["after", str(layer - before - 1)]
    return ".".join([*parts[:place], str(block), *where, *parts[place + 1 :]])


def _transposed(model: nn.Module) -> set[str]:
    """Weights [in, out], as GPT-2 has them; the graph's are [out, in]."""
    from transformers.pytorch_utils import Conv1D

    return {f"{name}.weight" for name, m in model.named_modules() if isinstance(m, Conv1D)}
