"""Elementwise maps: one scalar function of the components at the same index.

Every function counts as one operation: the machine that is counted has them as instructions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..graph import GraphError
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Primitive, Pulled, Site

_erf = np.vectorize(math.erf, otypes=[float])


def _gelu(xp: Any, x: Any) -> Any:
    return 0.5 * x * (1 + xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def _gelu_slope(xp: Any, x: Any) -> Any:
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    t = xp.tanh(inner)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope


def _normal(xp: Any, x: Any) -> Any:
    """The normal distribution function."""
    scaled = x / math.sqrt(2)
    erf = xp.erf if hasattr(xp, "erf") else _erf
    return 0.5 * (1 + erf(scaled))


def _exact_gelu_slope(xp: Any, x: Any) -> Any:
    return _normal(xp, x) + x * xp.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _flag(xp: Any, like: Any, condition: Any) -> Any:
    """One where a condition holds, zero elsewhere."""
    return xp.where(condition, xp.ones_like(like), xp.zeros_like(like))


def _none(m: Calculus, g: Any, y: Any, *arguments: Any) -> tuple[Any, ...]:
    """A function that is constant almost everywhere."""
    return (None,) * len(arguments)


def _unknown(m: Calculus, g: Any, y: Any, *arguments: Any) -> tuple[Any, ...]:
    """A function that only derivatives are written with."""
    raise GraphError("expected a function with a derivative rule, got the derivative of another")


def _silu_slope(m: Calculus, y: Any, s: Any) -> Any:
    """Return s + y (1 - s), for y = a s and s the logistic function of a."""
    return m.map("add", s, m.times(y, m.map("subtract", 1.0, s)))


def _smaller(m: Calculus, g: Any, y: Any, a: Any, b: Any) -> tuple[Any, ...]:
    """Pass everything to the smaller argument, and half to each of two equal ones, as PyTorch."""
    return _larger(m, g, y, a, b)[::-1]


def _larger(m: Calculus, g: Any, y: Any, a: Any, b: Any) -> tuple[Any, ...]:
    """Pass everything to the larger argument, and half to each of two equal ones, as PyTorch."""
    left = m.map("half_step", m.map("subtract", a, b))
    return m.times(g, left), m.times(g, m.map("subtract", 1.0, left))


@dataclass(frozen=True, slots=True)
class Function:
    """An elementwise function: how it runs, and how an adjoint passes through it."""

    arity: int
    run: Callable[..., Any]
    """``run(xp, *arguments)``."""
    pull: Callable[..., tuple[Any, ...]]
    """``pull(m, g, y, *arguments)``: the adjoint of each argument from g, that of the result y.
    Values of the result are preferred to values of the arguments, as in PyTorch."""


MAPS: dict[str, Function] = {
    "add": Function(2, lambda xp, a, b: a + b, lambda m, g, y, a, b: (g, g)),
    "subtract": Function(2, lambda xp, a, b: a - b, lambda m, g, y, a, b: (g, m.negative(g))),
    "multiply": Function(
        2, lambda xp, a, b: a * b, lambda m, g, y, a, b: (m.times(g, b), m.times(g, a))
    ),
    "divide": Function(
        2,
        lambda xp, a, b: a / b,
        lambda m, g, y, a, b: (m.over(g, b), m.negative(m.over(m.times(g, y), b))),
    ),
    "maximum": Function(2, lambda xp, a, b: xp.maximum(a, b), _larger),
    "minimum": Function(2, lambda xp, a, b: xp.minimum(a, b), _smaller),
    "floor": Function(1, lambda xp, a: xp.floor(a), _none),
    "negative": Function(1, lambda xp, a: -a, lambda m, g, y, a: (m.negative(g),)),
    "reciprocal": Function(
        1, lambda xp, a: 1 / a, lambda m, g, y, a: (m.negative(m.times(m.times(g, y), y)),)
    ),
    "exp": Function(1, lambda xp, a: xp.exp(a), lambda m, g, y, a: (m.times(g, y),)),
    "log": Function(1, lambda xp, a: xp.log(a), lambda m, g, y, a: (m.over(g, a),)),
    "sqrt": Function(1, lambda xp, a: xp.sqrt(a), lambda m, g, y, a: (m.over(g, m.times(2.0, y)),)),
    "tanh": Function(
        1, lambda xp, a: xp.tanh(a), lambda m, g, y, a: (m.times(g, 1.0 - m.times(y, y)),)
    ),
    "sigmoid": Function(
        1,
        lambda xp, a: 1 / (1 + xp.exp(-a)),
        lambda m, g, y, a: (m.times(g, m.times(y, 1.0 - y)),),
    ),
    "relu": Function(
        1,
        lambda xp, a: xp.where(a > 0, a, a * 0),
        lambda m, g, y, a: (m.times(g, m.map("step", y)),),
    ),
    "softplus": Function(
        1,
        lambda xp, a: xp.logaddexp(a, a * 0),
        lambda m, g, y, a: (m.times(g, m.map("sigmoid", a)),),
    ),
    "silu": Function(
        1,
        lambda xp, a: a / (1 + xp.exp(-a)),
        lambda m, g, y, a: (m.times(g, _silu_slope(m, y, m.map("sigmoid", a))),),
    ),
    "exact_gelu": Function(
        1,
        lambda xp, a: a * _normal(xp, a),
        lambda m, g, y, a: (m.times(g, m.map("exact_gelu_slope", a)),),
    ),
    "gelu": Function(1, _gelu, lambda m, g, y, a: (m.times(g, m.map("gelu_slope", a)),)),
    "sin": Function(1, lambda xp, a: xp.sin(a), lambda m, g, y, a: (m.times(g, m.map("cos", a)),)),
    "cos": Function(
        1,
        lambda xp, a: xp.cos(a),
        lambda m, g, y, a: (m.negative(m.times(g, m.map("sin", a))),),
    ),
    "step": Function(1, lambda xp, a: _flag(xp, a, a > 0), _none),
    "half_step": Function(1, lambda xp, a: (_flag(xp, a, a > 0) + _flag(xp, a, a >= 0)) / 2, _none),
    "equal": Function(2, lambda xp, a, b: _flag(xp, a, a == b), _none),
    "gelu_slope": Function(1, _gelu_slope, _unknown),
    "exact_gelu_slope": Function(1, _exact_gelu_slope, _unknown),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number that depends on sizes: a cost to a power."""

    cost: Poly
    exponent: float = 1.0


