"""Gradient against distance: the norm of d output_i / d input_j by i - j, in plain NumPy.

The norm is the spectral norm of the Jacobian block, for the last position i of n. A sample is one
draw of weights and inputs; samples are independent, so that means over them have intervals.

>>> found = observe("rnn", {"n": 12, "d": 4}, samples=8)
>>> found.rate.high < 1, found.distances[3].distance, str(found.source)[:5]
(True, 3, 'numpy')

References: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
networks*, Section 2.1: |d h_i / d h_j| <= (gamma s)^(i - j), s the largest singular value of the
recurrent matrix and gamma the largest slope of the nonlinearity, 1 for tanh.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from . import cells, shapes
from .cells import Cell, Weights
from .errors import ArgumentError, RunError, UnknownNameError
from .intervals import Interval, bootstrap
from .observations import Source

Floats = NDArray[np.float64]

NORM = "spectral norm of d output_i / d input_j, i the last position"
LEVEL = 0.99
SAMPLES = 32
ROUNDING = 1e-9
"""A rate this near to 1 is 1: products of orthogonal matrices are orthogonal up to rounding."""
NEVER_SHORTER = 4
"""Positions that a rate needs at least: distances 1 to 3."""


@dataclass(frozen=True, slots=True)
class AtDistance:
    """The norms at one distance."""

    distance: int
    mean: Interval | None
    """The geometric mean of the norms that are not zero; None if all are."""
    zeros: int = 0
    """How many samples have a norm of exactly zero: no path, or less than double precision has."""


@dataclass(frozen=True, slots=True)
class Signal:
    """How a gradient changes with distance."""

    subject: str
    """The model and the condition that it was drawn under."""
    at: Mapping[str, int]
    source: Source
    samples: int
    seed: int
    distances: tuple[AtDistance, ...]
    rate: Interval | None
    """The factor by which the norm changes with one more position; None if some norm is zero."""
    norm: str = NORM

    @property
    def vanishes(self) -> bool | None:
        """Whether the whole interval of the rate is below 1; None if some norm is zero."""
        return None if self.rate is None else self.rate.high < 1 - ROUNDING

    @property
    def trend(self) -> str:
        """Say what the interval of the rate shows."""
        if self.rate is None:
            return "has no rate, since some norms are zero"
        if self.vanishes:
            return "vanishes"
        return "grows" if self.rate.low > 1 + ROUNDING else "shows no change with distance"


@dataclass(frozen=True, slots=True)
class Bound:
    """Pascanu et al.'s bound s^(i - j) |W| against every norm that was taken."""

    singular_value: float
    """The largest s of all samples."""
    compared: int
    """How many norms were compared, samples times distances."""
    largest_ratio: float
    """The largest norm / bound; at most 1 where the bound holds, up to rounding."""

    @property
    def decays(self) -> bool:
        """Whether the bound says that gradients vanish; for s >= 1 it says nothing."""
        return self.singular_value < 1


RECURRENT: Mapping[str, Cell] = MappingProxyType(
    {
        "rnn": cells.ELMAN,
        "lstm": cells.LSTM,
        "gru": cells.GRU,
        "linear": cells.LINEAR,
        "linear_recurrence": cells.ELEMENTWISE,
    }
)
"""Cells by name; ``linear`` is h_t = U h_{t-1} + W x_t, the others are of the catalogue."""

NAMES = (*RECURRENT, "causal_attention")


def observe(model: str, at: Mapping[str, int], *, samples: int = SAMPLES, seed: int = 0) -> Signal:
    """Take the norms of a model by distance, drawn as torch.nn draws its parameters.

    Parameters
    ----------
    model
        A name in ``NAMES``.
    at
        Sizes n, d, and h for attention.
    samples
        How many independent draws of weights and inputs.
    seed
        Sample k is drawn from (seed, k).
    """
    if model not in NAMES:
        raise UnknownNameError(f"expected model to be one of {', '.join(NAMES)}, got {model!r}")
    n, d = shapes.size(at, "n"), shapes.size(at, "d")

    def blocks(random: np.random.Generator) -> Floats:
        if model == "causal_attention":
            weights, x = uniform(shapes.attention(at), d, random), random.normal(size=(n, d))
            return cells.attention_by_distance(weights, x, heads=at.get("h", 1))
        cell = RECURRENT[model]
        wide = 2 * d if cell.gates == 0 else d
        return cells.by_distance(
            cell, draw(cell, d, random), random.normal(size=(n, wide)), width=d
        )

    return collect(model, blocks, at=at, samples=samples, seed=seed)


