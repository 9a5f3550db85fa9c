"""JSON for other programs: the figures as plain values, the same bytes for the same input.

Formulas are strings in Python syntax; whole numbers are exact integers, others are floats, and
fractions stand beside them as text such as ``7/3``; a witness that was not taken is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...analysis.experiments.judging import Outcome
    from ...analysis.figures import Analysis, Comparison, Crossover, Figure, Value, Verdict

SCHEMA = 1


def dumps(record: Mapping[str, Any]) -> str:
    """Return JSON text that ends in a line feed."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def analyses_record(analyses: Iterable[Analysis]) -> dict[str, Any]:
    """Return the record of some analyses."""
    return {"schema": SCHEMA, "models": [_analysis(a) for a in analyses]}


def comparison_record(
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
) -> dict[str, Any]:
    """Return the record of a comparison: models, spans and paths by unit, crossovers."""
    record = analyses_record(comparison.analyses)
    for key, by_unit in (
        ("spans", comparison.spans),
        ("paths", comparison.paths),
        ("training", comparison.training),
    ):
        record[key] = {
            unit: {name: figure_record(f) for name, f in by_model.items()}
            for unit, by_model in by_unit.items()
        }
    record["crossovers"] = [_crossover(c) for c in comparison.crossovers]
    if verdicts:
        record["claims"] = verdicts_record(verdicts)["claims"]
    if experiments:
        from ..experiments import judged_record

        record["experiments"] = [judged_record(o) for o in experiments]
    return record


def verdicts_record(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Return the record of checked claims."""
    return {"schema": SCHEMA, "claims": [_verdict(v) for v in verdicts]}


def figure_record(figure: Figure) -> dict[str, Any]:
    """Return the record of one figure."""
    return {
        "formula": None if figure.formula is None else str(figure.formula),
        "domain": figure.domain,
        "growth": _sorted(figure.growth),
        "theta": figure.theta,
        "grade": figure.grade,
        "unit": figure.unit,
        "by_primitive": {k: str(v) for k, v in sorted(figure.by_primitive.items())},
        "values": [_value(v) for v in figure.values],
        "reason": figure.reason,
        "agree": figure.agree,
        "steps": list(figure.steps),
        "held_out": [_sorted(at) for at in figure.held_out],
        "details": plain(figure.details),
    }


def plain(value: Any) -> Any:
    """Return a value as what JSON can hold; formulas and other objects become text."""
    match value:
        case None | bool() | int() | str():
            return value
        case Fraction():
            return value.numerator if value.denominator == 1 else float(value)
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case Mapping():
            return {
                str(k): plain(v) for k, v in sorted(value.items(), key=lambda item: str(item[0]))
            }
        case set() | frozenset():
            return [plain(v) for v in sorted(value, key=str)]
        case list() | tuple():
            return [plain(v) for v in value]
    return str(value)


def _analysis(analysis: Analysis) -> dict[str, Any]:
    return {
        "model": analysis.model,
        "setting": analysis.setting.as_dict(),
        "figures": {name: figure_record(f) for name, f in analysis.figures.items()},
    }


def _value(value: Value) -> dict[str, Any]:
    found = {"derived": value.derived, "measured": value.measured, "run": value.run}
    exact = {
        witness: str(number)
        for witness, number in found.items()
        if isinstance(number, Fraction) and number.denominator > 1
    }
    return {
        "at": _sorted(value.at),
        **{witness: plain(number) for witness, number in found.items()},
        **({"exact": exact} if exact else {}),
        **({"source": value.source} if value.source else {}),
    }


def _crossover(crossover: Crossover) -> dict[str, Any]:
    return {
        "figure": crossover.figure,
        "counted": crossover.counted,
        "left": crossover.left,
        "right": crossover.right,
        "condition": crossover.condition,
        "left_formula": str(crossover.left_formula),
        "right_formula": str(crossover.right_formula),
        "setting": crossover.setting.as_dict(),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    record = {
        "claim": verdict.claim,
        "statement": verdict.statement,
        "subject": verdict.subject,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "setting": verdict.setting.as_dict(),
        "source": verdict.source,
        "evidence": list(verdict.evidence),
    }
    further = {
        "corrected": verdict.corrected,
        "counterexample": _sorted(verdict.counterexample),
        "unverified": not verdict.verified,
    }
    return {**record, **{name: value for name, value in further.items() if value}}


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {k: plain(v) for k, v in sorted(mapping.items())}
