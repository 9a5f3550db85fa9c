"""Certificates of workspace: what is live at each moment, and the checker of a timeline.

The checker goes backwards through the timeline, as compilers do to see which values are live (Aho,
Lam, Sethi and Ullman 2006, *Compilers*, section 9.2.5): before a moment those are live that are
live after it, less what is allocated then, and what it reads. Around a loop this is repeated until
nothing changes. It knows nothing of lifetimes, by which the derivation works.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias

from ....graphs.graph import Graph
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, summed
from ..errors import ProofError
from ..positions import inhabited, lower_sizes
from .floors import Floor, check_floors
from .holding import Plan, Reading, leaving, plan
from .peaks import Peak, check_peak
from .timetable import Moment

Value: TypeAlias = tuple[str, int]
"""An array, and of how many steps ago; ``LEFT`` if it is what a loop has left."""

LEFT = -1


@dataclass(frozen=True, slots=True)
class Instant:
    """What is live at one moment."""

    moment: Moment
    live: Mapping[str, Poly]
    """By array, in scalars: what was computed before or is computed then, and is read then or
    later."""
    total: Poly


@dataclass(frozen=True, slots=True)
class WorkspaceCertificate:
    """A timeline with the largest of its sums, and what no order can avoid."""

    instants: tuple[Instant, ...]
    peak: Peak
    floors: tuple[Floor, ...]
    """Amounts that no schedule without recomputation can avoid."""
    bound: Peak
    """The largest of them."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


def check_workspace(graph: Graph, setting: Setting, certificate: WorkspaceCertificate) -> None:
    """Verify order, lifetimes, amounts, sums, and which sum is the largest.

    Raises
    ------
    ProofError
        If anything is wrong; the message names the array or the moment.
    """
    least = lower_sizes(certificate.least)
    for axis in graph.axes.values():
        if not inhabited(axis.extent, least):
            raise ProofError(f"{axis.name}: expected at least one position, got {axis.extent}")
    for equation in graph:
        for read in equation.reads:
            if read.relation.may_be_idle:
                raise ProofError(
                    f"{equation.name}: when {read.relation} reads something has no rule"
                )
            leap = read.relation.distance
            if leap is not None and leap.constant is None:
                raise ProofError(f"{equation.name}: how long a leap by {leap} is kept has no rule")
    held = plan(graph, setting)
    _check_order(held, certificate)
    for instant, live in zip(certificate.instants, _Flow(held).amounts(), strict=True):
        _check_instant(instant, live)
    totals = [instant.total for instant in certificate.instants]
    check_peak("the workspace", totals, certificate.peak, certificate.least)
    check_floors(graph, setting, certificate.floors, certificate.least)
    floors = [floor.total for floor in certificate.floors]
    check_peak("the lower bound", floors, certificate.bound, certificate.least)


def total(live: Iterable[Poly]) -> Poly:
    """Return the sum of what is live, equal amounts together."""
    return summed(count * amount for amount, count in Counter(live).items())


def _check_order(held: Plan, certificate: WorkspaceCertificate) -> None:
    """Verify that the moments are those of the schedule, and that nothing is read too early."""
    moments = held.table.moments
    for mine, own in zip_longest(certificate.instants, moments):
        if mine is None or mine.moment != own:
            name = own.name or own.kind if own is not None else mine.moment.name
            raise ProofError(f"{name}: expected the moments of the schedule in order")
    for name, readings in held.readings.items():
        if any(_too_early(held, name, reading) for reading in readings):
            raise ProofError(f"{name}: it is read before it is computed")


def _too_early(held: Plan, name: str, reading: Reading) -> bool:
    """Whether a reading comes before what it reads; steps of one loop are in order anyway."""
    inside = held.table.inside[name]
    left = leaving(held.table, inside, reading)
    if left is not None and reading.loops[: left.level + 1] == inside[: left.level + 1]:
        return False
    level = len(inside) if left is None else left.level
    return held.table.at(held.table.when[name], level)[1] >= reading.moment > 0


