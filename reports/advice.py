"""The answer to which model to take: sentences first, then the ranking, who is excluded, crossovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..analysis.machines.quantities import shown
from .asking import Explained
from .blocks import Block, Heading, Lines, Table, markdown_of, printer_of
from .sheet import at_text

if TYPE_CHECKING:
    from ..analysis.advising.ranking import Advice, Excluded, Overtaking, Row
    from ..analysis.comparing.crossings import Turn
    from .text import Printer

NOTE = (
    "Cost says nothing of what a model can learn; 'workspan advise rules' says which advice a "
    "derivation reaches. Crossovers hold with all other sizes as asked"
)
SOLVED = ", solved exactly."
SEARCHED = ", found to the whole number by bisection between neighbouring sizes of a fine grid."
LONG = 5
"""Excluded models of one kind that have a line each."""


def advice_printer(found: Advice, told: Explained | None = None, *, top: int = 12) -> Printer:
    """Print an answer."""
    return printer_of(advice_blocks(found, told, top=top))


def advice_markdown(found: Advice, told: Explained | None = None, *, top: int = 12) -> str:
    """Return an answer as Markdown."""
    return markdown_of(advice_blocks(found, told, top=top))


def advice_blocks(found: Advice, told: Explained | None, *, top: int) -> Iterator[Block]:
    """Yield the parts of an answer, the most important first."""
    yield Lines(tuple(_answer(found)))
    if found.rows:
        yield Heading(f"Ranked by {_measure(found)}, for {_asked(found)}")
        yield _ranking(found, top)
        left = len(found.rows) - top
        if left > 0:
            yield Lines((f"and {left} more; --top {len(found.rows)} shows all",), quiet=True)
    if found.excluded:
        yield Heading("Excluded")
        yield Lines(tuple(_excluded(found.excluded)))
    if found.rows[1:]:
        yield Heading(f"Where {found.rows[0].model} is overtaken")
        yield Lines(tuple(_crossovers(found)))
    if told is not None:
        yield from _explained(told)
    yield Lines(("", *_notes(found)), quiet=True)


# --- sentences ------------------------------------------------------------------------------------


def _answer(found: Advice) -> Iterator[str]:
    if not found.rows:
        yield f"None of {len(found.excluded)} models can do this: {_asked(found)}."
        return
    first, request = found.rows[0], found.request
    ties = f" ({', '.join(found.ties)} cost the same)" if found.ties else ""
    bound = first.cost.prediction
    by = "" if bound is None else f", bound by {bound.binds}"
    yield f"{first.model}{ties}: {_cost(found, first)}{_per(found)}{by}; {_holds(first, request.budget)}."
    parts = [_context(found, first)]
    if found.rows[1:]:
        other = next((r for r in found.rows[1:] if r.model not in found.ties), None)
        if other is not None:
            parts.append(f"next is {other.model} with {_times(found, other)} as much")
    told = "; ".join(p for p in parts if p)
    yield f"{told[:1].upper()}{told[1:]}."


def _asked(found: Advice) -> str:
    request, task = found.request, found.request.task
    parts = [task.mode, at_text(request.sizes), f"batch {task.batch}", task.number]
    if request.streaming:
        parts.append("streaming")
    if request.causal:
        parts.append("causal")
    if request.budget is not None:
        parts.append(f"{shown(request.budget, 'byte')} of memory")
    return ", ".join(parts)


def _measure(found: Advice) -> str:
    machine = found.request.machine
    return "derived operations" if machine is None else f"predicted time on {machine.name}"


def _per(found: Advice) -> str:
    return {
        "decode": " for one more token of each sequence",
        "generate": f" for {found.request.sizes['n']:,} tokens of each sequence",
        "train": " for one training step",
    }.get(found.request.task.mode, " for the sequences")


def _cost(found: Advice, row: Row) -> str:
    if found.unit == "seconds":
        return shown(float(row.cost.value), "s")
    return f"{float(row.cost.value):.4g} operations"


def _times(found: Advice, row: Row) -> str:
    first = float(found.rows[0].cost.value)
    return f"{float(row.cost.value) / first:.4g} times" if first else "more"


def _holds(row: Row, budget: float | None) -> str:
    if row.bytes is None:
        return f"its memory is not known ({row.unknown_memory})"
    of = "" if budget is None else f" of {shown(budget, 'byte')}"
    return f"it holds {shown(row.bytes, 'byte')}{of}"


def _context(found: Advice, row: Row) -> str:
    limit, state = row.properties["limit"], row.state
    parts = [] if state is None else [f"it keeps {shown(float(state), 'byte')} between two calls"]
    parts.append("its context has no limit" if limit.value == "none" else limit.text)
    if row.longest is not None:
        parts.append(f"{found.request.task.mode} fits up to n = {row.longest:,}")
    return ", ".join(parts)


# --- tables ---------------------------------------------------------------------------------------


def _ranking(found: Advice, top: int) -> Table:
    predicted, bounded = found.unit == "seconds", found.request.budget is not None
    header = (
        "",
        "model",
        "time" if predicted else "operations",
        "times",
        *(("bound by",) if predicted else ()),
        "memory",
        "state",
        *(("n up to",) if bounded else ()),
        "ahead for",
    )
    rows = []
    for k, row in enumerate(found.rows[:top], start=1):
        bound = row.cost.prediction
        rows.append(
            (
                f"{k}",
                row.model,
                _cost(found, row).removesuffix(" operations"),
                _times(found, row).removesuffix(" times"),
                *((bound.binds if bound else "",) if predicted else ()),
                "?" if row.bytes is None else shown(row.bytes, "byte"),
                "none" if row.state is None else shown(float(row.state), "byte"),
                *((_longest(row),) if bounded else ()),
                _overtakes(row),
            )
        )
    return Table(header, tuple(rows), frozenset({0, 2, 3}), frozenset({1, 2}))


def _longest(row: Row) -> str:
    if row.longest_unknown:
        return "?"
    return "any" if row.longest is None else f"{row.longest:,}"


def _overtakes(row: Row) -> str:
    nearer = sorted((t for t in row.turns if t.sign > 0), key=lambda t: t.factor)
    return nearer[0].condition if nearer else ""


def _excluded(excluded: Sequence[Excluded]) -> Iterator[str]:
    kinds: dict[str, list[Excluded]] = {}
    for one in excluded:
        kinds.setdefault(one.kinds[0], []).append(one)
    for kind, models in kinds.items():
        if len(models) > LONG and kind not in {"memory", "hard limit"}:
            yield f"{kind} ({len(models)}): {', '.join(m.model for m in models)}"
            yield f"    such as {models[0].model}: {models[0].reasons[0].text}"
            continue
        for one in models:
            also = "".join(f"; {r.kind}: {r.text}" for r in one.reasons[1:])
            yield f"{kind}: {one.model}: {one.reasons[0].text}{also}"


def _crossovers(found: Advice) -> Iterator[str]:
    if not found.turns:
        yield f"nowhere along n, d or the batch, with all other sizes as asked: {found.rows[0].model} stays the first"
    for one in found.turns:
        yield _overtaking(one)


def _overtaking(one: Overtaking) -> str:
    return f"{one.other} is cheaper for {one.turn.condition}; {_you(one.turn)}"


def _you(turn: Turn) -> str:
    side = "below" if turn.above else "above"
    factor = float(turn.factor)
    times = f"{factor:,.3g}" if factor < 999.5 else f"{factor:,.0f}"
    return f"you are {times} times {side} it ({turn.size} = {turn.asked:,})"


def _notes(found: Advice) -> Iterator[str]:
    yield f"{NOTE}{SOLVED if found.request.machine is None else SEARCHED}"
    if found.rows:
        yield f"times: what it costs over the first; ahead for: the nearest sizes at which it costs less than {found.rows[0].model}."
    if found.assumed:
        yield f"Sizes that nobody named: {at_text(found.assumed)}; --at names them."


# --- one model ------------------------------------------------------------------------------------


def _explained(told: Explained) -> Iterator[Block]:
    from ..analysis.advising.properties import properties

    ranked = told.ranked
    yield Heading(f"{ranked.candidate.name}: why")
    facts = properties(ranked.candidate.graph)
    reasons = getattr(ranked, "reasons", ())
    for reason in reasons:
        yield Lines((f"excluded: {reason.kind}: {reason.text}",))
        yield Lines(reason.evidence, quiet=True, indent=4)
    for fact in facts.facts.values():
        yield Lines((f"{fact.name}: {fact.value}: {fact.text}",))
        yield Lines(fact.evidence, quiet=True, indent=4)
    if told.survives:
        yield Lines((f"what survives between two calls, for a batch of {told.batch}:",))
        yield Lines(told.survives, quiet=True, indent=4)
    if told.token:
        yield Lines(("online latency per token, at these sizes:",))
        yield Lines(told.token, quiet=True, indent=4)
    yield Lines(("an output is a function of the weights and of the positions that reach it:",))
    yield Lines(told.dependence.lines, quiet=True, indent=4)
    if told.memory:
        yield Lines(("memory, in bytes:",))
        yield Lines(tuple(f"{k}: {v}" for k, v in told.memory.items()), quiet=True, indent=4)
    cost = getattr(ranked, "cost", None)
    if cost is not None:
        total = "" if cost.formula is None else f" = {cost.formula}"
        yield Lines((f"cost ({cost.grade}){total}:",))
        yield Lines(cost.steps, quiet=True, indent=4)
