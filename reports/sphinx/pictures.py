"""Pictures for builders that know no SVG, such as LaTeX: as PDF, where Typst is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import ClassVar, final

from docutils import nodes
from sphinx.transforms.post_transforms.images import ImageConverter

from ..commands.files import write_bytes


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
        return importlib.util.find_spec("typst") is not None

    def convert(self, _from: str | os.PathLike[str], _to: str | os.PathLike[str]) -> bool:
        """Write a page of the picture's size."""
        source = Path(_from)
        page = '#set page(width: auto, height: auto, margin: 0pt)\n#image("{}")\n'
        # Neither the clock nor the machine's fonts have a say in the bytes.
        made = importlib.import_module("typst").compile(
            page.format(source.name).encode(),
            root=str(source.parent),
            format="pdf",
            timestamp=0,
            ignore_system_fonts=True,
        )
        write_bytes(Path(_to), made)
        return True
