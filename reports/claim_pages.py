"""The page of one claim: statement, source, reading, setting, verdict, derivations, witnesses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .citing import NONE
from .notation.markup import code, escape, markdown_escape, printable

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.claims.record import Entry
    from ..analysis.claims.statements import Quantity
    from ..analysis.claims.working import Worked

ONE_SIDED = {"gradient", "random graph", "influence"}
"""Figures whose relations have no right-hand side."""
EXPERIMENTS = {*ONE_SIDED, "algorithm"}
"""Figures that are no figures of a graph, so that they have no setting and no derivation."""
FENCE = "```"
TAKEN = {
    "full text": " Taken from its full text.",
    "transcript": " Taken from a transcript.",
    "secondary": " Taken from a text that quotes it.",
    "derived": " Follows from its definitions.",
    "recall": " **Citation not verified.**",
}
"""How a statement was taken from its source."""


def claim_page(claim: Claim, entry: Entry | None) -> str:
    """Return the page of one claim."""
    return "\n".join(_lines(claim, entry)) + "\n"


def file_of(claim: Claim) -> str:
    """Return the name of a claim's page: its identifier, whichever family it is listed in."""
    return f"{claim.id}.md"


def _lines(claim: Claim, entry: Entry | None) -> Iterator[str]:
    from ..analysis.claims.sources import cited

    yield f"# {markdown_escape(claim.id)}: {NONE if entry is None else entry.verdict}"
    yield ""
    yield f"> {markdown_escape(claim.statement)}"
    yield ""
    taken = TAKEN.get(claim.transcription, "")
    yield f"- Source: {markdown_escape(cited(claim.source, claim.where))}.{taken}"
    if claim.paper:
        yield f"- In the source: {code(claim.paper)}"
    yield from _read(claim)
    yield from _settings(claim)
    if claim.note:
        yield f"- Note: {markdown_escape(claim.note)}."
    if entry is not None:
        yield from _verdict(entry)
    yield (
        f"- Checked since version {claim.since}; cite it with {code(f'workspan cite {claim.id}')}; "
        f"compute it with {code(f'workspan check --id {claim.id} --evidence')}."
    )
    yield f"- Family: [{claim.family}](README.md#{claim.family})."
    if entry is not None and entry.evidence:
        graph = not claim.beyond and claim.figure not in EXPERIMENTS
        yield ""
        yield f"## Each case: {'derived, measured and run' if graph else 'run'}"
        yield ""
        yield from (f"- {code(line)}" for line in entry.evidence)
    yield from _derivations(claim)


def _verdict(entry: Entry) -> Iterator[str]:
    yield f"- Verdict: **{entry.verdict}**: {markdown_escape(_why(entry))}"
    if entry.counterexample:
        at = ", ".join(f"{k}={v}" for k, v in entry.counterexample.items())
        yield f"- Smallest counterexample: {code(at)}"
    if entry.corrected:
        yield f"- Instead: {markdown_escape(entry.corrected)}"


def _why(entry: Entry) -> str:
    """Return the reason, which for many cases is the list of them."""
    holds = sum("): holds: " in line for line in entry.evidence)
    if entry.verdict != "conditional" or not holds:
        return entry.reason
    return f"holds in {holds} of the {len(entry.evidence)} cases below"


def settings_told(claim: Claim) -> tuple[str, ...]:
    """Return the settings in which a claim is tried, one line each; none if it has no setting."""
    from ..analysis.claims.checking import settings_of

    if claim.beyond or claim.figure in EXPERIMENTS:
        return ()
    told: dict[str, None] = {}
    for _, reading in claim.readable():
        for figure in (reading.figure, *reading.figures) if not reading.left else ("",):
            told |= dict.fromkeys(s.describe() for s in settings_of(reading, figure))
    return tuple(told)


