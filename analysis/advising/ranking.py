"""Ranking: who can do what is asked, who does it with least, why the others cannot, and from where.

>>> found = advise(Request({"n": 32_768, "d": 1024, "L": 24}, models=("lstm", "causal_attention")))
>>> [row.model for row in found.rows], found.unit
(['lstm', 'causal_attention'], 'operations')
>>> print(found.turns[0].other, found.turns[0].turn.condition)
causal_attention n <= 2049
>>> streaming = advise(Request({"n": 32_768, "d": 1024}, streaming=True, models=("causal_attention",)))
>>> [(e.model, e.kinds) for e in streaming.excluded]
[('causal_attention', ('state grows',))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ...graphs.graph import GraphError
from ...graphs.sizes import Poly, SizeError
from ..comparing.crossings import Turn
from ..machines.machine import Machine
from ..machines.operations import OperationError
from ..machines.quantities import shown
from ..machines.task import Task
from ..solving import UnsolvedError
from .candidates import USUAL, Candidate, Model, candidate
from .costs import Cost, NoCostError, cost_of, needed, turns_of
from .limits import hard_limits, rows_at
from .properties import Fact, Properties, length_of, properties
from .rules import longest

ALONG = ("n", "d", "batch")
"""Along which crossovers are looked for."""


class AdviceError(ValueError):
    """A question that makes no sense; the message names the argument and the way out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    sizes: Mapping[str, int]
    task: Task = field(default_factory=lambda: Task("decode"))
    memory: float | None = None
    """Bytes; those of the machine if None, and no limit without a machine."""
    streaming: bool = False
    """Whether input arrives one position after another, without end."""
    machine: Machine | None = None
    """Ranked by predicted time on it; by derived work without one."""
    models: tuple[Model, ...] = ()
    """The usual ones, if none are named."""
    causal: bool = False
    """Whether no output may read later positions, in any mode."""

    @property
    def budget(self) -> float | None:
        """The bytes that there are."""
        return self.machine.memory if self.memory is None and self.machine else self.memory


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a model is excluded."""

    kind: str
    """not causal, looks ahead, state grows, hard limit, memory, sizes, not known."""
    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """A model that cannot do what is asked."""

    model: str
    reasons: tuple[Reason, ...]
    """The first one is enough."""
    candidate: Candidate

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its reasons."""
        return tuple(r.kind for r in self.reasons)


@dataclass(frozen=True, slots=True)
class Row:
    """A model that can do what is asked."""

    candidate: Candidate
    cost: Cost
    memory: Mapping[str, float]
    """Bytes by what they hold; empty if something has no formula."""
    unknown_memory: str
    """Why the memory is not known; empty if it is."""
    longest: int | None
    """The most positions within the memory that there is; None if any number is."""
    longest_unknown: str
    """Why that is not known; empty if it is."""
    properties: Properties
    state: Fraction | None
    """Bytes that survive between two calls, of the whole batch; None if there is no state."""
    turns: tuple[Turn, ...] = ()
    """The nearest sizes at which the order of this model and the first one turns."""

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.candidate.name

    @property
    def bytes(self) -> float | None:
        """All memory that it needs; None if it is not known."""
        return None if self.unknown_memory else float(sum(self.memory.values()))


