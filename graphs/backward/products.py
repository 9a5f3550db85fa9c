"""Products that wait: contracted once it is known over which positions their sums run."""

from __future__ import annotations

from ..graph import Axis, Equation, GraphError, Read
from ..primitives import Contraction, Flip, Spread
from ..tracer import Array
from .calculus import Differentiation, Product


def through(m: Differentiation, gather: Equation, origin: Equation, product: Product) -> Array:
    """Contract with the readers of each position, where the input was gathered."""
    (read,) = gather.reads
    relation, (label, *rest) = read.relation, product.labels
    if relation.sparse:
        slots = m.named(contracted(m, gather, product), gather.features)
        return m.scattered(slots, relation, read.axis or "")
    bounded = relation.back is not None and relation.ahead is not None
    factors = []
    for labels, array in product.factors:
        if label in labels:
            place = labels.index(label)
            if array.equation.sequence is not None:
                array = m.turn(array, place, relation)
            elif bounded and relation.kind == "offsets":
                array = m.tracer.apply("flip", Flip(place), array)
            else:
                raise GraphError(
                    f"{gather.name}: expected a slot axis for {label} of {array!r}, to differentiate"
                )
        elif array.equation.sequence is not None:
            array = m.gathered(array, relation)
            labels = (label, *labels)
        factors.append((labels, array))
    return _contract(m, tuple(rest), origin.features, factors)


def contracted(m: Differentiation, target: Equation, product: Product) -> Array:
    """Contract in place, or over all positions where the input has none."""
    factors = list(product.factors)
    if target.sequence is None:
        label = "position"
        while any(label in labels for labels, _ in factors):
            label += "_"
        factors = [
            ((label, *labels), m.collected(a, slots=True))
            if a.equation.sequence is not None
            else (labels, a)
            for labels, a in factors
        ]
    return _contract(m, product.labels, target.features, factors)


def _contract(
    m: Differentiation,
    result: tuple[str, ...],
    axes: tuple[Axis, ...],
    factors: list[tuple[tuple[str, ...], Array]],
) -> Array:
    known = {label for labels, _ in factors for label in labels}
    kept = tuple(k for k, label in enumerate(result) if label in known)
    left = ", ".join(" ".join(labels) for labels, _ in factors)
    primitive = Contraction(f"{left} -> {' '.join(result[k] for k in kept)}".strip())
    arrays = [a for _, a in factors]
    bound = primitive.bind(*(a.axes for a in arrays))
    reads = [Read(a.equation.name) for a in arrays]
    positions = m.merged(*arrays)
    # The axis of a weight that belongs to slots is counted as they are.
    own = tuple(bound[result[k]] if bound[result[k]].kind == "slot" else axes[k] for k in kept)
    found = m.tracer.add("einsum", primitive, reads, positions, own)
    if own != axes:
        found = m.tracer.apply("spread", Spread(axes, kept), found)
    return found
