"""Constants between which a cost stays, against what it is of the order of; nothing is proved here.

>>> found = certify_growth(poly("8*d**2*n + 4*d*n**2"), poly("n**2"), ("n",), {}, below=True)
>>> str(found.upper), str(found.lower), str(found.start["n"])
('8*d**2 + 4*d', '4*d', '1')
>>> certify_growth(poly("min(n, w)"), poly("1"), ("n",), {}, below=True).start["n"]
poly('1')
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...graphs.sizes import Atom, Poly, SizeError, ceil_log2, poly, size
from ..proofs.errors import ProofError
from ..proofs.growth import GrowthCertificate, check_growth
from .growth import settled

STARTS = (0, 1, 4, 16, 64)
TIMES = (1, 2, 4)
FACTORS = (1, 2, 4, 64, 10**6, 10**12)
LEAST = (1, 2, 3, 4)


def certify_growth(
    formula: Poly, bound: Poly, sizes: Sequence[str], least: Mapping[str, int], *, below: bool
) -> GrowthCertificate | None:
    """Find constants that the checker accepts; None if there are none among those that are tried.

    Parameters
    ----------
    formula
        A cost.
    bound
        What it is compared with.
    sizes
        The sizes that grow; all others are fixed.
    least
        Sizes for which the formula holds.
    below
        Whether the bound is claimed from below as well.
    """
    others = sorted({*formula.sizes, *bound.sizes} - set(sizes))
    for floor in LEAST:
        fixed = {s: max(floor, least.get(s, 1)) for s in others}
        for start in _starts(formula, sizes, least):
            found = _with_start(formula, bound, start, fixed, below)
            if found is not None:
                return found
    return None


def _starts(
    formula: Poly, sizes: Sequence[str], least: Mapping[str, int]
) -> Iterator[dict[str, Poly]]:
    """Yield values from which on sizes grow: numbers, and where minima and maxima are decided."""
    first = {s: least.get(s, 1) for s in sizes}
    for more in STARTS:
        yield {s: poly(first[s] + more) for s in sizes}
    if len(sizes) == 1:
        (name,) = sizes
        far = sum(dict.fromkeys([*_decided(formula, name), _subtracted(formula, name)]), poly(0))
        for times in TIMES if far != 0 else ():
            yield {name: times * far + first[name]}


def _subtracted(formula: Poly, name: str) -> Poly:
    """Return the sum of what is subtracted somewhere and does not grow."""
    total = poly(0)
    for part in (formula, *(Poly(a.terms) for atom in _choices(formula) for a in atom.args)):
        for monomial, c in part.terms.items():
            term = Poly({monomial: -c})
            if c < 0 and name not in term.sizes:
                total = total + term
    return total


def _decided(cost: Poly, name: str) -> Iterator[Poly]:
    """Yield from where on one side of a minimum or maximum that does not grow is the smaller."""
    for atom in _choices(cost):
        for growing, other in itertools.permutations(Poly(a.terms) for a in atom.args):
            slope = growing.substitute({name: size(name) + 1}) - growing
            straight = _straight(growing)
            rise = straight.substitute({name: size(name) + 1}) - straight
            if (
                name in growing.sizes
                and name not in other.sizes
                and name not in rise.sizes
                and slope
            ):
                yield (other - straight.substitute({name: 0})) / rise


def _choices(cost: Poly) -> Iterator[Atom]:
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind in {"min", "max"}:
            yield atom
        if atom.kind != "size":
            for argument in atom.args:
                yield from _choices(argument)


def _straight(cost: Poly) -> Poly:
    """Write what is rounded up as what it was."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "ceil" and cost == Poly({((atom, 1),): 1}):
            return Poly(atom.args[0].terms)
    return cost


def _with_start(
    formula: Poly, bound: Poly, start: Mapping[str, Poly], least: Mapping[str, int], below: bool
) -> GrowthCertificate | None:
    try:
        above, under = _constants(formula, bound, start)
    except SizeError:
        return None  # at its start the formula has no value
    high = _tightest(
        [
            [GrowthCertificate(formula, bound, k * c, None, start, least) for k in FACTORS]
            for c in above
        ]
    )
    if high is None or not below:
        return high
    return _tightest([[replace(high, lower=c / k) for k in FACTORS] for c in under])


def _tightest(choices: Iterable[Sequence[GrowthCertificate]]) -> GrowthCertificate | None:
    """Return the first of some certificates that holds, of those whose last one does."""
    for certificates in choices:
        if _holds(certificates[-1]):
            return next(c for c in certificates if _holds(c))
    return None


def _holds(certificate: GrowthCertificate) -> bool:
    try:
        check_growth(certificate)
    except (ProofError, ValueError, ZeroDivisionError):
        return False
    return True


def _constants(
    formula: Poly, bound: Poly, start: Mapping[str, Poly]
) -> tuple[list[Poly], list[Poly]]:
    """Return what may be times the bound at most, and at least: without what grows."""
    inside = formula
    for name in start if len(start) == 1 else ():
        inside = settled(inside, name)
    unit = _fixed_part(bound, start)
    above, under = [], []
    for cost in dict.fromkeys((inside, _smooth(inside))):
        parts = [_fixed_part(Poly({m: c}), start) / unit for m, c in cost.terms.items()]
        added = [c for c in parts if max(c.terms.values()) > 0]
        above += [sum(added, poly(0))] if added else []
        under += added
    first = bound.substitute(start)
    there = poly(1) if first == 0 else formula.substitute(start) / first
    sides = (Poly(a.terms) for atom in _choices(formula) for a in atom.args)
    fixed = [side for side in sides if not set(side.sizes) & set(start)]
    return _distinct([*above, *fixed, there, poly(1)]), _distinct([*under, there, poly(1)])


def _distinct(costs: Iterable[Poly]) -> list[Poly]:
    return [c for c in dict.fromkeys(costs) if c != 0]


def _smooth(cost: Poly) -> Poly:
    """Write what is rounded up as what it was, as far as constants go."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c)
        for atom, k in monomial:
            smooth = Poly({((atom, 1),): 1})
            if atom.kind == "ceil":
                smooth = Poly(atom.args[0].terms)
            elif atom.kind == "ceil_log":
                smooth = ceil_log2(atom.args[1]) / ceil_log2(atom.args[0])
            product = product * smooth**k
        total = total + product
    return total


def _fixed_part(cost: Poly, names: Iterable[str]) -> Poly:
    """Return the first term without what grows."""
    (monomial, c), *_ = cost.terms.items() or [((), 1)]
    return Poly({tuple((a, k) for a, k in monomial if not _grows(a, names)): c})


def _grows(atom: Atom, names: Iterable[str]) -> bool:
    sizes = [atom.args[0]] if atom.kind == "size" else [s for a in atom.args for s in a.sizes]
    return any(name in sizes for name in names)
