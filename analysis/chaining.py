"""Chains: which costs from below something carries, and from which steps of its loops on.

All costs that may hold are taken to hold; those that nothing carries are dropped, or weakened to a
later start, until the rest carries itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..graphs.graph import Equation, Graph
from ..graphs.sizes import Poly, poly
from .proofs.positions import Given, cells
from .proofs.spans.chains import Cell, Link, Reverse, Support

LATEST_START = 3

Chains = dict[str, tuple[Link, ...]]


def chains(
    graph: Graph,
    costs: Mapping[str, Iterable[Poly]],
    weight: Mapping[str, Poly],
    least: Mapping[str, int],
    reverse: Reverse,
) -> Chains:
    """Return the costs that something supports, from the first steps on where it does."""
    found = {name: tuple(Link(cost, {}) for cost in own) for name, own in costs.items()}
    search = _Search(graph, weight, least, found, reverse)
    readers: dict[str, set[str]] = {name: set() for name in graph.equations}
    for equation in graph:
        for read in equation.reads:
            readers[read.source].add(equation.name)
    pending = set(graph.equations)
    while pending:
        for equation in graph:  # in the order of the graph, so that most settle at once
            if equation.name not in pending:
                continue
            pending.discard(equation.name)
            kept: list[Link] = []
            for link in found[equation.name]:
                for better in search.settled(equation, link):
                    if not any(_covers(other, better) for other in kept):
                        kept = [other for other in kept if not _covers(better, other)]
                        kept.append(better)
            if tuple(kept) != found[equation.name]:
                found[equation.name] = tuple(kept)
                pending |= readers[equation.name]
    return found


@dataclass
class _Search:
    """What carries what, as far as it was found out: links are only ever dropped or weakened."""

    graph: Graph
    weight: Mapping[str, Poly]
    least: Mapping[str, int]
    trial: Mapping[str, tuple[Link, ...]]
    """The links as they are by now."""
    reverse: Reverse
    known: dict[object, tuple[Support, ...] | None] = field(default_factory=dict)
    cells: dict[object, tuple[Cell, ...]] = field(default_factory=dict)
    """By equation and start."""

    def settled(self, equation: Equation, link: Link) -> tuple[Link, ...]:
        """Return the link if it is supported, or the links from the earliest later starts on.

        What stands at the start of several loops may be unsupported because of either of them, so
        each of them is tried.
        """
        found: list[Link] = []
        pending, seen = [dict(link.start)], list[dict[str, int]]()
        while pending:
            starts = pending.pop(0)
            later = link if starts == link.start else Link(link.cost, starts)
            if starts in seen or any(_covers(other, later) for other in found):
                continue
            seen.append(starts)
            bad = self._unsupported(equation, later)
            if bad is None:
                found.append(later)
                continue
            pending += [
                {**starts, late: starts.get(late, 0) + 1}
                for late in _at_start(equation, bad, self.reverse)
                if starts.get(late, 0) < LATEST_START
            ]
        return tuple(found)

    def _unsupported(self, equation: Equation, link: Link) -> Given | None:
        """Return a cell in which nothing carries a link; None if there is none."""
        start = (equation.name, tuple(sorted(link.start.items())))
        for k, cell in enumerate(self._cells(equation, link, start)):
            key = (start, k, link.cost)
            if key not in self.known or self._is_gone(self.known[key]):
                self.known[key] = cell.support(link.cost, self.trial)
            if self.known[key] is None:  # for ever: no link will be stronger
                return cell.given
        return None

    def _cells(self, equation: Equation, link: Link, start: object) -> tuple[Cell, ...]:
        if start not in self.cells:
            regions = cells(equation, link.start, self.reverse, self.least)
            weight = self.weight[equation.name]
            self.cells[start] = tuple(
                Cell(self.graph, equation, given, weight, self.reverse) for given in regions
            )
        return self.cells[start]

    def _is_gone(self, found: tuple[Support, ...] | None) -> bool:
        """Whether something that carried a cost is no longer there."""
        return any(s.link is not None and s.link not in self.trial[s.equation] for s in found or ())


def _covers(one: Link, other: Link) -> bool:
    """Whether a link says all that another one does."""
    return one.cost == other.cost and _no_later(one.start, other.start)


def _no_later(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether everything that starts by ``other`` has started by ``one``."""
    return all(first <= other.get(axis, 0) for axis, first in one.items())


def _at_start(equation: Equation, cell: Mapping[str, object], reverse: Reverse) -> list[str]:
    """Return the axes that are at their start in a cell, the innermost first."""
    found = []
    for axis in reversed(equation.positions):
        position = poly(cell[axis.position])  # type: ignore[arg-type]
        later = f"{axis.name}_k_"
        backwards = (equation.name, axis.name) in reverse
        if later not in (str(cell) if backwards else position.sizes) and later not in str(
            cell.values()
        ):
            found.append(axis.name)
    return found
