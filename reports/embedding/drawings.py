"""Pictures in files beside a document: SVG as it is drawn, or PDF made of it for LaTeX.

The last line of such a file says that it was made here; the one of a PDF has digests of the drawing
and of what precedes the line, so that a check needs nothing that writes PDF.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..typesetting import picture_pdf
from .documents import LARGEST

SVG = b"<!-- drawn by workspan -->\n"
PDF = b"\n% drawn by workspan "


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as it is drawn, and what it shows in words."""

    svg: str
    alt: str

    def data(self, path: Path) -> bytes:
        """Return what the file holds.

        Raises
        ------
        TypesettingError
            If it is to be a PDF, and what makes one is not installed.
        """
        if path.suffix != ".pdf":
            return self.svg.encode() + SVG
        body = picture_pdf(self.svg, self.alt)
        return body + self._line(body)

    def stands(self, path: Path) -> bool:
        """Whether the file is this picture, and nobody changed it."""
        data = _read(path)
        if data is None or path.suffix != ".pdf":
            return data == self.svg.encode() + SVG
        body = data[: data.rindex(PDF)]
        return data == body + self._line(body)

    def _line(self, body: bytes) -> bytes:
        source = hashlib.sha256(f"{self.alt}\n{self.svg}".encode()).hexdigest()
        return PDF + f"from={source} bytes={hashlib.sha256(body).hexdigest()}\n".encode()


def made_here(path: Path) -> bool:
    """Whether a file is a picture that was made here, and may be made anew."""
    return _read(path) is not None


def _read(path: Path) -> bytes | None:
    """Return a picture that was made here; None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    last = data[max(data.rfind(PDF), 0) :]
    ours = last.startswith(PDF) and last.count(b"\n") == 2 if path.suffix == ".pdf" else None
    return data if (data.endswith(SVG) if ours is None else ours) else None
