"""Crossovers: solved to the whole number, against looking at sizes one after another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workspan.analysis.advising.candidates import candidate
from workspan.analysis.advising.charts import chart
from workspan.analysis.advising.regions import Window
from workspan.analysis.comparing.crossings import LARGEST, turns
from workspan.analysis.deriving import derive
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly

from .timing import Row, cpu

LOOKED = 1_000_000
NAMES = ("lstm", "causal_attention", "causal_windowed_attention", "linear_attention_recurrent")


def _work(name: str) -> Poly:
    chosen = candidate(name, {"n": 1, "d": 1})
    found = derive("work", chosen.graph, Setting()).formula
    assert found is not None
    return found.substitute({s: v for s, v in chosen.sizes.items() if s not in {"n", "d"}})


def crossing() -> Iterator[Row]:
    """Find where the order of two models turns, and map four models over two sizes."""
    lstm, attention = _work("lstm"), _work("causal_attention")
    asked = {"n": 32_768, "d": 1024}
    sizes = np.arange(1, LOOKED + 1)

    def solved() -> object:
        return turns(lstm, attention, asked, "n")

    def looked() -> object:
        left, right = (f.evaluate(n=sizes, d=1024) for f in (lstm, attention))
        return np.flatnonzero(np.diff(np.sign(left - right)))

    what = f"the turns of two models' work up to n = {LARGEST:,}"
    yield Row(what, cpu(solved), f"looking at n up to {LOOKED:,}, in NumPy", cpu(looked))

    window = Window("n", "d", (1, LOOKED), (1, 16_384))
    formulas = [_work(name) for name in NAMES]

    def mapped() -> object:
        return chart(NAMES, window, "work")

    def gridded() -> object:
        least = [f.evaluate(n=sizes, d=1024) for f in formulas]
        return np.argmin(np.stack(least), axis=0)

    rows = len(chart(NAMES, window, "work").regions.rows)
    what = f"a map of {len(NAMES)} models, {rows} rows of {LOOKED:,} sizes"
    against = "comparing at every size of the rows, in NumPy (one row, scaled up)"
    yield Row(what, cpu(mapped), against, rows * cpu(gridded))
