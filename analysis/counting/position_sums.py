"""Closed forms of sums over positions; the checker verifies them afterwards.

A relation of offsets reads, over all n positions together, ``n - step*m`` pairs at distance
``step*m`` as long as that is positive. With ``u = min(bound + 1, ceil(n/step))`` multiples, zero
included, those on one side are ``n*(u - 1) - step*u*(u - 1)/2``. Of sinks the m-th position beyond
them reads ``min(size, m)``. A block has as many blocks before it as its number says, each with its
marks.

>>> from ...graphs.relations import Relation
>>> str(law(Relation.prefix()).substitute({"q": "n", "step": 1}))
'n**2/2 + n/2'
"""

from __future__ import annotations

from ...graphs.relations import Relation
from ...graphs.sizes import Poly, maximum, minimum, poly, power, size
from ..proofs.counting.slots import generic

N, Q, STEP = size("n"), size("q"), size("step")
M, K = size("m"), size("rounds_")


def law(relation: Relation) -> Poly:
    """Return how many positions are read by all positions together, in generic symbols."""
    shape = generic(relation)
    if shape.kind == "first":
        return N * minimum(N, size("size"))
    if shape.kind == "stride":
        return N + (size("size") - STEP) * (Q - 1)
    if shape.kind == "block":
        return size("size") ** 2 * (Q - 1) + (N - size("size") * (Q - 1)) ** 2
    if shape.kind == "block_prefix":
        width, rest = size("size"), N - size("size") * (Q - 1)
        return width * (width + 1) / 2 * (Q - 1) + rest * (rest + 1) / 2
    if shape.kind == "marks":
        return size("size") * (STEP * (Q - 1) * (Q - 2) / 2 + (N - STEP * (Q - 1)) * (Q - 1))
    if shape.kind == "sinks":
        beyond = maximum(N - size("back_"), 0)
        u = minimum(size("size"), beyond)
        return beyond * u - u * (u - 1) / 2
    total = N if shape.itself else poly(0)
    for sign, symbol in shape.bounds:
        u = _reach(symbol)
        total = total + sign * (N * (u - 1) - STEP * u * (u - 1) / 2)
    return total


def last_row(relation: Relation) -> Poly:
    """Return how many positions the last one reads through a causal relation."""
    shape = generic(relation)
    if shape.kind == "block_prefix":
        return N - size("size") * (Q - 1)
    if shape.kind == "marks":
        return size("size") * (Q - 1)
    if shape.kind == "sinks":
        return minimum(size("size"), maximum(N - size("back_"), 0))
    total = poly(1 if shape.itself else 0)
    for sign, symbol in shape.bounds:
        total = total + sign * (_reach(symbol) - 1)
    return total


def _reach(symbol: str | None) -> Poly:
    return Q if symbol is None else minimum(size(symbol) + 1, Q)


SORTED = (
    M * (M + 1) * K * (K + 1) / 8
    - ((3 * K - 1) * power(2, K) ** 2 + 1) / 36
    - ((K - 1) * power(2, K) + 1) / 4
)
"""Comparators of networks over 1, ..., m keys, K = ceil(log2(m)). With ``c(k) = k*(k + 1)/4`` they are
``c(K)*m*(m + 1)/2`` less ``(c(k) - c(k - 1))*t*(t + 1)/2`` for t = 2**(k - 1) and k up to K: the keys
before t are compared in fewer rounds. With ``c(k) - c(k - 1) = k/2`` these are geometric series."""

ROUNDS = N * size("rounds_") - power(2, size("rounds_")) + 1
"""Combinations of an associative scan: the sum of ``n - 2**(r - 1)`` over its rounds."""
