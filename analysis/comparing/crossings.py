"""The nearest sizes at which an order turns: exact whole numbers, in each direction along one size.

>>> from ...graphs.sizes import poly
>>> lstm, attention = poly("16*d**2*n"), poly("8*d**2*n + 4*d*n**2")
>>> print(*turns(lstm, attention, {"n": 32768, "d": 1024}, "n"), sep=chr(10))
n <= 2047: the other is less; 16 times below n = 32768
>>> print(*turns(lstm, attention, {"n": 32768, "d": 1024}, "d"), sep=chr(10))
d >= 16385: the other is less; 16 times above d = 1024
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...graphs.sizes import Poly
from .segments import Segment, segments

LARGEST = 10**12
"""The largest size up to which crossovers are looked for."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The nearest run of sizes at which the order of two costs is another one."""

    size: str
    asked: int
    first: int
    """The number of the run that is nearest to what was asked."""
    last: int | None
    """The other end of the run; None if it goes on as far as anybody looked."""
    sign: int
    """1: the other is less there; 0: both are equal; -1: the other is more there."""

    @property
    def above(self) -> bool:
        """Whether it lies above what was asked."""
        return self.first > self.asked

    @property
    def factor(self) -> Fraction:
        """How many times it is away, at least 1."""
        return Fraction(max(self.first, self.asked), min(self.first, self.asked))

    @property
    def condition(self) -> str:
        """The run as a condition, such as ``n <= 2047``."""
        if self.last is None:
            return f"{self.size} {'>=' if self.above else '<='} {self.first}"
        low, high = sorted((self.first, self.last))
        return f"{self.size} = {low}" if low == high else f"{low} <= {self.size} <= {high}"

    def __str__(self) -> str:
        what = {1: "the other is less", 0: "both are equal", -1: "the other is more"}[self.sign]
        side = "above" if self.above else "below"
        away = f"{float(self.factor):.3g} times {side} {self.size} = {self.asked}"
        return f"{self.condition}: {what}; {away}"


def turns(
    cost: Poly,
    other: Poly,
    sizes: Mapping[str, int],
    along: str,
    *,
    least: int = 1,
    largest: int = LARGEST,
) -> tuple[Turn, ...]:
    """Return the nearest turns below and above, in this order; of each direction at most one.

    Parameters
    ----------
    sizes
        Where the question is asked.
    along
        The size that varies; all others stay as they are.
    least
        The least size for which both formulas hold.

    Raises
    ------
    UnsolvedError
        If a formula has a function that no rule splits.
    """
    fixed = {s: v for s, v in sizes.items() if s != along}
    difference = cost.substitute(fixed) - other.substitute(fixed)
    return nearest(segments(difference, least, largest), sizes[along], along)


def nearest(runs: Sequence[Segment], asked: int, along: str) -> tuple[Turn, ...]:
    """Return the runs next to the one that holds ``asked``; equality for one number is stepped over."""
    here = next((k for k, r in enumerate(runs) if r.first <= asked <= r.last), None)
    if here is None:
        return ()
    below = next((r for r in reversed(runs[:here]) if _counts(r, runs[here])), None)
    above = next((r for r in runs[here + 1 :] if _counts(r, runs[here])), None)
    found = []
    if below is not None:
        last = None if below is runs[0] else below.first
        found.append(Turn(along, asked, below.last, last, below.sign))
    if above is not None:
        last = None if above is runs[-1] else above.last
        found.append(Turn(along, asked, above.first, last, above.sign))
    return tuple(found)


def _counts(run: Segment, here: Segment) -> bool:
    return run.sign not in {0, here.sign} or (run.sign == 0 and run.first < run.last)


def reversals(left: Poly, right: Poly, least: int, largest: int) -> tuple[Segment, ...]:
    """Return all runs of one size at whose first number the order of two costs is turned round.

    The sign of a run is that of ``left - right`` there. Numbers at which both are equal turn
    nothing round, and neither does a cost that was equal from the beginning.

    >>> from ...graphs.sizes import poly
    >>> [(run.first, run.sign) for run in reversals(poly("n**2"), poly("30*n - 200"), 1, 10**12)]
    [(11, -1), (21, 1)]

    Raises
    ------
    UnsolvedError
        If the costs have several sizes, or a function that no rule splits.
    """
    found, sign = [], 0
    for run in segments(left - right, least, largest):
        if run.sign and sign and run.sign != sign:
            found.append(run)
        sign = run.sign or sign
    return tuple(found)


def between(
    order: Callable[[Any], Any], asked: int, along: str, probes: Sequence[int]
) -> tuple[Turn, ...]:
    """Return the nearest turns of an order that can be evaluated, and not solved.

    Parameters
    ----------
    order
        From an array of sizes to the signs of the first cost less the other's.
    probes
        Sizes at which it is looked at, in rising order, the one asked for among them. Between two
        of them at which it differs, the turn is found to the whole number by bisection; an order
        that turns twice between neighbours is not seen.
    """
    signs = [int(x) for x in order(np.asarray(probes))]
    place = probes.index(asked)
    found = []
    for step, end in ((-1, -1), (1, len(probes))):
        far = next((k for k in range(place, end, step) if signs[k] != signs[place]), None)
        if far is None:
            continue
        first = _bisected(order, signs[far], probes[far - step], probes[far])
        last = next((k for k in range(far, end, step) if signs[k] != signs[far]), None)
        until = None if last is None else probes[last - step]
        found.append(Turn(along, asked, first, until, signs[far]))
    return tuple(found)


def _bisected(order: Callable[[Any], Any], there: int, inside: int, outside: int) -> int:
    """Return the number nearest to ``inside`` that has the order of ``outside``."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if int(order(np.asarray([middle]))[0]) == there:
            outside = middle
        else:
            inside = middle
    return outside
