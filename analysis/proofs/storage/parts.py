"""Parts of arrays: which components of the last axis of an array views show.

>>> from ....graphs.operations import linear, split
>>> from ....graphs.tracing import trace
>>> from .ways import reads
>>> graph = trace(lambda x: split(linear(x, "2*d"), 2)[1] * x)
>>> for path in reads(graph, graph["multiply"]):
...     found = components(graph, path.base, path.hops[1:])
...     print(path.base, found.cut and (str(found.cut.start), str(found.cut.extent)))
add ('d', 'd')
x None
"""

from __future__ import annotations

from dataclasses import dataclass

from ....graphs.graph import Equation, Graph, product
from ....graphs.primitives import (
    Component,
    Concatenate,
    Enter,
    Final,
    Flip,
    Gather,
    Inside,
    Rename,
    Shift,
    Slice,
    Split,
    Stop,
)
from ....graphs.sizes import Poly, at_least, poly
from ..errors import ProofError
from .ways import Hop


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of the last axis of an array, or of a view of it with other axes."""

    view: str
    start: Poly
    extent: Poly
    outer: Cut | None = None
    """What the view shows of the array, if not all of it."""


def cuts(cut: Cut | None) -> list[Cut]:
    """Return a cut after all that were made before it, the first one first."""
    return [] if cut is None else [*cuts(cut.outer), cut]


def disjoint(one: Cut | None, other: Cut | None) -> bool:
    """Whether two parts of an array certainly have nothing in common."""
    for a, b in zip(cuts(one), cuts(other), strict=False):
        if a.view != b.view:
            return False
        if at_least(b.start, a.start + a.extent) or at_least(a.start, b.start + b.extent):
            return True
        if (a.start, a.extent) != (b.start, b.extent):
            return False
    return False


IN_PLACE = Enter | Shift | Final | Gather | Stop | Inside
"""Views that keep the last axis as it is."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view shows of an array."""

    cut: Cut | None
    """All of it, or this part."""
    view: str | None
    """What has the same last axis; None if the components were mixed."""
    apart: bool = True
    """Whether the next cut is of that, and not of what the last cut has left."""
    start: Poly | None = None
    """Where the last axis begins in a longer one, in which it was put beside others."""
    extent: Poly = Poly({})  # noqa: RUF009 - costs never change


def components(graph: Graph, base: str, views: tuple[Hop, ...]) -> Shown | None:
    """Return which components of an array views show; None if they show none."""
    found = Shown(None, base)
    for hop in reversed(views):
        view = graph[hop.reader]
        primitive = view.primitive
        if isinstance(primitive, Split | Slice | Component):
            part = _cut(view, found)
            if part is None:
                return None
            found = part
        elif isinstance(primitive, Concatenate):
            sources = [graph[r.source].features[-1].extent for r in view.reads]
            place = view.reads.index(hop.read)
            start = sum(sources[:place], poly(0))
            alone = found.start is None
            view_ = found.view if alone else None
            found = Shown(found.cut, view_, found.apart, start, sources[place])
        elif isinstance(primitive, Rename | Flip):
            mixed = found.start is not None or found.view is None
            found = Shown(found.cut, None if mixed else view.name)
        elif not isinstance(primitive, IN_PLACE):
            found = Shown(found.cut, None)
    return found


def _cut(view: Equation, shown: Shown) -> Shown | None:
    start, extent = _part(view)
    if shown.start is not None:
        end, own = shown.start + shown.extent, start + extent
        if at_least(start, end) or at_least(shown.start, own):
            return None
        if at_least(shown.start, start) and at_least(own, end):
            return Shown(shown.cut, None)
        if not (at_least(start, shown.start) and at_least(end, own)):
            raise ProofError(f"{view.name}: which part of it is read has no rule")
        start = start - shown.start
    if shown.view is None:
        raise ProofError(f"{view.name}: which part of it is read has no rule")
    if shown.apart or shown.cut is None:
        cut = Cut(shown.view, start, extent, shown.cut)
    else:
        before = shown.cut
        cut = Cut(before.view, before.start + start, extent, before.outer)
    if isinstance(view.primitive, Component):
        return Shown(cut, view.name)
    return Shown(cut, shown.view, apart=False)


def _part(view: Equation) -> tuple[Poly, Poly]:
    """Return which part of its source's last axis a view shows."""
    primitive = view.primitive
    if isinstance(primitive, Split):
        extent = view.features[-1].extent
        return primitive.part * extent, extent
    if isinstance(primitive, Component):
        return primitive.offset, product(a.extent for a in primitive.axes)
    assert isinstance(primitive, Slice)
    return primitive.start, primitive.extent
