"""The audit of public counters: derived work beside what each installed counter says, with reasons.

A row has the number that a counter prints and the derived contractions. The reason of a difference
is arithmetic: the counter's unit is taken off, and what it says that it counts besides; then the
module's own operators, counted with our rules while it runs, are searched for those whose absence
closes the difference exactly. What is left over is printed as unexplained.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ..graphs.setting import Setting
from ..graphs.sizes import Poly, poly
from .api import graph_of
from .deriving import derive
from .runs.errors import RunError
from .runs.observations import EngineError

if TYPE_CHECKING:
    from .runs.pytorch.counters import Reading, Subject
    from .runs.pytorch.counts import Counts

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
    seen: dict[tuple[bool, str], Ran] = field(default_factory=dict)

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
        from .runs.pytorch.counters import parts

        return parts(self.make(device), hooks=hooks)


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
        from .runs.huggingface.building import PaddedLeft
        from .runs.pytorch.counting import count

        with PaddedLeft():
            if count(subject.make("cpu").run).contraction == derived:
                return [f"the module convolves k - 1 more positions and drops them ({ran})"], True
    return [f"the module itself does {ran}"], False


@dataclass(frozen=True, slots=True)
class Ran:
    """What torch did in a module, counted with our rules."""

    contraction: int
    others: int
    """Operations on numbers that are no contractions."""
    tables: tuple[Mapping[str, int], ...]
    """Contractions by operator, in one or several ways to name operators."""
    positions: int
    """The length."""


def explain(reading: Reading, ran: Ran) -> tuple[list[str], bool]:
    """Say how a reading comes about from what ran; whether the difference is closed exactly."""
    said = ["multiply-adds counted as one"] if reading.mac == 1 else []
    known = Fraction(2, reading.mac) * (reading.value - (reading.besides or 0))
    if reading.besides:
        said.append(f"{reading.besides} of it are {reading.kinds}")
    if known == ran.contraction:
        return said, True
    if reading.besides is None:
        return _by_rules(reading, known, ran, said)
    for table in _suspected(reading, ran.tables):
        left_out = missing(table, ran.contraction - known)
        if left_out is not None:
            return [*said, f"not counted: {_listed(left_out, table)}"], True
    sign = "more" if known > ran.contraction else "less"
    return [*said, f"{abs(known - ran.contraction)} {sign} than what ran, unexplained"], False


def _suspected(
    reading: Reading, tables: Sequence[Mapping[str, int]]
) -> Iterator[Mapping[str, int]]:
    """Return operators that a counter may lack, the likely ones first.

    A counter with a registry of operators lacks those that are not in it. The others know tensor
    products by the names of functions, and what is one operator in torch escapes them first.
    """
    if reading.operators is not None:
        for table in tables:
            yield {n: v for n, v in table.items() if _operator(n) not in reading.operators}
        return
    joined = [_joined(table) for table in tables]
    for table in joined:
        yield {n: v for n, v in table.items() if n.startswith(("_", "mkldnn"))}
    yield from joined
    yield from tables


def _joined(parts: Mapping[str, int]) -> dict[str, int]:
    """Add up the parts of one operator in modules of one class."""
    sums: dict[str, int] = {}
    for name, value in parts.items():
        short = f"{_operator(name)} in {_class(name)}" if _class(name) else name
        sums[short] = sums.get(short, 0) + value
    return sums


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
    reading: Reading, known: Fraction, ran: Ran, said: list[str]
) -> tuple[list[str], bool]:
    """Take off what runs in modules without a rule; what is left over are other operations."""
    parts, notes = ran.tables[-1], list(said)
    unit, lost = Fraction(2, reading.mac), Fraction(0)
    strange = [n for n in parts if reading.rules is not None and _class(n) not in reading.rules]
    if strange and reading.patches:
        # It also replaces functions, so that some of these are counted: nobody says which.
        lost = max(sum(parts.values()) - known, Fraction(0))
        where = f"among {_listed(strange, parts)}"
        notes += [f"not counted: at least {lost}, {where}"] if lost else []
    elif strange:
        lost += sum(parts[n] for n in strange)
        notes.append(f"not counted: {_listed(strange, parts)}")
    single = [n for n in parts if _class(n) in reading.once]
    if single:
        lost += sum(Fraction(parts[n] * (ran.positions - 1), ran.positions) for n in single)
        notes.append("linear layers counted for one position of each sequence")
    rest = (known - (sum(parts.values()) - lost)) / unit
    if not 0 <= rest <= ran.others:
        sign = "more" if rest > 0 else "less"
        return [*notes, f"{abs(rest)} {sign} than that, unexplained"], False
    if rest:
        notes.append(f"{rest} operations besides ({reading.kinds})")
    return notes, not rest and not (strange and reading.patches)


def _listed(names: Sequence[str], parts: Mapping[str, int]) -> str:
    """Name operators, each once, with what they contract."""
    sums = _joined({name: parts[name] for name in names})
    return ", ".join(f"{name} ({value})" for name, value in sums.items())


def _operator(name: str) -> str:
    """Return the operator of a part.

    >>> _operator("addmm in Linear q_proj"), _class("addmm in Linear q_proj")
    ('addmm', 'Linear')
    """
    return name.partition(" in ")[0]


def _class(name: str) -> str:
    """Return the class of the module that a part runs in, empty if nobody asked."""
    return name.partition(" in ")[2].partition(" ")[0]
