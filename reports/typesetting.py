"""PDF from Typst, by the compiler that the package typst has inside; no TeX, no fonts of the machine.

Nothing is read from the disk and nothing is asked of the network: all files are handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .notation.mathematics import typst_text

MAIN = "main.typ"
_PICTURE = """\
#set document(title: {title}, date: none)
#set page(width: auto, height: auto, margin: 0pt)
#image("picture.svg", alt: {title})
"""


class TypesettingError(ValueError):
    """A PDF that cannot be made here; the message says what is missing."""


def expect_typst() -> Any:
    """Return the compiler.

    Raises
    ------
    TypesettingError
        If it is not installed.
    """
    try:
        import typst
    except ImportError:
        raise TypesettingError(
            "expected the package typst to write PDF, found none; install it: "
            "pip install 'workspan[pdf]'"
        ) from None
    return typst


def document_pdf(
    source: str, files: Mapping[str, str] | None = None, *, standard: str = "1.7"
) -> bytes:
    """Return a document of Typst as PDF: the same bytes for the same input.

    Parameters
    ----------
    source
        The document; what it says of its date is what the PDF says.
    files
        The pictures that it shows, by name.
    standard
        The version of PDF.

    Raises
    ------
    TypesettingError
        If the compiler is not installed.
    """
    typst = expect_typst()
    whole = {MAIN: source.encode(), **{name: text.encode() for name, text in (files or {}).items()}}
    made = typst.compile(whole, format="pdf", pdf_standards=standard, ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


def picture_pdf(svg: str, title: str) -> bytes:
    """Return a picture as a PDF of one page that is as large as the picture.

    Its version is the newest that pdfTeX includes without a warning.
    """
    source = _PICTURE.replace("{title}", typst_text(title))
    return document_pdf(source, {"picture.svg": svg}, standard="1.5")
