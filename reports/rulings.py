"""Rules of thumb, answered, and the properties of models side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..analysis.advising.rules import STANDING
from .blocks import Block, Heading, Lines, Table
from .records import SCHEMA, plain
from .sheet import at_text

if TYPE_CHECKING:
    from ..analysis.advising.properties import Properties
    from ..analysis.advising.rules import Answer, Part

COLUMNS = ("streamable", "causal", "constant", "latency", "limit", "horizon")
LONG = 90
"""Boundaries longer than this are shown among the derivations only."""


def rules_blocks(answers: Sequence[Answer], *, evidence: bool) -> Iterator[Block]:
    """Yield a table of rules, or with ``evidence`` each with its derivation."""
    if not evidence:
        rows = tuple((a.rule.name, a.rule.advice, a.verdict, _where(a)) for a in answers)
        yield Table(("rule", "advice", "verdict", "exactly where"), rows, whole=frozenset({0, 2}))
        yield Lines(("'--rule NAME' shows how one is decided.",), quiet=True)
    else:
        for answer in answers:
            yield Heading(f"{answer.rule.advice} {answer.verdict.capitalize()}.")
            for part in answer.parts:
                yield Lines((_part(part),))
                yield Lines(tuple(_details(part)), quiet=True, indent=4)
    if answers:
        q = answers[0].question
        pair = [q.instead.get(name, name) for name in STANDING]
        yield Lines(
            (
                f"Asked at {at_text(q.sizes)}, batch {q.batch}, {q.memory:,} bytes of memory, "
                f"{q.bytes} bytes a number, of {pair[0]} (recurrence) and {pair[1]} (attention). "
                "Verdicts: yes; in a region (the condition is exact); "
                "confirmed (by an experiment on record); no (a counterexample is derived); out of "
                "reach of both.",
            ),
            quiet=True,
        )


def _where(answer: Answer) -> str:
    found = dict.fromkeys(p.boundary for p in answer.parts if p.boundary and not p.aside)
    beyond = [p.says for p in answer.parts if p.verdict == "out of reach" and not p.aside]
    doubtful = ("no", "out of reach")
    but = [f"but not: {p.says}" for p in answer.parts if p.aside and p.verdict in doubtful]
    short = [b if len(b) <= LONG else "see --rule" for b in found]
    return "; ".join([*short, *(f"undecided: {b}" for b in beyond), *but])


def _part(part: Part) -> str:
    boundary = f", exactly where {part.boundary}" if 0 < len(part.boundary) <= LONG else ""
    head = "aside: " if part.aside else ""
    return f"{head}{part.verdict}{boundary}: {part.says}"


def _details(part: Part) -> Iterator[str]:
    if part.here:
        yield f"here: {part.here}"
    yield from part.evidence


def rules_record(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the record of answered rules."""
    return {"schema": SCHEMA, "rules": [_answer(a) for a in answers]}


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "rule": answer.rule.name,
        "advice": answer.rule.advice,
        "verdict": answer.verdict,
        "asked": {
            "sizes": plain(answer.question.sizes),
            "memory": answer.question.memory,
            "batch": answer.question.batch,
            "bytes": answer.question.bytes,
        },
        "parts": [
            {
                "says": p.says,
                "verdict": p.verdict,
                "boundary": p.boundary,
                "here": p.here,
                "aside": p.aside,
                "evidence": list(p.evidence),
            }
            for p in answer.parts
        ],
    }


def properties_blocks(found: Sequence[Properties]) -> Iterator[Block]:
    """Yield a table of properties."""
    rows = tuple((p.model, *(p[c].value for c in COLUMNS), _state(p)) for p in found)
    yield Table(("model", *COLUMNS, "state, in scalars"), rows, whole=frozenset({0}))
    yield Lines(
        (
            "streamable: causal, and a state that is constant in the length. latency: the next "
            "output needs one token, some ahead, or the whole sequence. limit of context: hard "
            "(a parameter has a row for each position), soft (memory or work grows), or none. "
            "horizon: an output sees all positions, or a bounded number. "
            "'workspan advise ... --explain MODEL' shows the derivations.",
        ),
        quiet=True,
    )


def _state(found: Properties) -> str:
    state = found["constant"]
    return str(state.formula) if state.formula is not None else "-"


def properties_record(found: Sequence[Properties]) -> dict[str, Any]:
    """Return the record of properties, with their evidence."""
    return {
        "schema": SCHEMA,
        "models": [
            {
                "model": p.model,
                "survives": {k: str(v) for k, v in p.survives.items()},
                "properties": {
                    f.name: {"value": f.value, "text": f.text, "evidence": list(f.evidence)}
                    for f in p.facts.values()
                },
            }
            for p in found
        ],
    }
