"""Certificates of layers to connect: the fewest layers whose reach covers the sequence, and a checker.

L layers reach ``high`` positions away on one side, a formula in L that the pieces of a stack prove.
An answer y is the least number of layers with ``high >= n - 1`` if that holds for L = y, and not for
L = y - 1; reach never shrinks with more layers. Both are checked for all sizes, with what is known
of y:

- ``y = ceil(x)`` is x plus something that is not negative, and x plus one less something positive;
- for ``y = ceil(log(x, b))`` the power ``b**y`` is x plus something that is not negative, and
  ``b**(y - 1)`` is x less something positive, where b and x are at least 2.

>>> check_needed(poly("L*w - L"), poly("n - 1"), poly("ceil((n - 1)/(w - 1))"), {"w": 2, "n": 2})
>>> check_needed(poly("k**L - 1"), poly("n - 1"), poly("ceil(log(n, k))"), {"k": 2, "n": 2})
>>> check_needed(poly("L*w"), poly("n - 1"), poly("ceil((n - 1)/(w + 1))"), {"n": 2})
Traceback (most recent call last):
    ...
workspan.analysis.proofs.errors.ProofError: ceil((n - 1)/(w + 1)) layers may reach less than n - 1 positions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ....graphs.graph import Graph
from ....graphs.setting import Setting
from ....graphs.sizes import Atom, Poly, at_least, maximum, poly, power, size
from ..cases import cleared, rewritten
from ..errors import ProofError
from ..positions import lower_sizes, positive
from .lengths import connected, reaches
from .pieces import Given
from .region_lengths import exact, linked
from .regions import RegionCertificate, check_regions
from .shortest import PathCertificate, check_paths

LAYERS = "L"
ANSWER = size("answer")
MORE, LESS = size("more_"), size("less")
"""What an answer rounds up: at least zero, and what is missing to the one before: more than zero."""


@dataclass(frozen=True, slots=True)
class ConnectCertificate:
    """Everything that the checker needs to verify how many layers connect what any number connects."""

    paths: PathCertificate
    """Which positions are reached, by hops that cost nothing: of one layer, or of L."""
    needed: tuple[Poly, ...]
    """For each side on which positions are reached up to a distance: how many layers cover it."""
    formula: Poly
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


@dataclass(frozen=True, slots=True)
class RegionConnectCertificate:
    """Regions of a stack that are the same for any number of layers."""

    regions: RegionCertificate


def check_connecting(graph: Graph, setting: Setting, certificate: ConnectCertificate) -> None:
    """Verify that the formula is the fewest layers, for all sizes in the domain.

    Parameters
    ----------
    graph
        A stack of L layers; or one layer, if that reaches whatever any number reaches.

    Raises
    ------
    ProofError
        If the pieces are wrong, or too few layers or too many are said to be needed.
    """
    if certificate.paths.hops != 0 or certificate.paths.least:
        raise ProofError("expected pieces of any number of layers that say what is reached")
    check_paths(graph, setting, certificate.paths)
    bounded = list(bounds(graph, certificate.paths))
    if len(bounded) != len(certificate.needed):
        raise ProofError(f"expected {len(bounded)} answers, got {len(certificate.needed)}")
    formula = poly(1)
    for (high, target), answer in zip(bounded, certificate.needed, strict=True):
        check_needed(high, target, answer, certificate.least)
        formula = answer if formula == 1 else maximum(formula, answer)
    if certificate.formula != formula:
        raise ProofError(f"expected {formula}, got {certificate.formula}")


def bounds(graph: Graph, paths: PathCertificate) -> Iterator[tuple[Poly, Poly]]:
    """Yield how far positions are reached on each side that ends, and how far the sequence goes."""
    for name, output in connected(graph, paths):
        pieces, axis = paths.pieces[name][output], graph[output].sequence
        if any(p.side == 0 for p in pieces):
            continue
        if axis is None:
            raise ProofError(f"{output}: it has no sequence")
        for high in reaches(pieces, paths):
            if high is not None and high != 0:
                yield high, axis.extent - 1


def check_needed(high: Poly, target: Poly, answer: Poly, least: Mapping[str, int]) -> None:
    """Verify that ``high >= target`` holds for L = answer and for no smaller L of at least 1.

    Raises
    ------
    ProofError
        If one of them is not certain.
    """
    given = lower_sizes(least)
    if LAYERS not in high.sizes:
        if answer != 1:
            raise ProofError(f"one layer reaches as far as any number, got {answer}")
        return
    growth = high.substitute({LAYERS: size(LAYERS) + 1}) - high
    if not at_least(growth, 0, given=given):
        raise ProofError(f"more layers may reach less than {high}")
    choices = _arguments(answer)
    if not any(_is_some(choice, given) for choice in choices):
        raise ProofError(f"{answer} may be less than one layer")
    if not any(_is_zero_or_more(_enough(high, c, given) - target, given) for c in choices):
        raise ProofError(f"{answer} layers may reach less than {target} positions")
    for choice in choices:
        if choice != 1 and not _is_positive(target - _too_few(high, choice, given), given):
            raise ProofError(f"{choice} layers may be more than it takes to reach {target}")


def _arguments(answer: Poly) -> list[Poly]:
    """Return what an answer is the maximum of."""
    for atom in answer.atoms:
        if atom.kind == "max" and answer == Poly({((atom, 1),): 1}):
            return [p for part in atom.args for p in _arguments(part)]
    return [answer]


def _enough(high: Poly, answer: Poly, given: Given) -> Poly:
    """Return no more than what so many layers reach."""
    rounded = _rounded(answer)
    if rounded is None:
        return high.substitute({LAYERS: answer})
    if rounded.kind == "ceil":
        return high.substitute({LAYERS: rounded.args[0] + MORE})
    base, x = _logarithm(rounded, given)
    return _with_power(high.substitute({LAYERS: ANSWER}), base, x + MORE)


def _too_few(high: Poly, answer: Poly, given: Given) -> Poly:
    """Return no less than what one layer fewer reaches."""
    rounded = _rounded(answer)
    if rounded is None:
        return high.substitute({LAYERS: answer - 1})
    if rounded.kind == "ceil":
        return high.substitute({LAYERS: rounded.args[0] - LESS})
    base, x = _logarithm(rounded, given)
    return _with_power(high.substitute({LAYERS: ANSWER - 1}), base, base * (x - LESS))


def _rounded(answer: Poly) -> Atom | None:
    """Return the rounding that an answer is; None if it is a polynomial."""
    for atom in answer.atoms:
        if atom.kind in {"ceil", "ceil_log"} and answer == Poly({((atom, 1),): 1}):
            return atom
    if any(atom.kind != "size" for atom in answer.atoms):
        raise ProofError(f"no rule for {answer} layers")
    return None


def _is_some(answer: Poly, given: Given) -> bool:
    """Whether an answer is at least one layer."""
    rounded = _rounded(answer)
    if rounded is None:
        return at_least(answer, 1, given=given)
    if rounded.kind == "ceil":
        return _is_positive(Poly(rounded.args[0].terms), given)
    _logarithm(rounded, given)  # the power of no layer is 1, and the argument is more
    return True


def _logarithm(rounded: Atom, given: Given) -> tuple[Poly, Poly]:
    base, x = rounded.args
    if not (at_least(base, 2, given=given) and at_least(x, 2, given=given)):
        raise ProofError(f"expected a base and an argument of at least 2 in {rounded.text}")
    return Poly(base.terms), Poly(x.terms)


def _with_power(cost: Poly, base: Poly, value: Poly) -> Poly:
    """Put a value for ``base**answer``; no other term may depend on the answer."""
    (wanted,) = power(base, ANSWER).atoms
    found = rewritten(cost, lambda atom: value if atom is wanted else None)
    if str(ANSWER) in found.sizes:
        raise ProofError(f"no rule for {cost} positions")
    return found


def _is_zero_or_more(cost: Poly, given: Given) -> bool:
    return at_least(_without_quotients(cost, given), 0, given=given)


def _is_positive(cost: Poly, given: Given) -> bool:
    return positive(_without_quotients(cost, given), given)


def _without_quotients(cost: Poly, given: Given) -> Poly:
    """Multiply by what is divided by, which must be positive."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "reciprocal" and not positive(Poly(atom.args[0].terms), given):
            raise ProofError(f"{atom.args[0]} may be zero")
    multiplied = cleared(cost)
    return cost if multiplied is None else _without_quotients(multiplied, given)


def check_region_connecting(
    graph: Graph, setting: Setting, certificate: RegionConnectCertificate
) -> None:
    """Verify that one layer connects whatever any number of layers connects.

    Raises
    ------
    ProofError
        If the regions are wrong, or depend on the number of layers.
    """
    regions = certificate.regions
    if regions.hops != 0 or regions.least:
        raise ProofError("expected regions of any number of layers that say what is reached")
    check_regions(graph, setting, regions)
    for name, output in linked(graph, regions):
        exact(regions, name, output, {})
        for region in regions.regions[name][output]:
            if LAYERS in str(region.pairs):
                raise ProofError(f"{output}: {region} depends on the number of layers")
