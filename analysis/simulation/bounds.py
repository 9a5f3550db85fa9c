"""Brent's interval, in numbers and as formulas.

Of W steps of work, S of them on the longest path, p processors need at least max(W/p, S) steps, and
no list schedule needs more than (W - S)/p + S (Brent 1974, *The parallel evaluation of general
arithmetic expressions*; Graham 1969): while it runs, either all processors are busy, or the longest
path that is left gets shorter.

Where a step of a synchronous round has no operation (a position that is only kept), it is waited
for: it takes a step and no processor. If Z is the most such steps on one path, a schedule needs at
most (W + Z - S)/p + S. For take the path that follows back from the end, always to what ended
last of what was waited for; whenever not all processors are busy, a task of this path runs or is
waited for. It has no more than S steps and Z waits; in each step that is not full, and is no wait of
it, an operation runs. So of i steps that are not full, and c full ones, c p + i - Z <= W and i <= S,
and c + i is at most what is said. One processor takes W steps if there is always something else to
do, and up to W + Z if not, as in generate, where each position needs the one before.

>>> interval(264, 24, 4)
(Fraction(66, 1), Fraction(84, 1))
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, poly, size
from ..counting.steps import steps_in_all
from ..derivation import Derivation
from ..deriving import derive
from ..watching import Known
from .levels import SCALAR
from .scheduling import Processors


def interval(
    work: int, span: int, processors: Processors, waits: int = 0
) -> tuple[Fraction, Fraction]:
    """Return the least and the most steps that a schedule takes."""
    if processors == math.inf:
        return Fraction(span), Fraction(span)
    share = Fraction(1, int(processors))
    most = (work + waits - span) * share + span
    return max(work * share, Fraction(span)), max(most, Fraction(span))


def needed(work: int, span: int, factor: Fraction) -> int:
    """Return so many processors that fewer cannot be within a factor of the span: W/p <= f S."""
    return max(1, math.ceil(Fraction(work) / (factor * span))) if span else 1


def guaranteed(work: int, span: int, factor: Fraction, waits: int = 0) -> int | None:
    """Return so many that any list schedule is within a factor of the span; None for a factor of 1.

    From (W + Z - S)/p + S <= f S.
    """
    rest = work + waits - span
    if not span or rest <= 0:
        return 1
    return None if factor == 1 else max(1, math.ceil(Fraction(rest) / ((factor - 1) * span)))


@dataclass(frozen=True, slots=True)
class Formulas:
    """The interval for all sizes, and what it says about how many processors are enough."""

    work: Derivation
    span: Derivation
    lower: Poly | None
    """max(W/p, S)."""
    upper: Poly | None
    """(W - S)/p + S, or (W + Z - S)/p + S if something is waited for."""
    needed: Poly | None
    """W/(f S): fewer cannot be within the factor f of the span."""
    guaranteed: Poly | None
    """(W - S)/((f - 1) S), or with Z as well: so many always are; None for a factor of 1."""

    def at(self, sizes: Mapping[str, int]) -> tuple[Fraction | None, Fraction | None]:
        """Return work and span at sizes; None for one that has no formula there."""
        return value_at(self.work, sizes), value_at(self.span, sizes)


def formulas(graph: Graph, setting: Setting, factor: Fraction, *, waits: bool = False) -> Formulas:
    """Derive the interval with p as a symbol.

    Parameters
    ----------
    factor
        Within which the span is to be reached.
    waits
        Whether steps of a path have no operation; how many, Z, is then a symbol too.
    """
    work = work_of(graph, setting)
    span = derive("span", graph, setting)
    w, s, p = work.formula, span.formula, size("p")
    if w is None or s is None or {"p", "Z"} & {*w.sizes, *s.sizes}:
        return Formulas(work, span, None, None, None, None)
    ratio, most = poly(factor), w + size("Z") if waits else w
    return Formulas(
        work,
        span,
        maximum(w / p, s),
        (most - s) / p + s,
        None if s == 0 else w / (ratio * s),
        None if s == 0 or factor == 1 else (most - s) / ((ratio - 1) * s),
    )


def work_of(graph: Graph, setting: Setting) -> Derivation:
    """Derive the steps of all nodes together, in the unit of the setting: what one processor takes."""
    if setting.unit in SCALAR:
        return derive("work", graph, setting)
    known: Known[Derivation] = graph.memory.setdefault(("steps in all",), Known())
    return known.found(setting, lambda watched: steps_in_all(graph, watched))


def value_at(found: Derivation, sizes: Mapping[str, int]) -> Fraction | None:
    """Return the value of a formula at sizes; None where there is none."""
    if found.formula is None or any(sizes.get(s, v) < v for s, v in found.least.items()):
        return None
    return Fraction(found.formula.evaluate(**{s: sizes[s] for s in found.formula.sizes}))
