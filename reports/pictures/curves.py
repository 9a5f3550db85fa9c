"""Figures over one size with the others fixed, and the numbers at which two of them change places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ...analysis.comparing.crossings import reversals
from ...analysis.solving import UnsolvedError
from ...graphs.sizes import SizeError
from ..notation.domains import holds
from ..tables.sheet import Row

if TYPE_CHECKING:
    from ...analysis.figures import Figure
    from ...graphs.sizes import Poly

SIZES: Mapping[str, int] = {
    "d": 256, "h": 8, "e": 32, "f": 1024, "L": 1, "b": 1, "k": 3,
    "w": 129, "v": 32768, "s": 16, "m": 1024, "g": 2,
    "c": 64, "r": 16, "q": 128, "t": 32, "i": 64, "E": 8,
}  # fmt: skip
"""What the other sizes are while one varies."""
LENGTH = 1024
"""What n is while another size varies."""
LONGEST = 17
"""Curves end at 2**17."""
NEAR = 4096
"""How far from where an order turns a size is looked for at which both models exist."""

Refusals = Callable[[str, Mapping[str, int]], str | None]
"""Why a model does not exist at sizes; None if it does."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Models with one formula, and its values where it holds."""

    models: tuple[str, ...]
    points: tuple[tuple[int, float], ...]
    order: int
    """The place of the first model among all, which decides how the curve looks."""
    figure: Figure


@dataclass(frozen=True, slots=True)
class Crossing:
    """A number from which on some models have more than others, and had less before."""

    at: int
    value: float
    pairs: tuple[tuple[str, str], ...]
    """From here on the first has more than the second."""

    def __str__(self) -> str:
        by: dict[str, list[str]] = {}
        for more, less in self.pairs:
            by.setdefault(less, []).append(more)
        sides: dict[tuple[str, ...], list[str]] = {}
        for less, more_than_it in by.items():
            sides.setdefault(tuple(more_than_it), []).append(less)
        return "; ".join(
            f"{' and '.join(more)} over {' and '.join(less)}" for more, less in sides.items()
        )


def varying(row: Row) -> str | None:
    """Return the size to plot a row over: n, or d if n does not matter; None if neither does."""
    formulas = [f.formula for f in row.cells if f is not None and f.formula is not None]
    sizes = {s for formula in formulas for s in formula.sizes}
    return next((s for s in ("n", "d") if s in sizes), None)


def others(row: Row, along: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return what is held fixed: the sizes of the formulas, and of their domains, but for one."""
    found = {"n": LENGTH, **SIZES, **sizes}
    formulas = [f.formula for f in row.cells if f is not None and f.formula is not None]
    used = {s for formula in formulas for s in formula.sizes}
    return {s: v for s, v in found.items() if s in used and s != along}


def curves(
    row: Row,
    models: Sequence[str],
    along: str,
    sizes: Mapping[str, int],
    refusals: Refusals = lambda model, at: None,
) -> tuple[list[Curve], list[str]]:
    """Return the curves of a row; models whose values are all the same share one.

    Returns
    -------
    The curves, and a line for each model that has none, with why.
    """
    shared: dict[tuple[tuple[int, float], ...], list[str]] = {}
    figures = dict(zip(models, row.cells, strict=True))
    without = []
    for model, figure in figures.items():
        try:
            points = tuple(_points(model, figure, along, sizes, refusals))
        except ValueError as error:
            without.append(f"{model} ({error})")
            continue
        shared.setdefault(points, []).append(model)
    found = []
    for points, names in shared.items():
        figure = figures[names[0]]
        assert figure is not None
        found.append(Curve(tuple(names), points, models.index(names[0]), figure))
    return found, without


def _points(
    model: str, figure: Figure | None, along: str, sizes: Mapping[str, int], refusals: Refusals
) -> Iterator[tuple[int, float]]:
    """Yield the points of a curve.

    Raises
    ------
    ValueError
        If there is none; the message says why.
    """
    formula = None if figure is None else figure.formula
    if figure is None or formula is None:
        raise ValueError((figure and figure.reason) or "no formula")
    known = {"n": LENGTH, **SIZES, **sizes}
    unknown = [s for s in formula.sizes if s not in known]
    if unknown:
        raise ValueError(f"no value for {unknown[0]}; name one with --at")
    last: float | None = None
    why: str | None = None
    for exponent in range(2 * LONGEST + 1):
        at = {**known, along: round(2 ** (exponent / 2))}
        value, refusal = None, refusals(model, at)
        if refusal is None and holds(figure.domain, at):
            value = _number(formula, at)
        why = refusal or why
        if value is not None and value > 0:
            yield at[along], value
            last = value
        elif value is not None and last is None:
            last = value
    if last is None:
        raise ValueError(why or f"no formula for any {along} up to {2**LONGEST:,}")
    if last <= 0:
        raise ValueError(f"it is {last:g}, which a logarithmic axis does not show")


def _number(formula: Poly, sizes: Mapping[str, int]) -> float | None:
    """Evaluate; None where a quotient has no value."""
    try:
        return float(formula.evaluate(**sizes))
    except (ZeroDivisionError, SizeError, OverflowError):
        return None


def crossings(
    found: Sequence[Curve], along: str, sizes: Mapping[str, int]
) -> tuple[list[Crossing], list[str]]:
    """Find where curves change places, exactly: the signs of differences of formulas are solved.

    Returns
    -------
    The crossings from left to right, and a line for each pair that is not solved, with why.
    """
    at: dict[tuple[int, float], list[tuple[str, str]]] = {}
    unsolved = []
    for a, b in combinations(found, 2):
        try:
            turned = list(_turned(a, b, along, sizes))
        except UnsolvedError as error:
            unsolved.append(f"{a.models[0]} and {b.models[0]}: {error}")
            continue
        for number, more, less in turned:
            value = _number(_formula(more), {"n": LENGTH, **SIZES, **sizes, along: number})
            if value is not None and value > 0:
                pairs = at.setdefault((number, value), [])
                pairs += [(x, y) for x in more.models for y in less.models]
    return [Crossing(*point, tuple(pairs)) for point, pairs in sorted(at.items())], unsolved


def _formula(curve: Curve) -> Poly:
    assert curve.figure.formula is not None
    return curve.figure.formula


def _turned(
    a: Curve, b: Curve, along: str, sizes: Mapping[str, int]
) -> Iterator[tuple[int, Curve, Curve]]:
    """Yield the numbers from which on one curve has more than the other, and had less before."""
    known = {"n": LENGTH, **SIZES, **sizes}
    fixed = {s: v for s, v in known.items() if s != along}

    def both(number: int) -> bool:
        at = {**known, along: number}
        return all(holds(x.figure.domain, at) for x in (a, b))

    least = max(a.points[0][0], b.points[0][0])
    # Curves are drawn at some numbers only: the domain may begin a little before the first of them.
    least = next((x for x in range(least // 2, least) if x and both(x)), least)
    left, right = (_formula(x).substitute(fixed) for x in (a, b))
    for run in reversals(left, right, least, 2**LONGEST):
        near = range(run.first, min(run.last, run.first + NEAR) + 1)
        number = next((x for x in near if both(x)), None)
        if number is not None:
            yield (number, a, b) if run.sign > 0 else (number, b, a)
