"""Certificates of counts: what each equation costs, and the checker that adds it up again.

The checker recomputes the operations of a position from the primitives. A sum over positions it
verifies by telescoping: the claim is right for a sequence of one position, and one more position
adds exactly the pairs of which it is the later one, or the later layer's cost; the rest is
induction. Claims about relations are laws in generic symbols, proved once for all numbers:

- ``n`` the length of the sequence, ``step``, ``size`` the relation's own, ``q = ceil(n/step)``,
- ``back_`` and ``ahead_`` its two bounds, see :func:`bounds`.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Site
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, ceil_div, ceil_log2, minimum, poly, power, size
from ..causality import causal, output_sequence
from ..scopes import counted
from ..sites import site
from .cases import vanishes
from .errors import ProofError
from .layers import check_layers

QUANTITIES = ("params", "work", "decode_work")


@dataclass(frozen=True, slots=True)
class EquationCount:
    """What is claimed of one equation."""

    name: str
    total: Poly
    """Operations at all positions together (in decode: of the last position)."""
    laws: Mapping[str, Poly] = field(default_factory=dict)
    """By slot axis: how many slots are inside the sequence, for all positions together (in decode:
    for the last one), in generic symbols."""


@dataclass(frozen=True, slots=True)
class CountCertificate:
    """Everything that the checker needs to verify a count."""

    quantity: str
    """params, work or decode_work."""
    equations: tuple[EquationCount, ...]
    formula: Poly


def check_counts(graph: Graph, setting: Setting, certificate: CountCertificate) -> None:
    """Verify a certificate for all sizes of at least one (in decode, at least two positions).

    Raises
    ------
    ProofError
        If an equation is missing, twice, or counted wrongly, or if the sum is wrong.
    """
    if certificate.quantity not in QUANTITIES:
        raise ProofError(f"expected one of {', '.join(QUANTITIES)}, got {certificate.quantity}")
    expected = {e.name for e in in_scope(graph, setting, certificate.quantity)}
    claimed = Counter(c.name for c in certificate.equations)
    for name in sorted(expected | set(claimed)):
        if claimed[name] != (name in expected):
            raise ProofError(
                f"{name}: expected to be counted {int(name in expected)} times, not {claimed[name]}"
            )
    decoding = certificate.quantity == "decode_work"
    if decoding and causal(graph) is not None:
        raise ProofError(str(causal(graph)))
    for claim in certificate.equations:
        if certificate.quantity == "params":
            _agree(claim.name, claim.total, graph[claim.name].scalars * graph[claim.name].count)
        else:
            _check_equation(graph, graph[claim.name], setting, claim, decoding)
    total = sum((c.total for c in certificate.equations), poly(0))
    _agree("the sum", certificate.formula, total)


def in_scope(graph: Graph, setting: Setting, quantity: str) -> tuple[Equation, ...]:
    """Return the equations that a quantity counts."""
    return graph.of("parameter") if quantity == "params" else counted(graph, setting)


def _agree(where: str, claimed: Poly, true: Poly) -> None:
    if not vanishes(claimed - true):
        raise ProofError(f"{where}: expected {true}, got {claimed}")


def _check_equation(
    graph: Graph, equation: Equation, setting: Setting, claim: EquationCount, decoding: bool
) -> None:
    masked = decoding or setting.pairs == "masked"
    cost, slots = per_position(graph, equation, setting, masked=masked)
    along = output_sequence(graph) if decoding else None
    if along is not None:
        _refuse_growing(equation, along, cost)
        if equation.sequence != along:
            _agree(equation.name, claim.total, poly(0))
            return
    check_layers(equation, claim.total, _each_layer(graph, equation, claim, cost, slots, decoding))


def _each_layer(
    graph: Graph,
    equation: Equation,
    claim: EquationCount,
    cost: Poly,
    slots: Mapping[str, Axis],
    decoding: bool,
) -> Poly:
    """Return the operations at all positions of one layer (in decode: at the last one)."""
    if isinstance(equation.primitive, AssociativeScan):
        if decoding or slots:
            raise ProofError(f"{equation.name}: expected a loop in place of an associative scan")
        check_rounds(claim.laws.get("rounds", poly(0)))
        return cost * rounds_instance(equation.primitive, claim.laws["rounds"])
    if set(claim.laws) != set(slots):
        raise ProofError(
            f"{equation.name}: expected laws for {sorted(slots)}, got {sorted(claim.laws)}"
        )
    base, coefficients = linear(cost, slots)
    total = base * (1 if decoding or equation.sequence is None else equation.sequence.extent)
    for name, axis in slots.items():
        if (
            equation.sequence is None
            or axis.along != equation.sequence.name
            and relation_of(axis).kind != "stride"
        ):
            raise ProofError(f"{equation.name}: expected {name} to be read along its own sequence")
        shape = generic(relation_of(axis))
        if shape.kind == "offsets" and not shape.itself and not at_least(base, 0):
            raise ProofError(
                f"{equation.name}: some positions read nothing, and the rule needs a term to sum"
            )
        (check_row if decoding else check_law)(shape, claim.laws[name])
        total = total + coefficients[name] * instance(graph, axis, claim.laws[name])
    return total


def _refuse_growing(equation: Equation, along: Axis, cost: Poly) -> None:
    if along.extent != size(along.name) or along.name in cost.sizes:
        raise ProofError(
            f"{equation.name}: the cost of a position depends on the length {along.extent}"
        )


# --- one position ---------------------------------------------------------------------------------


def per_position(
    graph: Graph, equation: Equation, setting: Setting, *, masked: bool
) -> tuple[Poly, dict[str, Axis]]:
    """Return the operations of one position and the slot axes whose extents vary.

    In the cost, a varying extent is a symbol: ``slots0_`` for the first of the axes, and so on.
    """
    read = site(graph, equation)
    varying: dict[str, Axis] = {}
    for reader in (equation, *read.sources) if masked else ():
        for axis in reader.features:
            if axis.kind == "slot" and axis.relation is not None and not constant(axis.relation):
                varying.setdefault(axis.name, axis)
    symbols = {name: size(f"slots{k}_") for k, name in enumerate(varying)}
    counting = Site(equation, read.sources, lambda axis: symbols.get(axis.name, axis.extent))
    cost = equation.primitive.operations(counting, setting)
    used = {name: axis for name, axis in varying.items() if str(symbols[name]) in cost.sizes}
    return cost.substitute({str(symbols[n]): size(f"slots{k}_") for k, n in enumerate(used)}), used


def constant(relation: Relation) -> bool:
    """Whether every position reads as many positions as a dense implementation visits."""
    if relation.kind in {"last", "head"}:
        return True
    return (
        relation.kind == "offsets"
        and relation.back is None
        and relation.ahead is None
        and relation.step == 1
    )


def linear(cost: Poly, slots: Mapping[str, Axis]) -> tuple[Poly, dict[str, Poly]]:
    """Split a cost into what no slot takes part in and what each slot adds.

    Raises
    ------
    ProofError
        If the cost is not linear in the numbers of slots.
    """
    symbols = {f"slots{k}_": name for k, name in enumerate(slots)}
    base, coefficients = poly(0), {name: poly(0) for name in slots}
    for monomial, c in cost.terms.items():
        term = Poly({monomial: c})
        found = [s for s in symbols if s in term.sizes]
        if not found:
            base = base + term
            continue
        each = term / size(found[0])
        if any(s in each.sizes for s in symbols):
            raise ProofError(f"the cost {cost} is not linear in the number of slots")
        coefficients[symbols[found[0]]] += each
    return base, coefficients


# --- sums over positions --------------------------------------------------------------------------


def relation_of(axis: Axis) -> Relation:
    """Return the relation of a slot axis."""
    if axis.relation is None:
        raise ProofError(f"{axis.name}: a slot axis without a relation")
    return axis.relation


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
    if relation.kind == "stride" and relation.size != relation.step:
        raise ProofError(f"{relation}: no law for strides that are not the window's size")
    if relation.kind not in {"first", "block", "stride"}:
        raise ProofError(f"{relation}: no law for the number of positions it reads")
    return Generic(relation.kind)


def instance(graph: Graph, axis: Axis, law: Poly) -> Poly:
    """Put a relation's own numbers into a law."""
    relation, extent = relation_of(axis), graph.axes[str(axis.along)].extent
    step = relation.size if relation.kind != "offsets" else relation.step
    values = {
        "n": extent,
        "step": step,
        "size": relation.size,
        "q": extent if step == 1 else ceil_div(extent, step),
    }
    if relation.kind == "offsets":
        values |= {
            symbol: value
            for _, symbol, value in bounds(relation)[1]
            if symbol and value is not None
        }
    if not at_least(extent, 1) or not at_least(step, 1):
        raise ProofError(f"{axis.name}: expected at least one position, got {extent}, step {step}")
    return law.substitute(values)


