"""Writing files so that nothing is lost: a temporary name in the same folder, then a rename."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class OutputError(ValueError):
    """A file that cannot be written; the message names it."""


def write(path: Path, text: str) -> None:
    """Replace a file by new text, whole or not at all.

    Parameters
    ----------
    path
        Where to; folders that are missing are made.
    text
        Written as UTF-8 with line feeds.

    Raises
    ------
    OutputError
        If the folder or the file cannot be written; an older file is then still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        temporary.replace(path)
    except OSError as error:
        _forget(temporary)
        where = error.filename or path
        raise OutputError(
            f"expected to write {path}, got: {error.strerror or error} ({where})"
        ) from error
    except BaseException:
        _forget(temporary)
        raise


def prepare(folder: Path) -> None:
    """Make a folder and see that files can be written to it, before work is done for them.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    probe = folder / f".workspan.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
    except OSError as error:
        where = error.filename or folder
        message = f"expected to write to {folder}, got: {error.strerror or error} ({where})"
        raise OutputError(message) from error
    finally:
        _forget(probe)


def write_all(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write several files into a folder and return their paths, in the order given."""
    paths = [folder / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write(path, text)
    return paths


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
