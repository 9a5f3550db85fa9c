"""The layers that random models are composed of: each prints as what builds it."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from .graphs import operations as op
from .graphs.graph import Graph
from .graphs.models.attention import multi_head
from .graphs.models.convolution import convolve
from .graphs.models.recurrent import elman, gated_unit, long_short_term
from .graphs.models.transformer import position_wise
from .graphs.relations import Relation
from .graphs.sizes import Sized, power
from .graphs.tracing import Array, model, trace

Expression: TypeAlias = str | tuple[Any, ...]
"""``"x"``, a carry ``"h0"``, or a function of such, as ``("tanh", ("add", "h0", "x"))``."""

UNARY = ("tanh", "sigmoid", "relu", "linear")
BINARY = ("add", "subtract", "multiply")


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
            found += [
                v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, Block)
            ]
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
            found: Array = op.associative_scan(
                combine, (gate, x), (1.0, 0.0), reverse=self.reverse
            )[1]
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
