"""Certificates of figures that are read off regions: the longest shortest path, and how many reach.

Two positions are as far apart as the cheapest region says that they are in. The longest of these is
at most the formula if each region costs no more, and at least that if some pair is in no cheaper
region. Pairs that are looked at have j = 0, i = 0 or i = j.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ....graphs.graph import Axis, Graph
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, minimum, poly
from ..errors import ProofError
from ..positions import exists, lower_sizes
from .pieces import Given
from .regions import Region, RegionCertificate, check_regions, contains, divides


@dataclass(frozen=True, slots=True)
class Places:
    """A position of an input and one of an output: one of them is 0, or they are the same."""

    source: str
    output: str
    j: Poly
    i: Poly


@dataclass(frozen=True, slots=True)
class RegionLengthCertificate:
    """Everything that the checker needs to verify a path length."""

    regions: RegionCertificate
    formula: tuple[Poly, ...]
    """The path length is the maximum of these."""
    places: tuple[Places, ...]
    """Two positions for each term of the formula."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


@dataclass(frozen=True, slots=True)
class RegionFieldCertificate:
    """Everything that the checker needs to verify a receptive field."""

    regions: RegionCertificate
    formula: tuple[Poly, ...]
    """By input and output, in their order: how many positions reach one, at most."""
    least: Mapping[str, int] = field(default_factory=dict)


def check_region_length(
    graph: Graph, setting: Setting, certificate: RegionLengthCertificate
) -> None:
    """Verify that the formula is the longest of all shortest paths, for all sizes in the domain.

    Raises
    ------
    ProofError
        If the regions are wrong, or a path may be longer, or no pair attains a term.
    """
    check_regions(graph, setting, certificate.regions)
    given = lower_sizes({**certificate.regions.least, **certificate.least})
    for name, output in linked(graph, certificate.regions):
        exact(certificate.regions, name, output, given)
        for region in certificate.regions.regions[name][output]:
            if not any(at_least(term, region.cost, given=given) for term in certificate.formula):
                raise ProofError(f"{output}: {region} may be more than {certificate.formula}")
    if len(certificate.places) != len(certificate.formula) or not certificate.formula:
        raise ProofError("expected two positions for each term of the formula")
    for term, places in zip(certificate.formula, certificate.places, strict=True):
        apart(graph, term, places, certificate.regions, given)


def linked(graph: Graph, regions: RegionCertificate) -> list[tuple[str, str]]:
    """Return the inputs and outputs that paths lead between."""
    outputs = dict.fromkeys(graph.outputs)
    return [(n, o) for n, found in regions.regions.items() for o in outputs if found.get(o)]


def exact(regions: RegionCertificate, name: str, output: str, given: Given) -> None:
    """Bounds and lengths of paths are the same at an output."""
    above = regions.achieved[name].get(output, ())
    for region in regions.regions[name][output]:
        if not any(
            contains(a, region, given) and at_least(region.cost, a.cost, given=given) for a in above
        ):
            raise ProofError(f"{output}: no path is as short as {region}")


def apart(
    graph: Graph, term: Poly, places: Places, regions: RegionCertificate, given: Given
) -> None:
    """Two positions exist, are connected, and no region that may hold them costs less."""
    if (places.source, places.output) not in linked(graph, regions):
        raise ProofError(f"{places.output}: it is no output that {places.source} reaches")
    if 0 not in (places.j, places.i, places.i - places.j):
        raise ProofError(f"expected j = 0, i = 0 or i = j, got {places.j} and {places.i}")
    on_axis(graph[places.source].sequence, places.j, given)
    on_axis(graph[places.output].sequence, places.i, given)
    found = regions.regions[places.source][places.output]
    if not any(is_inside(region, places, given) for region in found):
        raise ProofError(f"{places.output}: {places.j} is not certain to reach {places.i}")
    for region in found:
        cheap = not at_least(region.cost, term, given=given)
        if cheap and not is_outside(region, places, given):
            raise ProofError(f"{places.output}: {region} may be less than {term}")


def on_axis(axis: Axis | None, position: Poly, given: Given) -> None:
    """A position is certain to be on an axis."""
    if axis is None:
        return
    inside = at_least(position, 0, given=given) and at_least(axis.extent - 1, position, given=given)
    if not inside or not exists(axis, given):
        raise ProofError(f"position {position} is not certain to be on {axis}")


def is_inside(region: Region, places: Places, given: Given) -> bool:
    """Whether two positions are certain to be in a region."""
    if region.step is not None:
        return places.i == 0 and at_least(region.size - 1, places.j, given=given)
    far = poly(0) if places.i == places.j else places.i + places.j
    return (region.block is None or at_least(region.block - 1, far, given=given)) and (
        region.below is None or at_least(region.below - 1, places.j, given=given)
    )


def is_outside(region: Region, places: Places, given: Given) -> bool:
    """Whether two positions are certain not to be in a region."""
    if region.step is not None:
        return places.i == 0 and at_least(places.j, region.size, given=given)
    far = poly(0) if places.i == places.j else places.i + places.j
    return (region.block is not None and at_least(far, region.block, given=given)) or (
        region.below is not None and at_least(places.j, region.below, given=given)
    )


def check_region_field(graph: Graph, setting: Setting, certificate: RegionFieldCertificate) -> None:
    """Verify how many input positions reach an output position, for all sizes in the domain.

    Raises
    ------
    ProofError
        If the regions are wrong, or count differently.
    """
    check_regions(graph, setting, certificate.regions)
    pairs = linked(graph, certificate.regions)
    least = {**certificate.regions.least, **certificate.least}
    true = tuple(region_count(graph, *pair, certificate.regions, least) for pair in pairs)
    if certificate.formula != true:
        raise ProofError(f"expected {true}, got {certificate.formula}")


def region_count(
    graph: Graph, name: str, output: str, regions: RegionCertificate, least: Mapping[str, int]
) -> Poly:
    """Return how many positions of an input reach one position of an output, at most.

    Position 0 is in a block as large as any, and in the first window. Where the first m positions
    reach all, and m is a whole number of blocks, the positions of the next block are reached from
    those and their own.
    """
    given = lower_sizes(least)
    exact(regions, name, output, given)
    axis, seen = graph[name].sequence, graph[output].sequence
    if axis is None or seen is None or not exists(seen, given):
        raise ProofError(f"{output}: expected a position that {name} reaches")
    found = regions.regions[name][output]
    largest = [
        region
        for region in found
        if not any(contains(o, region, given) for o in found if o.pairs != region.pairs)
    ]
    many = axis.extent
    for bound in _sizes([region.pairs for region in largest]):
        many = minimum(many, bound)
    return many


def _sizes(found: Sequence[Region]) -> list[Poly]:
    """Return numbers of which the least is how many positions regions have for one of theirs."""
    together = dict.fromkeys(found)
    if len(together) == 1:
        (region,) = together
        bounds = (region.block, region.below)
        return [b for b in bounds if b is not None] if region.step is None else [region.size]
    blocks = [r.block for r in together if r.block is not None and r.below is None]
    limits = [r.below for r in together if r.below is not None and r.block is None]
    if len(together) == 2 and blocks and limits and divides(blocks[0], limits[0]):
        return [blocks[0] + limits[0]]
    raise ProofError(f"no rule for how many {' and '.join(str(r) for r in together)} are")
