"""Tables for papers: what LaTeX and Typst share, each writing it in its own notation.

A table has a part for each figure, with a row for each model; it runs over as many pages as it
needs, and everything in it can break into lines, so that nothing is wider than the page.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..experiment_summary import SUMMARY, summary_rows
from ..notation.markup import breakable, printable
from .duels import FIXED, duels_of
from .sheet import (
    Row,
    Sheet,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    reason_text,
    sheet_of,
    short_marks,
    source_text,
)

if TYPE_CHECKING:
    from ...analysis.experiments.judging import Outcome
    from ...analysis.figures import Analysis, Comparison, Crossover, Figure, Verdict

LEGEND = (
    "proved: a certificate was verified; fitted: interpolated, and checked at other sizes; "
    "m, r: measured on the unrolled graph, run as plain code; "
    "=: equal to the formula, !=: they disagree. Sizes are whole numbers of at least 1."
)
NARROWEST, WIDEST = 12, 36
"""Letters of a column, at least and at most, when lines are shared out by what cells hold."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document, as it is written."""

    title: str
    """Plain text; a fragment does without it."""
    body: str
    note: str = ""
    """What the body means: under a table that stands alone, before it in a document."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table under a heading of their own, all as they are written."""

    cells: tuple[tuple[str, ...], ...]
    heading: str = ""


