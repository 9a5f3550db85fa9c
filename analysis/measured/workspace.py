"""Measured workspace: the schedule in order is carried out, and what is allocated is counted.

Who reads what is seen on the unrolled graph, node by node (:mod:`.reads`). Every iteration
of every loop is gone through. A loop's code is the same in each of them: it frees the same things in
the same lines, and what it carries is there before its first step as well, as a copy.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> workspace(trace(CATALOGUE["rnn"]), Setting(), {"n": 3, "d": 5})
40
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from .code import Code, Where, code_of
from .reads import Reads, Use, reads_of

Departure = tuple[int, str, int]
"""At which level a use leaves the iteration, how (carried, after, all), and by how many steps."""


@dataclass(frozen=True, slots=True)
class Held:
    """How the blocks of one array are held."""

    name: str
    level: int
    """Within how many loops a block comes and goes."""
    back: int | None
    """How many iterations later it is read, if a loop carries it."""
    left: int
    """How many iterations' blocks are left after that loop."""
    line: int
    """The last line that reads it, so many iterations later."""
    after: int
    """The last line that reads what is left."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that was allocated."""

    loops: tuple[int, ...]
    where: Where
    """It is freed when these loops are in another iteration, or left."""
    line: int
    """It is freed after this line."""
    size: int
    carried: tuple[int, int] | None = None
    """A loop, and the last iteration in which it is held, up to the line."""

    def lives(self, loops: tuple[int, ...], where: Where, line: int) -> bool:
        """Whether it is still there when a line runs."""
        level = len(self.loops)
        if loops[:level] != self.loops or where[:level] != self.where:
            return False
        if self.carried is None:
            return line <= self.line
        loop, last = self.carried
        inside = len(loops) > level and loops[level] == loop
        return inside and (where[level] < last or (where[level] == last and line <= self.line))


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the schedule while it runs."""

    line: str
    """What it computes, or the axis of the loop that begins; ``start`` gives the inputs."""
    live: int
    """Scalars that are live."""


def workspace(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int:
    """Return the most scalars that are live at once.

    Raises
    ------
    TooLargeError
        If the unrolled graph would be too large; nothing was allocated.
    """
    return max(moment.live for moment in moments(graph, setting, sizes))


def moments(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Iterator[Moment]:
    """Carry out the schedule in order, and yield what is live at each of its lines.

    >>> from ...graphs.models import CATALOGUE
    >>> from ...graphs.tracing import trace
    >>> seen = list(moments(trace(CATALOGUE["rnn"]), Setting(), {"n": 3, "d": 5}))
    >>> [(moment.line.split(".")[-1], moment.live) for moment in seen][:4]
    [('start', 15), ('einsum', 30), ('add', 30), ('n', 30)]

    Raises
    ------
    TooLargeError
        If the unrolled graph would be too large; nothing was allocated.
    """
    code = code_of(graph, sizes)
    reads = reads_of(code, setting)
    starts = _starts(code, reads, _held(code, reads))
    live: list[Block] = []
    for line, loops, where in code.events():
        live = [block for block in live if block.lives(loops, where, line)]
        live += [block for make in starts[line] for block in make(where)]
        yield Moment(code.lines[line][0], sum(block.size for block in live))


# --- how arrays are held -------------------------------------------------------------------------


def _departure(code: Code, use: Use) -> Departure | None:
    """Say how a use leaves the iteration in which the block was computed; None if it does not."""
    block = use.block
    for level, own in enumerate(code.around[block.name]):
        loop = code.loops[own]
        strange = loop.axis in block.strange
        if own not in use.loops:
            end = (loop.axis, "head" if loop.reverse else "last")
            if end in block.ends and not strange:
                return level, "after", loop.extent - 1 - block.where[level]
            return level, "all", 0
        if strange or any(axis == loop.axis for axis, _ in block.ends):
            return level, "all", 0
        steps = use.where[level] - block.where[level]
        if steps:
            assert steps > 0, f"{block.name} is read before it is computed"
            return level, "carried", steps
    return None


def _held(code: Code, reads: Reads) -> dict[str, Held]:
    """Decide how each array is held."""
    whole: set[str] = set()
    while True:
        rough = {name: _rough(code, name, reads.uses[name], name in whole) for name in reads.blocks}
        few = {
            shift: {n: rough[n][1] and rough[n][0] == level + 1 for n in names}
            for shift, (level, names) in reads.carried.items()
        }
        mixed = {
            n for f in few.values() if not all(f.values()) for n, is_few in f.items() if is_few
        }
        if not mixed:
            break
        whole |= mixed
    copied = {shift for shift, found in few.items() if found and all(found.values())}
    held = {}
    for name, (level, carries) in rough.items():
        uses = [u for u in reads.uses[name] if u.happens(copied)]
        uses += [
            u for shift in sorted(copied) for u in reads.copying[shift] if u.block.name == name
        ]
        held[name] = _lines(code, name, level, carries, [u for u in uses if u.happens(copied)])
    return held


def _rough(code: Code, name: str, uses: list[Use], whole: bool) -> tuple[int, bool]:
    """Return the level at which an array is held, and whether a loop carries a few of its blocks."""
    found = [d for use in uses if (d := _departure(code, use)) is not None]
    level = min((d[0] for d in found), default=len(code.around[name]))
    nearest = [d for d in found if d[0] == level]
    carries = bool(nearest) and not whole and all(d[1] != "all" for d in nearest)
    return level + carries, carries


def _lines(code: Code, name: str, level: int, carries: bool, uses: list[Use]) -> Held:
    """Find the last lines that read an array."""
    own = code.at(code.line[name], level)[1]
    if not carries:
        last = max((code.at(use.line, level)[1] for use in uses), default=own)
        return Held(name, level, None, 0, last, last)
    loop = code.around[name][level - 1]
    _, last = code.span[loop]
    ends, left, after = [], 0, last
    for use in uses:
        gone = _departure(code, use)
        steps = gone[2] if gone is not None and gone[0] == level - 1 else 0
        if loop in use.loops:
            ends.append((steps, code.at(use.line, level)[1]))
        else:
            ends.append((steps, last))
            left = max(left, steps + 1)
            after = max(after, code.at(use.line, level - 1)[1])
    back, line = max(ends)
    return Held(name, level, back, left, line, after)


# --- where blocks are allocated ------------------------------------------------------------------


class _Maker:
    """Allocates the blocks of one array in one line."""

    def __init__(self, code: Code, reads: Reads, held: Held, kind: str) -> None:
        self.code, self.held, self.kind = code, held, kind
        self.loops = code.around[held.name]
        self.sizes: defaultdict[Where, int] = defaultdict(int)
        for where, size in reads.blocks[held.name].items():
            self.sizes[where[: held.level]] += size

    def __call__(self, where: Where) -> Iterator[Block]:
        """Yield what is allocated in an iteration."""
        held, level = self.held, self.held.level
        if held.back is None:
            yield Block(self.loops[:level], where, held.line, self.sizes[where])
            return
        outside, loop = self.loops[: level - 1], self.loops[level - 1]
        if self.kind == "compute":
            last = where[-1] + held.back
            yield Block(outside, where[:-1], held.line, self.sizes[where], (loop, last))
            return
        one = self.sizes[(*where, 0)]
        if self.kind == "left":
            yield Block(outside, where, held.after, held.left * one)
            return
        for k in range(1, held.back + 1):
            yield Block(outside, where, held.line, one, (loop, held.back - k))


def _starts(code: Code, reads: Reads, held: Mapping[str, Held]) -> defaultdict[int, list[_Maker]]:
    """Return, by line, what is allocated in it."""
    starts: defaultdict[int, list[_Maker]] = defaultdict(list)
    for name, found in held.items():
        line = code.at(code.line[name], found.level)[0]
        starts[line].append(_Maker(code, reads, found, "compute"))
        if found.back is not None:
            begin, end = code.span[code.around[name][found.level - 1]]
            starts[begin].append(_Maker(code, reads, found, "copy"))
            if found.left:
                starts[end + 1].append(_Maker(code, reads, found, "left"))
    return starts
