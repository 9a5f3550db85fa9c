"""Measuring: the largest graph that is unrolled, with its span and path length, within limits.

Each length runs in a process of its own with at most 4 GB of memory. Lengths grow by a quarter
until one takes more than a minute of processor time, or more memory, or is refused.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator

from .timing import Row

SECONDS = 60
GIGABYTES = 4
FIRST = {"attention": 200, "lstm": 1000}

CHILD = """
import json, resource, sys, time
from workspan import Setting, catalogue, trace
from workspan.analysis.measured.measure import measure
name, n, seconds, gigabytes = sys.argv[1], *map(int, sys.argv[2:])
resource.setrlimit(resource.RLIMIT_AS, (gigabytes << 30, gigabytes << 30))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
graph, at = trace(catalogue[name], name=name), {"n": n, "d": 4}
start = time.process_time()
for figure in ("span", "path_length"):
    measure(figure, graph, Setting(), at)
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.process_time() - start, kilobytes / 1e6]))
"""


def measuring() -> Iterator[Row]:
    """Unroll longer and longer sequences."""
    for name, n in FIRST.items():
        taken = [(n, *found) for n, found in _longer(name, n)]
        if not taken:
            continue
        last, seconds, gigabytes = taken[-1]
        before = taken[-2] if len(taken) > 1 else taken[-1]
        ratio = last / before[0]
        degree = math.log(seconds / before[1], ratio) if ratio > 1 else math.nan
        grows = f"the same at n = {before[0]:,}: grows like n**{degree:.1f}"
        what = f"{name}: unroll, span and path length at n = {last:,} ({gigabytes:.1f} GB)"
        yield Row(what, seconds, grows, before[1])


def _longer(name: str, n: int) -> Iterator[tuple[int, tuple[float, float]]]:
    while True:
        found = _one(name, n)
        if found is None:
            return
        yield n, found
        n = n * 5 // 4


def _one(name: str, n: int) -> tuple[float, float] | None:
    """Return the processor seconds and the gigabytes of one length; None past the limits."""
    arguments = [sys.executable, "-c", CHILD, name, str(n), str(SECONDS), str(GIGABYTES)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"more than {SECONDS} s"]
        sys.stderr.write(f"{name} at n = {n:,}: {last[0]}\n")
        return None
    seconds, gigabytes = json.loads(done.stdout)
    return seconds, gigabytes
