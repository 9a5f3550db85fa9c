"""Calibration: the rates of the machine that this runs on, measured, and written as a file.

What is measured with each library, with one thread and with all: matrix products by number format,
a copy that no cache holds, matrices of several sizes by a vector (the best of them is the bandwidth
of the cache), elementwise arithmetic and a function inside the cache, and an operation on a single
number. The least time of several repeats counts, because whatever else
a machine does only adds time.
"""

from __future__ import annotations

import datetime
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec

from ..runs.errors import require_one_of
from ..runs.observations import EngineError
from ..runs.timing import processors
from .libraries import library_of
from .quantities import shown

ENGINES = ("numpy", "torch")

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Variables by which libraries of linear algebra learn how many threads to use."""

REPEATS, LEAST_SECONDS = 15, 2e-3
"""How often each measurement is repeated, and how long one takes at least."""

COPIED = 1 << 28
"""Bytes of the array that is copied: no cache holds it."""

ROWS = tuple(1 << k for k in range(7, 13)), tuple(1 << k for k in range(9, 15))
"""Rows and columns of matrices that are multiplied by a vector, on a processor and on a GPU."""

ELEMENTS = 1 << 14
"""Numbers to which an elementwise function is applied."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one library reaches with some threads."""

    library: str
    threads: str
    rates: Mapping[str, float]
    """Operations per second in matrix products, by number format."""
    by_vector: Mapping[int, float]
    """Byte/s of matrices that are multiplied by a vector, by their bytes."""
    bandwidth: float
    """Byte/s, read and written, of a copy that no cache holds."""
    vector_rate: float
    """Elementwise products per second."""
    function_rate: float
    """Hyperbolic tangents per second."""
    latency: float
    """Seconds of the smallest operation."""

    @property
    def cache_bandwidth(self) -> float:
        """Byte/s of the matrices that are multiplied fastest."""
        return max(*self.by_vector.values(), self.bandwidth)

    @property
    def cache(self) -> float:
        """Bytes of the largest matrix whose rate is nearer to the best than to that of copies."""
        middle = math.sqrt(self.bandwidth * self.cache_bandwidth)
        return float(max(size for size, rate in self.by_vector.items() if rate >= middle))


def calibrate(
    engine: str | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] | None = None,
    *,
    alone: bool = False,
) -> list[Measured]:
    """Measure libraries with one thread and with all; that of the engine comes first.

    Each is measured in a process of its own, because libraries choose their threads when they
    start.

    Parameters
    ----------
    engine
        ``numpy`` or ``torch``; torch if it is installed and none is named.
    device
        ``cpu``, or ``cuda`` for torch.
    tell
        Called with a line before each measurement.
    alone
        Whether other libraries than the engine's are left out.

    Raises
    ------
    EngineError
        If there is no such library or device.
    """
    chosen = engine_of(engine, device)
    if device != "cpu":
        return [measured(chosen, "all", device)]
    installed = [e for e in ENGINES if find_spec(e) is not None and (e == chosen or not alone)]
    found = []
    for name in sorted(installed, key=lambda e: e != chosen):
        for threads in ("all", "1") if processors() > 1 else ("1",):
            if tell is not None:
                tell(f"{name}, threads: {threads}")
            (line,) = in_process(threads, "measure", name, threads, device)
            found.append(_read(line))
    return found


def engine_of(engine: str | None, device: str) -> str:
    """Return the engine that is asked for, or that is there.

    Raises
    ------
    EngineError
        If it is not installed, or has no such device.
    """
    chosen = engine or ("torch" if find_spec("torch") is not None else "numpy")
    require_one_of("engine", chosen, ENGINES)
    require_one_of("device", device.partition(":")[0], ("cpu", "cuda"))
    if find_spec(chosen) is None:
        raise EngineError(
            f'expected {chosen} to be installed, it is not: pip install "workspan[torch]"'
        )
    if device != "cpu":
        import torch

        if chosen != "torch" or not torch.cuda.is_available():
            raise EngineError(f"expected a GPU that torch sees, got --device {device} and none")
    return chosen


