"""Observations: what an engine saw while real code ran, and what ran.

>>> source = Source("torch", "2.13.0", "torch.nn.LSTM")
>>> seen = Observation("work", {"n": 8, "d": 4}, 2048, source, part="contraction")
>>> seen.exact, str(source)
(True, 'torch 2.13.0, torch.nn.LSTM on cpu')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import RunError


@dataclass(frozen=True, slots=True)
class Source:
    """What ran."""

    library: str
    """numpy, torch or transformers."""
    version: str
    subject: str
    """The class or function, such as ``torch.nn.LSTM``."""
    device: str = "cpu"
    """cpu, or meta where shapes ran and no numbers."""

    def __str__(self) -> str:
        return f"{self.library} {self.version}, {self.subject} on {self.device}"


@dataclass(frozen=True, slots=True)
class Observation:
    """One number that was taken while code ran."""

    figure: str
    """The figure of the analysis that it confirms, such as ``work``."""
    at: Mapping[str, int]
    """The sizes."""
    value: int | float
    source: Source
    part: str = ""
    """Which line of the figure: the name of a primitive for work (``contraction``, ``map``), and
    ``dense`` or ``masked`` where pairs matter; empty for the whole."""
    tolerance: float = 0.0
    """The relative difference that is allowed; zero where the number has to be equal."""
    note: str = ""
    """Why a tolerance is needed, or what the number leaves out."""

    @property
    def exact(self) -> bool:
        """Whether the number has to be equal to the derived one."""
        return self.tolerance == 0.0


class EngineError(RunError):
    """An engine that cannot run: a missing extra, a model it has not, a run that failed."""


class MissingExtraError(EngineError, ImportError):
    """A library of an extra that is not installed; the message says how to install it."""
