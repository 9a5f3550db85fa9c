"""A store of finished measurements: JSON files named by their content, and an index of them.

What was seen once is kept for whoever asks the same again: the same engine, model, sizes, figure
and seed, with the same versions on the same machine. A file is written under a temporary name and
then renamed, so that an interrupt leaves it whole or not there; the index is made again from the
files where it is lost. Nothing that is read is run as code: a file has the shape of a record and the
name of its content, or it is set aside with one line and its question is measured again.

>>> import tempfile
>>> from ..runs.observations import Source
>>> from .store_records import Machine
>>> source = Source("numpy", "2.4", "rnn")
>>> asked = Asked("numpy", "rnn", "ab12", {"n": 8}, "work", 0, {"numpy": "2.4"}, Machine("any", 2))
>>> with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
...     store.keep(asked, [Observation("work", {"n": 8}, 96, source)])
...     (seen,) = store.find(asked)
>>> seen.value, str(seen.source)
(96, 'numpy 2.4, rnn on cpu')
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ..closing import Closing
from ..runs.observations import Observation
from .store_index import DamagedIndexError, Index, StoreError
from .store_records import (
    LARGEST,
    SCHEMA,
    Asked,
    DamagedError,
    Record,
    Seen,
    decoded,
    digest,
    encoded,
)

__all__ = ["Asked", "Store", "StoreError", "default_folder"]

MOST_RECORDS = 20_000
"""Records that are kept; the oldest go first."""
MOST_BYTES = 256 << 20
ABANDONED = 3600.0
"""Seconds after which a temporary file belongs to nobody who still writes it."""

_NAME = re.compile(r"([0-9a-f]{64})\.json")
_INDEX = "index.sqlite"


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where measurements are kept: WORKSPAN_STORE, or a folder in the user's cache.

    >>> str(default_folder({"WORKSPAN_STORE": "/data/kept"}))
    '/data/kept'
    >>> str(default_folder({"XDG_CACHE_HOME": "/cache"}))
    '/cache/workspan'
    """
    own = environment.get("WORKSPAN_STORE")
    if own:
        return Path(own).expanduser()
    cache = environment.get("XDG_CACHE_HOME", "")
    # The specification of these folders says that a relative path is to be ignored.
    base = Path(cache) if os.path.isabs(cache) else Path("~/.cache").expanduser()
    return base / "workspan"


class Store(Closing):
    """Finished measurements in a folder, for several processes at once.

    Parameters
    ----------
    folder
        Made if it is missing.
    tell
        Called with one line for each damaged entry.
    most_records, most_bytes
        How much is kept.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tell: Callable[[str], None] | None = None,
        most_records: int = MOST_RECORDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.folder = folder
        self._files = folder / "measurements"
        self._tell = tell or (lambda line: None)
        self._most = most_records, most_bytes
        with self._reported():
            self._files.mkdir(parents=True, exist_ok=True)
        self._index = self._opened()
        self._adopt()

    def __len__(self) -> int:
        return self._index.total()[0]

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def find(self, asked: Asked) -> tuple[Observation, ...] | None:
        """Return what was seen when the same was asked before; None if it never was."""
        name = self._index.find(asked.key)
        record = None if name is None else self._read(name)
        if record is None:
            return None
        if record.asked != asked:
            self._tell(f"skipped {self._path(str(name))}: it answers another question")
            return None
        return tuple(seen.observation for seen in record.observations)

    def keep(self, asked: Asked, observations: Iterable[Observation]) -> None:
        """Keep what was seen.

        Raises
        ------
        EngineError
            If a number is not finite, or the record is too large.
        StoreError
            If it cannot be written.
        """
        seen = tuple(Seen.of(o) for o in observations)
        record = Record(SCHEMA, asked, datetime.now(UTC), seen)
        data = encoded(record)
        name = digest(data)
        self._write(self._path(name), data)
        self._enter(name, record, len(data))
        self._prune()

    def _path(self, name: str) -> Path:
        return self._files / f"{name}.json"

    def _read(self, name: str) -> Record | None:
        """Return a record; one that is damaged is set aside, and one line says so."""
        path = self._path(name)
        try:
            with path.open("rb") as stream:
                return decoded(stream.read(LARGEST + 1), name)
        except FileNotFoundError:
            self._index.drop(name)
        except (DamagedError, OSError) as error:
            reason = error if isinstance(error, DamagedError) else error.strerror
            self._tell(f"skipped {path}: {reason}; it is measured again")
            self._index.drop(name)
            self._forget(path)
        return None

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
        with self._reported():
            try:
                temporary.write_bytes(data)
                temporary.replace(path)
            except BaseException:
                self._forget(temporary)
                raise

    def _opened(self) -> Index:
        """Open the index; one that is damaged is put aside and made again from the files."""
        path = self.folder / _INDEX
        try:
            return Index(path)
        except DamagedIndexError as error:
            aside = _put_aside(path)
            self._tell(f"made {path} again from the files of the store: {error}; {aside} has it")
        for end in ("-wal", "-shm"):
            self._forget(path.with_name(_INDEX + end))
        try:
            return Index(path)
        except DamagedIndexError as error:
            raise StoreError(f"expected an index at {path}, got: {error}") from error

    def _adopt(self) -> None:
        """Enter files that no index knows: of a lost index, or of an interrupt before the entry."""
        known = self._index.contents()
        with self._reported():
            found = [entry.name for entry in os.scandir(self._files)]
        for name in found:
            match = _NAME.fullmatch(name)
            if match is None:
                self._sweep(self._files / name)
            elif match[1] not in known and (record := self._read(match[1])) is not None:
                self._enter(match[1], record, len(encoded(record)))

    def _enter(self, name: str, record: Record, size: int) -> None:
        useless = self._index.put(record.asked.key, name, size, record.when.timestamp())
        if useless is not None:
            self._forget(self._path(useless))

    def _sweep(self, path: Path) -> None:
        """Remove a temporary file that was left behind."""
        with contextlib.suppress(OSError):
            if path.suffix == ".tmp" and time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()

    def _prune(self) -> None:
        """Remove the oldest records where there are too many, down to nine tenths."""
        (count, size), (most, bytes_) = self._index.total(), self._most
        if count <= most and size <= bytes_:
            return
        for name, own in self._index.oldest():
            if 10 * count <= 9 * most and 10 * size <= 9 * bytes_:
                return
            self._index.drop(name)
            self._forget(self._path(name))
            count, size = count - 1, size - own

    @staticmethod
    def _forget(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self.folder
            raise StoreError(
                f"expected to write to {self.folder}, got: {error.strerror or error} ({where})"
            ) from error


def _put_aside(path: Path) -> str:
    """Give a file another name, because it may be somebody's, and return that name."""
    names = (f"{path.name}.{k}" for k in itertools.count(1))
    aside = next(name for name in names if not path.with_name(name).exists())
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        path.rename(path.with_name(aside))
    return aside
