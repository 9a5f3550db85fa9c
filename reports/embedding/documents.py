"""A document as bytes and as text, such that what is not touched comes back byte for byte."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddingError
from .markers import format_of

LARGEST = 8 * 2**20
"""Bytes of a document."""
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    path: Path
    data: bytes
    text: str
    """All characters, with a byte order mark and the ends of lines as they are."""
    encoding: str
    errors: str = "strict"

    def encode(self, text: str) -> bytes:
        """Return other text in the document's encoding.

        Raises
        ------
        EmbeddingError
            If a character is not in it.
        """
        try:
            return text.encode(self.encoding, self.errors)
        except UnicodeEncodeError as error:
            raise EmbeddingError(
                f"{self.path}: expected a document in UTF-8 for {text[error.start]!r}, "
                "got another encoding"
            ) from error


def read(path: Path) -> Document:
    """Read a document.

    Raises
    ------
    EmbeddingError
        If it is a folder, is missing or a device, is too large, is not text, or has an ending of no format.
    """
    if path.is_dir():
        raise EmbeddingError(f"expected a document, got a folder: {path}")
    format_of(path)
    if not path.is_file():
        what = "got a pipe or a device:" if path.exists() else "found no file at"
        raise EmbeddingError(f"expected a document, {what} {path}")
    with path.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise EmbeddingError(f"expected a document of at most {LARGEST:,} bytes, got more: {path}")
    return document(path, data)


def document(path: Path, data: bytes) -> Document:
    """Decode a document: UTF-16 by its mark, UTF-8, or bytes of which only ASCII is understood."""
    found = _MARKS.get(data[:2])
    # In an encoding that is not known, only ASCII stands for itself, and the rest for bytes.
    tried = ((found, "strict"),) if found else (("utf-8", "strict"), ("ascii", "surrogateescape"))
    for encoding, errors in tried:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding, errors)
            if "\x00" not in text and text.encode(encoding, errors) == data:
                return Document(path, data, text, encoding, errors)
    raise EmbeddingError(f"expected text, got bytes that are none: {path}")


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other embeds off a document while this one fills it.

    Raises
    ------
    EmbeddingError
        If another one is at work on it.
    """
    try:
        import fcntl
    except ImportError:  # a platform without such locks: the last writer wins, whole
        yield
        return
    if not path.is_file():
        yield
        return
    busy = f"expected no other embed at work on {path}, got one; run again when it is done"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EmbeddingError(busy) from error
        except OSError:
            yield  # a file system without such locks
            return
        # What was locked may have been replaced since it was opened.
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise EmbeddingError(busy)
        yield
    finally:
        os.close(descriptor)
