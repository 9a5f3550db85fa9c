"""What running a model confirmed, as text, Markdown and JSON: disagreements first.

Lines that differ in nothing but their sizes share a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.confirming.confirmation import VERDICTS, Confirmation, Line, Skipped
from .notation.markup import code, markdown_escape
from .tables.records import SCHEMA, figure_record, plain
from .tables.sheet import at_text, number_text

if TYPE_CHECKING:
    from rich.console import Console

    from ..analysis.figures import Figure
    from .tables.text import Printer

SIGNS = {"differs": "!=", "equal": "=", "within": "~", "noted": "*", "unheld": "?", "shown": ""}
LEGEND = (
    "= equal to the derived number; ~ within the tolerance; * another convention, which the note "
    "names; ? no derivation; != differs."
)
STYLES = {"differs": "bold red", "equal": "green", "within": "green", "shown": ""}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one figure by one engine, at all sizes."""

    figure: str
    part: str
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> str:
        """The one that asks for most attention."""
        found = {line.verdict for line in self.lines}
        return next(
            v for v in ("differs", "unheld", "noted", "within", "equal", "shown") if v in found
        )

    @property
    def formula(self) -> str:
        """The derived formula, where there is one."""
        formula = self.lines[0].formula
        return "" if formula is None else str(formula)

    @property
    def numbers(self) -> str:
        """What ran, size by size."""
        return ", ".join(f"{run_text(x)} {SIGNS[x.verdict]}".strip() for x in self.lines)

    @property
    def note(self) -> str:
        """What the lines that are not simply equal say of themselves."""
        notes = (line.note for line in self.lines if line.verdict != "equal")
        return "; ".join(dict.fromkeys(note for note in notes if note))


def rows(found: Confirmation) -> Iterator[tuple[str, list[Row]]]:
    """Yield what ran, and its rows."""
    for source in found.sources:
        grouped: dict[tuple[str, str], list[Line]] = {}
        for line in found.lines:
            if line.source == source:
                key = (line.seen.figure, line.seen.part)
                grouped.setdefault(key, []).append(line)
        yield (
            str(source),
            [
                Row(figure, part, tuple(sorted(lines, key=lambda x: sorted(x.seen.at.items()))))
                for (figure, part), lines in grouped.items()
            ],
        )


def run_text(line: Line) -> str:
    """Return what ran, for reading."""
    return _text(line, line.seen.value)


def derived_text(line: Line) -> str:
    """Return what was derived, for reading."""
    return "nothing" if line.derived is None else _text(line, line.derived)


def _text(line: Line, value: Any) -> str:
    if line.seen.figure == "dependence":
        return f"{int(value).bit_count():,} pairs"
    return number_text(value)


def disagreement(model: str, line: Line) -> str:
    """Return one line that says what differs, and who said so."""
    part = f" {line.seen.part}" if line.seen.part else ""
    formula = f" = {line.formula}" if line.formula is not None else ""
    note = f"; {line.note}" if line.note else ""
    return (
        f"{model}: {line.seen.figure}{part} at {at_text(line.seen.at)}: "
        f"derived {derived_text(line)}{formula}, run {run_text(line)} by {line.source}{note}"
    )


def skipped_text(model: str, skipped: Skipped) -> str:
    """Return one line that says what was not observed, and why."""
    what = f" {skipped.figure} at {at_text(skipped.at)}" if skipped.figure else ""
    by = f" by {skipped.engine}:" if skipped.figure else ""
    return f"{model}:{what}{by} {skipped.reason}"


def summary(found: Confirmation) -> str:
    """Say how many numbers have which verdict."""
    counts = found.counts()
    told = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    return f"{len(found.lines)} numbers{': ' + told if told else ''}"


def confirmations_printer(confirmed: Sequence[Confirmation]) -> Printer:
    """Print disagreements and failures, then every model's rows."""
    from rich.text import Text

    def show(out: Console) -> None:
        for text in _loud(confirmed):
            out.print(Text(text, style="bold red"))
        for found in confirmed:
            out.print()
            out.print(Text.assemble((found.model, "bold"), f"  {summary(found)}"))
            for source, listed in rows(found):
                places = list(dict.fromkeys(at_text(x.seen.at) for r in listed for x in r.lines))
                out.print(Text(f"{source}, at {' and at '.join(places)}", style="dim"))
                out.print(_table(listed))
            for skipped in found.skipped:
                if not skipped.failed:
                    out.print(Text(skipped_text(found.model, skipped), style="dim"))
        out.print()
        out.print(Text(LEGEND, style="dim"))

    return show


