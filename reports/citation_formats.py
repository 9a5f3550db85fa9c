r"""Citations as BibTeX, as CSL-JSON and as plain text.

>>> untex(r"Kaiser, {\L}ukasz and Fran{\c{c}}ois, {R}{\'e}mi")
'Kaiser, Łukasz and François, Rémi'
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from .citing import AUTHOR, Citation

if TYPE_CHECKING:
    from ..analysis.claims.sources import Source

ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "c": "\u0327",
}
"""What TeX writes before a letter, as the character that Unicode writes after it."""
LETTERS = {"L": "Ł", "l": "ł", "O": "Ø", "o": "ø", "ss": "ß", "ae": "æ", "AE": "Æ", "i": "ı"}
ACCENTED = re.compile(r"\\([`'^~=.\"]|[uvrHc](?=[{\s]))\s*(?:\{(\w)\}|(\w))")
LETTER = re.compile(r"\\([A-Za-z]+)\s*")
KINDS = {
    "article": "article-journal",
    "book": "book",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "misc": "article",
    "techreport": "report",
}
"""What CSL calls the kinds of BibTeX entries; a document if it has no such kind."""
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
        lines.insert(0, f"{untex(citation.source.short)}.")
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


def untex(text: str) -> str:
    """Return text of a BibTeX field in Unicode: accents and special letters, without braces."""
    text = ACCENTED.sub(lambda m: (m[2] or m[3]) + ACCENTS[m[1]], text)
    text = LETTER.sub(lambda m: LETTERS.get(m[1], m[0]), text)
    return unicodedata.normalize("NFC", re.sub(r"(?<!\\)[{}]", "", text)).replace("\\", "")


def _bibtex(text: str) -> str:
    """Escape what BibTeX would read as its own."""
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c, f"\\{c}" if c in "%&_#${}" else c) for c in text)


FORMATS = {"bibtex": bibtex, "csl": csl, "text": plain}
"""By name, as the command line has them."""
