"""The index of a store: which file answers which question, in SQLite, for several processes.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with Index(Path(folder) / "index.sqlite") as index:
...         index.put("question", "content", 10, 1.0), index.put("question", "newer", 10, 2.0)
...         index.put("question", "content", 10, 1.0), index.find("question"), index.total()
(None, 'content')
('content', 'newer', (1, 10))
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from ..closing import Closing

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""
PAUSE = 0.01
"""Seconds between two tries."""

_TABLE = """
CREATE TABLE IF NOT EXISTS measurements (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, bytes INTEGER NOT NULL, time REAL NOT NULL
) WITHOUT ROWID
"""


class StoreError(ValueError):
    """A store that cannot be used; the message names it and says why."""


class DamagedIndexError(Exception):
    """A file that is no index; it can be made again from the records."""


class Index(Closing):
    """Rows of question, content, bytes and time. Each call is one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._reported():
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            with self._reported():
                self._share()
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.execute(_TABLE)
                self._connection.execute(
                    "SELECT key, content, bytes, time FROM measurements LIMIT 1"
                )
                (sound,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
                if sound != "ok":
                    raise DamagedIndexError(str(sound))
        except BaseException:
            self._connection.close()
            raise

    def _share(self) -> None:
        """Let others read while one writes; of several that begin at once, one after another.

        SQLite waits for whoever writes, but not for whoever changes this.
        """
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def find(self, key: str) -> str | None:
        """Return the content that answers a question, if it is known."""
        with self._reported():
            row = self._connection.execute(
                "SELECT content FROM measurements WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, content: str, size: int, time: float) -> str | None:
        """Say what answers a question; of two answers the newer one stays.

        Returns
        -------
        The content that answers nothing any more, if there is one: of an older answer, or the one
        given where there is a newer answer.
        """
        with self._reported(), self._writing():
            row = self._connection.execute(
                "SELECT content, time FROM measurements WHERE key = ?", (key,)
            ).fetchone()
            if row is not None and row[1] > time:
                return content if row[0] != content else None
            self._connection.execute(
                "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?)",
                (key, content, size, time),
            )
        return str(row[0]) if row is not None and row[0] != content else None

    def drop(self, content: str) -> None:
        """Forget a content."""
        with self._reported():
            self._connection.execute("DELETE FROM measurements WHERE content = ?", (content,))

    def contents(self) -> set[str]:
        """Return all contents."""
        with self._reported():
            return {str(c) for (c,) in self._connection.execute("SELECT content FROM measurements")}

    def total(self) -> tuple[int, int]:
        """Return how many answers there are, and their bytes."""
        with self._reported():
            count, size = self._connection.execute(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM measurements"
            ).fetchone()
        return int(count), int(size)

    def oldest(self) -> Iterator[tuple[str, int]]:
        """Yield contents and their bytes, the oldest first."""
        with self._reported():
            rows = self._connection.execute(
                "SELECT content, bytes FROM measurements ORDER BY time, key"
            ).fetchall()
        yield from ((str(content), int(size)) for content, size in rows)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Take the right to write before reading, so that what is read stays true."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such column" in str(error) or "malformed" in str(error):
                raise DamagedIndexError(str(error)) from error
            raise StoreError(f"expected an index at {self._path}, got: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DamagedIndexError(str(error)) from error
