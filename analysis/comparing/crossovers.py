"""Crossovers: for which sizes one model has less of a figure than another, solved exactly.

>>> from ...graphs.sizes import poly
>>> attention, lstm = poly("8*d**2*n + 4*d*n**2"), poly("16*d**2*n")
>>> condition(attention, lstm)
'n < 2*d'
>>> condition(lstm, attention), condition(attention, attention)
('n > 2*d', 'never')
>>> condition(poly("n**2"), poly("n*d + d**2"))
'n < (d + sqrt(5)*d)/2'

Notes
-----
All sizes are whole and at least one. The difference is multiplied by its denominators, factored
over the rationals, and freed of factors whose sign is certain; what is left is solved for a size in
which it is linear or quadratic. Where that does not decide it, the condition is the reduced
inequality itself, which is as exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from ...graphs.setting import Setting
from ...graphs.sizes import Atom, Monomial, Number, Poly, at_least, poly, size
from ..figures import Crossover

PREFERRED = ("n", "d")
"""Sizes to solve for, in this order; then all others by name."""


def crossover(
    figure: str,
    counted: str,
    left_name: str,
    left: Poly,
    right_name: str,
    right: Poly,
    setting: Setting,
) -> Crossover:
    """Compare two models in one figure.

    ``counted`` says what the formulas count, such as ``contractions``.
    """
    return Crossover(
        figure, counted, left_name, right_name, condition(left, right), left, right, setting
    )


def holds(found: Crossover, sizes: Mapping[str, int]) -> bool:
    """Whether the left model has less at these sizes, by exact evaluation of both formulas."""
    return bool(found.left_formula.evaluate(**sizes) < found.right_formula.evaluate(**sizes))


def condition(left: Poly, right: Poly) -> str:
    """Return when ``left < right``: always, never, or a condition in Python syntax."""
    difference = _whole(_cleared(left - right))
    if at_least(difference, 0):
        return "never"
    if at_least(-1, difference):
        return "always"
    sign, factors = _undecided(difference)
    if all(factors.count(f) == 2 for f in factors):  # squares, or nothing
        apart = " and ".join(dict.fromkeys(_inequality(f, "!=") for f in factors))
        return "never" if sign > 0 else apart or "always"
    rest = poly(sign)
    for factor in factors:
        rest = rest * factor
    for name in _names(rest):
        solved = _solved(rest, name)
        if solved is not None:
            return solved
    return _inequality(rest)


def _names(cost: Poly) -> Iterator[str]:
    """Sizes that appear only as such, not inside a function."""
    inside = {s for a in cost.atoms if a.kind != "size" for x in a.args for s in x.sizes}
    found = [a.args[0] for a in cost.atoms if a.kind == "size" and a.args[0] not in inside]
    yield from (name for name in PREFERRED if name in found)
    yield from sorted(set(found) - set(PREFERRED))


# --- reducing -------------------------------------------------------------------------------------


def _cleared(cost: Poly) -> Poly:
    """Multiply by all denominators and divide by common factors, all of them positive."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "reciprocal" and at_least(atom.args[0], 1):
            degree = max(dict(m).get(atom, 0) for m in cost.terms)
            cost = sum((_over(m, c, atom, degree) for m, c in cost.terms.items()), poly(0))
    if not cost.terms:
        return cost
    lowest = {a: min(dict(m).get(a, 0) for m in cost.terms) for a in cost.atoms if a.kind == "size"}
    shared = sorted(((a, -k) for a, k in lowest.items() if k), key=lambda p: p[0].text)
    return cost * Poly({tuple(shared): 1})


def _over(monomial: Monomial, c: Number, under: Atom, degree: int) -> Poly:
    rest = tuple((a, k) for a, k in monomial if a is not under)
    denominator = Poly(under.args[0].terms)
    return Poly({rest: c}) * denominator ** (degree - dict(monomial).get(under, 0))


def _whole(cost: Poly) -> Poly:
    """Make all coefficients whole, without a common divisor."""
    if not cost.terms:
        return cost
    fractions = [Fraction(c) for c in cost.terms.values()]
    under = lcm(*(f.denominator for f in fractions))
    common = gcd(*(int(f * under) for f in fractions))
    return cost * Fraction(under, common)


