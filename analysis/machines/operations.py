"""Operations: what of a graph runs at once, how often, and what it computes and moves.

Every equation that computes is one operation, launched once for each iteration of the loops around
it; views are free. Its work is that of :mod:`..counting`, and its words are those that
:mod:`..storage.traffic` counts, both for one sequence.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["rnn"], L="L")
>>> for one in operations(graph, Task("encode")):
...     print(one.name, "|", one.launches, "|", one.work, "|", one.weights, "|", one.read)
layers.einsum | L | 2*L*d**2*n | L*d**2 | L*d*n
layers.add | L | L*d*n | L*d | L*d*n
layers.einsum_2 | L*n | 2*L*d**2*n | L*d**2*n | L*d*n - L*d
layers.add_2 | L*n | L*d*n | L*d*n | L*d*n
layers.add_3 | L*n | L*d*n | 0 | 2*L*d*n
layers.tanh | L*n | L*d*n | 0 | L*d*n
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...graphs.graph import Equation, Graph, GraphError, product
from ...graphs.primitives import Lookup, Map, Parameter
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly, summed
from ..counting.counts import work
from ..modes import ModeError, in_training
from ..proofs.storage.timetable import timetable
from ..proofs.storage.traffic import Taken, TrafficCertificate, repeated
from ..storage.traffic import traffic
from .task import Task

MATRIX = frozenset({"contraction"})
"""Primitives that run at the rate of matrix products."""

FUNCTIONS = frozenset(
    {
        "exp",
        "log",
        "tanh",
        "sigmoid",
        "softplus",
        "silu",
        "gelu",
        "gelu_slope",
        "exact_gelu",
        "exact_gelu_slope",
        "sin",
        "cos",
    }
)
"""Elementwise functions that are not an instruction or two of arithmetic."""


class OperationError(ValueError):
    """A model whose operations cannot be counted; the message says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What runs at once, for one sequence; several equations where they are fused."""

    name: str
    primitive: str
    launches: Poly
    """How often it starts."""
    work: Poly
    """Scalar operations; all of a batch's sequences have their own, but for an update of weights."""
    weights: Poly
    """Words of parameters that are read: once for all sequences of a batch."""
    rows: Poly
    """Words of rows that are looked up in tables of parameters, by each sequence."""
    table: Poly
    """Words of those tables: no more is read, however many sequences look up rows."""
    read: Poly
    """Words of arrays that are read, in each sequence."""
    cached: Poly
    """Words that earlier calls have kept, of each sequence."""
    written: Poly
    """Words of arrays that are written, in each sequence."""
    sums: Poly
    """Words that are written once for all sequences: gradients of parameters."""
    matrix: Poly
    """Which of its scalar operations are those of matrix products."""
    functions: Poly
    """Which are functions such as exp and tanh, and no arithmetic."""
    equations: tuple[str, ...] = ()
    moments: Poly = Poly({})  # noqa: RUF009 - costs never change
    """Words in fp32 that an optimiser reads and writes, once for all sequences."""
    kept: Poly = Poly({})  # noqa: RUF009 - costs never change
    """Words of parameters that one launch keeps on chip, while it runs a recurrence."""


def operations(graph: Graph, task: Task) -> tuple[Operation, ...]:
    """Return the operations of a graph in a task, in the order in which they run.

    For generation these are those of its n-th token.

    Raises
    ------
    OperationError
        If the model cannot be run so, or if what it moves has no rule; the message says why.
    """
    key = ("operations", task.mode, task.pairs, task.fused, task.optimiser)
    if key not in graph.memory:
        graph.memory[key] = _operations(graph, task)
    found: tuple[Operation, ...] = graph.memory[key]
    return found


def _operations(graph: Graph, task: Task) -> tuple[Operation, ...]:
    from .fusing import fuse

    if task.mode in {"decode", "generate"}:
        from .decoding import decoded

        runs, along = decoded(graph.looped)
        return fuse(graph.looped, runs, task, along)
    changed = graph
    if task.mode == "train":
        try:
            changed = in_training(graph, "work")
        except (ModeError, GraphError) as error:
            raise OperationError(f"{graph.name}: {error}") from None
    found = fuse(changed, whole(changed, task), task)
    return (*found, *updates(graph, task)) if task.mode == "train" else found


UPDATES = {"sgd": (2, 0), "momentum": (4, 1), "adam": (14, 2)}
"""By optimiser: the operations on each parameter, and how many numbers are kept of it.

Of gradient descent a product and a difference; with momentum (Polyak 1964) the same after one of
each; of Adam (Kingma and Ba 2015, Algorithm 1) 3 for the first moment, 4 for the second, 2 for their
corrections and 5 for the step."""


def updates(graph: Graph, task: Task) -> tuple[Operation, ...]:
    """Return the update of the parameters, which is launched once for each of them."""
    if task.optimiser not in UPDATES:
        return ()
    each, kept = UPDATES[task.optimiser]
    parameters = graph.of("parameter")
    layers = (product(a.extent for a in e.positions) for e in parameters)
    count, none = summed(e.scalars * e.count for e in parameters), poly(0)
    name = f"{task.optimiser} update"
    return (
        Operation(
            name=name,
            primitive="update",
            launches=summed(layers),
            work=each * count,
            weights=2 * count,  # the gradient too is one number for all sequences
            rows=none,
            table=none,
            read=none,
            cached=none,
            written=none,
            sums=count,
            matrix=none,
            functions=none,
            equations=(name,),
            moments=2 * kept * count,
        ),
    )


