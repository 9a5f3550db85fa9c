"""Claims about figures that have no formula: both sides counted on the unrolled graph, size by size."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...graphs.sizes import SizeError, poly
from ..measured.graph import MeasureError
from ..witnesses import measured
from .bounded import replaced
from .finding import Finding, shown
from .statements import Quantity
from .subjects import Case

CONTRADICTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": operator.ne,
    "at most": operator.gt,
    "at least": operator.lt,
}
"""Relations that can be held against numbers."""

POINTS = 24
"""Choices of sizes that are measured, the smallest first."""
FEWEST = 4
"""Fewer than these say nothing."""
VALUES: Mapping[str, tuple[int, ...]] = {
    "n": (1, 2, 3, 4, 5, 6, 8, 12),
    "m": (1, 2, 5),
    "w": (1, 2, 3, 5),
    "L": (1, 2, 3),
    "a": (1, 2),
    "c": (2, 3, 4),
    "q": (1, 2, 3, 4, 5),
}


def by_measuring(case: Case, finding: Finding) -> Finding:
    """Measure what could not be derived; the finding as it was if that cannot be either."""
    contradicts = CONTRADICTS.get(case.claim.relation)
    if finding.holds is not None or contradicts is None:
        return finding
    seen = []
    for at, left, right in itertools.islice(_sides(case), POINTS):
        if contradicts(left, right):
            where = ", ".join(f"{k}={v}" for k, v in at.items())
            text = f"at {where} {case.name} is measured as {shown(left)}, against {shown(right)}"
            return Finding(False, True, text, (), at, f"{case.name} = {shown(left)} at {where}")
        seen.append((at, left))
    if len(seen) < FEWEST:
        return finding
    last, value = seen[-1]
    where = ", ".join(f"{k}={v}" for k, v in last.items())
    text = f"measured at {len(seen)} sizes, such as {case.name} = {shown(value)} at {where}"
    return Finding(True, False, f"{text} (no formula: {finding.text})")


def _sides(case: Case) -> Iterator[tuple[dict[str, int], Fraction, Fraction]]:
    """Yield sizes with the values of both sides, where both can be measured."""
    for at in _sizes(case):
        try:
            left = _value(case, case.claim.left or case.figure, at)
            right = _value(case, case.claim.value, at)
        except (SizeError, MeasureError, ArithmeticError):
            continue
        if left is not None and right is not None:
            yield at, left, right


def _sizes(case: Case) -> Iterator[dict[str, int]]:
    """Yield small sizes of the domain, the smallest sums first."""
    free = [s for s in case.graph.free_sizes if s not in case.domain.equal]
    named = {s for cost in case.domain.equal.values() for s in cost.sizes}
    names = sorted({*free, *named})
    choices = [(case.claim.at[s],) if s in case.claim.at else VALUES.get(s, (2,)) for s in names]
    grid = sorted(itertools.product(*choices), key=lambda point: (sum(point), point))
    for point in grid:
        at = case.domain.complete(dict(zip(names, point, strict=True)))
        whole = all(Fraction(v).denominator == 1 and v >= 1 for v in at.values())
        if whole and case.domain.holds(at):
            yield at


def _value(case: Case, text: str, at: Mapping[str, int]) -> Fraction | None:
    """Evaluate a formula at sizes, its figures measured."""
    quantities = dict(case.claim.quantities)
    if not case.claim.left:
        quantities[case.figure] = Quantity(case.figure)
    cost = replaced(poly(text), case.claim.symbols)
    values: dict[str, Any] = dict(at)
    for name, quantity in quantities.items():
        if name in cost.sizes:
            if quantity.counting or case.claim.counting or case.claim.bytes:
                return None
            graph, setting = case.subject(quantity)
            own = {s: at[s] for s in graph.free_sizes}
            values[name] = measured(quantity.figure, graph, setting, own)
    if any(values.get(s) is None for s in cost.sizes):
        return None
    return Fraction(cost.evaluate(**{s: values[s] for s in cost.sizes}))
