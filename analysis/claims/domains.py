"""Domains: the sizes for which a claim is made, as equalities and bounds that are data.

>>> domain = parse_domain(("w <= n", "f = 4*d"))
>>> domain.holds({"n": 5, "w": 3, "d": 2}), domain.holds({"n": 2, "w": 3, "d": 2})
(True, False)
>>> domain.complete({"n": 5, "w": 3, "d": 2})
{'n': 5, 'w': 3, 'd': 2, 'f': 8}
>>> str(domain.decided(poly("f*min(n, w)")))
'4*d*w'
>>> parse_domain(("n ~ 3",))
Traceback (most recent call last):
    ...
workspan.graphs.atoms.SizeError: expected a condition such as w <= n or d = h*e, got 'n ~ 3'
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...graphs.sizes import NAME as SIZE
from ...graphs.sizes import Poly, SizeError, at_least, poly
from .bounded import replaced, stated

CONDITION = re.compile(r"([^<>=!]+)(<=|>=|<|>|=)([^<>=!]+)")
MOST = 16
"""Conditions of one claim."""
TRIED = (1, 2, 3, 4, 5, 8, 16, 64, 256, 1024, 4096, 2**20, 2**40)
ABOVE = (0, 1, 7)
"""How far sizes are tried above what bounds them from below."""
MOST_TRIED = 5000
"""Choices of sizes among which one of a domain is sought."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Which sizes are allowed."""

    equal: Mapping[str, Poly] = field(default_factory=dict)
    """Sizes that are given by others."""
    bounds: tuple[tuple[Poly, Poly], ...] = ()
    """Pairs of which the first is at most the second."""

    @property
    def given(self) -> dict[str, Poly]:
        """What replaces sizes that are bounded from below by others: the bound and a rest."""
        found: dict[str, Poly] = {}
        for low, high in self.bounds:
            name = str(high)
            alone = SIZE.match(name) and name not in low.sizes and name not in found
            if alone and not set(low.sizes) & set(found):
                found[name] = low + poly(f"rest{len(found)}_")
        return found

    def placed(self, cost: Poly) -> Poly:
        """Replace the sizes that are given by others."""
        return replaced(cost, self.equal)

    def decided(self, cost: Poly) -> Poly:
        """Replace them, and decide the minima and maxima that the bounds decide."""
        total, given = poly(0), self.given
        for monomial, c in self.placed(cost).terms.items():
            product = poly(c)
            for atom, k in monomial:
                one = Poly({((atom, 1),): 1})
                if atom.kind in {"min", "max"}:
                    low, high = (Poly(a.terms) for a in atom.args)
                    if at_least(high, low, given=given):
                        one = low if atom.kind == "min" else high
                    elif at_least(low, high, given=given):
                        one = high if atom.kind == "min" else low
                product = product * one**k
            total = total + product
        return total

    def holds(self, at: Mapping[str, int]) -> bool:
        """Whether sizes respect the bounds; one about a size that is not there does."""
        at = self.complete(at)
        return all(
            low.evaluate(**at) <= high.evaluate(**at)
            for low, high in self.bounds
            if {*low.sizes, *high.sizes} <= set(at)
        )

    def complete(self, at: Mapping[str, int]) -> dict[str, int]:
        """Give those sizes that follow from others their values."""
        found = dict(at)
        for name, value in self.equal.items():
            if set(value.sizes) <= set(found):
                found[name] = value.evaluate(**{s: found[s] for s in value.sizes})
        return found

    @property
    def inhabited(self) -> bool:
        """Whether sizes were found that respect all conditions; a claim about none says nothing."""
        if not self.bounds:
            return True
        sizes = {s for low, high in self.bounds for s in (*low.sizes, *high.sizes)}
        given = self.given
        free = sorted(sizes - set(given) - set(self.equal))
        points = itertools.product(TRIED, repeat=len(free))
        for point in itertools.islice(points, MOST_TRIED):
            for more in ABOVE:
                at = dict(zip(free, point, strict=True))
                rests = {f"rest{k}_": more for k in range(len(given))}
                with contextlib.suppress(SizeError, ArithmeticError):
                    at |= {s: bound.evaluate(**at, **rests) for s, bound in given.items()}
                    if min(at.values(), default=1) >= 1 and self.holds(at):
                        return True
        return False

    @property
    def text(self) -> str:
        """The conditions as people write them."""
        equal = [f"{name} = {value}" for name, value in self.equal.items()]
        return " and ".join([*equal, *(f"{low} <= {high}" for low, high in self.bounds)])


def parse_domain(conditions: Iterable[str]) -> Domain:
    """Read conditions; a size alone before ``=`` is replaced by what stands after it.

    Raises
    ------
    SizeError
        If one is no condition, or a size is given by another that is given itself.
    """
    equal: dict[str, Poly] = {}
    bounds: list[tuple[Poly, Poly]] = []
    for count, text in enumerate(conditions, start=1):
        if count > MOST:
            raise SizeError(f"expected at most {MOST} conditions, got more")
        left, sign, right = compared(text)
        match sign:
            case "<=":
                bounds.append((left, right))
            case "<":
                bounds.append((left + 1, right))
            case ">=":
                bounds.append((right, left))
            case ">":
                bounds.append((right + 1, left))
            case _ if not SIZE.match(str(left)) or str(left) in equal:
                raise SizeError(f"expected one size before =, each of them once, got {text!r}")
            case _:
                equal[str(left)] = right
    for name, value in equal.items():
        if not {*equal}.isdisjoint(value.sizes):
            raise SizeError(f"expected {name} to be given by sizes that are not, got {value}")
    return Domain(equal, tuple((replaced(a, equal), replaced(b, equal)) for a, b in bounds))


def compared(text: str) -> tuple[Poly, str, Poly]:
    """Read ``left < right``, with any of the signs <, <=, >, >= and =."""
    found = CONDITION.fullmatch(text)
    if found is None:
        raise SizeError(f"expected a condition such as w <= n or d = h*e, got {text[:60]!r}")
    return stated(found[1].strip()), found[2], stated(found[3].strip())
