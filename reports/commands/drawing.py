"""Pictures into files: SVG as it is drawn, or PDF for LaTeX, as the name of the file says."""

from __future__ import annotations

from pathlib import Path

from .files import write, write_bytes
from .options import OptionError


def expect_picture(path: Path | None) -> None:
    """Refuse a file that is no picture, before any work is done for it.

    Raises
    ------
    OptionError, TypesettingError
        If it is neither SVG nor PDF, or nothing here makes PDF.
    """
    if path is None:
        return
    if path.suffix not in {".svg", ".pdf"}:
        raise OptionError(f"expected --output to be an .svg or .pdf file, got {path}")
    if path.suffix == ".pdf":
        from ..typesetting import expect_typst

        expect_typst()


def write_picture(path: Path, svg: str, title: str) -> None:
    """Write a picture as the name of its file says; ``title`` says in words what it shows."""
    if path.suffix != ".pdf":
        write(path, svg)
        return
    from ..typesetting import picture_pdf

    write_bytes(path, picture_pdf(svg, title))
