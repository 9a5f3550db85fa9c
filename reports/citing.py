"""Citations: what a figure, a table or a checked claim is cited as, with its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .commands.again import shown
from .notation.markup import printable, slug
from .tables.sheet import at_text, domain_of, formula_text, number_text

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.claims.record import Entry
    from ..analysis.claims.sources import Source
    from ..analysis.digests import Digest
    from ..analysis.figures import Analysis, Comparison, Figure
    from ..graphs.setting import Setting

NONE = "not checked"
AUTHOR = "The workspan developers"
SHOWN = 8
"""How many of a digest's sixteen digits are in a key."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What a reader needs to find a result again, and to see whether it is still the same."""

    key: str
    kind: str
    """The type that CSL has for it: dataset, or entry (of the catalogue of claims)."""
    title: str
    place: str
    """Where it stands: the command that prints it, or its page."""
    facts: tuple[str, ...]
    """What is known of it, one sentence each, without the full stop."""
    settings: tuple[str, ...] = ()
    digest: Digest | None = None
    source: Source | None = None
    """For a claim: the work that makes it."""

    @property
    def version(self) -> str:
        """The version of the library."""
        from workspan import __version__

        return __version__ if self.digest is None else self.digest.version

    @property
    def note(self) -> str:
        """The facts, the settings and the digest in one line."""
        told = list(self.facts)
        if self.settings:
            told.append(f"Setting: {'; '.join(self.settings)}")
        if self.digest is not None:
            told.append(f"Digest: {self.digest}")
        return ". ".join(told)


def figure_citation(
    analysis: Analysis, argument: str, at: Sequence[Mapping[str, int]] = ()
) -> Citation:
    """Return the citation of the one figure of an analysis.

    Parameters
    ----------
    analysis
        With one figure.
    argument
        How the command line names the model.
    at
        The sizes at which its value is stated.
    """
    from ..analysis.digests import digest_of

    (figure,) = analysis.figures.values()
    digest = digest_of([analysis], at)
    title = _capital(f"{figure.title} of {printable(analysis.model)}")
    return Citation(
        f"workspan-{slug(f'{analysis.model}-{figure.name}')}-{str(digest)[:SHOWN]}",
        "dataset",
        printable(f"{title}: {formula_text(figure)}"),
        shown("analyze", [argument], figures=[figure.name], at=at, setting=figure.setting),
        tuple(_facts(figure, valued=bool(at))),
        (figure.setting.describe(),),
        digest,
    )


def _facts(figure: Figure, *, valued: bool) -> list[str]:
    if figure.formula is None:
        return []
    facts = [f"Counted in {figure.unit}, {figure.grade} for {domain_of(figure)}"]
    if valued:
        told = [(at_text(v.at), number_text(v.derived)) for v in figure.values]
        facts += [f"At {at}: {value or 'outside the domain'}" for at, value in told]
    return facts


def table_citation(
    comparison: Comparison,
    arguments: Sequence[str],
    figures: Sequence[str],
    at: Sequence[Mapping[str, int]],
    setting: Setting,
) -> Citation:
    """Return the citation of a comparison: the table that its command prints."""
    from ..analysis.digests import comparison_digest
    from ..analysis.figures import COMPARED, TITLES

    digest = comparison_digest(comparison, at)
    names = [a.model for a in comparison.analyses]
    counts = comparison.counts()
    cells, none = comparison.cells, sum(f.formula is None for f in comparison.cells)
    usual = tuple(figures) == COMPARED
    what = "all figures" if usual else _listed([TITLES[f] for f in figures])
    told = f"{len(cells)} cells: {counts['proved']} proved, {counts['fitted']} fitted"
    return Citation(
        f"workspan-{slug('-'.join(names[:3]))}-{str(digest)[:SHOWN]}",
        "dataset",
        _capital(f"{what} of {_listed(names)}"),
        shown("compare", arguments, figures=() if usual else figures, at=at, setting=setting),
        (f"{told}, {none} without a formula" if none else told,),
        (setting.describe(),),
        digest,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(names: Sequence[str]) -> str:
    told = [printable(name) for name in names]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def claim_citation(name: str) -> Citation:
    """Return the citation of one claim, with the work that makes it.

    Raises
    ------
    ClaimError
        If there is no such claim.
    """
    from ..analysis.claims import claim_of
    from ..analysis.claims.record import BUILT_IN, read_record

    return _checked(claim_of(name), read_record(BUILT_IN))


def _checked(claim: Claim, record: Mapping[str, Entry]) -> Citation:
    """Return the citation of a claim with what is on record of it."""
    from ..analysis.digests import claim_digest
    from .claim_pages import settings_told

    entry, settings = record.get(claim.id), settings_told(claim)
    return row(claim, entry, settings, claim_digest(claim, entry, settings))


def row(
    claim: Claim,
    entry: Entry | None,
    settings: tuple[str, ...] = (),
    digest: Digest | None = None,
) -> Citation:
    """Return the citation of the row that was checked."""
    from ..analysis.claims.sources import cited, sources

    found = NONE if entry is None else entry.verdict
    about = f"About: {cited(claim.source, claim.where)}"
    if claim.transcription == "recall":
        about += " (citation not verified)"
    return Citation(
        f"workspan-{claim.id}",
        "entry",
        f"Claim {claim.id}: {claim.statement}",
        f"claims/{claim.id}.md",
        (f"Verdict: {found}", about),
        settings,
        digest,
        sources().get(claim.source),
    )


def bibliography() -> str:
    """Return all sources and all rows as one file."""
    from ..analysis.claims import literature
    from ..analysis.claims.record import BUILT_IN, read_record
    from ..analysis.claims.sources import sources
    from .citation_formats import bibtex_row

    record = read_record(BUILT_IN)
    entries = [source.bibtex for source in sources().values()]
    entries += [bibtex_row(_checked(claim, record)) for claim in literature()]
    return "\n".join(entries)
