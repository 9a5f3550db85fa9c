"""Closed forms of sums over positions and over layers; the checker verifies them afterwards.

A relation of offsets reads, over all n positions together, ``n - step*m`` pairs at distance
``step*m`` as long as that is positive. With ``u = min(bound + 1, ceil(n/step))`` multiples, zero
included, those on one side are ``n*(u - 1) - step*u*(u - 1)/2``.

>>> from ..graphs.relations import Relation
>>> str(law(Relation.prefix()).substitute({"q": "n", "step": 1}))
'n**2/2 + n/2'
>>> str(over_layers(poly("2*L_ + 1"), "L_", poly("L")))
'L**2'
"""

from __future__ import annotations

from ..graphs.graph import Equation
from ..graphs.relations import Relation
from ..graphs.sizes import Atom, Poly, minimum, poly, power, size
from .proofs.counts import Generic, generic
from .solving import UnsolvedError

N, Q, STEP = size("n"), size("q"), size("step")


def law(relation: Relation) -> Poly:
    """Return how many positions are read by all positions together, in generic symbols."""
    shape = generic(relation)
    if shape.kind == "first":
        return N * minimum(N, size("size"))
    if shape.kind == "stride":
        return N
    if shape.kind == "block":
        return size("size") ** 2 * (Q - 1) + (N - size("size") * (Q - 1)) ** 2
    total = N if shape.itself else poly(0)
    for sign, symbol in shape.bounds:
        u = _reach(symbol)
        total = total + sign * (N * (u - 1) - STEP * u * (u - 1) / 2)
    return total


def last_row(relation: Relation) -> Poly:
    """Return how many positions the last position of a causal relation reads, in generic symbols."""
    shape: Generic = generic(relation)
    total = poly(1 if shape.itself else 0)
    for sign, symbol in shape.bounds:
        total = total + sign * (_reach(symbol) - 1)
    return total


def _reach(symbol: str | None) -> Poly:
    return Q if symbol is None else minimum(size(symbol) + 1, Q)


ROUNDS = N * size("rounds_") - power(2, size("rounds_")) + 1
"""Combinations of an associative scan: the sum of ``n - 2**(r - 1)`` over its rounds."""


def all_layers(equation: Equation, each: Poly) -> Poly:
    """Sum the cost of a layer over all layers of an equation."""
    for axis in equation.positions:
        if axis.kind == "layer":
            each = over_layers(each, axis.position, axis.extent)
    return each


def over_layers(cost: Poly, symbol: str, extent: Poly) -> Poly:
    """Sum a cost over ``symbol`` from 0 to ``extent - 1``.

    Raises
    ------
    UnsolvedError
        If a term is neither a polynomial nor a power in the symbol.
    """
    total = poly(0)
    for monomial, c in cost.terms.items():
        rest, degree, bases = poly(c), 0, poly(1)
        for atom, k in monomial:
            own = Poly({((atom, k),): 1})
            if symbol not in own.sizes:
                rest = rest * own
            elif atom.kind == "size" and k > 0:
                degree = k
            else:
                bases = bases * _base(atom, symbol, cost) ** k
        total = total + rest * _series(bases, degree, extent, cost)
    return total


def _base(atom: Atom, symbol: str, cost: Poly) -> Poly:
    if atom.kind == "power" and atom.args[1] == size(symbol) and symbol not in atom.args[0].sizes:
        return Poly(atom.args[0].terms)
    raise UnsolvedError(f"the sum of {cost} over layers has no known closed form")


def _series(base: Poly, degree: int, extent: Poly, cost: Poly) -> Poly:
    """Sum ``l**degree * base**l`` over l (Faulhaber, or a geometric series)."""
    powers = {
        0: extent,
        1: extent * (extent - 1) / 2,
        2: extent * (extent - 1) * (2 * extent - 1) / 6,
    }
    if base == 1 and degree in powers:
        return powers[degree]
    if base != 1 and degree == 0 and len(base.terms) == 1:
        (monomial, c), *_ = base.terms.items()
        if not monomial:
            return (power(base, extent) - 1) / (base - 1)
        if c == 1 and len(monomial) == 1:
            (atom, k) = monomial[0]
            return (power(Poly({((atom, 1),): 1}), extent) ** k - 1) / (base - 1)
    raise UnsolvedError(f"the sum of {cost} over layers has no known closed form")
