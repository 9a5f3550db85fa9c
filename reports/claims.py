"""The catalogue of claims: a page for each, an index by family, and one BibTeX file.

Verdicts come from the record, which ``workspan check`` computes; derivations are made anew, with all
of their steps. A page is named after its claim alone, so that a link stays good wherever the claim
is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .citing import NONE, bibliography
from .claim_pages import claim_page, file_of
from .markup import markdown_escape

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.claims.record import Entry

ORDER = ("proved", "confirmed", "conditional", "refuted", "out of reach", NONE)
INDEX = "README.md"


def catalogue_texts(tell: Callable[[str], None] | None = None) -> dict[str, str]:
    """Return the files of the catalogue by name."""
    from ..analysis.claims import FAMILIES, of_family
    from ..analysis.claims.record import BUILT_IN, read_record

    record = read_record(BUILT_IN)
    families = {family: of_family(family) for family in FAMILIES}
    texts = {INDEX: index(families, record)}
    for family, claims in families.items():
        if tell is not None:
            tell(f"deriving {family}")
        texts |= {file_of(c): claim_page(c, record.get(c.id)) for c in claims}
    return {**texts, "claims.bib": bibliography()}


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
        lines.append(f"| [{family}](#{family}) | {len(claims)} | {cells} |")
    for family, claims in families.items():
        lines += ["", f'<a id="{family}"></a>', "", f"## {family.replace('-', ' ').capitalize()}"]
        lines += [
            "",
            *(
                f"- [{c.id}]({file_of(c)}): {markdown_escape(c.statement)} **{_found(c, record)}**"
                for c in claims
            ),
        ]
    return "\n".join(lines) + "\n"


def _found(claim: Claim, record: Mapping[str, Entry]) -> str:
    return record[claim.id].verdict if claim.id in record else NONE
