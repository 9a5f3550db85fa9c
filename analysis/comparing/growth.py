"""Growth: the Theta class of a cost, in one size with the others fixed, and in all together.

>>> from ...graphs.sizes import poly
>>> growth(poly("8*n*d**2 + 4*n**2*d"), ("n", "d"))
{'n': 'n**2', 'd': 'd**2'}
>>> growth(poly("2*d*min(n, w) + ceil(log2(n))"), ("n", "w"))
{'n': 'log(n)', 'w': '1'}
>>> theta(poly("8*n*d**2 + 4*n**2*d + 3*n*d"))
'd**2*n + d*n**2'
>>> theta(poly("max(n*d, n**2 - n)"))
'd*n + n**2'
>>> dominates(poly("n**2*d"), poly("n*d")), dominates(poly("n**2"), poly("n*d"))
(True, False)

Conventions
-----------
- In one size, all others are constants of at least one (of at least two, if they are the base of a
  power), and only large values count: ``min(n, w)`` is of order 1 in n, and in w.
- In several sizes, a term is dropped if another one is at least as large for all sizes of at least
  one up to a constant factor; logarithms count as at least one, ``x - 1`` as ``x``, and subtracted
  terms do not count. What is left is a sum, so the larger of two terms need not be known.
- ``2**ceil(log2(x))`` lies between x and 2*x and counts as x.
- ``log`` has no base: another base is another factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ...graphs.sizes import Atom, Monomial, Poly, at_least, poly, size

Term: TypeAlias = Poly
"""A product of powers of atoms, without a coefficient."""


@dataclass(frozen=True, slots=True)
class Order:
    """How fast something grows in one size: ``exp(rate) * x**degree * log(x)**logs``."""

    rate: tuple[tuple[str, int], ...] = ()
    """Bases of powers whose exponent grows, with the exponent's factor."""
    degree: Poly = field(default_factory=lambda: poly(0))
    logs: int = 0

    def __mul__(self, other: Order) -> Order:
        rate = dict(self.rate)
        for base, k in other.rate:
            rate[base] = rate.get(base, 0) + k
        kept = tuple(sorted((b, k) for b, k in rate.items() if k))
        return Order(kept, self.degree + other.degree, self.logs + other.logs)

    def __pow__(self, k: int) -> Order:
        return Order(tuple((b, r * k) for b, r in self.rate), self.degree * k, self.logs * k)

    def above(self, other: Order) -> bool:
        """Whether it grows at least as fast, for certain."""
        if self.rate != other.rate:
            mine, theirs = dict(self.rate), dict(other.rate)
            return all(mine.get(b, 0) >= theirs.get(b, 0) for b in mine | theirs)
        if self.degree != other.degree:
            return at_least(self.degree, other.degree)
        return self.logs >= other.logs

    @property
    def shrinks(self) -> bool:
        """Whether it tends to zero."""
        return self != Order() and Order().above(self)

    def text(self, name: str) -> str:
        """Python syntax, without a constant factor."""
        above = [_raised(base, str(k * size(name))) for base, k in self.rate if k > 0]
        below = [_raised(base, str(-k * size(name))) for base, k in self.rate if k < 0]
        if at_least(0, self.degree):
            below += _written(name, -self.degree)
        else:
            above += _written(name, self.degree)
        (above if self.logs > 0 else below).extend(_written(f"log({name})", poly(abs(self.logs))))
        return _quotient(above, below)


def _written(base: str, exponent: Poly) -> list[str]:
    if exponent == 0:
        return []
    return [base] if exponent == 1 else [_raised(base, str(exponent))]


def _raised(base: str, exponent: str) -> str:
    return f"{base}**{exponent}" if exponent.isalnum() else f"{base}**({exponent})"


def _quotient(above: list[str], below: list[str]) -> str:
    top = "*".join(above) or "1"
    if not below:
        return top
    return f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'*'.join(below)})"


def growth(formula: Poly, sizes: Iterable[str]) -> dict[str, str]:
    """Return the Theta class in each size, the others being fixed.

    Where terms of the highest order may cancel, it is the class of their sum of absolute values.
    """
    return {name: _sum_order(settled(formula, name), name).text(name) for name in sizes}


