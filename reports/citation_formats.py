"""Citations as BibTeX, as CSL-JSON and as plain text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..analysis.claims.tex import untex
from .citing import AUTHOR, Citation

if TYPE_CHECKING:
    from ..analysis.claims.sources import Source

KINDS = {
    "article": "article-journal",
    "book": "book",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "misc": "article",
    "techreport": "report",
}
"""What CSL calls the kinds of BibTeX entries; a document if it has no such kind."""
SPECIAL = {c: f"\\{c}" for c in "%&_#$"} | {
    c: f"\\text{name}{{}}"
    for c, name in {
        "\\": "backslash",
        "^": "asciicircum",
        "~": "asciitilde",
        "{": "braceleft",
        "}": "braceright",
        "<": "less",
        ">": "greater",
        "|": "bar",
        "'": "quotesingle",
        "`": "asciigrave",
    }.items()
}
"""What TeX writes for a character that is its own, or that its oldest fonts do not have."""
FIELDS = {"booktitle": "container-title", "journal": "container-title", "institution": "publisher"}


def bibtex(citation: Citation) -> str:
    """Return the entry of the source, if there is one, and the entry of what is cited."""
    own = bibtex_row(citation)
    return own if citation.source is None else f"{citation.source.bibtex}\n{own}"


def bibtex_row(citation: Citation) -> str:
    """Return the entry of what is cited."""
    page = citation.kind == "entry"
    place = citation.place if page else f"\\texttt{{{_bibtex(citation.place)}}}"
    lines = {
        "author": f"{{{AUTHOR}}}",
        "title": f"{{{_bibtex(citation.title)}}}",
        "howpublished": f"workspan {citation.version}, {place}",
        "note": _bibtex(citation.note),
    }
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in lines.items())
    return f"@misc{{{citation.key},\n{fields}}}\n"


def csl(citation: Citation) -> str:
    """Return CSL-JSON: a list of the source, if there is one, and of what is cited."""
    own: dict[str, Any] = {
        "id": citation.key,
        "type": citation.kind,
        "title": citation.title,
        "author": [{"literal": AUTHOR}],
        "container-title": "workspan",
        "version": citation.version,
        "note": citation.note,
        "custom": {"place": citation.place, "setting": list(citation.settings)},
    }
    if citation.digest is not None:
        own["custom"] |= {"digest": str(citation.digest), "digest-of": citation.digest.parts}
    items = [own] if citation.source is None else [_csl_source(citation.source), own]
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def plain(citation: Citation) -> str:
    """Return one line for the source, if there is one, and one for what is cited."""
    title = citation.title.rstrip(".")
    parts = (AUTHOR, title, f"workspan {citation.version}, {citation.place}", citation.note)
    lines = [f"{'. '.join(parts)}."]
    if citation.source is not None:
        lines.insert(0, f"{citation.source.short}.")
    return "\n".join(lines) + "\n"


def _csl_source(source: Source) -> dict[str, Any]:
    own = {k: untex(v) for k, v in source.fields.items()}
    item: dict[str, Any] = {
        "id": source.key,
        "type": KINDS.get(source.kind, "document"),
        "title": own["title"],
        "author": [_name(name) for name in untex(source.fields["author"]).split(" and ")],
    }
    if own["year"].isdigit():
        item["issued"] = {"date-parts": [[int(own["year"])]]}
    item |= {theirs: own[ours] for ours, theirs in FIELDS.items() if ours in own}
    if "eprint" in own:
        item["number"] = own["eprint"]
    return item


def _name(text: str) -> dict[str, str]:
    family, comma, given = (part.strip() for part in text.partition(","))
    return {"family": family, "given": given} if comma else {"literal": family}


def _bibtex(text: str) -> str:
    r"""Escape what BibTeX or TeX would read as its own; braces are counted however they are escaped.

    >>> print(_bibtex("{n} >= 50 %"))
    \textbraceleft{}n\textbraceright{} \textgreater{}= 50 \%
    """
    return "".join(SPECIAL.get(c, c) for c in text)


FORMATS = {"bibtex": bibtex, "csl": csl, "text": plain}
"""By name, as the command line has them."""
