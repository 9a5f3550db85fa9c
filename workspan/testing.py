"""Random models, sizes and settings: hypothesis strategies for laws that hold for every model.

A drawn model is a small tree of layers that prints as the code which builds it, so that a shrunk
counterexample can be read and pasted.

>>> model = Chain(Recurrent("elman", "both"), Residual(Attention("window", "w")))
>>> model
Chain(Recurrent('elman', 'both'), Residual(Attention('window', 'w')))
>>> eval(repr(model)) == model
True
>>> model.graph.free_sizes
('d', 'n', 'w')

A law about all of them:

>>> import hypothesis
>>> from workspan.analysis.measure import measure
>>> @hypothesis.settings(max_examples=5, deadline=None, database=None, derandomize=True)
... @hypothesis.given(hypothesis.strategies.data(), models(deepest=1), settings())
... def paths_are_no_longer_than_the_span(data, model, setting):
...     at = data.draw(sizes(model.graph, longest=4))
...     path = measure("path_length", model.graph, setting, at)
...     assert path is None or path <= measure("span", model.graph, setting, at)
>>> paths_are_no_longer_than_the_span()
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from hypothesis import strategies as st

from .graphs import operations as op
from .graphs.graph import Graph
from .graphs.models.attention import multi_head
from .graphs.models.convolution import convolve
from .graphs.models.recurrent import elman, gated_unit, long_short_term
from .graphs.models.transformer import position_wise
from .graphs.relations import Relation
from .graphs.setting import Setting
from .graphs.sizes import Poly, Sized, poly, power
from .graphs.tracing import Array, model, trace

__all__ = [
    "Attention",
    "Block",
    "Cell",
    "Chain",
    "Convolution",
    "Cross",
    "FeedForward",
    "Fourier",
    "Join",
    "Norm",
    "Recurrent",
    "Residual",
    "Scan",
    "Shift",
    "Stack",
    "Sum",
    "Summary",
    "cells",
    "models",
    "settings",
    "sizes",
]

Expression: TypeAlias = str | tuple[Any, ...]
"""``"x"``, a carry ``"h0"``, or a function of such: ``("tanh", ("add", ("linear", "h0"), "x"))``."""

UNARY = ("tanh", "sigmoid", "relu", "linear")
BINARY = ("add", "subtract", "multiply")

ARITY = {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2)}


@dataclass(frozen=True)
class Place:
    """Where a block is applied."""

    level: Sized = 0
    """The layer's index in the stack around it."""
    memory: Array | None = None
    """The second input, for blocks that read one."""


@dataclass(frozen=True)
class Block(ABC):
    """A model from d components to d; it is printed as what builds it."""

    @abstractmethod
    def apply(self, x: Array, at: Place) -> Array:
        """Write the block down, in a model that is being traced."""

    @property
    def parts(self) -> tuple[Block, ...]:
        """The blocks inside."""
        found = []
        for field in fields(self):
            value = getattr(self, field.name)
            found += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, Block)]
        return tuple(found)

    @property
    def graph(self) -> Graph:
        """The traced model; the same object each time."""
        return _traced(self)

    def __repr__(self) -> str:
        values = [(f, getattr(self, f.name)) for f in fields(self)]
        while values and values[-1][1] == values[-1][0].default:
            values.pop()
        return f"{type(self).__name__}({', '.join(repr(v) for _, v in values)})"


@functools.lru_cache(maxsize=256)
def _traced(block: Block) -> Graph:
    if _reads_memory(block):

        @model("n d", "m d")
        def composed(x: Array, memory: Array) -> Array:
            return block.apply(x, Place(memory=memory))
    else:

        @model("n d")
        def composed(x: Array) -> Array:
            return block.apply(x, Place())

    return trace(composed, name=repr(block))


def _reads_memory(block: Block) -> bool:
    return isinstance(block, Cross) or any(_reads_memory(p) for p in block.parts)


