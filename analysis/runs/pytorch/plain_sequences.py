"""Convolutions and linear recurrences in plain torch operators, on [n, d] without a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from .plain import Sizes, Weights, below, linear


def windows(x: Tensor, left: int, right: int, step: int = 1) -> Tensor:
    """Read positions i - left to i + right, every step-th: [n, d] to [n, d, slots].

    >>> windows(torch.tensor([[1.0], [2.0], [3.0]]), 1, 0)[:, 0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """
    padded = functional.pad(x, (0, 0, left, right))
    return padded.unfold(0, left + right + 1, 1)[..., ::step]


def convolution(kind: str) -> Callable[..., Tensor]:
    """Return a stack of convolutions, each one contraction of windows: centred, causal, dilated."""

    def run(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
        for level in range(at["L"]):
            weight, bias = (weights[f"layers.{level}.{name}"] for name in ("weight", "bias"))
            step = at["k"] ** level if kind == "dilated" else 1
            reach = (at["k"] - 1) * step
            left, right = (reach // 2, reach // 2) if kind == "centred" else (reach, 0)
            x = linear(windows(x, left, right, step).flatten(1), weight.flatten(1), bias)
        return x

    return run


def separable(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
    """Mix positions within each channel, then channels within each position."""
    half = (at["k"] - 1) // 2
    for level in range(at["L"]):
        own = below(weights, "layers", level)
        # One product of windows [n, k] and a kernel [k, 1] for each channel.
        mixed = windows(x, half, half).transpose(0, 1) @ own["depthwise.weight"].mT
        x = mixed.squeeze(2).T + own["depthwise.bias"]
        x = linear(x, own["pointwise.weight"].squeeze(2), own["pointwise.bias"])
    return x


def recurrence(weights: Weights, at: Sizes, a: Tensor, b: Tensor) -> Tensor:
    """Return all h_t = a_t h_(t-1) + b_t, one step after another."""
    h, states = torch.zeros_like(a[:1]), []
    for a_t, b_t in zip(a.split(1), b.split(1), strict=True):
        h = a_t * h + b_t
        states.append(h)
    return torch.cat(states)


def scan(weights: Weights, at: Sizes, a: Tensor, b: Tensor) -> Tensor:
    """Return the same states in ceil(log2 n) rounds (Hillis and Steele 1986).

    >>> scan({}, {}, torch.full((4, 1), 0.5), torch.ones(4, 1))[:, 0].tolist()
    [1.0, 1.5, 1.75, 1.875]
    """
    distance = 1
    while distance < len(a):
        early_a, early_b, late_a = a[:-distance], b[:-distance], a[distance:]
        b = torch.cat((b[:distance], late_a * early_b + b[distance:]))
        a = torch.cat((a[:distance], late_a * early_a))
        distance *= 2
    return b
