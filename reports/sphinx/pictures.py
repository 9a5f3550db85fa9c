"""Pictures for builders that know no SVG, such as LaTeX: as PDF, where Typst is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, final

from docutils import nodes
from sphinx.transforms.post_transforms.images import ImageConverter

from ..commands.files import write_bytes
from ..typesetting import TypesettingError, expect_typst, picture_pdf


@final
class PictureConverter(ImageConverter):  # type: ignore[misc]
    """Converts the pictures that the directive made, and no others."""

    default_priority = 195
    """Before converters of all pictures, which have 200."""
    conversion_rules: ClassVar[list[tuple[str, str]]] = [("image/svg+xml", "application/pdf")]

    def match(self, node: nodes.image) -> bool:
        """Return whether a picture is one of the directive's, and the builder needs another."""
        return "workspan" in node["classes"] and super().match(node)

    def is_available(self) -> bool:
        """Return whether Typst is installed."""
        try:
            expect_typst()
        except TypesettingError:
            return False
        return True

    def convert(self, _from: str | os.PathLike[str], _to: str | os.PathLike[str]) -> bool:
        """Write a page of the picture's size."""
        drawing = Path(_from)
        write_bytes(Path(_to), picture_pdf(drawing.read_text(encoding="utf-8"), drawing.stem))
        return True