@dataclass(frozen=True, repr=False)
class Cell(Block):
    """A recurrent cell that nobody wrote: what becomes of each carry, and what is put out."""

    carries: tuple[Expression, ...] = (("tanh", ("add", "h0", "x")),)
    """New values of ``h0``, ``h1``, ... from the old ones and ``x``."""
    output: Expression = "h0"
    """Of the new carries and ``x``."""
    reverse: bool = False

    def apply(self, x: Array, at: Place) -> Array:
        """Scan along the sequence."""
        width = x.axes[-1].extent

        def step(carry: Any, x: Array) -> tuple[Any, Array]:
            new = tuple(_expressed(e, _named(carry, x)) for e in self.carries)
            return new, _expressed(self.output, _named(new, x))

        zeros = tuple(op.zeros(width) for _ in self.carries)
        found: Array = op.layer(lambda x: op.scan(step, zeros, x, reverse=self.reverse)[1])(x)
        return found


def _named(carry: tuple[Array, ...], x: Array) -> dict[str, Array]:
    return {"x": x, **{f"h{k}": h for k, h in enumerate(carry)}}


def _expressed(expression: Expression, values: Mapping[str, Array]) -> Array:
    if isinstance(expression, str):
        return values[expression]
    function, *arguments = expression
    arrays = [_expressed(a, values) for a in arguments]
    if function == "linear":
        return op.linear(arrays[0], arrays[0].axes[-1].extent, name="inner")
    return op.elementwise(function, *arrays)


_CELLS = {"elman": elman, "lstm": long_short_term, "gru": gated_unit}


@dataclass(frozen=True, repr=False)
class Recurrent(Block):
    """A recurrent layer of a known cell."""

    cell: str = "elman"
    """elman, lstm or gru."""
    direction: str = "forward"
    """forward, backward, or both (which are concatenated and projected)."""

    def apply(self, x: Array, at: Place) -> Array:
        """Recur in one direction or two."""
        cell, width = _CELLS[self.cell], x.axes[-1].extent

        def one(x: Array) -> Array:
            return cell(x, width, reverse=self.direction == "backward")

        def both(x: Array) -> Array:
            return _joined(cell(x, width), cell(x, width, reverse=True))

        found: Array = op.layer(both if self.direction == "both" else one)(x)
        return found


def _joined(a: Array, b: Array) -> Array:
    return op.linear(op.concatenate(a, b), a.axes[-1].extent, name="join")


def _relation(reach: str, size: Sized, dilation: Sized) -> Relation:
    if reach in {"window", "centred"}:
        return Relation.window(size, centred=reach == "centred", dilation=dilation)
    if reach in {"block", "first"}:
        return {"block": Relation.block, "first": Relation.first}[reach](size)
    return {"full": Relation.all, "causal": Relation.prefix, "suffix": Relation.suffix}[reach]()


@dataclass(frozen=True, repr=False)
class Attention(Block):
    """Multi-head self-attention."""

    reach: str = "full"
    """full, causal, suffix, window (the last ones), centred (a window around each position), block
    (all of one's block), first (the first ones)."""
    size: Sized = 3
    """The width of a window, a block or a beginning."""
    heads: Sized = 1
    dilation: Sized = 1

    def apply(self, x: Array, at: Place) -> Array:
        """Attend."""
        relation = _relation(self.reach, self.size, self.dilation)
        found: Array = op.layer(lambda x: multi_head(x, x, relation, self.heads))(x)
        return found


@dataclass(frozen=True, repr=False)
class Cross(Block):
    """Attention to a second input."""

    heads: Sized = 1

    def apply(self, x: Array, at: Place) -> Array:
        """Attend to all of it."""
        assert at.memory is not None
        found: Array = op.layer(multi_head)(x, at.memory, relation=Relation.all(), h=self.heads)
        return found


@dataclass(frozen=True, repr=False)
class Convolution(Block):
    """A convolution; a dilation of None is ``size**l`` in layer l of a stack."""

    reach: str = "window"
    """window (the last positions) or centred."""
    size: Sized = 3
    dilation: Sized | None = 1

    def apply(self, x: Array, at: Place) -> Array:
        """Convolve."""
        dilation = power(self.size, at.level) if self.dilation is None else self.dilation
        found: Array = convolve(x, _relation(self.reach, self.size, dilation), self.size)
        return found


