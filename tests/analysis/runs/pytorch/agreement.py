"""What the graphs of the catalogue derive, for comparison with what torch does."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from workspan.analysis.counting.counts import work
from workspan.analysis.runs.pytorch.modules import MODULES
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.graphs.tracing import trace

SIZES: tuple[Mapping[str, int], ...] = (
    {"n": 11, "d": 8, "h": 4, "g": 2, "f": 6, "k": 3, "w": 5, "m": 4, "L": 3},
    {"n": 6, "d": 9, "h": 3, "g": 1, "f": 4, "k": 5, "w": 3, "m": 7, "L": 1},
    {"n": 1, "d": 4, "h": 1, "g": 1, "f": 1, "k": 1, "w": 1, "m": 1, "L": 2},
)
WINDOWED = ("windowed_attention", "causal_windowed_attention")


@functools.cache
def graph_of(name: str) -> Graph:
    """Trace a model with all of its sizes as symbols."""
    own: dict[str, Any] = {s: s for s in MODULES[name].sizes if s not in {"n", "d", "m"}}
    return trace(CATALOGUE[name], **own)


@functools.cache
def derived(name: str, line: str, pairs: str = "dense", mode: str = "encode") -> Poly:
    """Return the work that the graph derives: the total, or the line of one primitive."""
    graph = graph_of(name)
    found = work(graph if mode == "encode" else training(graph), Setting(pairs=pairs))
    assert found.formula is not None, found.reason
    return found.formula if line == "total" else found.by_primitive.get(line, poly(0))


def value(formula: Poly, at: Mapping[str, int]) -> int:
    """Return the value of a formula at sizes, of which it may have only some."""
    return int(formula.evaluate(**{s: at[s] for s in formula.sizes}))
