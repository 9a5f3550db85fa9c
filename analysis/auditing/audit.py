"""The audit of public counters: derived work beside what each installed counter says, with reasons.

A row has the number that a counter prints and the derived contractions. The reason of a difference
is arithmetic: the counter's unit is taken off, and what it says that it counts besides; then the
module's own operators, counted with our rules while it runs, are searched for those whose absence
closes the difference exactly. What is left over is printed as unexplained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from ..api import graph_of
from ..deriving import derive
from ..runs.errors import RunError
from ..runs.observations import EngineError
from .reasons import Ran, explain

if TYPE_CHECKING:
    from ..runs.pytorch.counters import Subject
    from ..runs.pytorch.counts import Counts

Sizes = Mapping[str, int]
Progress = Callable[[str], None]

LENGTHS = (128, 256, 512)
"""Lengths at which counters are compared if none is named."""

USUAL: Sizes = {
    "d": 48,
    "h": 4,
    "g": 2,
    "f": 160,
    "k": 5,
    "w": 33,
    "m": 40,
    "L": 2,
    "v": 250,
    "c": 1024,
    "s": 6,
    "r": 5,
    "a": 1,
    "b": 1,
}
"""Sizes that take a moment to run on the CPU; so uneven that no two sums are equal by accident."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one counter says of one model at one choice of sizes."""

    model: str
    subject: str
    """The class that was counted."""
    at: Sizes
    derived: int
    """Contractions by the formula, two operations for a multiply-add."""
    counter: str
    version: str
    value: int | None
    """What the counter prints; None if it failed."""
    reason: str
    """Why it differs; empty if it is equal."""
    explained: bool
    """Whether the reason closes the difference exactly."""

    @property
    def ratio(self) -> Fraction | None:
        """The printed number over the derived one."""
        return (
            None if self.value is None or not self.derived else Fraction(self.value, self.derived)
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """The rows of several models, and which counters there were."""

    rows: tuple[Row, ...]
    counters: Mapping[str, str]
    """Versions by counter."""
    missing: tuple[str, ...]
    """Counters that are not installed."""
    formulas: Mapping[str, Poly]
    """The derived contractions by model."""


def audit(
    models: Sequence[str],
    *,
    at: Sequence[Sizes] = (),
    counters: Sequence[str] = (),
    progress: Progress | None = None,
) -> Audit:
    """Compare derived contractions with public counters.

    Parameters
    ----------
    models
        Names of the catalogue that torch or transformers has.
    at
        Sizes; those that are not named are :data:`USUAL`, and n is each of :data:`LENGTHS`.
    counters
        Names of counters; all that are installed if none is named.
    progress
        Called with one line before each count.

    Raises
    ------
    EngineError
        If torch is not installed, or neither torch nor transformers has a model of a name.
    """
    from ..runs.pytorch.counters import COUNTERS

    if not models:
        raise EngineError("expected at least one model, got none")
    unknown = [name for name in counters if name not in COUNTERS]
    if unknown:
        raise EngineError(f"expected counters of {', '.join(COUNTERS)}, got {unknown[0]}")
    wanted = {name: COUNTERS[name] for name in counters or COUNTERS}
    present = {name: c for name, c in wanted.items() if c.installed}
    rows, formulas = [], {}
    for model in models:
        formula = _contractions(model)
        formulas[model] = formula
        for sizes in _points(model, at):
            subject = _Subject(model, sizes)
            derived = int(formula.evaluate(**{s: sizes[s] for s in formula.sizes}))
            for name in present:
                if progress is not None:
                    where = ", ".join(f"{k}={v}" for k, v in sizes.items())
                    progress(f"{model} at {where}: {name}")
                rows.append(_row(subject, formula, derived, name))
    versions = {name: c.version for name, c in present.items()}
    missing = tuple(name for name in wanted if name not in present)
    return Audit(tuple(rows), versions, missing, formulas)


def _contractions(model: str) -> Poly:
    graph = graph_of(model, [dict.fromkeys(_sizes_of(model), 1)])
    return derive("work", graph, Setting()).by_primitive.get("contraction", poly(0))


def _points(model: str, at: Sequence[Sizes]) -> list[dict[str, int]]:
    own = _sizes_of(model)
    foreign = [s for sizes in at for s in sizes if s not in own]
    if foreign:
        raise EngineError(f"expected sizes of {model} ({', '.join(own)}), got {foreign[0]}")
    points = []
    for sizes in at or ({},):
        for n in [sizes["n"]] if "n" in sizes else LENGTHS:
            full = {**USUAL, **sizes, "n": n}
            points.append({s: full[s] for s in own})
    return points


def _sizes_of(model: str) -> tuple[str, ...]:
    """Return the sizes that torch or transformers builds a model at."""
    from ..runs.pytorch.modules import MODULES

    if model in MODULES:
        return MODULES[model].sizes
    from ..runs.huggingface.configs import FAMILIES

    if model not in FAMILIES:
        names = ", ".join((*MODULES, *FAMILIES))
        raise EngineError(f"expected a model of torch or transformers ({names}), got {model}")
    return ("n", *FAMILIES[model].sizes)


@dataclass(slots=True)
class _Subject:
    """A model at sizes, built afresh for each counter, and what torch does in it."""

    model: str
    sizes: Sizes
    seen: dict[tuple[bool, str], Ran] = field(default_factory=dict)

    def make(self, device: str) -> Subject:
        """Build it."""
        from ..runs.pytorch import modules
        from ..runs.pytorch.counters import Subject

        if self.model in modules.MODULES:
            import torch

            built = modules.build(self.model, self.sizes, device=device, dtype=torch.float32)
            return Subject(built.module, tuple(x.unsqueeze(0) for x in built.inputs()))
        from ..runs.huggingface.subjects import subject

        return subject(self.model, self.sizes, device)

    @property
    def name(self) -> str:
        """The class."""
        from ..runs.pytorch.modules import MODULES

        if self.model in MODULES:
            return MODULES[self.model].subject
        from ..runs.huggingface.configs import FAMILIES

        return FAMILIES[self.model].model

    def ran(self, *, hooks: bool, device: str) -> Ran:
        """Return what torch does in it, where nobody or somebody hangs on its modules."""
        key = hooks, device
        if key not in self.seen:
            plain, by_class = (self._parts(hooked, device) for hooked in (False, True))
            tables = (by_class,) if hooks else (plain, by_class)
            kept = [{n: c.contraction for n, c in t.items() if c.contraction} for t in tables]
            total = sum(c.contraction for c in plain.values())
            others = sum(c.total for c in plain.values()) - total
            self.seen[key] = Ran(total, others, tuple(kept), self.sizes["n"])
        return self.seen[key]

    def _parts(self, hooks: bool, device: str) -> Mapping[str, Counts]:
        from ..runs.pytorch.counters import parts

        return parts(self.make(device), hooks=hooks)


def _row(subject: _Subject, formula: Poly, derived: int, counter: str) -> Row:
    from ..runs.pytorch.counters import COUNTERS, read

    chosen = COUNTERS[counter]
    value, reason, explained = None, "", False
    try:
        reading = read(counter, subject.make)
    except RunError as error:
        reason = str(error)
    except Exception as error:  # a foreign counter may raise anything
        reason = f"failed: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"
    else:
        value = reading.value
        ran = subject.ran(hooks=chosen.hooks, device=chosen.device)
        more, known = _beyond(subject, formula, derived, ran.contraction)
        said, closed = explain(reading, ran)
        reason, explained = "; ".join([*more, *said]), known and closed
    return Row(
        subject.model,
        subject.name,
        dict(subject.sizes),
        derived,
        counter,
        chosen.version,
        value,
        reason,
        explained,
    )


def _beyond(subject: _Subject, formula: Poly, derived: int, ran: int) -> tuple[list[str], bool]:
    """Say why torch itself does more than the formula, and whether that is all of it."""
    if ran == derived:
        return [], True
    at = dict(subject.sizes)
    if "w" in at:
        full = {**at, "w": at["n"]}
        if formula.evaluate(**{s: full[s] for s in formula.sizes}) == ran:
            return [f"masked pairs: the module computes all n^2 pairs ({ran})"], True
    if "k" in at and subject.name.endswith("ForCausalLM"):
        from ..runs.huggingface.building import PaddedLeft
        from ..runs.pytorch.counting import count

        with PaddedLeft():
            if count(subject.make("cpu").run).contraction == derived:
                return [f"the module convolves k - 1 more positions and drops them ({ran})"], True
    return [f"the module itself does {ran}"], False
