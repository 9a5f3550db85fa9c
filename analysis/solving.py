"""Solving recurrences: follow a loop for a few steps, see how it grows, and conjecture the rest.

Nothing here proves anything. A conjecture that is wrong is refused by the checkers in
``analysis.proofs``, and what cannot be conjectured is an error that says so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from ..graphs.graph import Axis, Graph
from ..graphs.sizes import Poly, at_least, maximum, poly
from .proofs.positions import exists, lower_sizes


class UnsolvedError(Exception):
    """No closed form was found; the message names what stands in the way."""


STEPS = 4
"""How many steps of a loop are followed before its growth is conjectured."""

FEWEST = 2
"""Steps in which a term has to grow alike, to be continued."""

LARGEST_LEAST = 9
"""Sizes that a formula may have to exceed."""


def prune(terms: Iterable[Poly], dominates: Callable[[Poly, Poly], bool]) -> tuple[Poly, ...]:
    """Drop terms that another one dominates."""
    kept: list[Poly] = []
    for term in dict.fromkeys(terms):
        if any(dominates(other, term) for other in kept):
            continue
        kept = [k for k in kept if not dominates(term, k)]
        kept.append(term)
    if len(kept) > 12:
        raise UnsolvedError(f"more than {len(kept) - 1} terms that no one dominates")
    return tuple(sorted(kept, key=str))


def joined(terms: Sequence[Poly]) -> Poly:
    """Return the largest of costs as one: what they have in common, and the largest of the rest.

    >>> n, a, b = (poly(name) for name in "nab")
    >>> str(joined([n + a, n + b]))
    'max(a, b) + n'
    """
    every = dict.fromkeys(m for t in terms for m in t.terms)
    common = Poly({m: min(t.terms.get(m, 0) for t in terms) for m in every})
    rest = sorted((t - common for t in terms), key=str)
    return common + functools.reduce(maximum, rest)


def largest(terms: Iterable[Poly]) -> tuple[Poly, ...]:
    """Drop terms that are never the largest, for sizes of at least one."""
    return prune(terms, at_least)


def growth_between(earlier: Sequence[Poly], later: Sequence[Poly]) -> Poly | None:
    """Return what must be added to all earlier terms to get the later ones; None if nothing does."""
    if len(earlier) != len(later) or not earlier:
        return None
    target = set(later)
    for candidate in later:
        difference = candidate - earlier[0]
        if {e + difference for e in earlier} == target:
            return difference
    return None


def _growths(history: Sequence[Sequence[Poly]]) -> tuple[Poly, ...] | None:
    """Return what is added to each of the last terms at each step: what was for the longest time."""
    found = []
    for term in history[-1]:
        ages = {term - u: _age(history, term, term - u) for u in history[-2]}
        oldest = [step for step, age in ages.items() if age == max(ages.values()) >= FEWEST]
        if len(oldest) != 1:
            return None
        found.append(oldest[0])
    return tuple(found)


def _age(history: Sequence[Sequence[Poly]], term: Poly, step: Poly) -> int:
    """Return for how many steps a term has grown by the same."""
    for age, earlier in enumerate(reversed(history[:-1])):
        if term - (age + 1) * step not in earlier:
            return age
    return len(history) - 1


def continued(
    history: Sequence[Sequence[Poly]], step: Poly, what: str, *, apart: bool = False
) -> tuple[Poly, ...]:
    """Return the terms at any step, from those at the first steps, if they grow by a constant.

    Parameters
    ----------
    history
        The terms at steps 0, 1, 2, ...
    step
        The number of the step as a cost in position symbols.
    what
        For the error.
    apart
        Whether each term may grow by another constant: where the shortest way counts, not the
        longest.
    """
    last = len(history) - 1
    growth = growth_between(history[last - 1], history[last])
    if growth is None or growth != growth_between(history[last - 2], history[last - 1]):
        if apart and (each := _growths(history)) is not None:
            return tuple(t + (step - last) * g for t, g in zip(history[last], each, strict=True))
        raise UnsolvedError(
            f"{what} does not grow by a constant along its loop: {[[str(x) for x in h] for h in history]}"
        )
    return tuple(term + (step - last) * growth for term in history[last])


def geometric(history: Sequence[Poly], step: Callable[[Poly], Poly]) -> Poly | None:
    """Continue ``c*r**k - 1``: return it at any step, given ``r -> r**(k - last)``; else None."""
    shifted = [h + 1 for h in history]
    if any(len(h.terms) != 1 for h in shifted):
        return None
    ratios = {shifted[k + 1] / shifted[k] for k in range(len(shifted) - 1)}
    if len(ratios) != 1 or poly(1) in ratios:
        return None
    return shifted[-1] * step(ratios.pop()) - 1


def both(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    """Return the larger of two least values of each size."""
    return {s: max(a.get(s, 1), b.get(s, 1)) for s in (*a, *b)}


def require(least: dict[str, int], cost: Poly, floor: Poly | int | Fraction) -> None:
    """Raise the least values of sizes until a cost is at least ``floor``.

    Raises
    ------
    UnsolvedError
        If no least values do, as for a difference of sizes, or only large ones.
    """
    if at_least(cost, floor, given=lower_sizes(least)):
        return
    for names in (*((name,) for name in cost.sizes), cost.sizes):
        for value in range(2, LARGEST_LEAST + 1):
            raised = both(least, dict.fromkeys(names, value))
            if at_least(cost, floor, given=lower_sizes(raised)):
                least |= {name: raised[name] for name in names}
                return
    raise UnsolvedError(f"whether {cost} is at least {floor} depends on which size is larger")


def make_room(axis: Axis, least: dict[str, int]) -> None:
    """Raise the least values of sizes until an axis has a position.

    Raises
    ------
    UnsolvedError
        If which sizes that takes depends on others.
    """
    if exists(axis, lower_sizes(least)):
        return
    for value in range(2, LARGEST_LEAST + 1):
        raised = both(least, dict.fromkeys(axis.extent.sizes, value))
        if exists(axis, lower_sizes(raised)):
            least |= raised
            return
    raise UnsolvedError(f"whether {axis} has a position depends on which size is larger")


def nonempty(graph: Graph) -> dict[str, int]:
    """Return least values of sizes for which no axis is empty: of L - 1 layers, L is two.

    Raises
    ------
    UnsolvedError
        If which sizes that takes depends on others.
    """
    found: dict[str, int] = {}
    for axis in graph.axes.values():
        make_room(axis, found)
    return found
