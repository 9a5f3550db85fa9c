"""The vocabulary of models: what a model function calls on its arrays.

Every function takes and returns the arrays of a model that is being traced. Axes and patterns
speak of one position's components; ``gather`` and ``shift`` are what reaches other positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .graph import Axis, GraphError, Read
from .pointwise import (
    concatenate,
    dropout,
    einsum,
    elementwise,
    everywhere,
    exp,
    full,
    gaussian,
    gelu,
    greatest,
    joint_softmax,
    label_of,
    layer_norm,
    linear,
    mean,
    parameter,
    rearrange,
    relu,
    rms_norm,
    root,
    sigmoid,
    silu,
    softmax,
    softplus,
    split,
    sqrt,
    standardize,
    stop_gradient,
    tanh,
    total,
    zeros,
    zeros_like,
)
from .primitives.moves import Backwards, Final, Gather, Member, Place, Shift
from .primitives.scans import AssociativeScan, Component
from .primitives.transforms import Fourier, Ranked, Sort
from .primitives.views import (
    Constant,
    Input,
    divide,
)
from .recurrence import scan, stack
from .relations import Relation
from .sizes import Poly, Sized, minimum, poly
from .tracer import (
    Array,
    Tracer,
    Tree,
    convolved,
    current,
    layer,
    leaves,
    like,
    merge,
    recompute,
    recording,
    scope,
    settled,
    substituted,
)
from .tracing import trace

__all__ = [
    "arg_top_k",
    "associative_scan",
    "backwards",
    "chunk",
    "collect",
    "concatenate",
    "dropout",
    "einsum",
    "elementwise",
    "everywhere",
    "exp",
    "first",
    "fourier",
    "full",
    "gather",
    "gaussian",
    "gelu",
    "greatest",
    "joint_softmax",
    "layer",
    "layer_norm",
    "linear",
    "long_convolution",
    "mask",
    "mean",
    "member",
    "parameter",
    "rearrange",
    "recompute",
    "relu",
    "rms_norm",
    "root",
    "scan",
    "scope",
    "shift",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "split",
    "spread_out",
    "sqrt",
    "stack",
    "standardize",
    "stop_gradient",
    "substitute",
    "tanh",
    "top_k",
    "total",
    "trace",
    "zeros",
    "zeros_like",
]


def gather(x: Array, relation: Relation) -> Array:
    """Read other positions: one more axis, in front, with a slot for each position that is read."""
    return _gathered(x, relation, _target(x.sequence, relation))


def backwards(x: Array) -> Array:
    """Read all positions so far as ``gather`` does, the last one first: what is so far from others.

    Where ``gather`` by a prefix has position j, there is position i - j.
    """
    return current().apply("backwards", Backwards(), gather(x, Relation.prefix()))


def chunk(x: Array, size: Sized) -> Array:
    """Read chunks of ``size`` positions, which divides the sequence: a slot for each position.

    The result has one position for each chunk; ``member`` reads it at the chunk's positions.
    """
    along, relation = x.sequence, Relation.stride(size)
    count = divide(along.extent, poly(size), f"chunks of {along.name}")
    return _gathered(x, relation, Axis(_coarser(along, relation), count, "sequence"))


def _gathered(x: Array, relation: Relation, target: Axis) -> Array:
    tracer, along = current(), x.sequence
    slots = relation.slots(along.extent)
    read = (Read(x.equation.name, relation, along.name),)
    slot = Axis(f"{along.name}:{relation}", slots, "slot", relation, along.name)
    positions = tuple(a if a.name != along.name else target for a in x.equation.positions)
    primitive = Gather(relation, slot)
    return tracer.add("gather", primitive, read, positions, primitive.features(x.axes))


def _target(along: Axis, relation: Relation) -> Axis:
    extent = relation.target_extent(along.extent)
    if extent == along.extent:
        return along
    return Axis(_coarser(along, relation), extent, "sequence")


def _coarser(along: Axis, relation: Relation) -> str:
    return f"{along.name}_by_{str(relation.step).replace('*', '')}"


def collect(x: Array) -> Array:
    """Read the whole sequence at once: its positions become a slot axis; no sequence is left."""
    along = x.sequence
    relation = Relation.all()
    slot = Axis(f"{along.name}:{relation}", along.extent, "slot", relation, along.name)
    positions = tuple(a for a in x.equation.positions if a.name != along.name)
    read = (Read(x.equation.name, relation, along.name),)
    primitive = Gather(relation, slot)
    return current().add("collect", primitive, read, positions, primitive.features(x.axes))


def spread_out(x: Array, like: Array) -> Array:
    """Let each position of another array's sequence take its own index of the first axis."""
    along, primitive = like.sequence, Place(0)
    if x.axes[0].extent != along.extent:
        raise GraphError(f"expected {along.extent} indices for {along.name}, got {x.axes[0]}")
    positions = (*(a for a in x.equation.positions if a.kind == "layer"), along)
    read = (Read(x.equation.name),)
    return current().add("place", primitive, read, positions, primitive.features(x.axes))


