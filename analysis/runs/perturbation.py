"""Which input positions an output position depends on, of any plain NumPy function.

One position of one input is moved, and the outputs that change depend on it. A change that is not
above rounding proves nothing, and neither does an output that happens not to change (a unit that is
saturated or switched off), so draws are united until each pair that showed has shown a few times,
and pairs that stay in doubt are kept apart.

>>> found = depends(lambda seed: (lambda x: x.cumsum(axis=0), {"x": np.eye(3) + seed}))
>>> sorted(found.pairs)
[('x', 0, 0), ('x', 0, 1), ('x', 0, 2), ('x', 1, 1), ('x', 1, 2), ('x', 2, 2)]
>>> sorted(found.undecided)
[]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .catalogue import parameters, plain, sequences
from .errors import RunError
from .observations import Source
from .shapes import size

Array = NDArray[np.float64]
Function = Callable[..., Array]
Move = Callable[[np.random.Generator, NDArray[Any]], NDArray[Any]]
"""From a generator and what stands at a position to something else that could stand there."""
Pair = tuple[str, int, int]
"""(input, j, i): output position i depends on position j of that input."""

SEEDS = 6
"""How often a pair has to show before it is believed that others would have shown as well."""
MOST = 64
"""Seeds at most."""
ROUNDING = 2.0**12 * float(np.finfo(np.float64).eps)
"""A change below this part of the largest output may be rounding alone (1e-12)."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Which inputs the outputs of a run really depend on."""

    at: Mapping[str, int]
    source: Source
    method: str
    """``Jacobian`` or ``perturbation``."""
    seeds: tuple[int, ...]
    seen: Mapping[Pair, int]
    """For each pair that depends, at how many seeds it showed."""
    undecided: frozenset[Pair] = frozenset()
    """Pairs whose outputs changed at some seed, but never by more than rounding."""

    @property
    def pairs(self) -> frozenset[Pair]:
        """All (input, j, i) such that output position i depends on position j of that input."""
        return frozenset(self.seen)

    @property
    def rare(self) -> frozenset[Pair]:
        """Pairs that did not show at every seed: saturated units, or one that was not drawn well."""
        return frozenset(pair for pair, count in self.seen.items() if count < len(self.seeds))

    def beyond(self, reached: Iterable[Pair]) -> frozenset[Pair]:
        """Return what depends and is not reached: the graph lacks a path."""
        return self.pairs - frozenset(reached)

    def unseen(self, reached: Iterable[Pair]) -> frozenset[Pair]:
        """Return what is reached and never showed: a derivative that vanishes, or bad luck."""
        return frozenset(reached) - self.pairs


def nudge(random: np.random.Generator, row: NDArray[Any]) -> NDArray[Any]:
    """Add standard normal numbers, or larger ones where the row itself is larger.

    Raises
    ------
    RunError
        For anything but floating-point numbers: what else may stand there is not known.
    """
    if not np.issubdtype(row.dtype, np.floating):
        raise RunError(
            f"expected inputs of floating-point numbers, got {row.dtype}; pass move= for others"
        )
    scale = max(float(np.abs(row).max(initial=0.0)), 1.0)
    return np.asarray(row + scale * random.standard_normal(row.shape))


def depends(
    make: Callable[[int], tuple[Function, Mapping[str, Array]]],
    *,
    seed: int = 0,
    seeds: int = SEEDS,
    move: Move = nudge,
    at: Mapping[str, int] | None = None,
    source: Source | None = None,
) -> Dependence:
    """Move one position after another, at each seed, and unite what changes.

    Parameters
    ----------
    make
        From a seed to a function of arrays, its weights bound, and its inputs by name in the order
        of its arguments; axis 0 of the inputs and of the result is position.
    seed, seeds
        The first seed, and how many at least: more are drawn while some pair has shown less often.
    move
        What is put in the place of a row of an input, for rows that are not real numbers (tokens).
    at, source
        Carried into the result.

    Raises
    ------
    RunError
        If a result is not finite, changes its shape, has no positions, or differs between two calls
        on the same inputs.
    """
    doubtful: set[Pair] = set()

    def take(k: int) -> set[Pair]:
        function, inputs = make(k)
        certain, slight = changes(function, inputs, seed=k, move=move)
        doubtful.update(slight)
        return certain

    seen, chosen = united(take, seed=seed, seeds=seeds)
    source = source or Source("numpy", np.__version__, "a plain function")
    undecided = frozenset(doubtful - set(seen))
    return Dependence(dict(at or {}), source, "perturbation", chosen, seen, undecided)


