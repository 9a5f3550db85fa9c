"""Slots: which of them are inside the sequence, where what is read was itself read by others.

The slots of a gathered array stand for positions that its own position reads. When it is gathered
again, they stand for positions that another one reads: the one in the slot that they are *within*.

>>> from .relations import Relation
>>> two, three = Relation.window(2), Relation.window(3)
>>> inside([two, three], [4, 4], np.arange(4)).sum(axis=(1, 2)).tolist()
[1, 3, 5, 6]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .graph import Axis
from .relations import Relation


def lineage(axis: Axis) -> tuple[Axis, ...]:
    """Return a slot axis after those that it is within, the outermost first."""
    return (axis,) if axis.within is None else (*lineage(axis.within), axis)


def seen_through(axis: Axis, slot: Axis) -> Axis:
    """Return an axis of what is read in the slots of another; one of the same name gets a prime."""
    if axis.kind != "slot" or axis.relation is None:
        return axis
    name = f"{axis.name}'" if axis.name.rstrip("'") == slot.name else axis.name
    outer = slot if axis.within is None else seen_through(axis.within, slot)
    return replace(axis, name=name, within=outer)


def plain(axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """Return axes whose indices are no positions: what slots are for those at other positions."""
    return tuple(Axis(a.name, a.extent) for a in axes)


def is_cut(axis: Axis) -> bool:
    """Whether some slots of an axis may lie outside the sequence."""
    return axis.kind == "slot" and any(not _is_all(a.relation) for a in lineage(axis))


def _is_all(relation: Relation | None) -> bool:
    return relation is None or relation == Relation.all()


def inside(relations: Sequence[Relation], extents: Sequence[int], positions: Any) -> Any:
    """Return which slots are inside when positions read through one relation after another.

    Parameters
    ----------
    relations, extents
        Relations without symbols, and the length of the sequence that each of them reads.
    positions
        An integer array of shape [p].

    Returns
    -------
    A boolean array of shape [p, slots of the first, slots of the second, ...].
    """
    place = np.asarray(positions)
    valid = np.ones(place.shape, dtype=bool)
    for relation, extent in zip(relations, extents, strict=True):
        read, there = relation.table(place.reshape(-1), extent)
        place = read.reshape(*place.shape, -1)
        valid = valid[..., None] & there.reshape(place.shape)
    return valid


def together(
    axes: Iterable[Axis], concrete: Callable[[Axis], tuple[Relation, int]], positions: Any
) -> tuple[tuple[Axis, ...], Any]:
    """Return which combinations of slots of several axes are inside.

    Parameters
    ----------
    axes
        Slot axes; those that they are within are added.
    concrete
        The relation of an axis without symbols, and the length of the sequence that it reads.
    positions
        An integer array of shape [p].

    Returns
    -------
    The axes, and a boolean array of shape [p, slots of each].
    """
    every = tuple(dict.fromkeys(a for axis in axes for a in lineage(axis)))
    valid: Any = np.ones((len(positions), *[1] * len(every)), dtype=bool)
    within = {a.within for a in every}
    for axis in every:
        if axis in within:  # said again by those within it
            continue
        line = lineage(axis)
        links = [concrete(a) for a in line]
        own = inside([r for r, _ in links], [n for _, n in links], positions)
        valid = valid & over(own, [every.index(a) for a in line], len(every))
    return every, valid


def over(valid: Any, places: Sequence[int | None], count: int) -> Any:
    """Spread an array over [positions, slots of some axes] along ``count`` axes, by their places.

    Where an axis has none, a combination is inside if it is with some slot of it.
    """
    missing = tuple(k + 1 for k, place in enumerate(places) if place is None)
    valid = valid.any(axis=missing) if missing else valid
    left = [place for place in places if place is not None]
    order = sorted(range(len(left)), key=left.__getitem__)
    valid = valid.transpose(0, *(k + 1 for k in order))
    sizes = dict(zip(sorted(left), valid.shape[1:], strict=True))
    return valid.reshape(valid.shape[0], *(sizes.get(k, 1) for k in range(count)))
