"""From a model to tasks: the unrolled graph in the mode that is asked for, with costs.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> tasks = tasks_of(trace(CATALOGUE["rnn"]), Setting(unit="scalar"), {"n": 3, "d": 4})
>>> tasks.count, tasks.work
(32, 240)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...graphs.graph import Graph
from ...graphs.primitives.views import Source
from ...graphs.schedule import steps
from ...graphs.setting import Setting
from ...graphs.unrolling import fits, whole
from ..measured.code import holds
from ..measured.graph import MeasureError, along
from ..measured.state import causal, feeds_itself, length
from ..modes import ModeError, in_training
from .costs import scalars, shaped
from .flat import LIMIT, Array, Flat, flatten
from .longest import unbounded
from .tasks import Tasks


def tasks_of(
    graph: Graph, setting: Setting, sizes: Mapping[str, int], *, limit: int = LIMIT
) -> Tasks:
    """Unroll a graph in the setting's mode, with what each node costs.

    Raises
    ------
    TooLargeError
        If there would be too many nodes and edges; nothing was allocated.
    MeasureError
        If the model has no such mode, or the scope leaves operations out.
    """
    if setting.scope == "mixing":
        raise MeasureError(
            "expected scope layer, block or model, got mixing: a schedule runs every operation"
        )
    counted = setting
    if setting.mode == "train":
        try:
            graph, counted = in_training(graph, "work"), setting.but(mode="encode")
        except ModeError as error:
            raise MeasureError(str(error)) from None
    elif setting.mode in {"decode", "generate"}:
        if not causal(graph, sizes):
            raise MeasureError(f"expected a causal model for mode {setting.mode}, got {graph.name}")
        if setting.mode == "generate" and not feeds_itself(graph):
            raise MeasureError(f"expected outputs that can be inputs, {graph.name} has others")
        graph, counted = graph.looped, setting.but(pairs="masked")
        n = sizes[length(graph)]
        if setting.mode == "decode" and n > 1 and not fits(graph, {**sizes, length(graph): n - 1}):
            raise MeasureError(
                f"expected a sequence that can be one longer, {graph.name} has parts"
            )
    flat = flatten(graph, sizes, limit=limit)
    tasks = _tasks(flat, counted, setting, sizes)
    if setting.mode == "decode":
        return _part(tasks, _last(tasks, flat))
    return _fed(tasks, flat) if setting.mode == "generate" else tasks


def _tasks(flat: Flat, counted: Setting, depth: Setting, sizes: Mapping[str, int]) -> Tasks:
    graph = flat.graph
    levels, shape = shaped(flat, counted, depth, sizes)
    ends = [*list(flat.first.values())[1:], flat.count]
    owner = np.repeat(np.arange(len(flat.first)), np.diff([0, *ends]))
    given, kept = np.zeros(flat.count, dtype=bool), np.zeros(flat.count, dtype=bool)
    for equation in graph:
        if isinstance(equation.primitive, Source) and holds(equation):
            given[flat.block(equation.name)] = True
    for name in graph.outputs:
        kept[flat.block(name)] = True
    return Tasks(
        tuple(flat.first),
        tuple(e.primitive.name for e in graph),
        owner,
        levels,
        shape,
        flat.start,
        flat.sources,
        scalars(flat, counted, sizes),
        given,
        kept,
        in_order(flat),
        sum(whole(e.count, sizes) * whole(e.scalars, sizes) for e in graph.of("parameter")),
    )


def _part(tasks: Tasks, chosen: Array) -> Tasks:
    """Return some of the tasks; what they read of others is there."""
    number = np.cumsum(chosen) - 1
    targets = np.repeat(np.arange(tasks.count), np.diff(tasks.start))
    inside = chosen[targets] & chosen[tasks.sources]
    counts = np.bincount(number[targets[inside]], minlength=int(chosen.sum()))
    return replace(
        tasks,
        owner=tasks.owner[chosen],
        shape=tasks.shape[chosen],
        start=np.concatenate(([0], np.cumsum(counts))),
        sources=number[tasks.sources[inside]],
        scalars=tasks.scalars[chosen],
        given=tasks.given[chosen],
        kept=tasks.kept[chosen],
        order=tasks.order[chosen],
    )


def _last(tasks: Tasks, flat: Flat) -> Array:
    """Return which nodes are known only with the last position of the output's sequence."""
    axis = along(flat.graph).name
    time: Array = np.full(flat.count, -1)
    placed = np.zeros(flat.count, dtype=bool)
    for equation in flat.graph:
        names = [a.name for a in equation.positions]
        if equation.sequence is not None and equation.sequence.name == axis:
            own = np.indices(flat.shape[equation.name])[names.index(axis)].reshape(-1)
            time[flat.block(equation.name)] = own
            placed[flat.block(equation.name)] = True
    known, start, sources = memoryview(time), tasks.start.tolist(), memoryview(tasks.sources)
    done = unbounded(tasks).done
    for node in done[~placed[done]].tolist():  # known with the last of what it reads
        read = sources[start[node] : start[node + 1]].tolist()
        known[node] = max([known[s] for s in read], default=-1)
    return time == time.max()


def _fed(tasks: Tasks, flat: Flat) -> Tasks:
    """Let every output be read by the next input."""
    made = np.arange(flat.count)[flat.block(flat.graph.outputs[0])]
    given = np.arange(flat.count)[flat.block(flat.graph.inputs[0])]
    targets = np.concatenate((np.repeat(np.arange(tasks.count), np.diff(tasks.start)), given[1:]))
    sources = np.concatenate((tasks.sources, made[:-1]))
    by_target = np.lexsort((sources, targets))
    start = np.concatenate(([0], np.cumsum(np.bincount(targets, minlength=tasks.count))))
    first = tasks.given.copy()
    first[given[1:]] = False  # these are the outputs, seen again
    return replace(tasks, start=start, sources=sources[by_target], given=first)


def in_order(flat: Flat) -> Array:
    """Return by node its rank in the schedule in order: equation by equation, loops step by step."""
    columns: dict[str, list[Array]] = {e.name: [] for e in flat.graph}

    def visit(names: Sequence[str] | None, fixed: frozenset[str]) -> None:
        for k, step in enumerate(steps(flat.graph, names, fixed)):
            for name in step.names:
                columns[name].append(np.full(math.prod(flat.shape[name]), k))
                if step.axis is not None:
                    axes = [a.name for a in flat.graph[name].positions]
                    own = np.indices(flat.shape[name])[axes.index(step.axis)].reshape(-1)
                    columns[name].append(-own if step.reverse else own)
            if step.axis is not None:
                visit(step.names, fixed | {step.axis})

    visit(None, frozenset())
    depth = max(map(len, columns.values()))
    keys = np.zeros((depth, flat.count), dtype=np.int64)
    rounds = np.zeros(flat.count, dtype=np.int64)
    for name, own in columns.items():
        first, count, turns = flat.first[name], len(own[0]), flat.rounds.get(name, 0)
        for turn in range(1 + turns):
            begin = first + count * turn
            for k, column in enumerate(own):
                keys[k, begin : begin + count] = column
            rounds[begin : begin + count] = turn - 1 if turn else turns
    found = np.empty(flat.count, dtype=np.int64)
    found[np.lexsort((rounds, *keys[::-1]))] = np.arange(flat.count)
    return found
