"""Growth from times: a slope with its interval, and the growth classes that are not ruled out.

A class g is *not ruled out* if times a + c g(n) with overhead a >= 0 and c > 0 lie within the noise
at every size. Noise is what the repeats show of it, and a factor of `DRIFT` beside it, by which the
cost of one operation may change over the range (caches, vector units). So a few milliseconds on a
busy machine leave several classes: the answer is then that one cannot tell.

>>> sizes = [64, 128, 256, 512, 1024, 2048, 4096]
>>> times = [[1e-6 * n**2 * (1 + 0.01 * k) for n in sizes] for k in range(4)]
>>> found = fit(sizes, times)
>>> found.possible, round(found.slope.estimate, 6), found.answer
(('n^2',), 2.0, 'n^2 is the only class that is not ruled out')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, RunError
from .intervals import Interval, slope

Floats = NDArray[np.float64]

CLASSES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "1": lambda n: 1.0,
        "log n": lambda n: math.log(n),
        "n": lambda n: n,
        "n log n": lambda n: n * math.log(n),
        "n^2": lambda n: n**2,
        "n^3": lambda n: n**3,
    }
)
"""Growth classes by name."""

DRIFT = 1.5
"""By which factor the cost of one operation may change between the smallest and largest size."""
LEAST_SIZES, LEAST_RATIO, LEAST_REPEATS = 5, 8, 4


@dataclass(frozen=True, slots=True)
class Scaling:
    """What times over sizes show."""

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    """By size: the least of the repeats."""
    repeats: int
    noise: float
    """The relative difference between the least of half of the repeats and of the other half."""
    slope: Interval
    """Of log time over log size, by least squares."""
    possible: tuple[str, ...]
    """The classes that are not ruled out, of `CLASSES`."""
    threads: str = ""
    """How many threads ran, or why that is not known."""

    @property
    def answer(self) -> str:
        """Say what is known of the growth."""
        if len(self.possible) == 1:
            return f"{self.possible[0]} is the only class that is not ruled out"
        if not self.possible:
            return "cannot tell: no single class with an overhead fits all sizes"
        return f"cannot tell between {', '.join(self.possible)}"


def spaced(low: int, high: int, count: int = 8) -> tuple[int, ...]:
    """Return whole sizes from low to high, evenly spaced in their logarithm.

    >>> spaced(16, 128, 4)
    (16, 32, 64, 128)
    """
    found = np.geomspace(low, high, count)
    return tuple(dict.fromkeys(round(x) for x in found.tolist()))


def fit(
    sizes: Sequence[int],
    times: Sequence[Sequence[float]] | Floats,
    *,
    drift: float = DRIFT,
    noise: float | None = None,
    threads: str = "",
) -> Scaling:
    """Put seconds [repeats, sizes] against sizes.

    Parameters
    ----------
    drift
        The factor by which the cost of one operation may change over the range; 1 for none.
    noise
        A bound on the relative error of the least times; what the repeats show of it if not given.
    """
    table = np.asarray(times, dtype=np.float64)
    check(sizes, len(table))
    if table.shape != (len(table), len(sizes)):
        raise ArgumentError(f"expected {len(sizes)} times a repeat, got shape {table.shape}")
    if not (np.isfinite(table) & (table > 0)).all():
        raise RunError("expected positive finite times, got others")
    least = table.min(axis=0)
    shown = disagreement(table) if noise is None else noise
    width = (1 + shown) * math.sqrt(drift) * (1 + 1e-9)  # what fits to rounding fits
    possible = tuple(
        name
        for name, growth in CLASSES.items()
        if fits([growth(n) for n in sizes], least / width, least * width)
    )
    line = slope(np.log(sizes).tolist(), np.log(least).tolist())
    seconds = tuple(float(t) for t in least)
    return Scaling(tuple(sizes), seconds, len(table), shown, line, possible, threads)


def fits(growth: Sequence[float], low: Floats, high: Floats) -> bool:
    """Whether some a >= 0 and c > 0 have low <= a + c growth <= high at every size.

    At the largest size c growth must make up half of the time at least, or else a large enough
    overhead would hide any class whatever. By Fourier and Motzkin: a lies above each of
    ``low - c g`` and 0 and below each of ``high - c g`` and ``c g`` at the largest size; each pair
    of these bounds is one inequality for c.
    """
    g = np.asarray(growth, dtype=np.float64) / growth[-1]
    # a >= p - q c, for each size and for zero; a <= r - s c, for each size and for the half.
    p, q = np.append(low, 0.0), np.append(g, 0.0)
    r, s = np.append(high, 0.0), np.append(g, -1.0)
    room = (r[None, :] - p[:, None]).ravel()
    rate = (s[None, :] - q[:, None]).ravel()  # c rate <= room
    if (room[rate == 0] < 0).any():
        return False
    above, below = rate > 0, rate < 0
    most = (room[above] / rate[above]).min(initial=math.inf)
    least = (room[below] / rate[below]).max(initial=0.0)
    return bool(most > 0 and least <= most * (1 + 1e-12))


def check(sizes: Sequence[int], repeats: int) -> None:
    """Refuse too few sizes, too small a range, or too few repeats to say anything."""
    increasing = all(a < b for a, b in pairwise(sizes))
    if len(sizes) < LEAST_SIZES or not increasing or sizes[0] < 2:
        raise ArgumentError(
            f"expected at least {LEAST_SIZES} increasing sizes from 2 on, got sizes={list(sizes)}"
        )
    if sizes[-1] < LEAST_RATIO * sizes[0]:
        raise ArgumentError(
            f"expected the largest size to be {LEAST_RATIO} times the smallest, "
            f"got {sizes[0]} to {sizes[-1]}"
        )
    if repeats < LEAST_REPEATS:
        raise ArgumentError(f"expected at least {LEAST_REPEATS} repeats, got repeats={repeats}")


def disagreement(table: Floats) -> float:
    """Return twice the largest relative difference between the least times of two halves.

    Twice, because a half of the repeats is a harder test than all of them, but a difference can be
    small by chance at a few sizes; the largest over the sizes makes that unlikely.
    """
    halves = np.stack([table[0::2].min(axis=0), table[1::2].min(axis=0)])
    return float(2 * (halves.max(axis=0) / halves.min(axis=0)).max() - 2)
