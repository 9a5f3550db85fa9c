"""Running an experiment: whatever is not in the store is measured, and kept as soon as it is there.

An interrupted run goes on where it was: at most the measurements that were under way are lost, and
nothing is counted twice, since each is kept under the definition's digest, the digest of the code
that measured it, its learner, size and seed.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import connection
from pathlib import Path

from ..confirming.store import Asked, Store
from ..confirming.store_records import Machine
from ..runs.observations import EngineError, MissingExtraError, Observation, Source
from .cells import Cell, Result, wanted
from .definition import Definition

Key = tuple[str, int, int]
Numbers = Mapping[str, float]
SECONDS = "seconds"
"""What a measurement took, kept beside its numbers."""
MEASURING = ("learners.py", "measuring.py", "tasks.py", "training.py")
"""The code that numbers come from."""


def run(
    definition: Definition,
    store: Store | None,
    *,
    processes: int = 1,
    tell: Callable[[str], None] | None = None,
) -> Result:
    """Run an experiment, or what is missing of it.

    Parameters
    ----------
    definition
        What is run.
    store
        Where measurements are looked up and kept; without one they are not.
    processes
        How many measure at once, each with one thread.
    tell
        Called with one line after each measurement.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    if find_spec("torch") is None:
        raise MissingExtraError(
            'expected torch to be installed, it is not: pip install "workspan[torch]"'
        )
    questions = _questions(definition)
    found = {key: dict(seen) for key, seen in _found(questions, store)}
    missing = [key for key in questions if key not in found]
    for key, values in _measured(definition, missing, processes):
        if store is not None:
            _keep(store, questions[key], values)
        found[key] = dict(values)
        if tell is not None:
            label, size, seed = key
            where = f"{label} at {definition.along}={size}, seed {seed}"
            tell(f"{definition.name}: {len(found)} of {len(questions)}: {where}")
    return _result(definition, found)


def _questions(definition: Definition) -> dict[Key, Asked]:
    versions = {name: version(name) for name in ("numpy", "torch")}
    digest = hashlib.sha256(f"{definition.digest} {_code()}".encode()).hexdigest()
    here = Machine.here()
    return {
        (label, size, seed): Asked(
            "torch",
            label,
            digest,
            {definition.along: size},
            f"experiment {definition.name}",
            seed,
            versions,
            here,
        )
        for label, size, seed in wanted(definition)
    }


def _code() -> str:
    """Return the digest of the code that measures."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / n).read_bytes() for n in MEASURING)).hexdigest()


def _keep(store: Store, asked: Asked, values: Numbers) -> None:
    source = Source("torch", asked.versions["torch"], asked.model)
    store.keep(asked, [Observation(m, asked.at, v, source) for m, v in values.items()])


def _found(questions: Mapping[Key, Asked], store: Store | None) -> Iterator[tuple[Key, Numbers]]:
    for key, asked in questions.items():
        seen = store.find(asked) if store is not None else None
        if seen is not None:
            yield key, {o.figure: float(o.value) for o in seen}


def _measured(
    definition: Definition, missing: Sequence[Key], processes: int
) -> Iterator[tuple[Key, Numbers]]:
    """Yield measurements as they are finished."""
    if processes < 2 or len(missing) < 2:
        yield from ((key, _measure(definition, *key)) for key in missing)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
        try:
            # Few at a time, so that Ctrl-C waits for no more than these.
            left, under_way = iter(missing), dict[Future[Numbers], Key]()
            for key in left:
                under_way[pool.submit(_measure, definition, *key)] = key
                if len(under_way) > processes:
                    yield from _finished(under_way)
            while under_way:
                yield from _finished(under_way)
        except BrokenProcessPool as error:
            raise EngineError(
                "expected measuring processes to last, one ended (out of memory?); what is finished "
                "is kept; try fewer at once"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finished(under_way: dict[Future[Numbers], Key]) -> Iterator[tuple[Key, Numbers]]:
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for future in done:
        yield under_way.pop(future), future.result()


def _measure(definition: Definition, label: str, size: int, seed: int) -> Numbers:
    from .measuring import measure

    began = time.process_time()
    found = measure(definition, label, size, seed)
    return {**found, SECONDS: time.process_time() - began}


def _end_with_parent() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that is gone, were it killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    sys.stderr.flush()
    os._exit(1)


def _result(definition: Definition, found: Mapping[Key, Numbers]) -> Result:
    """Put the measurements of all seeds together, in the order of the definition."""
    cells, seconds = [], 0.0
    for label, size in dict.fromkeys((label, size) for label, size, _ in wanted(definition)):
        seeds = range(definition.first, definition.first + definition.seeds)
        own = [found[label, size, seed] for seed in seeds]
        seconds += sum(values.get(SECONDS, 0.0) for values in own)
        shared = [m for m in own[0] if m != SECONDS and all(m in values for values in own)]
        values = {m: tuple(values[m] for values in own) for m in shared}
        cells.append(Cell(label, size, values))
    versions = {name: version(name) for name in ("numpy", "torch")}
    where = f"{platform.system()} {platform.machine()}"
    return Result(definition.digest, versions, where, round(seconds, 1), tuple(cells))
