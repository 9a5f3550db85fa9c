"""A user's own plain NumPy function: its outputs, its work, its span and what it depends on.

The function is called as ``f(x, parameters)`` or ``f(x, layers)``, with one argument for each input
of the model, arrays [positions, components]. ``parameters`` is a mapping from names of the graph to
arrays, where a stack of layers has one array with a leading axis (``layers.ih.weight``); ``layers``
is a list of such mappings, one for each layer, with short names (``ih.weight``). Sizes that the
function names as further arguments (``h``, ``w``) are given as keywords. It returns the outputs,
[positions, components].

It runs on numbers and on arrays of counted scalars, so it may use arithmetic, ``@``, slices, and of
NumPy what moves values or has a rule: einsum, matmul, exp, tanh, sqrt, maximum, where with a mask
that is known beforehand, and sums, means and maxima over axes. The logistic function is written
1 / (1 + exp(-x)).

>>> def average(x, parameters):
...     return x.mean(axis=0, keepdims=True) + np.zeros_like(x)
>>> x = np.arange(4.0).reshape(2, 2)
>>> drawn = Drawn({"x": x}, {}, np.array([[1.0, 2.0], [1.0, 2.0]]))
>>> own = Own(average, "mine.py:average")
>>> for seen in own.observe({"n": 2}, lambda seed: drawn, figures=("outputs", "work")):
...     print(seen.figure, seen.part or "all", seen.value)
outputs all 0.0
work all 8
work contraction 0
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .counted_numpy import seen_by
from .counting import Tally, counting
from .errors import NoRuleError, RunError, TooLargeError
from .lifted import lifted
from .observations import EngineError, Observation, Source
from .operations import lift
from .pairs import bits
from .perturbation import depends
from .weights import by_layer

Floats = NDArray[np.float64]
Sizes = Mapping[str, int]

FIGURES = ("outputs", "work", "span", "dependence")
CLOSE = 1e-6
"""How far outputs may be from those of the executed graph, relative to the largest."""
LONGEST = 48
"""Positions up to which dependence is taken: effects over longer ways may drown in rounding."""

_LOOKS = frozenset(
    [
        "bool",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "equal",
        "not_equal",
        "isnan",
        "isfinite",
        "isinf",
        "sign",
        "numpy.argmax",
        "numpy.argmin",
        "numpy.argsort",
        "numpy.sort",
        "numpy.nonzero",
        "numpy.any",
        "numpy.all",
        "numpy.where",
        "numpy.unique",
        "numpy.isclose",
        "numpy.allclose",
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Inputs and weights, and what the model makes of them."""

    inputs: Mapping[str, Floats]
    parameters: Mapping[str, Floats]
    """By the names of the graph."""
    expected: Floats
    """The outputs of the executed graph."""