@dataclass(frozen=True, repr=False)
class FeedForward(Block):
    """Two linear maps of each position."""

    width: Sized = "f"

    def apply(self, x: Array, at: Place) -> Array:
        """Map each position."""
        found: Array = position_wise(x, self.width)
        return found


@dataclass(frozen=True, repr=False)
class Norm(Block):
    """Layer normalisation."""

    def apply(self, x: Array, at: Place) -> Array:
        """Normalise each position."""
        return op.layer_norm(x)


@dataclass(frozen=True, repr=False)
class Scan(Block):
    """A gated linear recurrence, as an associative scan."""

    reverse: bool = False

    def apply(self, x: Array, at: Place) -> Array:
        """Scan along the sequence."""

        def combine(early: Any, late: Any) -> Any:
            return early[0] * late[0], late[0] * early[1] + late[1]

        def scanned(x: Array) -> Array:
            gate = op.sigmoid(op.linear(x, x.axes[-1].extent, name="gate"))
            found: Array = op.associative_scan(combine, (gate, x), (1.0, 0.0), reverse=self.reverse)[1]
            return found

        found: Array = op.layer(scanned)(x)
        return found


@dataclass(frozen=True, repr=False)
class Shift(Block):
    """What was there some positions before (after, if negative); zeros outside."""

    distance: int = 1

    def apply(self, x: Array, at: Place) -> Array:
        """Shift."""
        return op.shift(x, self.distance)


@dataclass(frozen=True, repr=False)
class Summary(Block):
    """The last state of a recurrence, added to every position."""

    reverse: bool = False

    def apply(self, x: Array, at: Place) -> Array:
        """Recur, and add where it ends."""

        def step(h: Array, x: Array) -> tuple[Array, Array]:
            h = op.tanh(h + x)
            return h, h

        def summed(x: Array) -> Array:
            return x + op.scan(step, op.zeros(x.axes[-1].extent), x, reverse=self.reverse)[0]

        found: Array = op.layer(summed)(x)
        return found


@dataclass(frozen=True, repr=False)
class Fourier(Block):
    """The real part of the discrete Fourier transform along the sequence."""

    def apply(self, x: Array, at: Place) -> Array:
        """Transform."""
        found: Array = op.layer(op.fourier)(x)
        return found


@dataclass(frozen=True, repr=False)
class Residual(Block):
    """A block's input added to its output."""

    body: Block

    def apply(self, x: Array, at: Place) -> Array:
        """Add."""
        return x + self.body.apply(x, at)


@dataclass(frozen=True, repr=False)
class Sum(Block):
    """Two blocks side by side, added."""

    left: Block
    right: Block

    def apply(self, x: Array, at: Place) -> Array:
        """Apply both."""
        return self.left.apply(x, at) + self.right.apply(x, at)


@dataclass(frozen=True, repr=False)
class Join(Block):
    """Two blocks side by side, concatenated and projected."""

    left: Block
    right: Block

    def apply(self, x: Array, at: Place) -> Array:
        """Apply both."""
        return _joined(self.left.apply(x, at), self.right.apply(x, at))


@dataclass(frozen=True, repr=False, init=False)
class Chain(Block):
    """Blocks one after another."""

    blocks: tuple[Block, ...]

    def __init__(self, *blocks: Block) -> None:
        object.__setattr__(self, "blocks", blocks)

    def apply(self, x: Array, at: Place) -> Array:
        """Apply each to the one before."""
        for block in self.blocks:
            x = block.apply(x, at)
        return x

    def __repr__(self) -> str:
        return f"Chain({', '.join(repr(b) for b in self.blocks)})"


@dataclass(frozen=True, repr=False)
class Stack(Block):
    """A block several times, each with parameters of its own."""

    body: Block
    depth: Sized = "L"

    def apply(self, x: Array, at: Place) -> Array:
        """Stack; a depth that is a size becomes an axis of the graph."""
        found: Array = op.stack(lambda x, l: self.body.apply(x, Place(l, at.memory)), x, self.depth)
        return found


