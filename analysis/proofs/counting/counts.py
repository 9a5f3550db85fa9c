"""Certificates of counts: what each equation costs, and the checker that adds it up again.

The checker recomputes the operations of a position from the primitives. A sum over positions it
verifies by laws (see ``slots``), a sum over layers by telescoping (see ``layers``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ....graphs.graph import Axis, Equation, Graph
from ....graphs.primitives import AssociativeScan, Site
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, poly, size
from ...causality import causal, output_sequence
from ...scopes import counted
from ...sites import site
from ..cases import vanishes
from ..errors import ProofError
from ..positions import exists, lower_sizes
from .layers import check_layers
from .slots import (
    check_law,
    check_rounds,
    check_row,
    empty,
    generic,
    instance,
    relation_of,
    rounds_instance,
)
from .sorting import at_last, check_sorting, sorted_part
from .sorting import over_positions as all_networks

MAY_BE_EMPTY = {"offsets", "sinks", "marks"}
"""Kinds of relations through which some position may read nothing."""
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
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""
    assumed: tuple[Poly, ...] = ()
    """Lengths of coarser sequences that are taken to be at least one."""


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
        equation = graph[claim.name]
        if certificate.quantity == "params":
            _agree(claim.name, claim.total, equation.scalars * equation.count)
            continue
        if not has_positions(equation, certificate.least, certificate.assumed):
            raise ProofError(f"{claim.name}: it may have no position along {equation.sequence}")
        _check_equation(graph, equation, setting, claim, certificate.least, decoding)
    total = sum((c.total for c in certificate.equations), poly(0))
    _agree("the sum", certificate.formula, total)


def has_positions(equation: Equation, least: Mapping[str, int], assumed: Sequence[Poly]) -> bool:
    """Whether the sequence of an equation is certain, or taken, to have positions."""
    axis = equation.sequence
    return axis is None or axis.extent in assumed or exists(axis, lower_sizes(least))


def in_scope(graph: Graph, setting: Setting, quantity: str) -> tuple[Equation, ...]:
    """Return the equations that a quantity counts."""
    return graph.of("parameter") if quantity == "params" else counted(graph, setting)


def _agree(where: str, claimed: Poly, true: Poly) -> None:
    if not vanishes(claimed - true):
        raise ProofError(f"{where}: expected {true}, got {claimed}")


def _check_equation(
    graph: Graph,
    equation: Equation,
    setting: Setting,
    claim: EquationCount,
    least: Mapping[str, int],
    decoding: bool,
) -> None:
    masked = decoding or setting.pairs == "masked"
    cost, slots = per_position(graph, equation, setting, masked=masked)
    along = output_sequence(graph) if decoding else None
    if along is not None:
        _refuse_growing(equation, along, cost)
        if equation.sequence != along:
            _agree(equation.name, claim.total, poly(0))
            return
    each = _each_layer(graph, equation, claim, cost, slots, least, decoding)
    check_layers(equation, claim.total, each)


def _each_layer(
    graph: Graph,
    equation: Equation,
    claim: EquationCount,
    cost: Poly,
    slots: Mapping[str, Axis],
    least: Mapping[str, int],
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
    for name, axis in slots.items():
        own = {a.along for a in _collected(site(graph, equation))}
        if equation.sequence is not None:
            own = {equation.sequence.name}
        if axis.along not in own and (
            equation.sequence is None or relation_of(axis).kind != "stride"
        ):
            raise ProofError(f"{equation.name}: expected {name} to be read along its own sequence")
        if networks(cost, slots) is not None:
            check_sorting(claim.laws[name])
            continue
        shape = generic(relation_of(axis))
        (check_row if decoding else check_law)(shape, claim.laws[name])
    return over_positions(graph, equation, cost, slots, claim.laws, least, decoding=decoding)


def over_positions(
    graph: Graph,
    equation: Equation,
    cost: Poly,
    slots: Mapping[str, Axis],
    laws: Mapping[str, Poly],
    least: Mapping[str, int],
    *,
    decoding: bool,
) -> Poly:
    """Return the cost of all positions (in decode: of the last one), by laws of their slots.

    Raises
    ------
    ProofError
        If the cost of a position is no sum over its slots, nor a network that sorts them.
    """
    sorting = networks(cost, slots)
    if sorting is not None:
        ((name, axis),) = slots.items()
        each = at_last(graph, axis) if decoding else all_networks(graph, axis, laws[name])
        return sorting * each
    base, coefficients = linear(cost, slots)
    positions = poly(1) if decoding or equation.sequence is None else equation.sequence.extent
    nothing = reading_nothing(graph, equation, base, coefficients, slots)
    if decoding and nothing != 0:  # that is 1 if the last position is one of those, else 0
        (axis,) = slots.values()
        extent = graph.axes[str(axis.along)].extent
        beyond = at_least(extent - 1, nothing, given=lower_sizes(least))
        nothing = poly(0) if beyond else nothing - empty(relation_of(axis), extent - 1)
    total = base * (positions - nothing)
    for name, axis in slots.items():
        total = total + coefficients[name] * instance(graph, axis, laws[name])
    return total


def networks(cost: Poly, slots: Mapping[str, Axis]) -> Poly | None:
    """Return how many networks over the slots a cost is; None if it is another one."""
    return sorted_part(cost, size("slots0_")) if len(slots) == 1 else None


def reading_nothing(
    graph: Graph,
    equation: Equation,
    base: Poly,
    coefficients: Mapping[str, Poly],
    slots: Mapping[str, Axis],
) -> Poly:
    """Return how many positions read nothing, where that costs nothing instead of less.

    A sum has one operation less than it has terms. Of no terms it has none.
    """
    shapes = {name: generic(relation_of(axis)) for name, axis in slots.items()}
    if all(s.itself or s.kind not in MAY_BE_EMPTY for s in shapes.values()) or at_least(base, 0):
        return poly(0)
    some = base + sum(coefficients.values(), poly(0))
    single = len(slots) == 1 and equation.sequence is not None
    if not single or not at_least(0, base) or not at_least(some, 0):
        raise ProofError(f"{equation.name}: what it costs to read nothing has no rule")
    (axis,) = slots.values()
    return empty(relation_of(axis), graph.axes[str(axis.along)].extent)


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
    outer = dict.fromkeys(a.within for a in varying.values() if a.within is not None)
    named = symbols | {axis.name: size(f"outer{k}_") for k, axis in enumerate(outer)}
    counting = Site(equation, read.sources, lambda axis: named.get(axis.name, axis.extent))
    cost = equation.primitive.operations(counting, setting)
    if outer:
        cost = _over_outer(equation, cost, varying, named)
    used = {name: axis for name, axis in varying.items() if str(symbols[name]) in cost.sizes}
    return cost.substitute({str(symbols[n]): size(f"slots{k}_") for k, n in enumerate(used)}), used


def _over_outer(
    equation: Equation, cost: Poly, varying: Mapping[str, Axis], named: Mapping[str, Poly]
) -> Poly:
    """Return a cost where slots of all positions stand in those of a whole sequence.

    What each of them adds, it adds for its position; a law counts those of all positions together.

    Raises
    ------
    ProofError
        If slots stand in others that are read otherwise: there is no law for how many they are.
    """
    outer = {a.within for a in varying.values() if a.within is not None}
    total = poly(0)
    for monomial, c in cost.terms.items():
        term = Poly({monomial: c})
        for axis in outer:
            symbol, own = named[axis.name], [a for a in varying.values() if a.within == axis]
            inner = [a.name for a in own if str(named[a.name]) in term.sizes]
            if not inner:
                term = term.substitute({str(symbol): axis.extent})
                continue
            term = term / symbol
            whole = equation.sequence is None and constant(relation_of(axis))
            if not whole or axis.within is not None or str(symbol) in term.sizes:
                raise ProofError(
                    f"how many positions are read through {inner[0]}, "
                    f"of those read through {axis.name}, has no rule"
                )
        total = total + term
    return total


def _collected(read: Site) -> Iterator[Axis]:
    """Yield the slot axes that range over a whole sequence."""
    for equation in (read.equation, *read.sources):
        for axis in equation.features:
            if axis.kind == "slot" and axis.relation is not None and constant(axis.relation):
                yield axis


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
