"""Claims on learning: what the pre-stated tests of a recorded experiment say of them.

No graph says what is learned. So a claim may name tests of an experiment, which were stated before it
was run; they are judged again from the numbers of every seed on record, and nothing is trained.

>>> judged(Trial("gradient", ("the gradient of rnn falls with distance",))).verdict
'confirmed'
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ..experiments.definitions import define
from ..experiments.judging import Judged, Outcome
from ..experiments.record import read_results
from ..runs.errors import RunError, UnknownNameError


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tests of which experiment a claim stands or falls with."""

    experiment: str
    tests: tuple[str, ...]
    """Their statements; all of them have to be confirmed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an experiment says of a claim: confirmed, or out of reach."""

    verdict: str
    reason: str
    evidence: tuple[str, ...] = ()


def judged(trial: Trial) -> Found:
    """Judge the tests from the record: all confirmed, or the claim is out of reach.

    Raises
    ------
    UnknownNameError
        If the experiment has no such test.
    """
    name = trial.experiment
    known = [test.statement for test in define(name).tests]
    unknown = [statement for statement in trial.tests if statement not in known]
    if unknown:
        raise UnknownNameError(f"expected a test of experiment {name}, got {unknown[0][:120]!r}")
    result = read_results().get(name)
    if result is None:
        return Found("out of reach", f"experiment {name} is not on record")
    try:
        outcome = Outcome.of(define(name), result)
    except RunError as error:
        return Found("out of reach", str(error))
    chosen = [test for test in outcome.tests if test.test.statement in trial.tests]
    evidence = tuple(_line(test) for test in chosen)
    where = f"experiment {name}, {outcome.definition.seeds} seeds, definition {result.digest[:12]}"
    failed = [test for test in chosen if not test.confirmed]
    if not failed:
        return Found("confirmed", f"all {len(chosen)} tests of {where}", evidence)
    lines = "; ".join(_line(test) for test in failed)
    reason = f"{len(failed)} of {len(chosen)} tests of {where} do not confirm it: {lines}"
    return Found("out of reach", reason, evidence)


def _line(judged: Judged) -> str:
    p = "" if judged.adjusted is None else f", p = {judged.adjusted:.2g} (Holm)"
    return f"{judged.test.statement}: {judged.verdict}: {judged.told}{p}"
