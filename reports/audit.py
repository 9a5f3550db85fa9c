"""The audit of public counters as text, Markdown and JSON: a row for each model and counter.

A row shows, length by length, what a counter prints as a multiple of the derived contractions, and
why, at the last of its sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.auditing.audit import Audit, Row
from .notation.markup import code, markdown_escape
from .tables.records import SCHEMA, plain
from .tables.sheet import at_text, number_text

if TYPE_CHECKING:
    from rich.console import Console

    from .tables.text import Printer

LEGEND = (
    "Numbers: what a counter prints over the derived contractions (a multiply-add is two). "
    "=: the reason closes the difference exactly; ~: it leaves other operations, which the counter "
    "does not tell apart; !: it failed, or nothing explains it. Reasons are those at the last sizes."
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one counter says of one model, at all sizes."""

    counter: str
    rows: tuple[Row, ...]

    @property
    def sign(self) -> str:
        """How far the reasons go."""
        if any(row.value is None or "unexplained" in row.reason for row in self.rows):
            return "!"
        return "=" if all(row.explained for row in self.rows) else "~"

    @property
    def ratios(self) -> tuple[str, ...]:
        """The printed number over the derived one, size by size."""
        return tuple(ratio_text(row) for row in self.rows)

    @property
    def reason(self) -> str:
        """Why, at the last sizes."""
        return self.rows[-1].reason


def ratio_text(row: Row) -> str:
    """Return a ratio for reading: 1 only if it is one, 0 only if it is none."""
    if row.ratio is None:
        return "-" if row.value is None else number_text(row.value)
    if row.ratio.denominator == 1:
        return str(row.ratio)
    text = f"{float(row.ratio):.3f}"
    return f"{float(row.ratio):.5f}" if text in {"0.000", "1.000"} else text


def lines(found: Audit) -> Iterator[tuple[str, list[Row], list[Line]]]:
    """Yield each model with one row for each of its sizes, and its lines."""
    for model in dict.fromkeys(row.model for row in found.rows):
        own = [row for row in found.rows if row.model == model]
        by_counter: dict[str, list[Row]] = {}
        for row in own:
            by_counter.setdefault(row.counter, []).append(row)
        sizes = {at_text(row.at): row for row in own}
        listed = [Line(name, tuple(rows)) for name, rows in by_counter.items()]
        yield model, list(sizes.values()), listed


def audit_printer(found: Audit) -> Printer:
    """Print a block for each model."""
    from rich.table import Table
    from rich.text import Text

    def show(out: Console) -> None:
        for model, sizes, listed in lines(found):
            out.print(Text.assemble((model, "bold"), f"  {sizes[0].subject}"))
            out.print(Text(f"contractions {found.formulas[model]}", style="dim"))
            grid = Table.grid(padding=(0, 2, 0, 0))
            for _ in range(len(sizes) + 2):
                grid.add_column(overflow="fold")
            grid.add_row(Text("  n"), *(Text(str(row.at["n"])) for row in sizes))
            for line in listed:
                style = {"=": "green", "~": "yellow"}.get(line.sign, "bold red")
                reason = Text(f"{line.sign} {line.reason}".strip(), style=style)
                grid.add_row(Text(f"  {line.counter}"), *map(Text, line.ratios), reason)
            out.print(grid)
            out.print()
        out.print(Text(LEGEND, style="dim"))
        for note in (_present(found), _missing(found)):
            if note:
                out.print(Text(note, style="dim"))

    return show


def audit_markdown(found: Audit) -> str:
    """Return the same as Markdown."""
    parts = []
    for model, sizes, listed in lines(found):
        shared = {s: v for s, v in sizes[0].at.items() if s != "n"}
        head = " | ".join(f"n={row.at['n']}" for row in sizes)
        parts.append(
            f"### {markdown_escape(model)}\n\n"
            f"{code(sizes[0].subject)} at {markdown_escape(at_text(shared))}: contractions "
            f"{code(str(found.formulas[model]))}.\n\n"
            f"| counter | {head} | | reason |\n"
            f"| --- | {' | '.join('---:' for _ in sizes)} | --- | --- |\n"
        )
        parts += [
            f"| {markdown_escape(line.counter)} | {' | '.join(line.ratios)} | {line.sign} "
            f"| {markdown_escape(line.reason)} |\n"
            for line in listed
        ]
        parts.append("\n")
    notes = [note for note in (LEGEND, _present(found), _missing(found)) if note]
    return "".join(parts) + "\n".join(markdown_escape(note) for note in notes) + "\n"


def _present(found: Audit) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found.counters.items())
    return f"Counters: {versions}." if versions else ""


def _missing(found: Audit) -> str:
    names = ", ".join(found.missing)
    return f"Not installed: {names}." if names else ""


def audit_record(found: Audit) -> dict[str, Any]:
    """Return every row for programs."""
    return {
        "schema": SCHEMA,
        "counters": dict(found.counters),
        "missing": list(found.missing),
        "models": [
            {"model": model, "contractions": str(formula)}
            for model, formula in found.formulas.items()
        ],
        "rows": [_record(row) for row in found.rows],
    }


def _record(row: Row) -> Mapping[str, Any]:
    return {
        "model": row.model,
        "subject": row.subject,
        "at": plain(row.at),
        "derived": row.derived,
        "counter": row.counter,
        "version": row.version,
        "value": row.value,
        "ratio": None if row.ratio is None else float(row.ratio),
        "reason": row.reason,
        "explained": row.explained,
    }


def audited(
    models: Sequence[str],
    at: Sequence[Mapping[str, int]] = (),
    counters: Sequence[str] = (),
) -> Audit:
    """Compare derived contractions with public counters, telling how far it is.

    Raises
    ------
    OptionError
        If torch is not installed, or a model, a size or a counter does not exist.
    """
    from ..analysis.auditing.audit import audit
    from ..analysis.runs.errors import RunError
    from .commands.options import OptionError
    from .commands.progress import progress

    try:
        with progress("auditing counters") as tell:
            return audit(models, at=at, counters=counters, progress=tell)
    except RunError as error:
        raise OptionError(str(error)) from error
