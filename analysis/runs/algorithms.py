"""Algorithms that are no models: each is run on numbers, held against what it should compute, counted.

What papers claim of them is claimed of an algorithm and not of a function, so that no graph of the
function says it: the same attention is read in tiles, the same sums are taken in two sweeps.

>>> counted("work-efficient scan", n=8)
{'combinations': 14, 'levels': 6}
>>> counted("tiled attention", n=16, d=2, M=16)["words"] > 16 * 16
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .errors import ArgumentError, UnknownNameError
from .memory_bound import streamed_attention, tiled_attention
from .other_forms import (
    Counts,
    axial_attention,
    forward_derivatives,
    fully_connected,
    gated_convolutions,
    realised,
    relative_positions,
    reversible,
    swept,
    word_problem,
)

CLOSE = 1e-6
"""How far results may be apart that are the same in exact arithmetic."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm with its sizes, what is counted, and how large it may be."""

    run: Callable[..., tuple[Counts, float]]
    """From a generator and sizes to counts, and how far its result is from the plain one."""
    sizes: Mapping[str, int]
    """Its sizes with the largest that is run (a second or two)."""
    counts: tuple[str, ...]


def _algorithm(run: Callable[..., tuple[Counts, float]], counts: str, **sizes: int) -> Algorithm:
    return Algorithm(run, MappingProxyType(sizes), tuple(counts.split()))


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "work-efficient scan": _algorithm(swept, "combinations levels", n=4096),
        "tiled attention": _algorithm(tiled_attention, "words extra fast", n=1024, d=64, M=65536),
        "streamed attention": _algorithm(streamed_attention, "numbers bits", n=512, d=32),
        "real-time recurrent learning": _algorithm(forward_derivatives, "operations numbers", m=12),
        "neural GPU": _algorithm(gated_convolutions, "operations depth", n=32),
        "fully connected layer": _algorithm(fully_connected, "operations", n=16, d=8),
        "axial attention": _algorithm(axial_attention, "operations", s=10, d=4),
        "state space of any matrix": _algorithm(realised, "operations plain", n=64, s=8),
        "relative positions": _algorithm(relative_positions, "each shifted", n=24, d=4),
        "reversible layers": _algorithm(reversible, "kept", n=64, d=16, L=64),
        "word problem of S5": _algorithm(word_problem, "wrong width", n=2048),
    }
)
"""Algorithms by the names that claims use."""


def counted(name: str, *, seed: int = 0, **sizes: int) -> Counts:
    """Run an algorithm once and return what was counted.

    Raises
    ------
    UnknownNameError, ArgumentError
        If there is no such algorithm, a size is missing, foreign or too large, or the result is not
        what the plain computation gives.
    """
    if name not in ALGORITHMS:
        raise UnknownNameError(f"expected one of {', '.join(ALGORITHMS)}, got {name[:80]!r}")
    algorithm = ALGORITHMS[name]
    require_sizes(name, sizes)
    counts, apart = algorithm.run(np.random.default_rng(seed), **sizes)
    if not apart <= CLOSE:
        raise ArgumentError(f"{name} at {sizes} is {apart:.3g} from what it should compute")
    return counts


def require_sizes(name: str, sizes: Mapping[str, int]) -> None:
    """Refuse sizes that an algorithm has not, or that take long."""
    most = ALGORITHMS[name].sizes
    if set(sizes) != set(most):
        raise ArgumentError(f"expected sizes {', '.join(most)} of {name}, got {', '.join(sizes)}")
    for size, value in sizes.items():
        if not 1 <= value <= most[size]:
            raise ArgumentError(f"expected {size} of {name} from 1 to {most[size]}, got {value}")
