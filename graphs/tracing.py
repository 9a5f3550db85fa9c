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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .graph import Axis, Equation, Graph, GraphError
from .primitives.views import Input
from .recurrence import scan, stack
from .schedule import steps
from .sizes import Poly, Sized, poly
from .tracer import (
    Array,
    Operand,
    Tracer,
    Tree,
    current,
    enter,
    layer,
    leaves,
    like,
    merge,
    recording,
    scope,
)

__all__ = [
    "SAMPLE",
    "Array",
    "Operand",
    "Tracer",
    "Tree",
    "current",
    "enter",
    "in_layers",
    "layer",
    "leaves",
    "like",
    "merge",
    "model",
    "recording",
    "scan",
    "scope",
    "sizes_of",
    "stack",
    "trace",
]

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
        Write associative scans as loops, and convolutions of whole sequences position by position.
    sizes
        Values or names for sizes, as ``L="L"`` or ``d=512``; see :func:`sizes_of`.

    Raises
    ------
    GraphError
        If the function is no model, if it has no such size, or if sizes do not fit; the message
        names the equation.
    """
    if not callable(function):
        raise GraphError(f"expected a model function, got {type(function).__name__}")
    label = str(name or getattr(function, "__name__", "model"))
    options, extents = _bind(function, label, sizes)
    graph = _traced(function, options, extents, label, loop, entered=False)
    if not graph.of("enter"):
        graph = _traced(function, options, extents, label, loop, entered=True)
    again = _again(function, name, loop, sizes)
    return replace(graph, source=again, model=function, bound={**options, **extents})


def _again(
    function: Callable[..., Tree], name: str | None, loop: bool, sizes: Mapping[str, Sized]
) -> Callable[..., Graph]:
    """Return what traces a model again, with changes; sizes that it does not have change nothing."""
    known: dict[Any, Graph] = {}
    own = sizes_of(function)

    def again(*, loop: bool = loop, stacked: Sized | None = None, **changes: Sized) -> Graph:
        kept = {k: v for k, v in changes.items() if k in own}
        key = (loop, stacked, *sorted(kept.items()))
        if key not in known:
            chosen = function if stacked is None else in_layers(function, stacked)
            known[key] = trace(chosen, name=name, loop=loop, **{**sizes, **kept})
        return known[key]

    return again


def in_layers(function: Callable[..., Tree], depth: Sized) -> Callable[..., Tree]:
    """Return a model of ``depth`` layers, each of them ``function`` of the one before."""

    @functools.wraps(function)
    def layers(x: Array, *others: Array, **options: Any) -> Tree:
        return stack(lambda x: function(x, *others, **options), x, depth)

    return layers


def sizes_of(function: Callable[..., Tree]) -> tuple[str, ...]:
    """Return the sizes that a model can be traced at: those of its inputs, and its keywords.

    >>> def pooled(x, *, w="w", L=1):
    ...     return x
    ...
    >>> sizes_of(pooled)
    ('n', 'd', 'w', 'L')
    """
    extents = (size for _, shape in _shapes(function) for size in shape)
    return tuple(dict.fromkeys((*extents, *_options(function))))


def _options(function: Callable[..., Tree]) -> dict[str, Any]:
    """Return the keyword-only parameters of a model, with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _shapes(function: Callable[..., Tree]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the inputs of a model by name, with the sizes of their axes, the sequence first."""
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    shapes = getattr(function, "inputs", ()) or ("n d",) * len(names)
    if not names or len(shapes) != len(names):
        raise GraphError(
            f"expected a model that takes {len(shapes) or 1} arrays, "
            f"got parameters ({', '.join(names)})"
        )
    return [(name, tuple(s.split())) for name, s in zip(names, shapes, strict=True)]


def _bind(
    function: Callable[..., Tree], label: str, sizes: Mapping[str, Sized]
) -> tuple[dict[str, Poly], dict[str, Poly]]:
    """Return the values of a model's keywords, and of the sizes of its inputs."""
    known = sizes_of(function)
    for size_name, given in sizes.items():
        if size_name not in known:
            raise GraphError(
                f"expected a size of {label} ({', '.join(known)}), got {size_name}={given}"
            )
    own = _options(function)
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
    label: str,
    loop: bool,
    entered: bool,
) -> Graph:
    with recording(Tracer(loop=loop)) as tracer:
        arrays = _inputs(tracer, function, extents)
        inputs = tuple(a.equation.name for a in arrays)
        try:
            result = function(*(enter(a) for a in arrays) if entered else arrays, **options)
        except RecursionError:
            raise GraphError(f"expected {label} to end; it calls itself without end") from None
        if not isinstance(result, Array | tuple | list) or not all(
            isinstance(a, Array) for a in leaves(result)
        ):
            raise GraphError(
                f"expected {label} to return an array or a tuple of arrays, "
                f"got {type(result).__name__}"
            )
        outputs = tuple(a.equation.name for a in leaves(result))
    equations = _alive(tracer.equations, inputs, outputs)
    samples = {**SAMPLE, **getattr(function, "sizes", {})}
    graph = Graph(
        label,
        equations,
        inputs,
        outputs,
        samples,
        doc=inspect.getdoc(function) or "",
        stackable=_fits(equations[inputs[0]], equations[outputs[0]]),
    )
    if _reads_ahead(equations.values()):
        steps(
            graph
        )  # raises where a cycle crosses no positive shift; without one there is no cycle
    return graph


def _fits(first: Equation, last: Equation) -> bool:
    """Whether an output can be an input again."""
    extents = ([a.extent for a in e.features] for e in (first, last))
    return first.sequence == last.sequence and next(extents) == next(extents)


def _reads_ahead(equations: Iterable[Equation]) -> bool:
    """Whether some equation reads one that was written later, as the start of a recurrence does."""
    written: set[str] = set()
    for equation in equations:
        if any(read.source not in written for read in equation.reads):
            return True
        written.add(equation.name)
    return False


def _inputs(
    tracer: Tracer, function: Callable[..., Tree], extents: Mapping[str, Poly]
) -> list[Array]:
    arrays = []
    for parameter, (sequence, *features) in _shapes(function):
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
