"""What a state can carry: the most that can be known of tokens that were read into so many bits.

A string of random tokens of an alphabet of v goes through a state of s bits. By the data processing
inequality the state and what is said from it know at most s bits of the string, so of each of T
tokens s / T bits on average; and by Fano's inequality whoever says tokens rightly with probability p
knows at least log2 v - H(p) - (1 - p) log2 (v - 1) bits of each. So p has a ceiling, which falls
below 1 where T > s / log2 v. For T tokens of which one is asked for afterwards it is the same.

>>> ceiling(8, tokens=4, v=4), ceiling(0, tokens=4, v=4)
(1.0, 0.25)
>>> capacity(16, 4)
8.0

References: Fano 1961, *Transmission of Information*; Cover and Thomas 2006, *Elements of
Information Theory*, Section 2.10; Jelassi et al. 2024, *Repeat After Me*, Section 2.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .definition import Learner, Prediction


def capacity(bits: float, v: int) -> float:
    """Return how many tokens of an alphabet of v go into so many bits."""
    return bits / math.log2(v)


def ceiling(bits: float, *, tokens: int, v: int) -> float:
    """Return the largest probability of saying a token rightly.

    Parameters
    ----------
    bits
        Of the state.
    tokens
        How many were read.
    v
        How many different ones there are, at least 2.
    """
    share = bits / tokens
    if share >= math.log2(v):
        return 1.0
    low, high = 1 / v, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if known(middle, v) <= share else (low, middle)
    return high if share > 0 else 1 / v


def known(p: float, v: int) -> float:
    """Return the bits that one knows at least of a token that one says with probability p."""
    doubt = -sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)
    return math.log2(v) - doubt - (1 - p) * math.log2(v - 1)


def state_bits(learner: Learner, n: int) -> int:
    """Derive the state of a model from its graph after n positions, in bits.

    Raises
    ------
    ArgumentError
        If nothing is derived, or the scalars are not rounded.
    """
    from ...graphs.models import CATALOGUE
    from ...graphs.setting import Setting
    from ...graphs.tracing import trace
    from ..deriving import derive
    from ..runs.errors import ArgumentError

    stacked: dict[str, Any] = {"L": learner.L} if learner.L > 1 else {}
    formula = derive("state", trace(CATALOGUE[learner.model], **stacked), Setting()).formula
    if formula is None or not learner.bits:
        raise ArgumentError(f"expected a state of some bits, got none for {learner.label}")
    sizes = {"n": n, "d": learner.d, "h": learner.h, "w": learner.w, "k": learner.k}
    scalars = formula.evaluate(**{s: v for s, v in sizes.items() if s in formula.sizes})
    return int(scalars) * learner.bits


def predictions(
    learners: Sequence[Learner], tokens: Mapping[int, int], read: Mapping[int, int], v: int
) -> Iterator[Prediction]:
    """Yield the ceiling of each learner at each size.

    Parameters
    ----------
    tokens
        How many random tokens there are, by size.
    read
        How many positions are read before the cut, by size.
    """
    for learner in learners:
        for size, count in tokens.items():
            bits = state_bits(learner, read[size])
            yield Prediction(learner.label, size, round(ceiling(bits, tokens=count, v=v), 6))
