"""BibTeX for claims: the entry of the source, and one for the row that was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.claims.record import Entry

NONE = "not checked"


def citation(name: str) -> str:
    """Return the entries of one claim.

    Raises
    ------
    ClaimError
        If there is no such claim.
    """
    from ..analysis.claims import claim_of
    from ..analysis.claims.record import BUILT_IN, read_record
    from ..analysis.claims.sources import sources

    claim = claim_of(name)
    source = sources().get(claim.source)
    checked = row(claim, read_record(BUILT_IN).get(claim.id))
    return checked if source is None else f"{source.bibtex}\n{checked}"


def row(claim: Claim, entry: Entry | None) -> str:
    """Return the entry of the row that was checked."""
    from workspan import __version__

    from ..analysis.claims.sources import cited

    found = NONE if entry is None else entry.verdict
    note = f"Verdict: {found}. About: {cited(claim.source, claim.where)}"
    if claim.transcription == "recall":
        note += " (citation not verified)"
    lines = {
        "author": "{The workspan developers}",
        "title": f"{{Claim {claim.id}: {_plain(claim.statement)}}}",
        "howpublished": f"workspan {__version__}, claims/{claim.id}.md",
        "note": _plain(note),
    }
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in lines.items())
    return f"@misc{{workspan-{claim.id},\n{fields}}}\n"


def bibliography() -> str:
    """Return all sources and all rows as one file."""
    from ..analysis.claims import literature
    from ..analysis.claims.record import BUILT_IN, read_record
    from ..analysis.claims.sources import sources

    record = read_record(BUILT_IN)
    entries = [source.bibtex for source in sources().values()]
    entries += [row(claim, record.get(claim.id)) for claim in literature()]
    return "\n".join(entries)


def _plain(text: str) -> str:
    """Escape what BibTeX would read as its own."""
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c, f"\\{c}" if c in "%&_#${}" else c) for c in text)
