"""Rotary positions: pairs of components that turn by an angle for each position.

Reference: Su et al. 2021, *RoFormer*; component j is turned against component j + width/2.
"""

from __future__ import annotations

import numpy as np

from .operations import Array, elementwise, is_counted, lift

Turn = tuple[Array, Array]


def angles(x: Array, width: int) -> Turn:
    """Return the cosines and sines [n, width/2] of the angles of all positions of x."""
    half = width // 2
    turns = numbers(len(x), like=x)[:, None] * 10000.0 ** (-np.arange(half) / half)
    return elementwise("cos", turns), elementwise("sin", turns)


def rotated(x: Array, turn: Turn) -> Array:
    """Turn the halves of the last axis of x [n, ..., width] against each other."""
    left, right = np.split(x, 2, axis=-1)
    cos, sin = (a.reshape(len(a), *[1] * (x.ndim - 2), -1) for a in turn)
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)


def numbers(count: int, *, like: Array) -> Array:
    """Return 0, 1, 2, ..., which count like any value where `like` counts."""
    found = np.arange(float(count))
    return lift(found) if is_counted(like) else found