def _undecided(cost: Poly) -> tuple[int, list[Poly]]:
    """Factor, and return the sign of the factors whose sign is certain, and all other factors."""
    import sympy

    if any(k < 0 for monomial in cost.terms for _, k in monomial):
        return 1, [cost]  # divided by what may be zero, such as a logarithm: nothing to factor

    symbols = {
        atom: sympy.Symbol(f"x{k}")
        for k, atom in enumerate(sorted(cost.atoms, key=lambda a: a.text))
    }
    expression = sympy.Add(
        *(
            sympy.Rational(c.numerator, c.denominator) * sympy.Mul(*(symbols[a] ** k for a, k in m))
            for m, c in cost.terms.items()
        )
    )
    content, factors = sympy.factor_list(expression, *symbols.values())
    sign, rest = (1 if content > 0 else -1), []
    for factor, times in factors:
        found = _whole(_back(factor, symbols))
        if at_least(-1, found):
            sign *= (-1) ** times
        elif not at_least(found, 1):
            rest.extend([found] * (2 - times % 2))
    return sign, rest


def _back(factor: Any, symbols: Mapping[Atom, Any]) -> Poly:
    import sympy

    atoms = list(symbols)
    total = poly(0)
    for powers, c in sympy.Poly(factor, *symbols.values()).terms():
        term = poly(Fraction(int(c.p), int(c.q)))
        for atom, k in zip(atoms, powers, strict=True):
            term = term * Poly({((atom, 1),): 1}) ** int(k)
        total = total + term
    return total


# --- solving --------------------------------------------------------------------------------------


def _solved(cost: Poly, name: str) -> str | None:
    """Solve ``cost < 0`` for a size in which it is linear or quadratic; None if it is not."""
    parts = _coefficients(cost, name)
    if parts is None:
        return None
    if len(parts) == 2:
        return _linear(name, parts[1], parts[0])
    return _quadratic(name, parts[2], parts[1], parts[0])


def _coefficients(cost: Poly, name: str) -> list[Poly] | None:
    by_power: dict[int, Poly] = {}
    for monomial, c in cost.terms.items():
        k = next((e for a, e in monomial if a.kind == "size" and a.args[0] == name), 0)
        by_power[k] = by_power.get(k, poly(0)) + Poly({monomial: c}) / size(name) ** k
    highest = max(by_power)
    if not 1 <= highest <= 2 or min(by_power) < 0:
        return None
    return [by_power.get(k, poly(0)) for k in range(highest + 1)]


def _linear(name: str, slope: Poly, offset: Poly) -> str | None:
    if at_least(slope, 1):
        return f"{name} < {_quotient(-offset, slope)}"
    if at_least(-slope, 1):
        return f"{name} > {_quotient(offset, -slope)}"
    return None


def _quadratic(name: str, a: Poly, b: Poly, c: Poly) -> str | None:
    """One root is positive if the ends differ in sign; the condition lies on one side of it."""
    for sign, relation in ((1, "<"), (-1, ">")):
        first, middle, last = sign * a, sign * b, sign * c
        if at_least(first, 1) and at_least(0, last):
            square = middle * middle - 4 * first * last
            root = _root(square)
            top = root if middle == 0 else f"{-middle} + {root}"
            bottom = 2 * first
            return f"{name} {relation} ({top})/{_wrapped(bottom)}"
    return None


def _root(square: Poly) -> str:
    """Write a square root, of a single even power without the root where that is possible."""
    if len(square.terms) == 1:
        ((monomial, c),) = square.terms.items()
        if all(k % 2 == 0 for _, k in monomial) and monomial:
            return f"sqrt({c})*{Poly({tuple((a, k // 2) for a, k in monomial): 1})}"
    return f"sqrt({square})"


def _quotient(top: Poly, bottom: Poly) -> str:
    if len(bottom.terms) == 1:
        return str(top / bottom)
    return f"{_wrapped(top)}/{_wrapped(bottom)}"


def _wrapped(cost: Poly) -> str:
    text = str(cost)
    return text if text.isalnum() else f"({text})"


def _inequality(cost: Poly, relation: str = "<") -> str:
    """Write ``cost < 0`` with what is added on the left and what is subtracted on the right."""
    added = Poly({m: c for m, c in cost.terms.items() if c > 0})
    return f"{added} {relation} {added - cost}"
