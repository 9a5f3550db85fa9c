"""A picture as PDF, for what prints and knows no SVG; made by Typst where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from pathlib import Path

_PAGE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image("picture.svg")\n'


def available() -> bool:
    """Return whether Typst is installed."""
    return importlib.util.find_spec("typst") is not None


def pdf(drawing: str) -> bytes:
    """Return a page of the size of a picture; neither the clock nor the machine's fonts matter."""
    typst = importlib.import_module("typst")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "picture.svg").write_text(drawing, encoding="utf-8")
        made: bytes = typst.compile(
            _PAGE, root=folder, format="pdf", timestamp=0, ignore_system_fonts=True
        )
    return made
