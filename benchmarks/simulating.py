"""Simulating: list scheduling of unrolled graphs, against networkx with a heap."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from workspan import Graph, Setting, catalogue, trace, unroll
from workspan.analysis.measured.measure import weights
from workspan.analysis.simulation.building import tasks_of
from workspan.analysis.simulation.scheduling import schedule

from .timing import Row, cpu

PROCESSORS = 64
BOTH: Mapping[str, dict[str, int]] = {
    "lstm": {"n": 3_500, "d": 4, "L": 2},
    "attention": {"n": 700, "d": 4},
}
"""Sizes that both can do."""
MILLION = {"n": 35_800, "d": 4, "L": 2}


def simulating() -> Iterator[Row]:
    """Unroll and schedule, in order of becoming ready and by the critical path."""
    for name, at in BOTH.items():
        graph = _graph(name)
        assert ours(graph, at) == plain(graph, at)
        what = f"{name} at n = {at['n']:,}: unroll and schedule on {PROCESSORS} processors"
        yield Row(
            what,
            cpu(partial(ours, graph, at)),
            "networkx and heapq (equal)",
            cpu(partial(plain, graph, at), repeat=1),
        )
    graph = _graph("lstm")
    tasks = tasks_of(graph, Setting(), MILLION)
    for priority in ("fifo", "critical-path"):
        what = f"lstm, {int((tasks.length > 0).sum()):,} tasks in {tasks.count:,} nodes: {priority}"
        yield Row(what, cpu(partial(ours, graph, MILLION, priority), repeat=1))


def _graph(name: str) -> Graph:
    return trace(catalogue[name], name=name, **({"L": "L"} if name == "lstm" else {}))


def ours(graph: Graph, at: Mapping[str, int], priority: str = "fifo") -> int | None:
    """Return the makespan, from the traced graph on."""
    tasks = tasks_of(graph, Setting(), at)
    return schedule(tasks, PROCESSORS, priority=priority).makespan


def plain(graph: Graph, at: Mapping[str, int]) -> int:
    """Return the makespan, as one writes it with networkx: a queue of ready nodes, a heap of ends."""
    digraph = unroll(graph, **at)
    steps = weights(graph, Setting(), at)
    layers = {e.name: 1 + sum(a.kind == "layer" for a in e.positions) for e in graph}
    waiting = dict(digraph.in_degree)
    ready: deque[Any] = deque()
    running: list[Any] = []
    now, turn, free = 0, 0, PROCESSORS

    def length(node: Any) -> int:
        return 0 if digraph.nodes[node].get("round") == 0 else steps[node[: layers[node[0]]]]

    def end(nodes: list[Any]) -> None:
        ended = deque(nodes)
        while ended:
            for reader in digraph.succ[ended.popleft()]:
                waiting[reader] -= 1
                if not waiting[reader]:
                    (ready if length(reader) else ended).append(reader)

    first = [node for node, count in waiting.items() if not count]
    ready.extend(node for node in first if length(node))
    end([node for node in first if not length(node)])
    while ready or running:
        while ready and free:
            node = ready.popleft()
            heapq.heappush(running, (now + length(node), turn, node))
            turn, free = turn + 1, free - 1
        now, done = running[0][0], []
        while running and running[0][0] == now:
            done.append(heapq.heappop(running)[2])
        free += len(done)
        end(done)
    return now
