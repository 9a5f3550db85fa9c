"""What the other two witnesses say of the figures that a claim speaks of, at one choice of sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError, poly
from ..deriving import derive
from ..figures import NAMES, Number
from ..witnesses import measured, ran
from .statements import Quantity
from .subjects import Case

MEASURED_AT = {"n": 9, "m": 6, "d": 8, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3, "c": 3}
LARGEST = 128
"""The largest size that a graph is unrolled at."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure, and what was seen of it."""

    name: str
    """Empty for the figure that the claim is about, else the name of a quantity."""
    figure: str
    graph: Graph
    setting: Setting
    at: dict[str, int]
    measured: Number | None
    run: Number | None

    @property
    def where(self) -> str:
        """The sizes at which it was seen."""
        return ", ".join(f"{k}={v}" for k, v in self.at.items())

    @property
    def odd(self) -> str:
        """Say whether a witness contradicts the formula; empty if none does."""
        found = derive(self.figure, self.graph, self.setting)
        if found.formula is None or any(self.at.get(s, v) < v for s, v in found.least.items()):
            return ""
        try:
            value = Fraction(found.formula.evaluate(**self.at))
        except SizeError:
            return ""
        for said in (self.measured, self.run):
            if said is not None and Fraction(said) != value:
                what = f"{self.figure} of {self.graph.name}"
                return f"{what} is {value} by the formula and {said} at {self.where}"
        return ""


def witnessed(case: Case) -> str:
    """Say what the other two witnesses give at one size."""
    found = [seen for seen in seen_of(case) if seen.measured is not None]
    told: dict[str, list[str]] = {}
    for seen in found:
        run = "" if seen.run is None else f", run {seen.run}"
        total = "in all " if _part(case, seen) else ""
        named = f"{seen.name} " if seen.name else ""
        told.setdefault(seen.where, []).append(f"{named}{total}measured {seen.measured}{run}")
    return "".join(f" [at {where}: {'; '.join(lines)}]" for where, lines in told.items())


def contradicted(case: Case) -> str:
    """Say where a witness contradicts a formula; empty if none does."""
    return next((seen.odd for seen in seen_of(case) if seen.odd), "")


def seen_of(case: Case) -> Iterator[Seen]:
    """Look at every figure that the claim speaks of."""
    used = {*poly(case.claim.left or "1").sizes, *poly(case.claim.value).sizes}
    quantities = {q: v for q, v in case.claim.quantities.items() if q in used}
    if not case.claim.left:
        quantities[""] = Quantity(case.figure, counting=case.claim.counting)
    for name, quantity in quantities.items():
        if quantity.figure not in NAMES:
            continue
        graph, setting = case.subject(quantity)
        at = sizes_at(case, graph)
        if not at or not case.domain.holds(at):
            continue
        found = _look(quantity, graph, setting, at, plain=_is_plain(case, quantity))
        yield Seen(name, quantity.figure, graph, setting, at, *found)


def _part(case: Case, seen: Seen) -> bool:
    """Whether the claim speaks of one kind of operation, and the witnesses of all."""
    quantity = case.claim.quantities.get(seen.name)
    return bool(case.claim.counting if quantity is None else quantity.counting)


def sizes_at(case: Case, graph: Graph) -> dict[str, int]:
    """Return small sizes of the domain for every size of a graph; none if there are no such."""
    at = {s: MEASURED_AT.get(s, 2) for s in graph.free_sizes}
    try:
        placed = case.domain.complete(at)
    except SizeError:
        return {}
    whole = all(
        Fraction(placed[s]).denominator == 1 and 1 <= placed[s] <= LARGEST for s in graph.free_sizes
    )
    return {s: int(placed[s]) for s in graph.free_sizes} if whole else {}


def _is_plain(case: Case, quantity: Quantity) -> bool:
    """Whether a model is one of the catalogue at sizes that plain code knows by their names."""
    options = {**case.claim.options, **quantity.options}
    named = all(str(value) == name for name, value in options.items())
    return named and (quantity.model or case.model) not in case.own


def _look(
    quantity: Quantity, graph: Graph, setting: Setting, at: dict[str, int], *, plain: bool
) -> tuple[Number | None, Number | None]:
    """Measure, and run the plain implementation of a model of the catalogue."""
    key = ("witnessed", quantity.figure, setting, plain, tuple(sorted(at.items())))
    if key not in graph.memory:
        try:
            run = ran(quantity.figure, graph, setting, at) if plain else None
            graph.memory[key] = (measured(quantity.figure, graph, setting, at), run)
        except SizeError:  # sizes that do not fit together, such as chunks that do not divide n
            graph.memory[key] = (None, None)
    found: tuple[Number | None, Number | None] = graph.memory[key]
    return found
