"""Remembering what was found of the last few graphs, so that each fact is read off once."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from ..graphs.graph import Graph
from ..graphs.models import CATALOGUE
from ..graphs.tracing import trace

Fact = TypeVar("Fact")

KEPT = 16
"""How many graphs each fact is remembered of."""


def once(function: Callable[[Graph], Fact]) -> Callable[[Graph], Fact]:
    """Make a function of a graph remember its last results, by the graph's identity."""
    known: OrderedDict[int, tuple[Graph, Fact]] = OrderedDict()

    @functools.wraps(function)
    def remembered(graph: Graph) -> Fact:
        if id(graph) not in known:
            known[id(graph)] = (graph, function(graph))  # it holds the graph: no other gets its id
            if len(known) > KEPT:
                known.popitem(last=False)
        return known[id(graph)][1]

    return remembered


@functools.cache
def traced(name: str, symbols: tuple[str, ...] = ()) -> Graph:
    """Return the graph of a model of the catalogue, always the same one.

    Parameters
    ----------
    name
        One of the catalogue.
    symbols
        Sizes that are symbols even if the model fixes them otherwise.
    """
    sizes: dict[str, Any] = {s: s for s in symbols}
    return trace(CATALOGUE[name], name=name, **sizes)