def row(shape: Generic) -> Poly:
    """Return how many pairs the n-th position adds: those of which it is the later one."""
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


@functools.cache
def check_row(shape: Generic, law: Poly) -> None:
    """Verify how many positions the last of n positions of a causal relation reads."""
    if shape.kind != "offsets" or not vanishes(law - row(shape)):
        raise ProofError(f"the last position does not read {law} positions")


@functools.cache
def check_law(shape: Generic, law: Poly) -> None:
    """Verify a sum over positions for all numbers, by telescoping."""
    if shape.kind == "first":
        true = size("n") * minimum(size("n"), size("size"))
        if not vanishes(law - true):
            raise ProofError(f"expected {true} pairs, got {law}")
        return
    single = {"n": poly(1), "q": poly(1)}
    first = row(shape).substitute(single) if shape.kind == "offsets" else poly(1)
    if not vanishes(law.substitute(single) - first):
        raise ProofError(f"{law} is wrong for a sequence of one position")
    for now, after in longer():
        if not vanishes(law.substitute(after) - law.substitute(now) - _added(shape, now, after)):
            raise ProofError(f"{law} does not grow by what one more position adds")


def _added(shape: Generic, now: Mapping[str, Poly], after: Mapping[str, Poly]) -> Poly:
    if shape.kind == "offsets":
        return row(shape).substitute(after)
    if shape.kind == "stride":
        return poly(1)
    inside = now["n"] - now["size"] * (after["q"] - 1)
    return 2 * inside + 1


def check_rounds(law: Poly) -> None:
    """Verify the combinations of all rounds: in round r, every position but the first 2**(r - 1)."""
    k = size("rounds_")
    if not vanishes(law.substitute({"rounds_": 0})):
        raise ProofError(f"{law} counts combinations where there is no round")
    if not vanishes(law.substitute({"rounds_": k + 1}) - law - (size("n") - power(2, k))):
        raise ProofError(f"{law} does not grow by the combinations of one more round")


def rounds_instance(scan: AssociativeScan, law: Poly) -> Poly:
    """Put the length and the number of rounds into a law."""
    return law.substitute({"n": scan.along.extent, "rounds_": ceil_log2(scan.along.extent)})
