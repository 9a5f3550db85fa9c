"""Run benchmarks by name, all of them if none is named: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from .counters import sweeping
from .crossing import crossing
from .formulas import adding, evaluating
from .measuring import measuring
from .points import points
from .predicting import predicting
from .simulating import simulating
from .stacks import figures, folding, longest_path, slowest
from .starting import report, starting
from .timing import HEAD, Row

BENCHMARKS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "starting": starting,
    "report": report,
    "adding": adding,
    "evaluating": evaluating,
    "figures": figures,
    "folding": folding,
    "slowest": slowest,
    "longest_path": longest_path,
    "measuring": measuring,
    "simulating": simulating,
    "sweeping": sweeping,
    "points": points,
    "predicting": predicting,
    "crossing": crossing,
}


def main(names: list[str]) -> int:
    """Print one table of all rows."""
    unknown = [n for n in names if n not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"expected benchmarks of {', '.join(BENCHMARKS)}, got {unknown[0]}\n")
        return 2
    sys.stdout.write(f"{HEAD}\n")
    for name in names or BENCHMARKS:
        for row in BENCHMARKS[name]():
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
