"""Tracing: a plain Python function over arrays becomes a graph.

A model is written for one position, as under a vectorising map: patterns and axes speak of
components only, and everything that crosses positions is one of ``gather``, ``shift``, ``scan``,
``associative_scan`` and ``stack``.

>>> from .operations import zeros
>>> def running_mean(x):
...     def step(h, x):
...         h = 0.9 * h + 0.1 * x
...         return h, h
...     return scan(step, zeros("d"), x)[1]
...
>>> graph = trace(running_mean)
>>> [e.primitive.name for e in graph]
['input', 'enter', 'constant', 'shift', 'map', 'map', 'map']
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .graph import Axis, Equation, Graph, GraphError, Read
from .primitives import Primitive
from .primitives.moves import Enter, Final, Shift
from .primitives.views import Input
from .relations import Relation
from .schedule import steps
from .sizes import Poly, Sized, poly

Tree: TypeAlias = Any
"""An array or a tuple of arrays."""

Operand: TypeAlias = Any
"""An array, a number, a size, or a power of a size (see ``operations.root``)."""

SAMPLE = {
    "n": 16,
    "m": 12,
    "d": 16,
    "h": 4,
    "g": 2,
    "f": 32,
    "k": 3,
    "w": 5,
    "L": 2,
    "s": 4,
    "v": 32,
}
"""Sizes at which a model is tried when the user names none."""


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
            f"expected a model whose course does not depend on values, got a test of {self.equation.name}"
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

    def name(self, base: str) -> str:
        """Return a name that is not taken, under the current scope."""
        full = ".".join([*self.scopes, base])
        name, k = full, 2
        while name in self.equations:
            name, k = f"{full}_{k}", k + 1
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
        return self.add(base, primitive, reads, merge(self.name(base), *inputs), features)

    def replace(self, array: Array, **changes: Any) -> None:
        """Complete an equation that was written down before its reads were known."""
        name = array.equation.name
        self.equations[name] = replace(array.equation, **changes)


_CURRENT: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


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
    found: dict[str, Axis] = {}
    for array in inputs:
        for axis in array.equation.positions:
            found.setdefault(axis.name, axis)
    sequences = [a for a in found.values() if a.kind == "sequence"]
    if len(sequences) > 1:
        names = " and ".join(a.name for a in sequences)
        raise GraphError(
            f"{where}: expected arrays over one sequence, got {names} (gather reads across)"
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


def enter(array: Array) -> Array:
    """Mark the entry of a layer."""
    return array.tracer.apply("enter", Enter(), array)


def scan(
    step: Callable[[Tree, Tree], tuple[Tree, Tree]], init: Tree, xs: Tree, *, reverse: bool = False
) -> tuple[Tree, Tree]:
    """Carry a state along the sequence, as in JAX.

    Parameters
    ----------
    step
        ``step(carry, x) -> (carry, y)`` for one position.
    init
        The carry before the first position; an array without sequence axis, or a tuple of such.
    xs
        An array over the sequence, or a tuple of such.
    reverse
        Run from the last position to the first.

    Returns
    -------
    The carry after the last step, and the ys over the sequence.
    """
    tracer = current()
    along = leaves(xs)[0].sequence
    positions = (*tracer.layers, along)
    carries = _open(tracer, leaves(init), positions, along.name, step=True)
    carry, ys = step(like(init, carries), xs)
    distance = -1 if reverse else 1
    _close(tracer, carries, leaves(carry), leaves(init), along.name, distance)
    ending = Relation.head() if reverse else Relation.last()
    finals = _finals(tracer, leaves(carry), leaves(init), along.name, ending)
    return like(init, finals), ys


def stack(block: Callable[..., Tree], x: Tree, depth: Sized, *, name: str = "layers") -> Tree:
    """Apply a block ``depth`` times, each time with parameters of its own.

    Parameters
    ----------
    block
        ``block(x) -> x`` or ``block(x, l) -> x`` with the layer's index, from 0.
    depth
        A number (the layers are written out) or a size (they become an axis).
    """
    tracer = current()
    if isinstance(x, Array) and not any(
        e.primitive.name == "enter" for e in tracer.equations.values()
    ):
        block = _as_layer(block)
    times = poly(depth).constant
    indexed = _takes_index(block)
    if times is not None:
        for l in range(int(times)):
            with scope(f"{name}.{l}"):
                x = block(x, l) if indexed else block(x)
        return x
    axis = Axis(_axis_name(tracer, poly(depth)), poly(depth), "layer")
    tracer.layers.append(axis)
    try:
        with scope(name):
            init = leaves(x)
            extra = [a for a in tracer.layers if not init[0].equation.has(a.name)]
            positions = (*extra, *init[0].equation.positions)
            carries = _open(tracer, init, positions, axis.name, step=False)
            result = (
                block(like(x, carries), poly(axis.position)) if indexed else block(like(x, carries))
            )
            _close(tracer, carries, leaves(result), init, axis.name, 1)
    finally:
        tracer.layers.pop()
    return like(x, _finals(tracer, leaves(result), init, axis.name, Relation.last()))


def _takes_index(block: Callable[..., Tree]) -> bool:
    kinds = [p.kind for p in inspect.signature(block).parameters.values() if p.default is p.empty]
    return (
        sum(
            k in {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
            for k in kinds
        )
        > 1
    )


def _as_layer(block: Callable[..., Tree]) -> Callable[..., Tree]:
    """Make a block that marks no layer one layer."""

    @functools.wraps(block)
    def wrapped(x: Tree, *index: Any) -> Tree:
        tracer = current()
        before = set(tracer.equations)
        result = block(x, *index)
        new = [tracer.equations[n] for n in tracer.equations if n not in before]
        if any(e.primitive.name == "enter" for e in new):
            return result
        for equation in new:
            del tracer.equations[equation.name]
        return layer(block)(x, *index)

    return wrapped


def _axis_name(tracer: Tracer, depth: Poly) -> str:
    base = depth.sizes[0] if depth.sizes else "L"
    taken = {a.name for e in tracer.equations.values() for a in e.positions} | {
        a.name for a in tracer.layers
    }
    name, k = base, 2
    while name in taken:
        name, k = f"{base}{k}", k + 1
    return name


def _open(
    tracer: Tracer, init: Sequence[Array], positions: Sequence[Axis], axis: str, *, step: bool
) -> list[Array]:
    return [tracer.add("previous", Shift(axis, step), (), positions, a.axes) for a in init]


def _close(
    tracer: Tracer,
    carries: Sequence[Array],
    after: Sequence[Array],
    init: Sequence[Array],
    axis: str,
    distance: int,
) -> None:
    if len(after) != len(init):
        raise GraphError(f"expected a carry of {len(init)} arrays, got {len(after)}")
    for carry, new, old in zip(carries, after, init, strict=True):
        if [a.extent for a in new.axes] != [a.extent for a in old.axes]:
            before, now = (", ".join(str(a) for a in x.axes) for x in (old, new))
            raise GraphError(
                f"expected a carry with axes ({before}), got ({now}) from {new.equation.name}"
            )
        reads = (
            Read(new.equation.name, Relation.shift(distance), axis),
            Read(old.equation.name, boundary=True),
        )
        tracer.replace(carry, reads=reads)


def _finals(
    tracer: Tracer, after: Sequence[Array], init: Sequence[Array], axis: str, ending: Relation
) -> list[Array]:
    finals = []
    for new, old in zip(after, init, strict=True):
        positions = tuple(a for a in new.equation.positions if a.name != axis)
        reads = (Read(new.equation.name, ending, axis), Read(old.equation.name, boundary=True))
        finals.append(tracer.add("final", Final(axis), reads, positions, new.axes))
    return finals


def model(*inputs: str, **sizes: int) -> Callable[[Callable[..., Tree]], Callable[..., Tree]]:
    """Say which axes the inputs of a model have, such as ``@model("n d", "m d")``.

    Keyword arguments are sizes to try the model at when a user names none.
    """

    def mark(function: Callable[..., Tree]) -> Callable[..., Tree]:
        function.inputs = inputs  # type: ignore[attr-defined]
        function.sizes = sizes  # type: ignore[attr-defined]
        return function

    return mark


def trace(
    function: Callable[..., Tree], *, name: str | None = None, loop: bool = False, **sizes: Sized
) -> Graph:
    """Trace a model function to a graph.

    Parameters
    ----------
    function
        Takes one array for each input (axes as :func:`model` says, ``n d`` otherwise); its
        keyword-only parameters are sizes.
    loop
        Write associative scans as loops.
    sizes
        Values or names for sizes, as ``L="L"`` or ``d=512``.

    Raises
    ------
    GraphError
        If the function is no model, or sizes do not fit; the message names the equation.
    """
    if not callable(function):
        raise GraphError(f"expected a model function, got {type(function).__name__}")
    options, extents = _bind(function, sizes)
    graph = _traced(function, options, extents, name, loop, entered=False)
    if not graph.of("enter"):
        graph = _traced(function, options, extents, name, loop, entered=True)

    known: dict[Any, Graph] = {}

    def again(**changes: Any) -> Graph:
        key = tuple(sorted(changes.items()))
        if key not in known:
            looping, depth = bool(changes.pop("loop", loop)), changes.pop("stacked", None)
            chosen = function if depth is None else stacked(function, depth)
            known[key] = trace(chosen, name=name, loop=looping, **{**sizes, **changes})
        return known[key]

    return replace(graph, source=again)


def stacked(function: Callable[..., Tree], depth: Sized) -> Callable[..., Tree]:
    """Return a model of ``depth`` layers, each of them ``function`` of the one before."""

    @functools.wraps(function)
    def layers(x: Array, *others: Array, **options: Any) -> Tree:
        return stack(lambda x: function(x, *others, **options), x, depth)

    return layers


def _bind(
    function: Callable[..., Tree], sizes: Mapping[str, Sized]
) -> tuple[dict[str, Poly], dict[str, Poly]]:
    parameters = inspect.signature(function).parameters.values()
    own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    options = {k: poly(sizes.get(k, v)) for k, v in own.items()}
    extents = {k: poly(v) for k, v in sizes.items() if k not in own}
    for size_name, value in {**options, **extents}.items():
        number = value.constant
        if number is not None and (number < 1 or number.denominator != 1):
            raise GraphError(
                f"expected {size_name} to be a whole number of at least 1, got {number}"
            )
    return options, extents


def _traced(
    function: Callable[..., Tree],
    options: Mapping[str, Poly],
    extents: Mapping[str, Poly],
    name: str | None,
    loop: bool,
    entered: bool,
) -> Graph:
    label = str(name or getattr(function, "__name__", "model"))
    tracer = Tracer(loop=loop)
    token = _CURRENT.set(tracer)
    try:
        arrays = _inputs(tracer, function, extents)
        inputs = tuple(a.equation.name for a in arrays)
        result = function(*(enter(a) for a in arrays) if entered else arrays, **options)
        if not isinstance(result, Array | tuple | list) or not all(
            isinstance(a, Array) for a in leaves(result)
        ):
            raise GraphError(
                f"expected {label} to return an array or a tuple of arrays, got {type(result).__name__}"
            )
        outputs = tuple(a.equation.name for a in leaves(result))
    except RecursionError:
        raise GraphError(f"expected {label} to end; it calls itself without end") from None
    finally:
        _CURRENT.reset(token)
    equations = _alive(tracer.equations, inputs, outputs)
    first, last = equations[inputs[0]], equations[outputs[0]]
    stackable = (
        first.domain[-1].extent == last.domain[-1].extent and first.sequence == last.sequence
    )
    samples = {**SAMPLE, **getattr(function, "sizes", {})}
    graph = Graph(
        label,
        equations,
        inputs,
        outputs,
        samples,
        doc=inspect.getdoc(function) or "",
        stackable=stackable,
    )
    steps(graph)
    return graph


def _inputs(
    tracer: Tracer, function: Callable[..., Tree], extents: Mapping[str, Poly]
) -> list[Array]:
    parameters = inspect.signature(function).parameters.values()
    positional = [
        p.name for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
    ]
    shapes = getattr(function, "inputs", ()) or ("n d",) * len(positional)
    if not positional or len(shapes) != len(positional):
        raise GraphError(
            f"expected a model that takes {len(shapes) or 1} arrays, got parameters ({', '.join(positional)})"
        )
    arrays = []
    for parameter, shape in zip(positional, shapes, strict=True):
        sequence, *features = shape.split()
        along = Axis(sequence, extents.get(sequence, poly(sequence)), "sequence")
        axes = tuple(Axis(f, extents.get(f, poly(f))) for f in features)
        arrays.append(tracer.add(parameter, Input(axes), (), (along,), axes))
    return arrays


def _alive(
    equations: Mapping[str, Equation], inputs: Sequence[str], outputs: Sequence[str]
) -> dict[str, Equation]:
    """Drop what no output reads."""
    alive, pending = set(inputs), list(outputs)
    while pending:
        name = pending.pop()
        if name not in alive or name in outputs:
            alive.add(name)
            pending.extend(r.source for r in equations[name].reads if r.source not in alive)
    return {n: e for n, e in equations.items() if n in alive}
