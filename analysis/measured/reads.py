"""Which blocks of arrays are read where, as seen on the unrolled graph.

A block is what one run of an operation computes: all positions, or those of one iteration of the
loops around it. What a view shows is followed from node to node down to blocks.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> from .code import code_of
>>> reads = reads_of(code_of(trace(CATALOGUE["rnn"]), {"n": 2, "d": 5}), Setting())
>>> [(use.block.where, use.where) for use in reads.uses["layers.0.tanh"]][:2]
[((-1,), (0,)), ((0,), (1,))]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from ...graphs.graph import Equation, Graph, Read
from ...graphs.primitives import AssociativeScan, Constant, Parameter, Shift
from ...graphs.setting import Setting
from ...graphs.slots import lineage
from ...graphs.unrolling import Node, read_nodes, whole
from .code import Code, Where, holds
from .graph import Unrolled, unrolled
from .slots import held


@dataclass(frozen=True, slots=True)
class Shown:
    """A block, and how one gets to it through views."""

    name: str
    where: Where
    """Iterations before the first one stand for copies of initial values."""
    ends: frozenset[tuple[str, str]] = frozenset()
    """Axes of which the last or first value is read, whatever the position is."""
    strange: frozenset[str] = frozenset()
    """Axes along which something else is read than the same position, or one that is carried."""
    initial: frozenset[str] = frozenset()
    """Shifts whose initial values are read on the way."""


@dataclass(frozen=True, slots=True)
class Use:
    """A block is read in a line, in some iteration."""

    block: Shown
    line: int
    loops: tuple[int, ...]
    where: Where

    def happens(self, copied: Container[str]) -> bool:
        """Whether it does, if the initial values of these shifts are copied."""
        return not any(shift in copied for shift in self.block.initial)


@dataclass(eq=False, slots=True)
class Reads:
    """All blocks, with who reads them."""

    blocks: dict[str, dict[Where, int]]
    """By array and iterations: how many scalars."""
    uses: defaultdict[str, list[Use]]
    """By array."""
    copying: defaultdict[str, list[Use]]
    """By shift: what is read when its initial values are copied."""
    carried: dict[str, tuple[int, set[str]]]
    """By shift in a loop along its axis: which of the loops around it that is, and the arrays that
    it carries."""


def reads_of(code: Code, setting: Setting) -> Reads:
    """Follow all reads of the unrolled graph down to blocks."""
    return _Following(code, setting).reads()


class _Following:
    """Follows reads from node to node."""

    def __init__(self, code: Code, setting: Setting) -> None:
        self.code, self.graph, self.setting = code, code.graph, setting
        self.seen: Unrolled = unrolled(code.graph, code.sizes)
        self.shown: dict[Node, frozenset[Shown]] = {}
        self.before: dict[Node, frozenset[Shown]] = {}
        self.carried: dict[str, tuple[int, set[str]]] = {}

    def reads(self) -> Reads:
        """Follow everything."""
        found = Reads({}, defaultdict(list), defaultdict(list), self.carried)
        for node in self.seen.order:
            equation = self.graph[node[0]]
            if not holds(equation):
                self.shown[node] = self._show(node)
                continue
            where = self.code.where(node)
            if len(node) == 1 + len(equation.positions):
                sizes = found.blocks.setdefault(node[0], {})
                sizes[where] = sizes.get(where, 0) + self._size(node)
                self.shown[node] = frozenset({Shown(node[0], where)})
        for node in self.seen.order:
            if holds(self.graph[node[0]]):
                line, loops = self.code.line[node[0]], self.code.around[node[0]]
                self._use(found.uses, self._seen(node), line, loops, self.code.where(node))
            elif self._begins(node) and self._loop_of(node) is not None:
                self._use_copies(found.copying[node[0]], node)
        end = len(self.code.lines) - 1
        for node in self.seen.outputs:
            self._use(found.uses, self.shown[node] | self._before(node), end, (), ())
        return found

    def _use(
        self,
        uses: defaultdict[str, list[Use]],
        blocks: Iterable[Shown],
        line: int,
        loops: tuple[int, ...],
        where: Where,
    ) -> None:
        for block in blocks:
            uses[block.name].append(Use(block, line, loops, where))

    def _seen(self, node: Node) -> frozenset[Shown]:
        """Return all blocks that a node reads, copies among them."""
        found = self._show(node)
        for read, source in self._sources(node):
            found |= {self._passed(node, read, block) for block in self._before(source)}
        return found

    def _show(self, node: Node) -> frozenset[Shown]:
        """Return the blocks that a node reads: for a view, those that it shows."""
        found = set()
        for read, source in self._sources(node):
            for block in self.shown.get(source, ()):
                found.add(self._passed(node, read, block))
        self._note(node, found)
        return frozenset(found)

    def _sources(self, node: Node) -> list[tuple[Read, Node]]:
        """Return what a node reads: the initial value only where there is nothing else."""
        equation, here = self.graph[node[0]], self.code.places(node)
        if isinstance(equation.primitive, AssociativeScan):
            reads = [Read(read.source) for read in equation.reads]
        else:
            reads = list(equation.reads)
        for boundary in (False, True):
            found = [
                (read, source)
                for read in reads
                if read.boundary == boundary
                for source in read_nodes(self.graph, equation, read, here, self.code.sizes)
            ]
            if found:
                return [f for f in found if not isinstance(self._of(f[1]), Parameter | Constant)]
        return []

    def _of(self, node: Node) -> object:
        return self.graph[node[0]].primitive

    def _passed(self, node: Node, read: Read, block: Shown) -> Shown:
        """Add one read to the way to a block, and note whether it is of an initial value."""
        hopped = self._hop(node, read, block)
        return replace(hopped, initial=hopped.initial | {node[0]}) if read.boundary else hopped

    def _hop(self, node: Node, read: Read, block: Shown) -> Shown:
        """Add one read to the way to a block."""
        relation, axis = read.relation, read.axis
        if axis is None or relation.is_same:
            return block
        if relation.kind in {"last", "head"}:
            return replace(block, ends=block.ends | {(axis, relation.kind)})
        equation = self.graph[node[0]]
        one = relation.kind == "within" or relation.distance is not None
        if one and equation.has(axis) and _starts_alike(self.graph, equation):
            return block
        return replace(block, strange=block.strange | {axis})

    # Copies of initial values

    def _begins(self, node: Node) -> bool:
        """Whether a node is a shift where nothing comes before it."""
        equation, here = self.graph[node[0]], self.code.places(node)
        if not isinstance(equation.primitive, Shift):
            return False
        return not any(read_nodes(self.graph, equation, equation.reads[0], here, self.code.sizes))

    def _loop_of(self, node: Node) -> int | None:
        """Return which of the loops around a shift runs along its axis and starts alike."""
        equation = self.graph[node[0]]
        if not isinstance(equation.primitive, Shift) or not _starts_alike(self.graph, equation):
            return None
        axes = [self.code.loops[own].axis for own in self.code.around[node[0]]]
        return axes.index(equation.primitive.axis) if equation.primitive.axis in axes else None

    def _note(self, node: Node, found: Iterable[Shown]) -> None:
        """Note which arrays a shift carries around its loop."""
        level = self._loop_of(node)
        if level is None:
            return
        own = self.code.around[node[0]][level]
        names = self.carried.setdefault(node[0], (level, set()))[1]
        names.update(b.name for b in found if own in self.code.around[b.name])

    def _before(self, node: Node) -> frozenset[Shown]:
        """Return what a node shows besides: copies of initial values, and what it would read.

        Code does not know how long a sequence is: a shift reads its source even if that is so short
        that only the initial value is used.
        """
        if holds(self.graph[node[0]]):
            return frozenset()
        if node not in self.before:
            self.before[node] = frozenset()  # a cycle of views brings no copy of its own
            found = set()
            for read, source in self._sources(node):
                found |= {self._passed(node, read, block) for block in self._before(source)}
            if self._begins(node):
                made = set(self._read_before(node))
                self._note(node, made)
                found |= made
            self.before[node] = frozenset(found)
        return self.before[node]

    def _read_before(self, node: Node) -> Iterator[Shown]:
        """Yield what a shift would read, if there were something before the start."""
        level, here = self._loop_of(node), self.code.places(node)
        read = self.graph[node[0]].reads[0]
        source = self.graph[read.source]
        if level is None:
            near = (read.source, *(here[a.name] for a in source.positions))
            for block in self.shown.get(near, frozenset()) | self._before(near):
                yield self._hop(node, read, block)
            return
        own = self.code.around[node[0]][level]
        loop = self.code.loops[own]
        assert read.relation.distance is not None
        spots = {f"{axis}_": place for axis, place in here.items()}  # leaps may differ by layer
        distance = abs(whole(read.relation.distance, {**self.code.sizes, **spots}))
        before = distance - self.code.iteration(own, here)
        first = {**here, loop.axis: loop.extent - 1 if loop.reverse else 0}
        start = (read.source, *(first[a.name] for a in source.positions))
        for block in self.shown.get(start, frozenset()) | self._before(start):
            around = self.code.around[block.name]
            if own in around:
                k = around.index(own)
                where = (*block.where[:k], block.where[k] - before, *block.where[k + 1 :])
                yield replace(block, where=where)

    def _use_copies(self, uses: list[Use], node: Node) -> None:
        """Note that the initial value of a shift is read where its loop begins."""
        level = self._loop_of(node)
        assert level is not None
        around = self.code.around[node[0]]
        line, _ = self.code.span[around[level]]
        where = self.code.where(node)[:level]
        for read, source in self._sources(node):
            for block in self.shown.get(source, frozenset()) | self._before(source):
                hopped = self._hop(node, read, block)
                uses.append(Use(hopped, line, around[:level], where))

    def _size(self, node: Node) -> int:
        """Count the scalars of a node; of masked pairs, the allowed ones."""
        equation, total = self.graph[node[0]], 1
        places = self.code.places(node)
        along = equation.sequence.name if equation.sequence is not None else ""
        slots = [a for a in equation.features if a.relation and lineage(a)[0].along == along]
        masked = slots if self.setting.pairs == "masked" else []
        if masked:
            total = held(self.graph, equation, masked, places, self.code.sizes)
        for axis in equation.features:
            total *= 1 if axis in masked else whole(axis.extent, self.code.sizes)
        return total


def _starts_alike(graph: Graph, equation: Equation) -> bool:
    """Whether a shift starts from the same values wherever it starts."""
    if not isinstance(equation.primitive, Shift):
        return False
    axis = equation.primitive.axis
    return not any(graph[r.source].has(axis) for r in equation.reads if r.boundary)
