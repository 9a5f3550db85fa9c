"""Sizes at which a model does not exist: heads that do not divide, more chosen than there are.

A formula that holds for all sizes of a model still has a value where there is no such model, and so
has a count of its operations; both would agree about nothing.

>>> from .models import CATALOGUE
>>> from .tracing import trace
>>> attention = trace(CATALOGUE["attention"], h="h")
>>> misfit(attention, {"n": 3, "d": 7, "h": 2})
'expected h to divide d, got h=2, d=7 (7 % 2 == 1)'
>>> misfit(attention, {"n": 3, "d": 8, "h": 2}) is None
True
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .graph import Equation, Graph
from .primitives import Position, Sort
from .sizes import Number, Poly, SizeError

RAISES, FARTHEST = 8, 64
"""How often a size is raised in search of those that fit, and by how much at most."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What counts something is whole."""

    count: Poly

    @property
    def refusal(self) -> str:
        """What is the case where it does not hold."""
        return f"{self.count} is not whole"

    def holds(self, sizes: Mapping[str, int]) -> bool:
        return Fraction(_value(self.count, sizes)).denominator == 1

    def told(self, sizes: Mapping[str, int]) -> str:
        """Say what does not divide what, where the count is one quotient."""
        monomials, factors = self.count.terms, map(Fraction, self.count.terms.values())
        shared = [(a, -k) for m in monomials for a, k in m if k < 0]
        if shared and len(monomials) > 1:
            at = _listed(self.count, sizes)
            return f"expected {self.count} to be whole, got {_value(self.count, sizes)} at {at}"
        lower = Poly({tuple(shared): math.lcm(*(c.denominator for c in factors))})
        upper = self.count * lower
        a, b = _value(lower, sizes), _value(upper, sizes)
        if not lower.sizes:
            return f"expected {upper} to be a multiple of {lower}, got {_listed(upper, sizes)}"
        return f"expected {lower} to divide {upper}, got {lower}={a}, {upper}={b} ({b} % {a} == {b % a})"


@dataclass(frozen=True, slots=True)
class Enough:
    """There is as much as is chosen of it, or looked up one after another."""

    chosen: Poly
    there: Poly

    @property
    def count(self) -> Poly:
        return self.there - self.chosen

    @property
    def refusal(self) -> str:
        """What is the case where it does not hold."""
        return f"{self.chosen} is more than {self.there}"

    def holds(self, sizes: Mapping[str, int]) -> bool:
        return _value(self.count, sizes) >= 0

    def told(self, sizes: Mapping[str, int]) -> str:
        at = _listed(self.count, sizes)
        return f"expected {self.chosen} to be at most {self.there}, got {at}"


def misfit(graph: Graph, sizes: Mapping[str, int]) -> str | None:
    """Say why a model does not exist at sizes, which are those of the graph; None if it does."""
    broken = _broken(demands_of(graph), sizes)
    return None if broken is None else broken.told(sizes)


def nearest(
    graph: Graph, sizes: Mapping[str, int], *, fixed: Collection[str] = ()
) -> dict[str, int]:
    """Return sizes at which a model exists: those given, some of them up to twice as large.

    >>> from .tracing import trace
    >>> from .operations import split
    >>> nearest(trace(lambda x: split(x, 3)[0]), {"n": 4, "d": 8})
    {'n': 4, 'd': 9}

    Raises
    ------
    SizeError
        If none were found; sizes that are ``fixed`` are not raised.
    """
    demands, found = demands_of(graph), dict(sizes)
    for _ in range(RAISES):
        broken = _broken(demands, found)
        if broken is None:
            return found
        raises = [
            {**found, name: value}
            for name in sorted(broken.count.sizes, key=lambda size: (size != "n", size))
            if name not in fixed
            for value in range(found[name] + 1, found[name] + 1 + min(found[name], FARTHEST))
        ]
        better = [raised for raised in raises if broken.holds(raised)]
        if not better:
            raise SizeError(f"{graph.name}: {broken.told(found)}")
        found = next((b for b in better if _broken(demands, b) is None), better[0])
    reason = misfit(graph, sizes)
    raise SizeError(f"{graph.name}: {reason}; name sizes that fit each other")


def _broken(demands: Iterable[Whole | Enough], sizes: Mapping[str, int]) -> Whole | Enough | None:
    return next((demand for demand in demands if not demand.holds(sizes)), None)


def demands_of(graph: Graph) -> tuple[Whole | Enough, ...]:
    """Return what sizes must satisfy for a model to exist."""
    counts = (Whole(c) for c in _counts(graph) if _is_divided(c))
    found: dict[Whole | Enough, None] = dict.fromkeys((*counts, *_choices(graph)))
    return tuple(demand for demand in found if set(demand.count.sizes) <= set(graph.free_sizes))


def _is_divided(count: Poly) -> bool:
    """Whether a count may be no whole number."""
    return any(
        Fraction(c).denominator > 1 or any(k < 0 for _, k in monomial)
        for monomial, c in count.terms.items()
    )


def _counts(graph: Graph) -> Iterator[Poly]:
    """Yield what counts something: positions, components, and what is read of them."""
    for equation in graph:
        yield from (axis.extent for axis in equation.domain)
        for read in equation.reads:
            for part in (read.relation, *read.relation.parts):
                yield from (b for b in (part.back, part.ahead, part.step, part.size) if b)


def _choices(graph: Graph) -> Iterator[Enough]:
    for equation in graph:
        sources = [graph[read.source] for read in equation.reads]
        if isinstance(equation.primitive, Sort):
            name = equation.primitive.axis
            (keys,) = (a.extent for a in sources[0].features if a.name == name)
            yield Enough(equation.primitive.keep, keys)
        elif equation.primitive.name == "lookup" and _is_numbered(sources[0]):
            assert sources[0].sequence is not None
            yield Enough(sources[0].sequence.extent, sources[1].features[0].extent)


def _is_numbered(equation: Equation) -> bool:
    return isinstance(equation.primitive, Position) and equation.sequence is not None


def _value(cost: Poly, sizes: Mapping[str, int]) -> Number:
    found: Number = cost.evaluate(**{s: sizes[s] for s in cost.sizes})
    return found


def _listed(cost: Poly, sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{s}={sizes[s]}" for s in cost.sizes)
