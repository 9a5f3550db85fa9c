"""Figures: what a derivation, a measurement and a run say of one quantity of one model.

A figure carries its formula with the sizes for which it holds, how it was found, and the values of
its three witnesses. A witness that was not taken is None, never a copy of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

from ..graphs.graph import Graph
from ..graphs.setting import Setting
from ..graphs.sizes import Poly

Number: TypeAlias = int | Fraction | float

NAMES = (
    "params",
    "work",
    "span",
    "parallelism",
    "path_length",
    "mixing_hops",
    "receptive_field",
    "layers_to_connect",
    "state",
    "state_bound",
    "decode_work",
    "activations",
    "workspace",
    "traffic",
)
"""All figures, in the order of reports."""

COMPARED = tuple(name for name in NAMES if name not in {"workspace", "traffic"})
"""Figures of a comparison if none are asked for: those that belong to a model, not to a schedule."""

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "params": "parameters",
        "work": "work",
        "span": "span",
        "parallelism": "parallelism",
        "path_length": "path length",
        "mixing_hops": "mixing hops",
        "receptive_field": "receptive field",
        "layers_to_connect": "layers to connect",
        "state": "state",
        "state_bound": "state bound",
        "decode_work": "decode work per token",
        "activations": "training activations",
        "workspace": "workspace in order",
        "traffic": "unfused traffic",
    }
)


@dataclass(frozen=True, slots=True)
class Value:
    """What the witnesses say at one choice of sizes."""

    at: Mapping[str, int]
    derived: Number | None = None
    """From the formula."""
    measured: Number | None = None
    """Counted on the unrolled graph."""
    run: Number | None = None
    """Read off code that ran."""
    source: str = ""
    """What ran, if not the plain code of this library: the library, its version, the class."""

    @property
    def agree(self) -> bool | None:
        """Whether all witnesses that were taken are equal; None if fewer than two were."""
        taken = [v for v in (self.derived, self.measured, self.run) if v is not None]
        return None if len(taken) < 2 else all(v == taken[0] for v in taken)


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity of one model in one setting."""

    name: str
    unit: str
    """flop, step, scalar, position, layer, parameter or flop/step."""
    setting: Setting
    formula: Poly | None = None
    """None if the model has no such figure, or none was found; then ``reason`` says why."""
    domain: str = ""
    """The sizes for which the formula holds, such as ``n >= 1``."""
    growth: Mapping[str, str] = field(default_factory=dict)
    """The Theta class in each size with the others fixed."""
    theta: str = ""
    """The Theta class in all sizes together: the maximal terms."""
    grade: str | None = None
    """proved (a certificate was verified) or fitted (interpolated, checked at held-out sizes)."""
    reason: str | None = None
    by_primitive: Mapping[str, Poly] = field(default_factory=dict)
    values: tuple[Value, ...] = ()
    steps: tuple[str, ...] = ()
    """The derivation, one line a step."""
    held_out: tuple[Mapping[str, int], ...] = ()
    """For a fitted formula: the sizes at which it was checked and that it was not fitted to."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further facts, such as the mean path length and the path length by distance."""

    @property
    def title(self) -> str:
        """The name as people write it."""
        return TITLES[self.name]

    @property
    def agree(self) -> bool | None:
        """Whether the witnesses agree at every size; None if no two were taken anywhere."""
        found = [v.agree for v in self.values if v.agree is not None]
        return all(found) if found else None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The figures of one model in one setting."""

    model: str
    graph: Graph
    setting: Setting
    figures: Mapping[str, Figure]

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    @property
    def agree(self) -> bool:
        """Whether no witness contradicts another."""
        return all(f.agree is not False for f in self.figures.values())


@dataclass(frozen=True, slots=True)
class Crossover:
    """For which sizes the left model has less of a figure than the right one, solved exactly."""

    figure: str
    counted: str
    """What was compared, such as ``contractions`` or ``all operations``."""
    left: str
    right: str
    condition: str
    """``always``, ``never``, or a condition in Python syntax such as ``n < 2*d``."""
    left_formula: Poly
    right_formula: Poly
    setting: Setting


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several models side by side."""

    analyses: tuple[Analysis, ...]
    spans: Mapping[str, Mapping[str, Figure]]
    """By unit (layer, tensor, scalar), then by model: the span in that unit."""
    crossovers: tuple[Crossover, ...]
    paths: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    """By unit (layer, tensor), then by model: the path length in that unit."""
    training: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    """By figure (work, span and path_length, the last being the gradient's path), then by model:
    the figure of forward and backward pass together, in unit layer."""

    @property
    def cells(self) -> list[Figure]:
        """All figures, each once: spans and paths by unit stand for those of the setting."""
        by_unit = {"span": self.spans, "path_length": self.paths}
        found = [f for a in self.analyses for f in a.figures.values() if not by_unit.get(f.name)]
        for units in by_unit.values():
            found += [f for by_model in units.values() for f in by_model.values()]
        return [*found, *(f for by_model in self.training.values() for f in by_model.values())]

    @property
    def agree(self) -> bool:
        """Whether no witness contradicts another."""
        return all(f.agree is not False for f in self.cells)

    def counts(self) -> Mapping[str, int]:
        """How many cells are proved, fitted, measured and run."""
        cells = self.cells
        return {
            "proved": sum(f.grade == "proved" for f in cells),
            "fitted": sum(f.grade == "fitted" for f in cells),
            "measured": sum(any(v.measured is not None for v in f.values) for f in cells),
            "run": sum(any(v.run is not None for v in f.values) for f in cells),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a claim found."""

    claim: str
    """The claim's identifier."""
    statement: str
    subject: str
    verdict: str
    """proved, confirmed, conditional, refuted or out of reach."""
    reason: str
    """The condition, the counterexample, or why it is out of reach."""
    setting: Setting
    source: str
    evidence: tuple[str, ...] = ()
    """What was derived, searched and measured, one line each."""
    counterexample: Mapping[str, int] = field(default_factory=dict)
    """If it is refuted: the smallest sizes that were found at which it fails."""
    corrected: str = ""
    """If it is refuted: a statement that does hold, where one was derived."""
    family: str = ""
    verified: bool = True
    """Whether the statement was taken from its source, and not from memory."""


class Verdicts(list[Verdict]):
    """What checking claims found, in the order of the claims."""
