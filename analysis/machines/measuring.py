"""Measurements in a process of their own: ``python -m workspan.analysis.machines.measuring``.

What is measured goes to the output as JSON, one line each.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments name, and print it."""
    what, engine, threads, device = arguments[:4]
    if what == "measure":
        from .calibrating import measured

        _say(measured(engine, threads, device))
    else:
        from .validating import timed

        for seconds in timed(engine, threads, device):
            _say(seconds)


def _say(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