def order(cost: Poly, name: str) -> Order:
    """Return how fast a cost grows in one size, the others being fixed."""
    return _sum_order(settled(cost, name), name)


def settled(cost: Poly, name: str) -> Poly:
    """Decide minima and maxima for large values of one size, where that decides them."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c)
        for atom, k in monomial:
            product = product * _settled_atom(atom, name) ** k
        total = total + product
    return total


def _settled_atom(atom: Atom, name: str) -> Poly:
    own = Poly({((atom, 1),): 1})
    if atom.kind not in {"min", "max"} or name not in own.sizes:
        return own
    left, right = (settled(a, name) for a in atom.args)
    above, below = _sum_order(left, name), _sum_order(right, name)
    if above == below:
        return own if left != right else left
    larger, smaller = (left, right) if above.above(below) else (right, left)
    return larger if atom.kind == "max" else smaller


def _sum_order(cost: Poly, name: str) -> Order:
    highest: Order | None = None
    for monomial in cost.terms:
        order = Order()
        for atom, k in monomial:
            order = order * _atom_order(atom, name) ** k
        if highest is None or order.above(highest):
            highest = order
    return highest or Order()


def _atom_order(atom: Atom, name: str) -> Order:
    if atom.kind == "size":
        return Order(degree=poly(1)) if atom.args[0] == name else Order()
    if all(name not in a.sizes for a in atom.args):
        return Order()
    orders = [_sum_order(settled(a, name), name) for a in atom.args]
    match atom.kind:
        case "ceil_log2":
            return _logarithm(orders[0])
        case "ceil_log":
            return _logarithm(orders[1]) if orders[0] == Order() else Order()
        case "ceil":
            return Order() if orders[0].shrinks else orders[0]
        case "reciprocal":
            return orders[0] ** -1
        case "power":
            return _power_order(atom, orders, name)
    return orders[0]


def _logarithm(order: Order) -> Order:
    if order.rate:
        return Order(degree=poly(1))
    return Order(logs=1) if order.degree != 0 and at_least(order.degree, 0) else Order()


def _power_order(atom: Atom, orders: list[Order], name: str) -> Order:
    base, exponent = atom.args
    inner = _doubled(atom)
    if inner is not None:
        return _sum_order(settled(inner, name), name)
    if name not in exponent.sizes:
        return Order(degree=orders[0].degree * exponent)
    if orders[1] == Order(degree=poly(1)) and name not in base.sizes:
        slope = exponent / size(name)
        factor = slope.constant
        if factor is not None and factor.denominator == 1:
            return Order(rate=((str(base), int(factor)),))
        return Order(rate=((str(power_text(base, slope)), 1),))
    return Order() if orders[1] == Order() else Order(rate=((str(base), 1),))


def power_text(base: Poly, slope: Poly) -> str:
    """Write a power whose exponent is a symbol, for use as a base."""
    return f"({base}**({slope}))"


def _doubled(atom: Atom) -> Poly | None:
    """Return x for ``2**ceil(log2(x))``; None for anything else."""
    base, exponent = atom.args
    logs = [a for a in exponent.atoms if a.kind == "ceil_log2"]
    if base == 2 and len(logs) == 1 and exponent == Poly({((logs[0], 1),): 1}):
        return Poly(logs[0].args[0].terms)
    return None


# --- several sizes --------------------------------------------------------------------------------


def theta(formula: Poly) -> str:
    """Return the Theta class in all sizes together: the sum of the maximal terms."""
    return " + ".join(_term_text(t) for t in maximal(formula)) or "0"


def maximal(formula: Poly) -> tuple[Term, ...]:
    """Return the terms that no other one dominates, without coefficients, in a fixed order."""
    terms = {_simple(m) for m, c in _opened(formula).terms.items() if c > 0}
    ordered = sorted((Poly({m: 1}) for m in terms), key=lambda t: (-len(str(t)), str(t)))
    kept: list[Poly] = []
    for term in ordered:
        if not any(_covers(other, term) for other in kept):
            kept = [k for k in kept if not _covers(term, k)]
            kept.append(term)
    return tuple(sorted(kept, key=lambda t: (-_degree(t), str(t))))


def _opened(cost: Poly) -> Poly:
    """Write the larger of two costs as their sum, which is of the same order; keep what is added."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c if c > 0 else 0)
        for atom, k in monomial if c > 0 else ():
            if atom.kind == "max" and k == 1:
                product = product * (_opened(atom.args[0]) + _opened(atom.args[1]))
            else:
                product = product * Poly({((atom, k),): 1})
        total = total + product
    return total