def draw(cell: Cell, d: int, random: np.random.Generator) -> dict[str, Floats]:
    """Draw the parameters of a cell as torch.nn does: uniform between -1/sqrt(d) and 1/sqrt(d)."""
    if cell.gates == 0:
        return {}
    return uniform(shapes.recurrent(cell.gates)({"d": d}, 0), d, random)


def uniform(
    of: Mapping[str, tuple[int, ...]], d: int, random: np.random.Generator
) -> dict[str, Floats]:
    """Draw arrays uniformly between -1/sqrt(d) and 1/sqrt(d)."""
    edge = 1 / math.sqrt(d)
    return {name: random.uniform(-edge, edge, shape) for name, shape in of.items()}


def orthogonal(d: int, random: np.random.Generator) -> Floats:
    """Draw an orthogonal matrix: Q of the QR factors of a normal one."""
    q, r = np.linalg.qr(random.normal(size=(d, d)))
    return np.asarray(q * np.sign(np.diag(r)))


def with_singular_value(matrix: Floats, s: float) -> Floats:
    """Scale a matrix so that its largest singular value is s."""
    return np.asarray(matrix * (s / np.linalg.norm(matrix, ord=2)))


def collect(
    subject: str,
    blocks: Callable[[np.random.Generator], Floats],
    *,
    at: Mapping[str, int],
    samples: int = SAMPLES,
    seed: int = 0,
    source: Source | None = None,
) -> Signal:
    """Draw samples of blocks [distance, out, in] and put their norms against the distance.

    Raises
    ------
    RunError
        If a gradient is not finite.
    """
    drawn = [blocks(np.random.default_rng([seed, k])) for k in range(samples)]
    norms = np.stack([spectral(subject, sample) for sample in drawn])
    return summarise(subject, norms, at=at, seed=seed, source=source)


def spectral(subject: str, blocks: Floats) -> Floats:
    """Return the spectral norms [distance] of blocks [distance, out, in], if they are finite."""
    broken = np.flatnonzero(~np.isfinite(blocks).all(axis=(1, 2)))
    if broken.size:
        raise RunError(
            f"expected finite gradients of {subject}, got NaN or infinity at distance {broken[0]}"
        )
    return np.asarray(np.linalg.norm(blocks, ord=2, axis=(1, 2)))


def summarise(
    subject: str,
    norms: Floats,
    *,
    at: Mapping[str, int],
    seed: int = 0,
    source: Source | None = None,
) -> Signal:
    """Put norms [samples, distances] against the distance, with intervals over the samples."""
    samples, n = norms.shape
    if n < NEVER_SHORTER:
        raise ArgumentError(f"expected n to be at least {NEVER_SHORTER}, got n={n}")
    rows = tuple(_at(k, norms[:, k], seed) for k in range(n))
    rate = None if (norms[:, 1:] == 0).any() else _rate(norms, seed)
    source = source or Source("numpy", np.__version__, "Jacobians of plain cells")
    return Signal(subject, dict(at), source, samples, seed, rows, rate)


def _at(k: int, norms: Floats, seed: int) -> AtDistance:
    seen = norms[norms > 0]
    zeros = len(norms) - len(seen)
    if len(seen) < 2:
        return AtDistance(k, None, zeros)
    return AtDistance(k, bootstrap(np.log(seen), seed=seed, level=LEVEL).map(math.exp), zeros)


def _rate(norms: Floats, seed: int) -> Interval:
    """Fit log norm = a + k log rate to each sample, from distance 1 on, and average the slopes.

    Distance 0 is left out: it has no recurrent step yet, and in attention a part of its own.
    """
    k = np.arange(1, norms.shape[1]) - norms.shape[1] / 2
    slopes = np.log(norms[:, 1:]) @ k / (k @ k)
    return bootstrap(slopes, seed=seed, level=LEVEL).map(math.exp)


def bound(norms: Floats, weights: Weights) -> Bound:
    """Hold the norms [distance] of one sample of a tanh cell against s^k |W|."""
    s, w = (float(np.linalg.norm(weights[f"weight_{end}"], ord=2)) for end in ("hh", "ih"))
    # In logarithms, since s^k leaves double precision sooner than its ratio to the norm does.
    seen = np.flatnonzero(norms > 0)
    over = np.log(norms[seen]) - math.log(w) - seen * math.log(s)
    return Bound(s, len(norms), float(np.exp(over.max(initial=-math.inf))))


def tightest(bounds: Sequence[Bound]) -> Bound:
    """Put the bounds of several samples together."""
    return Bound(
        max(b.singular_value for b in bounds),
        sum(b.compared for b in bounds),
        max(b.largest_ratio for b in bounds),
    )
