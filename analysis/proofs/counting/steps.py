"""Certificates of the steps in all, where a node is a task: positions times steps, by equation.

The checker recomputes the steps of a node from the primitives' rules for depth, as for the span, and
counts positions only where sizes are certain to leave some.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ....graphs.graph import Graph
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, poly
from ...sites import weights
from ..cases import vanishes
from ..errors import ProofError
from ..positions import lower_sizes
from .counts import EquationCount, has_positions


@dataclass(frozen=True, slots=True)
class StepsCertificate:
    """Everything that the checker needs to verify a sum of steps."""

    equations: tuple[EquationCount, ...]
    """Of each equation the steps at all of its positions."""
    formula: Poly
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""
    assumed: tuple[Poly, ...] = ()
    """Lengths of coarser sequences that are taken to be at least one."""


def check_steps(graph: Graph, setting: Setting, certificate: StepsCertificate) -> None:
    """Verify a certificate for all sizes that it names.

    Raises
    ------
    ProofError
        If an equation is missing, twice, or counted wrongly, or if the sum is wrong.
    """
    steps = weights(graph, setting)
    claimed = Counter(c.name for c in certificate.equations)
    for name in sorted({*steps, *claimed}):
        if claimed[name] != (name in steps):
            raise ProofError(
                f"{name}: expected to be counted {int(name in steps)} times, not {claimed[name]}"
            )
    given = lower_sizes(certificate.least)
    for claim in certificate.equations:
        equation, each = graph[claim.name], steps[claim.name]
        if any(symbol.endswith("_") for symbol in each.sizes):
            raise ProofError(f"{claim.name}: its steps depend on the layer")
        if not has_positions(equation, certificate.least, certificate.assumed):
            raise ProofError(f"{claim.name}: it may have no position along {equation.sequence}")
        layers = [a for a in equation.positions if a.kind == "layer"]
        if not all(at_least(a.extent, 0, given=given) for a in layers):
            raise ProofError(f"{claim.name}: it may have fewer layers than none")
        if not vanishes(claim.total - equation.count * each):
            raise ProofError(f"{claim.name}: expected {equation.count * each}, got {claim.total}")
    total = sum((c.total for c in certificate.equations), poly(0))
    if not vanishes(certificate.formula - total):
        raise ProofError(f"the sum: expected {total}, got {certificate.formula}")
