"""Path lengths through blocks, first positions and strides, where the distance alone says nothing.

Regions are followed through the first layers of a stack and continued; the checkers of
:mod:`..proofs.paths.regions` verify them afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...graphs.graph import Equation, Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, maximum, poly, size
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.paths.reading import Reader, claimed
from ..proofs.paths.region_lengths import (
    Places,
    RegionFieldCertificate,
    RegionLengthCertificate,
    apart,
    check_region_field,
    check_region_length,
    linked,
    region_count,
)
from ..proofs.paths.regions import (
    SAME,
    Region,
    RegionCertificate,
    RegionChecker,
    contains,
    region_checker,
    ways_through,
)
from ..proofs.paths.shortest import costs
from ..proofs.positions import lower_sizes
from ..solving import UnsolvedError, continued, make_room, require
from ..walking import Walk

KINDS = frozenset({"block", "first", "stride"})
MOST = 12


def by_region(graph: Graph) -> bool:
    """Whether something is read by a relation that does not go by distance."""
    return any(read.relation.kind in KINDS for equation in graph for read in equation.reads)


def region_length(graph: Graph, setting: Setting, *, hops: int | None) -> Derivation:
    """Derive the longest shortest path.

    Raises
    ------
    UnsolvedError, ProofError
        If the pairs that are connected are no regions, or no pair is certain to attain a term.
    """
    certificate = certify_region_length(graph, certify_regions(graph, setting, hops=hops))
    check_region_length(graph, setting, certificate)
    formula = functools.reduce(maximum, certificate.formula)
    lines = _lines(graph, certificate.regions)
    least = {**certificate.regions.least, **certificate.least}
    return Derivation(formula, "proved", least, lines, certificate)


def region_field(graph: Graph, setting: Setting) -> Derivation:
    """Derive how many input positions reach an output position, at most.

    Raises
    ------
    UnsolvedError, ProofError
        If the pairs that are connected are no regions.
    """
    regions = certify_regions(graph, setting, hops=0)
    pairs, least = linked(graph, regions), dict(regions.least)
    for _, output in pairs:
        axis = graph[output].sequence
        if axis is not None:
            make_room(axis, least)
    counts = tuple(region_count(graph, *pair, regions, least) for pair in pairs)
    certificate = RegionFieldCertificate(regions, counts, least)
    check_region_field(graph, setting, certificate)
    formula = functools.reduce(maximum, counts)
    lines = _lines(graph, regions)
    return Derivation(formula, "proved", least, lines, certificate)


def _lines(graph: Graph, regions: RegionCertificate) -> tuple[str, ...]:
    return tuple(
        f"from position j of {name} to position i of {output}: {region}"
        for name, output in linked(graph, regions)
        for region in regions.regions[name][output]
    )


# --- regions of all equations ---------------------------------------------------------------------


def certify_regions(graph: Graph, setting: Setting, *, hops: int | None) -> RegionCertificate:
    """Find the regions of all equations, from each input; nothing is verified here.

    Raises
    ------
    UnsolvedError, ProofError
        If what is read is no region, or does not settle along a stack.
    """
    cost = costs(graph, setting, hops)
    found = {name: _Source(graph, cost, name, hops).regions() for name in graph.inputs}
    draft = RegionCertificate(found, found, hops)
    achieved = {
        name: _achieved(region_checker(graph, setting, name, found[name], draft), graph)
        for name in graph.inputs
    }
    return RegionCertificate(found, achieved, hops)


@dataclass(frozen=True, slots=True)
class _Source:
    """One input position, from which regions are followed."""

    graph: Graph
    cost: Mapping[str, Poly]
    name: str
    hops: int | None

    def regions(self) -> dict[str, tuple[Region, ...]]:
        """Return the regions of all equations."""
        walk: Walk[Region] = Walk(self.graph, lambda e: self._solve(walk, e), _continued)
        walk.visit(None)
        return walk.found

    def _solve(self, walk: Walk[Region], equation: Equation) -> tuple[Region, ...]:
        weight = self.cost[equation.name]
        found = [replace(SAME, cost=weight)] if equation.name == self.name else []
        reader: Reader[Region] = Reader(self.graph, {}, {}, self.hops)
        for read, regions in walk.reads(equation):
            across = equation.sequence != self.graph[read.source].sequence
            for region in regions:
                for move, extra in reader.moves(equation, read):
                    ways = ways_through(region, move, read, across, weight + extra)
                    found += [way for way, _ in ways]
        return _cheapest(found)


def _cheapest(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Drop regions that lie inside others that cost no more."""
    kept: list[Region] = []
    for region in dict.fromkeys(regions):
        if any(_holds(other, region) for other in kept):
            continue
        kept = [k for k in kept if not _holds(region, k)]
        kept.append(region)
    if len(kept) > MOST:
        raise UnsolvedError(f"more than {MOST} regions, among them {kept[0]} and {kept[1]}")
    return tuple(sorted(kept, key=str))


