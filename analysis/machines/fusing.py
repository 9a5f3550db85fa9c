"""Fusion: which operations are one launch, by rules that the graph decides.

Unfused, each equation that computes is launched by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...graphs.graph import Graph
from .operations import Operation, Run, single
from .task import Task


def fuse(graph: Graph, runs: Iterable[Run], task: Task) -> tuple[Operation, ...]:
    """Return the operations of what runs, fused as a task says."""
    return tuple(single(graph, run) for run in runs)
