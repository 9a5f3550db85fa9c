"""Laws of sums over positions, in generic symbols, proved once for all numbers.

A law says how many positions are read by all n positions of a sequence together. It is verified by
telescoping: it is right for one position, and one more position adds exactly the pairs of which it
is the later one; the rest is induction. The symbols are

- ``n`` the length of the sequence, ``step`` and ``size`` the relation's own,
- ``q = ceil(n/step)``, or for a stride the number of its windows, ``ceil((n - size)/step) + 1``,
- ``back_`` and ``ahead_`` its two bounds, see :func:`bounds`; for sinks ``back_`` is how far they lie
  behind at least.

>>> from ....graphs.sizes import poly
>>> check_law(generic(Relation.prefix()), poly("n*q - step*q*(q - 1)/2"))
>>> check_law(generic(Relation.prefix()), poly("n*q"))
Traceback (most recent call last):
    ...
workspan.analysis.proofs.errors.ProofError: n*q does not grow by what one more position adds
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ....graphs.graph import Axis, Graph
from ....graphs.primitives import AssociativeScan
from ....graphs.relations import Relation
from ....graphs.sizes import (
    Poly,
    at_least,
    ceil_div,
    ceil_log2,
    maximum,
    minimum,
    poly,
    power,
    size,
)
from ..cases import vanishes
from ..errors import ProofError


def relation_of(axis: Axis) -> Relation:
    """Return the relation of a slot axis."""
    if axis.relation is None:
        raise ProofError(f"{axis.name}: a slot axis without a relation")
    return axis.relation


CAUSAL = frozenset({"offsets", "block_prefix", "sinks", "marks"})
"""Kinds whose positions read earlier ones, so that one more position adds those that it reads."""


@dataclass(frozen=True, slots=True)
class Generic:
    """A relation with symbols for its numbers."""

    kind: str
    itself: bool = False
    """For offsets: whether a position reads itself."""
    bounds: tuple[tuple[int, str | None], ...] = ()
    """For offsets: the numbers of multiples of the step on either side that are read, with the sign
    with which they count; None for all of them."""


def bounds(relation: Relation) -> tuple[bool, list[tuple[int, str | None, Poly | None]]]:
    """Return whether a position reads itself, and its signed bounds with their values.

    Offsets from ``-back`` to ``ahead`` are the position itself, ``back_`` multiples of the step
    behind it and ``ahead_`` ahead; if both ends lie on one side, the nearer ones are subtracted.
    """
    low, high = relation.back, relation.ahead
    behind = low is None or at_least(low, 0)
    before = high is None or at_least(high, 0)
    if behind and before:
        pairs = [(1, "back_", low), (1, "ahead_", high)]
    elif (
        behind
        and high is not None
        and at_least(-1, high)
        and (low is None or at_least(low, -high - 1))
    ):
        pairs = [(1, "back_", low), (-1, "ahead_", -high - 1)]
    elif (
        before
        and low is not None
        and at_least(-1, low)
        and (high is None or at_least(high, -low - 1))
    ):
        pairs = [(1, "ahead_", high), (-1, "back_", -low - 1)]
    else:
        raise ProofError(f"{relation}: the side on which it ends is not certain")
    named = [(sign, None if value is None else symbol, value) for sign, symbol, value in pairs]
    return behind and before, [p for p in named if p[2] is None or p[2] != 0]


def generic(relation: Relation) -> Generic:
    """Replace the numbers of a relation by symbols."""
    if relation.kind == "offsets":
        itself, found = bounds(relation)
        return Generic("offsets", itself, tuple((sign, symbol) for sign, symbol, _ in found))
    if relation.kind == "stride" and not at_least(relation.size, relation.step):
        raise ProofError(f"{relation}: no law for windows that may be narrower than their step")
    if relation.kind == "sinks" and not at_least(_behind(relation), 0):
        raise ProofError(f"{relation}: no law for positions that may not lie behind")
    if relation.kind == "marks" and not at_least(relation.step, relation.size):
        raise ProofError(f"{relation}: no law for marks that may be longer than their blocks")
    if relation.kind not in {"first", "block", "block_prefix", "stride", "sinks", "marks"}:
        raise ProofError(f"{relation}: no law for the number of positions it reads")
    return Generic(relation.kind)


def _behind(relation: Relation) -> Poly:
    return poly(0) if relation.back is None else relation.back


def instance(graph: Graph, axis: Axis, law: Poly) -> Poly:
    """Put a relation's own numbers into a law."""
    relation, extent = relation_of(axis), graph.axes[str(axis.along)].extent
    step = relation.step if relation.kind in {"offsets", "stride", "marks"} else relation.size
    parts = extent if step == 1 else ceil_div(extent, step)
    if relation.kind == "stride":
        parts = relation.target_extent(extent)
    values = {"n": extent, "step": step, "size": relation.size, "q": parts}
    if relation.kind == "offsets":
        values |= {
            symbol: value
            for _, symbol, value in bounds(relation)[1]
            if symbol and value is not None
        }
    if relation.kind == "sinks":
        values["back_"] = _behind(relation)
    if not at_least(extent, 1) or not at_least(step, 1):
        raise ProofError(f"{axis.name}: expected at least one position, got {extent}, step {step}")
    return law.substitute(values)