def in_process(threads: str, *arguments: str) -> list[str]:
    """Run this package's measurements in a process with so many threads; return what it prints."""
    count = "1" if threads == "1" else str(processors())
    environment = {**os.environ, **dict.fromkeys(THREADS, count)}
    done = subprocess.run(
        [sys.executable, "-m", "workspan.analysis.machines.measuring", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EngineError(f"expected to measure with {' '.join(arguments)}, got: {told[-1]}")
    return done.stdout.splitlines()


def _read(line: str) -> Measured:
    return msgspec.json.decode(line.encode(), type=Measured)


def measured(engine: str, threads: str, device: str) -> Measured:
    """Measure one library in this process, whose threads are chosen already."""
    library = library_of(engine, device)
    clock = clock_of(threads, device)
    size, elements = (512, ELEMENTS) if device == "cpu" else (4096, ELEMENTS << 10)

    def took(work: Callable[[], object]) -> float:
        return least(work, library.wait, clock)

    return Measured(
        library.name,
        threads,
        {number: 2.0 * size**3 / took(library.product(number, size)) for number in library.formats},
        {4 * m * m: 4.0 * m * m / took(library.by_vector(m)) for m in ROWS[device != "cpu"]},
        2.0 * COPIED / took(library.copy(COPIED)),
        elements / took(library.arithmetic(elements)),
        elements / took(library.elementwise(elements)),
        took(library.smallest()),
    )


def clock_of(threads: str, device: str) -> Callable[[], float]:
    """Return a clock: with one thread that of its processor, so that others take nothing away."""
    return time.process_time if threads == "1" and device == "cpu" else time.perf_counter


def least(
    work: Callable[[], object],
    wait: Callable[[], None],
    clock: Callable[[], float],
    repeats: int = REPEATS,
) -> float:
    """Return the least seconds that one call takes, among several repeats of many calls."""

    def seconds(calls: int) -> float:
        start = clock()
        for _ in range(calls):
            work()
        wait()
        return clock() - start

    seconds(1)
    calls = 1
    while seconds(calls) < LEAST_SECONDS:
        calls *= 2
    return min(seconds(calls) for _ in range(repeats)) / calls


# --- the file -------------------------------------------------------------------------------------


def machine_text(
    found: Sequence[Measured], threads: str = "all", *, device: str = "cpu", day: str = ""
) -> str:
    """Return a machine's file: the figures of one measurement, and those of others as sources.

    Parameters
    ----------
    found
        The first library is the machine's.
    threads
        With how many threads: ``1`` or ``all``.
    day
        The date of the measurement; today if empty.
    """
    day = day or datetime.date.today().isoformat()
    own = [m for m in found if m.library == found[0].library]
    chosen = next((m for m in own if m.threads == threads), own[0])
    where = processor() if device == "cpu" else platform.machine()
    lines = [
        f'name = "{_plain(f"{where}, {_library(chosen)}")}"',
        "sources = [",
        *(f'    "{_plain(line)}",' for line in _told(chosen, found, day)),
        "]",
        f'bandwidth = "{shown(chosen.bandwidth, "byte/s")}"',
        f'cache_bandwidth = "{shown(chosen.cache_bandwidth, "byte/s")}"',
        f'memory = "{shown(memory_bytes(device), "byte")}"',
        f'cache = "{shown(chosen.cache, "byte")}"',
        f'latency = "{shown(chosen.latency, "s")}"',
        f'vector_rate = "{shown(chosen.vector_rate, "flop/s")}"',
        f'function_rate = "{shown(chosen.function_rate, "flop/s")}"',
        f"cores = {processors()}",
        "",
        "[rates]",
        *(f'{number} = "{shown(rate, "flop/s")}"' for number, rate in chosen.rates.items()),
    ]
    return "\n".join(lines) + "\n"


def _library(found: Measured) -> str:
    threads = "one thread" if found.threads == "1" else f"{found.threads} threads"
    return f"{found.library}, {threads}"


def _told(chosen: Measured, others: Sequence[Measured], day: str) -> Iterator[str]:
    yield (
        f"measured by workspan machine calibrate on {day}: the least of {REPEATS} repeats, with one "
        "thread in processor time, with all by the wall clock"
    )
    for found in (chosen, *(o for o in others if o is not chosen)):
        rates = ", ".join(f"{k} {shown(v, 'flop/s')}" for k, v in found.rates.items())
        yield (
            f"{_library(found)}: products {rates}; copies {shown(found.bandwidth, 'byte/s')}; "
            f"a matrix by a vector {shown(found.cache_bandwidth, 'byte/s')}; elementwise products "
            f"{shown(found.vector_rate, 'flop/s')}, tanh {shown(found.function_rate, 'flop/s')}; smallest operation {shown(found.latency, 's')}"
        )


def _plain(text: str) -> str:
    """Return text that TOML holds between quotes."""
    return "".join(c for c in text if c.isprintable() and c not in '"\\')


def processor() -> str:
    """Return the model of the processor as the system names it, and how many there are."""
    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        model = next(named, "")
    except OSError:
        pass
    model = model or platform.processor() or platform.machine()
    return f"{model} ({processors()} processors, {platform.machine()})"


def memory_bytes(device: str) -> float:
    """Return the bytes of memory that there are."""
    if device != "cpu":
        import torch

        return float(torch.cuda.get_device_properties(device).total_memory)
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
