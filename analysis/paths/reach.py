"""Receptive field and layers to connect, read off certified pieces."""

from __future__ import annotations

import functools
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, ceil_div, ceil_log, maximum, poly, size
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.paths.connecting import (
    ConnectCertificate,
    RegionConnectCertificate,
    bounds,
    check_connecting,
    check_region_connecting,
)
from ..proofs.paths.lengths import FieldCertificate, check_field, connected, count, reaches
from ..proofs.paths.shortest import PathCertificate, check_paths
from ..proofs.positions import lower_sizes
from ..solving import UnsolvedError, require
from .classes import by_class, is_dilated
from .finding import certify_paths
from .regions import by_region, certify_regions, region_field


def certified(graph: Graph, setting: Setting, *, hops: int | None = None) -> PathCertificate:
    """Find pieces and have them checked.

    Raises
    ------
    UnsolvedError, ProofError, ValueError
        If there is no conjecture or no proof.
    """
    certificate = certify_paths(graph, setting, hops=hops)
    check_paths(graph, setting, certificate)
    return certificate


def receptive_field(graph: Graph, setting: Setting) -> Derivation:
    """Derive how many input positions reach an output position, at most."""
    try:
        if by_region(graph):
            return region_field(graph, setting)
        if is_dilated(graph):
            return by_class(graph, setting, lambda g: receptive_field(g, setting), weighted=False)
        return _field(graph, setting)
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")


def _field(graph: Graph, setting: Setting) -> Derivation:
    paths = certify_paths(graph, setting, hops=0)
    pairs = connected(graph, paths)
    counts = tuple(count(graph, *pair, paths) for pair in pairs)
    certificate = FieldCertificate(paths, counts)
    check_field(graph, setting, certificate)
    if not pairs:
        return Derivation(None, reason="no output reads an input")
    formula = functools.reduce(maximum, counts)
    lines = tuple(_line(name, output, paths) for name, output in pairs)
    return Derivation(formula, "proved", dict(paths.least), lines, certificate)


def _line(name: str, output: str, paths: PathCertificate) -> str:
    pieces = paths.pieces[name][output]
    if any(p.side == 0 for p in pieces):
        return f"every position of {name} reaches every position of {output}"
    before, after = reaches(pieces, paths)
    if before is None or after is None:
        return f"an end of {output} is reached from every position of {name}"
    return f"{output} is reached from {before} positions before, {after} after, and itself"


def layers_to_connect(graph: Graph, setting: Setting) -> Derivation:
    """Derive the fewest layers that connect all pairs which any number of layers connects."""
    try:
        one = one_layer(graph)
        if is_dilated(graph):
            return by_class(graph, setting, lambda g: layers_to_connect(g, setting), weighted=False)
        if by_region(graph):
            return _at_once(deepened(graph), setting)
        paths = certify_paths(one, setting, hops=0)
        if not list(bounds(one, paths)):
            return _connecting(one, setting, ConnectCertificate(paths, (), poly(1)))
        deep = deepened(graph)
        paths = certify_paths(deep, setting, hops=0)
        if paths.least:
            raise UnsolvedError("the layers are alike only from some number of layers on")
        least: dict[str, int] = {}
        needed = tuple(_solve(high, target, least) for high, target in bounds(deep, paths))
        formula = functools.reduce(maximum, needed)
        return _connecting(deep, setting, ConnectCertificate(paths, needed, formula, least))
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")


def _connecting(graph: Graph, setting: Setting, certificate: ConnectCertificate) -> Derivation:
    check_connecting(graph, setting, certificate)
    sides = [high for high, _ in bounds(graph, certificate.paths)]
    formula = certificate.formula
    lines = (
        *(f"L layers reach {high} positions away on one side" for high in sides),
        f"that is at least one less than the number of positions from L = {formula} on"
        if sides
        else "one layer reaches every position that any number reaches",
    )
    return Derivation(formula, "proved", dict(certificate.least), lines, certificate)


def _at_once(graph: Graph, setting: Setting) -> Derivation:
    """Where sets of pairs are the same for any number of layers, one layer is enough."""
    certificate = RegionConnectCertificate(certify_regions(graph, setting, hops=0))
    check_region_connecting(graph, setting, certificate)
    lines = ("one layer reaches every position that any number reaches",)
    return Derivation(poly(1), "proved", {}, lines, certificate)


def one_layer(graph: Graph) -> Graph:
    """Return one layer of a model, as far as it can be traced again."""
    return graph if graph.source is None or "L" not in graph.axes else graph.source(L=1)


def deepened(graph: Graph) -> Graph:
    """Return a stack of L layers of a model.

    Raises
    ------
    UnsolvedError
        If it cannot be traced again, or stacked.
    """
    if graph.source is None:
        raise UnsolvedError("the model cannot be traced again with more layers")
    deep = graph.source(L="L")
    if "L" not in deep.axes:
        if not graph.stackable:
            raise UnsolvedError("the output cannot be the input of another layer")
        deep = graph.source(stacked="L")
    return deep


def _solve(high: Poly, target: Poly, least: dict[str, int]) -> Poly:
    """Return the least L with ``high >= target``, raising least values of sizes as it takes."""
    if "L" not in high.sizes:
        return poly(1)
    for name in target.sizes:  # a single position is reached by no layer at all
        least[name] = max(least.get(name, 1), 2)
    slope = high.substitute({"L": size("L") + 1}) - high
    if "L" not in slope.sizes:
        rest = high - slope * size("L")
        require(least, slope, Fraction(1, 2))
        needed = ceil_div(target - rest, slope)
        positive = at_least(target - rest, Fraction(1, 2), given=lower_sizes(least))
        return needed if positive else maximum(needed, 1)
    ratio = (high + 1).substitute({"L": size("L") + 1}) / (high + 1)
    if "L" in ratio.sizes or (high + 1).substitute({"L": poly(0)}) != 1:
        raise UnsolvedError(f"{high} >= {target} has no solution in closed form")
    require(least, ratio, 2)
    return ceil_log(ratio, target + 1)
