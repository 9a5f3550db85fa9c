"""From options of the command line to a question, and to what explains its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .loading import load_all
from .options import LARGEST, SIZES, OptionError, parse_at

if TYPE_CHECKING:
    from ..analysis.advising.candidates import Candidate
    from ..analysis.advising.dependence import Dependence
    from ..analysis.advising.excluding import Request
    from ..analysis.advising.properties import Properties
    from ..analysis.advising.ranking import Advice, Excluded, Row
    from ..analysis.advising.rules import Answer, Question
    from ..analysis.machines.task import Task

KNOWN = tuple(sorted({*SIZES, "c", "r", "E"}))
MOST_ROWS = 1000
EVERY = "all"


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of one model."""

    ranked: Row | Excluded
    dependence: Dependence
    """What perturbing its inputs showed, at small sizes."""
    memory: Mapping[str, str]
    """Bytes by what they hold, as formulas; empty if one is not known."""
    batch: int
    survives: tuple[str, ...]
    """What is kept between two calls: each array, its scalars and its bytes."""
    token: tuple[str, ...]
    """What one more token takes at the sizes asked: operations, depth, and time on the machine."""


def sizes_of(at: str | None, **named: int | None) -> dict[str, int]:
    """Return all sizes that options name; a size may be named once.

    Raises
    ------
    OptionError
        If a size is no whole number of at least 1, or named twice.
    """
    sizes = {} if at is None else parse_at([at], KNOWN)[0]
    for name, value in named.items():
        if value is None:
            continue
        if name in sizes:
            raise OptionError(f"expected each size once, got {name} in --at and as --{name}")
        if not 1 <= value <= LARGEST:
            raise OptionError(f"expected {name} to be from 1 to {LARGEST:,}, got {name}={value}")
        sizes[name] = value
    return sizes


def topic_of(topic: str | None, rule: str | None) -> str:
    """Return what is asked for instead of a ranking: rules, properties, or the name of a rule."""
    if topic is not None and rule is not None:
        raise OptionError(f"expected either {topic!r} or --rule {rule}, got both")
    if rule is None and topic not in {"rules", "properties"}:
        raise OptionError(
            f"expected 'rules', 'properties' or sizes such as --n 32768 --d 1024, got {topic!r}"
        )
    return rule or str(topic)


def task_of(
    mode: str, batch: int, number: str, cache_number: str | None, fused: str, pairs: str
) -> Task:
    """Return the task that options describe."""
    from ..analysis.machines.task import Task

    return Task(
        mode, batch=batch, number=number, cache_number=cache_number, fused=fused, pairs=pairs
    )


def bytes_of(memory: str | None) -> float | None:
    """Read a memory size such as 16GB."""
    from ..analysis.machines.quantities import QuantityError, quantity

    if memory is None:
        return None
    try:
        found = quantity(memory, "byte")
    except QuantityError as error:
        raise OptionError(f"--memory: {error}") from None
    if found < 1:
        raise OptionError(f"expected --memory to be at least one byte, got {memory!r}")
    return found


