"""Taking times: processor seconds of a function or of a command, and rows that compare two."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was timed, and what it is compared with."""

    what: str
    seconds: float
    against: str = ""
    """The alternative; empty if there is none."""
    other: float | None = None
    """Its seconds, in the same run; None if it was given up."""

    @property
    def ratio(self) -> str:
        """How many times as long the alternative takes."""
        if self.other is None:
            return ""
        return f"{self.other / max(self.seconds, 1e-9):.3g}"

    def __str__(self) -> str:
        other = "" if self.other is None else f"{self.other:.3f} s"
        return f"| {self.what} | {self.seconds:.3f} s | {self.against} | {other} | {self.ratio} |"


HEAD = "| what | seconds | against | seconds | ratio |\n|---|---|---|---|---|"


def cpu(function: Callable[[], object], *, repeat: int = 3) -> float:
    """Return the least processor seconds of a few calls; other processes do not count."""
    found = []
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return min(found)


def command(*arguments: str, repeat: int = 3) -> float:
    """Return the least processor seconds of a fresh Python with these arguments."""
    found = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    return "\n".join([HEAD, *map(str, rows)])
