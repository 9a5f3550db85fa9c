"""What one model in one setting says of a claim, and the search for the smallest counterexample."""

from __future__ import annotations

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
        return Finding(True, False, f"{name} = {formula}; no counterexample among {SEARCHED} sizes")
    where = ", ".join(f"{k}={v}" for k, v in at.items()) or "every size"
    return Finding(
        False,
        True,
        f"at {where} {name} = {formula} {word} {shown(formula.evaluate(**at))}, "
        f"against {shown(value.evaluate(**at))}",
        counterexample=at,
        corrected=f"{name} = {formula}" + (f" for {domain.text}" if domain.text else ""),
    )


def smallest(
    names: list[str],
    bad: Callable[[Mapping[str, int]], bool],
    domain: Domain,
    least: Mapping[str, int],
) -> dict[str, int] | None:
    """Return sizes of the domain that are bad, shrunk by hypothesis; None if none were found."""

    def within(at: Mapping[str, int]) -> bool:
        try:
            return domain.holds(at) and bad(at)
        except (SizeError, ArithmeticError):
            return False

    bounded = sorted({s for pair in domain.bounds for side in pair for s in side.sizes})
    drawn = [s for s in (*names, *(b for b in bounded if b not in names)) if s not in domain.equal]
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


def shown(number: Any) -> str:
    """Write a number exactly where that is short, with its value where it is no whole number."""
    if getattr(number, "denominator", 1) == 1:
        return str(number)
    return f"{number} (about {float(number):.6g})"
