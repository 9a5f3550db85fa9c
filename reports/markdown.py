"""Markdown: pipe tables that render on code hosts; formulas are code spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .duels import duels_of
from .markup import code, markdown_escape
from .sheet import (
    Row,
    Sheet,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    growth_text,
    marks,
    reason_text,
    sheet_of,
    source_text,
)

if TYPE_CHECKING:
    from ..analysis.figures import Analysis, Comparison, Crossover, Figure, Verdict

NOTE = "Sizes are whole numbers of at least 1."


def analyses_markdown(analyses: Sequence[Analysis]) -> str:
    """Return the figures of some models."""
    return _sheet(sheet_of(analyses))


def comparison_markdown(comparison: Comparison, verdicts: Sequence[Verdict] = ()) -> str:
    """Return the comparison, who is cheaper where, and checked claims if there are any."""
    sheet = comparison_sheet(comparison)
    parts = [_sheet(sheet)]
    if comparison.crossovers:
        parts.append(f"## Who is cheaper where\n\n{_crossovers(comparison.crossovers)}")
    if verdicts:
        parts.append(f"## Claims\n\n{verdicts_markdown(verdicts)}")
    parts.append(counts_text(sheet) + ".\n")
    return "\n".join(parts)


def verdicts_markdown(verdicts: Sequence[Verdict]) -> str:
    """Return checked claims as a table."""
    rows = [
        tuple(
            markdown_escape(t)
            for t in (v.claim, v.statement, v.verdict, reason_text(v), source_text(v))
        )
        for v in verdicts
    ]
    return pipe_table(("claim", "statement", "verdict", "reason", "source"), rows)


def figure_markdown(figure: Figure) -> str:
    """Return one figure as a line."""
    title, told = markdown_escape(figure.title), markdown_escape(marks(figure))
    return f"{title}: {_formula(figure, '')}" + (f" ({told})" if told else "")


def _sheet(sheet: Sheet) -> str:
    blocks = [_block(row, sheet.models) for row in sheet.rows]
    return "\n".join([*blocks, f"{NOTE} Setting: {markdown_escape(sheet.setting)}.\n"])


def _block(row: Row, models: Sequence[str]) -> str:
    domain = f", for {code(row.domain)}" if row.domain else ""
    unit = f" ({markdown_escape(row.unit)})" if row.unit else ""
    rows = [
        (
            markdown_escape(model),
            _formula(figure, row.domain),
            _code(growth_text(figure)),
            _marks(figure),
        )
        for model, figure in zip(models, row.cells, strict=True)
        if figure is not None
    ]
    table = pipe_table(("model", "formula", "growth", "grade and witnesses"), rows)
    return f"### {markdown_escape(row.title)}{unit}{domain}\n\n{table}"


def _formula(figure: Figure, common: str) -> str:
    if figure.formula is None:
        return f"none: {markdown_escape(figure.reason)}" if figure.reason else "none"
    text = code(figure.formula)
    if domain_of(figure) != common:
        text += f" for {code(domain_of(figure))}"
    return text


def _marks(figure: Figure) -> str:
    lines = [f"**{markdown_escape(line)}**" for line in disagreements(figure)]
    return "<br>".join([markdown_escape(marks(figure)), *lines])


def _crossovers(crossovers: Sequence[Crossover]) -> str:
    parts = []
    for duels in duels_of(crossovers):
        header = ("less", "than", *(markdown_escape(f"{c}: exactly when") for c in duels.counted))
        rows = [
            (markdown_escape(left), markdown_escape(right), *(_code(c) for c in conditions))
            for left, right, conditions in duels.rows
        ]
        parts.append(f"Less {markdown_escape(duels.figure)}:\n")
        parts += [pipe_table(header, rows)] if rows else []
        parts += [f"- {markdown_escape(sentence)}" for sentence in duels.sentences]
    return "\n".join(parts) + "\n"


def _code(text: str) -> str:
    return code(text) if text else ""


def pipe_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a pipe table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
