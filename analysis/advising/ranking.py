"""Ranking: who can do what is asked, who does it with least, why the others cannot, and from where.

>>> from .excluding import Request
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
from dataclasses import dataclass, replace
from fractions import Fraction

from ..comparing.crossings import Turn
from .candidates import USUAL, Candidate, candidate
from .costs import Cost, NoCostError, cost_of, turns_of
from .excluding import Reason, Request, held_by, reasons_of
from .properties import Properties, properties

ALONG = ("n", "d", "batch")
"""Along which crossovers are looked for."""


class AdviceError(ValueError):
    """A question that makes no sense; the message names the argument and the way out."""


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
    token_work: Fraction | None
    """Operations of one more token of each sequence; None if it cannot go token by token."""
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
    _check_sizes([*(r.candidate for r in rows), *(e.candidate for e in excluded)], request)
    rows.sort(key=lambda r: r.cost.value)  # models that tie stay in the order given
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


def _check_sizes(chosen: Sequence[Candidate], request: Request) -> None:
    known = {s for one in chosen for s in one.sizes}
    foreign = [s for s in request.sizes if s not in known]
    if foreign:
        raise AdviceError(
            f"expected sizes that one of the models has ({', '.join(sorted(known))}), "
            f"got {foreign[0]}={request.sizes[foreign[0]]}"
        )


def _judged(chosen: Candidate, request: Request) -> tuple[Row | None, tuple[Reason, ...]]:
    """Return a row, or the reasons why there is none."""
    found = properties(chosen.graph)
    held = held_by(chosen, request)
    reasons = reasons_of(chosen, found, held, request)
    if reasons:
        return None, reasons
    try:
        cost = cost_of(chosen, request.task, request.machine)
    except NoCostError as error:
        return None, (Reason("not known", f"no formula for what it costs: {error}"),)
    if held.unknown and request.budget is not None:
        return None, (Reason("not known", f"no formula for its memory: {held.unknown}"),)
    return Row(
        chosen,
        cost,
        held.memory,
        held.unknown,
        held.longest,
        held.longest_unknown,
        found,
        _state(chosen, found, request),
        _token_work(chosen, found, request),
    ), ()


def _state(chosen: Candidate, found: Properties, request: Request) -> Fraction | None:
    state = found["constant"].formula
    if state is None:
        return None
    scalars = state.evaluate(**{s: chosen.sizes[s] for s in state.sizes})
    return Fraction(scalars) * request.task.cache_bytes * request.task.batch


# --- crossovers -----------------------------------------------------------------------------------


def _token_work(chosen: Candidate, found: Properties, request: Request) -> Fraction | None:
    latency = found["latency"]
    if latency.value != "token" or latency.formula is None:
        return None
    sizes = {s: chosen.sizes[s] for s in latency.formula.sizes}
    return Fraction(latency.formula.evaluate(**sizes)) * request.task.batch


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