class Typesetter(ABC):
    """One notation: how it writes words, formulas and tables; the rest follows."""

    comment: ClassVar[str]
    """How a line begins that is no text."""
    needs: ClassVar[str]
    """What a document must have to take a fragment, in one line."""
    include: ClassVar[str]
    """How a document takes a fragment."""
    soft: ClassVar[str]
    """What is written where a word may break."""

    def cell(self, figure: Figure, common: str = "") -> str:
        """Return a formula, and the sizes for which it holds if they are not the common ones."""
        if figure.formula is None:
            return self.text(f"none: {figure.reason}" if figure.reason else "none")
        formula = self.math(str(figure.formula))
        told = domain_of(figure)
        return formula if told in {common, "all sizes"} else f"{formula} for {self.math(told)}"

    def text(self, text: str) -> str:
        """Write text whose words may break."""
        return self.soft.join(map(self.words, breakable(text)))

    def analyses(self, analyses: Sequence[Analysis]) -> list[Section]:
        """Return the figures of some models."""
        sheet = sheet_of(analyses)
        return [Section("Figures", self.figures(sheet), self.note(sheet))]

    def comparison(
        self,
        comparison: Comparison,
        verdicts: Sequence[Verdict] = (),
        experiments: Sequence[Outcome] = (),
    ) -> list[Section]:
        """Return the comparison, who is cheaper where, claims and experiments."""
        sheet = comparison_sheet(comparison)
        found = [Section("Figures", self.figures(sheet), self.note(sheet))]
        if comparison.crossovers:
            found.append(Section("Who is cheaper where", self.crossovers(comparison.crossovers)))
        if verdicts:
            found.append(Section("Claims", self.verdicts(verdicts)))
        if experiments:
            rows = tuple(tuple(map(self.text, row)) for row in summary_rows(experiments))
            table = self.table(SUMMARY, [Rows(rows)], (0.27, 0.39, 0.34), apart=True)
            found.append(Section("Experiments", table))
        return found

    def figures(self, sheet: Sheet) -> str:
        """Return the table of a sheet: a part for each figure, a row for each model."""
        parts = [Rows(tuple(self._lines(row, sheet)), self._heading(row)) for row in sheet.rows]
        header = ("model", "formula", "growth", "witnesses")
        return self.table(header, parts, (0.25, 0.39, 0.22, 0.14))

    def note(self, sheet: Sheet) -> str:
        """Say how many cells are proved, what marks mean, and in which setting all of it is."""
        notes = (f"{counts_text(sheet)}.", LEGEND, f"Setting: {sheet.setting}.")
        return self.paragraph([" ".join(map(self.words, notes))])

    def _heading(self, row: Row) -> str:
        unit = f" ({self.words(row.unit)})" if row.unit else ""
        domain = f", for {self.math(row.domain)}" if row.domain not in {"", "all sizes"} else ""
        return f"{self.strong(self.text(row.title))}{unit}{domain}"

    def _lines(self, row: Row, sheet: Sheet) -> Iterable[tuple[str, ...]]:
        for model, figure in zip(sheet.models, row.cells, strict=True):
            if figure is None:
                continue
            known = figure.theta and figure.formula is not None
            growth = self.theta(figure.theta) if known else ""
            marks = [self.words(short_marks(figure)), *map(self.alarm, disagreements(figure))]
            yield self.text(model), self.cell(figure, row.domain), growth, " ".join(marks)

    def crossovers(self, crossovers: Sequence[Crossover]) -> str:
        """Return who is cheaper where: a table for each figure, and what holds at all sizes."""
        parts = []
        for duels in duels_of(crossovers):
            header = ("less", "than", *(f"{c}: exactly when" for c in duels.counted))
            rows = [(left, right, *conditions) for left, right, conditions in duels.rows]
            written = tuple(
                (*map(self.text, row[:2]), *(self._condition(c) for c in row[2:])) for row in rows
            )
            parts.append(self.lead(f"Less {duels.figure}"))
            if rows:
                parts.append(self.table(header, [Rows(written)], shares_of(rows)))
            if duels.sentences:
                parts.append(self.paragraph([self.text(s) for s in duels.sentences]))
        return "\n".join(parts)

    def _condition(self, text: str) -> str:
        return self.words(text) if text in FIXED or not text else self.math(text)

    def verdicts(self, verdicts: Sequence[Verdict]) -> str:
        """Return checked claims as a table."""
        rows = tuple(
            (
                self.text(v.statement),
                self.words(v.verdict),
                self.text(reason_text(v)),
                self.text(source_text(v)),
            )
            for v in verdicts
        )
        header = ("claim", "verdict", "why", "source")
        return self.table(header, [Rows(rows)], (0.26, 0.13, 0.41, 0.2), apart=True)

    def fragment(self, sections: Sequence[Section], about: str, file: str) -> str:
        """Return sections as a file that a document takes in, with what it needs in comments."""
        told = (about, f"In a document: {self.include.format(file=file)}", self.needs)
        head = "".join(f"{self.comment} {printable(line)}\n" for line in told)
        return head + self.joined(sections)

    def joined(self, sections: Sequence[Section]) -> str:
        """Return sections without their titles."""
        return "\n".join(part for s in sections for part in (s.body, s.note) if part)

    @abstractmethod
    def words(self, text: str) -> str:
        """Escape text."""

    @abstractmethod
    def math(self, text: str) -> str:
        """Write a formula or a condition, within a line."""

    @abstractmethod
    def theta(self, text: str) -> str:
        """Write a class of growth."""

    @abstractmethod
    def strong(self, written: str) -> str:
        """Set something in bold."""

    @abstractmethod
    def alarm(self, text: str) -> str:
        """Write what nobody may overlook."""

    @abstractmethod
    def paragraph(self, lines: Sequence[str]) -> str:
        """Write a paragraph of lines that are written already."""

    @abstractmethod
    def lead(self, text: str) -> str:
        """Write what a table is about, on the page on which it begins."""

    @abstractmethod
    def table(
        self,
        header: Sequence[str],
        parts: Sequence[Rows],
        shares: Sequence[float],
        *,
        apart: bool = False,
    ) -> str:
        """Write a table whose columns have shares of the line; ``apart`` spaces its rows."""

    def titled(self, sections: Sequence[Section]) -> str:
        """Return sections under their titles."""
        parts = ((self.heading(s.title), s.note, s.body) for s in sections)
        return "\n".join(part for section in parts for part in section if part)

    @abstractmethod
    def heading(self, title: str) -> str:
        """Write the title of a section."""

    @abstractmethod
    def document(self, sections: Sequence[Section], title: str) -> str:
        """Return a document that compiles by itself."""


def shares_of(rows: Sequence[Sequence[str]]) -> list[float]:
    """Share a line out among columns by the longest of their cells.

    >>> shares_of([("rnn", "d < w"), ("lstm", "d < " + "w" * 60)])
    [0.25, 0.75]
    """
    longest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    weights = [min(max(n, NARROWEST), WIDEST) for n in longest]
    return [round(w / sum(weights), 3) for w in weights]