@dataclass(frozen=True, slots=True)
class Map(Primitive):
    """A function of :data:`MAPS`, broadcast by the names of axes where there are fewer."""

    function: str
    """Its name in :data:`MAPS`."""
    constants: tuple[float | Scalar | None, ...] = ()
    """For each argument a number, or None where it is an array."""

    name: ClassVar[str] = "map"

    def __post_init__(self) -> None:
        if self.function not in MAPS:
            raise GraphError(
                f"expected an elementwise function of {', '.join(sorted(MAPS))}, "
                f"got {self.function}"
            )

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of the widest input; the others' must be among them, in order."""
        widest = max(inputs, key=len)
        merged = list(widest)
        for axes in inputs:
            for axis, place in zip(axes, _places(axes, widest), strict=True):
                if axis.relation is not None and merged[place].relation is None:
                    merged[place] = axis
        return tuple(merged)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One operation for each component."""
        return site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One step, free in unit layer."""
        return poly(0 if setting.unit == "layer" else 1)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Apply the function, arrays broadcast to the result's axes."""
        result = site.equation.features
        aligned = iter(
            [_align(a, s.features, result) for a, s in zip(arrays, site.sources, strict=True)]
        )
        arguments = [
            next(aligned) if c is None else frame.constant(_value(frame, c)) for c in self.constants
        ]
        return MAPS[self.function].run(frame.xp, *arguments)

    def passes(self, place: int) -> bool:
        """Nothing passes a function that is constant almost everywhere."""
        return MAPS[self.function].pull is not _none

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Pass the adjoint on, summed over the axes that an argument does not have."""
        given = iter(inputs)
        arguments = [next(given) if c is None else c for c in self.constants]
        pulled = MAPS[self.function].pull(m, adjoint, output, *arguments)
        arrays = [p for p, c in zip(pulled, self.constants, strict=True) if c is None]
        return tuple(
            None if p is None else m.summed(p, source.features)
            for p, source in zip(arrays, site.sources, strict=True)
        )


def _value(frame: Frame, constant: float | Scalar) -> float:
    if isinstance(constant, Scalar):
        return float(frame.whole(constant.cost) ** constant.exponent)
    return constant


def _places(axes: Axes, widest: Axes) -> list[int]:
    if [a.extent for a in axes] == [a.extent for a in widest]:
        return list(
            range(len(axes))
        )  # of as many axes, names do not matter: a size may be a number
    places: list[int] = []
    start = len(widest)
    for axis in reversed(axes):
        start = next(
            (
                k
                for k in range(start - 1, -1, -1)
                if (widest[k].name, widest[k].extent) == (axis.name, axis.extent)
            ),
            -1,
        )
        if start < 0:
            wide, narrow = (", ".join(str(a) for a in x) for x in (widest, axes))
            raise GraphError(f"expected the axes ({narrow}) to be among ({wide}), {axis} is not")
        places.append(start)
    return places[::-1]


def _align(array: Any, axes: Axes, result: Axes) -> Any:
    if len(axes) == len(result):
        return array
    places = set(_places(axes, result))
    lead = array.ndim - len(axes)
    sizes = iter(array.shape[lead:])
    return array.reshape(
        *array.shape[:lead], *(next(sizes) if k in places else 1 for k in range(len(result)))
    )