def models_of(models: str | None, usual: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the models that an option names."""
    if models is None:
        return usual
    if models.strip() == EVERY:
        from ..analysis.advising.candidates import side_by_side

        return side_by_side()
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise OptionError(f"expected models such as --models lstm,attention, got {models!r}")
    return tuple(m.subject for m in load_all(names))


def question_of(
    sizes: Mapping[str, int], memory: str | None, batch: int, number: str, models: str | None
) -> Question:
    """Return where rules of thumb are asked, and of which recurrence and which attention."""
    from ..analysis.advising.rules import STANDING, Question
    from ..analysis.machines.task import Task

    task, usual = Task("decode", batch=batch, number=number), Question()
    found = bytes_of(memory)
    return Question(
        {**usual.sizes, **sizes},
        usual.memory if found is None else int(found),
        batch,
        task.bytes,
        {} if models is None else dict(zip(STANDING, _two(models), strict=True)),
    )


def _two(models: str) -> list[str]:
    from ..graphs.models import CATALOGUE

    names = [name.strip() for name in models.split(",")]
    unknown = [name for name in names if name not in CATALOGUE]
    if len(names) != 2 or unknown:
        raise OptionError(
            "expected a recurrence and an attention of the catalogue, such as "
            f"--models gru,grouped_query_attention, got {models!r}"
        )
    return names


def answers_of(topic: str, question: Question) -> list[Answer]:
    """Answer all rules, or the one that is named."""
    from ..analysis.advising.rules import answered, rule, rules

    chosen = rules() if topic == "rules" else (rule(topic),)
    return [answered(r, question) for r in chosen]


def properties_of(models: str | None) -> list[Properties]:
    """Decide the properties of models, in one layer each."""
    from ..analysis.advising.candidates import USUAL
    from ..analysis.advising.properties import properties
    from ..analysis.api import graph_of

    return [properties(graph_of(model)) for model in models_of(models, USUAL)]


def request_of(
    sizes: Mapping[str, int],
    task: Task,
    *,
    memory: str | None,
    streaming: bool,
    causal: bool,
    machine: str | None,
    models: str | None,
) -> Request:
    """Return a question to :func:`workspan.analysis.advising.ranking.advise`."""
    from ..analysis.advising.candidates import USUAL
    from ..analysis.advising.excluding import Request
    from ..analysis.machines.machine import load

    return Request(
        sizes,
        task,
        bytes_of(memory),
        streaming,
        None if machine is None else load(machine),
        models_of(models, USUAL),
        causal,
    )


def check_top(top: int) -> None:
    """Refuse a number of rows that makes no sense."""
    if not 1 <= top <= MOST_ROWS:
        raise OptionError(f"expected --top to be from 1 to {MOST_ROWS}, got {top}")


def advised(request: Request, tell: Callable[[str], None] | None) -> Advice:
    """Answer a question, saying which model is looked at."""
    from ..analysis.advising.ranking import advise

    return advise(request, progress=tell)


def explained(found: Advice, name: str) -> Explained:
    """Return what is known of one of the models that were asked about.

    Raises
    ------
    OptionError
        If it was not among them.
    """
    from ..analysis.advising.candidates import small
    from ..analysis.advising.costs import needed
    from ..analysis.advising.dependence import dependence
    from ..analysis.machines.operations import OperationError

    one: Row | Excluded | None = next((r for r in found.rows if r.model == name), None)
    one = one or next((e for e in found.excluded if e.model == name), None)
    if one is None:
        raise OptionError(f"expected --explain one of the models asked about, got {name!r}")
    graph = one.candidate.graph
    try:
        words = needed(one.candidate, found.request.task)
    except OperationError:
        words = {}
    task = found.request.task
    return Explained(
        one,
        dependence(graph, small(graph)),
        {what: str(cost) for what, cost in words.items()},
        task.batch,
        tuple(_survivors(one.candidate, task)),
        tuple(_token(one.candidate, found.request)),
    )


def _survivors(chosen: Candidate, task: Task) -> Iterator[str]:
    from ..analysis.advising.properties import properties
    from ..analysis.machines.quantities import shown

    for name, cost in properties(chosen.graph).survives.items():
        scalars = cost.evaluate(**{s: chosen.sizes[s] for s in cost.sizes})
        size = shown(float(scalars * task.batch * task.cache_bytes), "byte")
        yield f"{name}: {cost} scalars of each sequence: {size}"


def _token(chosen: Candidate, request: Request) -> Iterator[str]:
    """Say what one more token takes; nothing of a model that cannot go token by token."""
    from dataclasses import replace

    from ..analysis.advising.costs import NoCostError, cost_of
    from ..analysis.deriving import derive
    from ..analysis.machines.quantities import shown
    from ..graphs.setting import Setting

    task = replace(request.task, mode="decode")
    try:
        work = cost_of(chosen, task, None)
    except NoCostError:
        return
    yield f"decode work: {work.formula} = {float(work.value):.6g} operations of the batch"
    for unit in ("tensor", "scalar"):
        depth = derive("span", chosen.graph, Setting(mode="decode", unit=unit)).formula
        if depth is not None:
            value = depth.evaluate(**{s: chosen.sizes[s] for s in depth.sizes})
            yield f"decode span (unit {unit}): {depth} = {value:,} steps"
    if request.machine is not None:
        try:
            seconds = cost_of(chosen, task, request.machine)
        except NoCostError as error:
            yield f"time on {request.machine.name}: not known: {error}"
        else:
            yield f"time on {request.machine.name}: {shown(float(seconds.value), 's')}"