def _degree(term: Term) -> int:
    (monomial,) = term.terms
    return sum(k * (64 if a.kind == "power" else 1) for a, k in monomial if a.kind != "ceil_log2")


def dominates(a: Poly, b: Poly) -> bool:
    """Whether ``b`` is certainly of order at most ``a``, in all sizes together."""
    return all(any(_covers(x, y) for x in maximal(a)) for y in maximal(b))


def _simple(monomial: Monomial) -> Monomial:
    """Replace atoms by simpler ones of the same order."""
    total = poly(1)
    for atom, k in monomial:
        if atom.kind == "reciprocal":
            total = total / sum(maximal(atom.args[0]), poly(0)) ** k
            continue
        if atom.kind == "min" and any(a.constant is not None for a in atom.args):
            continue  # between 1 and a number
        inner = _doubled(atom) if atom.kind == "power" else None
        leading = None if inner is None or len(inner.terms) != 1 else next(iter(inner.terms))
        total = total * Poly({leading if leading is not None else ((atom, 1),): 1}) ** k
    (result,) = total.terms
    return result


def _covers(x: Term, y: Term) -> bool:
    """Whether ``x >= y`` up to a constant factor, for all sizes of at least one."""
    quotient = poly(1)
    (above,), (below,) = x.terms, y.terms
    for atom, k in _ratio(above, below):
        if atom.kind != "ceil_log2":
            quotient = quotient * Poly({((atom, k),): 1})
        elif k < 0:
            # log(x) <= x, and where log(x) is a factor of the larger term it is at least one.
            inner = Poly(atom.args[0].terms)
            quotient = (
                quotient * inner**k if len(inner.terms) == 1 else quotient * Poly({((atom, k),): 1})
            )
    (monomial,) = quotient.terms
    top = Poly({tuple((a, k) for a, k in monomial if k > 0): 1})
    bottom = Poly({tuple((a, -k) for a, k in monomial if k < 0): 1})
    return at_least(top, bottom)


def _ratio(above: Monomial, below: Monomial) -> list[tuple[Atom, int]]:
    powers = dict(above)
    for atom, k in below:
        powers[atom] = powers.get(atom, 0) - k
    return [(a, k) for a, k in sorted(powers.items(), key=lambda p: p[0].text) if k]


def _term_text(term: Term) -> str:
    (monomial,) = term.terms
    ordered = sorted(monomial, key=lambda p: (p[0].kind != "size", p[0].text))
    under = [(a, k) for a, k in ordered if a.kind == "reciprocal"]
    above = [_factor(a, k) for a, k in ordered if k > 0 and a.kind != "reciprocal"]
    below = [_factor(a, -k) for a, k in ordered if k < 0]
    return _quotient(
        above,
        below
        + [
            _raised(f"({theta(a.args[0])})", str(k)) if k > 1 else f"({theta(a.args[0])})"
            for a, k in under
        ],
    )


def _factor(atom: Atom, k: int) -> str:
    text = f"log({atom.args[0]})" if atom.kind == "ceil_log2" else atom.text
    if k == 1:
        return text
    return f"({text})**{k}" if atom.kind == "power" else f"{text}**{k}"


def leading(formula: Poly) -> Poly:
    """Return the terms of a cost that no other one dominates, with their coefficients.

    >>> str(leading(poly("12*L*d**2 + 13*L*d")))
    '12*L*d**2'
    """
    sizes = Poly({m: c if c > 0 else -c for m, c in formula.terms.items()})
    kept = {next(iter(term.terms)) for term in maximal(sizes)}
    return Poly({m: c for m, c in formula.terms.items() if _simple(m) in kept})
