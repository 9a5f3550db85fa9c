"""The numpy engine: what the plain implementations of this package show, as observations.

>>> at = {"n": 4, "d": 2, "h": 1}
>>> for seen in observe("causal_attention", at, figures=("work", "state")):
...     print(seen.figure, seen.part or "all", seen.value)
work dense 376
work contraction dense 256
work masked 292
work contraction masked 208
state all 16
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from . import shown, signal
from .catalogue import bound, plain, run, sequences, weights
from .decoding import decode_work, state
from .observations import Observation, Source
from .pairs import bits
from .witnesses import RunResult, on_numbers

Sizes = Mapping[str, int]
Part = tuple[str, int | None]
"""A line of a figure and its value; None where there is no such thing."""


def observe(
    model: str, at: Sizes, *, figures: Sequence[str], seed: int = 0
) -> tuple[Observation, ...]:
    """Run a plain implementation on counting scalars and observe some of its figures.

    Parameters
    ----------
    model
        A name of the catalogue.
    at
        Concrete sizes.
    figures
        Among `FIGURES` and `SHOWN`.
    seed
        Of the weights and inputs.

    Raises
    ------
    RunError
        If the catalogue has no such implementation, or the sizes do not fit it.
    """
    function, given = plain(model).function, {"h": 1, **at}
    name = f"{function.__module__}.{function.__qualname__}".rpartition("analysis.")[2]
    source = Source("numpy", np.__version__, f"workspan.analysis.{name}")
    found = [
        Observation(figure, dict(at), value, source, part=part)
        for figure in figures
        if figure in FIGURES
        for part, value in FIGURES[figure](model, given, seed)
        if value is not None
    ]
    for figure in figures:
        if figure in SHOWN:
            found += [replace(o, at=dict(at)) for o in SHOWN[figure](model, given, seed, source)]
    return tuple(found)


def _params(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    yield "", _ran(model, at, seed).params


def _work(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    both = plain(model).pairs
    for pairs in ("dense", "masked") if both else ("dense",):
        found, end = _ran(model, at, seed, pairs), f" {pairs}" if both else ""
        yield end.strip(), found.work
        yield f"contraction{end}", 2 * found.operations["multiply_add"]


def _span(model: str, at: Sizes, seed: int) -> Iterable[Part]:
    return _ran(model, at, seed).span.items()


def _path_length(model: str, at: Sizes, seed: int) -> Iterable[Part]:
    # Scalars inside one equation may be closer to the inputs than the equation is deep, so the
    # path in unit scalar is another figure than the graph's.
    found = _ran(model, at, seed).path_length
    return [(unit, found.get(unit)) for unit in ("layer", "tensor")]


def _mixing_hops(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    yield "", _ran(model, at, seed).mixing_hops


def _receptive_field(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    yield "", _ran(model, at, seed).receptive_field


def _dependence(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    found = _ran(model, at, seed).depends
    for name in plain(model).inputs:
        yield name, bits((j, i) for source, j, i in found if source == name)


def _state(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    yield "", state(model, sizes=at, seed=seed)


def _decode_work(model: str, at: Sizes, seed: int) -> Iterator[Part]:
    yield "", decode_work(model, sizes=at, seed=seed)


FIGURES: Mapping[str, Callable[[str, Sizes, int], Iterable[Part]]] = MappingProxyType(
    {
        "params": _params,
        "work": _work,
        "span": _span,
        "path_length": _path_length,
        "mixing_hops": _mixing_hops,
        "receptive_field": _receptive_field,
        "dependence": _dependence,
        "state": _state,
        "decode_work": _decode_work,
    }
)
"""How each figure is read off a run."""


def _gradient(model: str, at: Sizes, seed: int, source: Source) -> Iterable[Observation]:
    return shown.gradient(signal.observe(model, at, seed=seed)) if model in signal.NAMES else ()


def _time(model: str, at: Sizes, seed: int, source: Source) -> Iterable[Observation]:
    key = next(iter(plain(model).inputs.values()))

    def make(n: int) -> Callable[[], object]:
        sizes = {**at, key: n}
        function = bound(model, sizes=sizes, pairs="dense")
        inputs, layers = sequences(model, sizes=sizes), weights(model, sizes=sizes)
        return lambda: on_numbers(function, inputs, layers)

    return shown.time(make, at, source, library="numpy", seed=seed)


SHOWN: Mapping[str, Callable[[str, Sizes, int, Source], Iterable[Observation]]] = MappingProxyType(
    {"gradient": _gradient, "time": _time}
)
"""What is shown on request, and held against nothing."""


def _ran(model: str, at: Sizes, seed: int, pairs: str = "dense") -> RunResult:
    return _kept(model, tuple(sorted(at.items())), seed, pairs)


@functools.lru_cache(maxsize=16)
def _kept(model: str, at: tuple[tuple[str, int], ...], seed: int, pairs: str) -> RunResult:
    return run(model, sizes=dict(at), pairs=pairs, seed=seed)