def _settings(claim: Claim) -> Iterator[str]:
    """Say in which settings it is tried, and whether these are the claim's own."""
    if claim.beyond or claim.figure in EXPERIMENTS:
        return
    own = all(reading.settings is not None for _, reading in claim.readable())
    how = "as the claim is read" if own else "the source states none: each that makes sense"
    yield f"- Setting ({how}): {'; '.join(code(line) for line in settings_told(claim))}"


def _read(claim: Claim) -> Iterator[str]:
    """Say how the statement is read as a relation between figures."""
    if claim.beyond:
        yield f"- Read as a statement of the kind {code(claim.beyond)}"
        return
    for name, reading in claim.readable():
        models = ", ".join(reading.models)
        left = reading.left or reading.figure
        if reading.counted is not None:
            left, models = reading.counted.counts, reading.counted.name
        counting = f" of {reading.counting}s" if reading.counting else ""
        right = f" {code(reading.value)}" if reading.figure not in ONE_SIDED else ""
        when = f" when {code(reading.when)}" if reading.when else ""
        told = f"{code(left)}{counting} {markdown_escape(reading.relation)}{right}{when}"
        extra = [
            ("with", ", ".join(f"{k} = {v}" for k, v in reading.symbols.items())),
            ("for", " and ".join(reading.domain)),
            ("at", ", ".join(f"{k} = {v}" for k, v in reading.at.items())),
            ("as", ", ".join(reading.sizes) and f"{', '.join(reading.sizes)} grows"),
        ]
        parts = [f"{word} {code(text)}" for word, text in extra if text]
        where = f" of {markdown_escape(models)}" if models else ""
        head = f"Read as {markdown_escape(name)}" if name else "Read as"
        yield f"- {head}: {', '.join([told + where, *parts])}"
        sides = f"{reading.left} {reading.value} {reading.within}"
        used = {q: v for q, v in reading.quantities.items() if re.search(rf"\b{q}\b", sides)}
        yield from (f"  - {code(q)} is {_quantity(v)}" for q, v in used.items())


def _quantity(quantity: Quantity) -> str:
    """Say which figure of which model it is."""
    counting = f" of {quantity.counting}s" if quantity.counting else ""
    model = f" of {markdown_escape(quantity.model)}" if quantity.model else ""
    changed = f" ({_changes(quantity.options, quantity.setting)})"
    return (
        f"{markdown_escape(quantity.figure)}{counting}{model}{changed if changed != ' ()' else ''}"
    )


def _changes(options: Mapping[str, object], setting: Mapping[str, object]) -> str:
    return ", ".join(
        [
            *(f"{k} = {v}" for k, v in options.items()),
            *(f"{axis} {value}" for axis, value in setting.items()),
        ]
    )


def _derivations(claim: Claim) -> Iterator[str]:
    """Show every step of every figure, folded."""
    from ..analysis.claims.working import derivations_of

    found = derivations_of(claim)
    if not found:
        return
    yield from ("", "## Derivations")
    for worked in found:
        yield ""
        yield f"<details><summary>{_summary(worked)}</summary>"
        yield ""
        yield f"{FENCE}text"
        yield from (printable(line) for line in worked.found.steps or (_unproved(worked),))
        yield from (FENCE, "", "</details>")


def _summary(worked: Worked) -> str:
    found = worked.found
    options = ", ".join(f"{k} = {v}" for k, v in worked.options)
    kept = f", recomputed along {worked.recompute}" if worked.recompute else ""
    model = f"{worked.model} with {options}{kept}" if options else f"{worked.model}{kept}"
    if found.formula is None:
        told = "no formula"
    else:
        told = f"{found.formula} ({found.grade}"
        least = [f"{s} >= {v}" for s, v in sorted(found.least.items()) if v > 1]
        told += f", for {' and '.join(least)})" if least else ")"
    return escape(f"{worked.figure} of {model}, {worked.setting.describe()}: {told}")


def _unproved(worked: Worked) -> str:
    return worked.found.reason or "read off the graph"
