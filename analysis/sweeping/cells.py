"""Finished points: exact numbers, grades and reasons, as plain data for files and processes.

>>> whole = Numbers.of(np.array([3, 4]))
>>> whole.list(), Numbers.of(np.array([3, 2**80], dtype=object)).list()
([3, 4], [3, 1208925819614629174706176])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = int | float | Fraction | None


class Numbers(msgspec.Struct, frozen=True):
    """Numbers: whole ones of 64 bits each, or as text where these are too few; or floats."""

    packed: bytes = b""
    written: tuple[str, ...] = ()
    floating: bytes = b""

    @classmethod
    def of(cls, values: NDArray[Any]) -> Numbers:
        """Keep an array of numbers."""
        if values.dtype.kind == "f":
            return cls(floating=np.ascontiguousarray(values, dtype="<f8").tobytes())
        if values.dtype == object:
            return cls(written=tuple(str(v) for v in values.ravel().tolist()))
        return cls(packed=np.ascontiguousarray(values, dtype="<i8").tobytes())

    def __len__(self) -> int:
        return len(self.written) or (len(self.packed) + len(self.floating)) // 8

    def array(self) -> NDArray[np.int64] | None:
        """Return them as an array of 64 bits; None if they are no such numbers."""
        return np.frombuffer(self.packed, dtype="<i8") if self.packed else None

    def list(self) -> list[Any]:
        """Return them as Python's integers or floats."""
        if self.written:
            return [int(text) for text in self.written]
        if self.floating:
            return np.frombuffer(self.floating, dtype="<f8").tolist()
        return np.frombuffer(self.packed, dtype="<i8").tolist()


def _slice(numbers: Numbers | None, first: int, last: int) -> Numbers | None:
    if numbers is None:
        return None
    whole, floats = (b[8 * first : 8 * last] for b in (numbers.packed, numbers.floating))
    return Numbers(whole, numbers.written[first:last], floats)


class Chunk(msgspec.Struct, frozen=True):
    """Neighbouring points of one block, finished."""

    start: int
    stop: int
    unit: str
    grade: str
    above: Numbers | None = None
    """Values; None if none has one."""
    below: Numbers | None = None
    """What they are divided by; None if they are whole."""
    codes: bytes = b""
    """For each point, 16 bits: 0 if nothing is missing, else which of the reasons; or nothing."""
    reasons: tuple[str, ...] = ()
    measured: tuple[str | None, ...] | None = None
    """What was counted, as text; None if nobody asked."""
    run: tuple[str | None, ...] | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    def parts(self, most: int) -> Iterator[Chunk]:
        """Yield the same points as chunks of a few.

        >>> chunk = Chunk(4, 9, "flop", "proved", Numbers.of(np.arange(5)))
        >>> [(part.start, part.stop, part.values()) for part in chunk.parts(3)]
        [(4, 7, [0, 1, 2]), (7, 9, [3, 4])]
        """
        if len(self) <= most:
            yield self
            return
        for first in range(0, len(self), most):
            last = min(first + most, len(self))
            yield msgspec.structs.replace(
                self,
                start=self.start + first,
                stop=self.start + last,
                above=_slice(self.above, first, last),
                below=_slice(self.below, first, last),
                codes=self.codes[2 * first : 2 * last],
                measured=None if self.measured is None else self.measured[first:last],
                run=None if self.run is None else self.run[first:last],
            )

    def values(self) -> Sequence[Number]:
        """Return the derived values, exact; None where there is none."""
        if self.above is None:
            return [None] * len(self)
        found: list[Any] = self.above.list()
        if self.below is not None:
            found = [divided(a, b) for a, b in zip(found, self.below.list(), strict=True)]
        for i in self.missing():
            found[i] = None
        return found

    def missing(self) -> list[int]:
        """Return which points have no derived value."""
        if not self.codes or not self.reasons:
            return []
        without = [i for i, r in enumerate(self.reasons, 1) if not r.startswith(WITNESS_REASONS)]
        return np.flatnonzero(np.isin(self._codes(), without)).tolist()

    def told(self) -> Sequence[str]:
        """Return the reason of each point; empty where nothing is missing."""
        texts = ("", *self.reasons)
        return [texts[c] for c in self._codes().tolist()] if self.codes else [""] * len(self)

    def told_counts(self) -> Iterator[tuple[str, int]]:
        """Yield each reason with the number of its points."""
        if self.codes:
            counts = np.bincount(self._codes(), minlength=len(self.reasons) + 1)[1:]
            yield from ((r, int(c)) for r, c in zip(self.reasons, counts, strict=True) if c)

    def _codes(self) -> NDArray[np.uint16]:
        return np.frombuffer(self.codes, dtype="<u2")

    @property
    def sound(self) -> bool:
        """Whether all columns are as long as the chunk says."""
        columns = (self.above, self.below, self.measured, self.run)
        lengths = {len(c) for c in columns if c is not None}
        codes = len(self.codes) // 2 if self.codes else len(self)
        return lengths <= {len(self)} and codes == len(self)


WITNESS_REASONS = ("measured: ", "run: ")
"""How reasons begin that concern a witness only, and not the formula."""


def divided(above: int, below: int) -> Number:
    """Return a quotient, as a whole number where it is one."""
    quotient, rest = divmod(above, below)
    return Fraction(above, below) if rest else quotient


def disagreements(chunk: Chunk) -> int:
    """Count the points at which witnesses that were taken differ."""
    if chunk.measured is None and chunk.run is None:
        return 0
    nothing: Sequence[None] = [None] * len(chunk)
    found = 0
    rows = zip(chunk.values(), chunk.measured or nothing, chunk.run or nothing, strict=True)
    for value, measured, run in rows:
        texts = {str(v) for v in (value, measured, run) if v is not None}
        found += len(texts) > 1
    return found