@dataclass(frozen=True, slots=True)
class Overtaking:
    """The nearest size at which the first model is not the first any more."""

    other: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer."""

    request: Request
    unit: str
    """operations, or seconds."""
    rows: tuple[Row, ...]
    """The best first."""
    excluded: tuple[Excluded, ...]
    turns: tuple[Overtaking, ...]
    """Where the first one is overtaken: nearest below and above, along each size."""
    assumed: Mapping[str, int]
    """Sizes that nobody named and that some model has."""

    @property
    def ties(self) -> tuple[str, ...]:
        """Others that cost exactly what the first one does."""
        first = self.rows[0].cost.value if self.rows else None
        return tuple(r.model for r in self.rows[1:] if r.cost.value == first)


def advise(request: Request, progress: Callable[[str], None] | None = None) -> Advice:
    """Rank models for what is asked, with the reasons.

    Parameters
    ----------
    progress
        Is told which model is looked at.

    Raises
    ------
    AdviceError
        If a size is missing.
    """
    for name in ("n", "d"):
        if name not in request.sizes:
            raise AdviceError(f"expected a value for {name}, such as --{name} 1024, got none")
    rows: list[Row] = []
    excluded: list[Excluded] = []
    assumed: dict[str, int] = {}
    for model in request.models or USUAL:
        chosen = candidate(model, request.sizes)
        if progress is not None:
            progress(f"ranking: {chosen.name}")
        assumed.update({s: chosen.sizes[s] for s in chosen.assumed})
        row, reasons = _judged(chosen, request)
        if row is None:
            excluded.append(Excluded(chosen.name, reasons, chosen))
        else:
            rows.append(row)
    rows.sort(
        key=lambda r: r.cost.value
    )  # stable: models that tie stay in the order of the catalogue
    ranked = list(_with_turns(rows, request))
    unit = "operations" if request.machine is None else "seconds"
    return Advice(
        request,
        unit,
        tuple(ranked),
        tuple(excluded),
        tuple(_overtaking(ranked)),
        dict(sorted(assumed.items())),
    )


def _judged(chosen: Candidate, request: Request) -> tuple[Row | None, tuple[Reason, ...]]:
    """Return a row, or the reasons why there is none."""
    found = properties(chosen.graph)
    reasons = [*_misfits(chosen), *_order(found, request), *_hard(chosen)]
    held = _memory(chosen, request)
    if not held.unknown:
        reasons += _too_much(held, request)
    if reasons:
        return None, tuple(reasons)
    try:
        cost = cost_of(chosen, request.task, request.machine)
    except NoCostError as error:
        return None, (Reason("not known", f"no formula for what it costs: {error}"),)
    if held.unknown and request.budget is not None:
        return None, (Reason("not known", f"no formula for its memory: {held.unknown}"),)
    state = _state(chosen, found, request)
    return Row(
        chosen, cost, held.memory, held.unknown, held.longest, held.longest_unknown, found, state
    ), ()


def _misfits(chosen: Candidate) -> Iterator[Reason]:
    broken = chosen.broken
    if broken:
        told = ", ".join(f"{text} = {float(value):g}" for text, value in broken.items())
        yield Reason("sizes", f"what must be whole is not: {told}")


def _order(found: Properties, request: Request) -> Iterator[Reason]:
    """Say what forbids to go token by token, and to go on without end."""
    causal, constant, latency = found["causal"], found["constant"], found["latency"]
    one_by_one = (
        request.streaming
        or request.causal
        or request.task.mode in {"prefill", "decode", "generate"}
    )
    if one_by_one and causal.value != "yes":
        if causal.value == "unknown":
            yield _reason("not known", causal)
        elif latency.value == "ahead":
            yield Reason("looks ahead", f"{causal.text}; {latency.text}", latency.evidence)
        else:
            yield Reason("not causal", f"{causal.text}; {latency.text}", causal.evidence)
    elif request.streaming and constant.value != "yes":
        yield _reason("state grows" if constant.value == "no" else "not known", constant)


def _reason(kind: str, fact: Fact) -> Reason:
    return Reason(kind, fact.text, fact.evidence)


def _hard(chosen: Candidate) -> Iterator[Reason]:
    for limit in hard_limits(chosen.graph):
        rows, asked = rows_at(limit, chosen.sizes), chosen.sizes.get(limit.length)
        if rows is not None and asked is not None and asked > rows:
            own = any(s in chosen.assumed for s in limit.rows.sizes)
            text = f"{limit.line} = {rows:,}{' (nobody named it)' if own else ''}"
            yield Reason("hard limit", f"{text}, asked for {asked:,}")


@dataclass(frozen=True, slots=True)
class _Held:
    """The bytes of a model by what they hold, and up to which length they are within the budget."""

    memory: Mapping[str, float]
    unknown: str = ""
    longest: int | None = None
    longest_unknown: str = ""


def _memory(chosen: Candidate, request: Request) -> _Held:
    at = chosen.sizes
    try:
        words = needed(chosen, request.task)
        memory = {
            name: float(cost.evaluate(**{s: at[s] for s in cost.sizes}))
            for name, cost in words.items()
        }
    except (OperationError, GraphError, SizeError) as error:
        return _Held({}, str(error))
    if request.budget is None:
        return _Held(memory)
    total = sum(words.values(), Poly({}))
    try:
        most = longest(total, at, length_of(chosen.graph) or "n", int(request.budget))
    except UnsolvedError as error:
        return _Held(memory, longest_unknown=str(error))
    return _Held(memory, longest=most)


def _too_much(held: _Held, request: Request) -> Iterator[Reason]:
    bytes_ = sum(held.memory.values())
    if request.budget is None or bytes_ <= request.budget:
        return
    told = {None: "", 0: "; no length would fit"}.get(
        held.longest, f"; n <= {held.longest or 0:,} would fit"
    )
    yield Reason(
        "memory", f"needs {shown(bytes_, 'byte')}, there are {shown(request.budget, 'byte')}{told}"
    )


def _state(chosen: Candidate, found: Properties, request: Request) -> Fraction | None:
    state = found["constant"].formula
    if state is None:
        return None
    scalars = state.evaluate(**{s: chosen.sizes[s] for s in state.sizes})
    return Fraction(scalars) * request.task.cache_bytes * request.task.batch


# --- crossovers -----------------------------------------------------------------------------------


def _with_turns(rows: Sequence[Row], request: Request) -> Iterator[Row]:
    for k, row in enumerate(rows):
        if k == 0:
            yield row
            continue
        found = [
            turn
            for along in ALONG
            for turn in turns_of(rows[0].candidate, row.candidate, along, request)
        ]
        yield replace(row, turns=tuple(found))


def _overtaking(rows: Sequence[Row]) -> Iterator[Overtaking]:
    """Yield, along each size and in each direction, who overtakes the first one nearest by."""
    for along in ALONG:
        for above in (False, True):
            near = [
                Overtaking(row.model, turn)
                for row in rows[1:]
                for turn in row.turns
                if turn.size == along and turn.above == above and turn.sign > 0
            ]
            if near:
                yield min(near, key=lambda o: o.turn.factor)
