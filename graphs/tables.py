"""Tables and positions: looking up by value, learned and rotary positions.

References: Vaswani et al. 2017 (tables of positions); Su et al. 2021, *RoFormer* (rotations).

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

from .operations import concatenate, elementwise, split
from .primitives.lookup import Lookup, Position, progression
from .sizes import Sized, poly
from .tracing import Array, current

__all__ = ["angles", "lookup", "positions", "rotate"]


def lookup(numbers: Array, table: Array) -> Array:
    """Return rows of a table by whole numbers from 0; a read, which costs nothing."""
    return current().apply("lookup", Lookup(), numbers, table)


def positions(x: Array) -> Array:
    """Return the number of each position along the sequence of ``x``, from 0."""
    return current().add("position", Position(()), (), (x.sequence,), ())


def angles(x: Array, width: Sized, *, base: float = 10000.0) -> tuple[Array, Array]:
    """Return the cosines and sines by which rotary positions turn vectors of ``width`` components.

    Position i turns the pair of components j and j + width/2 by the angle i * base**(-2 j/width).
    """
    tracer, primitive = current(), progression(poly(width) / 2, base)
    frequencies = tracer.add("frequencies", primitive, (), (), primitive.axes)
    turns = frequencies * positions(x)
    return elementwise("cos", turns), elementwise("sin", turns)


def rotate(x: Array, by: tuple[Array, Array]) -> Array:
    """Turn the two halves of the last axis against each other, by angles of :func:`angles`."""
    (left, right), (cos, sin) = split(x, 2), by
    return concatenate(left * cos - right * sin, right * cos + left * sin)
