"""Tables and positions: looking up by value, learned and rotary positions.

References: Vaswani et al. 2017 (tables of positions, sinusoids); Su et al. 2021, *RoFormer*
(rotations); Raffel et al. 2020, *T5* (distances in buckets).

>>> from .operations import parameter
>>> from .tracing import model, trace
>>> @model("n")
... def embedded(tokens, *, v="v", d="d"):
...     return lookup(tokens, parameter("embedding", v, d))
...
>>> graph = trace(embedded)
>>> [str(a) for a in graph["lookup"].features], graph["embedding"].scalars.sizes
(['d'], ('d', 'v'))
"""

from __future__ import annotations

import math

from .graph import Axis
from .operations import concatenate, einsum, elementwise, gather, split
from .primitives.lookup import Lookup, Position, Range, progression
from .relations import Relation
from .sizes import Sized, poly
from .tracing import Array, current

__all__ = ["angles", "distances", "lookup", "numbers", "positions", "rotate", "sinusoids", "waves"]


def lookup(numbers: Array, table: Array) -> Array:
    """Return rows of a table by whole numbers from 0; a read, which costs nothing."""
    return current().apply("lookup", Lookup(), numbers, table)


def positions(x: Array) -> Array:
    """Return the number of each position along the sequence of ``x``, from 0."""
    return current().add("position", Position(()), (), (x.sequence,), ())


def numbers(count: Sized) -> Array:
    """Return 0, 1, 2, ... as components, the same at every position."""
    axis = Axis(str(count), poly(count))
    return current().add("numbers", Range((axis,)), (), (), (axis,))


def angles(x: Array, width: Sized, *, base: float = 10000.0) -> tuple[Array, Array]:
    """Return the cosines and sines by which rotary positions turn vectors of ``width`` components.

    Position i turns the pair of components j and j + width/2 by the angle i * base**(-2 j/width).
    """
    turns = frequencies(width, base) * positions(x)
    return elementwise("cos", turns), elementwise("sin", turns)


def frequencies(width: Sized, base: float = 10000.0) -> Array:
    """Return by how much each pair of ``width`` components turns from one position to the next."""
    primitive = progression(poly(width) / 2, base)
    return current().add("frequencies", primitive, (), (), primitive.axes)


def rotate(x: Array, by: tuple[Array, Array]) -> Array:
    """Turn the two halves of the last axis against each other, by angles of :func:`angles`."""
    (left, right), (cos, sin) = split(x, 2), by
    return concatenate(left * cos - right * sin, right * cos + left * sin)


def sinusoids(x: Array, width: Sized) -> Array:
    """Return sines and cosines of each position's angles, ``width`` of them."""
    cos, sin = angles(x, width)
    return concatenate(sin, cos)


def waves(count: Sized, width: Sized) -> Array:
    """Return a table of the sines and cosines of the numbers 0, 1, 2, ..., ``width`` for each."""
    turns = einsum("r, w -> r w", numbers(count), frequencies(width))
    return concatenate(elementwise("sin", turns), elementwise("cos", turns))


def distances(x: Array, relation: Relation, *, count: int = 32, most: int = 128) -> Array:
    """Return in which of ``count`` buckets each position lies that a relation reads, as in T5.

    Half of the buckets are for positions ahead, if there are any. Of those on one side, half hold
    one distance each; the others widen in powers, and the last holds all from ``most`` on.
    """
    where = positions(x)
    away = gather(where, relation) - where
    sided = not relation.causal
    side = count // 2 if sided else count
    exact = side // 2
    apart = elementwise("maximum", away, -away) if sided else elementwise("maximum", -away, 0.0)
    wide = elementwise("log", elementwise("maximum", apart, float(exact)) / exact)
    wide = elementwise("floor", wide / math.log(most / exact) * (side - exact))
    wide = elementwise("minimum", wide, float(side - exact - 1))
    bucket = elementwise("minimum", apart, float(exact)) + wide
    return bucket + side * elementwise("step", away) if sided else bucket
