"""Matrix products: contractions whose indices are those of two matrices and their product.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["attention"])
>>> found = sides_of(graph, graph["layers.0.einsum_4"], Setting())
>>> [sorted(indices) for indices in (found.left, found.right, found.summed, found.batch)]
[['n@'], ['j'], ['e'], ['h']]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ...graphs.graph import Axis, Equation, Graph, Read
from ...graphs.primitives import Concatenate, Contraction, Lookup, Place, Spread, Turn, Unsort
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ..proofs.errors import ProofError
from ..proofs.storage.timetable import timetable
from ..proofs.storage.ways import Path, along, ways

Indices: TypeAlias = "dict[str, Poly]"
"""Labels, and position axes with an @ behind them, with their extents."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The indices of a matrix product."""

    left: Indices
    """Of the first operand and the result."""
    right: Indices
    """Of the second operand and the result."""
    summed: Indices
    """Of both operands."""
    batch: Indices
    """Of all three; products for different values have nothing in common."""


def sides_of(graph: Graph, equation: Equation, setting: Setting) -> Sides | None:
    """Sort the indices of a contraction; None if it is no matrix product."""
    assert isinstance(equation.primitive, Contraction)
    labels, result = equation.primitive.labels()
    bound = equation.primitive.bind(*(graph[r.source].features for r in equation.reads))
    alone = all(len(set(own)) == len(own) for own in labels)
    if len(labels) != 2 or not alone or not all(_is_full(a, setting) for a in bound.values()):
        return None
    table = timetable(graph)
    loops = {table.loops[own].axis for own in table.inside[equation.name]}
    operands = [_depends(graph, equation, read, setting, loops) for read in equation.reads]
    if None in operands:
        return None
    first, second = ({*own, *(p or ())} for own, p in zip(labels, operands, strict=True))
    extents = {label: axis.extent for label, axis in bound.items()}
    extents |= {f"{a.name}@": a.extent for a in equation.positions}
    kept = {*result, *(f"{a.name}@" for a in equation.positions)}
    sides = Sides({}, {}, {}, {})
    for index, extent in extents.items():
        where = (index in first, index in second, index in kept)
        if index.removesuffix("@") in loops or all(where):
            sides.batch[index] = extent
        elif sum(where) == 2:
            chosen = {(True, False): sides.left, (False, True): sides.right}
            chosen.get(where[:2], sides.summed)[index] = extent
        else:
            return None
    return sides if sides.left and sides.right and sides.summed else None


def _depends(
    graph: Graph, equation: Equation, read: Read, setting: Setting, loops: set[str]
) -> frozenset[str] | None:
    """Return the positions on which an operand depends, those of loops apart.

    None if it is no matrix of scalars that are all different.
    """
    try:
        paths = list(along(graph, equation, read, exact=True))
    except ProofError:
        return None
    found = {_dependence(graph, equation, path, setting, loops) for path in paths}
    return found.pop() if len(found) == 1 else None


def _dependence(
    graph: Graph, equation: Equation, path: Path, setting: Setting, loops: set[str]
) -> frozenset[str] | None:
    kinds = [graph[name].primitive for name in path.views]
    if any(isinstance(kind, Concatenate | Place | Unsort | Lookup) for kind in kinds):
        return None
    if any(isinstance(kind, Spread) and len(kind.kept) < len(kind.axes) for kind in kinds):
        return None
    turned = any(isinstance(kind, Turn) for kind in kinds)
    found = set()
    for axis, way in ways(graph, path).items():
        if way.kind == "many" and (way.relation is None or not _is_all(way.relation, setting)):
            return None
        if equation.has(axis) and axis not in loops and (turned or way.kind != "many"):
            found.add(f"{axis}@")
    return frozenset(found)


def _is_full(axis: Axis, setting: Setting) -> bool:
    return axis.relation is None or _is_all(axis.relation, setting)


def _is_all(relation: Relation, setting: Setting) -> bool:
    """Whether every pair of positions is computed: all are read, or masked pairs thrown away."""
    ends = [relation.back is None, relation.ahead is None]
    plain = relation.kind == "offsets" and relation.step == 1
    return plain and (all(ends) or (any(ends) and setting.pairs == "dense"))
