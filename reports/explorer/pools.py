"""Formulas in pools, each once: programs, what is said of them, and their growths.

>>> from ...graphs.sizes import poly
>>> pools = Pools()
>>> pools.program(poly("n**2")), pools.program(poly("n")), pools.program(poly("n*n"))
(0, 1, 0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ...analysis.derivation import Derivation
    from ...graphs.graph import Graph
    from ...graphs.programs import Quotient
    from ...graphs.sizes import Poly

EVERYWHERE: Mapping[str, int] = MappingProxyType({})
EXACT = 2**53
"""Whole numbers from here on are text: JSON's readers have no more digits."""


class _Pool:
    """Different things, each once, by number."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, made: Callable[[], Any]) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append(made())
        return self._numbers[key]


class Pools:
    """Programs, formulas and growths."""

    def __init__(self) -> None:
        self.programs, self.formulas, self.growths = _Pool(), _Pool(), _Pool()
        self.sizes: dict[str, None] = {}
        self._known: dict[Poly, int] = {}
        self._numbers: dict[int, tuple[int, Derivation]] = {}

    def program(self, cost: Poly) -> int:
        """Return the number of a formula's program.

        Raises
        ------
        SizeError
            If it has none.
        """
        from ...graphs.programs import program

        if cost not in self._known:
            quotient = program(cost)
            self._known[cost] = self.programs.number(quotient, lambda: plain(quotient))
            self.sizes.update(dict.fromkeys(cost.sizes))
        return self._known[cost]

    def formula(self, found: Derivation, only: Mapping[str, int] = EVERYWHERE) -> int:
        """Return the number of a formula with its domain: program, grade, growth, least sizes.

        ``only`` are sizes at which alone it holds.
        """
        if id(found) in self._numbers:
            return self._numbers[id(found)][0]
        number = self._formula(found, only)
        self._numbers[id(found)] = number, found  # held, so that no other gets its id
        return number

    def _formula(self, found: Derivation, only: Mapping[str, int]) -> int:
        from ...analysis.comparing.growth import theta
        from ...graphs.sizes import SizeError

        cost = found.formula
        if cost is None:
            return self.reason(found.reason or "no formula was found")
        try:
            number = self.program(cost)
        except SizeError as error:
            return self.reason(str(error))
        key = (number, found.grade, tuple(found.least.items()), tuple(only.items()))
        self.sizes.update(dict.fromkeys((*found.least, *only)))

        def made() -> list[Any]:
            text = theta(cost)
            growth = self.growths.number(text, lambda: text)
            least = {s: v for s, v in found.least.items() if v > 1}
            return [number, found.grade, growth, least, *([dict(only)] if only else [])]

        return self.formulas.number(key, made)

    def reason(self, text: str) -> int:
        """Return the number of a reason why there is no formula."""
        return self.formulas.number(text, lambda: text)


def plain(program: Quotient) -> Any:
    """Return a program as lists; whole numbers that JSON's readers would round are text."""
    return _exact(msgspec.to_builtins(program))


def _exact(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_exact(v) for v in value]
    return str(value) if isinstance(value, int) and abs(value) >= EXACT else value


def demands(graph: Graph, pools: Pools) -> list[list[Any]]:
    """Return what sizes must satisfy for a model to exist: a count is whole, or not negative."""
    from ...graphs.misfits import Whole, demands_of

    return [[d.refusal, pools.program(d.count), isinstance(d, Whole)] for d in demands_of(graph)]
