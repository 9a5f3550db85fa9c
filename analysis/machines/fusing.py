"""Fusion: which operations are one launch, by rules that read nothing but the graph.

Unfused, each equation that computes is launched by itself, and what it computes goes through memory.
What is fused is one launch: it reads each number that it does not compute itself once, and writes
what others read. The rules:

elementwise
    An elementwise operation joins the launch that computes what it reads, and so does a reduction
    if no matrix product is in that launch (a norm is one launch; a bias and an activation function
    belong to the product before them).

Attention:
    Operations join that pass each other values of pairs of positions (scores, their softmax), which
    then never leave the chip (Dao et al. 2022, *FlashAttention*); keys and values are taken to be
    read once.
recurrences
    A loop along a sequence is one launch, whose weights and state stay on chip from step to step
    (Diamos et al. 2016, *Persistent RNNs*); whether the chip holds them is not asked.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> from .operations import operations
>>> graph = trace(CATALOGUE["lstm"], L="L")
>>> for one in operations(graph, Task("encode", fused="recurrences")):
...     print(one.name, "|", one.launches, "|", one.weights, "|", one.read, "|", one.written)
layers.einsum | L | 4*L*d**2 | L*d*n | 4*L*d*n
layers.add | L | 4*L*d | 4*L*d*n | 4*L*d*n
layers.einsum_2 | L | 4*L*d**2 + 4*L*d | 4*L*d*n | L*d*n
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...graphs.graph import Graph, product
from ...graphs.sizes import Poly, minimum, summed
from ..proofs.storage.ways import computes
from .operations import MATRIX, Loops, Operation, Part, Parts, Run, joined
from .task import Task

ELEMENTWISE = frozenset({"map"})
REDUCING = frozenset({"reduction", "softmax"})
WHOLE = frozenset({"associative_scan", "fourier", "long_convolution"})
"""Primitives by which what they compute of a sequence cannot be had one position after another."""


@dataclass(frozen=True, slots=True)
class Group:
    """What runs together."""

    runs: tuple[Run, ...]
    loops: Loops
    """The loops around a launch, the outermost first."""


def fuse(
    graph: Graph, runs: Sequence[Run], task: Task, along: str | None = None
) -> tuple[Operation, ...]:
    """Return the operations of what runs, fused as a task says.

    Parameters
    ----------
    along
        A sequence of which one position is computed; None if all are.
    """
    groups = [Group((run,), run.loops) for run in runs]
    if "recurrences" in task.fusions:
        groups = _looped(graph, groups)
    if "attention" in task.fusions:
        groups = _merged(graph, groups, _of_pairs, along)
    if "elementwise" in task.fusions:
        groups = _merged(graph, groups, _elementwise, along)
    needed = _needed(graph, groups)
    return tuple(_operation(graph, group, needed[k], along) for k, group in enumerate(groups))


# --- which run together ---------------------------------------------------------------------------


def _looped(graph: Graph, groups: Iterable[Group]) -> list[Group]:
    """Join what runs in the same outermost loop along a sequence."""
    found: dict[object, list[Run]] = {}
    around: dict[object, Loops] = {}
    for k, group in enumerate(groups):
        places = (j for j, (_, axis) in enumerate(group.loops) if _is_sequence(graph, axis))
        depth = next(places, None)
        key: object = k if depth is None else group.loops[: depth + 1]
        found.setdefault(key, []).extend(group.runs)
        around[key] = group.loops[:depth]
    return [Group(tuple(runs), around[key]) for key, runs in found.items()]


def _is_sequence(graph: Graph, axis: str) -> bool:
    return graph.axes[axis].kind == "sequence"


Rule: TypeAlias = Callable[[Graph, Group, str, Group], bool]
"""From a group, one of its arrays, and a group that reads it: whether they run together."""


def _of_pairs(graph: Graph, producer: Group, base: str, group: Group) -> bool:
    """Whether what one computes and the other reads are values of pairs of positions."""
    slots = [a for a in graph[base].features if a.kind == "slot"]
    return any(a.along is not None and _is_sequence(graph, a.along) for a in slots)


def _elementwise(graph: Graph, producer: Group, base: str, group: Group) -> bool:
    """Whether a single operation is taken in by the launch that computes what it reads."""
    names = {run.equation.primitive.name for run in producer.runs}
    if len(group.runs) > 1 or names & WHOLE:
        return False
    primitive = group.runs[0].equation.primitive.name
    return primitive in ELEMENTWISE or (primitive in REDUCING and not names & MATRIX)


def _merged(graph: Graph, groups: Sequence[Group], rule: Rule, along: str | None) -> list[Group]:
    """Join groups with those that compute what they read, where a rule says so."""
    found = list(groups)
    k = 0
    while k < len(found):
        group = found[k]
        home = {run.equation.name: j for j, g in enumerate(found) for run in g.runs}
        bases = [b for run in group.runs for b in run.reads if home.get(b, k) < k]
        for base in sorted(bases, key=home.__getitem__, reverse=True):
            j = home[base]
            if (
                _around(found[j].loops, along) == _around(group.loops, along)
                and rule(graph, found[j], base, group)
                and not _between(found, home, j, k)
            ):
                found[j] = Group((*found[j].runs, *group.runs), group.loops)
                del found[k]
                k -= 1
                break
        k += 1
    return found


def _around(loops: Loops, along: str | None) -> Loops:
    """Return the loops in which something is launched again and again."""
    return tuple(loop for loop in loops if loop[1] != along)


def _between(groups: Sequence[Group], home: Mapping[str, int], first: int, last: int) -> bool:
    """Whether a third group reads what the first computes, and the last reads what that does."""
    reached: set[int] = set()
    for j in range(first + 1, len(groups)):
        sources = {home[b] for run in groups[j].runs for b in run.reads if home.get(b, j) < j}
        if j == last:
            return bool(sources & reached)
        if sources & (reached | {first}):
            reached.add(j)
    return False


# --- what they move -------------------------------------------------------------------------------


def _needed(graph: Graph, groups: Sequence[Group]) -> list[frozenset[str]]:
    """Return, for each group, which of its arrays others read, now or at later positions."""
    needed = set(_shown(graph))
    for group in groups:
        own = {run.equation.name for run in group.runs}
        for run in group.runs:
            needed.update(run.cached)
            needed.update(base for base, _ in _outside(run.reads, group, own))
    return [
        frozenset(run.equation.name for run in group.runs if run.equation.name in needed)
        for group in groups
    ]


def _shown(graph: Graph) -> frozenset[str]:
    """Return the outputs, and the arrays that they are views of."""
    found: set[str] = set()
    pending = list(graph.outputs)
    while pending:
        equation = graph[pending.pop()]
        if equation.name not in found:
            found.add(equation.name)
            pending.extend(r.source for r in equation.reads if not computes(equation))
    return frozenset(found)


def _operation(graph: Graph, group: Group, needed: frozenset[str], along: str | None) -> Operation:
    own = {run.equation.name for run in group.runs}
    reads: dict[str, dict[str, Poly]] = {}
    cached: dict[str, dict[str, Poly]] = {}
    for run in group.runs:
        for base, part in _outside(run.reads, group, own):
            reads.setdefault(base, {})[part.seen] = part.words
        for base, parts in run.cached.items():
            cached.setdefault(base, {}).update((part.seen, part.words) for part in parts)
    loops = _around(group.loops, along)
    together = len(group.runs) > 1 or group.loops != group.runs[0].loops
    return joined(
        graph,
        group.runs,
        product(graph.axes[axis].extent for _, axis in loops),
        {
            base: minimum(summed(parts.values()), _once(graph, base, loops, along))
            if together
            else summed(parts.values())
            for base, parts in reads.items()
        },
        {base: summed(parts.values()) for base, parts in cached.items()},
        {run.equation.name: run.written for run in group.runs if run.equation.name in needed},
        keeps=along is None and any(len(run.loops) > len(group.loops) for run in group.runs),
    )


def _outside(reads: Parts, group: Group, own: Container[str]) -> Iterator[tuple[str, Part]]:
    """Yield what is read of other groups, or of an earlier launch of the same."""
    around = {axis for _, axis in group.loops}
    for base, parts in reads.items():
        yield from ((base, part) for part in parts if base not in own or part.axes & around)


def _once(graph: Graph, base: str, loops: Loops, along: str | None) -> Poly:
    """Return the numbers of an array, for each iteration of the loops around a launch."""
    equation = graph[base]
    axes = {a.name: a.extent for a in equation.positions}
    axes |= {axis: graph.axes[axis].extent for _, axis in loops}
    return equation.scalars * product(extent for axis, extent in axes.items() if axis != along)