def mask(x: Array, relation: Relation) -> Array:
    """Restrict what ``gather`` reads: only positions that both relations allow."""
    primitive = x.equation.primitive
    if (
        not isinstance(primitive, Gather)
        or primitive.slot is None
        or primitive.relation.kind != "offsets"
    ):
        raise GraphError(f"expected the result of gather, got {x.equation.name} ({primitive.name})")
    source = Array(current().equations[x.equation.reads[0].source], x.tracer)
    return gather(source, _both(primitive.relation, relation))


def _both(a: Relation, b: Relation) -> Relation:
    if b.kind != "offsets" or (
        a.step != b.step and not (a.back is None and a.ahead is None and a.step == 1)
    ):
        raise GraphError(f"expected relations by offsets with one step, got {a} and {b}")

    def least(x: Poly | None, y: Poly | None) -> Poly | None:
        return y if x is None else x if y is None else minimum(x, y)

    return Relation(back=least(a.back, b.back), ahead=least(a.ahead, b.ahead), step=b.step)


def shift(x: Array, distance: int = 1) -> Array:
    """Read the position ``distance`` earlier (later if negative), zeros outside the sequence."""
    if distance == 0:
        return x
    tracer, along = current(), x.sequence
    x = settled(x)
    outside = zeros(*(a.extent for a in x.axes))
    reads = (
        Read(x.equation.name, Relation.shift(distance), along.name),
        Read(outside.equation.name, boundary=True),
    )
    return tracer.add("shift", Shift(along.name, False), reads, x.equation.positions, x.axes)


def member(x: Array, of: Array, size: Sized) -> Array:
    """Read, at each position of a sequence, the part of ``size`` positions that it is in.

    ``x`` has one position for each part, as what ``gather`` reads by ``Relation.stride(size)``.
    """
    tracer, coarse, along = current(), x.sequence, of.sequence
    relation = Relation.part(size)
    if relation.target_extent(coarse.extent) != along.extent:
        raise GraphError(
            f"expected {x.equation.name} over parts of {size} of {along}, got {coarse.extent} parts"
        )
    read = (Read(x.equation.name, relation, coarse.name),)
    positions = tuple(along if a.name == coarse.name else a for a in x.equation.positions)
    return tracer.add("member", Member(poly(size)), read, positions, x.axes)


def first(x: Array) -> Array:
    """Return what stands at the first position; no sequence is left."""
    tracer, along, outside = current(), x.sequence, zeros_like(x)
    reads = (
        Read(x.equation.name, Relation.head(), along.name),
        Read(outside.equation.name, boundary=True),
    )
    positions = tuple(a for a in x.equation.positions if a.name != along.name)
    return tracer.add("first", Final(along.name), reads, positions, x.axes)


def fourier(
    x: Array,
    axis: Axis | None = None,
    *,
    given: int = 1,
    found: int = 1,
    inverse: bool = False,
) -> Array:
    """Discrete Fourier transform along the sequence, or along a feature axis.

    Parameters
    ----------
    given, found
        How many parts the numbers have: 1 for the real part, 2 (on a last axis) for both.
    inverse
        Whether angles turn the other way; a division by the length is not part of it.
    """
    x = settled(x)
    if axis is not None:
        return current().apply("fourier", Fourier(axis, given, found, inverse), x)
    along, primitive = x.sequence, Fourier(x.sequence, given, found, inverse)
    read = (Read(x.equation.name, Relation.all(), along.name),)
    features = primitive.features(x.axes)
    return current().add("fourier", primitive, read, x.equation.positions, features)


