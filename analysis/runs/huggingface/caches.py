"""Caches of transformers: how many scalars they carry from one position to the next.

Keys, values and recurrent states are carried as they are. Of a convolution of width k the cache
keeps the last k inputs of each channel, zeros before the first; how many of them stand for a
position and are read again is found out on a tiny model, by inputs that are not numbers.

>>> carried("mamba", 7, 4), carried("mamba", 2, 4)
(3, 2)
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .building import Built, build
from .configs import TINY


def cache_of(output: Any) -> Any:
    """Return the cache that a run carried on."""
    return output.cache_params if hasattr(output, "cache_params") else output.past_key_values


def state(built: Built) -> int:
    """Run a model on n tokens and count the scalars of its cache that later positions read."""
    cache, total = cache_of(built.forward(*built.inputs())), 0
    for layer in cache.layers:
        for kept in (getattr(layer, "keys", None), getattr(layer, "values", None)):
            total += 0 if kept is None else kept.numel()
        total += sum(kept.numel() for kept in _states(layer, "recurrent_states"))
    windows = list(_windows(cache))
    if windows:
        columns = carried(built.name, built.sizes["n"], built.sizes["k"])
        total += sum(kept.numel() // kept.shape[-1] * columns for kept in windows)
    return total


def _states(layer: Any, name: str) -> list[Tensor]:
    return [kept for kept in getattr(layer, name, {}).values() if kept is not None]


def _windows(cache: Any) -> Iterator[Tensor]:
    """Yield the ends of windows that convolutions read, [batch, channels, k] each."""
    for layer in cache.layers:
        yield from _states(layer, "conv_states")


def carried(name: str, n: int, k: int) -> int:
    """Return how many columns of a window stand for a position and are read by the next one."""
    return _carried(name, min(n, k), k)


@functools.cache
def _carried(name: str, n: int, k: int) -> int:
    built = build(name, {**TINY[name], "n": n, "k": k})
    (tokens,) = built.inputs()
    cache = cache_of(built.forward(tokens))
    read = {column for column in range(k) if _is_read(built, cache, column)}
    with torch.no_grad():
        built.module.get_input_embeddings().weight.fill_(torch.nan)
    window = next(_windows(cache_of(built.forward(tokens))))
    written = {column for column in range(k) if bool(window[..., column].isnan().all())}
    return len(read & written)


def _is_read(built: Built, cache: Any, column: int) -> bool:
    """Whether the next output is no number where a column of a window is none."""
    poisoned = copy.deepcopy(cache)
    for window in _windows(poisoned):
        window[..., column] = torch.nan
    (tokens,) = built.inputs()
    return bool(built.forward(tokens[:1], cache=poisoned).logits.isnan().any())
