"""Needs: how many last positions of each equation must be known above a cut.

What later positions read is needed, and so is what a needed value is computed from, unless that
value is cut. A stack of layers is followed from its last layer down for a few layers; if the need
grows by the same amount from layer to layer, it is conjectured to go on like that. The first layer
stands by itself, because a cut may treat it in another way than the layers above it.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["causal_windowed_attention"], w="w", L="L")
>>> found = needs(graph, Cut(frozenset({("x", "")})))
>>> str(found["x", ""]), str(found["layers.previous", "later"])
('min(L*w - L, n)', 'min(L*w - L_*w - L + L_, n)')
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Final, Shift
from ...graphs.sizes import Number, Poly, at_least, maximum, minimum, poly, size
from ..causality import on_inputs
from ..counting.layer_sums import all_layers
from ..memory import once
from ..proofs.storage.state import frontier, reach, sequence, start_of
from ..solving import UnsolvedError

Cell: TypeAlias = tuple[str, str]
"""An equation, and which of its layers: ``first``, ``later`` (all others), or all if empty."""

Need: TypeAlias = Poly | None
"""How many of the last positions, None for all of them."""

LEVELS = 5
"""Layers that are followed from the last one down; what leaves the lowest stays there."""

RAISED = 12
"""How often a need is raised before all of it is needed: around a cycle it grows without end."""

LONGEST = 160
"""Letters of a need before all of it is needed: more is a maximum of many."""

FIRST, FLAT = -2, -1
"""The first layer, and no layer at all, in place of the number of a layer from the last one."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is kept: of some cells all that is needed, of others the oldest needed position only."""

    whole: frozenset[Cell]
    oldest: frozenset[Cell] = frozenset()

    @property
    def cells(self) -> frozenset[Cell]:
        """All cells of which something is kept."""
        return self.whole | self.oldest

    def __str__(self) -> str:
        written = []
        for name in sorted({name for name, _ in self.cells}):
            parts = sorted(part for own, part in self.cells if own == name)
            oldest = any(own == name for own, _ in self.oldest)
            where = f" of the {parts[0]} layers" if parts in (["first"], ["later"]) else ""
            written.append(f"{name}{where.replace('first layers', 'first layer')}")
            written[-1] += " at its oldest position" if oldest else ""
        return ", ".join(written) or "nothing"


@once
def deep(graph: Graph) -> bool:
    """Whether layers are told apart: no layer axis runs inside another one."""
    return all(len(_layers(e)) <= 1 for e in graph)


def _layers(equation: Equation) -> list[Axis]:
    return [a for a in equation.positions if a.kind == "layer"]


def cells_of(graph: Graph, name: str) -> tuple[Cell, ...]:
    """Return an equation's cells."""
    layered = deep(graph) and _layers(graph[name])
    return ((name, "first"), (name, "later")) if layered else ((name, ""),)


def needs(graph: Graph, cut: Cut) -> dict[Cell, Poly]:
    """Return how many of the last positions of each cell must be known, the cut ones included.

    For a later layer this may hold the layer's position. What has no position along the sequence
    is needed once, if at all.
    """
    n = size(sequence(graph).name)
    found: dict[Cell, Poly] = {}
    for (name, part), need in unlimited(graph, cut).items():
        if graph[name].sequence != sequence(graph):
            found[name, part] = poly(1)
        else:
            every = maximum(n - start_of(graph, name), 0)
            found[name, part] = every if need is None else minimum(need, every)
    return found


def unlimited(graph: Graph, cut: Cut) -> dict[Cell, Need]:
    """Return the needs as if every sequence had begun long ago."""
    key = ("needs", cut)
    if key not in graph.memory:
        graph.memory[key] = _Following(graph, cut).needs()
    found: dict[Cell, Need] = graph.memory[key]
    return found


