"""Validation, shown: predicted against measured, and which term is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..analysis.machines.quantities import shown
from ..analysis.machines.validating import TERMS, TOLERATED
from .machines import machine_record, table_markdown
from .markup import markdown_escape
from .sheet import at_text

if TYPE_CHECKING:
    from ..analysis.machines.validating import Missing, Point, Validation
    from .text import Printer

HEAD = ("code", "fused", "at", "predicted", "measured", "ratio")


def validation_printer(found: Validation) -> Printer:
    """Print each run with its prediction, the median error, and the missing terms."""

    def show(out: Console) -> None:
        out.print(Text(_title(found), style="bold"))
        table = Table(box=box.SIMPLE_HEAD)
        for name in HEAD:
            right = name in {"predicted", "measured", "ratio"}
            table.add_column(name, justify="right" if right else "left", overflow="fold")
        for point in found.points:
            style = "" if point.error <= TOLERATED else "yellow"
            table.add_row(*(Text(c) for c in _cells(point)), style=style)
        out.print(table)
        for line in _lines(found):
            out.print(Text(line))

    return show


def validation_markdown(found: Validation) -> str:
    """Return each run with its prediction, the median error, and the missing terms."""
    rows = [[markdown_escape(c) for c in _cells(p)] for p in found.points]
    lines = "\n".join(f"- {markdown_escape(line)}" for line in _lines(found))
    sources = "\n".join(f"- {markdown_escape(s)}" for s in found.machine.sources)
    return (
        f"# {markdown_escape(_title(found))}\n\n{lines}\n\n{table_markdown(HEAD, rows)}\n"
        f"The machine's figures:\n\n{sources}\n"
    )


def _title(found: Validation) -> str:
    threads = "one thread" if found.threads == "1" else "all threads"
    where = threads if found.device == "cpu" else found.device
    return f"Predicted and measured on {found.machine.name}: {found.engine}, fp32, {where}"


def _cells(point: Point) -> tuple[str, ...]:
    return (
        point.what,
        point.fused,
        at_text(point.sizes),
        shown(point.predicted, "s"),
        shown(point.measured, "s"),
        f"{point.ratio:.2f}",
    )


def _lines(found: Validation) -> list[str]:
    """Say how far predictions are off, altogether and where a term is missing."""
    within = sum(p.error <= TOLERATED for p in found.points)
    lines = [
        f"Median absolute percentage error: {100 * found.error:.0f} %; {within} of "
        f"{len(found.points)} runs within {100 * TOLERATED:.0f} %."
    ]
    return [*lines, *(missing_text(m) for m in found.missing)]


def missing_text(missing: Missing) -> str:
    """Say which term is missing, and what it would bring."""
    others = ", ".join(TERMS[t] for t in missing.also)
    also = f"; these runs do not tell it from the {others}" if others else ""
    return (
        f"{missing.what}: off by {100 * missing.error:.0f} % in the median; {missing.factor:.2g} "
        f"times the {TERMS[missing.term]} would leave {100 * missing.left:.0f} %{also}."
    )


def validation_record(found: Validation) -> dict[str, Any]:
    """Return the record of a validation, in base units."""
    return {
        "schema": 1,
        "machine": machine_record(found.machine),
        "engine": found.engine,
        "threads": found.threads,
        "device": found.device,
        "median_error": found.error,
        "runs": [
            {
                "what": p.what,
                "model": p.model,
                "fused": p.fused,
                "at": dict(p.sizes),
                "predicted": p.predicted,
                "measured": p.measured,
                "ratio": p.ratio,
            }
            for p in found.points
        ],
        "missing": [
            {
                "what": m.what,
                "error": m.error,
                "term": m.term,
                "factor": m.factor,
                "left": m.left,
                "also": list(m.also),
            }
            for m in found.missing
        ],
    }
