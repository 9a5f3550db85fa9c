"""Decoding: what plain code keeps between two positions, and what one position more costs.

A scalar is known from the last position on that it depends on, or where a recurrence carried it.
The state after n positions is what is known by then and read by an operation whose result is not:
hidden states, keys and values. An array operation is one, which starts when the last scalar that
it reads is known; what it computes on its way (a product, a partial sum) is never kept. Inputs
over another sequence are known from the start, and what is computed of them is kept as long as it
is read; weights and constants are no state.

>>> state("lstm", sizes={"n": 3, "d": 2, "L": 2}), decode_work("rnn", sizes={"n": 3, "d": 1})
(8, 8)
>>> state("attention", sizes={"n": 3, "d": 2, "h": 1}) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from .catalogue import bound, plain, sequences, stepwise, weights
from .counting import BEFORE, Counted
from .operations import Array
from .shapes import Sizes, size
from .witnesses import Function, Weights, agree, on_counted, on_numbers


def frontier(
    function: Function,
    inputs: Mapping[str, Array],
    layers: Weights | None = None,
    *,
    after: int,
    others: Collection[str] = (),
    stepwise: Function | None = None,
) -> int | None:
    """Count the scalars known after so many positions that later positions read.

    Parameters
    ----------
    function, inputs, layers
        As in `witness`. The inputs are longer than `after`, so long that all that is ever read of
        earlier positions is read.
    after : int
        How many positions are over.
    others : collection of str
        The inputs that run over other sequences than the outputs, known from the start.
    stepwise : callable, optional
        A loop over positions with the same values, where `function` runs in rounds.

    Returns
    -------
    int or None
        `None` if an output depends on a later position: then nothing is over.
    """
    arrays = [_timed(x, of_others=name in others) for name, x in inputs.items()]
    outputs, tally = on_counted(stepwise or function, arrays, layers, boundary=after)
    agree(on_numbers(function, inputs, layers), outputs)
    late = any(x.time > i for i, row in enumerate(outputs) for x in np.asarray(row).flat)
    return None if late else len(tally.kept)


def _timed(x: Array, *, of_others: bool) -> Array:
    """Wrap an input; each of its scalars is known from its own position on."""

    def wrap(time: int) -> Callable[[float], Counted]:
        return lambda value: Counted(float(value), time=time)

    rows = [np.frompyfunc(wrap(BEFORE if of_others else j), 1, 1)(row) for j, row in enumerate(x)]
    return np.asarray(np.stack(rows), dtype=object)


def length_of(name: str) -> str:
    """Return the size that is the length of a model's outputs, which is that of its first input."""
    return next(iter(plain(name).inputs.values()))


def state(name: str, *, sizes: Sizes, seed: int = 0) -> int | None:
    """Count the scalars that a model of the catalogue keeps after n positions.

    Parameters
    ----------
    name, sizes, seed
        As in `run`.

    Returns
    -------
    int or None
        `None` for a model that is not causal.
    """
    key = length_of(name)
    n = size(sizes, key)
    longer = {**sizes, key: _whole(name, sizes, n + _farthest(name, sizes) + 1)}
    return _frontier(name, longer, n, seed)


def decode_work(name: str, *, sizes: Sizes, mac: int = 2, seed: int = 0) -> int | None:
    """Count what the n-th position costs: the operations of n positions less those of n - 1.

    Parameters
    ----------
    name, sizes, mac, seed
        As in `run`; pairs that are not allowed are left out.

    Returns
    -------
    int or None
        `None` for a model that is not causal, or that takes no one position alone.
    """
    key = length_of(name)
    n = size(sizes, key)
    if _whole(name, sizes, n - 1) != n - 1:
        return None
    if _frontier(name, {**sizes, key: _farthest(name, sizes) + 2}, 1, seed) is None:
        return None
    before = _work(name, {**sizes, key: n - 1}, mac, seed) if n > 1 else 0
    return _work(name, sizes, mac, seed) - before


def _frontier(name: str, sizes: Sizes, after: int, seed: int) -> int | None:
    model = plain(name)
    return frontier(
        bound(name, sizes=sizes, pairs="masked"),
        sequences(name, sizes=sizes, seed=seed),
        weights(name, sizes=sizes, seed=seed),
        after=after,
        others={x for x, length in model.inputs.items() if length != length_of(name)},
        stepwise=stepwise(name, sizes=sizes),
    )


def _work(name: str, sizes: Sizes, mac: int, seed: int) -> int:
    arrays = [_timed(x, of_others=False) for x in sequences(name, sizes=sizes, seed=seed).values()]
    function = stepwise(name, sizes=sizes) or bound(name, sizes=sizes, pairs="masked")
    _, tally = on_counted(function, arrays, weights(name, sizes=sizes, seed=seed))
    return tally.work(mac=mac)


def _whole(name: str, sizes: Sizes, length: int) -> int:
    """Return the least length that a model can have from some length on."""
    divisor = plain(name).whole
    step = 1 if divisor is None else size(sizes, divisor)
    return -(-length // step) * step


def _farthest(name: str, sizes: Sizes) -> int:
    """Return how far the farthest window reaches; one position is enough to see that."""
    short = {**sizes, length_of(name): _whole(name, sizes, 1)}
    arrays = [_timed(x, of_others=False) for x in sequences(name, sizes=short).values()]
    function = bound(name, sizes=short, pairs="masked")
    _, tally = on_counted(function, arrays, weights(name, sizes=short))
    return tally.farthest
