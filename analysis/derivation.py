"""A derivation: a formula, the sizes for which it holds, and how anybody can check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..graphs.sizes import Poly


@dataclass(frozen=True, slots=True)
class Derivation:
    """What deriving one figure gave."""

    formula: Poly | None
    """None if the model has no such figure, or none was found; ``reason`` says which and why."""
    grade: str | None = None
    """proved or fitted."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that must be larger than one for the formula to hold, with their least values."""
    steps: tuple[str, ...] = ()
    """The derivation, one line a step."""
    certificate: Any = None
    """What the checker of ``analysis.proofs`` verified; None if nothing was proved."""
    reason: str | None = None
    by_primitive: Mapping[str, Poly] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def domain(self, sizes: tuple[str, ...]) -> str:
        """Write the domain as text, ``n >= 1``, for the sizes of a formula."""
        return " and ".join(f"{s} >= {self.least.get(s, 1)}" for s in sizes) or "always"
