"""Gradients by distance and times by size as observations that are shown, and held against nothing.

>>> from .signal import observe
>>> rows = gradient(observe("rnn", {"n": 6, "d": 3}, samples=8))
>>> [row.part for row in rows][:3], rows[0].note
(['rate', 'distance 0', 'distance 1'], 'vanishes')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from .observations import Observation, Source
from .scaling import Scaling, spaced
from .signal import Signal
from .timing import Timing, observe

SHORTEST, LONGEST, COUNT = 64, 4096, 5
"""Sizes that are timed: from the first on, sixteen times as long at most."""
SECONDS = 10.0

Make = Callable[[int], Callable[[], object]]


def gradient(found: Signal) -> tuple[Observation, ...]:
    """Return the factor by which a gradient changes with one position, and its norms by distance."""
    rows = [("rate", found.rate, found.trend)]
    rows += [
        (
            f"distance {row.distance}",
            row.mean,
            f"{row.zeros} of {found.samples} samples are zero" if row.zeros else "",
        )
        for row in found.distances
    ]
    return tuple(
        Observation(
            "gradient",
            dict(found.at),
            mean.estimate,
            found.source,
            part,
            math.inf,
            note if part == "rate" else "; ".join(filter(None, [str(mean), note])),
        )
        for part, mean, note in rows
        if mean is not None
    )


def time(
    make: Make, at: Mapping[str, int], source: Source, *, library: str, seed: int = 0
) -> tuple[Observation, ...]:
    """Time work over lengths, and return the slopes and the times with one thread and with all."""
    least = min(max(at["n"], SHORTEST), LONGEST // 16)
    sizes = spaced(least, 16 * least, COUNT)
    found = observe(source.subject, make, sizes, library=library, budget=SECONDS, seed=seed)
    seen = []
    for scaling in (found.one, found.all):
        if scaling is not None:
            seen += _scaling(scaling, found, at, source)
    return tuple(seen)


def _scaling(
    scaling: Scaling, found: Timing, at: Mapping[str, int], source: Source
) -> list[Observation]:
    slope = f"{scaling.slope}; {scaling.answer}" + (f"; {found.note}" if found.note else "")
    rows = [("exponent of n", scaling.slope.estimate, slope)]
    for k, (n, seconds) in enumerate(zip(scaling.sizes, scaling.seconds, strict=True)):
        faster = f"{found.speedup[k]:.2f} times as fast" if scaling is found.all else ""
        rows.append((f"seconds at n={n}", seconds, faster))
    return [
        Observation("time", dict(at), value, source, f"{part}, {scaling.threads}", math.inf, note)
        for part, value, note in rows
    ]