def _loud(confirmed: Sequence[Confirmation]) -> Iterator[str]:
    for found in confirmed:
        for line in found.disagreements:
            yield f"DIFFERS {disagreement(found.model, line)}"
    for found in confirmed:
        for skipped in found.skipped:
            if skipped.failed:
                yield f"FAILED {skipped_text(found.model, skipped)}"


def _table(listed: Sequence[Row]) -> Any:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(4):
        grid.add_column(overflow="fold")
    for row in listed:
        style = STYLES.get(row.verdict, "yellow")
        formula = Text(row.formula)
        if row.note:
            formula.append(f"{'  ' if row.formula else ''}{row.note}", style="dim")
        grid.add_row(
            Text(f"  {row.figure}"), Text(row.part), Text(row.numbers, style=style), formula
        )
    return grid


def confirmations_markdown(confirmed: Sequence[Confirmation]) -> str:
    """Return the same as Markdown."""
    parts = [f"- **{markdown_escape(text)}**\n" for text in _loud(confirmed)]
    for found in confirmed:
        parts.append(f"\n### {markdown_escape(found.model)}\n\n{summary(found)}.\n")
        for source, listed in rows(found):
            parts.append(
                f"\n{markdown_escape(source)}:\n\n"
                "| figure | line | run | derived | note |\n| --- | --- | --- | --- | --- |\n"
            )
            parts += [
                f"| {row.figure} | {markdown_escape(row.part)} | {markdown_escape(row.numbers)} "
                f"| {code(row.formula) if row.formula else ''} | {markdown_escape(row.note)} |\n"
                for row in listed
            ]
        quiet = [skipped_text(found.model, s) for s in found.skipped if not s.failed]
        parts += [f"\n{markdown_escape(text)}\n" for text in quiet]
    return "".join(parts).lstrip("\n") + f"\n{markdown_escape(LEGEND)}\n"


def confirmations_record(confirmed: Sequence[Confirmation]) -> dict[str, Any]:
    """Return the record of `analyze`, with what ran in its values, and every line."""
    return {
        "schema": SCHEMA,
        "agree": all(found.agree for found in confirmed),
        "models": [_record(found) for found in confirmed],
    }


def _record(found: Confirmation) -> dict[str, Any]:
    from ..graphs.setting import Setting

    setting = Setting()
    return {
        "model": found.model,
        "agree": found.agree,
        "setting": setting.as_dict(),
        "figures": {
            name: {
                **figure_record(figure),
                "values": [
                    _value(x, figure) for x in found.lines if _is_whole(x, name, setting.unit)
                ],
                "agree": all(x.verdict != "differs" for x in found.lines if x.seen.figure == name),
            }
            for name, figure in (found.figures or {}).items()
        },
        "lines": [_line(line) for line in found.lines],
        "skipped": [
            {
                "engine": s.engine,
                "figure": s.figure,
                "at": plain(s.at),
                "reason": s.reason,
                "failed": s.failed,
            }
            for s in found.skipped
        ],
    }


def _is_whole(line: Line, name: str, unit: str) -> bool:
    """Whether a line is the figure itself, in the default setting and by its conventions."""
    itself = line.seen.figure == name and line.seen.part in {"", "dense", unit}
    return itself and line.verdict != "noted"


def _value(line: Line, figure: Figure) -> dict[str, Any]:
    """Put what ran beside what was measured at the same sizes."""
    measured = (v.measured for v in figure.values if v.at.items() <= line.seen.at.items())
    return {
        "at": plain(line.seen.at),
        "derived": plain(line.derived),
        "measured": plain(next(measured, None)),
        "run": plain(line.seen.value),
        "source": _source(line),
    }


def _line(line: Line) -> dict[str, Any]:
    pairs = line.seen.figure == "dependence"
    tolerance = line.seen.tolerance
    return {
        "figure": line.seen.figure,
        "line": line.seen.part,
        "at": plain(line.seen.at),
        "derived": _counted(line.derived, pairs),
        "run": _counted(line.seen.value, pairs),
        "verdict": line.verdict,
        "tolerance": None if math.isinf(tolerance) else tolerance,
        "formula": None if line.formula is None else str(line.formula),
        "note": line.note,
        "kept": line.kept,
        "source": _source(line),
    }


def _counted(value: Any, pairs: bool) -> Any:
    return int(value).bit_count() if pairs and value is not None else plain(value)


def _source(line: Line) -> Mapping[str, str]:
    source = line.source
    return {
        "library": source.library,
        "version": source.version,
        "subject": source.subject,
        "device": source.device,
    }
