"""The adjoint of an associative scan: an associative scan the other way.

With y(t) = combine(y(t-1), x(t)) the adjoints obey l(t) = g(t) + A(t+1)^T l(t+1), where g is what
is passed back and A the derivative of combine by its first argument: an affine recurrence, whose
prefixes are composed affine maps (Blelloch 1990). The adjoint of x(t) is B(t)^T l(t), where B is the
derivative by the second argument. Only operations on components at the same index have such an A
with a few numbers for each component; anything else is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..graph import Axis, GraphError, Read
from ..primitives import AssociativeScan, Component, Constant, Map, Shift, Site
from ..primitives.base import Primitive, Pulled
from ..primitives.maps import MAPS
from ..relations import Relation
from ..sizes import poly
from ..tracer import Array


def pulled(m: Any, adjoint: Any, scan: Primitive, site: Site, output: Array) -> Pulled:
    """Return the adjoint of each array of the elements."""
    from ..operations import associative_scan

    assert isinstance(scan, AssociativeScan)
    inputs = [Array(s, m.tracer) for s in site.sources]
    axes = inputs[0].axes
    if any([a.extent for a in x.axes] != [a.extent for a in axes] for x in inputs):
        raise GraphError("expected elements of arrays with equal axes, to differentiate the scan")
    starts, offset = [], poly(0)
    for source in site.sources:
        starts.append(offset)
        offset = offset + source.scalars
    given = [adjoint.get(start) for start in starts]
    values = [m.apply(Component(axes, start), output) for start in starts]
    forward, backward = (-1, 1) if scan.reverse else (1, -1)
    before = [
        _shifted(m, value, forward, neutral)
        for value, neutral in zip(values, scan.identity, strict=True)
    ]
    partials = _partials(m, scan, before, inputs)
    k = len(inputs)
    by_early = {(p, q): partials[p][q] for p in range(k) for q in range(k)}
    reached = _reached(given, by_early)
    links = _closed({(p, q) for p in reached for q in reached if by_early[p, q] is not None})
    slots = sorted(links)
    elements = [_shifted(m, _array(m, by_early[pq], axes, values), backward, 0.0) for pq in slots]
    elements += [_array(m, given[q], axes, values) for q in reached]

    def combine(later: Any, now: Any) -> Any:
        """Compose affine maps: first the one of later positions, then the one of this position."""
        after = dict(zip(slots, later, strict=False))
        here = dict(zip(slots, now, strict=False))
        tail = dict(zip(reached, later[len(slots) :], strict=True))
        own = dict(zip(reached, now[len(slots) :], strict=True))
        composed = [
            _total(after[p, r] * here[r, q] for r in reached if (r, q) in here and (p, r) in after)
            for p, q in slots
        ]
        passed = [
            _total(x for p in reached for x in ([here[p, q] * tail[p]] if (p, q) in here else []))
            for q in reached
        ]
        sums = [own[q] if x is None else x + own[q] for q, x in zip(reached, passed, strict=True)]
        linked = [here[pq] * 0.0 if x is None else x for pq, x in zip(slots, composed, strict=True)]
        return (*linked, *sums)

    neutral = [1.0 if p == q else 0.0 for p, q in slots] + [0.0] * len(reached)
    found = associative_scan(combine, tuple(elements), neutral, reverse=not scan.reverse)
    passed = dict(zip(reached, found[len(slots) :], strict=True))
    results = []
    for q in range(k):
        total = None
        for p in reached:
            total = m.plus(total, m.times(passed[p], partials[p][k + q]))
        results.append(total)
    return tuple(results)


def _total(terms: Iterable[Array]) -> Array | None:
    """Add arrays of the fragment that is being traced; None if there are none."""
    total: Array | None = None
    for term in terms:
        total = term if total is None else total + term
    return total


def _partials(
    m: Any, scan: AssociativeScan, early: list[Array], late: list[Array]
) -> list[list[Any]]:
    """Return, for each output of combine, its derivative by each input: a number or an array."""
    fragment = scan.combine
    arrays: dict[str, Any] = dict(zip(fragment.inputs, [*early, *late], strict=True))
    for equation in fragment:
        if equation.name in arrays:
            continue
        if not isinstance(equation.primitive, Map):
            raise GraphError(
                "expected a scan over components at the same index, to differentiate it, "
                f"got {equation.primitive.name}"
            )
        arrays[equation.name] = m.apply(
            equation.primitive, *(arrays[r.source] for r in equation.reads)
        )
    return [_row(m, scan, arrays, output) for output in fragment.outputs]


def _row(m: Any, scan: AssociativeScan, arrays: dict[str, Array], output: str) -> list[Any]:
    fragment = scan.combine
    slope: dict[str, Any] = {output: 1.0}
    for equation in reversed(list(fragment)):
        primitive, g = equation.primitive, slope.get(equation.name)
        if g is None or not isinstance(primitive, Map):
            continue
        given = iter([arrays[r.source] for r in equation.reads])
        arguments = [next(given) if c is None else c for c in primitive.constants]
        found = MAPS[primitive.function].pull(m, g, arrays[equation.name], *arguments)
        parts = [p for p, c in zip(found, primitive.constants, strict=True) if c is None]
        for read, part in zip(equation.reads, parts, strict=True):
            slope[read.source] = m.plus(slope.get(read.source), part)
    return [slope.get(name) for name in fragment.inputs]


def _reached(given: list[Any], links: dict[tuple[int, int], Any]) -> list[int]:
    """Return the arrays of the elements whose adjoint is not zero."""
    found = {q for q, g in enumerate(given) if g is not None}
    while True:
        more = {q for (p, q), link in links.items() if p in found and link is not None} - found
        if not more:
            return sorted(found)
        found |= more


def _closed(links: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the links of any number of steps."""
    while True:
        more = {(p, s) for p, q in links for r, s in links if q == r} - links
        if not more:
            return links
        links = links | more


def _array(m: Any, value: Any, axes: tuple[Axis, ...], like: list[Array]) -> Array:
    """Return a number as an array over the sequence."""
    if isinstance(value, Array):
        return value
    constant = 0.0 if value is None else float(value)
    array = m.tracer.add("constant", Constant(axes, constant), (), (), axes)
    positions = like[0].equation.positions
    if not positions:
        return array
    return m.tracer.add("constant", Constant(axes, constant), (), positions, axes)


def _shifted(m: Any, array: Array, distance: int, outside: float) -> Array:
    along = array.sequence
    value = m.tracer.add("outside", Constant(array.axes, outside), (), (), array.axes)
    reads = (
        Read(array.equation.name, Relation.shift(distance), along.name),
        Read(value.equation.name, boundary=True),
    )
    return m.tracer.add(
        "shift", Shift(along.name, False), reads, array.equation.positions, array.axes
    )
