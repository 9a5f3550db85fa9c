"""What is drawn at random: flags of what dropout keeps, a byte or less each, and directions."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import Frame, Site
from .views import Source


@dataclass(frozen=True, slots=True)
class Flags(Source):
    """Ones with some probability, zeros otherwise; the same for the same name and position."""

    probability: float = 0.9

    name: ClassVar[str] = "flags"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Draw them."""
        generator, shape = _drawing(frame, site)
        drawn = generator.random(shape) < self.probability
        return frame.xp.where(frame.mask_of(drawn), frame.constant(1.0), frame.constant(0.0))


@dataclass(frozen=True, slots=True)
class Gaussian(Source):
    """Numbers of a standard normal distribution; the same for the same name and position."""

    name: ClassVar[str] = "gaussian"

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Draw them."""
        generator, shape = _drawing(frame, site)
        return frame.mask_of(generator.normal(size=shape))


def _drawing(frame: Frame, site: Site) -> tuple[np.random.Generator, list[int]]:
    """Return a generator for an equation, and the shape of what it draws."""
    free = [a for a in site.equation.positions if a.name not in frame.fixed]
    shape = [frame.whole(a.extent) for a in (*free, *site.equation.features)]
    seed = (zlib.crc32(site.equation.name.encode()), *frame.fixed.values())
    return np.random.default_rng(seed), shape
