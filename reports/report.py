"""The report: one comparison as a page, for papers, for other programs, and its drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .commands.files import write_all
from .notation.markup import markdown_escape, slug

if TYPE_CHECKING:
    from ..analysis.experiments.judging import Outcome
    from ..analysis.figures import Comparison, Verdict

FOUNDING = (
    "lstm",
    "gru",
    "rnn",
    "attention",
    "causal_attention",
    "causal_windowed_attention",
    "convolution",
    "linear_recurrence",
    "linear_recurrence_scan",
)
"""The founding comparison of attention and recurrence."""
TITLE = "Attention and recurrence"
PDF = "report.pdf"


def report_texts(
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
    *,
    title: str = TITLE,
) -> dict[str, str]:
    """Return the files of a report by name, written nowhere yet."""
    from .page import comparison_page
    from .pictures.draw import svg
    from .tables.latex import LATEX
    from .tables.markdown import comparison_markdown
    from .tables.records import comparison_record, dumps
    from .tables.separated import comparison_csv
    from .tables.typst import TYPST

    graphs = dict(
        zip(_files([a.model for a in comparison.analyses]), comparison.analyses, strict=True)
    )
    told = {file: (a.model, a.graph.doc) for file, a in graphs.items()}
    sections = TYPST.comparison(comparison, verdicts, experiments)
    texts = {
        "report.html": comparison_page(comparison, verdicts, experiments, title=title),
        "report.md": f"# {markdown_escape(title)}\n\n"
        + comparison_markdown(comparison, verdicts, experiments),
        "report.tex": LATEX.document(LATEX.comparison(comparison, verdicts, experiments), title),
        "report.typ": TYPST.document([*sections, TYPST.drawings(told)], title),
        "report.json": dumps(comparison_record(comparison, verdicts, experiments)),
        "report.csv": comparison_csv(comparison),
    }
    return {**texts, **{file: svg(a.graph) for file, a in graphs.items()}}


def _files(models: Sequence[str]) -> list[str]:
    """Return the file of each drawing; models whose names have the same letters get numbers."""
    found: list[str] = []
    for model in models:
        stem = slug(model).replace("-", "_")
        ends = ("", *(f"_{k}" for k in range(2, len(models) + 2)))
        found.append(next(f"{stem}{e}.svg" for e in ends if f"{stem}{e}.svg" not in found))
    return found


def with_pdf(texts: Mapping[str, str]) -> dict[str, str | bytes]:
    """Return the files of a report, and the document of Typst among them as PDF.

    Raises
    ------
    TypesettingError
        If its compiler is not installed.
    """
    from .typesetting import document_pdf

    pictures = {name: text for name, text in texts.items() if name.endswith(".svg")}
    return {**texts, PDF: document_pdf(texts["report.typ"], pictures)}


def write_report(
    folder: Path,
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
    *,
    title: str = TITLE,
) -> list[Path]:
    """Write a report into a folder and return the paths of its files.

    Everything is made before anything is written, and each file appears whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    return write_all(folder, report_texts(comparison, verdicts, experiments, title=title))