class _Following:
    """The needs by equation and level, raised until nothing changes."""

    def __init__(self, graph: Graph, cut: Cut) -> None:
        self.graph, self.cut = graph, cut
        self.levels = LEVELS if deep(graph) else 1
        self.needed: dict[tuple[str, int], Need] = {}
        self.visits: dict[tuple[str, int], int] = {}
        self.order = {name: -k for k, name in enumerate(graph.equations)}
        self.pending: list[tuple[int, str, int]] = []
        parts = {name: {p for n, p in cut.cells if n == name} for name, _ in cut.cells}
        self.apart = any(len(p) == 1 and "" not in p for p in parts.values())

    def needs(self) -> dict[Cell, Need]:
        """Follow everything that later positions read."""
        for name, reads in frontier(self.graph).items():
            along = self.graph[name].sequence == sequence(self.graph)
            for read in reads:
                for level in self._all_levels(name):
                    self._need((name, level), reach(read) if along else poly(1))
        while self.pending:
            while self.pending:
                _, name, level = heapq.heappop(self.pending)
                self._follow(name, level)
            self._leave()
        names = dict.fromkeys(name for name, _ in self.needed)
        return {cell: self._at(*cell) for name in names for cell in cells_of(self.graph, name)}

    def _all_levels(self, name: str) -> tuple[int, ...]:
        if not _layers(self.graph[name]):
            return (FLAT,)
        return (*range(self.levels), *((FIRST,) if self.apart else ()))

    def _need(self, key: tuple[str, int], reach: Need) -> None:
        if key[1] == FIRST and reach is not None:
            reach = reach.substitute({a.position: poly(0) for a in _layers(self.graph[key[0]])})
        before = self.needed.get(key, poly(-1))
        if before is None or (reach is not None and at_least(before, reach)):
            return
        self.visits[key] = self.visits.get(key, 0) + 1
        raised = None if reach is None else maximum(before, reach)
        if (
            reach is not None
            and raised not in (before, reach)
            and self._part(key) in self.cut.oldest
        ):
            raised = before + reach  # one position is kept, however many are needed
        endless = self.visits[key] > RAISED or (raised is not None and len(str(raised)) > LONGEST)
        self.needed[key] = None if endless else raised
        heapq.heappush(self.pending, (self.order[key[0]], *key))

    def _part(self, key: tuple[str, int]) -> Cell:
        """Return the cell that a level belongs to."""
        name, level = key
        return name, {FLAT: "", FIRST: "first"}.get(level, "later" if self.levels > 1 else "")

    def _computed(self, name: str, level: int) -> tuple[bool, Need]:
        """Whether some of what is needed is computed, and how many of the last positions."""
        need = self.needed[name, level]
        cell = self._part((name, level))
        if cell in self.cut.whole:
            return False, None
        if cell not in self.cut.oldest:
            return True, need
        if need is None or at_least(1, need):
            return False, None
        return True, need - 1

    def _follow(self, name: str, level: int) -> None:
        computed, own = self._computed(name, level)
        for read, further in _reads(self.graph, name) if computed else ():
            total = None if own is None or further is None else own + further
            if total is not None and down(self.graph, read):
                total = self._one_lower(name, total)
            for target in self._targets(name, read, level):
                self._need((read.source, target), total)

    def _one_lower(self, name: str, need: Poly) -> Need:
        """Write a need by the position of the layer below; None if layers are not told apart."""
        axes = [a for a in _layers(self.graph[name]) if a.position in need.sizes]
        if self.levels == 1:
            return None if axes else need
        return need.substitute({a.position: size(a.position) + 1 for a in axes})

    def _targets(self, name: str, read: Read, level: int) -> Iterator[int]:
        """Yield the source's levels that are read from a level."""
        inside = bool(_layers(self.graph[name]))
        if not _layers(self.graph[read.source]):
            if not inside or self.levels == 1 or level == FIRST:
                yield FLAT
            return
        if not inside:
            yield 0
            if self.apart:
                yield FIRST
        elif not down(self.graph, read):
            yield level
        elif level != FIRST:
            yield min(level + 1, self.levels - 1)

    def _leave(self) -> None:
        """Let all layers read what is in none, and the first one be read by the second."""
        if self.levels == 1:
            return
        for name in dict.fromkeys(name for name, level in self.needed if level >= 0):
            equation = self.graph[name]
            for read, further in _reads(self.graph, name):
                lowest = 1 if self.apart else 0
                lower = down(self.graph, read)
                outside = not _layers(self.graph[read.source])
                if outside and not (self.apart and from_below(self.graph, equation, read)):
                    target = FLAT
                elif lower and self.apart and not outside:
                    target = FIRST
                else:
                    continue
                computed, own = self._at_layer(equation, lowest)
                if computed:
                    total = None if own is None or further is None else own + further
                    self._need((read.source, target), total)

    def _at_layer(self, equation: Equation, layer: int) -> tuple[bool, Need]:
        """What is computed of a later layer, at the lowest one."""
        name, (axis, *_) = equation.name, _layers(equation)
        if (name, "later") in self.cut.whole:
            return False, None
        need = self._at(name, "later")
        own = None if need is None else need.substitute({axis.position: poly(layer)})
        if (name, "later") not in self.cut.oldest:
            return True, own
        if own is None or at_least(1, own):
            return False, None
        return True, own - 1

    def _at(self, name: str, part: str) -> Need:
        """Return a cell's need, by the layer's position if it is a later one."""
        if part == "first" and self.apart:
            return self.needed.get((name, FIRST), poly(0))
        if part == "":
            return self.needed[name, 0 if _layers(self.graph[name]) else FLAT]
        (axis, *_) = _layers(self.graph[name])
        history = [self.needed.get((name, k), poly(0)) for k in range(LEVELS - 1)]
        need = _continued(history, axis)
        if part == "later" or need is None:
            return need
        return need.substitute({axis.position: poly(0)})


