"""What a pullback is written in: operations on traced arrays, and adjoints that wait.

Some adjoints are not computed where they arise. A *product* is contracted only when it is known
over which positions its sum runs; a *piece* is one part of an array whose other parts have
adjoints of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..graph import Axis, Equation, GraphError, Read
from ..primitives import (
    Constant,
    Contraction,
    Earlier,
    Gather,
    Inside,
    Map,
    Member,
    Place,
    Reduction,
    Rename,
    Scatter,
    Shift,
    Site,
    Spread,
    Substitution,
    Turn,
)
from ..primitives.base import Axes, Primitive, Pulled
from ..primitives.maps import Scalar
from ..relations import Relation
from ..sizes import Poly, poly
from ..slots import is_cut, plain, seen_through
from ..tracer import Array, Tracer, convolved, merge, substituted

ENDS = frozenset({"first", "last", "head"})
"""Relations by which all positions read the same few."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of labelled arrays, summed over the labels that the result does not have."""

    labels: tuple[str, ...]
    factors: tuple[tuple[tuple[str, ...], Array], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The adjoint of a part of the last axis."""

    adjoint: Any
    start: Poly


@dataclass(frozen=True, slots=True)
class Differentiation:
    """The operations that pullbacks are written in; see :class:`..primitives.Calculus`."""

    tracer: Tracer

    def map(self, function: str, *arguments: Any) -> Array:
        """Apply an elementwise function to arrays, numbers and sizes."""
        constants = tuple(
            None if isinstance(a, Array) else Scalar(a) if isinstance(a, Poly) else a
            for a in arguments
        )
        arrays = [a for a in arguments if isinstance(a, Array)]
        return self.tracer.apply(function, Map(function, constants), *arrays)

    def times(self, a: Any, b: Any) -> Any:
        """Multiply; a factor of 1 costs nothing, and a factor of None gives None."""
        if a is None or b is None:
            return None
        if _is_one(a) or _is_one(b):
            return b if _is_one(a) else a
        if isinstance(a, float) and isinstance(b, float):
            return a * b
        return self.map("multiply", a, b)

    def over(self, a: Any, b: Any) -> Any:
        """Divide; a divisor of 1 costs nothing."""
        if a is None or _is_one(b):
            return a
        if isinstance(a, float) and isinstance(b, float):
            return a / b
        return self.map("divide", a, b)

    def negative(self, a: Any) -> Any:
        """Negate."""
        if a is None or isinstance(a, float):
            return None if a is None else -a
        return self.map("negative", a)

    def plus(self, a: Any, b: Any) -> Any:
        """Add; None adds nothing."""
        if a is None or b is None:
            return b if a is None else a
        if isinstance(a, float) and isinstance(b, float):
            return a + b
        return self.map("add", a, b)

    def apply(self, primitive: Primitive, *arrays: Array) -> Array:
        """Apply a primitive in place."""
        return self.tracer.apply(primitive.name, primitive, *arrays)

    def like(self, adjoint: Array, primitive: Primitive, site: Site) -> Array:
        """Apply a primitive that is its own transpose, reading as the site does."""
        (read,) = site.equation.reads
        again = Read(adjoint.equation.name, read.relation.transpose(), read.axis)
        features = primitive.features(adjoint.axes)
        return self.tracer.add(
            primitive.name, primitive, (again,), adjoint.equation.positions, features
        )

    def convolved(self, x: Array, kernel: Array, along: Axis, *, reverse: bool = False) -> Array:
        """Convolve two sequences."""
        return convolved(x, kernel, along, reverse=reverse)

    def summed(self, adjoint: Any, axes: Axes) -> Any:
        """Sum over the feature axes that are not among ``axes``."""
        if not isinstance(adjoint, Array):
            return adjoint
        if [a.extent for a in adjoint.axes] == [a.extent for a in axes]:
            return adjoint
        kept = places(axes, adjoint.axes)
        for k in range(len(adjoint.axes) - 1, -1, -1):
            if k not in kept:
                adjoint = self.total(adjoint, k)
        return adjoint

    def unspread(self, adjoint: Any, kept: tuple[int, ...]) -> Any:
        """Sum over the feature axes but those at some places: names may be the same."""
        if isinstance(adjoint, Array):
            for k in range(len(adjoint.axes) - 1, -1, -1):
                adjoint = adjoint if k in kept else self.total(adjoint, k)
        return adjoint

    def zeros(self, axes: Axes, positions: Axes = ()) -> Array:
        """Return zeros, the same at every position."""
        return self.tracer.add("zeros", Constant(axes), (), positions, axes)

    def total(self, array: Array, place: int) -> Array:
        """Sum over the feature axis at a place."""
        names = [a.name for a in array.axes]
        if names.index(names[place]) != place:  # a sum takes the first axis of its name
            labels = [f"a{k}" for k in range(len(names))]
            order = [labels[place], *(x for x in labels if x != labels[place])]
            array = self.apply(Rename(f"{' '.join(labels)} -> {' '.join(order)}"), array)
        return self.apply(Reduction("sum", names[place]), array)

    def named(self, array: Array, axes: Axes) -> Array:
        """Return an array under the names of axes that have the same extents."""
        if [a.name for a in array.axes] == [a.name for a in axes]:
            return array
        if [a.extent for a in array.axes] != [a.extent for a in axes]:
            wide, narrow = (", ".join(str(a) for a in x) for x in (axes, array.axes))
            raise GraphError(f"expected an adjoint with axes ({wide}), got ({narrow})")
        return self.apply(Spread(axes, tuple(range(len(axes)))), array)

    def inside(self, array: Array, *places: int) -> Array:
        """Put zeros in slots outside the sequence, but for the axes at the places."""
        if array.equation.sequence is None or isinstance(array.equation.primitive, Gather):
            return array
        rest = (a for k, a in enumerate(array.axes) if k not in places)
        return self.apply(Inside(), array) if any(map(is_cut, rest)) else array

    def spread(self, adjoint: Array, axes: Axes) -> Array:
        """Repeat along the feature axes that the adjoint does not have yet."""
        kept = tuple(places(adjoint.axes, axes))
        return self.apply(Spread(axes, kept), adjoint)

    def product(self, labels: str, *factors: tuple[str, Array]) -> Product:
        """Return a product of labelled arrays, to be contracted where its adjoint is wanted."""
        return Product(tuple(labels.split()), tuple((tuple(own.split()), a) for own, a in factors))

    def piece(self, adjoint: Any, start: Poly) -> Piece:
        """Return the adjoint of a part of the last axis, from ``start``."""
        return Piece(adjoint, start)

    def turned(self, adjoint: Array, gather: Primitive, site: Site) -> Array:
        """Sum what the readers of a gather pass back to each position that they read."""
        assert isinstance(gather, Gather)
        (source,) = site.sources
        if site.equation.sequence is None and source.sequence is not None:
            primitive = Place(0)
            positions = tuple(
                a for a in source.positions if a.kind == "sequence" or adjoint.equation.has(a.name)
            )
            where = Read(adjoint.equation.name)
            return self.tracer.add(
                "place", primitive, (where,), positions, primitive.features(adjoint.axes)
            )
        if gather.relation.kind == "stride" and gather.relation.step == gather.relation.size:
            return self.member(adjoint, gather.relation, source)
        if gather.relation.sparse:
            (read,) = site.equation.reads
            return self.scattered(adjoint, gather.relation, read.axis or "")
        if gather.relation.kind in ENDS:
            return self._at_ends(adjoint, gather.relation, source)
        turned = self.turn(adjoint, 0, gather.relation, source.sequence)
        return self.total(turned, 0)

    def member(self, adjoint: Array, stretch: Relation, source: Equation) -> Array:
        """Give each position its own slot of the one stretch that reads it."""
        part, coarse = transposed(stretch), adjoint.sequence
        read = Read(adjoint.equation.name, part, coarse.name)
        positions = tuple(
            source.sequence if a.name == coarse.name and source.sequence is not None else a
            for a in adjoint.equation.positions
        )
        primitive = Member(part.size, 0)
        return self.tracer.add(
            "member", primitive, (read,), positions, primitive.features(adjoint.axes)
        )

    def parted(self, adjoint: Array, member: Primitive, site: Site) -> Array:
        """Sum what the members of each part pass back to it."""
        (read,), (source,) = site.equation.reads, site.sources
        if getattr(member, "place", None) is not None or source.sequence is None:
            raise GraphError("expected a member of parts that all members share, to differentiate")
        adjoint, along, stretch = self.inside(adjoint), adjoint.sequence, transposed(read.relation)
        slot = Axis(f"{along.name}:{stretch}", stretch.size, "slot", stretch, along.name)
        positions = tuple(
            source.sequence if a.name == along.name else a for a in adjoint.equation.positions
        )
        back = (Read(adjoint.equation.name, stretch, along.name),)
        gather = Gather(stretch, slot)
        gathered = self.tracer.add("gather", gather, back, positions, (slot, *plain(adjoint.axes)))
        return self.total(gathered, 0)

    def _at_ends(self, adjoint: Array, relation: Relation, source: Equation) -> Array:
        """Add up what all readers pass back, for the few positions that all of them read."""
        summed, axis = self.total(self.collected(adjoint), 0), adjoint.sequence
        own = (a for a in source.positions if a.kind == "sequence" or adjoint.equation.has(a.name))
        positions, primitive = tuple(own), Place(0)
        features = primitive.features(summed.axes)
        given = self.tracer.add(
            "place", primitive, (Read(summed.equation.name),), positions, features
        )
        beyond = {"first": relation.size, "head": poly(1), "last": poly(-1)}[relation.kind]
        zeros = self.zeros(features, positions)
        reads = (
            Read(zeros.equation.name, Relation.shift(beyond), axis.name),
            Read(given.equation.name, boundary=True),
        )
        return self.tracer.add("ends", Shift(axis.name, False), reads, positions, features)

    def turn(
        self, array: Array, place: int, relation: Relation, target: Axis | None = None
    ) -> Array:
        """Exchange what is read, on one feature axis, for its readers.

        Parameters
        ----------
        target
            The sequence that is read, if it is another one than that of the readers.
        """
        array = self.inside(array, place)
        along = array.sequence
        slot = readers(relation, along.name, along)
        primitive = Turn(relation, place, slot)
        read = Read(array.equation.name, transposed(relation), along.name)
        positions = tuple(
            target if target is not None and a == along else a for a in array.equation.positions
        )
        return self.tracer.add(
            "turn", primitive, (read,), positions, primitive.features(array.axes)
        )

    def scattered(self, array: Array, relation: Relation, along: str) -> Array:
        """Add up what readers pass back in their slots, the first feature axis."""
        array, primitive = self.inside(array), Scatter(relation)
        read = Read(array.equation.name, transposed(relation), along)
        return self.tracer.add(
            "scatter", primitive, (read,), array.equation.positions, primitive.features(array.axes)
        )

    def gathered(self, array: Array, relation: Relation) -> Array:
        """Read the readers of a relation."""
        array, along = self.inside(array), array.sequence
        slot = readers(relation, along.name, along)
        back = transposed(relation)
        read = Read(array.equation.name, back, along.name)
        return self.tracer.add(
            "gather",
            Gather(back, slot),
            (read,),
            array.equation.positions,
            (slot, *plain(array.axes)),
        )

    def collected(self, array: Array, *, slots: bool = False) -> Array:
        """Read all positions at once, as a first feature axis; slots become plain axes or stay."""
        array, along, relation = self.inside(array), array.sequence, Relation.all()
        slot = Axis(f"{along.name}:{relation}", along.extent, "slot", relation, along.name)
        positions = tuple(a for a in array.equation.positions if a.name != along.name)
        read = (Read(array.equation.name, relation, along.name),)
        own = tuple(seen_through(a, slot) for a in array.axes) if slots else plain(array.axes)
        axes = (slot, *own)
        return self.tracer.add("collect", Gather(relation, slot), read, positions, axes)

    def substituted(
        self, pairs: Array, output: Array, adjoint: Array, primitive: Primitive
    ) -> Pulled:
        """Return the adjoints of pairs and right sides of triangular systems."""
        assert isinstance(primitive, Substitution)
        if primitive.reverse:
            raise GraphError("expected a system that is solved forwards, to differentiate")
        right = substituted(pairs, adjoint, primitive.size, reverse=True)
        before = self.gathered(output, Relation.block_prefix(primitive.size).transpose())
        products = self.apply(Contraction("h e, j h e -> h j"), right, before)
        given = self.named(self.apply(Earlier(primitive.size), self.negative(products)), pairs.axes)
        return given, right

    def scanned(self, adjoint: Any, scan: Primitive, site: Site, output: Array) -> Pulled:
        """Return the adjoints of the elements of an associative scan: a reversed scan."""
        from .scanning import pulled

        return pulled(self, adjoint, scan, site, output)

    def merged(self, *arrays: Array) -> tuple[Axis, ...]:
        """Return the position axes of a result."""
        return merge("adjoint", *arrays)


def _is_one(value: Any) -> bool:
    return isinstance(value, float) and value == 1.0


def transposed(relation: Relation) -> Relation:
    """Return who reads a position; an error that names the relation if there is no rule."""
    try:
        return relation.transpose()
    except ValueError as error:
        raise GraphError(f"expected a derivative rule for reading {relation}: {error}") from None


def readers(relation: Relation, along: str, sequence: Axis) -> Axis:
    """Return the slot axis of those that read a position."""
    back = transposed(relation)
    return Axis(f"{along}:{back}", back.slots(sequence.extent), "slot", back, along)


def places(axes: Axes, widest: Axes) -> list[int]:
    """Return where the axes stand among wider ones, in order."""
    found: list[int] = []
    start = len(widest)
    for axis in reversed(axes):
        same = (k for k in range(start - 1, -1, -1) if _same(widest[k], axis))
        start = next(same, -1)
        if start < 0:
            wide, narrow = (", ".join(str(a) for a in x) for x in (widest, axes))
            raise GraphError(f"expected the axes ({narrow}) to be among ({wide}), {axis} is not")
        found.append(start)
    return found[::-1]


def _same(a: Axis, b: Axis) -> bool:
    return (a.name, a.extent) == (b.name, b.extent)


def slot_of(equation: Equation) -> Axis | None:
    """Return the slot axis that a gather adds, if each position has readers along its sequence."""
    primitive = equation.primitive
    if not isinstance(primitive, Gather) or equation.sequence is None:
        return None
    if primitive.relation.kind in {*ENDS, "stride"}:
        return None
    return primitive.slot
