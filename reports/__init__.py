"""How figures are shown: tables, pictures, documents and the command line."""

from __future__ import annotations

import importlib
from typing import Any

_WHERE = {
    "html_of": "display",
    "latex_of": "display",
    "markdown_of": "display",
    "register": "display",
    "svg": "draw",
    "dot": "diagrams",
    "mermaid": "diagrams",
    "write_report": "report",
    "report_texts": "report",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for, so that help stays fast."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
