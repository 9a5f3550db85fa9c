"""What confirming a model found: lines that hold a number of a run against the derived one.

>>> from ..runs.observations import Source
>>> seen = Observation("work", {"n": 2}, 101, Source("torch", "2.13.0", "torch.nn.RNN"))
>>> [judged(100, o) for o in (seen, replace(seen, tolerance=0.02), replace(seen, value=100))]
['differs', 'within', 'equal']
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ..figures import Comparison, Figure, Number
from ..runs.observations import Observation, Source
from .expecting import TRAINED, read

__all__ = ["VERDICTS", "Confirmation", "Line", "Skipped", "compared", "judged", "replace"]

BY_UNIT = ("span", "path_length")
"""Figures that depend on the unit."""

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


def witnessed(figure: Figure, found: Confirmation) -> Figure:
    """Give a figure the numbers of the runs that are of it, and promised to be equal."""
    more = []
    for line in found.lines:
        setting, rest, grows = read(line.seen)
        whole = line.seen.figure == figure.name and not rest and grows is None
        if whole and line.verdict in {"equal", "differs"} and _is_alike(figure, setting):
            more += [
                replace(value, run=line.seen.value, source=str(line.source))
                for value in figure.values
                if not value.source and value.at.items() <= line.seen.at.items()
            ]
    return replace(figure, values=(*figure.values, *more))


def compared(comparison: Comparison, confirmed: Sequence[Confirmation]) -> Comparison:
    """Give the figures of a comparison what other people's code showed."""
    by_model = {found.model: found for found in confirmed}

    def all_of(figures: Mapping[str, Figure], model: str = "") -> dict[str, Figure]:
        return {
            key: witnessed(f, by_model[model or key]) if (model or key) in by_model else f
            for key, f in figures.items()
        }

    def each(kinds: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Figure]]:
        return {kind: all_of(figures) for kind, figures in kinds.items()}

    return replace(
        comparison,
        analyses=tuple(replace(a, figures=all_of(a.figures, a.model)) for a in comparison.analyses),
        spans=each(comparison.spans),
        paths=each(comparison.paths),
        training=each(comparison.training),
    )


def _is_alike(figure: Figure, setting: Setting) -> bool:
    """Whether a run counts by the setting of a figure, as far as the figure depends on it."""
    given = figure.setting if figure.name in BY_UNIT else figure.setting.but(unit=setting.unit)
    return given == setting or (figure.name in TRAINED and given.but(mode="train") == setting)
