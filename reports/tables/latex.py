r"""LaTeX: booktabs tables, as fragments for a paper or as a document that compiles by itself.

A fragment needs ``\usepackage{amsmath,array,booktabs,longtable,xcolor}``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..experiment_summary import SUMMARY, summary_rows
from ..notation.markup import latex_escape
from ..notation.mathematics import latex
from .duels import FIXED, duels_of
from .sheet import (
    Row,
    Sheet,
    comparison_sheet,
    counts_text,
    disagreements,
    domain_of,
    sheet_of,
    short_marks,
)

if TYPE_CHECKING:
    from ...analysis.experiments.judging import Outcome
    from ...analysis.figures import Analysis, Comparison, Crossover, Figure, Verdict

_PREAMBLE = """\
\\documentclass[10pt]{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage{textcomp}
\\usepackage{amsmath,array,booktabs,longtable,xcolor}
\\usepackage[margin=2cm]{geometry}
\\begin{document}
"""
LEGEND = (
    "m, r: measured on the unrolled graph, run as plain code; "
    "=: equal to the formula, !=: they disagree."
)


def analyses_latex(analyses: Sequence[Analysis]) -> str:
    """Return the figures of some models, as a fragment."""
    return _sheet(sheet_of(analyses))


def comparison_latex(
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
) -> str:
    """Return the comparison, who is cheaper where, claims and experiments, as a fragment."""
    sheet = comparison_sheet(comparison)
    parts = [_sheet(sheet)]
    if comparison.crossovers:
        parts.append(_crossovers(comparison.crossovers))
    if verdicts:
        parts.append(verdicts_latex(verdicts))
    if experiments:
        rows = [" & ".join(map(_breakable, row)) for row in summary_rows(experiments)]
        parts.append(longtable(SUMMARY, rows, columns(0.25, 0.35, 0.31)))
    parts.append(f"\\noindent {latex_escape(counts_text(sheet))}.\n")
    return "\n".join(parts)


def verdicts_latex(verdicts: Sequence[Verdict]) -> str:
    """Return checked claims as a table."""
    rows = [
        " & ".join(_breakable(t) for t in (v.statement, v.verdict, v.reason, v.source))
        for v in verdicts
    ]
    widths = columns(0.26, 0.1, 0.38, 0.17)
    return longtable(("claim", "verdict", "why", "source"), rows, widths)


def document(body: str, title: str) -> str:
    """Return a document that compiles by itself."""
    return f"{_PREAMBLE}\\section*{{{latex_escape(title)}}}\n{body}\\end{{document}}\n"


def figure_latex(figure: Figure) -> str:
    """Return one figure's formula with dollar signs around it."""
    if figure.formula is None:
        return latex_escape(figure.reason or "none")
    return f"${latex(str(figure.formula))}$"


def _sheet(sheet: Sheet) -> str:
    rows: list[str] = []
    for row in sheet.rows:
        if rows:
            rows.append("\\addlinespace")
        rows.append(f"\\multicolumn{{4}}{{@{{}}l}}{{{_heading(row)}}}")
        rows += [
            _line(model, figure, row.domain)
            for model, figure in zip(sheet.models, row.cells, strict=True)
            if figure is not None
        ]
    table = longtable(
        ("model", "formula", "growth", "witnesses"), rows, columns(0.22, 0.38, 0.2, 0.11)
    )
    note = (
        f"{LEGEND} Sizes are whole numbers of at least 1. Setting: {latex_escape(sheet.setting)}."
    )
    return f"{table}\n\\noindent {note}\n"


def _heading(row: Row) -> str:
    unit = f" ({latex_escape(row.unit)})" if row.unit else ""
    domain = f", for ${latex(row.domain)}$" if row.domain else ""
    return f"\\textbf{{{latex_escape(row.title)}}}{unit}{domain}"


def _line(model: str, figure: Figure, common: str) -> str:
    formula = figure_latex(figure)
    if figure.formula is not None and domain_of(figure) != common:
        formula += f" for ${latex(domain_of(figure))}$"
    growth = (
        f"$\\Theta({latex(figure.theta)})$" if figure.theta and figure.formula is not None else ""
    )
    notes = [latex_escape(short_marks(figure))]
    notes += [f"\\textbf{{\\textcolor{{red}}{{{latex_escape(d)}}}}}" for d in disagreements(figure)]
    return " & ".join((_breakable(model), formula, growth, "; ".join(notes)))


def _breakable(name: str) -> str:
    text = latex_escape(name).replace("\\_", "\\_\\allowbreak{}")
    return re.sub(r"(?<=\w)([*/(=])(?=\w)", r"\1\\allowbreak{}", text)


def _crossovers(crossovers: Sequence[Crossover]) -> str:
    parts = []
    for duels in duels_of(crossovers):
        header = ("less", "than", *(latex_escape(f"{c}: exactly when") for c in duels.counted))
        rows = [
            " & ".join((_breakable(left), _breakable(right), *(_condition(c) for c in conditions)))
            for left, right, conditions in duels.rows
        ]
        parts.append(f"\\noindent Less {latex_escape(duels.figure)}:\n")
        parts += (
            [longtable(header, rows, columns(*[round(0.92 / len(header), 3)] * len(header)))]
            if rows
            else []
        )
        parts += [f"\\noindent {latex_escape(s)}\n" for s in duels.sentences]
    return "\n".join(parts)


def _condition(text: str) -> str:
    return text if text in FIXED or not text else f"${latex(text)}$"


def columns(*widths: float) -> str:
    """Return ragged columns, as shares of the line."""
    parts = (f">{{\\raggedright\\arraybackslash}}p{{{w}\\linewidth}}" for w in widths)
    return f"@{{}}{''.join(parts)}@{{}}"


def longtable(header: Sequence[str], rows: Sequence[str], widths: str) -> str:
    """Return a table that may run over pages."""
    lines = "".join(row + ("\n" if row == "\\addlinespace" else " \\\\\n") for row in rows)
    names = " & ".join(header)
    return (
        f"\\begin{{longtable}}{{{widths}}}\n\\toprule\n{names} \\\\\n\\midrule\n\\endhead\n"
        f"{lines}\\bottomrule\n\\end{{longtable}}\n"
    )
