"""The most values that are live at once when every one is freed after its last reading.

A run in plain operators is recorded at dispatch: which values every operator reads and which it
computes. Then the run is gone through again as if each value were freed after the last operator that
reads it: the schedule *in order*, whatever names the code keeps on values that nobody reads again.
Operators that only move values hold nothing; weights and constants do not count.

>>> most_live(build("attention", {"n": 8, "d": 8, "h": 2, "L": 1}, fused=False))
320
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .modules import Built, build
from .saving import MOVES, NOBODY, Constants, Values, storage, tensors

__all__ = ["build", "most_live"]

Numbers: TypeAlias = NDArray[np.int64]


class _Recorded(Values):
    """Records which values each operator reads and computes."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[Numbers] = []
        self.computed: list[Numbers] = []

    def __torch_dispatch__(
        self, operator: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        found = super().__torch_dispatch__(operator, types, arguments, options)
        name = operator._schema.name.removeprefix("aten::").removesuffix("_")
        if name == "masked_fill":
            kept, outside, _ = arguments
            self.of(found).copy_(self.of(kept).masked_fill(outside, NOBODY))
        elif name not in MOVES:
            self._record(tensors((arguments, options)), tensors(found))
        return found

    def _record(self, read: list[Tensor], computed: list[Tensor]) -> None:
        before = {storage(x) for x in read}
        if any(storage(x) in before for x in computed):
            return  # a view
        self.read.append(self.numbers(read))
        self.computed.append(self.numbers(computed))

    def numbers(self, found: list[Tensor]) -> Numbers:
        """Return the numbers of all values of tensors that inputs and weights decide."""
        known = [self.of(x).flatten() for x in found if x.is_floating_point()]
        numbers: Numbers = torch.cat([torch.tensor([NOBODY]), *known]).unique().numpy()
        return numbers[numbers != NOBODY]


def most_live(built: Built, *, seed: int = 0) -> int:
    """Run a model in plain operators, and count the most values that have to be there at once.

    Parameters
    ----------
    built
        A model on the cpu.
    seed
        Of the inputs.
    """
    seen = _Recorded()
    for weight in (*built.module.parameters(), *built.module.buffers()):
        seen.forget(weight)
    inputs = [x.requires_grad_() for x in built.inputs(seed)]
    with Constants(seen, states=False), seen:
        given = seen.numbers(inputs)
        outputs = seen.numbers(tensors(built.forward(*inputs)))
    born, dead = (np.full(seen.count, -1) for _ in range(2))
    born[given] = dead[given] = 0
    for moment, (read, computed) in enumerate(zip(seen.read, seen.computed, strict=True), 1):
        born[computed] = dead[computed] = dead[read] = moment
    dead[outputs] = len(seen.read)
    changes = np.bincount(born[born >= 0], minlength=len(seen.read) + 2)
    changes -= np.bincount(dead[born >= 0] + 1, minlength=len(seen.read) + 2)
    return int(changes.cumsum().max())
