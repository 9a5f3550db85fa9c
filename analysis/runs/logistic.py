"""The logistic function as NumPy code writes it, 1 / (1 + exp(-x)), as the one operation it is.

Every scalar function counts as one operation, and NumPy has none for this one. So the quotient
takes the place of the three steps before it, unless something else reads one of them.

>>> from .counting import counting
>>> from .lifted import lifted
>>> x = lifted([0.0, 2.0])
>>> with counting() as tally:
...     y = 1 / (1 + np.exp(-x))
>>> dict(tally.other), y[0].value, y[0].tensor
({'sigmoid': 2}, 0.5, 1)
>>> with counting() as tally:
...     e = np.exp(-x)
...     y = e / (1 + e)
>>> sorted(tally.other.items())
[('add', 2), ('div', 2), ('exp', 2), ('neg', 2)]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .counting import active
from .operations import sigmoid

BEFORE = {"exp": "neg", "add": "exp", "div": "add"}
"""Which step each step of 1 / (1 + exp(-x)) follows."""


@dataclass(slots=True, eq=False)
class Part:
    """One of the steps before the quotient."""

    kind: str
    x: NDArray[Any]
    """What the logistic function is of."""
    before: Part | None = None
    taken: bool = False
    """Whether the next step has been carried out."""
    alone: bool = True
    """Whether nothing but the next step has read it."""
    folded: bool = False
    """Whether a quotient has taken its place, so that it is not counted."""

    @property
    def chain(self) -> tuple[Part, ...]:
        """The step and those before it, the last one first."""
        return (self, *(self.before.chain if self.before else ()))

    def read(self) -> None:
        """Note that something else reads this: then it counts, and all before it."""
        self.alone = False
        for part in self.chain:
            if part.folded:
                part.folded = False
                active().other[part.kind] += part.x.size

    def fold(self) -> NDArray[Any]:
        """Return the logistic function in place of this step and those before it."""
        for part in self.chain:
            part.folded = True
            active().other[part.kind] -= part.x.size
            if not active().other[part.kind]:
                del active().other[part.kind]
        return sigmoid(self.x)


def starts(x: NDArray[Any]) -> Part:
    """Return the first step: x has been negated."""
    return Part("neg", x.view(np.ndarray).copy())


def follows(kind: str, *operands: Any) -> Part | None:
    """Return the step that an operation goes on from, if it is the next one; that is then taken."""
    *constants, array = sorted(operands, key=lambda x: isinstance(x, np.ndarray))
    part: Part | None = getattr(array, "step", None)
    one = all(isinstance(c, int | float) and c == 1 for c in constants)
    if kind == "div" and array is not operands[-1]:
        return None
    if part is None or part.kind != BEFORE[kind] or part.taken or not one:
        return None
    part.taken = True
    return part


def folds(part: Part) -> bool:
    """Say whether nothing else has read any of the steps."""
    return all(p.alone for p in part.chain)
