"""Layering: where in a list of equations layers stand that repeat one another.

Layers are stretches of equations that are alike but for their names, each of them reading itself,
the stretch before it, and what is outside of all; only the last one is read from outside.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from .graph import Equation, Graph
from .primitives import Primitive
from .repetition import Run, runs

TRIED = 8
"""Runs, and ways to cut one into layers, that are tried."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The equations of a graph in some order, with the places of what they read."""

    equations: tuple[Equation, ...]
    sources: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    labels: tuple[int, ...]
    """Equal for equations that are alike but for their names and for whom they read."""

    @classmethod
    def of(cls, graph: Graph, equations: Sequence[Equation]) -> Listing:
        """List the equations of a graph in a given order."""
        place = {e.name: k for k, e in enumerate(equations)}
        numbers: dict[Hashable, int] = {}
        return cls(
            tuple(equations),
            tuple(tuple(place[r.source] for r in e.reads) for e in equations),
            tuple(place[name] for name in graph.outputs),
            tuple(numbers.setdefault(_kind(e), len(numbers)) for e in equations),
        )


def _kind(equation: Equation) -> Hashable:
    """Return what equations that stand for each other have in common."""
    reads = tuple((r.relation, r.axis, r.boundary) for r in equation.reads)
    return _hashable(equation.primitive), equation.phase, equation.domain, reads


def _hashable(primitive: Primitive) -> Hashable:
    """Return a primitive, or its text if it holds a graph and has no hash."""
    try:
        hash(primitive)
    except TypeError:
        return repr(primitive)
    return primitive


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers in a listing: ``depth`` of them, of ``period`` equations, one after another."""

    start: int
    period: int
    depth: int

    @property
    def stop(self) -> int:
        """The place after the last layer."""
        return self.start + self.period * self.depth

    @property
    def inside(self) -> range:
        """The places of all layers."""
        return range(self.start, self.stop)

    @property
    def saved(self) -> int:
        """How many equations are left out if one layer stands for all."""
        return self.period * (self.depth - 1)

    def cut(self, first: int, depth: int) -> Layers:
        """Return some of the layers."""
        return Layers(self.start + first * self.period, self.period, depth)


def layered(listing: Listing, fewest: int) -> Layers | None:
    """Return the layers of a listing that save most, at least ``fewest``; None if there are none.

    A layer may consist of several parts that look alike but read different things, so multiples of
    a period are periods to try.
    """
    best: Layers | None = None
    for run in runs(listing.labels, fewest=fewest)[:TRIED]:
        for parts in range(1, min(run.times // fewest, TRIED) + 1):
            whole = replace(run, period=parts * run.period)
            if best is not None and best.saved >= whole.saved:
                continue
            found = _most(listing, whole)
            if found.depth >= fewest and (best is None or found.saved > best.saved):
                best = found
    return best


def _most(listing: Listing, run: Run) -> Layers:
    """Return most layers of a run, of all ways to cut it."""
    best = Layers(run.start, run.period, 0)
    for start in _starts(listing, run):
        if best.depth < (run.stop - start) // run.period:
            found = _longest(listing, run, start)
            best = max(best, found, key=lambda layers: layers.depth)
    return best


def _starts(listing: Listing, run: Run) -> list[int]:
    """Return the places in the first period where a layer may begin: where least is carried over.

    They are judged by the last period. What is read within a period's distance is carried over all
    places between; no layer begins between an equation and a later one that it reads.
    """
    period, places = run.period, range(run.start, run.start + run.period)
    farthest, split = [0] * period, [False] * period
    for reader in range(run.stop - period, run.stop):
        for source in listing.sources[reader]:
            if 0 < reader - source <= period:
                farthest[source % period] = max(farthest[source % period], reader - source)
            for place in range(reader + 1, min(source, reader + period) + 1):
                split[place % period] = True
    carried = [0] * period
    for source, distance in enumerate(farthest):
        for place in range(source + 1, source + distance + 1):
            carried[place % period] += 1
    allowed = [p for p in places if not split[p % period]] or [run.start]
    least = min(carried[p % period] for p in allowed)
    return [p for p in allowed if carried[p % period] == least][:TRIED]


def _longest(listing: Listing, run: Run, start: int) -> Layers:
    """Return most layers of a run that continue one another, cut where ``start`` says."""
    whole = Layers(start, run.period, (run.stop - start) // run.period)
    found, first = whole.cut(0, 1), 0
    for k in range(1, whole.depth + 1):
        if k < whole.depth and _continues(listing, whole.cut(first, k + 1 - first)):
            continue
        if k - first > found.depth:
            closed = _closed(listing, whole.cut(first, k - first))
            found = max(found, closed, key=lambda layers: layers.depth)
        first = k
    return found


def _continues(listing: Listing, layers: Layers) -> bool:
    """Whether the last of some layers reads as the one before it does, one layer later.

    The first layer reads something outside in place of the layer before it.
    """
    own, before = layers.stop - layers.period, layers.stop - 2 * layers.period
    for reader in range(own, layers.stop):
        now, then = listing.sources[reader], listing.sources[reader - layers.period]
        for source, earlier in zip(now, then, strict=True):
            if source < layers.start:
                alike = earlier == source
            elif source < own and before == layers.start:
                alike = earlier < layers.start and _fits(listing, earlier, source)
            else:
                alike = before <= source < layers.stop and earlier == source - layers.period
            if not alike:
                return False
    return True


def _fits(listing: Listing, init: int, carried: int) -> bool:
    """Whether something outside can stand where the layer before would."""
    outside, inside = listing.equations[init], listing.equations[carried]
    return outside.features == inside.features and set(outside.positions) <= set(inside.positions)


def _closed(listing: Listing, layers: Layers) -> Layers:
    """Return most neighbouring layers of which only the last one is read from outside.

    What is read of it must be what a next layer would read; else it is not one of them.
    """
    inside = layers.inside
    read = {
        source
        for reader, sources in enumerate((*listing.sources, listing.outputs))
        if reader not in inside
        for source in sources
        if source in inside
    }
    ends = sorted({*((s - layers.start) // layers.period for s in read), layers.depth - 1})
    stretches = zip((0, *(end + 1 for end in ends)), ends, strict=False)
    first, last = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    found = layers.cut(first, last + 1 - first)
    ending = range(found.stop - found.period, found.stop)
    carried = {source + found.period for source in _carried(listing, found)}
    alike = {source for source in read if source in ending} <= carried
    return found if alike else found.cut(0, found.depth - 1)


def _carried(listing: Listing, layers: Layers) -> set[int]:
    """Return what the last layer reads of the one before it."""
    own = layers.stop - layers.period
    before = range(own - layers.period, own)
    return {s for r in range(own, layers.stop) for s in listing.sources[r] if s in before}
