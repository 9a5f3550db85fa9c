"""What one model in one setting says of a claim, and the search for the smallest counterexample."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample, Unsatisfiable

from ...graphs.sizes import Poly, SizeError
from ..derivation import Derivation
from ..proofs.growth import GrowthCertificate
from .domains import Domain

SEARCHED = 300
LARGEST = 4096
SMALL = 2000
"""How many choices of the smallest sizes are tried one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one model in one setting says of a claim."""

    holds: bool | None
    """None if the figure does not exist there."""
    certain: bool
    """Whether that is a proof, and not a search that found nothing."""
    text: str
    certificates: tuple[GrowthCertificate, ...] = ()
    """Of a claim about growth: constants that the checker accepted, in each size that grows."""
    counterexample: Mapping[str, int] = field(default_factory=dict)
    """Sizes at which it does not hold, as small as the search found."""
    corrected: str = ""
    """If it does not hold: the statement that does."""


def missing(found: Derivation) -> Finding:
    """Say that there is no such figure, and why."""
    return Finding(None, False, found.reason or "no such figure")


def formula_of(found: Derivation) -> str:
    """Write a formula with the sizes for which it holds, where these are not all."""
    assert found.formula is not None
    least = [f"{s} >= {v}" for s, v in sorted(found.least.items()) if v > 1]
    return f"{found.formula} for {' and '.join(least)}" if least else str(found.formula)


def searched(
    found: Derivation,
    value: Poly,
    contradicts: Callable[[Any, Any], bool],
    name: str,
    word: str,
    domain: Domain,
) -> Finding:
    """Compare both sides at many sizes."""
    formula = found.formula
    assert formula is not None

    def bad(at: Mapping[str, int]) -> bool:
        return contradicts(formula.evaluate(**at), value.evaluate(**at))

    names = sorted({*formula.sizes, *value.sizes})
    at = smallest(names, bad, domain, found.least)
    if at is None:
        return Finding(
            True, False, f"{name} = {formula_of(found)}; no counterexample among {SEARCHED} sizes"
        )
    mine, theirs = (shown(side.evaluate(**at)) for side in (formula, value))
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    said = f"at {where} {name} = {formula} {word} {mine}, against {theirs}"
    return Finding(
        False,
        True,
        said if names else f"{name} = {mine}, against {theirs}",
        counterexample=at,
        corrected=f"{name} = {formula_of(found)}" + (f" for {domain.text}" if domain.text else ""),
    )


def smallest(
    names: list[str],
    bad: Callable[[Mapping[str, int]], bool],
    domain: Domain,
    least: Mapping[str, int],
) -> dict[str, int] | None:
    """Return sizes of the domain that are bad; None if none were found.

    The smallest sizes are tried one by one, larger ones by hypothesis, which shrinks what it finds.
    """

    def within(at: Mapping[str, int]) -> bool:
        try:
            return domain.holds(at) and bad(at)
        except (SizeError, ArithmeticError):
            return False

    bounded = sorted({s for pair in domain.bounds for side in pair for s in side.sizes})
    drawn = [s for s in (*names, *(b for b in bounded if b not in names)) if s not in domain.equal]
    for point in _small(len(drawn)):
        at = {s: least.get(s, 1) + more for s, more in zip(drawn, point, strict=True)}
        if within(at):
            return at
    sizes = st.fixed_dictionaries({s: st.integers(least.get(s, 1), LARGEST) for s in drawn})
    options = settings(
        max_examples=SEARCHED,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        return dict(find(sizes, within, settings=options))
    except (NoSuchExample, Unsatisfiable):
        return None


def _small(count: int) -> list[tuple[int, ...]]:
    """Return how far sizes are above their least values, the smallest sums first."""
    side = next(k for k in range(SMALL, 0, -1) if k**count <= SMALL)
    grid = itertools.product(range(side), repeat=count)
    return sorted(grid, key=lambda point: (sum(point), point))


def shown(number: Any) -> str:
    """Write a number exactly where that is short, with its value where it is no whole number."""
    if getattr(number, "denominator", 1) == 1:
        return str(number)
    return f"{number} (about {float(number):.6g})"
