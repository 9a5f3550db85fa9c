"""Closed forms of sums over layers; the checker verifies them afterwards.

>>> str(over_layers(poly("2*L_ + 1"), "L_", poly("L")))
'L**2'
>>> str(over_layers(power(2, "L_"), "L_", poly("L")))
'2**L - 1'
"""

from __future__ import annotations

from ...graphs.graph import Equation
from ...graphs.sizes import Atom, Poly, ceil_log, minimum, poly, power, size
from ..proofs.cases import rewritten
from ..solving import UnsolvedError


def all_layers(equation: Equation, each: Poly) -> Poly:
    """Sum the cost of a layer over all layers of an equation."""
    for axis in equation.positions:
        if axis.kind == "layer":
            each = over_layers(each, axis.position, axis.extent)
    return each


def over_layers(cost: Poly, symbol: str, extent: Poly) -> Poly:
    """Sum a cost over ``symbol`` from 0 to ``extent - 1``.

    A cost that compares powers ``k**l`` with a size n has a simple form for ``l <= p - 2``, another
    for ``l >= p``, where p = ceil(log(n, k)), and only the layer between needs the comparison. With
    ``u = min(extent, p)`` it is the one before u, if there is any; the same holds if u is 0, since
    a sum up to -1 is less the term at -1, which is of the first form.

    Raises
    ------
    UnsolvedError
        If a term is neither a polynomial nor a power in the symbol.
    """
    try:
        return _over_layers(cost, symbol, extent)
    except UnsolvedError:  # layers without the first, as ``k*k**l``: with it, less the first
        before = cost.substitute({symbol: size(symbol) - 1})
        return _over_layers(before, symbol, extent + 1) - before.substitute({symbol: poly(0)})


def _over_layers(cost: Poly, symbol: str, extent: Poly) -> Poly:
    found = _compared(cost, symbol)
    if found is None:
        return _divided(_sum(cost, symbol, extent))
    base, length, low, high = found
    u = minimum(extent, ceil_log(base, length))
    before = _divided(_sum(low, symbol, u - 1))
    return (
        before
        + cost.substitute({symbol: u - 1})
        + _sum(high, symbol, extent)
        - _sum(high, symbol, u)
    )


def _compared(cost: Poly, symbol: str) -> tuple[Poly, Poly, Poly, Poly] | None:
    """Return k, n, the cost for small k**l and for large; None if it has one form."""
    inside = [
        a
        for a in _functions(cost)
        if a.kind in {"min", "ceil"} and any(symbol in x.sizes for x in a.args)
    ]
    if not inside:
        return None
    (base, exponent), *_ = [
        p.args for a in inside for x in a.args for p in _functions(x) if p.kind == "power"
    ] or [(poly(1), poly(0))]
    lengths = {s for a in inside for x in a.args for s in x.sizes} - {symbol, *base.sizes}
    if exponent != size(symbol) or len(lengths) != 1:
        raise UnsolvedError(f"the sum of {cost} over layers has no known closed form")
    n, wide = size(lengths.pop()), power(base, exponent)

    def small(atom: Atom) -> Poly | None:  # k * k**l < n
        if atom.kind == "min" and n in atom.args:
            return next(Poly(x.terms) for x in atom.args if x != n)
        return base if atom.kind == "min" and symbol in _sizes(atom) else None

    def large(atom: Atom) -> Poly | None:  # k**l >= n
        if atom.kind == "ceil" and atom.args[0] == n / wide:
            return poly(1)
        return n if atom.kind == "min" and symbol in _sizes(atom) and n in atom.args else None

    return base, n, rewritten(cost, small), rewritten(cost, large)


def _functions(cost: Poly) -> list[Atom]:
    """All atoms that are no sizes, at every depth."""
    return [
        b
        for a in sorted(cost.atoms, key=lambda a: a.text)
        if a.kind != "size"
        for b in [a, *_inner(a)]
    ]


def _inner(atom: Atom) -> list[Atom]:
    return [b for x in atom.args for b in _functions(x)]


def _sizes(atom: Atom) -> set[str]:
    return {s for x in atom.args for s in x.sizes}


def _divided(cost: Poly) -> Poly:
    """Carry out divisions by ``k - 1`` that leave no rest."""
    under = next(
        (a for a in sorted(cost.atoms, key=lambda a: a.text) if a.kind == "reciprocal"), None
    )
    if under is None or len(under.args[0].sizes) != 1:
        return cost
    base = size(under.args[0].sizes[0])
    if under.args[0] != base - 1:
        return cost
    above = [
        (Poly({tuple(p for p in m if p[0] is not under): c}), dict(m).get(under, 0))
        for m, c in cost.terms.items()
    ]
    whole = sum((t for t, k in above if not k), poly(0))
    rest = sum((t for t, k in above if k == 1), poly(0))
    by_power: dict[int, Poly] = {}
    for monomial, c in rest.terms.items():
        k = next((e for a, e in monomial if a.kind == "size" and a.args[0] == str(base)), 0)
        by_power[k] = by_power.get(k, poly(0)) + Poly({monomial: c}) / base**k
    # Horner: the quotient's coefficients are the sums of those of higher powers.
    quotient, carry = poly(0), poly(0)
    for k in range(max(by_power), min(by_power), -1):
        carry = carry + by_power.get(k, poly(0))
        quotient = quotient + carry * base ** (k - 1)
    return whole + quotient if carry + by_power[min(by_power)] == 0 else cost


def _sum(cost: Poly, symbol: str, extent: Poly) -> Poly:
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


def least_sizes(formula: Poly) -> dict[str, int]:
    """Return sizes that a formula needs to be be larger than one: bases, and x in 1/(x - 1)."""
    bases = []
    for atom in _functions(formula):
        argument = atom.args[0]
        if atom.kind == "ceil_log":
            bases.append(argument)
        elif atom.kind == "reciprocal":
            bases.append(argument + 1)
    return {str(b): 2 for b in bases if b == poly(b.sizes[0] if b.sizes else 1) and b.sizes}
