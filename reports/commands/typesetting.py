"""Tables for papers on the command line: LaTeX, Typst, and PDF by Typst."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..tables.latex import LATEX
from ..tables.typeset import Section, Typesetter
from ..tables.typst import TYPST
from ..typesetting import document_pdf


def typeset(
    sections: Callable[[Typesetter], Sequence[Section]], title: str, output: Path | None
) -> Mapping[str, Callable[[], str | bytes]]:
    """Return what makes each format: a file for a document to take in, or a document as PDF."""
    from workspan import __version__

    about = f"{title}: derived by workspan {__version__}."
    return {
        "latex": lambda: LATEX.fragment(sections(LATEX), about, _name(output)),
        "typst": lambda: TYPST.fragment(sections(TYPST), about, _name(output)),
        "pdf": lambda: document_pdf(TYPST.document(sections(TYPST), title)),
    }


def _name(output: Path | None) -> str:
    return "FILE" if output is None else output.name
