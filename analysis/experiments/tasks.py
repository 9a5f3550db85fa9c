"""Tasks that learners are trained on, drawn from a generator: inputs, targets at the last positions.

>>> random = torch.Generator().manual_seed(0)
>>> batch = copying(random, 2, {"length": 3, "delay": 1, "v": 4})
>>> tuple(batch.x.shape), tuple(batch.y.shape), batch.cut
((2, 7, 5), (2, 3), 4)

References: Hochreiter and Schmidhuber 1997, *Long Short-Term Memory*, Section 5.4, and Le, Jaitly
and Hinton 2015, Section 4.1 (the adding problem); Jelassi et al. 2024, *Repeat After Me* (copying); Ba et al. 2016,
*Using Fast Weights to Attend to the Recent Past*, Section 4.1, and Arora et al. 2024, *Zoology* (associative recall).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

Sizes: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of a task."""

    x: Tensor
    """Inputs [batch, n, c]."""
    y: Tensor
    """What the last positions are to say: classes [batch, m], or numbers [batch, 1, 1]."""
    cut: int
    """How many positions are read before the first answer is asked for."""
    classes: int
    """0 for numbers."""


def copying(random: Generator, batch: int, at: Sizes) -> Batch:
    """Read a string of random tokens, wait, and say it."""
    length, delay, v = at["length"], at.get("delay", 0), at["v"]
    y = torch.randint(v, (batch, length), generator=random)
    x = torch.zeros(batch, 2 * length + delay, v + 1)
    x[:, :length, :v] = one_hot(y, v).float()
    x[:, length + delay :, v] = 1
    return Batch(x, y, length + delay, v)


def recall(random: Generator, batch: int, at: Sizes) -> Batch:
    """Read pairs of a key and a value, then fillers, then a key; say its value."""
    pairs, fillers, v = at["pairs"], at.get("fillers", 0), at["v"]
    keys = torch.rand(batch, pairs, generator=random).argsort(1)
    values = torch.randint(v, (batch, pairs), generator=random)
    asked = torch.randint(pairs, (batch, 1), generator=random)
    x = torch.zeros(batch, pairs + fillers + 1, pairs + v + 1)
    x[:, :pairs] = torch.cat(
        [one_hot(keys, pairs), one_hot(values, v), torch.zeros(batch, pairs, 1)], -1
    )
    x[:, -1, :pairs] = one_hot(keys.gather(1, asked)[:, 0], pairs).float()
    x[:, -1, -1] = 1
    return Batch(x, values.gather(1, asked), pairs + fillers, v)


def adding(random: Generator, batch: int, at: Sizes) -> Batch:
    """Add the two numbers that are marked, one in each half."""
    n = at["lag"]
    half = n // 2
    x = torch.zeros(batch, n, 2)
    x[:, :, 0] = torch.rand(batch, n, generator=random)
    first = torch.randint(half, (batch, 1), generator=random)
    second = torch.randint(half, n, (batch, 1), generator=random)
    x[:, :, 1].scatter_(1, torch.cat([first, second], 1), 1.0)
    return Batch(x, (x[:, :, 0] * x[:, :, 1]).sum(1)[:, None, None], n, 0)


def order(random: Generator, batch: int, at: Sizes) -> Batch:
    """Say which of two marks among noise comes first, at a last position of its own."""
    n = at["n"]
    places = torch.rand(batch, n, generator=random).argsort(1)[:, :2]
    x = torch.zeros(batch, n + 1, 4)
    x[:, :n, 3] = torch.randn(batch, n, generator=random)
    for mark in range(2):
        x[:, :, mark].scatter_(1, places[:, mark : mark + 1], 1.0)
    x[:, -1, 2] = 1
    return Batch(x, (places[:, :1] < places[:, 1:]).long(), n, 2)


def parity(random: Generator, batch: int, at: Sizes) -> Batch:
    """Say whether the last bit differs from the one that is ``distance`` before it."""
    bits = torch.randint(2, (batch, at["n"]), generator=random)
    y = bits[:, -1:] ^ bits[:, -1 - at["distance"], None]
    return Batch(one_hot(bits, 2).float(), y, at["n"], 2)


TASKS: Mapping[str, Callable[[Generator, int, Sizes], Batch]] = {
    "copying": copying,
    "recall": recall,
    "adding": adding,
    "order": order,
    "parity": parity,
}