def _check_instant(instant: Instant, live: Mapping[str, Poly]) -> None:
    where = f"{instant.moment.kind} {instant.moment.name}".strip()
    for name in (*live, *instant.live):
        if name not in instant.live:
            raise ProofError(f"{name}: it is read after {where}, and was freed before")
        if name not in live:
            raise ProofError(f"{name}: nothing reads it after {where}, and it is not freed")
        if instant.live[name] != live[name]:
            raise ProofError(f"{name}: expected {live[name]} at {where}, got {instant.live[name]}")
    if instant.total != total(instant.live.values()):
        raise ProofError(f"{where}: expected the sum of what is live, got {instant.total}")


class _Flow:
    """Values that are live, found backwards."""

    def __init__(self, held: Plan) -> None:
        self.held, self.table = held, held.table
        self.live: list[set[Value]] = [set() for _ in self.table.moments]
        self.uses: defaultdict[int, set[Value]] = defaultdict(set)
        self.allocated: defaultdict[int, set[Value]] = defaultdict(set)
        self.carried: defaultdict[int, set[str]] = defaultdict(set)
        """By loop, the arrays of which it holds a few positions."""
        self.started = {name for names in held.copied.values() for name in names}
        for name, stored in held.stored.items():
            inside = self.table.inside[name]
            first, _ = self.table.at(self.table.when[name], stored.level)
            self.allocated[first].add((name, 0))
            if stored.back is not None:
                self.carried[inside[stored.level - 1]].add(name)
            for reading in held.readings[name]:
                self.uses[reading.moment].add((name, self._age(name, reading)))

    def _age(self, name: str, reading: Reading) -> int:
        """Return how many steps ago the loop that carries an array has computed what is read."""
        stored, inside = self.held.stored[name], self.table.inside[name]
        if stored.back is None:
            return 0
        if inside[stored.level - 1] not in reading.loops:
            return LEFT
        left = leaving(self.table, inside, reading)
        return left.back if left is not None and left.level == stored.level - 1 else 0

    def amounts(self) -> list[dict[str, Poly]]:
        """Return what is live at each moment, by array.

        Raises
        ------
        ProofError
            If something is read that was not computed before.
        """
        early = self._body(0, 0, self.table.end, set())
        if early:
            raise ProofError(f"{min(early)[0]}: it is read before it is computed")
        return [self._scalars(live) for live in self.live]

    def _scalars(self, live: set[Value]) -> dict[str, Poly]:
        counts: Counter[str] = Counter()
        for name, age in live:
            left = self.held.stored[name].left
            counts[name] += left if age == LEFT and left is not None else 1
        return {name: k * self.held.stored[name].scalars for name, k in counts.items()}

    def _body(self, level: int, first: int, last: int, after: set[Value]) -> set[Value]:
        """Go backwards through a body; return what is live before it."""
        moment = last
        while moment >= first:
            loops = self.table.moments[moment].loops
            if len(loops) > level:
                after = self._loop(level, loops[level], after)
                moment = self.table.loops[loops[level]].enter
            else:
                self.live[moment] = after | self.uses[moment] | self.allocated[moment]
                after = (after - self.allocated[moment]) | self.uses[moment]
            moment -= 1
        return after

    def _loop(self, level: int, own: int, after: set[Value]) -> set[Value]:
        """Go backwards through a loop until nothing changes."""
        loop, carried = self.table.loops[own], self.carried[own]
        left = {name for name, age in after if age == LEFT and name in carried}
        ending = {value for value in after if value[0] not in left}
        ending |= {(name, k) for name in left for k in range(self.held.stored[name].left or 0)}
        known: set[Value] | None = None
        start: set[Value] = set()
        while known != ending:
            known = ending
            start = self._body(level + 1, loop.enter + 1, loop.last, known)
            older = {(name, age - 1) for name, age in start if name in carried}
            ending = known | older | {value for value in start if value[0] not in carried}
        copies = {value for value in start if value[0] in carried}
        for name, age in copies:
            if age < 1 or name not in self.started:
                raise ProofError(f"{name}: it is read before it is computed")
        uses, allocated = self.uses[loop.enter], self.allocated[loop.enter]
        self.live[loop.enter] = start | uses | allocated
        return (start - copies - allocated) | uses
