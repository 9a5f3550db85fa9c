"""Which positions a position reads, slot by slot.

A query of full attention has one slot per position, a window or a kernel one per place in it. A
slot is *allowed* or not: it may lie after the query, or outside the sequence, where zeros are read.

>>> window(4, size=3, left=1).positions.tolist()
[[-1, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]
>>> window(4, size=3, left=1).allowed[0].tolist()
[False, True, True]
>>> prefix(3).allowed.sum(axis=1).tolist()
[1, 2, 3]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .counting import note_bound
from .hops import hop
from .operations import Array, is_counted, zeros


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The slots of n positions over a source sequence."""

    positions: NDArray[np.int64]
    """[n, s] the source position of each slot, possibly outside the sequence."""
    allowed: NDArray[np.bool_]
    """[n, s] whether the slot's value may be used."""
    away: NDArray[np.bool_]
    """[n, s] whether the slot lies at another position than the one that reads it."""

    def of(self, i: int) -> Slots:
        """Return the allowed slots of position `i` alone, as [1, s']."""
        kept = self.allowed[i]
        positions, away = self.positions[i : i + 1, kept], self.away[i : i + 1, kept]
        return Slots(positions, self.allowed[i : i + 1, kept], away)

    def read(self, source: Array) -> Array:
        """Read a source [m, ...] into [n, s, ...], zeros outside the sequence; free.

        What is read from another position is one hop farther from the inputs.
        """
        m = len(source)
        inside = (self.positions >= 0) & (self.positions < m)
        padded = np.concatenate([source, zeros((1, *source.shape[1:]), like=source)])
        rows = np.where(inside, self.positions, m)
        if not is_counted(source):
            return np.asarray(padded[rows])
        away = self.away.reshape(*self.away.shape, *[1] * (source.ndim - 1))
        return np.where(away, np.frompyfunc(hop, 1, 1)(padded)[rows], padded[rows])


def everything(n: int) -> Slots:
    """Let n positions read all n positions of their own sequence."""
    positions = np.tile(np.arange(n), (n, 1))
    return Slots(positions, np.ones((n, n), dtype=np.bool_), _away(positions))


def another(n: int, m: int) -> Slots:
    """Let n positions read all m positions of another sequence."""
    everywhere = np.ones((n, m), dtype=np.bool_)
    return Slots(np.tile(np.arange(m), (n, 1)), everywhere, everywhere)


def prefix(n: int) -> Slots:
    """Let position i read positions 0 to i, out of n slots."""
    positions = np.tile(np.arange(n), (n, 1))
    return Slots(positions, positions <= np.arange(n)[:, None], _away(positions))


def window(n: int, *, size: int, left: int, dilation: int = 1) -> Slots:
    """Let position i read i - left·dilation and the size - 1 positions at multiples after it."""
    note_bound(max(left, size - 1 - left) * dilation)
    step = min(dilation, n)  # n positions away there is nothing, and farther neither
    positions = np.arange(n)[:, None] + (np.arange(size) - left) * step
    return Slots(positions, (positions >= 0) & (positions < n), _away(positions))


def _away(positions: NDArray[np.int64]) -> NDArray[np.bool_]:
    return positions != np.arange(len(positions))[:, None]


def block(n: int, *, size: int, prefix: bool = False) -> Slots:
    """Let positions read their block of so many, up to themselves if it is a prefix."""
    note_bound(size - 1)
    i = np.arange(n)[:, None]
    positions = i // size * size + np.arange(size)
    return Slots(positions, (positions < n) & ((positions <= i) | (not prefix)), _away(positions))


def behind(n: int, *, step: int, first: int) -> Slots:
    """Let position i read i - first·step, and every step-th position before."""
    positions = np.arange(n)[:, None] - (np.arange(-(-n // step)) + first) * step
    return Slots(positions, positions >= 0, _away(positions))


def marks(n: int, *, size: int, last: int) -> Slots:
    """Let positions read the last few, at most all, of each block of so many before their own."""
    of_blocks = np.arange(-(-n // size))[:, None] * size + np.arange(max(size - last, 0), size)
    positions = np.tile(of_blocks.reshape(-1), (n, 1))
    return Slots(positions, positions < np.arange(n)[:, None] // size * size, _away(positions))


def sinks(n: int, *, count: int, beyond: int) -> Slots:
    """Let positions read the first few, of those that are at least so far behind."""
    positions = np.tile(np.arange(count), (n, 1))
    return Slots(positions, positions <= np.arange(n)[:, None] - beyond, _away(positions))


def every(n: int, *, size: int, step: int) -> Slots:
    """Let positions read every step-th position of their segment of so many, themselves included."""
    note_bound(size - 1)
    i = np.arange(n)[:, None]
    positions = i // size * size + i % step + np.arange(size // step) * step
    return Slots(positions, positions < n, _away(positions))
