"""Outputs of models of transformers with the weights of an executed graph.

>>> outputs("mystery", {}, [], {})
Traceback (most recent call last):
    ...
workspan.analysis.runs.observations.EngineError: expected a model that transformers has (...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from ..observations import Source
from .building import build
from .configs import FAMILIES


def outputs(
    model: str,
    at: Mapping[str, int],
    inputs: Sequence[NDArray[Any]],
    parameters: Mapping[str, NDArray[Any]],
) -> tuple[NDArray[Any], Source]:
    """Return the logits of token numbers, and what ran.

    Raises
    ------
    EngineError
        If transformers does not have the model, a weight does not load, or the run failed.
    """
    own = FAMILIES[model].sizes if model in FAMILIES else ()
    # What a model of the catalogue leaves at one is no symbol of its graph.
    built = build(model, {**{s: 1 for s in ("h", "L", "a", "b") if s in own}, **at})
    built.load(parameters)
    return built.run(*inputs), built.source
