"""Tables for terminals: one block for each figure, one line for each model."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..experiment_summary import SUMMARY, summary_rows
from .duels import duels_of
from .sheet import (
    Row,
    Sheet,
    at_text,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    formula_text,
    growth_text,
    number_text,
    sheet_of,
    short_marks,
    source_text,
    taken,
)

if TYPE_CHECKING:
    from ...analysis.experiments.judging import Outcome
    from ...analysis.figures import Analysis, Comparison, Crossover, Figure, Verdict

Printer: TypeAlias = Callable[[Console], None]
WIDTH = 100
_VERDICTS = {
    "proved": "green",
    "confirmed": "green",
    "conditional": "yellow",
    "refuted": "bold red",
    "out of reach": "yellow",
}


def console(width: int | None = None) -> Console:
    """Return a console on standard output, as wide as the terminal, or as tables need."""
    plain = Console(highlight=False, soft_wrap=False)
    if width is None and not plain.is_terminal:
        width = WIDTH
    return Console(highlight=False, width=width) if width else plain


def text_of(printer: Printer, width: int = WIDTH) -> str:
    """Return what a printer prints, without colours."""
    stream = io.StringIO()
    printer(Console(file=stream, width=width, highlight=False, color_system=None))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def analyses_printer(analyses: Sequence[Analysis], *, values: bool = False) -> Printer:
    """Print the figures of some models, and with ``values`` what each witness said at each size."""

    def show(out: Console) -> None:
        sheet = sheet_of(analyses)
        _blocks(out, sheet)
        if values:
            out.print()
            out.print(_values(analyses))
        _legend(out, sheet)

    return show


def comparison_printer(comparison: Comparison) -> Printer:
    """Print the comparison table, and under it who is cheaper where."""

    def show(out: Console) -> None:
        sheet = comparison_sheet(comparison)
        _blocks(out, sheet)
        if comparison.crossovers:
            _crossovers(out, comparison.crossovers)
        _legend(out, sheet)
        out.print(Text(f"{counts_text(sheet)}."))

    return show


def verdicts_printer(verdicts: Sequence[Verdict], *, evidence: bool = False) -> Printer:
    """Print checked claims, with ``evidence`` all that was derived, measured and run for them."""

    def show(out: Console) -> None:
        for verdict in verdicts:
            head = Text(f"{verdict.verdict}: ", style=_VERDICTS.get(verdict.verdict, ""))
            out.print(head + Text(f"{verdict.claim}: {verdict.statement}", style="default"))
            more = verdict.evidence if evidence else ()
            instead = verdict.corrected and f"instead: {verdict.corrected}"
            source = verdict.source and f"source: {source_text(verdict)}"
            for line in (verdict.reason, instead, *more, source):
                if line:
                    out.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
            out.print()
        counts = Counter(v.verdict for v in verdicts)
        told = ", ".join(f"{counts[name]} {name}" for name in _VERDICTS if counts[name])
        out.print(Text(f"{len(verdicts)} claims: {told}."))

    return show


def report_printer(
    comparison: Comparison, verdicts: Sequence[Verdict], experiments: Sequence[Outcome] = ()
) -> Printer:
    """Print the comparison, and under it claims and experiments if there are any."""

    def show(out: Console) -> None:
        comparison_printer(comparison)(out)
        if verdicts:
            out.print()
            out.print(Text("Claims", style="bold"))
            verdicts_printer(verdicts)(out)
        if experiments:
            out.print()
            out.print(_experiments(experiments))

    return show


def _experiments(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Experiments", title_justify="left", box=box.SIMPLE_HEAD)
    for name in SUMMARY:
        table.add_column(name, overflow="fold")
    for row in summary_rows(outcomes):
        table.add_row(*map(Text, row))
    return table


def _blocks(out: Console, sheet: Sheet) -> None:
    names = max((len(m) for m in sheet.models), default=0)
    for row in sheet.rows:
        domain = f", for {row.domain}" if row.domain else ""
        unit = f" ({row.unit})" if row.unit else ""
        out.print()
        out.print(Text.assemble((f"{row.title}{unit}", "bold"), (domain, "dim")))
        out.print(_block(row, sheet.models, min(names, 26), out.width))


def _block(row: Row, models: Sequence[str], names: int, width: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    marked, growth = 13, 22
    grid.add_column(width=names + 2, overflow="fold")
    grid.add_column(width=max(width - names - marked - growth - 8, 20), overflow="fold")
    grid.add_column(width=growth, overflow="fold")
    grid.add_column(width=marked, overflow="fold")
    for model, figure in zip(models, row.cells, strict=True):
        if figure is not None:
            grid.add_row(*_line(model, figure, row.domain))
    return grid


def _line(model: str, figure: Figure, common: str) -> tuple[Text, Text, Text, Text]:
    body = Text(formula_text(figure), style="" if figure.formula is not None else "dim")
    if figure.formula is not None and domain_of(figure) != common:
        body.append(f"  for {domain_of(figure)}", style="dim")
    for line in disagreements(figure):
        body.append(f"\n{line}", style="bold red")
    style = (
        "bold red" if figure.agree is False else "green" if figure.grade == "proved" else "yellow"
    )
    return (
        Text("  " + model),
        body,
        Text(growth_text(figure)),
        Text(short_marks(figure), style=style),
    )


def _legend(out: Console, sheet: Sheet) -> None:
    out.print()
    out.print(Text(f"Sizes are whole numbers of at least 1. Setting: {sheet.setting}."))
    out.print(
        Text(
            "proved, fitted: the grade of the formula; m=, r=: measured on the unrolled graph, "
            "run as plain code, both equal to the formula; !=: they disagree.",
            style="dim",
        )
    )


def _values(analyses: Sequence[Analysis]) -> Table:
    table = Table(title="At the sizes given", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("model", "figure", "sizes"):
        table.add_column(name, overflow="fold")
    for name in ("derived", "measured", "run"):
        table.add_column(name, justify="right", overflow="fold")
    for analysis in analyses:
        for figure in analysis.figures.values():
            for value in taken(figure):
                numbers = [
                    number_text(v) or "-" for v in (value.derived, value.measured, value.run)
                ]
                style = "bold red" if value.agree is False else ""
                cells = [
                    Text(c) for c in (analysis.model, figure.title, at_text(value.at), *numbers)
                ]
                table.add_row(*cells, style=style)
    return table


def _crossovers(out: Console, crossovers: Sequence[Crossover]) -> None:
    for duels in duels_of(crossovers):
        out.print()
        out.print(Text(f"Who is cheaper where: less {duels.figure}, counting", style="bold"))
        if duels.rows:
            table = Table(box=box.SIMPLE_HEAD)
            table.add_column("less", no_wrap=True)
            table.add_column("than", no_wrap=True)
            for counted in duels.counted:
                table.add_column(f"{counted}: exactly when", overflow="fold")
            for left, right, conditions in duels.rows:
                table.add_row(*(Text(t) for t in (left, right, *conditions)))
            out.print(table)
        for sentence in duels.sentences:
            out.print(Text(sentence))