def _continued(history: list[Need], axis: Axis) -> Need:
    """Return the need of any layer, from those of the last ones."""
    bounded = [h for h in history if h is not None]
    if len(bounded) < len(history):
        return None
    growth = bounded[-1] - bounded[-2]
    line = [bounded[-1] - growth * k for k in range(len(bounded) - 1, -1, -1)]
    if not all(at_least(x, y) for x, y in zip(line, bounded, strict=True)):
        return None
    return line[0] + growth * (axis.extent - 1 - size(axis.position))


def down(graph: Graph, read: Read) -> bool:
    """Whether a read leads from a layer to the one below."""
    axis = graph.axes.get(read.axis or "")
    return axis is not None and axis.kind == "layer"


def from_below(graph: Graph, reader: Equation, read: Read) -> bool:
    """Whether only the first layer reads it, as what the stack is given."""
    primitive = reader.primitive
    if not read.boundary or not isinstance(primitive, Shift):
        return False
    return primitive.axis in graph.axes and graph.axes[primitive.axis].kind == "layer"


def _reads(graph: Graph, name: str) -> Iterator[tuple[Read, Need]]:
    """Yield what a value is computed from, with how much further back that is; None for all."""
    equation, dependent, along = graph[name], on_inputs(graph), sequence(graph)
    for read in equation.reads:
        if read.source not in dependent:
            continue
        if read.boundary and isinstance(equation.primitive, Final):
            continue  # there is always a layer
        ahead = read.axis == along.name and not read.boundary
        yield read, reach(read) if ahead else poly(0)


# --- what a cut costs -----------------------------------------------------------------------------


def cost(graph: Graph, cell: Cell, positions: Poly) -> Poly:
    """Return the scalars of so many positions of a cell, in all of its layers."""
    equation, part = graph[cell[0]], cell[1]
    along = equation.sequence == sequence(graph)
    each = (positions if along else _others(equation)) * equation.scalars
    if part == "first":
        return each
    total = all_layers(equation, each)
    if not part:
        return total
    (axis, *_) = _layers(equation)
    return total - each.substitute({axis.position: poly(0)})


def price(graph: Graph, cell: Cell, positions: Poly, at: Mapping[str, int]) -> Number:
    """Return the scalars of so many positions of a cell at concrete sizes, layer by layer."""
    equation, part = graph[cell[0]], cell[1]
    along = equation.sequence == sequence(graph)
    each = (positions if along else _others(equation)) * equation.scalars
    layers = _layers(equation)
    if len(layers) <= 1 and not any(a.position in each.sizes for a in layers):
        depth = int(layers[0].extent.evaluate(**at)) if layers else 1
        return each.evaluate(**at) * {"": depth, "first": 1, "later": depth - 1}[part]
    total: Number = 0
    for spot in itertools.product(
        *(range(int(a.extent.evaluate(**at))) for a in _layers(equation))
    ):
        if part in {"", "later" if any(spot) else "first"}:
            here = {a.position: p for a, p in zip(_layers(equation), spot, strict=True)}
            total += each.evaluate(**at, **here)
    return total


def _others(equation: Equation) -> Poly:
    """How many positions there are along another sequence."""
    return poly(1) if equation.sequence is None else equation.sequence.extent


def capacity(graph: Graph, cut: Cut) -> Poly:
    """Return the scalars that a cut holds at most."""
    needed, total = needs(graph, cut), poly(0)
    endless = {cell for cell, need in unlimited(graph, cut).items() if need is None}
    for cell in sorted(cut.cells & needed.keys()):
        one = cell in cut.oldest - endless
        total = total + cost(graph, cell, poly(1) if one else needed[cell])
    return total


def closed(graph: Graph, cut: Cut) -> bool:
    """Whether all that is needed can be computed from the cut."""
    needed: Mapping[Cell, Poly] = needs(graph, cut)
    inputs = {cell for name in graph.inputs for cell in cells_of(graph, name)}
    return all(cell in cut.cells for cell in needed if cell in inputs)


def checked_layers(graph: Graph) -> None:
    """Refuse what has no meaning here: layers that read other layers than the one below.

    Raises
    ------
    UnsolvedError
        The message names the equation.
    """
    for equation in graph:
        for read in equation.reads:
            if read.boundary or not down(graph, read) or isinstance(equation.primitive, Final):
                continue
            if deep(graph) and read.relation.distance != 1:
                raise UnsolvedError(f"{equation.name}: layers read others than the one below")
