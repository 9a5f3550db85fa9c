"""Finished points on disk: a folder of chunks that survives being killed at any moment.

A chunk is written under a temporary name, flushed to the disk, and renamed to the range of points
that it holds; so it is there, whole, or it is not. Ranges never overlap, because only what no chunk
holds is done again: nothing is lost and nothing counted twice. A lock, which the system lets go of
however a process ends, keeps a second sweep out.

>>> import tempfile
>>> chunk = Chunk(2, 4, "flop", "proved")
>>> with tempfile.TemporaryDirectory() as folder, Kept(Path(folder) / "a", "digest", 9) as kept:
...     kept.keep(chunk)
...     kept.done, list(kept.gaps()), kept.read(2, 4) == chunk
(2, [(0, 2), (4, 9)], True)
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..closing import Closing
from .cells import Chunk
from .errors import SweepError

SCHEMA = 1
LARGEST_MANIFEST = 10_000
CHECKSUM = 16
"""Bytes before a chunk."""

_CHUNK = re.compile(r"([0-9]{15})-([0-9]{15})\.chunk")
_MANIFEST = "manifest.json"
_LOCK = "lock"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose points a folder holds."""

    schema: int
    sweep: str
    """The digest of the sweep, and of the version that evaluates it."""
    points: int


class Kept(Closing):
    """The folder of a sweep's finished points.

    Parameters
    ----------
    folder
        Made if it is missing.
    digest
        The sweep's.
    points
        How many points it has.
    tell
        Called with one line for each damaged chunk, which is done again.

    Raises
    ------
    SweepError
        If it holds another sweep, another process works in it, or it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        digest: str,
        points: int,
        *,
        tell: Callable[[str], Any] | None = None,
    ) -> None:
        self.folder = folder
        self.points = points
        self._tell = tell or (lambda line: None)
        self._ranges: dict[int, int] = {}
        self._done = 0
        with self._reported():
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / _LOCK).open("a")
        try:
            self._claim(digest)
            self._find()
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.close()

    @property
    def done(self) -> int:
        """How many points are finished."""
        return self._done

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges of points that are not finished, in order."""
        at = 0
        for start in sorted(self._ranges):
            if at < start:
                yield at, start
            at = self._ranges[start]
        if at < self.points:
            yield at, self.points

    def keep(self, chunk: Chunk) -> None:
        """Keep a finished chunk.

        Raises
        ------
        SweepError
            If it cannot be written, as on a full disk; what was kept before still is.
        """
        with self._reported():
            self._write(self._path(chunk.start, chunk.stop), _encoded(chunk))
        self._take(chunk.start, chunk.stop)

    def read(self, start: int, stop: int) -> Chunk:
        """Return a chunk that was kept.

        Raises
        ------
        SweepError
            If it is damaged; it is then removed, to be done again.
        """
        path = self._path(start, stop)
        try:
            chunk = _decoded(path.read_bytes())
            if (chunk.start, chunk.stop) == (start, stop) and chunk.sound:
                return chunk
            reason = "it holds other points"
        except (OSError, msgspec.DecodeError) as error:
            reason = str(error)
        if self._ranges.pop(start, None) is not None:
            self._done -= stop - start
        _forget(path)
        raise SweepError(f"expected points {start} to {stop - 1} in {path}, but {reason}")

    def chunks(self) -> Iterator[Chunk]:
        """Yield all chunks in the order of their points."""
        for start in sorted(self._ranges):
            yield self.read(start, self._ranges[start])

    def remove(self) -> None:
        """Remove the folder; files that are not of a sweep are left, and the folder with them."""
        for start, stop in self._ranges.items():
            _forget(self._path(start, stop))
        for name in (_MANIFEST, _LOCK):
            _forget(self.folder / name)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _take(self, start: int, stop: int) -> None:
        self._ranges[start] = stop
        self._done += stop - start

    def _path(self, start: int, stop: int) -> Path:
        return self.folder / f"{start:015d}-{stop:015d}.chunk"

    def _claim(self, digest: str) -> None:
        """Lock the folder, and see that it is of this sweep."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SweepError(
                f"expected {self.folder} for this sweep alone, another process works in it"
            ) from None
        path = self.folder / _MANIFEST
        own = Manifest(SCHEMA, digest, self.points)
        found = self._manifest(path)
        if found is None:
            if any(_CHUNK.fullmatch(entry.name) for entry in os.scandir(self.folder)):
                raise SweepError(f"expected {path} beside the chunks of a sweep, found none")
            with self._reported():
                self._write(path, msgspec.json.encode(own) + b"\n")
        elif found != own:
            raise SweepError(
                f"expected {self.folder} to be of this sweep, it holds the points of another one, "
                "or of another version; name another folder with --keep, or remove it"
            )

    @staticmethod
    def _manifest(path: Path) -> Manifest | None:
        try:
            with path.open("rb") as stream:
                return msgspec.json.decode(stream.read(LARGEST_MANIFEST), type=Manifest)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise SweepError(f"expected the manifest of a sweep at {path}: {error}") from None

    def _find(self) -> None:
        """Take in the chunks that are whole; what is left of others is removed."""
        end = 0
        for entry in sorted(os.scandir(self.folder), key=lambda e: e.name):
            match = _CHUNK.fullmatch(entry.name)
            if match is None:
                if entry.name.endswith(".tmp"):
                    _forget(Path(entry.path))
                continue
            start, stop = int(match[1]), int(match[2])
            if not end <= start < stop <= self.points:
                self._tell(f"removed {entry.path}: its points are those of others")
                _forget(Path(entry.path))
                continue
            self._take(start, stop)
            end = stop
        for start, stop in list(self._ranges.items()):
            try:
                self.read(start, stop)
            except SweepError as error:
                self._tell(f"{error}; they are done again")

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            _forget(temporary)
            raise

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise SweepError(f"expected to write to {self.folder}, got: {reason}") from error


def _encoded(chunk: Chunk) -> bytes:
    """Write a chunk after its checksum: disks change bits, and every value of them is a value."""
    data = msgspec.msgpack.encode(chunk)
    return _checksum(data) + data


def _decoded(data: bytes) -> Chunk:
    """Read what :func:`_encoded` wrote; nothing else is read as numbers."""
    if data[:CHECKSUM] != _checksum(data[CHECKSUM:]):
        raise msgspec.DecodeError("its checksum is another one")
    return msgspec.msgpack.decode(data[CHECKSUM:], type=Chunk)


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECKSUM).digest()


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