def long_convolution(x: Array, kernel: Array) -> Array:
    """Convolve each component of a sequence with a kernel as long as itself, causally.

    By Fourier transforms; one position after another, as a sum over all positions so far.
    """
    tracer, along = current(), x.sequence
    if not tracer.loop:
        return convolved(x, kernel, along)
    return einsum("j i, j i -> i", gather(x, Relation.prefix()), backwards(kernel))


def substitute(pairs: Array, right: Array, size: Sized) -> Array:
    """Solve x_i = right_i - sum of pairs_ij x_j over the earlier j of i's block.

    ``pairs`` [h, j] has a slot for each position that ``Relation.block_prefix(size)`` reads, ``right``
    the axes [h, e].
    """
    return substituted(pairs, right, poly(size))


def top_k(x: Array, axis: Axis | str, keep: Sized) -> Array:
    """Return the largest ``keep`` components along an axis, in falling order."""
    return current().apply("sort", Sort(label_of(axis), poly(keep)), x)


def arg_top_k(x: Array, axis: Axis | str, keep: Sized) -> tuple[Array, Array]:
    """Return the largest ``keep`` components along an axis, and their numbers, from 0."""
    values = top_k(x, axis, keep)
    return values, current().apply("ranked", Ranked(label_of(axis)), x, values)


def associative_scan(
    combine: Callable[[Tree, Tree], Tree],
    elements: Tree,
    identity: Sequence[float],
    *,
    reverse: bool = False,
) -> Tree:
    """All prefixes of an associative operation along the sequence, in ceil(log2 n) rounds.

    Parameters
    ----------
    combine
        ``combine(earlier, later)`` of two elements; it must be associative, which nobody checks
        but a run.
    elements
        An array over the sequence, or a tuple of such.
    identity
        For each array of an element, the number that changes nothing.
    """
    tracer, parts = current(), tuple(settled(p) for p in leaves(elements))
    if len(identity) != len(parts):
        raise GraphError(f"expected an identity of {len(parts)} numbers, got {len(identity)}")
    if tracer.loop:
        return _as_loop(combine, like(elements, parts), identity, reverse)
    along = parts[0].sequence
    fragment = _fragment(combine, like(elements, parts))
    primitive = AssociativeScan(fragment, along, reverse, tuple(float(v) for v in identity))
    relation = Relation.suffix() if reverse else Relation.prefix()
    reads = [Read(p.equation.name, relation, along.name) for p in parts]
    positions = merge("associative_scan", *parts)
    whole = tracer.add(
        "associative_scan",
        primitive,
        reads,
        positions,
        primitive.features(*(p.axes for p in parts)),
    )
    results, offset = [], poly(0)
    for part in parts:
        results.append(tracer.apply("component", Component(part.axes, offset), whole))
        offset = offset + part.equation.scalars
    return like(elements, results)


def _as_loop(
    combine: Callable[[Tree, Tree], Tree], elements: Tree, identity: Sequence[float], reverse: bool
) -> Tree:
    tracer, parts = current(), leaves(elements)
    init = [
        tracer.add("identity", Constant(p.axes, float(v)), (), (), p.axes)
        for p, v in zip(parts, identity, strict=True)
    ]

    def step(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        result = combine(carry, x)
        return result, result

    return scan(step, like(elements, init), elements, reverse=reverse)[1]


def _fragment(combine: Callable[[Tree, Tree], Tree], elements: Tree) -> Any:
    """Trace ``combine`` on two elements without positions."""
    from .graph import Graph

    with recording(Tracer()) as inner:
        early, late = (
            [inner.add(side, Input(p.axes), (), (), p.axes) for p in leaves(elements)]
            for side in ("early", "late")
        )
        result = leaves(combine(like(elements, early), like(elements, late)))
    for part, out in zip(leaves(elements), result, strict=True):
        if [a.extent for a in part.axes] != [a.extent for a in out.axes]:
            raise GraphError(
                f"expected combine to keep the axes of {part.equation.name}, got {out!r}"
            )
    inputs = tuple(a.equation.name for a in (*early, *late))
    return Graph("combine", inner.equations, inputs, tuple(a.equation.name for a in result), {})
