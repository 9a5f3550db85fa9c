"""Certificates of dilated stacks: paths whose crossings are the digits of a distance, and a checker.

Where layer l reads 0, k**l, ..., (k - 1)*k**l positions back, the distances that l layers cover are
the numbers of l digits in base k, each in exactly one way: a layer crosses positions if and only if
its digit is not zero. So the shortest path over s = i - j costs ``cost + each*z``, where z is how
many of the lowest digits of s are not zero. That is checked equation by equation, by induction over
what is read, for all sizes at once:

- reading in place, through another layer or through a residual sum keeps the digits;
- reading digit d of the next power of k, at s < k**e, leads to s + d*k**e: the lowest e digits are
  those of s, and one more digit is not zero unless d = 0.

>>> some = Digits(poly("k"), poly("L"), poly("L"), poly("L"), poly(5))
>>> str(some)
'L + 5*z for 0 <= s < k**L, s = i - j, z of the lowest L digits of s in base k are not 0'
>>> str(longest(some, poly("n")))
'L + 5*min(L, ceil(log(k*n - k - n + 3, k)) - 1)'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ....graphs.graph import Equation, Graph, Read
from ....graphs.relations import Relation
from ....graphs.setting import Setting
from ....graphs.sizes import Poly, at_least, ceil_log, minimum, poly, power
from ..errors import ProofError
from ..positions import lower_sizes
from .pieces import Given, Span1
from .reading import Cell, Reader
from .shortest import costs


@dataclass(frozen=True, slots=True)
class Digits:
    """What the shortest paths from one input position to later ones cost, by digits."""

    base: Poly
    counted: Poly
    """How many of the lowest digits of the distance count."""
    written: Poly
    """How many digits the distances have: those below ``base**written`` are reached."""
    cost: Poly
    each: Poly
    """What a digit adds that is not zero."""

    @property
    def layers(self) -> tuple[tuple[str, Span1], ...]:
        """It is claimed for all layers."""
        return ()

    def claimed(self, axis: str) -> Span1:
        """Return the first and the last layer for which it is claimed."""
        return 0, None

    def limited(self, axis: str, layers: Span1 | None) -> Digits:
        """Return the same: it is claimed for all layers."""
        return self

    def fixed(self, values: Given) -> Digits:
        """Return the same with sizes and layer positions replaced."""
        parts = (self.base, self.counted, self.written, self.cost, self.each)
        return Digits(*(part.substitute(values) for part in parts))

    def __str__(self) -> str:
        which = f"z of the lowest {self.counted} digits of s in base {self.base} are not 0"
        cost = self.cost + self.each * poly("z")
        return f"{cost} for 0 <= s < {power(self.base, self.written)}, s = i - j, {which}"


@dataclass(frozen=True, slots=True)
class DigitsCertificate:
    """Everything that the checker needs to verify a path length that counts digits."""

    digits: Mapping[str, Mapping[str, Digits]]
    """By input, then by equation that it reaches."""
    formula: tuple[Poly, ...]
    """For each input and output that it reaches, the longest shortest path."""
    hops: int | None = None
    least: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are at least this large (1 if not named)."""


def check_digits(graph: Graph, setting: Setting, certificate: DigitsCertificate) -> None:
    """Verify that the digits are the shortest paths, and the formula the longest of them.

    Raises
    ------
    ProofError
        Naming the equation of which too little or too much is said.
    """
    if set(certificate.digits) != set(graph.inputs):
        raise ProofError(f"expected digits for each input of {graph.name}")
    cost = costs(graph, setting, certificate.hops)
    for source, found in certificate.digits.items():
        given = lower_sizes(certificate.least)
        if any(not at_least(d.base, 2, given=given) for d in found.values()):
            raise ProofError(f"expected a base of at least 2 from {source}")
        pieces = {name: (digits,) for name, digits in found.items()}
        reader = Reader(graph, pieces, certificate.least, certificate.hops)
        for equation in graph:
            for cell in reader.cells(equation):
                _check(reader, equation, cell, source, cost[equation.name])
    if certificate.formula != tuple(lengths(graph, certificate.digits)):
        raise ProofError(f"the longest paths are not {certificate.formula}")


