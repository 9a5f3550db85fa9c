"""Claims about algorithms that are no models: they are run and counted, which confirms or refutes.

>>> from .statements import Claim
>>> what = Counting("work-efficient scan", "combinations", ({"n": 2}, {"n": 8}, {"n": 64}))
>>> claim = Claim("a", "", "", figure="algorithm", relation="at most", value="n", counted=what)
>>> found = by_counting(claim)
>>> found.holds, found.corrected
(False, 'combinations of work-efficient scan = 14 at n=8')
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from ...graphs.sizes import Poly, SizeError
from ..runs.algorithms import ALGORITHMS, counted, require_sizes
from ..runs.errors import ArgumentError
from .bounded import replaced, stated
from .finding import Finding, shown

if TYPE_CHECKING:
    from .statements import Claim

MOST = 32
"""Choices of sizes of one claim."""
FEWEST = 3
"""Fewer say nothing of growth."""
RANGE = 8
"""How much the right-hand side, or a size where that is constant, must grow over the sizes."""


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is run, what is counted, and at which sizes."""

    name: str
    counts: str
    sizes: tuple[dict[str, int], ...]
    seed: int = 0
    spread: float = 2.0
    """For Theta and O: by which factor the quotient of both sides may vary."""

    def __post_init__(self) -> None:
        """Refuse what does not exist or takes minutes."""
        if self.name not in ALGORITHMS:
            raise ValueError(f"expected one of {', '.join(ALGORITHMS)}, got {self.name[:80]!r}")
        if self.counts not in ALGORITHMS[self.name].counts:
            told = ", ".join(ALGORITHMS[self.name].counts)
            raise ValueError(f"expected counts to be one of {told}, got {self.counts[:80]!r}")
        if not 1 <= len(self.sizes) <= MOST:
            raise ValueError(f"expected from 1 to {MOST} choices of sizes, got {len(self.sizes)}")
        if not 0 <= self.seed < 2**32 or not 1 < self.spread <= 16:
            raise ValueError(
                f"expected seed >= 0 and spread above 1 and up to 16, got {self.seed}, {self.spread}"
            )
        for at in self.sizes:
            try:
                require_sizes(self.name, at)
            except ArgumentError as error:
                raise ValueError(str(error)) from None


CONTRADICTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": operator.ne,
    "at most": operator.gt,
    "at least": operator.lt,
}
COUNTED = (*CONTRADICTS, "Theta", "O")
"""Relations that can be held against counts."""


def by_counting(claim: Claim) -> Finding:
    """Run an algorithm at the sizes of a claim and hold the counts against its formula."""
    what = claim.counted
    assert what is not None
    try:
        rows = [(at, _count(what, at), _right(claim, at)) for at in what.sizes]
    except (SizeError, ArithmeticError) as error:
        return Finding(None, False, str(error))
    if claim.relation in CONTRADICTS:
        return _against(what, rows, CONTRADICTS[claim.relation])
    return _growing(what, rows, claim)


Row = tuple[Mapping[str, int], int, Fraction]


def _right(claim: Claim, at: Mapping[str, int]) -> Fraction:
    cost = replaced(stated(claim.value), claim.symbols)
    return Fraction(cost.evaluate(**{s: at[s] for s in cost.sizes}))


def _count(what: Counting, at: Mapping[str, int]) -> int:
    return _counts(what.name, what.seed, tuple(sorted(at.items())))[what.counts]


@functools.lru_cache(maxsize=256)
def _counts(name: str, seed: int, at: tuple[tuple[str, int], ...]) -> dict[str, int]:
    return counted(name, seed=seed, **dict(at))


def _against(
    what: Counting, rows: Sequence[Row], contradicts: Callable[[Any, Any], bool]
) -> Finding:
    for at, count, value in sorted(rows, key=lambda row: sum(row[0].values())):
        if contradicts(count, value):
            text = (
                f"at {_where(at)} {what.counts} of {what.name} are counted as {count}, "
                f"against {shown(value)}"
            )
            right = f"{what.counts} of {what.name} = {count} at {_where(at)}"
            return Finding(False, True, f"{text}{_said(what)}", (), dict(at), right)
    at, count, value = rows[-1]
    text = f"{what.counts} of {what.name} are {count} at {_where(at)}, against {shown(value)}"
    return Finding(True, False, f"{text}{_said(what)}")


def _growing(what: Counting, rows: Sequence[Row], claim: Claim) -> Finding:
    """Compare the quotients of both sides: they stay within a factor, or do not grow by more."""
    ordered = sorted(rows, key=lambda row: (row[2], row[1]))
    quotients = [Fraction(count) / value for _, count, value in ordered]
    low = min(quotients) if claim.relation == "Theta" else quotients[0]
    holds = max(quotients) <= low * Fraction(what.spread)
    told = f"from {float(min(quotients)):.3g} to {float(max(quotients)):.3g} times {claim.value}"
    text = f"{what.counts} of {what.name} are {told}{_said(what, growing=True)}"
    right = "" if holds else f"{what.counts} of {what.name} are no constant times {claim.value}"
    worst = ordered[quotients.index(max(quotients))][0]
    return Finding(holds, False, text, (), {} if holds else dict(worst), right)


def _where(at: Mapping[str, int]) -> str:
    return ", ".join(f"{k}={v}" for k, v in at.items())


def _said(what: Counting, *, growing: bool = False) -> str:
    spread = f", factor {what.spread:g}" if growing else ""
    tried = f"{len(what.sizes)} choices of sizes up to {_where(what.sizes[-1])}"
    return f" ({tried}, seed {what.seed}{spread})"


def faults(claim: Claim) -> str:
    """Say what is wrong with a claim about counts; empty if nothing is."""
    what = claim.counted
    if what is None:
        return "counted: expected what is run and counted"
    try:
        cost = replaced(stated(claim.value), claim.symbols)
    except (SizeError, ArithmeticError) as error:
        return f"value: {error}"
    foreign = [s for s in cost.sizes if s not in ALGORITHMS[what.name].sizes]
    if foreign:
        have = ", ".join(ALGORITHMS[what.name].sizes)
        return f"value: expected sizes of {what.name} ({have}), got {foreign[0]}"
    return "" if claim.relation in CONTRADICTS else _too_close(claim, what, cost)


def _too_close(claim: Claim, what: Counting, cost: Poly) -> str:
    """Say if sizes are too few or too near each other to say anything of growth."""
    if len(what.sizes) < FEWEST:
        return f"counted.sizes: expected at least {FEWEST} choices for a claim about growth"
    if cost.sizes:
        values = [_right(claim, at) for at in what.sizes]
        ratio = max(values) / min(values) if min(values) > 0 else 0
    else:
        ratio = max(
            Fraction(max(c), min(c)) for c in zip(*(at.values() for at in what.sizes), strict=True)
        )
    if ratio < RANGE:
        return f"counted.sizes: expected sizes over which {claim.value if cost.sizes else 'one'} grows by {RANGE} times"
    return ""
