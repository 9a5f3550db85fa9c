"""The transformers engine: what language models of Hugging Face show, as observations.

>>> at = {"n": 4, "v": 5, "d": 8, "h": 2, "g": 1, "f": 6, "L": 1}
>>> for seen in observe("llama", at, figures=("params", "work", "state")):
...     print(seen.figure, seen.part or "all", seen.value)
params all 440
work contraction dense 3520
work contraction masked 3328
state all 32

Parts say what is counted. *dense* is one run over all positions, with masked pairs computed and
thrown away; *masked* is the sum of runs over one position each, which read the cache and so compute
allowed pairs only. Windows are computed as masks on all pairs, which is more than n w pairs: of
their models the dense part is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..observations import EngineError, Observation
from ..pairs import bits
from ..perturbation import depends
from ..pytorch.counting import count
from .building import Built, PaddedLeft, build
from .caches import cache_of, carried, state
from .configs import FAMILIES

Sizes = Mapping[str, int]
Part = tuple[str, int, str]
"""A line of a figure, its value, and what is to be said of it."""

NAMES = tuple(FAMILIES)
"""The models that the engine has."""

LARGEST = 2_000_000
"""Weights that a model has at most on the CPU; a larger one runs on the meta device."""

LONGEST = 500
"""Runs of a layer on one position each, at most, for the masked part of the work."""


def observe(
    model: str, at: Sizes, *, figures: Sequence[str], seed: int = 0, device: str | None = None
) -> tuple[Observation, ...]:
    """Run a model of transformers and observe some of its figures.

    Parameters
    ----------
    model
        A name of :data:`NAMES`.
    at
        Concrete sizes: n, and those of the model's configuration.
    figures
        Among :data:`FIGURES`.
    seed
        Of the weights and inputs.
    device
        ``cpu`` or ``meta``; by default the CPU for small models, the meta device for others.

    Raises
    ------
    EngineError
        If transformers does not have the model or the run failed, or the figure is none of these.
    """
    unknown = [figure for figure in figures if figure not in FIGURES]
    if unknown:
        raise EngineError(f"expected figures of {', '.join(FIGURES)}, got {unknown[0]}")
    complete = _complete(model, at)
    if device is None:
        device = "cpu" if build(model, complete, device="meta").params <= LARGEST else "meta"
    built = build(model, complete, seed=seed, device=device)
    return tuple(
        Observation(figure, dict(at), value, built.source, part=part, note=note)
        for figure in figures
        for part, value, note in FIGURES[figure](built, seed)
    )


def _complete(model: str, at: Sizes) -> Sizes:
    """One head and one layer where nothing is said, as in the catalogue."""
    own = FAMILIES[model].sizes if model in FAMILIES else ()
    return {**{s: 1 for s in ("h", "L", "a", "b") if s in own}, **at}


def _params(built: Built, seed: int) -> Iterator[Part]:
    yield "", built.params, ""


def _work(built: Built, seed: int) -> Iterator[Part]:
    family, end = built.family, " dense" if built.family.causal else ""
    if not family.windowed:
        done, note = _contractions(built)
        yield f"contraction{end}", done, note
    n, layers = built.sizes["n"], built.sizes["L"]
    if family.causal and not family.recurrent and n * layers <= LONGEST:
        note = "the sum over runs on one position each, with a cache"
        yield "contraction masked", sum(_steps(built)), note


def _contractions(built: Built) -> tuple[int, str]:
    """Count a run over all positions, convolutions over those that are kept."""
    # A cache makes a window of fewer than k positions k positions long; the meta device needs one.
    cached = built.device == "meta"
    if cached and built.family.recurrent and built.sizes["n"] < built.sizes["k"]:
        raise EngineError(
            f"expected n of at least k on the meta device, got n={built.sizes['n']}, "
            f"k={built.sizes['k']}"
        )
    inputs = built.inputs()
    published = count(lambda: built.forward(*inputs, cached=cached)).contraction
    with PaddedLeft():
        kept = count(lambda: built.forward(*inputs, cached=cached)).contraction
    dropped = published - kept
    note = f"besides {dropped} at positions of convolutions that are dropped" if dropped else ""
    return kept, note


def _steps(built: Built) -> Iterator[int]:
    """Count runs on one position each, every one with the cache of those before."""
    (tokens,), cache = built.inputs(), None
    for k in range(len(tokens)):
        found: list[Any] = []

        def step(k: int = k, cache: Any = cache, found: list[Any] = found) -> None:
            found.append(built.forward(tokens[k : k + 1], cache=cache))

        yield count(step).contraction
        cache = cache_of(found[0])


def _decode_work(built: Built, seed: int) -> Iterator[Part]:
    """Count the run on the last position; of convolutions transformers computes two positions."""
    if not built.family.causal or built.family.recurrent:
        return
    (tokens,) = built.inputs()
    cache = cache_of(built.forward(tokens[:-1])) if len(tokens) > 1 else None
    done = count(lambda: built.forward(tokens[-1:], cache=cache)).contraction
    yield "contraction", done, "the run on the last position, with the cache of those before"


def _state(built: Built, seed: int) -> Iterator[Part]:
    if not built.family.causal:
        return
    note = ""
    if built.family.recurrent:
        n, k = built.sizes["n"], built.sizes["k"]
        columns = carried(built.name, n, k)
        note = f"{columns} of the {k} columns that the cache keeps for each convolution are read"
    yield "", state(built), note


def _dependence(built: Built, seed: int) -> Iterator[Part]:
    """Put another word at a position: the outputs that change depend on it."""
    at = built.sizes
    if built.device == "meta" or at["v"] < 2:
        return
    names = ("tokens",) if built.family.causal else ("tokens", "segments")

    def make(k: int) -> tuple[Callable[..., Any], dict[str, Any]]:
        drawn = build(built.name, at, seed=k)
        return drawn.run, dict(zip(names, drawn.inputs(k), strict=True))

    def another(random: np.random.Generator, row: NDArray[Any]) -> NDArray[Any]:
        most = 2 if row.max() < 2 and not built.family.causal else at["v"]
        return np.asarray((row + random.integers(1, most)) % most)

    found = depends(make, seed=seed, move=another, at=at, source=built.source)
    for name in names:
        value = bits((j, i) for source, j, i in found.pairs if source == name)
        yield name, value, "other words at a position, in 32 bits inside"


FIGURES: Mapping[str, Callable[[Built, int], Iterator[Part]]] = MappingProxyType(
    {
        "params": _params,
        "work": _work,
        "decode_work": _decode_work,
        "state": _state,
        "dependence": _dependence,
    }
)
"""How each figure is read off a run."""
