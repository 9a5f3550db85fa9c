"""Many points: formulas on grids of sizes, and whole sweeps with their tables."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from workspan.analysis.deriving import derive
from workspan.analysis.memory import traced
from workspan.analysis.sweeping.axes import boxes
from workspan.analysis.sweeping.performing import Work
from workspan.analysis.sweeping.planning import planned
from workspan.analysis.sweeping.spec import read
from workspan.analysis.sweeping.writing import write_table
from workspan.graphs.grids import evaluate
from workspan.graphs.programs import program
from workspan.graphs.setting import Setting

from .timing import Row, cpu

SPEC = Path(__file__).parent / "points.toml"
LOOPED = 10_000
WRITTEN = 500_000


def points() -> Iterator[Row]:
    """Evaluate ten million points of each figure, and write tables."""
    spec = read(SPEC)
    (part, _) = planned(spec).parts
    count = part.each
    graph = traced("encoder", ("L",))
    for figure in spec.figures:
        formula = derive(figure, graph, Setting(unit="scalar")).formula
        assert formula is not None
        own = formula.substitute(part.tied)
        compiled = program(own)
        symbols = sympy.symbols(own.sizes, positive=True, integer=True)
        call = sympy.lambdify(symbols, own.sympy(), "numpy")
        parts = [b.arrays(part.axes) for b in boxes(0, count, part.axes, most=1 << 20)]

        def ours(compiled: Any = compiled, parts: Any = parts) -> None:
            for arrays in parts:
                evaluate(compiled, arrays)

        def lambdified(call: Any = call, own: Any = own, parts: Any = parts) -> None:
            for arrays in parts:
                call(**{s: arrays[s] for s in own.sizes})

        def looped(own: Any = own) -> None:
            for at in _some(part.axes, LOOPED):
                own.evaluate(**{s: at[s] for s in own.sizes})

        seconds = cpu(ours)
        what = f"{figure} of encoder at {count:,} points ({count / seconds / 1e6:.0f} M a second)"
        against = "sympy.lambdify, compiled before, neither exact nor checked"
        yield Row(what, seconds, against, cpu(lambdified))
        against = f"Poly.evaluate at each ({LOOPED:,} points, scaled up)"
        yield Row(what, seconds, against, cpu(looped, repeat=1) * count / LOOPED)
    plan = planned(spec)
    seconds = cpu(lambda: sum(len(c) for c in Work(plan, [(0, plan.total)], "serial")), repeat=1)
    rate = plan.total / seconds / 1e6
    yield Row(
        f"a sweep of {plan.total:,} points, derived and evaluated ({rate:.0f} M a second)", seconds
    )
    yield from _writing()


def _writing() -> Iterator[Row]:
    plan = planned(read(SPEC))
    chunks = list(Work(plan, [(0, WRITTEN)], "serial"))
    with tempfile.TemporaryDirectory() as folder:
        ours = cpu(lambda: write_table(Path(folder) / "a.csv", plan, chunks), repeat=1)
        theirs = cpu(lambda: _by_csv(Path(folder) / "b.csv", plan, chunks), repeat=1)
        same = (Path(folder) / "a.csv").read_bytes() == (Path(folder) / "b.csv").read_bytes()
    assert same
    yield Row(f"{WRITTEN:,} rows as CSV", ours, "csv.DictWriter, row by row (same bytes)", theirs)


def _by_csv(path: Path, plan: Any, chunks: Any) -> None:
    from workspan.analysis.sweeping.tables import Table, columns_of

    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns_of(plan), lineterminator="\n")
        writer.writeheader()
        for chunk in chunks:
            writer.writerows(Table(plan, chunk).rows())


def _some(axes: Any, count: int) -> Iterator[Mapping[str, int]]:
    """Yield the first points of a grid by themselves."""
    box = next(boxes(0, count, axes, most=count))
    arrays = box.arrays(axes)
    columns = [np.broadcast_to(a, box.lengths).reshape(-1).tolist() for a in arrays.values()]
    for row in zip(*columns, strict=True):
        yield dict(zip(arrays, row, strict=True))
