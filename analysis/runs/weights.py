"""Weights by the names of a graph, and layer by layer.

A stack of layers has one array for each weight, with a leading axis, as ``layers.ih.weight``; a
bidirectional stack has its first layer apart, as ``first.0.ih.weight`` and ``rest.ih.weight``, and
a stack whose last layer makes less has that one apart, as ``last.0.skip.weight``.

>>> layers = by_layer({"layers.bias": np.arange(2.0), "layers.scale": np.ones((2, 3))})
>>> [(sorted(layer), float(layer["bias"])) for layer in layers]
[(['bias', 'scale'], 0.0), (['bias', 'scale'], 1.0)]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, Any]

STACKS = ("layers", "first", "rest", "last")
"""Names of stacks in graphs, those that come first first."""


def by_layer(parameters: Arrays) -> list[dict[str, Any]]:
    """Return the weights of each layer under short names; what is in no stack is in all of them."""
    stacks: dict[str, list[dict[str, Any]]] = {name: [] for name in STACKS}
    shared: dict[str, Any] = {}
    for name, array in parameters.items():
        stack, _, rest = name.partition(".")
        level, _, short = rest.partition(".")
        if stack not in STACKS:
            shared[name] = array
        elif level.isdigit():
            _layer(stacks[stack], int(level))[short] = array
        else:
            for k in range(np.shape(array)[0]):
                _layer(stacks[stack], k)[rest] = array[k]
    found = [layer for name in STACKS for layer in stacks[name]]
    return [{**shared, **layer} for layer in found] or [shared]


def _layer(layers: list[dict[str, Any]], level: int) -> dict[str, Any]:
    while len(layers) <= level:
        layers.append({})
    return layers[level]
