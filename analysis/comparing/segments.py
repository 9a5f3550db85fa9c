"""The sign of a cost at every whole number of an interval: exact runs, found without a grid.

>>> from ...graphs.sizes import poly
>>> for run in segments(poly("n**2 - 100*n"), 1, 10**12):
...     print(run.first, run.last, run.sign)
1 99 -1
100 100 0
101 1000000000000 1
>>> [(r.first, r.sign) for r in segments(poly("ceil(log2(n)) - 3"), 1, 100)]
[(1, -1), (5, 0), (9, 1)]

Notes
-----
A polynomial is monotone on the whole numbers where its difference ``p(n+1) - p(n)`` has one sign;
the difference is of a lower degree, so its runs are known, and in each of them the sign of ``p`` is
found by bisection. A function inside a cost (a minimum, a maximum, a logarithm that is rounded up)
is replaced by what it is on pieces of the interval. Where these are too many (``ceil(n/c)``), the
cost lies between two that have no such function; only what these leave open is looked at number by
number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from ...graphs.sizes import Atom, Poly, at_least, poly
from ..solving import UnsolvedError

FEW = 24
"""Numbers of an interval that are looked at one by one."""
MOST_PIECES = 256
"""Pieces of a function that is rounded up."""
MOST_NUMBERS = 20_000
"""Numbers that are looked at one by one where nothing else decides."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring whole numbers at which a cost has one sign."""

    first: int
    last: int
    sign: int
    """-1, 0 or 1."""


def segments(cost: Poly, low: int, high: int) -> tuple[Segment, ...]:
    """Return the runs of signs of a cost in one size, from ``low`` to ``high``, both included.

    Raises
    ------
    UnsolvedError
        If the cost has several sizes, or a function that no rule splits.
    """
    if len(cost.sizes) > 1:
        raise UnsolvedError(f"expected a cost in one size, got {', '.join(cost.sizes)} in {cost}")
    return tuple(_merged(_runs(cost, low, high)))


def sign_at(runs: Sequence[Segment], at: int) -> int:
    """Return the sign at a number inside the interval."""
    return next(r.sign for r in runs if r.first <= at <= r.last)


def sign(value: Fraction | int) -> int:
    """Return -1, 0 or 1."""
    return (value > 0) - (value < 0)


def _merged(runs: Iterator[Segment]) -> Iterator[Segment]:
    open_: Segment | None = None
    for run in runs:
        if open_ is not None and open_.sign == run.sign:
            open_ = Segment(open_.first, run.last, run.sign)
            continue
        if open_ is not None:
            yield open_
        open_ = run
    if open_ is not None:
        yield open_


def _runs(cost: Poly, low: int, high: int) -> Iterator[Segment]:
    if low > high:
        return
    if not cost.sizes:
        yield Segment(low, high, sign(cost.constant or 0))
        return
    if high - low < FEW:
        yield from _one_by_one(cost, low, high)
        return
    atom = _innermost(cost)
    if atom is None:
        yield from _polynomial(_coefficients(cost), low, high)
    elif atom.kind in {"min", "max"}:
        yield from _of_two(cost, atom, low, high)
    elif atom.kind == "reciprocal":
        yield from _cleared(cost, atom, low, high)
    elif atom.kind in {"ceil_log2", "ceil_log", "ceil"}:
        yield from _rounded(cost, atom, low, high)
    else:
        raise UnsolvedError(f"no rule for the sign of a cost with {atom.text}")


def _one_by_one(cost: Poly, low: int, high: int) -> Iterator[Segment]:
    (name,) = cost.sizes
    for k in range(low, high + 1):
        yield Segment(k, k, sign(cost.evaluate(**{name: k})))


# --- polynomials ----------------------------------------------------------------------------------


def _coefficients(cost: Poly) -> list[int]:
    """Return whole coefficients, lowest power first, of a positive multiple of the cost."""
    powers = {m[0][1] if m else 0: c for m, c in cost.terms.items()}
    lowest, highest = min(0, *powers), max(powers)
    under = lcm(*(Fraction(c).denominator for c in powers.values()))
    return [int(powers.get(k, 0) * under) for k in range(lowest, highest + 1)]


def _value(coefficients: Sequence[int], at: int) -> int:
    total = 0
    for c in reversed(coefficients):
        total = total * at + c
    return total


def _difference(coefficients: Sequence[int]) -> list[int]:
    """Coefficients of p(n + 1) - p(n): a degree less."""
    found = [0] * len(coefficients)
    row = [1]
    for power, c in enumerate(coefficients):
        for k, binomial in enumerate(row[:power]):
            found[k] += c * binomial
        row = [1, *(a + b for a, b in itertools.pairwise(row)), 1]
    return found[:-1]


def _polynomial(coefficients: Sequence[int], low: int, high: int) -> Iterator[Segment]:
    if low > high:
        return
    if len(coefficients) <= 1:
        yield Segment(low, high, sign(coefficients[0] if coefficients else 0))
        return
    start = low
    for run in _merged(_polynomial(_difference(coefficients), low, high - 1)):
        # p is monotone from run.first to run.last + 1, where the next run starts.
        yield from _monotone(lambda k: _value(coefficients, k), start, run.last + 1)
        start = run.last + 2
    if start <= high:
        yield from _monotone(lambda k: _value(coefficients, k), start, high)


def _monotone(value: Callable[[int], int], low: int, high: int) -> Iterator[Segment]:
    """Runs of what only rises or only falls: at most three."""
    while low <= high:
        here = sign(value(low))
        inside, outside = low, high + 1
        while outside - inside > 1:
            middle = (inside + outside) // 2
            if sign(value(middle)) == here:
                inside = middle
            else:
                outside = middle
        yield Segment(low, inside, here)
        low = inside + 1


