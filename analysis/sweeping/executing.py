"""Where tasks are done: here, in a pool of processes, or on a dask cluster; one seam for all.

>>> with opened("serial") as seam:
...     seam.executor.submit(pow, 2, 10).result(), seam.workers()
(1024, 1)
>>> with opened("threads:4") as seam:
...     pass
Traceback (most recent call last):
    ...
workspan.analysis.sweeping.errors.SweepError: expected serial, processes, processes:N or dask://...
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from .errors import SweepError

DEFAULT = "processes"
MOST_PROCESSES = 512
PATIENCE = 30.0
"""Seconds without a scheduler, or without any worker, after which a cluster counts as gone."""
LOGGERS = ("distributed", "tornado", "asyncio")
LOOKING = 0.5
"""Seconds between two looks at a cluster."""
CONNECTING = 5.0
"""Seconds to reach a scheduler."""


@dataclass(frozen=True, slots=True)
class Seam:
    """An executor, how many tasks it does at a time, and how to see that it is still there."""

    executor: Executor
    workers: Callable[[], int]
    check: Callable[[], None]
    """Raises SweepError if nobody is left to do the tasks."""
    named: str


class Serial(Executor):
    """Does each task at once, in this process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do a task; what it raises is kept for whoever asks for the result."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def opened(name: str) -> Iterator[Seam]:
    """Open the executor of a name, and close it afterwards.

    Parameters
    ----------
    name
        ``serial``, ``processes`` (one for each processor), ``processes:N``, ``dask://host:port``.

    Raises
    ------
    SweepError
        If there is no such executor, or nothing answers there.
    """
    check_name(name)
    if name == "serial":
        yield Seam(Serial(), lambda: 1, lambda: None, name)
    elif name.startswith("dask://"):
        with _cluster(name) as seam:
            yield seam
    else:
        with _pool(_processes(name), name) as seam:
            yield seam


def check_name(name: str) -> None:
    """Refuse what is no name of an executor, before any work is done."""
    if name == "serial" or name == DEFAULT:
        return
    if match := re.fullmatch(r"processes:([0-9]{1,4})", name):
        if not 1 <= int(match[1]) <= MOST_PROCESSES:
            raise SweepError(f"expected 1 to {MOST_PROCESSES} processes, got {match[1]}")
        return
    if re.fullmatch(r"dask://(\[[0-9a-fA-F:]+\]|[\w.-]+):[0-9]{1,5}", name):
        return
    raise SweepError(
        f"expected serial, processes, processes:N or dask://host:port, got {name[:80]!r}"
    )


def told(error: Exception, seam: Seam) -> Exception:
    """Return the error of a task; one line, if nobody did the task."""
    lost = isinstance(error, CancelledError | ConnectionError)
    if isinstance(error, BrokenExecutor):
        reason = "a worker process died (killed, or out of memory)"
    elif lost or type(error).__module__.partition(".")[0] == "distributed":
        reason = f"a task was lost ({type(error).__name__}): is the scheduler still there?"
    else:
        return error
    return SweepError(f"expected {seam.named} to do every task, {reason}")


# --- processes ------------------------------------------------------------------------------------


def _processes(name: str) -> int:
    _, colon, number = name.partition(":")
    if colon:
        return int(number)
    usable = getattr(os, "sched_getaffinity", None)  # what this process may use, on Linux
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


@contextlib.contextmanager
def _pool(processes: int, name: str) -> Iterator[Seam]:
    context = multiprocessing.get_context("spawn")
    ends, end = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        processes, mp_context=context, initializer=_follow_parent, initargs=(ends,)
    )
    try:
        yield Seam(pool, lambda: processes, lambda: None, name)
    except BaseException:
        # Whoever leaves early, by an error or Ctrl-C, does not wait for what nobody will read.
        end.send_bytes(b"end")
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        end.close()
        ends.close()


def _follow_parent(ends: Connection) -> None:
    """Leave Ctrl-C to the parent, and end with it, or when it says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        following = threading.Thread(target=_end_with, args=(parent.sentinel, ends), daemon=True)
        following.start()


def _end_with(*signs: Any) -> None:
    wait(signs)
    os._exit(1)


# --- a cluster ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _cluster(name: str) -> Iterator[Seam]:
    try:
        import distributed
    except ImportError:
        raise SweepError(
            f"expected dask for {name}, which is not installed: pip install 'workspan[dask]'"
        ) from None
    address = "tcp://" + name.removeprefix("dask://")
    with _quiet():
        try:
            client = distributed.Client(
                address, timeout=CONNECTING, set_as_default=False, name="workspan"
            )
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).split(" after")[0] or type(error).__name__
            raise SweepError(
                f"expected a dask scheduler at {name}, nothing answers there ({reason})"
            ) from None
        try:
            watch = _Watch(client, name)
            yield Seam(client.get_executor(pure=False), watch.workers, watch.check, name)
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=2)


class _Watch:
    """Sees that a scheduler answers, and how many workers it has."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._seen = time.monotonic()
        self._looked = -LOOKING
        self._workers = 0

    def workers(self) -> int:
        """Return how many workers there were at the last look."""
        return max(self._workers, 1)

    def check(self) -> None:
        """Raise if nobody was there for too long."""
        now = time.monotonic()
        if now - self._looked < LOOKING:
            return
        self._looked = now
        client = self._client
        if client.status == "closed":
            raise SweepError(f"expected the dask scheduler at {self._name} to go on, it is gone")
        running = client.status == "running"
        self._workers = len(client.scheduler_info(n_workers=-1)["workers"]) if running else 0
        if self._workers:
            self._seen = now
        elif now - self._seen > PATIENCE:
            what = "it has no workers" if running else "it is gone"
            raise SweepError(f"expected the dask scheduler at {self._name} to go on, {what}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the cluster's own log off the terminal; what matters becomes one line of ours."""
    names = [n for n in logging.root.manager.loggerDict if n.partition(".")[0] in LOGGERS]
    loggers = [logging.getLogger(name) for name in (*names, *LOGGERS)]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was
