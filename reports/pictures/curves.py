"""Figures over one size with the others fixed, and the points where two models change places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...graphs.sizes import SizeError
from ..notation.domains import holds
from ..tables.sheet import Row

if TYPE_CHECKING:
    from ...analysis.figures import Crossover, Figure
    from ...graphs.sizes import Poly

SIZES: Mapping[str, int] = {
    "d": 256, "h": 8, "e": 32, "f": 1024, "L": 1, "b": 1, "k": 3,
    "w": 129, "v": 32768, "s": 16, "m": 1024, "g": 2,
}  # fmt: skip
"""What the other sizes are while one varies."""
LENGTH = 1024
"""What n is while another size varies."""
LONGEST = 17
"""Curves end at 2**17."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Models with one formula, and its values where it holds."""

    models: tuple[str, ...]
    points: tuple[tuple[int, float], ...]
    order: int
    """The place of the first model among all, which decides how the curve looks."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point where models change places."""

    at: int
    value: float
    pairs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.pairs)} change places at n = {self.at:,}"


def varying(row: Row) -> str | None:
    """Return the size to plot a row over: n, or d if n does not matter; None if neither does."""
    formulas = [f.formula for f in row.cells if f is not None and f.formula is not None]
    sizes = {s for formula in formulas for s in formula.sizes}
    return next((s for s in ("n", "d") if s in sizes), None)


def curves(row: Row, models: Sequence[str], along: str) -> list[Curve]:
    """Return the curves of a row; models whose values are all the same share one."""
    shared: dict[tuple[tuple[int, float], ...], list[str]] = {}
    for model, figure in zip(models, row.cells, strict=True):
        points = tuple(_points(figure, along)) if figure is not None else ()
        if points:
            shared.setdefault(points, []).append(model)
    return [Curve(tuple(names), points, models.index(names[0])) for points, names in shared.items()]


def _points(figure: Figure, along: str) -> Iterator[tuple[int, float]]:
    formula = figure.formula
    if formula is None or not set(formula.sizes) <= {"n", *SIZES}:
        return
    for exponent in range(2 * LONGEST + 1):
        x = round(2 ** (exponent / 2))
        sizes = {"n": LENGTH, **SIZES, along: x}
        value = _number(formula, sizes) if holds(figure.domain, sizes) else None
        if value is not None and value > 0:
            yield x, value


def _number(formula: Poly, sizes: Mapping[str, int]) -> float | None:
    """Evaluate; None where a quotient has no value."""
    try:
        return float(formula.evaluate(**sizes))
    except (ZeroDivisionError, SizeError, OverflowError):
        return None


def crossings(row: Row, models: Sequence[str], crossovers: Sequence[Crossover]) -> list[Crossing]:
    """Find where models change places along n, if their formulas are those of the row."""
    figures = dict(zip(models, row.cells, strict=True))
    found: dict[tuple[int, float], list[str]] = {}
    for crossover in crossovers:
        pair = (figures.get(crossover.left), figures.get(crossover.right))
        formulas = [None if f is None else f.formula for f in pair]
        if row.key == crossover.figure and formulas == [
            crossover.left_formula,
            crossover.right_formula,
        ]:
            point = _crossing(crossover)
            if point is not None:
                found.setdefault(point, []).append(f"{crossover.left} and {crossover.right}")
    return [Crossing(*point, tuple(pairs)) for point, pairs in sorted(found.items())]


def _crossing(crossover: Crossover) -> tuple[int, float] | None:
    """The first n at which the order is not that of n = 2, found by halving."""

    def values(n: int) -> tuple[float, float] | None:
        sizes = {**SIZES, "n": n}
        left, right = (_number(f, sizes) for f in (crossover.left_formula, crossover.right_formula))
        return None if left is None or right is None else (left, right)

    def less(n: int) -> bool | None:
        found = values(n)
        return None if found is None else found[0] < found[1]

    low, high = 2, 2**LONGEST
    first = less(low)
    if None in {first, less(high)} or first == less(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if less(middle) == first else (low, middle)
    found = values(high)
    return None if found is None else (high, found[0])


def fixed_text() -> str:
    """Say what is held fixed."""
    listed = ", ".join(f"{k}={v}" for k, v in SIZES.items())
    return f"Sizes that do not vary: {listed}; n={LENGTH} where d varies."
