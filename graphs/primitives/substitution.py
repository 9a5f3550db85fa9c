"""Forward substitution: triangular systems of equations, one for each block of positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site, View


@dataclass(frozen=True, slots=True)
class Substitution(Primitive):
    """Subtract from each position what pairs make of earlier results of its block.

    The first input, pairs [h, j], has a slot for each of the ``size`` positions of a block; of these
    only earlier ones count. The second, [h, e], is the right side b of the unit triangular system
    x_i = b_i - sum over j < i of pairs_ij x_j. Column by column, as soon as a result is known all
    later positions subtract their multiples of it.
    """

    size: Poly
    reverse: bool = False
    """Whether the transposed system is solved, from a block's end to its start."""

    name: ClassVar[str] = "substitution"

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of the right side."""
        return inputs[1]

    def operations(self, site: Site, setting: Setting) -> Poly:
        """Half of all pairs of a block, a multiply-add for each component."""
        return setting.mac * (self.size - 1) / 2 * site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """Return a product and a difference for each position of a block but one."""
        if setting.unit in {"layer", "tensor"}:
            return poly(0 if setting.unit == "layer" else 1)
        return 2 * (self.size - 1)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Solve all blocks together, one position of them after another."""
        xp, c, (pairs, right) = frame.xp, frame.whole(self.size), arrays
        lead = right.ndim - 3
        pairs, right = (a.reshape(*a.shape[:lead], -1, c, *a.shape[-2:]) for a in (pairs, right))
        before = (slice(None),) * (lead + 1)
        found: dict[int, Any] = {}
        for i in range(c - 1, -1, -1) if self.reverse else range(c):
            x = right[(*before, i)]
            for j, known in found.items():
                place = (*before, j, Ellipsis, i) if self.reverse else (*before, i, Ellipsis, j)
                x = x - pairs[place][..., None] * known
            found[i] = x
        solved = xp.stack([found[i] for i in range(c)], lead + 1)
        return solved.reshape(*arrays[1].shape)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Solve the transposed system; pairs get the products of both solutions, negated."""
        return m.substituted(inputs[0], output, adjoint, self)


@dataclass(frozen=True, slots=True)
class Earlier(View):
    """What a position reads of its block so far, on the last axis, zero in its own slot and later."""

    size: Poly

    name: ClassVar[str] = "earlier"

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Blank out."""
        xp, c, (array,) = frame.xp, frame.whole(self.size), arrays
        along = array.ndim - len(site.equation.features) - 1
        own = xp.arange(array.shape[along]) % c
        shown = xp.arange(c)[None, :] < own[:, None]
        spare = (1,) * (len(site.equation.features) - 1)
        return xp.where(shown.reshape(-1, *spare, c), array, frame.constant(0.0))
