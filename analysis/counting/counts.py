"""Counts: parameters, work, and the work of one more token, as sums over the graph's domains.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.setting import Setting
>>> from ...graphs.tracing import trace
>>> str(params(trace(CATALOGUE["lstm"]), Setting()).formula)
'8*d**2 + 8*d'
>>> str(work(trace(CATALOGUE["attention"]), Setting()).details["contractions"])
'8*d**2*n + 4*d*n**2'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...graphs.graph import Axis, Equation, Graph
from ...graphs.primitives import AssociativeScan, Contraction
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, poly, summed
from ..causality import causal, output_sequence
from ..derivation import Derivation
from ..proofs.counting.counts import (
    CountCertificate,
    EquationCount,
    check_counts,
    in_scope,
    linear,
    networks,
    over_positions,
    per_position,
    reading_nothing,
)
from ..proofs.counting.slots import instance, relation_of, rounds_instance
from ..proofs.errors import ProofError
from ..sites import site
from ..solving import UnsolvedError, make_room, require
from .layer_sums import all_layers, least_sizes
from .position_sums import ROUNDS, SORTED, last_row, law

__all__ = ["causal", "decode_work", "params", "work"]


def params(graph: Graph, setting: Setting) -> Derivation:
    """Count parameters: the scalars of every weight, in every layer."""
    counts, lines = [], []
    for equation in in_scope(graph, setting, "params"):
        total = equation.scalars * equation.count
        counts.append(EquationCount(equation.name, total))
        shape = ", ".join(str(a) for a in equation.domain) or "one number"
        lines.append(f"{equation.name} ({shape}): {total}")
    return _concluded(graph, setting, "params", counts, lines)


def work(graph: Graph, setting: Setting) -> Derivation:
    """Count scalar operations at all positions: of pairs, all of them or the allowed ones.

    With ``pairs="dense"`` a slot axis counts as many indices as a dense implementation visits,
    with ``pairs="masked"`` those inside the sequence.
    """
    return _counted(graph, setting, "work")


def decode_work(graph: Graph, setting: Setting) -> Derivation:
    """Count the operations that the n-th position adds to those before it; causal models only.

    It is the masked work of n positions less that of n - 1, associative scans being loops.
    """
    looped = graph.looped
    reason = causal(looped)
    if reason is not None:
        return Derivation(None, reason=reason)
    along = output_sequence(looped)
    assert along is not None
    if str(along.extent) != along.name:
        return Derivation(
            None,
            reason=f"the sequence has the fixed length {along.extent}: leave {along.name} free",
        )
    # Another sequence is worked on once: with the first position, not with one more.
    before = any(
        e.sequence != along and e.primitive.operations(site(looped, e), setting) != 0
        for e in in_scope(looped, setting, "decode_work")
    )
    return _counted(looped, setting, "decode_work", least={along.name: 2} if before else None)


def _counted(
    graph: Graph, setting: Setting, quantity: str, least: dict[str, int] | None = None
) -> Derivation:
    counts, lines, assumed = [], [], []
    decoding, least = quantity == "decode_work", dict(least or {})
    for equation in in_scope(graph, setting, quantity):
        try:
            if not _make_room(equation, least) and equation.sequence is not None:
                assumed.append(equation.sequence.extent)
            count, line = _count(graph, equation, setting, least, decoding=decoding)
        except (ProofError, UnsolvedError) as error:
            return Derivation(None, reason=_named(equation, str(error)))
        counts.append(count)
        lines.extend([line] if count.total != 0 else [])
    room = tuple(dict.fromkeys(assumed))
    return _concluded(graph, setting, quantity, counts, lines, least, room)


def _make_room(equation: Equation, least: dict[str, int]) -> bool:
    """Raise sizes until an equation has a position; False if it depends on others which it takes."""
    try:
        if equation.sequence is not None:
            make_room(equation.sequence, least)
    except UnsolvedError:
        return False
    return True


def _named(equation: Equation, reason: str) -> str:
    return reason if reason.startswith(equation.name) else f"{equation.name}: {reason}"


def _count(
    graph: Graph, equation: Equation, setting: Setting, least: dict[str, int], *, decoding: bool
) -> tuple[EquationCount, str]:
    """Count one equation, and say how."""
    masked = decoding or setting.pairs == "masked"
    cost, slots = per_position(graph, equation, setting, masked=masked)
    if decoding and equation.sequence != output_sequence(graph):
        return EquationCount(equation.name, poly(0)), ""
    if isinstance(equation.primitive, AssociativeScan):
        combinations = rounds_instance(equation.primitive, ROUNDS)
        total = all_layers(equation, cost * combinations)
        what = f"{cost} per combination, {combinations} combinations"
        line = f"{_title(equation)}: {what}{_depth(equation)}: {total}"
        return EquationCount(equation.name, total, {"rounds": ROUNDS}), line
    if networks(cost, slots) is not None:
        laws = dict.fromkeys(slots, SORTED)
    else:
        laws = {n: (last_row if decoding else law)(relation_of(a)) for n, a in slots.items()}
    if decoding:
        _read_something(graph, equation, cost, slots, least)
    each = over_positions(graph, equation, cost, slots, laws, least, decoding=decoding)
    total = all_layers(equation, each)
    what = _told(graph, equation, cost, slots, laws, decoding=decoding)
    line = f"{_title(equation)}: {what}{_depth(equation)}: {total}"
    return EquationCount(equation.name, total, laws), line


def _read_something(
    graph: Graph,
    equation: Equation,
    cost: Poly,
    slots: Mapping[str, Axis],
    least: dict[str, int],
) -> None:
    """Raise sizes until the last position reads something, where it costs something else not to.

    Where that depends on which size is larger, it is counted instead; a network of no keys is not.
    """
    sorting = networks(cost, slots) is not None
    if not sorting and reading_nothing(graph, equation, *linear(cost, slots), slots) == 0:
        return
    for axis in slots.values():
        relation, extent = relation_of(axis), graph.axes[str(axis.along)].extent
        if relation.kind == "offsets" and relation.ahead is not None:
            distance = -relation.ahead * relation.step
            if at_least(distance, 1) and (sorting or distance.constant is not None):
                require(least, extent - 1, distance)


def _told(
    graph: Graph,
    equation: Equation,
    cost: Poly,
    slots: Mapping[str, Axis],
    laws: Mapping[str, Poly],
    *,
    decoding: bool,
) -> str:
    """Say what is counted at how many positions."""
    positions = poly(1) if decoding or equation.sequence is None else equation.sequence.extent
    where = "at the last position" if decoding else f"{positions} positions"
    sorting = networks(cost, slots)
    if sorting is not None:
        return f"{sorting} networks that sort what is read through {', '.join(slots)}, {where}"
    base, coefficients = linear(cost, slots)
    notes = (
        f", {coefficients[n]} for each of {instance(graph, a, laws[n])} positions read through {n}"
        for n, a in slots.items()
    )
    what = f"{base} per position" if base != 0 or not slots else "nothing per position"
    return f"{what}, {where}{''.join(notes)}"


def _title(equation: Equation) -> str:
    detail = getattr(equation.primitive, "pattern", None) or getattr(
        equation.primitive, "function", None
    )
    return f"{equation.name}: {equation.primitive.name}" + (f" {detail}" if detail else "")


def _depth(equation: Equation) -> str:
    layers = [str(a.extent) for a in equation.positions if a.kind == "layer"]
    return f", {' * '.join(layers)} layers" if layers else ""


def _concluded(
    graph: Graph,
    setting: Setting,
    quantity: str,
    counts: list[EquationCount],
    lines: list[str],
    least: dict[str, int] | None = None,
    assumed: tuple[Poly, ...] = (),
) -> Derivation:
    """Add up and have it checked."""
    formula = summed(c.total for c in counts)
    certificate = CountCertificate(quantity, tuple(counts), formula, least or {}, assumed)
    try:
        check_counts(graph, setting, certificate)
    except ProofError as error:
        return Derivation(None, reason=f"found {formula}, but no proof: {error}")
    by_primitive = _by_primitive(graph, counts)
    details: dict[str, Any] = {"contractions": by_primitive.get("contraction", poly(0))}
    products = summed(c.total for c in counts if _is_product(graph[c.name]))
    if products != 0:
        details["products"] = products
    wholes = sorted({*_wholes(graph), *(f"{extent} is at least 1" for extent in assumed)})
    if wholes:
        details["requires"] = tuple(wholes)
    return Derivation(
        formula,
        grade="proved",
        least={**least_sizes(formula), **(least or {})},
        steps=(*lines, f"the sum: {formula}"),
        certificate=certificate,
        by_primitive={} if quantity == "params" else by_primitive,
        details={} if quantity == "params" else details,
    )


def _by_primitive(graph: Graph, counts: Iterable[EquationCount]) -> dict[str, Poly]:
    sums: dict[str, Poly] = {}
    for count in counts:
        name = graph[count.name].primitive.name
        sums[name] = sums.get(name, poly(0)) + count.total
    return {name: total for name, total in sorted(sums.items()) if total != 0}


def _is_product(equation: Equation) -> bool:
    """Whether an equation is a contraction that sums nothing."""
    return isinstance(equation.primitive, Contraction) and not equation.primitive.sums()


def _wholes(graph: Graph) -> Iterable[str]:
    """Bounds of relations that are whole only for some sizes, such as half of an odd window."""
    for equation in graph:
        for read in equation.reads:
            for bound in (read.relation.back, read.relation.ahead):
                if bound is not None and any(c.denominator != 1 for c in bound.terms.values()):
                    yield f"{bound} is whole"
