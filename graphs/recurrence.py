"""Recurrence: what carries values along an axis, the sequence (``scan``) or the layers (``stack``)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .graph import Axis, GraphError, Read
from .primitives.moves import Final, Shift
from .primitives.views import Spread
from .relations import Relation
from .sizes import Poly, Sized, poly
from .tracer import Array, Tracer, Tree, current, layer, leaves, like, scope, settled


def scan(
    step: Callable[[Tree, Tree], tuple[Tree, Tree]],
    init: Tree,
    xs: Tree,
    *,
    reverse: bool = False,
    distance: Sized = 1,
) -> tuple[Tree, Tree]:
    """Carry a state along the sequence, as in JAX.

    Parameters
    ----------
    step
        ``step(carry, x) -> (carry, y)`` for one position.
    init
        The carry before the first position; an array without sequence axis, or a tuple of such.
    xs
        An array over the sequence, or a tuple of such.
    reverse
        Run from the last position to the first.
    distance
        How many positions back the carry comes from; the first so many start from ``init``.

    Returns
    -------
    The carry after the last step, and the ys over the sequence.
    """
    tracer = current()
    along = leaves(xs)[0].sequence
    positions = (*tracer.layers, along)
    carries = _open(tracer, leaves(init), positions, along.name, step=True)
    carry, ys = step(like(init, carries), xs)
    everywhere = functools.cache(functools.partial(_everywhere, axis=along))
    after = [everywhere(settled(a)) for a in leaves(carry)]
    back = -poly(distance) if reverse else poly(distance)
    _close(tracer, carries, after, leaves(init), along.name, back)
    ending = Relation.head() if reverse else Relation.last()
    finals = _finals(tracer, after, leaves(init), along.name, ending)
    outputs = None if ys is None else like(ys, [everywhere(y) for y in leaves(ys)])
    return like(init, finals), outputs


def stack(block: Callable[..., Tree], x: Tree, depth: Sized, *, name: str = "layers") -> Tree:
    """Apply a block ``depth`` times, each time with parameters of its own.

    Parameters
    ----------
    block
        ``block(x) -> x`` or ``block(x, l) -> x`` with the layer's index, from 0.
    depth
        A number (the layers are written out) or a size (they become an axis).
    """
    tracer = current()
    if isinstance(x, Array) and not any(
        e.primitive.name == "enter" for e in tracer.equations.values()
    ):
        block = _as_layer(block)
    times = poly(depth).constant
    indexed = _takes_index(block)
    if times is not None:
        for l in range(int(times)):
            with scope(f"{name}.{l}"):
                x = block(x, l) if indexed else block(x)
        return x
    axis = Axis(_axis_name(tracer, poly(depth)), poly(depth), "layer")
    tracer.layers.append(axis)
    try:
        with scope(name):
            init = leaves(x)
            carries = [_carried(tracer, a, axis.name) for a in init]
            result = (
                block(like(x, carries), poly(axis.position)) if indexed else block(like(x, carries))
            )
            after = [_everywhere(a, axis) for a in leaves(result)]
            _close(tracer, carries, after, init, axis.name, 1)
    finally:
        tracer.layers.pop()
    return like(x, _finals(tracer, after, init, axis.name, Relation.last()))


def _everywhere(x: Array, axis: Axis) -> Array:
    """Return an array along an axis that it may not depend on: every step has its result."""
    own = x.equation.positions
    if axis in own:
        return x
    layers = tuple(a for a in own if a.kind == "layer")
    read = (Read(x.equation.name),)
    primitive = Spread(x.axes, tuple(range(len(x.axes))))
    return x.tracer.add("repeated", primitive, read, (*layers, axis, *own[len(layers) :]), x.axes)


def _carried(tracer: Tracer, init: Array, axis: str) -> Array:
    """Open what a stack carries: one of these may have a sequence, and another none."""
    outside = [a for a in init.equation.positions if a not in tracer.layers]
    return _open(tracer, [init], (*tracer.layers, *outside), axis, step=False)[0]


def _takes_index(block: Callable[..., Tree]) -> bool:
    kinds = [p.kind for p in inspect.signature(block).parameters.values() if p.default is p.empty]
    return (
        sum(
            k in {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
            for k in kinds
        )
        > 1
    )


def _as_layer(block: Callable[..., Tree]) -> Callable[..., Tree]:
    """Make a block that marks no layer one layer."""

    @functools.wraps(block)
    def wrapped(x: Tree, *index: Any) -> Tree:
        tracer = current()
        before = len(tracer.equations)
        result = block(x, *index)
        new = tracer.since(before)
        if any(e.primitive.name == "enter" for e in new):
            return result
        tracer.forget(new)
        return layer(block)(x, *index)

    return wrapped


def _axis_name(tracer: Tracer, depth: Poly) -> str:
    base = depth.sizes[0] if depth.sizes else "L"
    taken = {a.name for e in tracer.equations.values() for a in e.positions} | {
        a.name for a in tracer.layers
    }
    name, k = base, 2
    while name in taken:
        name, k = f"{base}{k}", k + 1
    return name


def _open(
    tracer: Tracer, init: Sequence[Array], positions: Sequence[Axis], axis: str, *, step: bool
) -> list[Array]:
    return [tracer.add("previous", Shift(axis, step), (), positions, a.axes) for a in init]


def _close(
    tracer: Tracer,
    carries: Sequence[Array],
    after: Sequence[Array],
    init: Sequence[Array],
    axis: str,
    distance: Sized,
) -> None:
    if len(after) != len(init):
        raise GraphError(f"expected a carry of {len(init)} arrays, got {len(after)}")
    for carry, new, old in zip(carries, after, init, strict=True):
        if [a.extent for a in new.axes] != [a.extent for a in old.axes]:
            before, now = (", ".join(str(a) for a in x.axes) for x in (old, new))
            raise GraphError(
                f"expected a carry with axes ({before}), got ({now}) from {new.equation.name}"
            )
        reads = (
            Read(new.equation.name, Relation.shift(distance), axis),
            Read(old.equation.name, boundary=True),
        )
        tracer.replace(carry, reads=reads)


def _finals(
    tracer: Tracer, after: Sequence[Array], init: Sequence[Array], axis: str, ending: Relation
) -> list[Array]:
    finals = []
    for new, old in zip(after, init, strict=True):
        positions = tuple(a for a in new.equation.positions if a.name != axis)
        reads = (Read(new.equation.name, ending, axis), Read(old.equation.name, boundary=True))
        finals.append(tracer.add("final", Final(axis), reads, positions, new.axes))
    return finals
