"""The catalogue of claims: a page for each family, an index, and one BibTeX file.

Everything is made from the claims files and the record of verdicts, so that it is quick and the
same every time; what computes verdicts is ``workspan check``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .citing import NONE, bibliography
from .markup import code, markdown_escape

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.claims.record import Entry
    from ..analysis.claims.statements import Quantity

ORDER = ("proved", "confirmed", "conditional", "refuted", "out of reach", NONE)
INDEX = "README.md"
EXPERIMENTS = {"gradient", "random graph", "influence"}
"""Figures whose relations have no right-hand side."""


def catalogue_texts() -> dict[str, str]:
    """Return the files of the catalogue by name."""
    from ..analysis.claims import FAMILIES, of_family
    from ..analysis.claims.record import BUILT_IN, read_record

    record = read_record(BUILT_IN)
    families = {family: of_family(family) for family in FAMILIES}
    pages = {f"{name}.md": page(name, claims, record) for name, claims in families.items()}
    return {INDEX: index(families, record), **pages, "claims.bib": bibliography()}


def index(families: Mapping[str, Sequence[Claim]], record: Mapping[str, Entry]) -> str:
    """Return the page that lists the families with their counts, and every claim in a line."""
    lines = [
        "# Claims of the literature, checked",
        "",
        "Every verdict is computed by `workspan check`; `workspan cite ID` prints BibTeX, which "
        "[claims.bib](claims.bib) holds for all.",
        "",
        f"| family | claims | {' | '.join(ORDER[:5])} |",
        f"| --- | --- |{' --- |' * 5}",
    ]
    for family, claims in families.items():
        counts = Counter(_found(c, record) for c in claims)
        cells = " | ".join(str(counts[name]) for name in ORDER[:5])
        lines.append(f"| [{family}]({family}.md) | {len(claims)} | {cells} |")
    for family, claims in families.items():
        lines += ["", f"## {family.replace('-', ' ').capitalize()}", ""]
        lines += [
            f"- [{c.id}]({family}.md#{anchor(c)}): {markdown_escape(c.statement)} "
            f"**{_found(c, record)}**"
            for c in claims
        ]
    return "\n".join(lines) + "\n"


def page(family: str, claims: Sequence[Claim], record: Mapping[str, Entry]) -> str:
    """Return the page of one family."""
    title = f"# Claims: {family.replace('-', ' ')}\n"
    parts = ["\n".join(_section(claim, record.get(claim.id))) for claim in claims]
    return "\n".join([title, *parts])


def anchor(claim: Claim) -> str:
    """Return the name under which a claim can be linked to.

    Dots are not part of an anchor that code hosts make from a heading, so there is one of our own.
    """
    return claim.id.lower()


def _section(claim: Claim, entry: Entry | None) -> Iterator[str]:
    from ..analysis.claims.sources import cited

    found = NONE if entry is None else entry.verdict
    yield f'<a id="{anchor(claim)}"></a>'
    yield ""
    yield f"## {markdown_escape(claim.id)}: {found}"
    yield ""
    yield f"> {markdown_escape(claim.statement)}"
    yield ""
    verified = " **Citation not verified.**" if claim.transcription == "recall" else ""
    yield f"- Source: {markdown_escape(cited(claim.source, claim.where))}.{verified}"
    if claim.paper:
        yield f"- In the source: {code(claim.paper)}"
    yield from _read(claim)
    if claim.note:
        yield f"- Note: {markdown_escape(claim.note)}."
    if entry is not None:
        yield f"- Verdict: **{entry.verdict}**: {markdown_escape(_why(entry))}"
        if entry.counterexample:
            at = ", ".join(f"{k}={v}" for k, v in entry.counterexample.items())
            yield f"- Smallest counterexample: {code(at)}"
        if entry.corrected:
            yield f"- Instead: {markdown_escape(entry.corrected)}"
        if entry.evidence:
            yield "- Derived, measured and run:"
            yield from (f"  - {code(line)}" for line in entry.evidence)
    yield f"- Checked since version {claim.since}; cite it with {code(f'workspan cite {claim.id}')}."
    yield ""


def _read(claim: Claim) -> Iterator[str]:
    """Say how the statement is read as a relation between figures."""
    if claim.beyond:
        yield f"- Read as a statement of the kind {code(claim.beyond)}"
        return
    for name, reading in claim.readable():
        models = ", ".join(reading.models)
        left = reading.left or reading.figure
        counting = f" of {reading.counting}s" if reading.counting else ""
        right = f" {code(reading.value)}" if reading.figure not in EXPERIMENTS else ""
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
    options = [f"{k} = {v}" for k, v in quantity.options.items()]
    setting = [f"{axis} {value}" for axis, value in quantity.setting.items()]
    changed = f" ({', '.join([*options, *setting])})" if options or setting else ""
    return f"{markdown_escape(quantity.figure)}{counting}{model}{changed}"


def _why(entry: Entry) -> str:
    """Return the reason, which for many cases is the list of them."""
    holds = sum("): holds: " in line for line in entry.evidence)
    if entry.verdict != "conditional" or not holds:
        return entry.reason
    return f"holds in {holds} of the {len(entry.evidence)} cases below"


def _found(claim: Claim, record: Mapping[str, Entry]) -> str:
    return record[claim.id].verdict if claim.id in record else NONE
