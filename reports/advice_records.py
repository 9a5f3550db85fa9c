"""Advice as plain values, for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .asking import Explained
from .records import SCHEMA, plain

if TYPE_CHECKING:
    from ..analysis.advising.ranking import Advice, Row
    from ..analysis.comparing.crossings import Turn


def advice_record(found: Advice, told: Explained | None = None) -> dict[str, Any]:
    """Return the record of an answer."""
    request, task = found.request, found.request.task
    return {
        "schema": SCHEMA,
        "asked": {
            "sizes": plain(request.sizes),
            "mode": task.mode,
            "batch": task.batch,
            "number": task.number,
            "cache_number": task.cache_number,
            "fused": task.fused,
            "pairs": task.pairs,
            "streaming": request.streaming,
            "causal": request.causal,
            "memory": request.budget,
            "machine": None if request.machine is None else request.machine.name,
        },
        "unit": found.unit,
        "assumed": plain(found.assumed),
        "ranked": [_row_record(row) for row in found.rows],
        "excluded": [
            {
                "model": e.model,
                "reasons": [
                    {"kind": r.kind, "text": r.text, "evidence": list(r.evidence)}
                    for r in e.reasons
                ],
            }
            for e in found.excluded
        ],
        "overtaken": [{"by": o.other, **_turn(o.turn)} for o in found.turns],
        **({} if told is None else {"explained": _told_record(told)}),
    }


def _row_record(row: Row) -> dict[str, Any]:
    return {
        "model": row.model,
        "cost": plain(row.cost.value),
        "formula": None if row.cost.formula is None else str(row.cost.formula),
        "grade": row.cost.grade,
        "binds": None if row.cost.prediction is None else row.cost.prediction.binds,
        "sizes": plain(row.candidate.sizes),
        "memory": plain(row.memory),
        "memory_unknown": row.unknown_memory or None,
        "longest": row.longest,
        "longest_unknown": row.longest_unknown or None,
        "state_bytes": plain(row.state),
        "token_work": plain(row.token_work),
        "survives": {k: str(v) for k, v in row.properties.survives.items()},
        "properties": {
            f.name: {
                "value": f.value,
                "text": f.text,
                "formula": None if f.formula is None else str(f.formula),
            }
            for f in row.properties.facts.values()
        },
        "turns": [_turn(t) for t in row.turns],
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "size": turn.size,
        "condition": turn.condition,
        "first": turn.first,
        "last": turn.last,
        "sign": turn.sign,
        "factor": float(turn.factor),
    }


def _told_record(told: Explained) -> Mapping[str, Any]:
    from ..analysis.advising.properties import properties

    found = properties(told.ranked.candidate.graph)
    seen = told.dependence
    return {
        "model": told.ranked.candidate.name,
        "properties": {
            f.name: {"value": f.value, "text": f.text, "evidence": list(f.evidence)}
            for f in found.facts.values()
        },
        "survives": {k: str(v) for k, v in found.survives.items()},
        "dependence": {
            "at": plain(seen.at),
            "untouched": seen.untouched,
            "changed": list(seen.changed),
            "outside": seen.outside,
            "reaching": len(seen.reaching),
            "vanishing": len(seen.vanishing),
            "silent": len(seen.silent),
        },
        "memory": dict(told.memory),
        "token": list(told.token),
        "steps": list(getattr(getattr(told.ranked, "cost", None), "steps", ())),
    }