def _holds(outer: Region, inner: Region) -> bool:
    return (
        outer.layers == inner.layers
        and contains(outer, inner, {})
        and at_least(inner.cost, outer.cost)
    )


def _continued(course: Sequence[tuple[Region, ...]], axis: str, name: str) -> tuple[Region, ...]:
    """Continue the regions of the first layers to any layer."""
    later = [{region.pairs: region for region in found} for found in course[1:]]
    if any(set(found) != set(later[0]) for found in later):
        raise UnsolvedError(f"{name}: its regions do not settle along {axis}")
    step, tails = size(f"{axis}_"), []
    for pairs, region in later[0].items():
        history = [(found[pairs].cost,) for found in later]
        tails.append(replace(region, cost=continued(history, step - 1, name)[0]))
    start = {tail.fixed({f"{axis}_": 0}): tail for tail in tails}
    heads = [r.limited(axis, (0, 0)) for r in course[0] if r not in start]
    whole = [t if s in course[0] else t.limited(axis, (1, None)) for s, t in start.items()]
    return (*heads, *whole)


def _achieved(check: RegionChecker, graph: Graph) -> Mapping[str, tuple[Region, ...]]:
    """Return the regions that are left when what nothing carries is dropped, again and again."""
    left = dict(check.reader.pieces)
    changed = True
    while changed:
        changed = False
        now = replace(check, reader=replace(check.reader, pieces=left))
        for equation in graph:
            cells = list(now.reader.cells(equation))
            kept = tuple(
                region
                for region in left.get(equation.name, ())
                if all(
                    now.is_achieved(equation, region, cell)
                    for cell in cells
                    if claimed(region, cell.layer)
                )
            )
            changed |= kept != left.get(equation.name, ())
            left[equation.name] = kept
    return left


# --- the longest ----------------------------------------------------------------------------------


def certify_region_length(graph: Graph, regions: RegionCertificate) -> RegionLengthCertificate:
    """Find the pairs of positions that are farthest apart; nothing is verified here.

    Raises
    ------
    UnsolvedError
        If no pair is certain to be as far apart as a region says.
    """
    least: dict[str, int] = dict(regions.least)
    found = [
        (region.cost, name, output, region)
        for name, output in linked(graph, regions)
        for region in regions.regions[name][output]
    ]
    terms: dict[Poly, Places] = {}
    for cost, name, output, region in sorted(found, key=lambda f: -_rank(f[0], found)):
        if not any(at_least(term, cost) for term in terms):
            terms[cost] = _farthest(graph, name, output, region, regions, least)
    if not terms:
        raise UnsolvedError("no output reads an input")
    raised = {s: v for s, v in least.items() if v > regions.least.get(s, 1)}
    return RegionLengthCertificate(regions, tuple(terms), tuple(terms.values()), raised)


def _rank(cost: Poly, found: Sequence[tuple[Poly, str, str, Region]]) -> int:
    return sum(at_least(cost, other) for other, *_ in found)


def _farthest(
    graph: Graph,
    name: str,
    output: str,
    region: Region,
    regions: RegionCertificate,
    least: dict[str, int],
) -> Places:
    """Return two positions of a region that are in no cheaper one, raising sizes as it takes."""
    others = [r for r in regions.regions[name][output] if not at_least(r.cost, region.cost)]
    ends = [r.block for r in others] + [r.below for r in others] + [r.size for r in others]
    zero, choices = poly(0), [poly(0), poly(1), *(e for e in ends if e is not None)]
    for x in dict.fromkeys(choices):
        for j, i in ((zero, x), (x, zero), (x, x)):
            places, sizes = Places(name, output, j, i), dict(least)
            try:
                _make_room(graph, places, region, others, sizes)
                apart(graph, region.cost, places, regions, lower_sizes(sizes))
            except (UnsolvedError, ProofError):
                continue
            least |= sizes
            return places
    raise UnsolvedError(f"no two positions are certain to be as far apart as {region}")


def _make_room(
    graph: Graph, places: Places, region: Region, others: Sequence[Region], sizes: dict[str, int]
) -> None:
    """Raise sizes until two positions exist, are in a region and outside others."""
    for axis, place in (
        (graph[places.source].sequence, places.j),
        (graph[places.output].sequence, places.i),
    ):
        if axis is not None and place != 0:
            require(sizes, axis.extent - 1, place)
        if axis is not None:
            make_room(axis, sizes)
    far = poly(0) if places.i == places.j else places.i + places.j
    if region.block is not None:
        require(sizes, region.block - 1, far)
    if region.below is not None:
        require(sizes, region.below - 1, places.j)
    if region.step is not None:
        require(sizes, region.size - 1, places.j)
