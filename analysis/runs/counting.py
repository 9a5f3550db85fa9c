"""Scalars that count what is done to them: work in a tally, depth and reach in the scalar.

Laws, as code:

>>> with counting() as tally:
...     y = Counted(2.0) * Counted(3.0) + 1.0
>>> y.value, y.scalar, y.tensor, tally.work()
(7.0, 2, 2, 2)

A sum over m terms takes ceil(log2 m) scalar steps as a tree, and m - 1 one after another:

>>> terms = [Counted(1.0) for _ in range(6)]
>>> for order in ("tree", "sequential"):
...     with counting(reduction=order) as tally:
...         print(fold("add", terms).scalar, tally.work())
3 5
5 5

Nothing counts as nothing: an operation without a rule is refused by name.

>>> try:
...     Counted(1.0) < Counted(2.0)
... except NoRuleError as error:
...     print(error)
expected an operation with a counting rule, got '<'

References: Brent 1974, *The Parallel Evaluation of General Arithmetic Expressions* (depth with
fan-in two); Blelloch 1996, *Programming Parallel Algorithms* (work and span).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, NoRuleError, NoTallyError, require_one_of
from .rules import BINARY, UNARY, rule

UNITS = ("layer", "tensor", "scalar")

Reach = NDArray[np.float64]
HOPS, CARRIED = 3, 4
ROWS = len(UNITS) + 2

CONSTANT, BEFORE = -2, -1
"""When a scalar is known that depends on no input, or on inputs of other sequences only."""


@dataclass(slots=True)
class Tally:
    """The operations of one run, by kind."""

    reduction: str = "tree"
    """The order of every sum and maximum: a balanced "tree", or "sequential"."""
    multiply_adds: int = 0
    """Multiply-adds inside contractions; the accumulator counts, so m of them for m terms."""
    other: Counter[str] = field(default_factory=Counter)
    """All other scalar operations by kind."""
    step: int = 1
    """What an operation adds to depths and distances: 0 inside a synchronous round."""
    boundary: int = sys.maxsize
    """The position from which on a reader is a later one."""
    kept: dict[int, Counted] = field(default_factory=dict)
    """The scalars known before the boundary that later positions read, by identity."""
    farthest: int = 0
    """How far the farthest read with a bound reaches, inside the sequence or not."""

    def work(self, *, mac: int = 2) -> int:
        """Return the number of operations, a multiply-add being one (`mac=1`) or two."""
        require_one_of("mac", mac, (1, 2))
        return mac * self.multiply_adds + self.other.total()

    def keep(self, x: Counted) -> None:
        """Keep what something at or after the boundary reads, if it is known before."""
        if BEFORE <= x.time < self.boundary:
            kept = x if x.origin is None else x.origin
            self.kept[id(kept)] = kept


_tally: ContextVar[Tally] = ContextVar("tally")


@contextmanager
def counting(*, reduction: str = "tree", boundary: int = sys.maxsize) -> Iterator[Tally]:
    """Count every operation on counted scalars inside the block."""
    require_one_of("reduction", reduction, ("tree", "sequential"))
    tally = Tally(reduction, boundary=boundary)
    token = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(token)


@contextmanager
def synchronous() -> Iterator[None]:
    """Count operations inside the block without adding steps: the round as a whole takes them."""
    tally = active()
    before, tally.step = tally.step, 0
    try:
        yield
    finally:
        tally.step = before


def active() -> Tally:
    """Return the tally of the innermost `counting` block."""
    try:
        return _tally.get()
    except LookupError:
        raise NoTallyError(
            "expected a tally for an operation on counted scalars, got none: "
            "write `with counting() as tally:` around it"
        ) from None


def note_bound(distance: int) -> None:
    """Note how far a read with a bound reaches, if anybody counts."""
    tally = _tally.get(None)
    if tally is not None:
        tally.farthest = max(tally.farthest, distance)


def _binary(kind: str, *, swapped: bool = False) -> Callable[[Counted, Any], Any]:
    def method(self: Counted, other: Any) -> Any:
        if not isinstance(other, Counted | int | float):
            return NotImplemented
        right = other if isinstance(other, Counted) else Counted(float(other))
        pair = (right, self) if swapped else (self, right)
        return combine(kind, *pair, tensor=1)

    return method


def _unary(kind: str) -> Callable[[Counted], Counted]:
    return lambda self: apply(kind, self, tensor=1)


def _refused(sign: str) -> Any:
    def method(self: Counted, *_: object) -> Any:
        raise NoRuleError(f"expected an operation with a counting rule, got {sign!r}")

    return method


@final
class Counted:
    """A number together with how it came about; it never changes.

    `layer`, `tensor` and `scalar` are depths: layers entered and recurrence steps taken, array
    operations, and scalar operations of fan-in two on the longest way here. `reach` [5, columns]
    holds the same three units as *shortest* distances from input positions, one column each, with
    infinity where there is no dependence; `None` stands for no dependence at all. Its fourth row
    holds the fewest hops, reads of another position; the fifth, which is infinite outside a scan,
    those of ways on which the scan's hop is already counted.

    `time` is the position along the outputs' sequence from which on it is known: that of the last
    input it depends on, or where a recurrence has carried it. `origin` is the scalar that it is
    only a view of, if it is one.

    An operator applied to it is one scalar operation and one array operation.
    """

    __slots__ = ("layer", "origin", "reach", "scalar", "tensor", "time", "value")

    def __init__(
        self,
        value: float,
        layer: int = 0,
        tensor: int = 0,
        scalar: int = 0,
        reach: Reach | None = None,
        time: int = CONSTANT,
        origin: Counted | None = None,
    ) -> None:
        self.value = value
        self.layer = layer
        self.tensor = tensor
        self.scalar = scalar
        self.reach = reach
        self.time = time
        self.origin = origin

    def __repr__(self) -> str:
        depths = ", ".join(f"{unit}={getattr(self, unit)}" for unit in UNITS)
        return f"Counted({self.value!r}, {depths})"

    __add__, __radd__ = _binary("add"), _binary("add", swapped=True)
    __sub__, __rsub__ = _binary("sub"), _binary("sub", swapped=True)
    __mul__, __rmul__ = _binary("mul"), _binary("mul", swapped=True)
    __truediv__, __rtruediv__ = _binary("div"), _binary("div", swapped=True)
    __neg__ = _unary("neg")
    # numpy.exp, numpy.tanh and numpy.sqrt look for these on the elements of an object array.
    exp, tanh, sqrt = _unary("exp"), _unary("tanh"), _unary("sqrt")

    # Python would answer these without an operation being counted.
    __bool__ = _refused("bool")
    __eq__, __ne__ = _refused("=="), _refused("!=")
    __lt__, __le__ = _refused("<"), _refused("<=")
    __gt__, __ge__ = _refused(">"), _refused(">=")


def advance(x: Counted, *, layer: int = 0, tensor: int = 0, scalar: int = 0) -> Counted:
    """Return `x` further on: depths and distances grow, nothing is counted."""
    reach = x.reach
    if reach is not None:
        reach = reach + np.array([[layer], [tensor], [scalar], [0], [0]], dtype=np.float64)
    return view(x, reach, x.time, layer, tensor, scalar)


def view(
    x: Counted, reach: Reach | None, time: int, layer: int = 0, tensor: int = 0, scalar: int = 0
) -> Counted:
    """Return another object for the same scalar, deeper by so many steps."""
    depths = (x.layer + layer, x.tensor + tensor, x.scalar + scalar)
    return Counted(x.value, *depths, reach, time, x if x.origin is None else x.origin)


_SCALAR_STEP = np.array([[0.0], [0.0], [1.0], [0.0], [0.0]])
_ARRAY_STEP = np.array([[0.0], [1.0], [1.0], [0.0], [0.0]])


def join(value: float, a: Counted, b: Counted, *, tensor: int = 0) -> Counted:
    """Return `value` as one scalar step after its operands; nothing is counted."""
    if a.reach is b.reach:
        reach = a.reach
    elif a.reach is None or b.reach is None:
        reach = b.reach if a.reach is None else a.reach
    else:
        reach = np.minimum(a.reach, b.reach)
    tally = active()
    step, time = tally.step, a.time if a.time > b.time else b.time
    if time >= tally.boundary:
        tally.keep(a)
        tally.keep(b)
    if reach is not None and step:
        reach = reach + (_ARRAY_STEP if tensor else _SCALAR_STEP)
    return Counted(
        value,
        max(a.layer, b.layer),
        max(a.tensor, b.tensor) + tensor * step,
        max(a.scalar, b.scalar) + step,
        reach,
        time,
    )


def combine(kind: str, a: Counted, b: Counted, *, tensor: int = 0) -> Counted:
    """Carry out and count one operation on two scalars."""
    function = rule(BINARY, kind)
    active().other[kind] += 1
    return join(function(a.value, b.value), a, b, tensor=tensor)


def apply(kind: str, a: Counted, *, tensor: int = 0) -> Counted:
    """Carry out and count one operation on one scalar."""
    function = rule(UNARY, kind)
    active().other[kind] += 1
    return join(float(function(a.value)), a, a, tensor=tensor)


def fold(kind: str, terms: Sequence[Counted]) -> Counted:
    """Reduce scalars by a counted operation, in the order of the run: m - 1 operations."""
    return in_order(terms, lambda a, b: combine(kind, a, b))


def sum_of_products(left: Sequence[Counted], right: Sequence[Counted]) -> Counted:
    """Return one element of a contraction over m terms: m multiply-adds."""
    active().multiply_adds += len(left)
    terms = at_once([*left, *right])
    pairs = zip(terms[: len(left)], terms[len(left) :], strict=True)
    products = [join(a.value * b.value, a, b) for a, b in pairs]
    return in_order(products, lambda a, b: join(a.value + b.value, a, b))


def at_once(operands: Sequence[Counted]) -> Sequence[Counted]:
    """Return the operands of one array operation, which starts when the last of them is known.

    So what it reads is kept for it, and not what it computes of some of them on its way.
    """
    tally = active()
    if tally.boundary == sys.maxsize:
        return operands
    time = max(x.time for x in operands)
    if time < tally.boundary:
        return operands
    for x in operands:
        tally.keep(x)
    return [view(x, x.reach, time) for x in operands]


def in_order(terms: Sequence[Counted], step: Callable[[Counted, Counted], Counted]) -> Counted:
    """Reduce at least one scalar by `step`, in the order of the run.

    The rounds of a tree are synchronous: a term without a partner waits for the round to end.
    """
    if not terms:
        raise ArgumentError("expected at least one term to reduce, got none")
    if active().reduction == "sequential":
        return reduce(step, terms)
    while len(terms) > 1:
        paired = [step(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        waiting = [advance(x, scalar=active().step) for x in terms[2 * len(paired) :]]
        terms = paired + waiting
    return terms[0]
