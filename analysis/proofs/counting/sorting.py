"""Laws of sorting what is read: a bitonic network's comparators, summed over positions.

Position i of a causal window reads ``m = min(i + 1, w)`` positions. To sort m keys takes
``m*K*(K + 1)/4`` comparators with K = ceil(log2(m)). A law says how many comparators positions
1, ..., m take together, in ``m`` and ``rounds_``, which stands for K; it is verified by telescoping:
one more key adds its own network, and K grows by one exactly where m is ``2**K``.

>>> check_sorting(poly("m*(m + 1)*rounds_*(rounds_ + 1)/8"))
Traceback (most recent call last):
    ...
workspan.analysis.proofs.errors.ProofError: m**2*rounds_**2/8 + m**2*rounds_/8 + m*rounds_**2/8 + m*rounds_/8 does not grow by the comparators of one more key
"""

from __future__ import annotations

import functools

from ....graphs.graph import Axis, Graph
from ....graphs.sizes import Poly, ceil_log2, minimum, poly, power, size
from ..cases import vanishes
from ..errors import ProofError
from .slots import relation_of

M, ROUNDS = size("m"), size("rounds_")


def comparators(keys: Poly, rounds: Poly) -> Poly:
    """Return how many comparators a network has."""
    return keys * rounds * (rounds + 1) / 4


def sorted_part(cost: Poly, slots: Poly) -> Poly | None:
    """Return x where a cost is x networks over the slots; None for any other cost."""
    log = ceil_log2(slots)
    ((monomial, _),) = log.terms.items()
    ((atom, _),) = monomial
    squares = {m: c for m, c in cost.terms.items() if dict(m).get(atom) == 2}
    each = 4 * Poly(squares) / (slots * log**2)
    whole = set(slots.sizes).isdisjoint(each.sizes) and each * comparators(slots, log) == cost
    return each if squares and whole else None


@functools.cache
def check_sorting(law: Poly) -> None:
    """Verify how many comparators the first m positions take together, for all m.

    Raises
    ------
    ProofError
        If the law is wrong for one key, or does not grow by what one more takes.
    """
    if not vanishes(law.substitute({"m": 1, "rounds_": 0})):
        raise ProofError(f"{law} compares a single key with something")
    more = law.substitute({"m": M + 1}) - law - comparators(M + 1, ROUNDS)
    full = {"m": power(2, ROUNDS)}
    after = {"m": power(2, ROUNDS) + 1, "rounds_": ROUNDS + 1}
    wider = law.substitute(after) - law.substitute(full) - comparators(after["m"], ROUNDS + 1)
    if not vanishes(more) or not vanishes(wider):
        raise ProofError(f"{law} does not grow by the comparators of one more key")


def over_positions(graph: Graph, axis: Axis, law: Poly) -> Poly:
    """Put a window's own numbers into a law: it widens from one position to all, and stays so."""
    extent, wide = _extent(graph, axis), _widest(graph, axis)
    rising = law.substitute({"m": wide, "rounds_": ceil_log2(wide)})
    return rising + (extent - wide) * comparators(wide, ceil_log2(wide))


def at_last(graph: Graph, axis: Axis) -> Poly:
    """Return the comparators of the last position."""
    wide = _widest(graph, axis)
    return comparators(wide, ceil_log2(wide))


def _extent(graph: Graph, axis: Axis) -> Poly:
    return graph.axes[str(axis.along)].extent


def _widest(graph: Graph, axis: Axis) -> Poly:
    """Return how many positions are read at most.

    Raises
    ------
    ProofError
        For a relation that does not read all of the nearest positions on one side, and itself.
    """
    relation = relation_of(axis)
    sides = (relation.back, relation.ahead)
    if relation.kind != "offsets" or relation.step != 1 or poly(0) not in sides:
        raise ProofError(f"{relation}: no law for sorting what it reads")
    far = sides[0] if sides[1] == 0 else sides[1]
    return _extent(graph, axis) if far is None else minimum(_extent(graph, axis), far + 1)
