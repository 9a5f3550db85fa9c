"""Read work, span, paths and dependence off a function while it runs.

The function is run three times: on numbers, on counted scalars for work and span, and, where it
has a variant that computes allowed pairs only, on that variant for dependence and paths.

>>> x = np.arange(8.0).reshape(4, 2)
>>> result = witness(lambda x: x[1:] + x[:-1], {"x": x})
>>> result.work, result.span, sorted(result.depends)[:2]
(6, {'layer': 0, 'tensor': 1, 'scalar': 1}, [('x', 0, 0), ('x', 1, 0)])
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from .counting import CARRIED, HOPS, ROWS, UNITS, Counted, Reach, Tally, counting
from .errors import NoRuleError, RunError
from .operations import Array, lift

Function = Callable[..., Array]
Weights = Sequence[Mapping[str, Array]]
Place = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What one run showed."""

    outputs: NDArray[np.float64]
    """[n, ...] what the function computes on numbers."""
    work: int
    """Scalar operations."""
    operations: Mapping[str, int]
    """The same by kind; `multiply_add` are those inside contractions, not yet times `mac`."""
    params: int
    """The number of weights."""
    span: Mapping[str, int]
    """By unit: the largest depth of an output."""
    path_length: Mapping[str, int]
    """By unit: the largest distance from an input position to an output position that depends on
    it, each pair taken at its nearest components; empty where nothing depends on an input."""
    mixing_hops: int | None
    """The same in reads of another position, a recurrence's step or a whole scan being one; None
    where nothing depends on an input."""
    depends: frozenset[tuple[str, int, int]]
    """All (input, j, i) such that output position i depends on position j of that input."""
    receptive_field: int
    """The largest number of positions of one input that an output position depends on."""


def witness(
    function: Function,
    inputs: Mapping[str, Array],
    weights: Weights | None = None,
    *,
    dependence: Function | None = None,
    reduction: str = "tree",
    mac: int = 2,
) -> RunResult:
    """Run a plain function and report what it cost and what its outputs depend on.

    Parameters
    ----------
    function : callable
        Called as `function(*inputs, weights)`, or `function(*inputs)` without weights. It uses
        the operations of this package and arithmetic operators; axis 0 of the result is position.
    inputs : mapping
        Arrays of numbers by name; axis 0 is position.
    weights : sequence of mappings, optional
        Arrays of numbers by name, one mapping per layer.
    dependence : callable, optional
        A variant of `function` with the same values, from which dependence and paths are read.
    reduction : str
        The order of sums and maxima: "tree" or "sequential".
    mac : int
        Operations per multiply-add: 1 or 2.
    """
    outputs = on_numbers(function, inputs, weights)
    arrays = _reaching(inputs)
    counted, tally = on_counted(function, arrays, weights, reduction=reduction)
    agree(outputs, counted)
    read = counted
    if dependence is not None:
        read, _ = on_counted(dependence, arrays, weights, reduction=reduction)
        agree(outputs, read)
    distances = _distances(read, _places(inputs))
    return RunResult(
        outputs=outputs,
        work=tally.work(mac=mac),
        operations={"multiply_add": tally.multiply_adds, **dict(sorted(tally.other.items()))},
        params=sum(np.size(array) for layer in weights or () for array in layer.values()),
        span={unit: max(getattr(element, unit) for element in counted.flat) for unit in UNITS},
        path_length=_longest(distances),
        mixing_hops=_most_hops(distances),
        depends=frozenset((name, j, i) for (name, j), i in distances),
        receptive_field=max(Counter((name, i) for (name, _), i in distances).values(), default=0),
    )


def on_numbers(
    function: Function, inputs: Mapping[str, Array], weights: Weights | None
) -> NDArray[np.float64]:
    """Run on numbers."""
    layers = [] if weights is None else [weights]
    return np.asarray(function(*inputs.values(), *layers), dtype=np.float64)


def on_counted(
    function: Function,
    arrays: Sequence[Array],
    weights: Weights | None,
    *,
    reduction: str = "tree",
    boundary: int = sys.maxsize,
) -> tuple[Array, Tally]:
    """Run on inputs that are counted scalars; the weights become constants."""
    layers = [{name: lift(w) for name, w in layer.items()} for layer in weights or ()]
    with counting(reduction=reduction, boundary=boundary) as tally:
        outputs = np.asarray(function(*arrays, *([] if weights is None else [layers])))
    for element in outputs.flat:
        if not isinstance(element, Counted):
            kind = type(element).__name__
            raise NoRuleError(f"expected every output to be a counted scalar, got a {kind}")
    return outputs, tally


def _places(inputs: Mapping[str, Array]) -> list[Place]:
    return [(name, j) for name, array in inputs.items() for j in range(len(array))]


def _reaching(inputs: Mapping[str, Array]) -> list[Array]:
    """Wrap inputs; what lies at one position reaches from one column at distance 0."""
    nowhere = np.full((ROWS, len(_places(inputs))), np.inf)
    columns = count()

    def wrap(row: Array) -> Array:
        reach = nowhere.copy()
        reach[:CARRIED, next(columns)] = 0.0
        element = np.frompyfunc(lambda value: Counted(float(value), reach=reach), 1, 1)
        return np.asarray(element(row), dtype=object)

    return [np.stack([wrap(row) for row in array]) for array in inputs.values()]


def agree(numbers: Array, counted: Array) -> None:
    """Refuse counted outputs with other values than those on numbers."""
    values = np.vectorize(lambda element: element.value, otypes=[np.float64])(counted)
    same_shape = numbers.shape == values.shape
    if not (same_shape and np.allclose(numbers, values, rtol=1e-6, atol=1e-9, equal_nan=True)):
        raise RunError(
            "expected the same outputs on numbers and on counted scalars, "
            f"got {numbers} and {values}: the function must not look at what it computes on"
        )


def _distances(outputs: Array, places: Sequence[Place]) -> dict[tuple[Place, int], Reach]:
    """Return the shortest distances [5] from each input place to each output position, if any."""
    distances: dict[tuple[Place, int], Reach] = {}
    for i, row in enumerate(outputs):
        reaches = [e.reach for e in np.asarray(row, dtype=object).flat if e.reach is not None]
        if not reaches:
            continue
        nearest = np.minimum.reduce(reaches)
        for column in np.flatnonzero(np.isfinite(nearest[0])).tolist():
            distances[places[column], i] = nearest[:, column]
    return distances


def _longest(distances: Mapping[tuple[Place, int], Reach]) -> dict[str, int]:
    if not distances:
        return {}
    farthest = np.maximum.reduce(list(distances.values()))
    return {unit: int(steps) for unit, steps in zip(UNITS, farthest[:HOPS], strict=True)}


def _most_hops(distances: Mapping[tuple[Place, int], Reach]) -> int | None:
    return max((int(steps[HOPS]) for steps in distances.values()), default=None)
