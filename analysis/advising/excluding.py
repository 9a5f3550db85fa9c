"""What is asked, and the reasons why a model cannot do it: order, state, limits, memory, sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...graphs.graph import GraphError
from ...graphs.sizes import Poly, SizeError
from ..machines.machine import Machine
from ..machines.operations import OperationError
from ..machines.quantities import shown
from ..machines.task import Task
from ..solving import UnsolvedError
from .candidates import Candidate, Model
from .costs import needed
from .limits import hard_limits, rows_at
from .properties import Fact, Properties, length_of
from .rules import longest


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


def reasons_of(
    chosen: Candidate, found: Properties, held: Held, request: Request
) -> tuple[Reason, ...]:
    """Return all reasons why a model cannot do what is asked; none if it can."""
    reasons = [*_misfits(chosen, request), *_order(found, request), *_hard(chosen)]
    if not held.unknown:
        reasons += _too_much(held, request)
    return tuple(reasons)


def _misfits(chosen: Candidate, request: Request) -> Iterator[Reason]:
    missing = [s for s in ("n", "d", "L") if s in request.sizes and s not in chosen.sizes]
    if missing:
        yield Reason(
            "sizes", f"it has no size {missing[0]} that could be {request.sizes[missing[0]]}"
        )
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
class Held:
    """The bytes of a model by what they hold, and up to which length they are within the budget."""

    memory: Mapping[str, float]
    unknown: str = ""
    longest: int | None = None
    longest_unknown: str = ""


def held_by(chosen: Candidate, request: Request) -> Held:
    """Return what a model holds, by what it is, and up to which length that is within the budget."""
    at = chosen.sizes
    try:
        words = needed(chosen, request.task)
        memory = {
            name: float(cost.evaluate(**{s: at[s] for s in cost.sizes}))
            for name, cost in words.items()
        }
    except (OperationError, GraphError, SizeError) as error:
        return Held({}, str(error))
    if request.budget is None:
        return Held(memory)
    total = sum(words.values(), Poly({}))
    try:
        most = longest(total, at, length_of(chosen.graph) or "n", int(request.budget))
    except UnsolvedError as error:
        return Held(memory, longest_unknown=str(error))
    return Held(memory, longest=most)


def _too_much(held: Held, request: Request) -> Iterator[Reason]:
    bytes_ = sum(held.memory.values())
    if request.budget is None or bytes_ <= request.budget:
        return
    told = {None: "", 0: "; no length would fit"}.get(
        held.longest, f"; n <= {held.longest or 0:,} would fit"
    )
    yield Reason(
        "memory", f"needs {shown(bytes_, 'byte')}, there are {shown(request.budget, 'byte')}{told}"
    )
