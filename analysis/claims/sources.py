"""Sources: the entries of a BibTeX file, read as data, and how a source is named in a sentence.

>>> (entry,) = parse_sources('''
... @article{shazeer2019fast,
...   author = {Shazeer, Noam},
...   title = {Fast Transformer Decoding},
...   year = {2019},
... }
... ''')
>>> entry.short
'Shazeer 2019, Fast Transformer Decoding'
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from .tex import untex

ENTRY = re.compile(r"@(\w+)\{([\w:-]+),\n(.*?)\n\}\n", re.DOTALL)
FIELD = re.compile(r"  (\w+) = \{(.*)\},")
NAMED = 3
"""More authors than these are the first one *et al.*"""


class SourceError(ValueError):
    """A BibTeX file that cannot be read; the message has the line."""


@dataclass(frozen=True, slots=True)
class Source:
    """One entry."""

    kind: str
    key: str
    fields: Mapping[str, str]

    @property
    def short(self) -> str:
        """Authors, year and title, as they are named in a sentence."""
        authors = untex(self.fields["author"]).split(" and ")
        names = [name.split(",")[0].strip() for name in authors]
        if len(names) > NAMED or names[-1] == "others":
            told = f"{names[0]} et al."
        else:
            told = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"{told} {self.fields['year']}, {untex(self.fields['title'])}"

    @property
    def bibtex(self) -> str:
        """The entry as BibTeX."""
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in self.fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read entries that are written one field to a line.

    Raises
    ------
    SourceError
        If a line belongs to no entry, or an entry has no author, title or year.
    """
    return tuple(_entries(text))


def _entries(text: str) -> Iterator[Source]:
    rest = ENTRY.sub(lambda m: "\n" * m[0].count("\n"), text)
    for number, line in enumerate(rest.splitlines(), start=1):
        if line.strip() and not line.startswith("%"):
            raise SourceError(f"sources.bib:{number}: expected an entry, got {line[:60]!r}")
    for found in ENTRY.finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        fields = {}
        for number, line in enumerate(found[3].splitlines(), start=first + 1):
            parts = FIELD.fullmatch(line)
            if parts is None:
                raise SourceError(
                    f"sources.bib:{number}: expected '  name = {{value}},', got {line[:60]!r}"
                )
            fields[parts[1]] = parts[2]
        missing = {"author", "title", "year"} - set(fields)
        if missing:
            raise SourceError(f"sources.bib:{first}: expected a {min(missing)} of {found[2]}")
        yield Source(found[1], found[2], fields)


@functools.cache
def sources() -> Mapping[str, Source]:
    """Return the sources of the built-in claims by key."""
    text = files("workspan.analysis.claims").joinpath("sources.bib").read_text(encoding="utf-8")
    return {source.key: source for source in parse_sources(text)}


def cited(source: str, where: str = "") -> str:
    """Return how a claim names its source: a key of the file, or a text as it is."""
    known = sources().get(source)
    told = source if known is None else known.short
    return f"{told}, {where}" if where else told
