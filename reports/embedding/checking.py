"""Checking: the difference between a document and what it should be, and what repairs it."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from .filling import Filled

_LINES = re.compile(r"[^\n]*\n|[^\n]+")


def difference(filled: Filled) -> str:
    """Return a unified diff from what a document is to what it should be; pictures by name."""
    document = filled.document
    old, new = (
        _LINES.findall(data.decode(document.encoding, "replace"))
        for data in (document.data, filled.data)
    )
    path = str(document.path)
    parts = list(difflib.unified_diff(old, new, path, path, "as it is", "derived"))
    parts += [f"Only derived: {p}\n" for p in filled.stale]
    return "".join(p if p.endswith("\n") else f"{p}\n\\ No newline at end of file\n" for p in parts)


def repair(filled: Iterable[Filled], models: Sequence[str]) -> str:
    """Return the command that fills the documents that are not what they should be."""
    paths = [_argument(f.document.path) for f in filled if f.changed]
    options = [word for model in models for word in ("--model", model)]
    return shlex.join(["workspan", "embed", *paths, *options])


def _argument(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)
