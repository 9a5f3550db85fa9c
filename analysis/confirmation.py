"""What confirming a model found: lines that hold a number of a run against the derived one.

>>> from .runs.observations import Source
>>> seen = Observation("work", {"n": 2}, 101, Source("torch", "2.13.0", "torch.nn.RNN"))
>>> [judged(100, o) for o in (seen, replace(seen, tolerance=0.02), replace(seen, value=100))]
['differs', 'within', 'equal']
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..graphs.graph import Graph
from ..graphs.sizes import Poly
from .figures import Figure, Number
from .runs.observations import Observation, Source

__all__ = ["VERDICTS", "Confirmation", "Line", "Skipped", "judged", "replace"]

VERDICTS = ("differs", "equal", "within", "noted", "unheld", "shown")
"""differs: not what was promised; equal; within: the promised tolerance; noted: another number under
another convention, which the note names; unheld: no derivation was found to hold it against; shown:
not meant to be held against any."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of a run beside the derived one."""

    seen: Observation
    derived: Number | None
    verdict: str
    """One of `VERDICTS`."""
    formula: Poly | None = None
    note: str = ""
    """What the observation leaves out, or why there is nothing to hold it against."""
    kept: bool = False
    """Whether it was taken earlier and found in the store."""

    @property
    def source(self) -> Source:
        """What ran."""
        return self.seen.source


@dataclass(frozen=True, slots=True)
class Skipped:
    """A figure that was not observed."""

    engine: str
    figure: str
    """Empty where no figure was."""
    at: Mapping[str, int]
    reason: str
    failed: bool = True
    """Whether it should have been: a run that failed, not a model that an engine lacks."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One model, what ran of it, and whether the derivations were right."""

    model: str
    graph: Graph
    lines: tuple[Line, ...]
    """Disagreements first, then in the order of engines, sizes and figures."""
    skipped: tuple[Skipped, ...] = ()
    figures: Mapping[str, Figure] | None = None
    """The derived figures, by name."""

    @property
    def disagreements(self) -> tuple[Line, ...]:
        """The lines that differ although they were promised not to."""
        return tuple(line for line in self.lines if line.verdict == "differs")

    @property
    def agree(self) -> bool:
        """Whether nothing differs, nothing failed, and something ran."""
        failed = any(s.failed for s in self.skipped)
        return bool(self.lines) and not self.disagreements and not failed

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everything that ran, each once."""
        return tuple(dict.fromkeys(line.source for line in self.lines))

    def counts(self) -> Mapping[str, int]:
        """How many lines have each verdict."""
        found = Counter(line.verdict for line in self.lines)
        return {verdict: found[verdict] for verdict in VERDICTS}


def judged(derived: Number | None, seen: Observation) -> str:
    """Say whether a run has the derived number."""
    if derived is None:
        return "unheld"
    if seen.value == derived:
        return "equal"
    if seen.exact:
        return "differs"
    if math.isinf(seen.tolerance):
        return "noted"
    # What should be zero has no scale of its own: there the tolerance is absolute.
    close = abs(float(seen.value) - float(derived)) <= seen.tolerance * (abs(float(derived)) or 1.0)
    return "within" if close else "differs"


def ordered(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Put disagreements first."""
    return tuple(sorted(lines, key=lambda line: line.verdict != "differs"))
