"""Fitted formulas: exact interpolation of measured integers, where no proof was found.

The coefficients solve a linear system over the rationals, and the formula is kept only if it gives
the measured integer at held-out sizes, farther away than those that it was fitted to. That is
evidence, not a proof, and the grade says so.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..graphs.graph import Graph
from ..graphs.misfits import misfit
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, SizeError, ceil_log2, poly, size
from .derivation import Derivation
from .measured.graph import position_sizes
from .measured.measure import measure

NEAR: Mapping[str, tuple[int, ...]] = {
    "n": (9, 10, 11, 12, 13, 14, 15, 16, 17, 18),
    "m": (5, 6, 7, 9, 11, 12),
    "d": (8, 12, 24, 36, 40, 60),
    "h": (2, 3, 4, 5),
    "g": (1, 2),
    "L": (2, 3, 4, 5),
    "w": (3, 5),
    "k": (3, 5),
    "f": (8, 12, 16, 20, 36),
    "c": (2, 3, 4, 5),
}
"""Sizes that a formula is fitted to; windows stay small against the sequence."""

FAR: Mapping[str, tuple[int, ...]] = {
    "n": (10, 23, 31, 40),
    "m": (5, 17, 21),
    "d": (72, 90, 128),
    "h": (1, 2, 3, 5, 6, 8, 9),
    "g": (1, 2),
    "L": (6, 7, 12),
    "w": (1, 3, 5, 7, 21, 43),
    "k": (3, 5, 7, 21, 43),
    "f": (52, 100),
    "c": (1, 2, 4, 5, 8, 10),
}
"""Sizes that it is checked at, among them windows that are wider than the sequence is long."""

OTHERS = ((2, 3, 4, 6, 9), (1, 5, 8, 12, 17))
"""The same for all other sizes: where it is checked, none is what it was fitted to."""

CHECKS = 12
MOST_TERMS = 60


def fit(name: str, graph: Graph, setting: Setting, reason: str) -> Derivation:
    """Interpolate a figure over the sizes of a graph.

    Parameters
    ----------
    name
        The figure, as :func:`measure` knows it.
    reason
        Why there is no proof; it is repeated if there is no fit either.
    """
    if any(read.relation.kind == "scattered" for equation in graph for read in equation.reads):
        return Derivation(None, reason=f"{reason}; positions that are drawn follow no formula")
    try:
        return _fitted(name, graph, setting, reason)
    except SizeError as error:  # such as a number of segments that does not divide a length
        return Derivation(None, reason=f"{reason}; not measured at all sizes: {error}")


def _fitted(name: str, graph: Graph, setting: Setting, reason: str) -> Derivation:
    rng = random.Random(20240229)
    basis = _basis(graph, setting)
    if len(basis) > MOST_TERMS:
        return Derivation(
            None, reason=f"{reason}; too many sizes to interpolate ({len(basis)} terms)"
        )
    samples = _draw(graph, NEAR, OTHERS[0], 2 * len(basis) + 6, rng)
    held_out = _draw(graph, FAR, OTHERS[1], CHECKS, rng)
    held_out += _undivided(graph, _draw(graph, FAR, OTHERS[1], 5 * CHECKS, rng))
    if not samples or not held_out:
        return Derivation(None, reason=f"{reason}; no small sizes were found that fit each other")
    values = [measure(name, graph, setting, at) for at in samples]
    if any(v is None for v in values):
        return Derivation(None, reason=reason)
    found = solve(
        [[b.evaluate(**at) for b in basis] for at in samples], [Fraction(v or 0) for v in values]
    )
    if found is None:
        return Derivation(
            None,
            reason=f"{reason}; no polynomial of degree two fits {len(samples)} measured values",
        )
    formula = sum((c * b for c, b in zip(found, basis, strict=True)), poly(0))
    for at in held_out:
        measured = measure(name, graph, setting, at)
        if measured != formula.evaluate(**at):
            return Derivation(
                None,
                reason=f"{reason}; {formula} was fitted, but gives {formula.evaluate(**at)} "
                f"at {at}, measured {measured}",
            )
    matters = position_sizes(graph) | set(formula.sizes)
    least = {s: min(NEAR[s]) for s in sorted(matters) if s in NEAR and min(NEAR[s]) > 1}
    steps = (
        reason,
        f"fitted to {len(samples)} measured values, checked at {len(held_out)} held-out sizes",
    )
    return Derivation(formula, "fitted", least, steps, details={"held_out": tuple(held_out)})


def _basis(graph: Graph, setting: Setting) -> list[Poly]:
    atoms: list[Poly] = [size(s) for s in _lengths(graph)]
    parts = {
        a.extent for a in graph.axes.values() if any(k < 0 for m in a.extent.terms for _, k in m)
    }
    atoms += sorted(parts, key=str)
    if setting.unit == "scalar":
        atoms += [ceil_log2(size(s)) for s in graph.free_sizes]
        atoms += [ceil_log2(extent) for extent in _quotients(graph)]
        if setting.reduction == "sequential":  # m terms of a sum take m - 1 steps
            atoms += [size(s) for s in graph.free_sizes if size(s) not in atoms]
            atoms += _quotients(graph)
    return [poly(1), *atoms, *(a * b for a, b in itertools.combinations_with_replacement(atoms, 2))]


def _undivided(graph: Graph, drawn: list[dict[str, int]]) -> list[dict[str, int]]:
    """Return sizes at which a sequence is one chunk: no chunk has another one before it."""
    parts = {
        a.extent for a in graph.axes.values() if any(k < 0 for m in a.extent.terms for _, k in m)
    }
    return [
        at for at in drawn if any(p.evaluate(**{s: at[s] for s in p.sizes}) == 1 for p in parts)
    ][:3]


def _quotients(graph: Graph) -> list[Poly]:
    """Return how many components there are where sizes are divided by others, as in a head."""
    extents = {a.extent for e in graph for a in e.features}
    return sorted((x for x in extents if any(k < 0 for m in x.terms for _, k in m)), key=str)


def _lengths(graph: Graph) -> list[str]:
    """Return the sizes that position axes and relations have."""
    lengths = sorted({s for a in graph.axes.values() for s in a.extent.sizes})
    return list(dict.fromkeys([*lengths, *(s for s in ("w", "k") if s in graph.free_sizes)]))


def _draw(
    graph: Graph,
    choices: Mapping[str, tuple[int, ...]],
    others: tuple[int, ...],
    count: int,
    rng: random.Random,
) -> list[dict[str, int]]:
    drawn: list[dict[str, int]] = []
    for _ in range(50 * count):
        at = {s: rng.choice(choices.get(s, others)) for s in graph.free_sizes}
        if at not in drawn and misfit(graph, at) is None:
            drawn.append(at)
        if len(drawn) == count:
            break
    return drawn


def solve(
    rows: Sequence[Sequence[Fraction | int]], values: Sequence[Fraction]
) -> list[Fraction] | None:
    """Solve a linear system exactly; free unknowns are zero, a contradiction is None.

    >>> solve([[1, 1], [1, 2], [1, 3]], [Fraction(3), Fraction(5), Fraction(7)])
    [Fraction(1, 1), Fraction(2, 1)]
    """
    table = [[Fraction(x) for x in row] + [value] for row, value in zip(rows, values, strict=True)]
    width, pivots, top = len(rows[0]), [], 0
    for column in range(width):
        pivot = next((r for r in range(top, len(table)) if table[r][column]), None)
        if pivot is None:
            continue
        table[top], table[pivot] = table[pivot], table[top]
        scale = table[top][column]
        table[top] = [x / scale for x in table[top]]
        for r in range(len(table)):
            if r != top and table[r][column]:
                factor = table[r][column]
                table[r] = [x - factor * y for x, y in zip(table[r], table[top], strict=True)]
        pivots.append(column)
        top += 1
    if any(row[width] for row in table[top:]):
        return None
    solution = [Fraction(0)] * width
    for r, column in enumerate(pivots):
        solution[column] = table[r][width]
    return solution
