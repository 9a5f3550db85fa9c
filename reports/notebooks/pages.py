"""Results as pages of a few parts, before they have a format: what notebooks and their books show.

>>> from workspan.analysis.api import analyze
>>> (table,) = page_of(analyze("lstm", figures=["state"], witnesses=("derived",)))
>>> table.header
('figure', 'formula', 'growth', 'grade and witnesses')
>>> table.rows[0][:2]
(('state (scalar)',), ('2*d',))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from ...analysis.advising.ranking import Advice
from ...analysis.figures import Analysis, Comparison, Figure, Verdict, Verdicts
from ...analysis.machines.predicting import Prediction
from ...analysis.simulation.simulating import Simulation
from ..embedding.content import Cell, Grid, Inline, Math
from ..tables.blocks import Block, Heading, Lines, Table, Verbatim
from ..tables.sheet import (
    Sheet,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    marks,
    reason_text,
    sheet_of,
    source_text,
)

Part: TypeAlias = Heading | Lines | Verbatim | Inline | Grid
TOLD = "grade and witnesses"


def page_of(result: Any) -> tuple[Part, ...]:
    """Return the parts of a result.

    Raises
    ------
    TypeError
        If it is nothing that is shown as text and tables.
    """
    match result:
        case Figure():
            told = marks(result)
            named = (f"{result.title}: ", *formula_cell(result), f" ({told})" if told else "")
            return (Inline(tuple(part for part in named if part)),)
        case Analysis():
            return (_grid(sheet_of([result])),)
        case Comparison():
            return (_grid(comparison_sheet(result)),)
        case Verdict():
            return (_verdicts([result]),)
        case Verdicts():
            return (_verdicts(result),)
        case Advice():
            from ..advice import advice_blocks

            return tuple(map(_part, advice_blocks(result, None, top=12)))
        case Prediction():
            return _prediction(result)
        case Simulation():
            return _simulation(result)
    raise TypeError(
        "expected a Figure, Analysis, Comparison, Verdict, Advice, Prediction, Simulation or "
        f"Graph, got {type(result).__name__}"
    )


def formula_cell(figure: Figure) -> Cell:
    """Return a formula with the sizes for which it holds, or why there is none."""
    if figure.formula is None:
        return (f"none: {figure.reason}" if figure.reason else "none",)
    formula: Cell = (Math(str(figure.formula)),)
    if domain_of(figure) != "all sizes":
        formula += (" for ", Math(domain_of(figure)))
    return formula


def _grid(sheet: Sheet) -> Grid:
    """Return a row for each figure of each model; models are named if there are several."""
    several = len(sheet.models) > 1
    rows: list[tuple[Cell, ...]] = []
    for row in sheet.rows:
        title = f"{row.title} ({row.unit})" if row.unit else row.title
        for model, figure in zip(sheet.models, row.cells, strict=True):
            if figure is None:
                continue
            named: tuple[Cell, ...] = ((title,), (model,)) if several else ((title,),)
            rows.append((*named, formula_cell(figure), _growth(figure), _told(figure)))
            title = ""
    header = ("figure", *(("model",) if several else ()), "formula", "growth", TOLD)
    notes = (f"Setting: {sheet.setting}.", f"{counts_text(sheet)}.")
    return Grid(header, tuple(rows), notes)


def _growth(figure: Figure) -> Cell:
    if figure.formula is None or not figure.theta:
        return ()
    return "Θ(", Math(figure.theta), ")"


def _told(figure: Figure) -> Cell:
    return ("; ".join([marks(figure), *disagreements(figure)]),)


def _verdicts(verdicts: Iterable[Verdict]) -> Grid:
    rows = [
        tuple((t,) for t in (v.statement, v.verdict, reason_text(v), source_text(v)))
        for v in verdicts
    ]
    return Grid(("claim", "verdict", "why", "source"), tuple(rows), ())


def _prediction(found: Prediction) -> tuple[Part, ...]:
    from ..predictions import HEAD, Told, operation_cells, summary, title

    told = tuple(f"{name}: {value}" for name, value in summary(Told(found)))
    table = Table(tuple(name for name, _ in HEAD), tuple(operation_cells(found)))
    return Heading(title(found)), Lines(told), _part(table)


def _simulation(found: Simulation) -> tuple[Part, ...]:
    from ..simulation import after, before, cells, header, profile, title

    rows = tuple(tuple(cells(found, run)) for run in found.runs)
    # What is drawn with characters of a terminal is none of a paper's.
    told = after(found)[len(profile(found.runs[-1])) :]
    table = Table(header(found), rows)
    return Heading(title(found)), Lines(tuple(before(found))), _part(table), Lines(tuple(told))


def _part(block: Block) -> Part:
    if isinstance(block, Lines):
        return Lines(tuple(text for text in block.texts if text), block.quiet)
    return block if not isinstance(block, Table) else Grid(block.header, _cells(block.rows), ())


def _cells(rows: Sequence[Sequence[str]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple((cell,) for cell in row) for row in rows)