def row(shape: Generic) -> Poly:
    """Return how many pairs the n-th position adds: those of which it is the later one.

    It has ``n - 1`` positions before it and is number ``n - 1 - size*(q - 1)`` of its block, with
    ``q - 1`` blocks before that one. Of what lies at least ``back_`` behind it, which are ``n -
    back_`` positions, sinks are the first.
    """
    if shape.kind == "block_prefix":
        return size("n") - size("size") * (size("q") - 1)
    if shape.kind == "marks":
        return size("size") * (size("q") - 1)
    if shape.kind == "sinks":
        return minimum(size("size"), maximum(size("n") - size("back_"), 0))
    near = size("q") - 1
    total = poly(1 if shape.itself else 0)
    for sign, symbol in shape.bounds:
        total = total + sign * (near if symbol is None else minimum(size(symbol), near))
    return total


def longer() -> Iterator[tuple[Mapping[str, Poly], Mapping[str, Poly]]]:
    """Yield all ways from n to n + 1: ``n = step*p_ + 1 + r_`` with ``r_ < step``."""
    p, r, s = size("p_"), size("r_"), size("s_")
    for step, after in ((1 + r, p + 2), (2 + r + s, p + 1)):
        n = step * p + 1 + r
        now = {"n": n, "step": step, "size": step, "q": p + 1}
        yield now, {**now, "n": n + 1, "q": after}


def _ways(shape: Generic) -> Iterator[tuple[Mapping[str, Poly], Mapping[str, Poly]]]:
    """Yield all ways from n to n + 1; the size of a mark is a number of its own."""
    for now, after in longer():
        own = {"size": size("size")} if shape.kind == "marks" else {}
        yield {**now, **own}, {**after, **own}


@functools.cache
def check_row(shape: Generic, law: Poly) -> None:
    """Verify how many positions the last of n positions of a causal relation reads."""
    if shape.kind not in CAUSAL or not vanishes(law - row(shape)):
        raise ProofError(f"the last position does not read {law} positions")


@functools.cache
def check_law(shape: Generic, law: Poly) -> None:
    """Verify a sum over positions for all numbers, by telescoping."""
    if shape.kind == "first":
        true = size("n") * minimum(size("n"), size("size"))
        if not vanishes(law - true):
            raise ProofError(f"expected {true} pairs, got {law}")
        return
    if shape.kind == "stride":
        _check_windows(law)
        return
    single = {"n": poly(1), "q": poly(1)}
    if shape.kind == "sinks":
        _check_sinks(shape, law)
        return
    first = row(shape).substitute(single) if shape.kind in {"offsets", "marks"} else poly(1)
    if not vanishes(law.substitute(single) - first):
        raise ProofError(f"{law} is wrong for a sequence of one position")
    for now, after in _ways(shape):
        if not vanishes(law.substitute(after) - law.substitute(now) - _added(shape, now, after)):
            raise ProofError(f"{law} does not grow by what one more position adds")


def _check_sinks(shape: Generic, law: Poly) -> None:
    """Verify sinks, which know no blocks: one more position adds what it reads."""
    added = row(shape)
    if not vanishes((law - added).substitute({"n": poly(1)})):
        raise ProofError(f"{law} is wrong for a sequence of one position")
    longer_ = {"n": size("n") + 1}
    if not vanishes((law - added).substitute(longer_) - law):
        raise ProofError(f"{law} does not grow by what one more position adds")


def _check_windows(law: Poly) -> None:
    """Verify how many positions are in windows of ``step + more_`` at every step-th position.

    The first window is not full until there are ``more_ + 1`` positions. From then on one more
    position lengthens the last window by one, or is the last of a new one that shares ``more_``
    positions with the one before.
    """
    more, step = size("more_"), size("step")
    single = {"n": more + 1, "q": poly(1), "size": step + more}
    if not vanishes(law.substitute(single) - more - 1):
        raise ProofError(f"{law} is wrong for a single window of {more + 1} positions")
    for now, after in longer():
        wide = {"size": now["step"] + more}
        before = law.substitute({**now, **wide, "n": now["n"] + more})
        later = law.substitute({**after, **wide, "n": after["n"] + more})
        added = 1 + more * (after["q"] - now["q"])
        if not vanishes(later - before - added):
            raise ProofError(f"{law} does not grow by what one more position adds")


def empty(relation: Relation, extent: Poly) -> Poly:
    """Return how many positions read nothing: those nearer to an end than what is read first.

    Raises
    ------
    ProofError
        If a relation does not certainly read some position on one side of each.
    """
    if relation.kind == "sinks":
        return minimum(extent, _behind(relation))
    if relation.kind == "marks":
        return minimum(extent, relation.step)
    for near, far in ((relation.ahead, relation.back), (relation.back, relation.ahead)):
        if relation.kind != "offsets" or near is None or not at_least(-1, near):
            continue
        if far is None or at_least(far + near, 0):
            return minimum(extent, -near * relation.step)
    raise ProofError(f"{relation}: no law for how many positions read nothing")


def _added(shape: Generic, now: Mapping[str, Poly], after: Mapping[str, Poly]) -> Poly:
    if shape.kind in {"offsets", "marks"}:
        return row(shape).substitute(after)
    inside = now["n"] - now["size"] * (after["q"] - 1)
    return inside + 1 if shape.kind == "block_prefix" else 2 * inside + 1


def check_rounds(law: Poly) -> None:
    """Verify the combinations of all rounds: round r has n - 2**(r - 1)."""
    k = size("rounds_")
    if not vanishes(law.substitute({"rounds_": 0})):
        raise ProofError(f"{law} counts combinations where there is no round")
    if not vanishes(law.substitute({"rounds_": k + 1}) - law - (size("n") - power(2, k))):
        raise ProofError(f"{law} does not grow by the combinations of one more round")


def rounds_instance(scan: AssociativeScan, law: Poly) -> Poly:
    """Put the length and the number of rounds into a law."""
    return law.substitute({"n": scan.along.extent, "rounds_": ceil_log2(scan.along.extent)})
