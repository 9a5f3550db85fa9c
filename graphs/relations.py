"""Relations: which positions of a source a position of the target reads.

Nearly all of them are one family, ``{i + step*m : -back <= m <= ahead}`` cut to the sequence; a
bound of None is unbounded.

>>> Relation.window(3).sources(1, 8), Relation.window(3).sources(5, 8)
((0, 1), (3, 4, 5))
>>> Relation.prefix().compose(Relation.shift(1)).sources(3, 8)
(0, 1, 2)
>>> Relation.window(2, dilation=4).sources(6, 8)
(2, 6)
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import patterns
from .sizes import Poly, Sized, at_least, ceil_div, minimum, poly


@dataclass(frozen=True, slots=True)
class Relation:
    """Which positions are read, as a set of offsets or as one of a few fixed patterns."""

    kind: str = "offsets"
    """offsets, first (the first ``size`` positions), last (the last one), head (the first one),
    block (all positions of one's block of ``size``), block_prefix and block_suffix (those up to
    oneself, or from oneself on), stride (``size`` positions from ``step*i``), strided
    (those of a coarser axis whose stride reads one), part (the one of a
    coarser axis whose ``size`` positions one is among), within (a shift that stays in one's block
    of ``size``), chain (one relation after another), or sparse: blocks, sinks, marks, scattered and
    readers, as their constructors say."""
    back: Poly | None = Poly({})
    """How many steps back, None if unbounded; negative excludes the position itself."""
    ahead: Poly | None = Poly({})
    """How many steps ahead, None if unbounded."""
    step: Poly = Poly({(): 1})
    """The distance between neighbouring offsets."""
    size: Poly = Poly({})
    """Width, for first, block, stride and strided."""
    parts: tuple[Relation, ...] = ()
    """For a chain: read through the first, then through the second, and so on; for readers: what
    they read."""

    @classmethod
    @functools.cache
    def same(cls) -> Relation:
        """Return the relation of a position with itself, one object for all reads in place."""
        return cls()

    @classmethod
    def shift(cls, distance: Sized = 1) -> Relation:
        """Position ``i`` reads ``i - distance``."""
        return cls(back=poly(distance), ahead=-poly(distance))

    @classmethod
    def all(cls) -> Relation:
        """Every position reads every position."""
        return cls(back=None, ahead=None)

    @classmethod
    def prefix(cls) -> Relation:
        """Position ``i`` reads all ``j <= i``."""
        return cls(back=None, ahead=poly(0))

    @classmethod
    def suffix(cls) -> Relation:
        """Position ``i`` reads all ``j >= i``."""
        return cls(back=poly(0), ahead=None)

    @classmethod
    def window(cls, size: Sized, *, centred: bool = False, dilation: Sized = 1) -> Relation:
        """Return ``size`` positions that end at ``i``, or that are centred on it (``size`` odd)."""
        width = poly(size) - 1
        if centred:
            half = width / 2
            value = half.constant
            if value is not None and value.denominator != 1:
                raise ValueError(f"expected an odd size for a centred window, got {size}")
            return cls(back=half, ahead=half, step=poly(dilation))
        return cls(back=width, ahead=poly(0), step=poly(dilation))

    @classmethod
    def first(cls, size: Sized) -> Relation:
        """Every position reads the first ``size`` positions (global tokens)."""
        return cls("first", size=poly(size))

    @classmethod
    def block(cls, size: Sized) -> Relation:
        """Position ``i`` reads its block of ``size`` positions."""
        return cls("block", size=poly(size))

    @classmethod
    def block_prefix(cls, size: Sized) -> Relation:
        """Position ``i`` reads those of its block of ``size`` positions that are not after it.

        >>> [Relation.block_prefix(3).sources(i, 8) for i in (2, 3, 4)]
        [(0, 1, 2), (3,), (3, 4)]
        """
        return cls("block_prefix", size=poly(size))

    @classmethod
    def part(cls, size: Sized) -> Relation:
        """Position ``i`` reads position ``i // size`` of a coarser axis.

        >>> [Relation.part(3).sources(i, 8) for i in (2, 3, 4)]
        [(0,), (1,), (1,)]
        """
        return cls("part", size=poly(size))

    @classmethod
    def within(cls, size: Sized, distance: int = 1) -> Relation:
        """Position ``i`` reads ``i - distance``, if that is in its block of ``size`` positions.

        >>> [Relation.within(3).sources(i, 8) for i in (2, 3, 4)]
        [(1,), (), (3,)]
        """
        return cls("within", poly(distance), poly(-distance), size=poly(size))

    @classmethod
    def blocks(
        cls,
        size: Sized,
        *,
        back: Sized = 0,
        ahead: Sized = 0,
        dilation: Sized = 1,
    ) -> Relation:
        """Position ``i`` reads blocks of ``size``, from so many before its own to so many after.

        Of these it may read only every ``dilation``-th position, counted from itself.

        >>> Relation.blocks(3, back=1, ahead=-1).sources(7, 9)
        (3, 4, 5)
        >>> Relation.blocks(4, dilation=2).sources(5, 9)
        (5, 7)
        """
        return cls("blocks", poly(back), poly(ahead), poly(dilation), poly(size))

    @classmethod
    def sinks(cls, size: Sized, behind: Sized) -> Relation:
        """Every position reads those of the first ``size`` that lie so far behind it, or farther.

        >>> [Relation.sinks(2, 3).sources(i, 8) for i in (2, 3, 4, 7)]
        [(), (0,), (0, 1), (0, 1)]
        """
        return cls("sinks", back=poly(behind), size=poly(size))

    @classmethod
    def marks(cls, step: Sized, size: Sized) -> Relation:
        """Read the last ``size`` positions of all blocks of ``step`` before one's own.

        Of a block with fewer, all are read.

        >>> Relation.marks(3, 1).sources(7, 9)
        (2, 5)
        >>> Relation.marks(2, 3).sources(5, 9)
        (0, 1, 2, 3)
        """
        return cls("marks", step=poly(step), size=minimum(size, step))

    @classmethod
    def scattered(cls, size: Sized, *, around: Sized = 1, seed: int = 0) -> Relation:
        """Every position reads ``size`` others, drawn once, outside the ``around`` centred on it.

        >>> [len(Relation.scattered(2, around=3).sources(i, 9)) for i in (0, 4)]
        [2, 2]
        """
        half = (poly(around) - 1) / 2
        return cls("scattered", half, half, step=poly(seed), size=poly(size))

    @classmethod
    def stride(cls, step: Sized, size: Sized | None = None) -> Relation:
        """Position ``i`` of a coarser axis reads ``size`` positions from ``step*i``."""
        return cls("stride", step=poly(step), size=poly(step if size is None else size))

    @classmethod
    def last(cls) -> Relation:
        """Read the last position."""
        return cls("last")

    @classmethod
    def head(cls) -> Relation:
        """Read the first position."""
        return cls("head")

    @property
    def is_same(self) -> bool:
        """Whether a position reads exactly itself."""
        back, ahead = self.back, self.ahead
        return not (self.kind != "offsets" or back is None or back or ahead is None or ahead)

    @property
    def distance(self) -> Poly | None:
        """The distance of a shift (positive reads the past); None if it is no shift."""
        if self.kind == "offsets" and self.back is not None and self.ahead is not None:
            return self.back * self.step if self.back == -self.ahead else None
        return None

    @property
    def causal(self) -> bool:
        """Whether no position reads a later one."""
        if self.kind == "chain":
            return all(p.causal for p in self.parts)
        if self.kind in {"sinks", "marks"}:
            return self.back is not None and at_least(self.back, 0)
        if self.kind == "blocks":
            return self.ahead is not None and at_least(-1, self.ahead)
        if self.kind == "block_prefix":
            return True
        return self._linear and self.ahead is not None and at_least(0, self.ahead)

    @property
    def anticausal(self) -> bool:
        """Whether no position reads an earlier one."""
        if self.kind == "block_suffix":
            return True
        return self._linear and self.back is not None and at_least(0, self.back)

    @property
    def sparse(self) -> bool:
        """Whether the readers of a position have no slots of their own: a gradient is scattered."""
        if self.kind == "offsets":
            return not self.bounded and self.step != 1
        return self.kind in patterns.SPARSE

    @property
    def may_be_idle(self) -> bool:
        """Whether no position may read anything, if the sequence is short: what is read lies apart."""
        if self.kind == "readers":
            return self.parts[0].may_be_idle
        if not self.sparse:
            return False
        around = all(b is None or at_least(b, 0) for b in (self.back, self.ahead))
        return self.kind not in {"blocks", "offsets"} or not around

    @property
    def _linear(self) -> bool:
        return self.kind in {"offsets", "within"}

    @property
    def reads_itself(self) -> bool:
        """Whether some position may read itself."""
        if not self._linear:
            return True
        back, ahead = self.back, self.ahead
        return not (
            (back is not None and at_least(-1, back)) or (ahead is not None and at_least(-1, ahead))
        )

    @property
    def bounded(self) -> bool:
        """Whether the number of positions read does not grow with the sequence."""
        if self.kind == "offsets":
            return self.back is not None and self.ahead is not None
        return self.kind not in {"chain", "marks", "readers"}

    def slots(self, extent: Sized) -> Poly:
        """How many positions a dense implementation reads for each position."""
        if self.kind in {"last", "head", "part"}:
            return poly(1)
        if self.kind in {"sinks", "scattered", "first", "stride", *patterns.TURNED}:
            return self.size
        if self.kind == "strided":
            return ceil_div(self.size, self.step)
        if self.kind == "chain":
            raise ValueError(f"expected one relation, got {self}")
        if self.kind == "marks":
            return ceil_div(extent, self.step) * self.size
        if self.kind == "readers":
            return poly(extent)
        if self.back is None or self.ahead is None:
            return ceil_div(extent, self.step)
        if self.kind == "blocks":
            return (self.back + self.ahead + 1) * self.size / self.step
        return self.back + self.ahead + 1

    def bounds(self, position: Poly, extent: Poly) -> tuple[Poly, Poly]:
        """Return the first and the last position that is read, as costs.

        Parameters
        ----------
        position
            The reader's position, a cost in sizes and position symbols.
        extent
            The length of the source's axis.

        Raises
        ------
        ValueError
            For a relation whose ends have no such form (blocks, chains).
        """
        return patterns.bounds(self, position, extent)

    def target_extent(self, extent: Sized) -> Poly:
        """How many positions the target has."""
        if self.kind == "stride":
            return ceil_div(poly(extent) - self.size, self.step) + 1
        return poly(extent) * self.size if self.kind == "part" else poly(extent)

    def transpose(self) -> Relation:
        """Return who reads a position, if this is what a position reads.

        >>> Relation.window(3).transpose().sources(4, 8)
        (4, 5, 6)
        >>> Relation.stride(2, 3).transpose().sources(4, 3)
        (1, 2)

        Raises
        ------
        ValueError
            For a relation whose readers have no such form.
        """
        if self.sparse:
            return self.parts[0] if self.kind == "readers" else Relation("readers", parts=(self,))
        if self.kind in patterns.TURNED:
            return Relation(patterns.TURNED[self.kind], size=self.size)
        if self.kind == "part":
            return Relation.stride(self.size)
        if self.kind == "stride" and self.step == self.size:
            return Relation.part(self.size)
        if self.kind == "within":
            return Relation("within", self.ahead, self.back, size=self.size)
        if self.kind in {"stride", "strided"}:
            other = "strided" if self.kind == "stride" else "stride"
            return Relation(other, step=self.step, size=self.size)
        if self.kind != "offsets":
            raise ValueError(f"expected a relation by offsets or blocks, got {self}")
        return Relation(back=self.ahead, ahead=self.back, step=self.step)

    def at(self, **sizes: Any) -> Relation:
        """Return the relation with sizes replaced by numbers or costs."""
        if self.parts:
            return Relation(self.kind, parts=tuple(p.at(**sizes) for p in self.parts))
        back, ahead = (None if b is None else b.substitute(sizes) for b in (self.back, self.ahead))
        return Relation(
            self.kind, back, ahead, self.step.substitute(sizes), self.size.substitute(sizes)
        )

    def table(self, positions: Any, extent: int) -> tuple[Any, Any]:
        """Source positions of each slot, and which slots are inside the sequence.

        Parameters
        ----------
        positions
            Target positions, an integer array of shape [p].
        extent
            The length of the source's axis.

        Returns
        -------
        tuple of arrays of shape [p, slots]: indices (clipped to the axis) and validity.
        """
        i = np.asarray(positions, dtype=np.int64)[:, None]
        j, valid = patterns.table(self, i, extent)
        valid = valid & (j >= 0) & (j < extent)
        return np.clip(j, 0, max(extent - 1, 0)), valid

    def sources(self, position: int, extent: int) -> tuple[int, ...]:
        """Return the positions that ``position`` reads, in order."""
        if self.kind == "chain":
            found = {position}
            for part in self.parts:
                found = {q for p in found for q in part.sources(p, extent)}
            return tuple(sorted(found))
        j, valid = self.table(np.array([position]), extent)
        return tuple(sorted({int(q) for q in j[0][valid[0]]}))

    def compose(self, other: Relation) -> Relation:
        """What is read through ``self`` from an array that itself reads through ``other``."""
        if self.is_same:
            return other
        if other.is_same:
            return self
        parts = (self.parts or (self,)) + (other.parts or (other,))
        return Relation("chain", parts=parts)

    def __str__(self) -> str:
        return patterns.title(self)