Loops: TypeAlias = tuple[tuple[int, str], ...]
"""Loops by their number in the timetable, with the axes that they run along."""


def loops_of(graph: Graph, name: str) -> Loops:
    """Return the loops around an equation, the outermost first."""
    table = timetable(graph)
    return tuple((own, table.loops[own].axis) for own in table.inside[name])


@dataclass(frozen=True, slots=True)
class Part:
    """What one operation reads of one array."""

    words: Poly
    seen: str
    """Which words these are: two parts of an array with the same text are the same words."""
    axes: frozenset[str] = frozenset()
    """Axes of loops of which earlier iterations computed them."""


Parts: TypeAlias = Mapping[str, tuple[Part, ...]]
"""By array: what is read of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One equation that runs: its work, and its words by the arrays that they are of."""

    equation: Equation
    loops: Loops
    """The loops around it, the outermost first."""
    launches: Poly
    work: Poly
    reads: Parts
    cached: Parts
    """What earlier calls have kept."""
    written: Poly


def whole(graph: Graph, task: Task) -> tuple[Run, ...]:
    """Return what runs if a whole sequence is computed."""
    setting = Setting(pairs=task.pairs)
    counts = required(graph, work(graph, setting)).certificate
    moved = required(graph, traffic(graph, setting)).certificate
    assert isinstance(moved, TrafficCertificate)
    totals = {c.name: c.total for c in counts.equations}
    found = []
    for m in moved.moved:
        equation = graph[m.name]
        loops = loops_of(graph, m.name)
        launches = product(graph.axes[axis].extent for _, axis in loops)
        reads = {
            base: tuple(_part(graph, equation, loops, t) for t in taken)
            for base, taken in m.read.items()
        }
        found.append(Run(equation, loops, launches, totals[m.name], reads, {}, m.written))
    return tuple(found)


def _part(graph: Graph, equation: Equation, loops: Loops, taken: Taken) -> Part:
    return Part(
        repeated(graph, equation, taken.cell) * taken.each,
        f"{[own for own, _ in loops]} {taken.cell} {taken.looks}",
        frozenset(axis for look in taken.looks for axis, steps in look.steps if steps),
    )


def required(graph: Graph, derivation: Any) -> Any:
    """Return a derivation that has a formula; raise its reason otherwise."""
    if derivation.formula is None:
        raise OperationError(f"{graph.name}: {derivation.reason}")
    return derivation


def kind(graph: Graph, base: str) -> str:
    """Return weights, rows (of a table of parameters) or read, by what an array is."""
    equation = graph[base]
    if isinstance(equation.primitive, Parameter):
        return "weights"
    if isinstance(equation.primitive, Lookup) and table_of(graph, base) is not None:
        return "rows"
    return "read"


def table_of(graph: Graph, lookup: str) -> Equation | None:
    """Return the parameters that a lookup takes rows of; None if it looks into something else."""
    below = graph[graph[lookup].reads[1].source]
    while not isinstance(below.primitive, Parameter):
        if len(below.reads) != 1:
            return None
        below = graph[below.reads[0].source]
    return below


def joined(
    graph: Graph,
    runs: tuple[Run, ...],
    launches: Poly,
    reads: Mapping[str, Poly],
    cached: Mapping[str, Poly],
    written: Mapping[str, Poly],
    *,
    keeps: bool = False,
) -> Operation:
    """Return the operation of equations that run together, by what it moves of which array."""
    words: dict[str, list[Poly]] = {"weights": [], "rows": [], "read": []}
    tables = {}
    for base, amount in reads.items():
        words[kind(graph, base)].append(amount)
        table = table_of(graph, base) if kind(graph, base) == "rows" else None
        if table is not None:
            tables[table.name] = table.scalars * table.count
    sums = {name for name in written if is_sum(graph, name)}
    last = max(runs, key=lambda run: run.equation.primitive.name in MATRIX)
    return Operation(
        last.equation.name,
        last.equation.primitive.name,
        launches,
        summed(run.work for run in runs),
        summed(words["weights"]),
        summed(words["rows"]),
        summed(tables.values()),
        summed(words["read"]),
        summed(cached.values()),
        summed(amount for name, amount in written.items() if name not in sums),
        summed(amount for name, amount in written.items() if name in sums),
        summed(run.work for run in runs if run.equation.primitive.name in MATRIX),
        summed(functions(run) for run in runs),
        tuple(run.equation.name for run in runs),
        kept=summed(words["weights"]) / launches if keeps else poly(0),
    )


def functions(run: Run) -> Poly:
    """Return how often a function such as exp is applied: in a softmax once to each component."""
    primitive = run.equation.primitive
    if isinstance(primitive, Map):
        return run.work if primitive.function in FUNCTIONS else poly(0)
    return run.written if primitive.name == "softmax" else poly(0)


def is_sum(graph: Graph, name: str) -> bool:
    """Whether an array is a gradient of parameters, to which all sequences of a batch add."""
    equation = graph[name]
    return equation.phase != "forward" and name in graph.outputs and equation.sequence is None
