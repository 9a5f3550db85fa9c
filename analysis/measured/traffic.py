"""Measured traffic: the graph runs on names of scalars, and every operation says which it reads.

Each scalar of an input, a parameter or a result is a number of its own. Views move these numbers as
they would move values. An operation that runs notes how many different ones reach it and returns
new ones; so what is counted is what any execution would read, whatever its formula is.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> traffic(trace(CATALOGUE["linear_recurrence"]), Setting(), {"n": 3, "d": 1})
17
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from ...graphs.execution import execute
from ...graphs.graph import Equation, Graph
from ...graphs.primitives import Constant, Input, Inside, Lookup, Parameter, Seed, Turn, Unsort
from ...graphs.primitives.base import Axes, Frame, Primitive, Site, View
from ...graphs.primitives.views import Source
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from ...graphs.slots import lineage
from ...graphs.unrolling import whole

NOTHING = 0.0
"""The name of what is not read: constants, and slots outside the sequence."""


@dataclass(eq=False, slots=True)
class Ledger:
    """Names that were given, and how many were read and written."""

    words: int = 0
    named: int = 0
    behind: dict[int, frozenset[int]] = field(default_factory=dict)
    """Names that stand for several: whoever reads one reads those."""

    def fresh(self, shape: Sequence[int]) -> Any:
        """Return an array of new names."""
        count = int(np.prod(shape))
        names = np.arange(self.named + 1, self.named + count + 1, dtype=float)
        self.named += count
        return names.reshape(shape)

    def read(self, arrays: Sequence[Any]) -> None:
        """Count the different scalars in arrays."""
        found = {int(name) for array in arrays for name in np.unique(array)} - {0}
        several = [self.behind[name] for name in found if name in self.behind]
        self.words += len(found.difference(self.behind).union(*several))

    def write(self, names: Any) -> None:
        """Count the scalars of a result."""
        self.words += int(np.count_nonzero(names))


@dataclass(frozen=True, eq=False)
class Counted(Primitive):
    """An operation that counts what it reads and writes, and computes nothing."""

    ledger: Ledger
    masked: bool

    name: ClassVar[str] = "counted"

    def features(self, *inputs: Axes) -> Axes:
        """Not asked for: the axes are known already."""
        raise NotImplementedError

    def operations(self, site: Site, setting: Setting) -> Poly:
        """No operations."""
        return poly(0)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """No steps."""
        return poly(0)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Count, and return new names."""
        self.ledger.read(arrays)
        names = self.ledger.fresh(_shape(frame, site.equation))
        if self.masked:
            names = _inside(frame, site.equation, names)
        self.ledger.write(names)
        return names


@dataclass(frozen=True, eq=False)
class Moved(View):
    """A view whose values come from where a rule says."""

    rule: Callable[[Frame, Site, Sequence[Any]], Any]

    name: ClassVar[str] = "moved"

    def features(self, *inputs: Axes) -> Axes:
        """Not asked for: the axes are known already."""
        raise NotImplementedError

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Apply the rule."""
        return self.rule(frame, site, arrays)


def traffic(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> int | None:
    """Return the words that all operations read and write; None where values say what is read."""
    if any(isinstance(e.primitive, Unsort) for e in graph):
        return None
    ledger, masked = Ledger(), setting.pairs == "masked"
    equations = {e.name: _counted(e, ledger, masked) for e in graph}
    given = {
        e.name: ledger.fresh([whole(a.extent, sizes) for a in e.domain])
        for e in graph
        if isinstance(e.primitive, Input | Parameter | Seed)
    }
    execute(replace(graph, equations=equations, source=None), given, given, **sizes)
    return ledger.words


def _counted(equation: Equation, ledger: Ledger, masked: bool) -> Equation:
    """Return an equation that moves names in place of values."""

    def fresh(frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        found = ledger.fresh(_shape(frame, site.equation))
        return _inside(frame, site.equation, found) if masked else found

    def rows(frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        found = _rows(frame, site, arrays, ledger)
        return _inside(frame, site.equation, found) if masked else found

    def all_of_it(frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        return _all_of_it(frame, site, arrays, ledger)

    primitive = equation.primitive
    if isinstance(primitive, Input | Parameter):
        return equation
    if isinstance(primitive, Constant):
        return replace(equation, primitive=Constant(primitive.axes, NOTHING))
    if isinstance(primitive, Source):
        return replace(equation, primitive=Moved(fresh))
    if isinstance(primitive, Lookup):
        return replace(equation, primitive=Moved(rows))
    if isinstance(primitive, Inside) and not masked:
        return replace(equation, primitive=Moved(lambda frame, site, arrays: arrays[0]))
    if isinstance(primitive, Turn) and not masked:
        return replace(equation, primitive=Moved(all_of_it))
    if isinstance(primitive, View):
        return equation
    return replace(equation, primitive=Counted(ledger, masked))


def _shape(frame: Frame, equation: Equation) -> list[int]:
    """Return the extents of all axes along which no loop runs."""
    return [frame.whole(a.extent) for a in equation.domain if a.name not in frame.fixed]


def _inside(frame: Frame, equation: Equation, names: Any) -> Any:
    """Name nothing in slots outside the sequence."""
    own = equation.sequence
    for k, axis in enumerate(equation.features):
        if axis.relation is None or own is None or lineage(axis)[0].along != own.name:
            continue
        mask = frame.mask(equation.features, k, equation)
        if mask is not None:
            names = np.where(mask, names, NOTHING)
    return names


def _rows(frame: Frame, site: Site, arrays: Sequence[Any], ledger: Ledger) -> Any:
    """Look up: a row of its own for each number, which is read with the row."""
    numbers, table = arrays
    width = table.shape[table.ndim - len(site.sources[1].features) + 1 :]
    rows = ledger.fresh((*numbers.shape, *width))
    addresses = np.broadcast_to(numbers.reshape(*numbers.shape, *[1] * len(width)), rows.shape)
    for name, address in zip(rows.ravel(), addresses.ravel(), strict=True):
        ledger.named += 1
        ledger.behind[int(name)] = frozenset({ledger.named, int(address)} - {int(NOTHING)})
    return rows


def _all_of_it(frame: Frame, site: Site, arrays: Sequence[Any], ledger: Ledger) -> Any:
    """Turn what is computed for all pairs: whatever is taken of it, all of it is read."""
    (array,) = arrays
    shape = _shape(frame, site.equation)
    layers = [a for a in site.equation.positions if a.kind == "layer" and a.name not in frame.fixed]
    turned = np.empty(shape)
    for place in np.ndindex(*shape[: len(layers)]):
        names = np.unique(
            array[tuple(min(k, n - 1) for k, n in zip(place, array.shape, strict=False))]
        )
        ledger.named += 1
        ledger.behind[ledger.named] = frozenset(int(name) for name in names) - {0}
        turned[place] = ledger.named
    return turned
