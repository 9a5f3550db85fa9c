"""Checking claims: from findings for every model and setting to one of five verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from ...graphs.setting import Setting
from ..figures import Verdict
from ..memory import traced
from ..witnesses import measured, ran
from . import signal
from .reading import Claim, parse, read
from .rules import RELATIONS, Finding

SHORT = ("mode", "unit", "scope", "pairs")
MEASURED_AT = {"n": 9, "m": 6, "d": 8, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3}


def check(
    paths: Sequence[Path] = (), *, progress: Callable[[str], None] | None = None
) -> list[Verdict]:
    """Check the claims of files, or the built-in ones of the founding comparison.

    Raises
    ------
    ClaimError
        If a file has a wrong field; the message has the path to it.
    """
    claims = [c for path in paths for c in read(path)] if paths else founding()
    verdicts = []
    for claim in claims:
        if progress is not None:
            progress(claim.id)
        verdicts.append(verdict_on(claim))
    return verdicts


def founding() -> list[Claim]:
    """Return the claims of the founding comparison."""
    text = files("workspan.analysis.claims").joinpath("founding.toml").read_text(encoding="utf-8")
    return list(parse(text, "founding.toml"))


def verdict_on(claim: Claim) -> Verdict:
    """Try a claim for all its models, figures and settings."""
    if claim.figure == "gradient":
        found = signal.check(claim.models, claim.experiment or signal.Experiment())
        return _verdict(claim, found.verdict, found.reason, found.evidence)
    tried = [
        (
            model,
            figure,
            case.setting(),
            RELATIONS[claim.relation](claim, figure, traced(model), case.setting()),
        )
        for figure in (claim.figure, *claim.figures)
        for model in claim.models
        for case in claim.settings
    ]
    holds = [t for t in tried if t[3].holds]
    fails = [t for t in tried if t[3].holds is False]
    evidence = tuple(_line(claim, *t) for t in tried)
    if not holds and not fails:
        return _verdict(
            claim, "out of reach", "; ".join(dict.fromkeys(t[3].text for t in tried)), evidence
        )
    unknown = [t for t in tried if t[3].holds is None]
    if not fails and unknown:
        where, where_not = (_cases(ts) for ts in (holds, unknown))
        reason = f"holds for {where}; there is no such figure for {where_not}"
        return _verdict(claim, "conditional", reason, evidence)
    if not fails:
        certain = all(t[3].certain for t in holds)
        return _verdict(claim, "proved" if certain else "confirmed", holds[0][3].text, evidence)
    if not holds:
        return _verdict(claim, "refuted", _line(claim, *fails[0]), evidence)
    where, where_not = (_cases(ts) for ts in (holds, fails))
    return _verdict(claim, "conditional", f"holds for {where}; not for {where_not}", evidence)


def _cases(tried: Sequence[tuple[str, str, Setting, Finding]]) -> str:
    """Group cases by what is found: models, their settings, and the figure that says so."""
    groups: dict[tuple[str, str], list[str]] = {}
    for model, _, setting, finding in tried:
        groups.setdefault((_short(setting), finding.text), []).append(model)
    return "; ".join(
        f"{', '.join(models)} ({setting}: {text})" for (setting, text), models in groups.items()
    )


def _short(setting: Setting) -> str:
    default = Setting()
    changed = [
        f"{a} {getattr(setting, a)}"
        for a in SHORT
        if a in ("mode", "unit") or getattr(setting, a) != getattr(default, a)
    ]
    return ", ".join(changed)


def _line(claim: Claim, model: str, figure: str, setting: Setting, finding: Finding) -> str:
    state = {True: "holds", False: "does not hold", None: "does not apply"}[finding.holds]
    return (
        f"{model} ({_short(setting)}): {state}: {finding.text}{_witnessed(model, figure, setting)}"
    )


def _witnessed(model: str, figure: str, setting: Setting) -> str:
    """Say what the other two witnesses give at one size."""
    if figure == "intermediate":
        return ""
    graph = traced(model)
    at = {s: MEASURED_AT.get(s, 2) for s in graph.free_sizes}
    graph_says, run_says = measured(figure, graph, setting, at), ran(figure, graph, setting, at)
    if graph_says is None:
        return ""
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    run = "" if run_says is None else f", run {run_says}"
    return f" [at {where}: measured {graph_says}{run}]"


def _verdict(claim: Claim, verdict: str, reason: str, evidence: tuple[str, ...]) -> Verdict:
    setting = claim.settings[0].setting()
    subject = ", ".join(claim.models)
    return Verdict(
        claim.id, claim.statement, subject, verdict, reason, setting, claim.source, evidence
    )
