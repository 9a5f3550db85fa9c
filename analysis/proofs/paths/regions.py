"""Certificates of paths through blocks, first positions and strides: sets of pairs, and a checker.

Where a relation does not go by distance, the shortest path is the same for whole sets of pairs of an
input position j and a position i: those in one block of b positions (each position alone if b is 1,
all together if there is no b), those with j among the first m, or those with j in the window of
``size`` positions from ``step*i`` on. These sets are closed under reading:

- reading a block of b positions, where the source has blocks of c and one of the two is a multiple
  of the other, leads to blocks of the larger; reading all positions, to all;
- reading the first m positions of a source that has blocks leads from the first m positions to all,
  if its blocks end there or there are none;
- reading a window of a source that has windows leads to a wider one, if these leave no gaps.

So a path costs one of a few numbers. They are bounds from below where everything that is read is
inside some region that costs no more, and lengths of paths where something that is read fills the
region. Both hold by induction because the unrolled graph has no cycles.

>>> blocks = Region(poly(4), cost=poly("L"))
>>> str(blocks), str(read_through(Relation.block(2), blocks))
('L for i and j in one block of 4', 'L for i and j in one block of 4')
>>> str(read_through(Relation.first("w"), Region(poly(1))))
'0 for j < w'
>>> str(read_through(Relation.stride(2), Region(step=poly(2), size=poly(3))))
'0 for 4*i <= j < 4*i + 5'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ....graphs.graph import Equation, Graph, Read
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, minimum, poly
from ..errors import ProofError
from .pieces import Given, Span1
from .reading import Cell, Reader, claimed
from .shortest import costs


@dataclass(frozen=True)
class Region:
    """Pairs of an input position j and a position i, and what the shortest path between them costs."""

    block: Poly | None = None
    """i and j are in one block of so many positions; None if any two are."""
    below: Poly | None = None
    """j is less than this; None if it is any."""
    cost: Poly = field(default_factory=lambda: poly(0))
    """May hold sizes and layer positions."""
    layers: tuple[tuple[str, Span1], ...] = ()
    """Layer axes with the first and the last layer for which it is claimed."""
    step: Poly | None = None
    """If given, i is on a coarser axis, and j in the window of ``size`` from ``step*i`` on."""
    size: Poly = field(default_factory=lambda: poly(1))

    def claimed(self, axis: str) -> Span1:
        """Return the first and the last layer for which the region is claimed."""
        return dict(self.layers).get(axis, (0, None))

    def limited(self, axis: str, layers: Span1 | None) -> Region:
        """Return the region with another claim about layers; None for no claim."""
        rest = tuple(pair for pair in self.layers if pair[0] != axis)
        own = rest if layers is None else tuple(sorted((*rest, (axis, layers))))
        return replace(self, layers=own)

    def fixed(self, values: Given) -> Region:
        """Return the region with sizes and layer positions replaced."""
        block, below, step = (
            None if x is None else x.substitute(values) for x in (self.block, self.below, self.step)
        )
        cost, size = self.cost.substitute(values), self.size.substitute(values)
        return Region(block, below, cost, self.layers, step, size)

    @property
    def pairs(self) -> Region:
        """The region without its cost and its layers."""
        return replace(self, cost=poly(0), layers=())

    def __str__(self) -> str:
        if self.step is not None:
            return f"{self.cost} for {self.step}*i <= j < {self.step}*i + {self.size}"
        beside = {None: [], poly(1): ["i = j"]}.get(
            self.block, [f"i and j in one block of {self.block}"]
        )
        limit = [] if self.below is None else [f"j < {self.below}"]
        return f"{self.cost} for {' and '.join([*beside, *limit]) or 'all i and j'}"


SAME = Region(poly(1))


@dataclass(frozen=True, slots=True)
class RegionCertificate:
    """Everything that the checker needs to verify what costs the same for whole sets of pairs."""

    regions: Mapping[str, Mapping[str, tuple[Region, ...]]]
    """By input, then by equation: no path is shorter than these say."""
    achieved: Mapping[str, Mapping[str, tuple[Region, ...]]]
    """By input, then by equation: those that are lengths of paths."""
    hops: int | None = None
    least: Mapping[str, int] = field(default_factory=dict)


# --- reading --------------------------------------------------------------------------------------


def read_through(move: Relation, source: Region) -> Region:
    """Return the pairs between which reading leads: i reads some position that j reaches.

    Raises
    ------
    ProofError
        If they are no region.
    """
    if move.is_same:
        return source
    if move.kind == "stride":
        return _window(move, source)
    if source.step is not None:
        raise ProofError(f"no rule for {move} of windows")
    if move.kind == "offsets" and move.back is None and move.ahead is None and move.step == 1:
        return replace(source, block=None)
    if move.kind == "block":
        return replace(source, block=_larger(move.size, source.block))
    if move.kind == "first" and source.block is None:
        return source
    if move.kind == "first" and divides(source.block, move.size):
        limit = move.size if source.below is None else minimum(move.size, source.below)
        return replace(source, block=None, below=limit)
    raise ProofError(f"no rule for {move} of {source}")


def _window(move: Relation, source: Region) -> Region:
    """Return what reading windows of a source leads to; where some are empty, only of its input."""
    if source.pairs == SAME:
        return replace(source, block=None, step=move.step, size=move.size)
    full = at_least(move.size, move.step)
    if full and source.step is None and source.block is None:
        return source
    if full and source.step is not None and at_least(source.size, source.step):
        size = source.size + (move.size - 1) * source.step
        return replace(source, step=source.step * move.step, size=size)
    raise ProofError(f"no rule for {move} of {source}")


def _larger(a: Poly, b: Poly | None) -> Poly | None:
    if b is None or divides(a, b):
        return b
    if divides(b, a):
        return a
    raise ProofError(f"no rule for blocks of {a} and of {b}")


def divides(part: Poly | None, whole: Poly) -> bool:
    """Whether a number of positions is certainly a multiple of another one."""
    if part is None:
        return False
    if part == whole:
        return True
    quotient = whole / part
    return all(
        c.denominator == 1 and all(k > 0 and a.kind == "size" for a, k in m)
        for m, c in quotient.terms.items()
    )


def contains(outer: Region, inner: Region, given: Given) -> bool:
    """Whether all pairs of one region are certainly in another one."""
    if outer.step is not None or inner.step is not None:
        return (outer.step, outer.size) == (inner.step, inner.size) or outer.pairs == Region()
    if outer.block is not None and not (
        inner.block is not None and divides(inner.block, outer.block)
    ):
        return False
    if outer.below is None:
        return True
    return inner.below is not None and at_least(outer.below, inner.below, given=given)


# --- the checker ----------------------------------------------------------------------------------


def check_regions(graph: Graph, setting: Setting, certificate: RegionCertificate) -> None:
    """Verify that the regions are the shortest paths, for all sizes in the domain.

    Raises
    ------
    ProofError
        Naming the equation of which too little or too much is said.
    """
    if not set(certificate.regions) == set(certificate.achieved) == set(graph.inputs):
        raise ProofError(f"expected regions for each input of {graph.name}")
    for source, regions in certificate.regions.items():
        below = region_checker(graph, setting, source, regions, certificate)
        above = region_checker(graph, setting, source, certificate.achieved[source], certificate)
        for equation in graph:
            for cell in below.reader.cells(equation):
                below.complete(equation, cell)
                above.achieved(equation, cell)


def region_checker(
    graph: Graph,
    setting: Setting,
    source: str,
    regions: Mapping[str, tuple[Region, ...]],
    certificate: RegionCertificate,
) -> RegionChecker:
    """Return a checker of regions from one input."""
    reader = Reader(graph, regions, certificate.least, certificate.hops)
    return RegionChecker(source, costs(graph, setting, certificate.hops), reader)


@dataclass(frozen=True, slots=True)
class RegionChecker:
    """Checks the regions of one input against what the equations read."""

    source: str
    cost: Mapping[str, Poly]
    reader: Reader[Region]

    def own(self, equation: Equation, cell: Cell) -> list[Region]:
        """Return the regions that are claimed of an equation in a cell."""
        return [r for r in self.reader.pieces.get(equation.name, ()) if claimed(r, cell.layer)]

    def ways(self, equation: Equation, cell: Cell) -> Iterator[tuple[Region, bool]]:
        """Yield the regions that reading leads to, and whether there is a path for all their pairs."""
        weight = self.cost[equation.name]
        if equation.name == self.source:
            yield replace(SAME, cost=weight), True
        for read, found in self.reader.reads(equation, cell):
            across = equation.sequence != self.reader.graph[read.source].sequence
            for region in found:
                for move, extra in self.reader.moves(equation, read):
                    yield from ways_through(region, move, read, across, weight + extra)

    def complete(self, equation: Equation, cell: Cell) -> None:
        """No path is cheaper than the regions say."""
        own = self.own(equation, cell)
        for way, _ in self.ways(equation, cell):
            if not any(
                contains(r, way, cell.given) and at_least(way.cost, r.cost, given=cell.given)
                for r in own
            ):
                raise ProofError(f"{equation.name}: a path ({way}) may be cheaper than its regions")

    def achieved(self, equation: Equation, cell: Cell) -> None:
        """Every region has a path for each of its pairs."""
        for region in self.own(equation, cell):
            if not self.is_achieved(equation, region, cell):
                raise ProofError(f"{equation.name}: no path for all pairs of {region}")

    def is_achieved(self, equation: Equation, region: Region, cell: Cell) -> bool:
        """Whether something that is read leads between all pairs of a region."""
        return any(
            exact
            and contains(way, region, cell.given)
            and at_least(region.cost, way.cost, given=cell.given)
            for way, exact in self.ways(equation, cell)
        )


def ways_through(
    region: Region, move: Relation, read: Read, across: bool, cost: Poly
) -> Iterator[tuple[Region, bool]]:
    """Yield what reading makes of a region, and whether it leads between all pairs of that."""
    way, relation = replace(region, cost=region.cost + cost), read.relation
    if move.is_same and relation.kind == "first":
        # A position that reads itself is one of the first.
        limit = relation.size if way.below is None else minimum(relation.size, way.below)
        exact = way.block == 1
        yield (replace(way, below=limit) if exact else way), exact
        return
    by_itself = region.block is None and region.step is None
    if not by_itself and relation.kind in {"last", "head"} and not move.is_same:
        raise ProofError(f"no rule for {relation} of {region}")
    if not by_itself and across and move.is_same:
        raise ProofError(f"no rule for {region} of another sequence")
    yield read_through(move, way), True
