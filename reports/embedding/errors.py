"""What is wrong in a document, with the line where it is."""

from __future__ import annotations


class EmbeddingError(ValueError):
    """A document, a marker or a directive that makes no sense; one line says where and why."""


def at_line(line: int, message: object) -> EmbeddingError:
    """Return an error that names the line of a document."""
    return EmbeddingError(f"line {line}: {message}")
