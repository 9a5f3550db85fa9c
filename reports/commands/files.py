"""Writing files so that nothing is lost: a temporary name in the same folder, then a rename."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path


class OutputError(ValueError):
    """A file that cannot be written; the message names it."""


def write(path: Path, text: str) -> None:
    """Replace a file by new text in UTF-8 with line feeds, whole or not at all.

    See :func:`write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes, check: Callable[[], None] | None = None) -> None:
    """Replace a file by other bytes, whole or not at all.

    Parameters
    ----------
    path
        Where to; folders that are missing are made.
    data
        All that the file is to hold.
    check
        Called at the last moment; if it raises, the file is left alone.

    Raises
    ------
    OutputError
        If the folder or the file cannot be written; an older file is then still there.

    Notes
    -----
    A link stays a link to a new file, and a device or a pipe is written to as it stands: to put a
    file in its place would take it from everybody. The new file has the permissions and, where
    that is allowed, the owner of the old one; other names of the old one (hard links) keep it.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _refuse(target)
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                stream.write(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        tidy(target)
        _put(temporary, data, target.stat() if target.exists() else None)
        if check is not None:
            check()
        temporary.replace(target)
    except OSError as error:
        _forget(temporary)
        where = error.filename or path
        raise OutputError(
            f"expected to write {path}, got: {error.strerror or error} ({where})"
        ) from error
    except BaseException:
        _forget(temporary)
        raise


def _put(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """Write a new file that nobody reads who may not read the old one."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o666 if like is None else 0o600), "wb") as stream:
        stream.write(data)
    if like is None:
        return
    own = path.stat()
    if hasattr(os, "chown") and (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        with contextlib.suppress(PermissionError):
            os.chown(path, like.st_uid, like.st_gid)
    path.chmod(stat.S_IMODE(like.st_mode))


def tidy(target: Path) -> None:
    """Remove what processes that were killed left beside a file or a folder."""
    before, after = f".{target.name}.", ".tmp"
    for path in target.parent.glob(f"{glob.escape(before)}*{after}"):
        number = path.name[len(before) : -len(after)]
        if number.isascii() and number.isdecimal() and not _runs(int(number)):
            _forget(path)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _refuse(target: Path) -> None:
    """Raise where a rename would succeed against the wish of who owns the file, or never."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder is there; name a file in it", str(target))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", str(target))


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
        tidy(folder / "workspan")
        probe.touch()
    except OSError as error:
        where = error.filename or folder
        message = f"expected to write to {folder}, got: {error.strerror or error} ({where})"
        raise OutputError(message) from error
    finally:
        _forget(probe)


def write_all(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write several files into a folder and return their paths, in the order given."""
    for name, data in files.items():
        write_bytes(folder / name, data if isinstance(data, bytes) else data.encode("utf-8"))
    return [folder / name for name in files]


def _forget(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return