# --- functions ------------------------------------------------------------------------------------


def _innermost(cost: Poly) -> Atom | None:
    """Return a function whose arguments are polynomials; None if there is no function."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "size":
            continue
        for argument in atom.args:
            inner = _innermost(argument)
            if inner is not None:
                return inner
        return atom
    return None


def _with(cost: Poly, atom: Atom, value: Poly) -> Poly:
    """Put a value in the place of a function, at any depth."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c)
        for factor, k in monomial:
            product = product * _atom_with(factor, atom, value) ** k
        total = total + product
    return total


def _atom_with(factor: Atom, atom: Atom, value: Poly) -> Poly:
    if factor is atom:
        return value
    if factor.kind == "size" or not any(_contains(a, atom) for a in factor.args):
        return Poly({((factor, 1),): 1})
    from ...graphs.functions import rebuilt

    return rebuilt(factor.kind, (_with(a, atom, value) for a in factor.args))


def _contains(cost: Poly, atom: Atom) -> bool:
    return any(
        a is atom or (a.kind != "size" and any(_contains(x, atom) for x in a.args))
        for a in cost.atoms
    )


def _of_two(cost: Poly, atom: Atom, low: int, high: int) -> Iterator[Segment]:
    left, right = atom.args
    least = _with(cost, atom, left), _with(cost, atom, right)
    for run in _merged(_runs(left - right, low, high)):
        first = (run.sign < 0) == (atom.kind == "min")
        yield from _runs(least[0 if first else 1], run.first, run.last)


def _cleared(cost: Poly, atom: Atom, low: int, high: int) -> Iterator[Segment]:
    """Multiply by what is divided by, which is positive."""
    divisor = atom.args[0]
    if not at_least(divisor, 1) or _nested(cost, atom):
        raise UnsolvedError(f"no rule for the sign of a cost with {atom.text}")
    degree = max(dict(m).get(atom, 0) for m in cost.terms)
    total = poly(0)
    for monomial, c in cost.terms.items():
        rest = Poly({tuple((a, k) for a, k in monomial if a is not atom): c})
        total = total + rest * divisor ** (degree - dict(monomial).get(atom, 0))
    yield from _runs(total, low, high)


def _nested(cost: Poly, atom: Atom) -> bool:
    return any(a is not atom and a.kind != "size" and _contains_in(a, atom) for a in cost.atoms)


def _contains_in(factor: Atom, atom: Atom) -> bool:
    return any(_contains(a, atom) for a in factor.args)


def _rounded(cost: Poly, atom: Atom, low: int, high: int) -> Iterator[Segment]:
    pieces = list(itertools.islice(_steps(atom, low, high), MOST_PIECES + 1))
    if len(pieces) > MOST_PIECES:
        yield from _between(cost, atom, low, high)
        return
    for first, last, value in pieces:
        yield from _runs(_with(cost, atom, poly(value)), first, last)


def _steps(atom: Atom, low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """Yield the pieces on which a function that is rounded up has one value."""
    argument, alone = atom.args[-1], Poly({((atom, 1),): 1})
    while low <= high:
        value = int(alone.evaluate(**dict.fromkeys(alone.sizes, low)))
        above, most = _limits(atom, value)
        last = _stays(argument - most, low, high, (-1, 0))
        if above is not None:
            last = _stays(argument - above, low, last, (1,))
        yield low, last, value
        low = last + 1


def _stays(cost: Poly, low: int, high: int, signs: Sequence[int]) -> int:
    """Return the last number up to which all signs from ``low`` on are among those given."""
    last = low
    for run in _runs(cost, low, high):
        if run.sign not in signs:
            break
        last = run.last
    return last


def _limits(atom: Atom, value: int) -> tuple[Fraction | int | None, Fraction | int]:
    """Return what the argument lies above, if anything, and what it does not exceed, at a value."""
    if atom.kind == "ceil":
        return value - 1, value
    base = Fraction(2 if atom.kind == "ceil_log2" else atom.args[0].constant or 0)
    if base < 2:
        raise UnsolvedError(f"no rule for the sign of a cost with {atom.text}")
    return (None if value == 0 else base ** (value - 1)), base**value


def _between(cost: Poly, atom: Atom, low: int, high: int) -> Iterator[Segment]:
    """Use ``a <= ceil(a) <= a + 1`` where a cost is linear in it, and look at what that leaves."""
    slope = _slope(cost, atom)
    argument = atom.args[0]
    if slope is None or atom.kind != "ceil":
        yield from _looked_at(cost, Segment(low, high, 0))
        return
    for run in _merged(_runs(slope, low, high)):
        ends = [_with(cost, atom, argument + k) for k in (0, 1)]
        least, most = ends if run.sign >= 0 else reversed(ends)
        for part in _merged(_runs(least, run.first, run.last)):
            if part.sign > 0:
                yield part
                continue
            for left in _merged(_runs(most, part.first, part.last)):
                yield from (left,) if left.sign < 0 else _looked_at(cost, left)


def _slope(cost: Poly, atom: Atom) -> Poly | None:
    """Return the coefficient of a function in which a cost is linear; None if it is not."""
    if _nested(cost, atom) or any(dict(m).get(atom, 0) not in {0, 1} for m in cost.terms):
        return None
    return Poly(
        {
            tuple(p for p in m if p[0] is not atom): c
            for m, c in cost.terms.items()
            if dict(m).get(atom)
        }
    )


def _looked_at(cost: Poly, run: Segment) -> Iterator[Segment]:
    if run.last - run.first >= MOST_NUMBERS:
        raise UnsolvedError(
            f"{run.last - run.first + 1} numbers are left to look at, from {run.first} on"
        )
    yield from _one_by_one(cost, run.first, run.last)