def lengths(graph: Graph, digits: Mapping[str, Mapping[str, Digits]]) -> Iterator[Poly]:
    """Yield the longest shortest path for each input and output that it reaches.

    Raises
    ------
    ProofError
        If an output is on another sequence than the input, or not all digits count there.
    """
    for source, found in digits.items():
        for output in (name for name in dict.fromkeys(graph.outputs) if name in found):
            own, axis = found[output], graph[source].sequence
            if axis is None or graph[output].sequence != axis:
                raise ProofError(f"{output}: expected it on the sequence of {source}")
            if own.counted != own.written or not at_least(own.each, 0):
                raise ProofError(f"{output}: expected each digit to count, got {own}")
            yield longest(own, axis.extent)


def longest(own: Digits, extent: Poly) -> Poly:
    """Return what the distance with the most digits that are not zero costs.

    The least number with p such digits has p ones, it is ``(k**p - 1)/(k - 1)``. So the most that a
    number below n has is the largest p with ``k**p <= (n - 1)*(k - 1) + 1``.
    """
    most = ceil_log(own.base, (extent - 1) * (own.base - 1) + 2) - 1
    return own.cost + own.each * minimum(own.written, most)


# --- one equation ---------------------------------------------------------------------------------


def _check(
    reader: Reader[Digits], equation: Equation, cell: Cell, source: str, weight: Poly
) -> None:
    """What is said of an equation is the least of all ways to it."""
    own = next(iter(reader.pieces.get(equation.name, ())), None)
    ways = [
        way
        for read, found in reader.reads(equation, cell)
        for digits in found
        for way in _ways(reader, equation, read, digits, weight, cell)
    ]
    if equation.name == source and own is not None:
        ways.append(Digits(own.base, poly(0), poly(0), weight, poly(0)))
    if own is None:
        if ways or equation.name == source:
            raise ProofError(f"{equation.name}: {source} reaches it, and nothing is said of that")
        return
    here = own.fixed(cell.given)
    ways = [way.fixed(cell.given) for way in ways]
    cheaper = next((way for way in ways if not _is_bounded(here, way)), None)
    if cheaper is not None:
        raise ProofError(f"{equation.name}: a path ({cheaper}) may be cheaper than {own}")
    if not _is_achieved(here, ways):
        raise ProofError(f"{equation.name}: no path has the length {own}")


def _ways(
    reader: Reader[Digits], equation: Equation, read: Read, source: Digits, weight: Poly, cell: Cell
) -> Iterator[Digits]:
    """Yield what becomes of digits that are read: as many count, and one more may be written."""
    if equation.sequence != reader.graph[read.source].sequence:
        raise ProofError(f"{equation.name}: its digits leave their sequence")
    for move, extra in reader.moves(equation, read):
        way = replace(source, cost=source.cost + weight + extra)
        if move.is_same:
            yield way
        elif _reads_next(move, source, cell.given):
            yield replace(way, written=source.written + 1)
        else:
            raise ProofError(f"{equation.name}: {move} reads no digit after {source}")


def _reads_next(move: Relation, source: Digits, given: Given) -> bool:
    """Whether a relation reads all digits of the power after those that are written."""
    next_power = power(source.base, source.written).substitute(given)
    return (
        move.kind == "offsets"
        and move.back == source.base - 1
        and move.ahead == 0
        and source.counted == source.written
        and move.step.substitute(given) == next_power
    )


def _is_bounded(own: Digits, way: Digits) -> bool:
    """Whether no distance costs less on a way than is said of it."""
    one_more = own.counted == way.counted + 1
    crosses = one_more and way.written == own.counted
    known = own.counted == way.counted or (one_more and (crosses or way.written == way.counted))
    return (
        known
        and own.base == way.base
        and at_least(own.each, 0)
        and at_least(own.written, way.written)
        and at_least(way.cost, own.cost + own.each * int(crosses))
        and (way.counted == 0 or at_least(way.each, own.each))
    )


def _is_achieved(own: Digits, ways: Sequence[Digits]) -> bool:
    """Whether each distance has a way that costs no more than is said of it."""
    fair = [
        way
        for way in ways
        if own.base == way.base and (way.counted == 0 or at_least(own.each, way.each))
    ]
    if any(
        way.counted == own.counted
        and at_least(way.written, own.written)
        and at_least(own.cost, way.cost)
        for way in fair
    ):
        return True
    before = [w for w in fair if w.counted == own.counted - 1 and own.written == own.counted]
    zero = any(at_least(w.written, w.counted) and at_least(own.cost, w.cost) for w in before)
    other = any(
        at_least(w.written, own.written) and at_least(own.cost + own.each, w.cost) for w in before
    )
    return zero and other
