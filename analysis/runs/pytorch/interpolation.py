"""Exact interpolation: a polynomial in several sizes from counts on a grid, over the rationals.

The degree in each size is found, not assumed: along a line, differences are taken until they vanish
twice more than they have to. The polynomial is then the only one of these degrees through a grid.

>>> terms = interpolate(lambda at: at["n"] ** 2 * at["d"] + 3 * at["d"], {
...     "n": range(1, 20), "d": range(2, 40, 2)
... })
>>> written(terms)
'd*n**2 + 3*d'
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from ..observations import EngineError

Sizes: TypeAlias = Mapping[str, int]
Terms: TypeAlias = Mapping[tuple[tuple[str, int], ...], Fraction]
"""Coefficients by monomial; a monomial is powers of sizes, sorted by name."""
Count: TypeAlias = Callable[[Sizes], int]

SPARE = 2
"""How many differences beyond the degree have to vanish as well."""
HIGHEST = 6
"""The highest degree that is looked for."""


def interpolate(count: Count, grid: Mapping[str, Sequence[int]]) -> Terms:
    """Return the polynomial through counts.

    Parameters
    ----------
    count
        The count at sizes.
    grid
        For each size the values that it may have, in an arithmetic progression; as many are used
        as its degree needs.

    Raises
    ------
    EngineError
        If no polynomial of a low degree goes through the counts along some size.
    """
    degrees = {name: degree(count, grid, name) for name in grid}
    used = {name: grid[name][: degrees[name] + 1] for name in grid}
    values = {
        point: Fraction(count(dict(zip(used, point, strict=True))))
        for point in itertools.product(*used.values())
    }
    for place, nodes in enumerate(used.values()):
        values = _along(values, place, nodes)
    terms = {
        tuple(sorted((name, k) for name, k in zip(used, powers, strict=True) if k)): c
        for powers, c in values.items()
        if c
    }
    return dict(sorted(terms.items()))


def degree(count: Count, grid: Mapping[str, Sequence[int]], name: str) -> int:
    """Return the degree in one size, the largest along two lines of the grid.

    Raises
    ------
    EngineError
        If differences do not vanish up to :data:`HIGHEST`.
    """
    found = 0
    for place in (0, 1):
        fixed = {other: values[min(place, len(values) - 1)] for other, values in grid.items()}
        line: list[list[int]] = []
        for value in grid[name]:
            fresh = [count({**fixed, name: value})]
            for before in line[-1] if line else []:
                fresh.append(fresh[-1] - before)
            line.append(fresh)
            low = _vanished(line)
            if low is not None:
                found = max(found, low)
                break
        else:
            raise EngineError(
                f"expected the count to be a polynomial in {name}, its differences do not vanish "
                f"at {name}={grid[name][0]}, {grid[name][1]}, ... {grid[name][-1]}"
            )
    return found


def _vanished(line: Sequence[Sequence[int]]) -> int | None:
    """Return the degree, if the last differences of higher orders are all zero."""
    newest = line[-1]
    low = max((k for k, difference in enumerate(newest) if difference), default=0)
    if len(newest) < low + 2 + SPARE:
        return None
    # Zero differences have to be zero at every place of the line where they could be taken.
    return low if all(not d for row in line for d in row[low + 1 :]) else None


def _along(
    values: Mapping[tuple[int, ...], Fraction], place: int, nodes: Sequence[int]
) -> dict[tuple[int, ...], Fraction]:
    """Replace values at the nodes of one axis by coefficients of its powers."""
    inverse = coefficients(nodes)
    found: dict[tuple[int, ...], Fraction] = {}
    for point, value in values.items():
        row = nodes.index(point[place])
        for power in range(len(nodes)):
            key = (*point[:place], power, *point[place + 1 :])
            found[key] = found.get(key, Fraction(0)) + inverse[row][power] * value
    return found


def coefficients(nodes: Sequence[int]) -> list[list[Fraction]]:
    """Return the coefficients of the Lagrange polynomials of some nodes.

    >>> [[str(c) for c in row] for row in coefficients([1, 3])]
    [['3/2', '-1/2'], ['-1/2', '1/2']]
    """
    rows = []
    for node in nodes:
        row = [Fraction(1)]
        for other in nodes:
            if other != node:
                shifted = [Fraction(0), *row]
                scaled = [*(-other * c for c in row), Fraction(0)]
                row = [(a + b) / (node - other) for a, b in zip(shifted, scaled, strict=True)]
        rows.append(row)
    return rows


def evaluate(terms: Terms, at: Sizes) -> Fraction:
    """Return the value of a polynomial; powers may be negative."""
    total = Fraction(0)
    for monomial, c in terms.items():
        for name, power in monomial:
            c = c * Fraction(at[name]) ** power
        total += c
    return total


def substituted(terms: Terms, name: str, factors: Mapping[str, int]) -> Terms:
    """Replace a size by a product of powers of others.

    >>> written(substituted({(("e", 2), ("h", 2)): Fraction(1)}, "e", {"d": 1, "h": -1}))
    'd**2'
    """
    found: dict[tuple[tuple[str, int], ...], Fraction] = {}
    for monomial, c in terms.items():
        powers = dict(monomial)
        k = powers.pop(name, 0)
        for factor, power in factors.items():
            powers[factor] = powers.get(factor, 0) + k * power
        key = tuple(sorted((other, p) for other, p in powers.items() if p))
        found[key] = found.get(key, Fraction(0)) + c
    return {key: c for key, c in sorted(found.items()) if c}


def written(terms: Terms) -> str:
    """Write a polynomial in Python syntax, highest degree first."""
    if not terms:
        return "0"
    ordered = sorted(terms.items(), key=lambda term: (-sum(k for _, k in term[0]), term[0]))
    text = " + ".join(_term(monomial, c) for monomial, c in ordered)
    return text.replace("+ -", "- ")


def _term(monomial: tuple[tuple[str, int], ...], c: Fraction) -> str:
    above = [name if k == 1 else f"{name}**{k}" for name, k in monomial if k > 0]
    below = [name if k == -1 else f"{name}**{-k}" for name, k in monomial if k < 0]
    if abs(c.numerator) != 1 or not above:
        above.insert(0, str(abs(c.numerator)))
    if c.denominator != 1:
        below.insert(0, str(c.denominator))
    return ("-" if c < 0 else "") + "/".join(["*".join(above), *below])
