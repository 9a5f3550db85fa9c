"""Certificates of dilated graphs: positions that differ by no multiple of the dilation never meet.

If all that crosses positions of a sequence does so by multiples of s, its positions fall into s
classes, by their rest modulo s. Nothing leads from one class to another, and inside a class the graph
is the same with s = 1 and as many positions as the class has: ``ceil(n/s)`` in the largest. So a
figure that is the largest over pairs of positions, and does not fall with n, is that of the graph with
s = 1 at ``ceil(n/s)`` positions.

>>> rises(poly("min(L, ceil((n - 1)/(w - 1))) + 2"), "n"), rises(poly("d - n"), "n")
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ....graphs.graph import Axis, Equation, Graph, Read
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, ceil_div, is_proper, poly
from ...sites import weights
from ..errors import ProofError
from ..positions import lower_sizes


@dataclass(frozen=True, slots=True)
class ClassCertificate:
    """Everything that says how a figure of a dilated graph follows from the graph of one class."""

    step: Poly
    inner: Any
    """The certificate of the figure for the graph of one class."""
    inner_formula: Poly
    formula: Poly
    inner_least: Mapping[str, int] = field(default_factory=dict)
    """The domain of the inner formula."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


def check_classes(
    graph: Graph, setting: Setting, certificate: ClassCertificate, *, weighted: bool
) -> Graph:
    """Verify how a figure follows from that of one class, and return the graph of one class.

    The figure of that graph is for another checker to verify.

    Parameters
    ----------
    weighted
        Whether the figure counts the steps of equations.

    Raises
    ------
    ProofError
        If something crosses positions otherwise, or the figure may fall with the length.
    """
    along, step = dilated(graph)
    if step != certificate.step:
        raise ProofError(f"expected classes modulo {step}, got {certificate.step}")
    name, inner = along.name, certificate.inner_formula
    if along.extent != poly(name):
        raise ProofError(f"expected a sequence of any length, got {along.extent}")
    if weighted and any(name in cost.sizes for cost in weights(graph, setting).values()):
        raise ProofError(f"the steps of some equation depend on {name}")
    if not rises(inner, name):
        raise ProofError(f"{inner} may fall with {name}")
    if certificate.formula != inner.substitute({name: ceil_div(along.extent, step)}):
        raise ProofError(f"expected {inner} at {ceil_div(along.extent, step)} positions")
    given = lower_sizes(certificate.least)
    for size, value in certificate.inner_least.items():
        # ceil(n/s) is at least v if and only if n is more than s*(v - 1).
        enough = step * (value - 1) + 1 if size == name else poly(value)
        if not at_least(poly(size), enough, given=given):
            raise ProofError(f"{size} may be less than {enough}")
    return one_class(graph)


def dilated(graph: Graph) -> tuple[Axis, Poly]:
    """Return the sequence whose positions are crossed by multiples of some number, and the number.

    Raises
    ------
    ProofError
        If there are other sequences, or none or several such numbers, or it is one.
    """
    found = {e.sequence for e in graph if e.sequence is not None}
    axes = {a for a in found if a is not None}
    if len(axes) != 1:
        raise ProofError(f"expected one sequence, got {len(axes)}")
    (along,) = axes
    crossing = [r for e in graph for r in e.reads if _crosses(graph, e, r, along)]
    steps = {_multiple(read.relation) for read in crossing}
    step = steps.pop() if len(steps) == 1 else None
    if step is None or step == 1 or any(s.endswith("_") for s in step.sizes):
        raise ProofError(f"{along}: it is not crossed by multiples of one number")
    return along, step


def _crosses(graph: Graph, equation: Equation, read: Read, along: Axis) -> bool:
    if equation.sequence != graph[read.source].sequence and graph[read.source].sequence is not None:
        raise ProofError(f"{equation.name}: it reads all of {along}")
    return read.axis == along.name and not read.relation.is_same


def _multiple(relation: Relation) -> Poly | None:
    """Return the number by whose multiples a relation crosses positions; None if there is none."""
    if relation.kind != "offsets":
        return None
    distance = relation.distance
    if distance is not None:
        return distance if at_least(distance, 1) else -distance
    return relation.step


def one_class(graph: Graph) -> Graph:
    """Return the graph of one class: the same, crossed by ones."""
    along, _ = dilated(graph)
    equations = {
        e.name: replace(e, reads=tuple(_by_ones(graph, e, r, along) for r in e.reads))
        for e in graph
    }
    source = graph.source
    again = None if source is None else lambda **changes: one_class(source(**changes))
    return replace(graph, equations=equations, source=again)


def _by_ones(graph: Graph, equation: Equation, read: Read, along: Axis) -> Read:
    if not _crosses(graph, equation, read, along):
        return read
    relation = read.relation
    if relation.distance is not None:
        back = at_least(relation.distance, 1)
        return replace(read, relation=Relation.shift(1 if back else -1))
    return replace(read, relation=replace(relation, step=poly(1)))


def rises(cost: Poly, name: str) -> bool:
    """Whether a cost certainly does not fall as a size grows, all else being the same.

    It does not if each term in which the size appears is a product, with a positive factor, of what
    does not fall and is not negative: of the size, or of minima, maxima, logarithms and roundings
    of such; a single factor may be negative.
    """
    for monomial, c in cost.terms.items():
        alone = len(monomial) == 1 and monomial[0][1] == 1
        if not alone and name in Poly({monomial: 1}).sizes and not is_proper(monomial):
            return False
        for atom, k in monomial:
            if atom.kind == "size" and atom.text != name:
                continue
            arguments = [] if atom.kind == "size" else [Poly(a.terms) for a in atom.args]
            if atom.kind != "size" and all(name not in a.sizes for a in arguments):
                continue
            steady = atom.kind in {"size", "min", "max", "ceil", "ceil_log2"}
            if c < 0 or k < 0 or not steady or not all(rises(a, name) for a in arguments):
                return False
    return True
