"""The two sides of a claim for one model in one setting: figures derived, and formulas over them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...graphs.backward import checkpoint
from ...graphs.graph import Graph
from ...graphs.models import CATALOGUE
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, poly
from ...graphs.tracing import sizes_of, trace
from ..derivation import Derivation
from ..deriving import derive
from ..memory import traced
from .bounded import replaced
from .domains import Domain, parse_domain
from .statements import Claim, Quantity

Options: TypeAlias = Mapping[str, int | str]
COMPUTED = {"contraction", "map", "softmax", "reduction", "associative_scan"}
"""Primitives whose results are computed, and are no views."""
Models: TypeAlias = Mapping[str, Callable[..., Any]]
"""Models of a user's own, besides those of the catalogue."""


@dataclass(frozen=True, slots=True)
class Case:
    """A claim, in one reading, for one model, figure and setting."""

    claim: Claim
    model: str
    figure: str
    setting: Setting
    reading: str = ""
    own: Models = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The model's graph, at the sizes that the claim asks for."""
        return graph_of(self.model, self.claim.options, self.own, self.claim.recompute)

    @property
    def domain(self) -> Domain:
        """For which sizes it is claimed."""
        return parse_domain(self.claim.domain)

    @property
    def name(self) -> str:
        """What the left-hand side is called in a sentence."""
        if self.claim.left:
            return self.claim.left
        counting = f" of {self.claim.counting}s" if self.claim.counting else ""
        return f"{self.figure}{counting}{' in bytes' if self.claim.bytes else ''}"

    def left(self) -> Derivation:
        """Derive the left-hand side at the sizes of the domain."""
        if self.claim.left:
            return self.formula(self.claim.left)
        own = Quantity(self.figure, counting=self.claim.counting)
        found = self.derived(own)
        if found.formula is None:
            return found
        return self._at(found.formula * (self.claim.bytes or 1), [found])

    def value(self) -> Derivation:
        """Derive the right-hand side."""
        return self.formula(self.claim.value)

    def formula(self, text: str | Poly) -> Derivation:
        """Read a formula, with symbols and quantities replaced by what they stand for."""
        cost = replaced(poly(text), self.claim.symbols)
        found = {
            name: self.derived(quantity)
            for name, quantity in self.claim.quantities.items()
            if name in cost.sizes
        }
        for name, derivation in found.items():
            if derivation.formula is None:
                return Derivation(None, reason=f"{name}: {derivation.reason}")
        known = {n: d.formula for n, d in found.items() if d.formula is not None}
        return self._at(replaced(cost, known), list(found.values()))

    def derived(self, quantity: Quantity) -> Derivation:
        """Derive one figure."""
        found = figure_of(quantity.figure, *self.subject(quantity))
        if not quantity.counting or found.formula is None:
            return found
        if not found.by_primitive:
            return Derivation(None, reason=f"{quantity.figure} is not broken down by operation")
        part = found.by_primitive.get(quantity.counting, poly(0))
        return Derivation(part, found.grade, found.least, found.steps, found.certificate)

    def subject(self, quantity: Quantity) -> tuple[Graph, Setting]:
        """Return the graph and the setting of one figure."""
        options = {**self.claim.options, **quantity.options}
        axis = quantity.recompute or self.claim.recompute
        graph = graph_of(quantity.model or self.model, options, self.own, axis)
        return graph, self.setting.but(**quantity.setting)

    def _at(self, cost: Poly, parts: list[Derivation]) -> Derivation:
        least = {s: max(p.least.get(s, 1) for p in parts) for p in parts for s in p.least}
        grade = "proved" if all(p.grade == "proved" for p in parts) else "fitted"
        steps = tuple(line for p in parts for line in p.steps)
        placed = self.domain.placed(cost).substitute(self.claim.at)
        return Derivation(placed, grade, least, steps)


def graph_of(name: str, options: Options, own: Models, recompute: str = "") -> Graph:
    """Return the graph of a model; options that it does not have are those of another one."""
    function = own.get(name) or CATALOGUE[name]
    kept = tuple(sorted((k, v) for k, v in options.items() if k in sizes_of(function)))
    if kept or recompute or name in own:
        return _graph(function, name, kept, recompute)
    return traced(name)


@functools.lru_cache(maxsize=256)
def _graph(
    function: Callable[..., Any],
    name: str,
    options: tuple[tuple[str, int | str], ...],
    recompute: str,
) -> Graph:
    sizes: dict[str, Any] = dict(options)
    graph = trace(function, name=name, **sizes)
    return checkpoint(graph, recompute) if recompute else graph


def figure_of(name: str, graph: Graph, setting: Setting) -> Derivation:
    """Derive a figure, or the size of the largest array that is computed."""
    return largest(graph) if name == "intermediate" else derive(name, graph, setting)


def largest(graph: Graph) -> Derivation:
    """Return the size of the largest array that is computed."""
    most, steps = poly(0), []
    for equation in graph:
        if equation.primitive.name in COMPUTED:
            count = equation.scalars
            for axis in equation.positions:
                count = count if axis.kind == "layer" else count * axis.extent
            most = maximum(most, count)
            steps.append(f"{equation.name} ({equation.primitive.name}) of one layer: {count}")
    return Derivation(most, "proved", steps=(*steps, f"the largest: {most}"))