@dataclass(frozen=True, slots=True)
class Own:
    """A function of a user."""

    function: Callable[..., Any]
    label: str
    """Such as ``path/to/file.py:function``."""

    def observe(
        self,
        at: Sizes,
        draw: Callable[[int], Drawn],
        *,
        figures: Sequence[str] = FIGURES,
        seed: int = 0,
    ) -> tuple[Observation, ...]:
        """Run the function and observe some figures.

        Parameters
        ----------
        at
            The sizes.
        draw
            Draws inputs and weights by a seed.
        figures
            Among `FIGURES`.
        seed
            The first seed.

        Raises
        ------
        EngineError
            If the function does not take such arguments, raises, looks at the numbers that it
            computes, or returns something else than finite outputs of the right shape.
        TooLargeError
            If there are too many positions to see what depends on what.
        """
        drawn = draw(seed)
        outputs = self._on_numbers(at, drawn)
        found: list[tuple[str, str, int | float, float, str]] = []
        if "outputs" in figures:
            scale = max(1.0, float(np.abs(drawn.expected).max(initial=0.0)))
            error = float(np.abs(outputs - drawn.expected).max(initial=0.0)) / scale
            found.append(("outputs", "", error, CLOSE, "the largest difference"))
        if {"work", "span"} & set(figures):
            found += [line for line in self._counts(at, drawn, outputs) if line[0] in figures]
        if "dependence" in figures:
            found += self._dependence(at, draw, seed)
        source = Source("numpy", np.__version__, self.label)
        return tuple(
            Observation(figure, dict(at), value, source, part, tolerance, note)
            for figure, part, value, tolerance, note in found
        )

    def _counts(
        self, at: Sizes, drawn: Drawn, outputs: Floats
    ) -> Iterator[tuple[str, str, int | float, float, str]]:
        counted, tally = self._on_counted(at, drawn)
        values = np.vectorize(lambda element: element.value, otypes=[np.float64])(counted)
        if values.shape != outputs.shape or not np.allclose(values, outputs, rtol=1e-6, atol=1e-9):
            raise EngineError(
                f"expected {self.label} to return the same when it is called again, it did not"
            )
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.other.items()))
        yield "work", "", tally.work(), 0.0, f"besides contractions: {kinds or 'nothing'}"
        yield "work", "contraction", 2 * tally.multiply_adds, 0.0, ""
        grain = "how many array operations a step is written in is the function's own"
        for unit, tolerance, note in (("scalar", 0.0, ""), ("tensor", np.inf, grain)):
            depth = max((getattr(element, unit) for element in counted.flat), default=0)
            yield "span", unit, int(depth), tolerance, note

    def _dependence(
        self, at: Sizes, draw: Callable[[int], Drawn], seed: int
    ) -> Iterator[tuple[str, str, int | float, float, str]]:
        def make(k: int) -> tuple[Callable[..., Floats], Mapping[str, Floats]]:
            drawn = draw(seed + k)
            call = self._caller(at, drawn)

            def function(*arrays: Floats) -> Floats:
                return self._checked(self._called(call, arrays, drawn), drawn.expected.shape)

            return function, drawn.inputs

        longest = max(len(x) for x in draw(seed).inputs.values())
        if longest > LONGEST:
            raise TooLargeError(
                f"expected at most {LONGEST} positions to move one after another, got {longest}; "
                "effects over longer ways may drown in rounding"
            )
        found = depends(make)
        for name in draw(seed).inputs:
            pairs = [(j, i) for source, j, i in found.pairs if source == name]
            yield "dependence", name, bits(pairs), 0.0, f"perturbed at {len(found.seeds)} seeds"

    def _on_numbers(self, at: Sizes, drawn: Drawn) -> Floats:
        arrays = tuple(np.array(x) for x in drawn.inputs.values())
        found = self._called(self._caller(at, drawn), arrays, drawn)
        return self._checked(found, drawn.expected.shape)

    def _on_counted(self, at: Sizes, drawn: Drawn) -> tuple[NDArray[Any], Tally]:
        parameters = {name: lifted(w) for name, w in drawn.parameters.items()}
        arrays = tuple(lifted(x) for x in drawn.inputs.values())
        call = self._caller(at, Drawn(drawn.inputs, parameters, drawn.expected))
        with counting() as tally, seen_by(self.function):
            found = self._called(call, arrays, drawn)
        return lift(np.asarray(found)), tally

    def _caller(self, at: Sizes, drawn: Drawn) -> Callable[..., Any]:
        """Return the function with its weights and sizes bound.

        Raises
        ------
        EngineError
            If it takes other arguments than inputs, parameters or layers, and sizes.
        """
        count, wants = len(drawn.inputs), f"f({', '.join(drawn.inputs)}, parameters)"
        names = list(inspect.signature(self.function).parameters)
        rest = names[count:]
        weights = rest.pop(0) if rest and rest[0] not in at else None
        foreign = [name for name in rest if name not in at]
        if len(names) < count or foreign or (weights is None and drawn.parameters):
            raise EngineError(
                f"expected {wants} or f({', '.join(drawn.inputs)}, layers), and sizes among "
                f"{', '.join(at)} as keywords, got {self.label}({', '.join(names)})"
            )
        sizes = {name: at[name] for name in rest}
        if weights is None:
            return lambda *arrays: self.function(*arrays, **sizes)
        given = by_layer(drawn.parameters) if weights == "layers" else dict(drawn.parameters)
        return lambda *arrays: self.function(*arrays, given, **sizes)

    def _called(self, call: Callable[..., Any], arrays: Sequence[Any], drawn: Drawn) -> Any:
        """Call the function; whatever it raises is one line."""
        try:
            with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return call(*arrays)
        except NoRuleError as error:
            raise EngineError(self._refused(error)) from error
        except RunError:
            raise
        except (Exception, SystemExit) as error:
            raise EngineError(self._raised(error, drawn)) from error

    def _refused(self, error: NoRuleError) -> str:
        name = str(error).rpartition("got ")[2].strip("'")
        if name in _LOOKS:
            return (
                f"expected {self.label} not to look at the numbers that it computes, got {name}: "
                "write numpy.maximum, or numpy.where with a mask that is known beforehand"
            )
        return f"{self.label}: {error}"

    def _raised(self, error: BaseException, drawn: Drawn) -> str:
        message = " ".join(str(error).split())
        if isinstance(error, KeyError):
            message += f"; it has {', '.join(drawn.parameters)}"
        if "Counted" in message or "array element with a sequence" in message:
            return (
                f"expected {self.label} to keep what it computes in arrays like its inputs, got "
                "plain numbers: make them by numpy.zeros_like(x), or numpy.stack a list of rows"
            )
        return f"{self.label} raised {type(error).__name__}{': ' if message else ''}{message}"

    def _checked(self, found: Any, shape: tuple[int, ...]) -> Floats:
        """Return outputs as numbers, of the right shape and finite."""
        try:
            outputs = np.asarray(found, dtype=np.float64)
        except (TypeError, ValueError):
            raise EngineError(
                f"expected {self.label} to return an array of shape {shape}, "
                f"got a {type(found).__name__}"
            ) from None
        if outputs.shape != shape:
            raise EngineError(
                f"expected {self.label} to return an array of shape {shape}, got {outputs.shape}"
            )
        if not np.isfinite(outputs).all():
            place = tuple(np.argwhere(~np.isfinite(outputs))[0].tolist())
            kind = "NaN" if np.isnan(outputs[place]) else "infinity"
            raise EngineError(f"expected {self.label} to return numbers, got {kind} at {place}")
        return outputs
