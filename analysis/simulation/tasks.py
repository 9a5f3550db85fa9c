"""Tasks: what is scheduled. Nodes with what they cost, whom they wait for, what they hold.

>>> tasks = Tasks.of([3, 2, 2], [(0, 2)])
>>> tasks.count, tasks.work, tasks.readers.tolist()
(3, 7, [2])
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .flat import Array
from .levels import Levels


@dataclass(frozen=True, eq=False)
class Tasks:
    """What is scheduled: a directed acyclic graph of nodes, each a chain of levels of unit tasks."""

    names: tuple[str, ...]
    """The equations."""
    kinds: tuple[str, ...]
    """The primitive of each equation."""
    owner: Array
    """By node, its equation."""
    levels: tuple[Levels, ...]
    """The different chains of levels."""
    shape: Array
    """By node, its chain of levels; a view's is empty."""
    start: Array
    sources: Array
    """What each node reads, as in :class:`.flat.Flat`."""
    scalars: Array
    """By node, how many scalars it holds."""
    given: Array
    """Which nodes are there from the beginning: inputs."""
    kept: Array
    """Which nodes are outputs, and held to the end."""
    order: Array
    """By node, its rank in the schedule in order."""
    parameters: int = 0
    """How many scalars are in parameters, which are not counted with what is live."""

    @classmethod
    def of(cls, steps: Sequence[int], reads: Sequence[tuple[int, int]] = ()) -> Tasks:
        """Return tasks of so many steps, of which the second of a pair waits for the first."""
        count, levels = len(steps), tuple(sorted(set(steps)))
        pairs = sorted({(target, source) for source, target in reads})
        targets = np.array([t for t, _ in pairs], dtype=np.int64)
        none, every = np.zeros(count, dtype=bool), np.arange(count)
        return cls(
            tuple(f"T{k + 1}" for k in range(count)),
            ("task",) * count,
            every,
            tuple(((1, k),) if k else () for k in levels),
            np.array([levels.index(k) for k in steps]),
            np.concatenate(([0], np.cumsum(np.bincount(targets, minlength=count)))),
            np.array([s for _, s in pairs], dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            none,
            none,
            every,
        )

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return len(self.owner)

    @functools.cached_property
    def memory(self) -> dict[str, Any]:
        """What was found out about these tasks, for whoever asks again."""
        return {}

    @functools.cached_property
    def shape_list(self) -> list[int]:
        """``shape`` as a list, which is quick to look things up in."""
        return self.shape.tolist()

    @functools.cached_property
    def start_list(self) -> list[int]:
        """``read_start`` as a list."""
        return self.read_start.tolist()

    @functools.cached_property
    def _readers(self) -> tuple[Array, Array]:
        targets = np.repeat(np.arange(self.count), np.diff(self.start))
        by_source = np.argsort(self.sources, kind="stable")
        begin = np.concatenate(([0], np.cumsum(np.bincount(self.sources, minlength=self.count))))
        return begin, targets[by_source]

    @property
    def read_start(self) -> Array:
        """[count + 1]: where in ``readers`` those of a node begin."""
        return self._readers[0]

    @property
    def readers(self) -> Array:
        """Who reads each node."""
        return self._readers[1]

    def _totals(self, what: Sequence[int]) -> int:
        counts = np.bincount(self.shape, minlength=len(self.levels)).tolist()
        return sum(times * one for times, one in zip(counts, what, strict=True))

    @functools.cached_property
    def work(self) -> int:
        """Steps of all processors together: in unit scalar, the operations."""
        return self._totals([sum(w * k for w, k in levels) for levels in self.levels])

    @functools.cached_property
    def stages(self) -> int:
        """How many levels all nodes have together."""
        return self._totals([len(levels) for levels in self.levels])

    @functools.cached_property
    def length(self) -> Array:
        """By node, the steps of its levels one after another."""
        return np.array([sum(k for _, k in levels) for levels in self.levels])[self.shape]

    @functools.cached_property
    def waits(self) -> Array:
        """By node, the steps of its levels that have no operation."""
        each = [sum(k for w, k in levels if not w) for levels in self.levels]
        return np.array(each)[self.shape]

    @functools.cached_property
    def holds(self) -> Array:
        """Which nodes hold values of their own: what has an operation, and inputs that are used."""
        computed = np.array([any(w for w, _ in levels) for levels in self.levels])[self.shape]
        used = computed | self.kept
        found = np.flatnonzero(used)
        while len(found):  # through views, one after another
            begin, counts = self.start[found], self.start[found + 1] - self.start[found]
            places = np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
            found = np.unique(self.sources[places])
            found = found[~used[found]]
            used[found] = True
        return computed | (self.given & used)
