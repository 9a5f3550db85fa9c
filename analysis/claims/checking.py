"""Checking claims: from findings for every model, setting and reading to one of five verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...graphs.graph import GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..figures import Verdict, Verdicts
from . import signal
from .algorithms import by_counting
from .chance import chance
from .finding import Finding
from .influence import MODELS, Influence, influence
from .literature import literature
from .measuring import by_measuring
from .parallel import PART, verdicts_of
from .random_graphs import RandomGraphs
from .reading import read
from .rules import BEYOND, RELATIONS
from .settings import sensible
from .sources import cited
from .statements import Claim
from .subjects import Case, Models
from .trials import judged
from .witnessing import contradicted, witnessed

SHORT = ("mode", "unit", "scope", "pairs")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A case and what it says; ``odd`` is a witness that contradicts the derivation."""

    case: Case
    finding: Finding
    odd: str = ""
    witnesses: str = ""


def check(
    paths: Sequence[Path] = (),
    *,
    claims: Iterable[Claim] | None = None,
    models: Models | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Verdicts:
    """Check the claims of files, or given ones, or all that come with workspan.

    Parameters
    ----------
    paths
        Files of claims in TOML.
    claims
        Claims that were read already.
    models
        Models of the user's own that claims may name.
    processes
        How many processes share the work; one if ``models`` are given, which only this one has.
    progress
        Called with one line now and then.

    Raises
    ------
    ClaimError
        If a file has a wrong field; the message has the path to it.
    """
    if claims is None:
        claims = [c for path in paths for c in read(path, models)] if paths else literature()
    asked = list(claims)
    if processes > 1 and not models and len(asked) > PART:
        return Verdicts(verdicts_of(asked, processes, progress))
    verdicts = Verdicts()
    for count, claim in enumerate(asked, start=1):
        if progress is not None:
            progress(f"{count} of {len(asked)}: {claim.id}")
        verdicts.append(verdict_on(claim, models))
    return verdicts


def verdict_on(claim: Claim, models: Models | None = None) -> Verdict:
    """Try a claim for all its readings, models, figures and settings."""
    if claim.beyond:
        return _beyond(claim)
    if claim.figure in EXPERIMENTS:
        return EXPERIMENTS[claim.figure](claim)
    return _judged(claim, [f for case in cases(claim, models or {}) for f in _tried(case)])


def _beyond(claim: Claim) -> Verdict:
    """Judge what no graph says: by a recorded experiment if the claim names one."""
    note = f": {claim.note}" if claim.note else ""
    if claim.trial is None:
        return _verdict(claim, "out of reach", BEYOND[claim.beyond] + note, ())
    found = judged(claim.trial)
    return _verdict(claim, found.verdict, found.reason + note, found.evidence)


def cases(claim: Claim, models: Models) -> list[Case]:
    """Return all that a claim is tried for."""
    return [
        Case(reading, model, figure, setting, name, models)
        for name, reading in claim.readable()
        for figure in ((reading.figure, *reading.figures) if not reading.left else ("",))
        for model in reading.models
        for setting in settings_of(reading, figure)
    ]


def settings_of(claim: Claim, figure: str) -> tuple[Setting, ...]:
    """Return the settings of a claim, or those that make sense for its figure."""
    if claim.settings is not None:
        return tuple(tried.setting() for tried in claim.settings)
    return sensible(figure)


def _tried(case: Case) -> list[Found]:
    try:
        if not case.domain.inhabited:
            return [
                Found(case, Finding(None, False, f"no sizes were found with {case.domain.text}"))
            ]
        finding = by_measuring(case, RELATIONS[case.claim.relation](case))
        if finding.holds is None and case.claim.settings is None and _only_mode(case):
            return []
        return [Found(case, finding, contradicted(case), witnessed(case))]
    except (GraphError, SizeError, ArithmeticError) as error:
        return [Found(case, Finding(None, False, str(error)))]


def _only_mode(case: Case) -> bool:
    """Whether a setting was added for models that have its mode, and this one has not."""
    return case.setting.mode != "encode"


def _vanishing(claim: Claim) -> Verdict:
    found = signal.check(claim.models, claim.experiment or signal.Experiment())
    return _verdict(claim, found.verdict, found.reason, found.evidence)


def _random(claim: Claim) -> Verdict:
    return _by_chance(claim, [chance(claim.relation, claim.graphs or RandomGraphs())])


def _influence(claim: Claim) -> Verdict:
    unknown = [m for m in claim.models if m not in MODELS]
    if unknown:
        return _verdict(claim, "out of reach", f"no experiment for {', '.join(unknown)}", ())
    what = claim.perturbation or Influence()
    return _by_chance(claim, [influence(m, what) for m in claim.models])


def _algorithm(claim: Claim) -> Verdict:
    """Judge runs of algorithms, which confirm or refute."""
    readings = claim.readable()
    names = [name for name, _ in readings if name]
    return _by_chance(claim, [by_counting(reading) for _, reading in readings], names)


EXPERIMENTS: Mapping[str, Callable[[Claim], Verdict]] = {
    "gradient": _vanishing,
    "random graph": _random,
    "influence": _influence,
    "algorithm": _algorithm,
}
"""Figures that are no figures of a graph: numeric experiments."""


def _by_chance(claim: Claim, tried: Sequence[Finding], names: Sequence[str] = ()) -> Verdict:
    """Judge numeric experiments, which prove nothing; ``names`` are the models if not given."""
    told = [f.text if f.holds is not None else f"no number: {f.text}" for f in tried]
    evidence = (
        tuple(": ".join(parts) for parts in zip(names, told, strict=True)) if names else tuple(told)
    )
    unknown = [finding for finding in tried if finding.holds is None]
    if unknown:
        return _verdict(claim, "out of reach", unknown[0].text, evidence)
    fails = [finding for finding in tried if not finding.holds]
    if not fails:
        return _verdict(claim, "confirmed", evidence[0], evidence)
    if len(fails) == len(tried):
        return _verdict(claim, "refuted", fails[0].text, evidence, fails[0])
    each = zip(names or claim.models, tried, strict=True)
    reason = "; ".join(f"{m}: {'holds' if f.holds else 'does not hold'}: {f.text}" for m, f in each)
    return _verdict(claim, "conditional", reason, evidence)


def _judged(claim: Claim, tried: Sequence[Found]) -> Verdict:
    evidence = tuple(_line(t) for t in tried)
    odd = [t.odd for t in tried if t.odd]
    if odd:
        return _verdict(claim, "out of reach", f"the witnesses disagree: {odd[0]}", evidence)
    holds = [t for t in tried if t.finding.holds]
    fails = [t for t in tried if t.finding.holds is False]
    if not holds and not fails:
        reason = "; ".join(dict.fromkeys(t.finding.text for t in tried))
        return _verdict(claim, "out of reach", reason, evidence)
    unknown = [t for t in tried if t.finding.holds is None]
    if not fails and unknown:
        where, where_not = (_cases(ts) for ts in (holds, unknown))
        reason = f"holds for {where}; there is no such figure for {where_not}"
        return _verdict(claim, "conditional", reason, evidence)
    if not fails:
        certain = all(t.finding.certain for t in holds)
        return _verdict(
            claim, "proved" if certain else "confirmed", holds[0].finding.text, evidence
        )
    if not holds:
        told = _line(fails[0], instead=False)
        return _verdict(claim, "refuted", told, evidence, fails[0].finding)
    where, where_not = (_cases(ts) for ts in (holds, fails))
    reason = f"holds for {where}; not for {where_not}"
    return _verdict(claim, "conditional", reason, evidence)


def _cases(tried: Sequence[Found]) -> str:
    """Group cases by what is found: models, their settings, and the figure that says so."""
    groups: dict[tuple[str, str], list[str]] = {}
    for found in tried:
        case, told = found.case, _short(found.case.setting)
        how = f"{case.reading}, {told}" if case.reading else told
        groups.setdefault((how, found.finding.text), []).append(case.model)
    return "; ".join(
        f"{', '.join(models)} ({how}: {text})" for (how, text), models in groups.items()
    )


def _short(setting: Setting) -> str:
    default = Setting()
    changed = [
        f"{a} {getattr(setting, a)}"
        for a in SHORT
        if a in ("mode", "unit") or getattr(setting, a) != getattr(default, a)
    ]
    return ", ".join(changed)


def _line(found: Found, *, instead: bool = True) -> str:
    case, finding = found.case, found.finding
    state = {True: "holds", False: "does not hold", None: "does not apply"}[finding.holds]
    how = f"{case.reading}, {_short(case.setting)}" if case.reading else _short(case.setting)
    said = not finding.corrected or finding.corrected.partition(" for ")[0] in finding.text
    right = "" if said or not instead else f"; instead: {finding.corrected}"
    return f"{case.model} ({how}): {state}: {finding.text}{right}{found.witnesses}"


def _verdict(
    claim: Claim,
    verdict: str,
    reason: str,
    evidence: tuple[str, ...],
    finding: Finding | None = None,
) -> Verdict:
    first = next((r for _, r in claim.readable()), claim)
    setting = settings_of(first, first.figure)[0]
    subject = ", ".join(dict.fromkeys(m for _, r in claim.readable() for m in r.models))
    return Verdict(
        claim.id,
        claim.statement,
        subject,
        verdict,
        reason,
        setting,
        cited(claim.source, claim.where),
        evidence,
        counterexample=dict(finding.counterexample) if finding else {},
        corrected=finding.corrected if finding else "",
        family=claim.family,
        verified=claim.transcription != "recall",
    )
