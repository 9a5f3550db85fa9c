"""The audit of public counters: derived work beside what each installed counter says, with reasons.

A row has the number that a counter prints and the derived contractions. The reason of a difference
is arithmetic: the counter's unit is taken off, and what it says that it counts besides; then the
module's own operators, counted with our rules while it runs, are searched for those whose absence
closes the difference exactly. What is left over is printed as unexplained.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..graphs.setting import Setting
from ..graphs.sizes import Poly, poly
from .api import graph_of
from .deriving import derive
from .runs.errors import RunError
from .runs.observations import EngineError

if TYPE_CHECKING:
    from .runs.pytorch.counters import Reading, Subject

Sizes = Mapping[str, int]
Progress = Callable[[str], None]

LENGTHS = (128, 256, 512)
"""Lengths at which counters are compared if none is named."""

USUAL: Sizes = {
    **{"d": 64, "h": 4, "g": 2, "f": 128, "k": 5, "w": 33, "m": 32, "L": 2},
    **{"v": 256, "c": 1024, "s": 8, "r": 4, "a": 1, "b": 1},
}
"""Sizes that take a moment to run on the CPU."""

MOST_PARTS = 14
"""How many operators are searched, all subsets, for those that a counter leaves out."""


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
    from .runs.pytorch.counters import COUNTERS

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
    from .runs.pytorch.modules import MODULES

    if model in MODULES:
        return MODULES[model].sizes
    from .runs.huggingface.configs import FAMILIES

    if model not in FAMILIES:
        names = ", ".join((*MODULES, *FAMILIES))
        raise EngineError(f"expected a model of torch or transformers ({names}), got {model}")
    return ("n", *FAMILIES[model].sizes)


@dataclass(slots=True)
class _Subject:
    """A model at sizes, built afresh for each counter, and what torch does in it."""

    model: str
    sizes: Sizes

    def make(self, device: str) -> Subject:
        """Build it."""
        from .runs.pytorch import modules
        from .runs.pytorch.counters import Subject

        if self.model in modules.MODULES:
            import torch

            built = modules.build(self.model, self.sizes, device=device, dtype=torch.float32)
            return Subject(built.module, tuple(x.unsqueeze(0) for x in built.inputs()))
        from .runs.huggingface.subjects import subject

        return subject(self.model, self.sizes, device)

    @property
    def name(self) -> str:
        """The class."""
        from .runs.pytorch.modules import MODULES

        if self.model in MODULES:
            return MODULES[self.model].subject
        from .runs.huggingface.configs import FAMILIES

        return FAMILIES[self.model].model

    def parts(self, *, hooks: bool, device: str) -> Mapping[str, int]:
        """Return what torch contracts in it, by operator."""
        from .runs.pytorch.counters import parts

        found = parts(self.make(device), hooks=hooks)
        return {name: value for name, value in found.items() if value}


def _row(subject: _Subject, formula: Poly, derived: int, counter: str) -> Row:
    from .runs.pytorch.counters import COUNTERS, read

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
        ran = sum(subject.parts(hooks=False, device=chosen.device).values())
        more, known = _beyond(subject, formula, derived, ran)
        tables = [
            subject.parts(hooks=hooks, device=chosen.device)
            for hooks in ((True,) if chosen.hooks else (False, True))
        ]
        said, closed = explain(reading, ran, tables, subject.sizes["n"])
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
        from .runs.huggingface.building import PaddedLeft
        from .runs.pytorch.counting import count

        with PaddedLeft():
            if count(subject.make("cpu").run).contraction == derived:
                return [f"the module convolves k - 1 more positions and drops them ({ran})"], True
    return [f"the module itself does {ran}"], False


def explain(
    reading: Reading, ran: int, tables: Sequence[Mapping[str, int]], positions: int
) -> tuple[list[str], bool]:
    """Say how a reading comes about from what ran; whether the difference is closed exactly.

    Parameters
    ----------
    ran
        The contractions that torch carried out.
    tables
        The same by operator, in one or several ways to name operators.
    positions
        The length.
    """
    said = ["multiply-adds counted as one"] if reading.mac == 1 else []
    unit = Fraction(2, reading.mac)
    known = unit * (reading.value - (reading.besides or 0))
    if reading.besides:
        said.append(f"{reading.besides} of it are {reading.kinds}")
    if known == ran:
        return said, True
    if reading.besides is None:
        return _by_rules(reading, known, tables[-1], positions, said)
    for table in tables:
        left_out = missing(table, ran - known)
        if left_out is not None:
            return [*said, *(f"not counted: {_listed(left_out, table)}" for _ in [0])], True
    sign = "more" if known > ran else "less"
    return [*said, f"{abs(known - ran)} {sign} than what ran, unexplained"], False


def missing(parts: Mapping[str, int], amount: Fraction | int) -> tuple[str, ...] | None:
    """Return the fewest parts that add up to an amount exactly.

    >>> missing({"mm": 8, "bmm": 4, "conv": 4}, 12)
    ('mm', 'bmm')
    >>> missing({"mm": 8, "bmm": 4}, 5) is None
    True
    """
    candidates = sorted(parts, key=lambda name: -parts[name])[:MOST_PARTS]
    for size in range(1, len(candidates) + 1):
        for chosen in itertools.combinations(candidates, size):
            if sum(parts[name] for name in chosen) == amount:
                return chosen
    return None


def _by_rules(
    reading: Reading, known: Fraction, parts: Mapping[str, int], positions: int, said: list[str]
) -> tuple[list[str], bool]:
    """Take off what runs in modules without a rule; what is left over are other operations."""
    ran, lost, notes = sum(parts.values()), Fraction(0), list(said)
    for name, value in parts.items():
        kind = name.partition(" in ")[2].partition(" ")[0]
        if reading.rules is not None and kind not in reading.rules:
            lost += value
    if lost:
        names = [
            n
            for n in parts
            if n.partition(" in ")[2].partition(" ")[0] not in (reading.rules or ())
        ]
        notes.append(f"not counted: {_listed(tuple(names), parts)}")
    single = [n for n in parts if n.partition(" in ")[2].partition(" ")[0] in reading.once]
    if single:
        lost += sum(Fraction(parts[n] * (positions - 1), positions) for n in single)
        notes.append("linear layers counted for one position of each sequence")
    rest = known - (ran - lost)
    if rest < 0:
        return [*notes, f"{-rest} less than that, unexplained"], False
    if rest:
        notes.append(f"{rest * reading.mac / 2} operations besides ({reading.kinds})")
    return notes, not rest


def _listed(names: Sequence[str], parts: Mapping[str, int]) -> str:
    """Name operators, each once, with what they contract."""
    sums: dict[str, int] = {}
    for name in names:
        operator, _, place = name.partition(" in ")
        short = f"{operator} in {place.partition(' ')[0]}" if place else operator
        sums[short] = sums.get(short, 0) + parts[name]
    return ", ".join(f"{name} ({value})" for name, value in sums.items())
