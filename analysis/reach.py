"""Receptive field and layers to connect, read off certified pieces."""

from __future__ import annotations

import functools
from fractions import Fraction

from ..graphs.graph import Axis, Graph
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, ceil_div, ceil_log, maximum, poly, size
from .derivation import Derivation
from .paths import certify_paths
from .proofs.errors import ProofError
from .proofs.lengths import FieldCertificate, check_field, connected, count, reaches
from .proofs.paths import PathCertificate, check_paths
from .proofs.positions import lower_sizes
from .solving import UnsolvedError, require


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
        paths = certify_paths(graph, setting, hops=0)
        pairs = connected(graph, paths)
        counts = tuple(count(graph, *pair, paths) for pair in pairs)
        certificate = FieldCertificate(paths, counts)
        check_field(graph, setting, certificate)
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
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
        one = _one_layer(graph)
        sides = _sides(one, certified(one, setting, hops=0))
        if all(s is None or s == 0 for s in sides):
            return Derivation(
                poly(1), "proved", {}, ("one layer reaches every position that any number reaches",)
            )
        deep = _deep(graph)
        certificate = certified(deep, setting, hops=0)
        if certificate.least:
            raise UnsolvedError("the layers are alike only from some number of layers on")
        sides = _sides(deep, certificate)
        least = dict.fromkeys(_along(deep).extent.sizes, 2)
        needed = [_solve(deep, high, least) for high in sides if high is not None and high != 0]
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    formula = needed[0]
    for other in needed[1:]:
        formula = maximum(formula, other)
    steps = tuple(
        f"L layers reach {high} positions away on one side"
        for high in sides
        if high is not None and high != 0
    )
    steps = (
        *steps,
        f"that is at least one less than the number of positions from L = {formula} on",
    )
    return Derivation(formula, "proved", least, steps, certificate)


def _one_layer(graph: Graph) -> Graph:
    return graph if graph.source is None or "L" not in graph.axes else graph.source(L=1)


def _deep(graph: Graph) -> Graph:
    if graph.source is None:
        raise UnsolvedError("the model cannot be traced again with more layers")
    deep = graph.source(L="L")
    if "L" not in deep.axes:
        if not graph.stackable:
            raise UnsolvedError("the output cannot be the input of another layer")
        deep = graph.source(stacked="L")
    return deep


def _sides(graph: Graph, certificate: PathCertificate) -> list[Poly | None]:
    sides: list[Poly | None] = []
    for pieces in certificate.pieces.values():
        for output in graph.outputs:
            if pieces[output] and all(p.side != 0 for p in pieces[output]):
                sides.extend(reaches(pieces[output], certificate))
    return sides


def _along(graph: Graph) -> Axis:
    axis = graph[graph.outputs[0]].sequence
    if axis is None:
        raise UnsolvedError("the output has no sequence")
    return axis


def _solve(graph: Graph, high: Poly, least: dict[str, int]) -> Poly:
    """Return the least L with ``high >= n - 1``."""
    target = _along(graph).extent - 1
    if "L" not in high.sizes:
        return poly(1)
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