def cells() -> st.SearchStrategy[Block]:
    """Draw recurrent cells that nobody wrote: small expressions over one or two carries and x.

    >>> import hypothesis
    >>> hypothesis.find(cells(), lambda cell: True)
    Cell(('x',))
    """
    return st.integers(1, 2).flatmap(_cells)


def _cells(carries: int) -> st.SearchStrategy[Block]:
    names = ("x", *(f"h{k}" for k in range(carries)))
    step = _expressions(names)
    return st.builds(Cell, st.tuples(*[step] * carries), _expressions(names[1:] + names[:1]), st.booleans())


def _expressions(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        one = st.tuples(st.sampled_from(UNARY), inner)
        return one | st.tuples(st.sampled_from(BINARY), inner, inner)

    return st.recursive(st.sampled_from(names), larger, max_leaves=4)


def layers() -> st.SearchStrategy[Block]:
    """Draw one layer."""
    width = st.sampled_from([3, "w", 1, 2])
    odd = st.sampled_from([3, "w", 1])
    heads = st.sampled_from([1, "h"])
    return st.one_of(
        st.builds(FeedForward),
        st.builds(Shift, st.sampled_from([1, -1, 2])),
        st.builds(Recurrent, st.sampled_from(["elman", "lstm", "gru"]), st.sampled_from(["forward", "backward", "both"])),
        st.builds(Attention, st.sampled_from(["full", "causal", "suffix"]), st.just(3), heads),
        st.builds(Attention, st.just("window"), width, heads, st.sampled_from([1, 2])),
        st.builds(Attention, st.just("centred"), odd, heads, st.sampled_from([1, 2])),
        st.builds(Convolution, st.just("window"), st.sampled_from([2, 3, "k"]), st.sampled_from([1, 2, 3, None])),
        st.builds(Convolution, st.just("centred"), st.sampled_from([3, "k"]), st.sampled_from([1, 2])),
        st.builds(Scan, st.booleans()),
        st.builds(Attention, st.sampled_from(["block", "first"]), st.sampled_from([2, "w"])),
        st.builds(Norm),
        st.builds(Fourier),
        st.builds(Summary, st.booleans()),
        st.builds(Cross, heads),
        cells(),
    )


def models(*, deepest: int = 4) -> st.SearchStrategy[Block]:
    """Draw compositions of at most ``deepest`` layers: one after another, beside one another, stacked.

    ``model.graph`` is the traced graph of a drawn model.
    """

    def larger(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
        return st.one_of(
            st.builds(Chain, inner, inner),
            st.builds(Residual, inner),
            st.builds(Stack, inner, st.sampled_from(["L", 2])),
            st.builds(Sum, inner, inner),
            st.builds(Join, inner, inner),
        )

    return st.recursive(layers(), larger, max_leaves=deepest)


def sizes(graph: Graph, *, longest: int = 9) -> st.SearchStrategy[dict[str, int]]:
    """Draw a value for every free size of a graph: heads divide d, windows are odd.

    Tiny values, such as n = 1, come first.
    """
    return st.fixed_dictionaries({name: _values(name, longest) for name in graph.free_sizes}).map(_fitting)


def _values(name: str, longest: int) -> st.SearchStrategy[int]:
    if name in {"n", "m"}:
        return st.integers(1, longest)
    if name in {"w", "k"}:
        return st.sampled_from([1, 3, 5, 7])
    return st.integers(1, 4 if name == "L" else 6)


def _fitting(at: dict[str, int]) -> dict[str, int]:
    """Make d a multiple of the heads."""
    return {**at, "d": at["d"] * at["h"]} if "d" in at and "h" in at else at


def settings() -> st.SearchStrategy[Setting]:
    """Draw settings of the mode encode: every unit, reduction, scope and way to count pairs."""
    return st.builds(
        Setting,
        unit=st.sampled_from(["layer", "tensor", "scalar", "unbounded"]),
        reduction=st.sampled_from(["tree", "sequential"]),
        scope=st.sampled_from(["layer", "mixing"]),
        pairs=st.sampled_from(["dense", "masked"]),
        mac=st.sampled_from([2, 1]),
    )
