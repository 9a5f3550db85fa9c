"""Saving: what was filled is written only over what was read, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..commands.files import OutputError, write_bytes
from ..typesetting import expect_typst
from .errors import EmbeddingError

if TYPE_CHECKING:
    from .drawings import Drawing
    from .filling import Filled


def save(filled: Filled) -> None:
    """Write the pictures and then the document, each whole or not at all.

    Raises
    ------
    EmbeddingError, OutputError
        If the document is another one by now, or if a file cannot be written.
    """
    expect_ready(filled)
    for path in filled.stale:
        write_bytes(path, filled.pictures[path].data(path))
    if filled.data != filled.document.data:
        write_bytes(filled.document.path, filled.data, lambda: _expect_same(filled))


def expect_apart(filled: Sequence[Filled]) -> None:
    """Raise if two documents ask for other pictures in one file."""
    found: dict[str, tuple[Filled, Drawing]] = {}
    for one in filled:
        for path, drawing in one.pictures.items():
            other, drawn = found.setdefault(os.path.realpath(path), (one, drawing))
            if drawn != drawing:
                raise EmbeddingError(
                    f"expected a file for each picture, got {path} in {other.document.path} and "
                    f"in {one.document.path}"
                )


def expect_ready(filled: Filled) -> None:
    """Raise if a document is another one than was read, or it or a picture cannot be written."""
    _expect_same(filled)
    path = filled.document.path
    if filled.data != filled.document.data and not os.access(path, os.W_OK):
        raise OutputError(f"expected to write {path}, got: the file is read-only")
    if filled.changed and not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        raise OutputError(f"expected to write {path}, got: its folder is read-only")
    if any(path.suffix == ".pdf" for path in filled.stale):
        expect_typst()


def _expect_same(filled: Filled) -> None:
    document = filled.document
    try:
        now = document.path.read_bytes()
    except OSError as error:
        raise OutputError(f"expected {document.path} to be there still, got: {error}") from error
    if now != document.data:
        raise EmbeddingError(
            f"expected {document.path} as it was read, got another; it was left alone: run again"
        )