def united(
    take: Callable[[int], Iterable[Pair]], *, seed: int = 0, seeds: int = SEEDS
) -> tuple[dict[Pair, int], tuple[int, ...]]:
    """Unite what shows from one seed on, until each pair has shown ``seeds`` times.

    Where every pair shows at every seed, that is after so many seeds. A pair behind a unit that is
    mostly switched off shows rarely, and then others like it may not have shown yet.

    Returns
    -------
    tuple
        How often each pair showed, and the seeds.
    """
    seen: Counter[Pair] = Counter()
    taken: list[int] = []
    while len(taken) < seeds or (len(taken) < MOST and min(seen.values(), default=seeds) < seeds):
        taken.append(seed + len(taken))
        seen.update(set(take(taken[-1])))
    return dict(sorted(seen.items())), tuple(taken)


def changes(
    function: Function, inputs: Mapping[str, Array], *, seed: int = 0, move: Move = nudge
) -> tuple[set[Pair], set[Pair]]:
    """Return the pairs that change by more than rounding, and those that change by less."""
    random = np.random.default_rng([seed, 2])
    plain_run = _outputs(function, inputs, None)
    if not np.array_equal(plain_run, _outputs(function, inputs, plain_run.shape)):
        raise RunError("expected the same outputs for the same inputs, got others at a second call")
    scale = max(float(np.abs(plain_run).max(initial=0.0)), np.finfo(np.float64).tiny)
    certain: set[Pair] = set()
    slight: set[Pair] = set()
    for name, array in inputs.items():
        for j in range(len(array)):
            moved = np.array(array)
            moved[j] = move(random, moved[j])
            outputs = _outputs(function, {**inputs, name: moved}, plain_run.shape)
            change = np.abs(outputs - plain_run).reshape(len(outputs), -1).max(axis=1)
            for i in np.flatnonzero(change).tolist():
                (certain if change[i] > ROUNDING * scale else slight).add((name, j, i))
    return certain, slight


def observe(model: str, at: Mapping[str, int], *, seed: int = 0, seeds: int = SEEDS) -> Dependence:
    """Move the inputs of a plain implementation of the catalogue; weights are drawn at each seed."""
    implementation = plain(model)
    options = {key: size(at, symbol) for key, symbol in implementation.options.items()}

    def make(k: int) -> tuple[Function, Mapping[str, Array]]:
        function: Function = partial(implementation.function, **options)
        if implementation.shapes is not None:
            weights = parameters(model, sizes=at, seed=k)
            function = _with_weights(function, weights)
        return function, sequences(model, sizes=at, seed=k)

    source = Source("numpy", np.__version__, f"plain {model}")
    return depends(make, seed=seed, seeds=seeds, at=at, source=source)


def _with_weights(function: Function, weights: object) -> Function:
    return lambda *arrays: function(*arrays, weights)


def _outputs(
    function: Function, inputs: Mapping[str, Array], shape: tuple[int, ...] | None
) -> Array:
    """Call a function on copies, so that it may write into its arguments, and check the result."""
    found = function(*(np.array(array) for array in inputs.values()))
    result = np.asarray(found, dtype=np.float64)
    if result.ndim == 0 or len(result) == 0:
        raise RunError(f"expected outputs by position, got shape {result.shape}")
    if shape is not None and result.shape != shape:
        raise RunError(f"expected outputs of shape {shape} at every call, got {result.shape}")
    if not np.isfinite(result).all():
        raise RunError("expected finite outputs, got NaN or infinity")
    return result
