"""Gradient against distance in torch: the norm of d output_i / d input_j by i - j.

The modules of torch.nn as they initialise themselves, differentiated by autograd in float64; the
norm, the samples and the intervals are those of `analysis.runs.signal`, where the same is done in
plain NumPy.

>>> found = observe("causal_attention", {"n": 6, "d": 4, "h": 2}, samples=4)
>>> [row.distance for row in found.distances], found.source.subject
([0, 1, 2, 3, 4, 5], 'torch.nn.MultiheadAttention')
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..signal import SAMPLES, Signal, spectral, summarise
from .dependence import blocks
from .modules import MODULES, Built, build

Floats = NDArray[np.float64]


def observe(
    model: str, at: Mapping[str, int], *, samples: int = SAMPLES, seed: int = 0, fused: bool = True
) -> Signal:
    """Take the norms of a catalogue model by distance; sample k has seed + k.

    Of a model with several inputs the last one is looked at, which for the linear recurrence is
    what is added (b), not the factor.
    """
    norms = []
    for k in range(samples):
        built = build(model, at, seed=seed + k, fused=fused)
        norms.append(spectral(model, by_distance(built, seed + k)))
    subject = f"{model}, input {list(MODULES[model].inputs)[-1]}"
    return summarise(subject, np.stack(norms), at=at, seed=seed, source=built.source)


def by_distance(built: Built, seed: int = 0) -> Floats:
    """Return d output_i / d input_{i-k} for the last position i, as [k, d_out, d_in]."""
    (found,) = blocks(built.run, built.inputs(seed), [built.sizes["n"] - 1])
    return found[-1].transpose(1, 0, 2)[::-1]
