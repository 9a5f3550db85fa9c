"""The tracer: arrays that are the names of equations, and the equations that they collect.

Every array of a model that is being traced is an :class:`Array`; what is done to it is written down
by the :class:`Tracer` of the model.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .graph import Axis, Equation, GraphError, Read
from .primitives import LongConvolution, Primitive, Substitution, View
from .primitives.moves import Enter, Gather, Inside
from .primitives.views import Spread
from .relations import Relation
from .sizes import Poly
from .slots import is_cut, plain

Tree: TypeAlias = Any
"""An array or a tuple of arrays."""

Operand: TypeAlias = Any
"""An array, a number, a size, or a power of a size (see ``operations.root``)."""


class Array:
    """A traced array: the name of an equation, with arithmetic."""

    __array_ufunc__ = None
    __slots__ = ("equation", "tracer")

    def __init__(self, equation: Equation, tracer: Tracer) -> None:
        self.equation = equation
        self.tracer = tracer

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The feature axes of one position."""
        return self.equation.features

    @property
    def sequence(self) -> Axis:
        """The sequence axis; an error if the array has none."""
        axis = self.equation.sequence
        if axis is None:
            raise GraphError(f"expected {self.equation.name} to have a sequence axis, it has none")
        return axis

    def _map(self, function: str, *arguments: Any) -> Array:
        from .operations import elementwise

        return elementwise(function, *arguments)

    def __add__(self, other: Operand) -> Array:
        return self._map("add", self, other)

    def __radd__(self, other: Operand) -> Array:
        return self._map("add", other, self)

    def __sub__(self, other: Operand) -> Array:
        return self._map("subtract", self, other)

    def __rsub__(self, other: Operand) -> Array:
        return self._map("subtract", other, self)

    def __mul__(self, other: Operand) -> Array:
        return self._map("multiply", self, other)

    def __rmul__(self, other: Operand) -> Array:
        return self._map("multiply", other, self)

    def __truediv__(self, other: Operand) -> Array:
        return self._map("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Array:
        return self._map("divide", other, self)

    def __neg__(self) -> Array:
        return self._map("negative", self)

    def __bool__(self) -> bool:
        raise GraphError(
            "expected a model whose course does not depend on values, "
            f"got a test of {self.equation.name}"
        )

    def __repr__(self) -> str:
        return f"Array({self.equation.name}: {', '.join(str(a) for a in self.equation.domain)})"


@dataclass(eq=False)
class Tracer:
    """Collects the equations while a model function runs."""

    loop: bool = False
    """Whether associative scans are written as loops."""
    equations: dict[str, Equation] = field(default_factory=dict)
    layers: list[Axis] = field(default_factory=list)
    """The layer axes of the stacks that are being traced."""
    scopes: list[str] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    """By name, the number up to which it has been given: layers written in a loop share names."""

    def name(self, base: str) -> str:
        """Return a name that is not taken, under the current scope."""
        full = ".".join([*self.scopes, base])
        name, k = full, self.taken.get(full, 2)
        while name in self.equations:
            name, k = f"{full}_{k}", k + 1
        self.taken[full] = max(k - 1, 2)
        return name

    def add(
        self,
        base: str,
        primitive: Primitive,
        reads: Sequence[Read],
        positions: Sequence[Axis],
        features: Sequence[Axis],
    ) -> Array:
        """Add an equation."""
        name = self.name(base)
        layer = ".".join(self.scopes)
        self.equations[name] = Equation(
            name, primitive, tuple(reads), (*positions, *features), layer
        )
        return Array(self.equations[name], self)

    def apply(self, base: str, primitive: Primitive, *inputs: Array) -> Array:
        """Add an equation that reads its inputs in place."""
        try:
            features = primitive.features(*(a.axes for a in inputs))
        except GraphError as error:
            raise GraphError(f"{self.name(base)}: {error}") from None
        reads = [Read(a.equation.name) for a in inputs]
        return self.add(base, primitive, reads, merge(base, *inputs), features)

    def replace(self, array: Array, **changes: Any) -> None:
        """Complete an equation that was written down before its reads were known."""
        name = array.equation.name
        self.equations[name] = replace(array.equation, **changes)

    def since(self, count: int) -> list[Equation]:
        """Return what was added to the first ``count`` equations, the last one first."""
        return list(
            itertools.islice(reversed(self.equations.values()), len(self.equations) - count)
        )

    def forget(self, equations: Sequence[Equation]) -> None:
        """Drop equations and give their names back."""
        for equation in equations:
            del self.equations[equation.name]
        self.taken.clear()


_CURRENT: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


@contextmanager
def recording(tracer: Tracer) -> Iterator[Tracer]:
    """Let a tracer collect what is written down inside."""
    token = _CURRENT.set(tracer)
    try:
        yield tracer
    finally:
        _CURRENT.reset(token)


def current() -> Tracer:
    """Return the tracer of the model that is being traced."""
    tracer = _CURRENT.get()
    if tracer is None:
        raise GraphError(
            "expected to be called inside a model that is being traced (use workspan.trace)"
        )
    return tracer


def merge(where: str, *inputs: Array) -> tuple[Axis, ...]:
    """Return the position axes of a result: layers first, then the one sequence axis."""
    own = [p for p in (a.equation.positions for a in inputs) if p]
    if all(p == own[0] for p in own):
        return own[0] if own else ()
    found: dict[str, Axis] = {}
    for axis in itertools.chain.from_iterable(own):
        found.setdefault(axis.name, axis)
    sequences = [a for a in found.values() if a.kind == "sequence"]
    if len(sequences) > 1:
        names = " and ".join(a.name for a in sequences)
        raise GraphError(
            f"{current().name(where)}: expected arrays over one sequence, got {names} "
            "(gather reads across)"
        )
    return (*sorted((a for a in found.values() if a.kind == "layer"), key=_nesting), *sequences)


def _nesting(axis: Axis) -> int:
    order = [a.name for a in current().layers]
    return order.index(axis.name) if axis.name in order else len(order)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Prefix the names of equations and parameters."""
    tracer = current()
    tracer.scopes.append(name)
    try:
        yield
    finally:
        tracer.scopes.pop()


def convolved(x: Array, kernel: Array, along: Axis, *, reverse: bool = False) -> Array:
    """Convolve two sequences, by transforms; in reverse, each position sums over later ones."""
    primitive = LongConvolution(along, reverse)
    reads = (
        Read(x.equation.name, Relation.suffix() if reverse else Relation.prefix(), along.name),
        Read(kernel.equation.name, Relation.all() if reverse else Relation.prefix(), along.name),
    )
    features = primitive.features(x.axes, kernel.axes)
    positions = merge("long_convolution", x, kernel)
    return x.tracer.add("long_convolution", primitive, reads, positions, features)


def substituted(pairs: Array, right: Array, size: Poly, *, reverse: bool = False) -> Array:
    """Solve unit triangular systems, one for each block of positions."""
    primitive, along = Substitution(size, reverse), right.sequence
    relation = Relation.block_prefix(size)
    relation = relation.transpose() if reverse else relation
    reads = [Read(a.equation.name, relation, along.name) for a in (pairs, right)]
    positions = merge("substitution", pairs, right)
    return right.tracer.add("substitution", primitive, reads, positions, right.axes)


def leaves(tree: Tree) -> tuple[Array, ...]:
    """Return the arrays of an array or a tuple of arrays."""
    return (tree,) if isinstance(tree, Array) else tuple(tree)


def like(tree: Tree, arrays: Sequence[Array]) -> Tree:
    """Return arrays in the shape of a tree."""
    return arrays[0] if isinstance(tree, Array) else tuple(arrays)


def layer(function: Callable[..., Tree]) -> Callable[..., Tree]:
    """Mark a function as a layer: entering it is one step in unit layer."""

    @functools.wraps(function)
    def entered(*arrays: Any, **options: Any) -> Tree:
        return function(*(enter(a) if isinstance(a, Array) else a for a in arrays), **options)

    return entered


def recompute(function: Callable[..., Tree]) -> Callable[..., Tree]:
    """Mark a function whose inner values training computes again instead of keeping them.

    Only what goes in is kept, and what comes out if something needs it, as in a fused kernel or
    under ``torch.utils.checkpoint``.
    """

    @functools.wraps(function)
    def marked(*arrays: Any, **options: Any) -> Tree:
        tracer = current()
        count = len(tracer.equations)
        result = function(*arrays, **options)
        shown = {name for array in leaves(result) for name in _shown(tracer, array)}
        for equation in tracer.since(count):
            if equation.name not in shown and equation.primitive.name not in GIVEN:
                tracer.equations[equation.name] = replace(equation, kept=False)
        return result

    return marked


GIVEN = frozenset(
    {"input", "parameter", "constant", "position", "progression", "range", "gaussian"}
)
"""Primitives whose values are there anyway."""


def _shown(tracer: Tracer, array: Array) -> Iterator[str]:
    """Yield an equation, and what it shows if it is a view."""
    pending = [array.equation.name]
    while pending:
        equation = tracer.equations[pending.pop()]
        yield equation.name
        if isinstance(equation.primitive, View):
            pending.extend(r.source for r in equation.reads)


def settled(array: Array) -> Array:
    """Put zeros in slots outside the sequence, plain components from now on.

    So are slots for those that read them from other positions than that whose slots they are.
    """
    if not any(map(is_cut, array.axes)):
        return array
    if not isinstance(array.equation.primitive, Gather):
        array = array.tracer.apply("inside", Inside(), array)
    primitive = Spread(plain(array.axes), tuple(range(len(array.axes))))
    return array.tracer.apply("components", primitive, array)


def enter(array: Array) -> Array:
    """Mark the entry of a layer."""
    return array.tracer.apply("enter", Enter(), array)
